/* SPDX-License-Identifier: MIT */
#include "commands/outputs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sink_text_options text_options(const struct invocation *in)
{
    const struct settings *s = in->settings;
    const char *when = setting_text(s, OPT_RENDER);
    bool highlight =
        strcmp(when, "auto") == 0 ? in->terminal->colored : strcmp(when, "always") == 0;
    return (struct sink_text_options){!setting_is(s, OPT_NO_NEWLINE), setting_is(s, OPT_NO_STREAM),
                                      highlight};
}

struct sink_text_options outputs_stored_text(const struct invocation *in)
{
    struct sink_text_options options = text_options(in);
    options.newline = true;
    options.hold = false;
    return options;
}

int outputs_open_main(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    const char *format = setting_text(s, OPT_OUTPUT);
    bool hold = setting_is(s, OPT_NO_STREAM), text = strcmp(format, "text") == 0;
    /* A configured one is for text where there is text. */
    if (hold && !text && setting_is_given(s, OPT_NO_STREAM) && setting_is_given(s, OPT_OUTPUT))
        return fail_set(fail, FAIL_USAGE, "--no-stream: it is for text, not for -o %s", format);
    struct writer out;
    writer_init_standard(&out);
    if (strcmp(format, "jsonl") == 0)
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, true));
    else if (strcmp(format, "json") == 0)
        sinks_add(sinks, sink_json_new(&out, in->terminal));
    else if (strcmp(format, "raw") == 0)
        sinks_add(sinks, sink_raw_new(&out, in->terminal));
    else
        sinks_add(sinks, sink_text_new(&out, in->terminal, text_options(in)));
    return 0;
}

/* Two writers of one file would destroy what the other wrote. */
static int refuse_shared(const char *option, const char *path, struct fail *fail)
{
    return fail_set(fail, FAIL_USAGE, "--%s: %s is written by something else already", option,
                    path);
}

static bool is_one_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_standard_output(int fd)
{
    struct stat file, standard;
    return fstat(fd, &file) == 0 && fstat(STDOUT_FILENO, &standard) == 0 &&
           is_one_file(&file, &standard);
}

/* Opens the file of an option; `-` is none, for standard output has a way of its own. */
static int open_named(struct writer *out, const struct invocation *in, enum option_id id, bool keep,
                      const char *instead, struct fail *fail)
{
    const char *path = setting_text(in->settings, id), *option = option_row(id)->name;
    if (strcmp(path, "-") == 0) {
        fail_set(fail, FAIL_USAGE, "--%s: - is not a file", option);
        fail_hint(fail, "for standard output there is %s", instead);
        return -1;
    }
    /* Nothing is truncated before it is known that nobody else writes it. */
    if (writer_create(out, path, true, fail) != 0)
        return -1;
    int result = is_standard_output(out->fd) ? refuse_shared(option, path, fail) : 0;
    if (result == 0 && !keep)
        result = writer_restart(out, fail);
    if (result != 0)
        writer_release(out);
    return result;
}

static int open_events(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    struct writer out;
    if (setting_is(s, OPT_EVENTS)) {
        if (open_named(&out, in, OPT_EVENTS, false, "--events-fd 1", fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, false));
    }
    if (setting_is(s, OPT_EVENTS_FD)) {
        if (writer_descriptor(&out, (int)setting_number(s, OPT_EVENTS_FD), fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, false));
    }
    return 0;
}

static int check_names(const struct settings *s, struct fail *fail)
{
    const char *events = setting_text(s, OPT_EVENTS), *record = setting_text(s, OPT_RECORD);
    struct stat one, two;
    if (!events || !record)
        return 0;
    bool same = strcmp(events, record) == 0 ||
                (stat(events, &one) == 0 && stat(record, &two) == 0 && is_one_file(&one, &two));
    return same ? refuse_shared("record", record, fail) : 0;
}

static int open_record(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    struct writer out;
    if (open_named(&out, in, OPT_RECORD, true, "-o raw", fail) != 0)
        return -1;
    /* Both are there now: names that differ may have become one file. */
    int result = check_names(in->settings, fail);
    if (result != 0)
        writer_release(&out);
    else
        sinks_add(sinks, sink_record_new(&out));
    return result;
}

int outputs_open_others(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    const char *format = setting_text(s, OPT_OUTPUT);
    bool text = strcmp(format, "text") == 0;
    /* First of all: opening the events would empty a record. */
    if (check_names(s, fail) != 0 || open_events(sinks, in, fail) != 0 ||
        (setting_is(s, OPT_RECORD) && open_record(sinks, in, fail) != 0))
        return -1;
    if (!setting_is(s, OPT_QUIET))
        sinks_add(sinks, sink_notes_new(in->terminal, text, text || strcmp(format, "json") == 0));
    if (!in->unsettled)
        return 0;
    fail_move(fail, in->unsettled);
    return -1;
}
