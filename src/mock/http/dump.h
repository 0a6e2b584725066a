/* SPDX-License-Identifier: MIT */
/* Files that a test can read: the requests of --dump, and the port. */
#ifndef MOCK_HTTP_DUMP_H
#define MOCK_HTTP_DUMP_H

#include "core/fail.h"
#include "mock/http/message.h"

struct dump;

/* Creates the directory if necessary; its name is borrowed. NULL with FAIL_CREATE. */
struct dump *dump_new(const char *directory, struct fail *f);
void dump_free(struct dump *d);

/* Writes the request line, the headers in their order, an empty line and the body to
   DIR/NNNN.request, and appends "METHOD TARGET" to DIR/log. NNNN counts from 0001 in the order in
   which the requests were complete. From any thread. -1 with FAIL_OUTPUT. */
int dump_request(struct dump *d, const struct request *request, struct fail *f);

/* Creates or replaces a file atomically. -1 with FAIL_OUTPUT. */
int dump_write_file(const char *path, struct span bytes, struct fail *f);

#endif
