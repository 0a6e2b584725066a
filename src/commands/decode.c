/* SPDX-License-Identifier: MIT */
/* decode: prints a recorded event stream. */
#include "commands/command.h"

#include "chat/reader.h"
#include "chat/summary.h"
#include "commands/outputs.h"
#include "system/system.h"

#include <fcntl.h>
#include <unistd.h>

enum { CHUNK = 65536, HEAD = 256 };

/* The file to read, NULL for standard input. */
static const char *input_path(const struct operands *operands)
{
    bool standard = operands->count == 0 || operand_is_dash(&operands->list[0]);
    return standard ? NULL : operands->list[0].text;
}

static int open_input(const struct invocation *in, const char *path, struct fail *fail)
{
    static const struct span waits = SPAN("reading the event stream from standard input");
    if (!path) {
        terminal_ask(in->terminal, waits, fail);
        return STDIN_FILENO;
    }
    int fd = sys_open(path, O_RDONLY, 0);
    return fd >= 0 ? fd : sys_fail(fail, FAIL_INPUT, "cannot read %s", path);
}

/* Stores the first bytes in `head`. A signal does not interrupt the reading of a regular file. */
static int feed(struct reader *reader, int fd, const char *name, struct buf *head,
                struct fail *fail)
{
    char chunk[CHUNK];
    ssize_t n;
    while ((n = sys_read(fd, chunk, sizeof chunk)) > 0) {
        buf_append(head, chunk, (size_t)n);
        int result = reader_feed(reader, span_make(chunk, (size_t)n), fail);
        if (reader_flush(reader, fail) != 0 || result != 0)
            return -1;
        if (sys_signal())
            return fail_signal(fail, sys_signal());
    }
    if (n < 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read %s", name);
    return 0;
}

/* A file without events is either a truncated event stream or no event stream. */
static void expect_events(const struct reader *reader, struct span head, struct fail *fail)
{
    if (fail_is_set(fail) || reader->answer.events)
        return;
    fail_set_hint(fail, sse_begins(head) ? FAIL_CUT : FAIL_PROTOCOL,
                  "expected a recording of --record or -o raw",
                  "the recording holds no complete event");
}

static int decode_stream(const struct invocation *in, struct reader *reader, struct fail *fail)
{
    const char *path = input_path(in->operands);
    if (outputs_check_input(in, path, fail) != 0 ||
        outputs_open_others(reader->sinks, in, fail) != 0)
        return -1;
    int fd = open_input(in, path, fail);
    if (fd < 0)
        return -1;
    struct buf head;
    buf_init(&head, HEAD);
    reader_begin(reader, fail);
    feed(reader, fd, path ? path : "standard input", &head, fail);
    if (fd != STDIN_FILENO)
        close(fd);
    expect_events(reader, buf_view(&head), fail);
    buf_release(&head);
    return reader_finish(reader, "the recording ends", fail);
}

static int run_decode(const struct invocation *in, struct fail *fail)
{
    struct sinks sinks = {0};
    struct reader reader;
    int64_t started = sys_now_us();
    if (outputs_open_main(&sinks, in, false, fail) != 0)
        return -1;
    sys_signals_catch();
    reader_init(&reader, &sinks, setting_size(in->settings, OPT_MAX_EVENT_SIZE));
    decode_stream(in, &reader, fail);

    int64_t now = sys_now_us(), text = reader.answer.first_delta_us;
    struct summary summary = {
        .timing = {-1, -1, -1, text ? (text - started) / 1000 : -1, (now - started) / 1000}};
    reader_summarize(&reader, &summary);
    summary_deliver(&summary, &sinks, true, fail);
    sinks_close(&sinks, fail);
    reader_release(&reader);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_decode = {
    .name = "decode",
    .summary = "print a recorded event stream like send",
    .usage = "[OPTION]... [FILE]",
    .about = "Reads an event stream recorded by send --record or -o raw, from FILE or standard\n"
             "input, and produces the same output and exit status as send.\n",
    .examples = "  sigmasight-chat decode answer.sse\n"
                "  sigmasight-chat decode -j answer.sse | jq -r .event\n",
    .operands = 1,
    .groups = GROUP_OUTPUT,
    .runs_unconfigured = true,
    .run = run_decode,
};
