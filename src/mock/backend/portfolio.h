/* SPDX-License-Identifier: MIT */
/* The portfolio that all answers speak of: what the tools find in it, as JSON in the spacing of
   Python's json.dumps. */
#ifndef MOCK_BACKEND_PORTFOLIO_H
#define MOCK_BACKEND_PORTFOLIO_H

#include "core/buf.h"

#include <stdint.h>

#define PORTFOLIO_ID "6d0f3c52-8a1e-4b7f-9c3d-21e5a7b48f90"

/* Each appends a result of some kilobytes, as of `now` (Unix time, ms). */
void portfolio_put_complete(struct buf *out, int64_t now);
void portfolio_put_quotes(struct buf *out, int64_t now);
void portfolio_put_history(struct buf *out, int64_t now);
void portfolio_put_factors(struct buf *out, int64_t now);

#endif
