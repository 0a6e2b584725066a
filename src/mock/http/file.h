/* SPDX-License-Identifier: MIT */
/* Whole files. */
#ifndef MOCK_HTTP_FILE_H
#define MOCK_HTTP_FILE_H

#include "core/buf.h"
#include "core/fail.h"
#include "core/span.h"

/* Appends all of a file to `out`. -1 with FAIL_INPUT. */
int file_read(const char *path, struct buf *out, struct fail *f);
/* Makes a file, or puts it in another's place, so that nobody ever sees a part of it. -1 with
   FAIL_OUTPUT. */
int file_write(const char *path, struct span bytes, struct fail *f);

#endif
