/* SPDX-License-Identifier: MIT */
/* Reads and writes whole files. */
#ifndef MOCK_HTTP_FILE_H
#define MOCK_HTTP_FILE_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

/* Appends the contents of a file to `out`. -1 with FAIL_INPUT. */
int file_read(const char *path, struct buf *out, struct fail *f);
/* Creates or replaces a file atomically. -1 with FAIL_OUTPUT. */
int file_write(const char *path, struct span bytes, struct fail *f);

#endif
