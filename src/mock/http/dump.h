/* SPDX-License-Identifier: MIT */
/* Keeps requests as files that a test can read. */
#ifndef MOCK_HTTP_DUMP_H
#define MOCK_HTTP_DUMP_H

#include "core/fail.h"
#include "mock/http/request.h"

struct dump;

/* Into a directory, which is made if need be; its name is borrowed. NULL with FAIL_CREATE. */
struct dump *dump_new(const char *directory, struct fail *f);
void dump_free(struct dump *d);

/* Writes DIR/NNNN.request, which appears complete: request line, headers as they came, blank
   line, body. Then adds "METHOD PATH" to DIR/log. The numbers count from 0001 in the order in
   which the requests were complete. From any thread. -1 with FAIL_OUTPUT. */
int dump_request(struct dump *d, const struct request *request, struct fail *f);

#endif
