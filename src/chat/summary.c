/* SPDX-License-Identifier: MIT */
#include "chat/summary.h"

#include "chat/cause.h"

void summary_describe(struct summary *summary, const struct fail *fail, bool connected)
{
    const struct cause_row *row = cause_row(fail->cause);
    bool timed_out = fail->cause == FAIL_CLOCK || fail->cause == FAIL_DEADLINE;
    summary->fail = fail;
    summary->status = timed_out && !connected ? cause_row(FAIL_UNREACHABLE)->close : row->close;
    summary->code = fail->code ? fail->code : row->code;
    summary->retryable = row->retry != RETRY_NEVER;
}

int summary_deliver(struct summary *summary, struct sinks *sinks, bool connected, struct fail *fail)
{
    /* Write pending output first, so that the summary can report a write error. */
    summary->fail = fail;
    if (!summary_ends_process(summary))
        sinks_flush(sinks, fail);
    summary_describe(summary, fail, connected);
    struct fail late = FAIL_INIT;
    for (unsigned i = 0; i < sinks->count; i++)
        if (sink_summarize(sinks->list[i], summary, &late) != 0 && !fail_is_set(summary->fail))
            summary_describe(summary, &late, connected);
    if (fail_is_set(fail))
        fail_release(&late);
    else
        fail_move(fail, &late);
    summary->fail = fail; /* not the local one, which may have been described */
    return fail_is_set(fail) ? -1 : 0;
}
