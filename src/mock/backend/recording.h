/* SPDX-License-Identifier: MIT */
/* A recorded event stream that is sent as the answer. */
#ifndef MOCK_BACKEND_RECORDING_H
#define MOCK_BACKEND_RECORDING_H

#include "core/buf.h"
#include "core/fail.h"
#include "mock/http/script.h"

/* Owned: recording_release. A zeroed one is none. */
struct recording {
    struct buf bytes;
    bool loaded;
};

/* -1 with FAIL_INPUT. */
int recording_read(struct recording *r, const char *path, struct fail *f);
void recording_release(struct recording *r);
/* Each event, with its empty line, is a unit, with `pace` ms between them. The script borrows. */
void recording_play(const struct recording *r, int64_t pace, struct script *script);

#endif
