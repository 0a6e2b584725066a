/* SPDX-License-Identifier: MIT */
#include "commands/outputs.h"

#include <string.h>
#include <unistd.h>

int outputs_open_main(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    const char *format = setting_text(s, OPT_OUTPUT);
    bool hold = setting_is(s, OPT_NO_STREAM), text = strcmp(format, "text") == 0;
    /* A configured one is for text where there is text. */
    if (hold && !text && setting_is_given(s, OPT_NO_STREAM) && setting_is_given(s, OPT_OUTPUT))
        return fail_set(fail, FAIL_USAGE, "--no-stream: it is for text, not for -o %s", format);
    struct output out;
    output_init(&out, STDOUT_FILENO, "standard output");
    if (strcmp(format, "jsonl") == 0)
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, false));
    else if (strcmp(format, "json") == 0)
        sinks_add(sinks, sink_json_new(&out, in->terminal));
    else if (strcmp(format, "raw") == 0)
        sinks_add(sinks, sink_raw_new(&out));
    else
        sinks_add(sinks, sink_text_new(&out, in->terminal, !setting_is(s, OPT_NO_NEWLINE), hold));
    return 0;
}

int outputs_open_others(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    struct output out;
    if (setting_is(s, OPT_EVENTS)) {
        if (output_create(&out, setting_text(s, OPT_EVENTS), false, fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, true));
    }
    if (setting_is(s, OPT_EVENTS_FD)) {
        if (output_descriptor(&out, (int)setting_number(s, OPT_EVENTS_FD), fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, true));
    }
    if (setting_is(s, OPT_RECORD)) {
        if (output_create(&out, setting_text(s, OPT_RECORD), true, fail) != 0)
            return -1;
        sinks_add(sinks, sink_record_new(&out));
    }
    const char *format = setting_text(s, OPT_OUTPUT);
    bool text = strcmp(format, "text") == 0;
    if (!setting_is(s, OPT_QUIET))
        sinks_add(sinks, sink_notes_new(in->terminal, text, text || strcmp(format, "json") == 0));
    return 0;
}

int outputs_close(struct sinks *sinks, struct summary *summary, struct fail *fail)
{
    summary->fail = fail;
    /* What was gathered leaves first, so that the summary can tell of its failure. */
    if (fail->cause != FAIL_SIGNAL && sinks_flush(sinks, fail) != 0)
        summary->status = fail_row(fail->cause)->close;
    struct fail at_close = FAIL_INIT;
    sinks_close(sinks, summary, &at_close);
    if (fail_is_set(fail))
        fail_release(&at_close);
    else
        fail_move(fail, &at_close);
    sinks_free(sinks);
    return fail_is_set(fail) ? -1 : 0;
}
