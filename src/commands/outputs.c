/* SPDX-License-Identifier: MIT */
#include "commands/outputs.h"

#include "settings/config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct sink_text_options text_options(const struct invocation *in)
{
    const struct settings *s = in->settings;
    const char *when = setting_text(s, OPT_RENDER);
    bool render =
        strcmp(when, "auto") == 0 ? terminal_renders(in->terminal) : strcmp(when, "always") == 0;
    return (struct sink_text_options){.newline = !setting_is(s, OPT_NO_NEWLINE),
                                      .hold = setting_is(s, OPT_NO_STREAM),
                                      .render = render,
                                      .color = in->terminal->colored};
}

struct sink_text_options outputs_stored_text(const struct invocation *in)
{
    struct sink_text_options options = text_options(in);
    options.newline = true;
    options.hold = false;
    return options;
}

int outputs_open_main(struct sinks *sinks, const struct invocation *in, bool separate,
                      struct fail *fail)
{
    const struct settings *s = in->settings;
    const char *format = setting_text(s, OPT_OUTPUT);
    bool hold = setting_is(s, OPT_NO_STREAM), text = strcmp(format, "text") == 0;
    /* A configured --no-stream applies only to text. */
    if (hold && !text && setting_is_given(s, OPT_NO_STREAM) && setting_is_given(s, OPT_OUTPUT))
        return fail_set(fail, FAIL_USAGE, "--no-stream and -o %s cannot be combined", format);
    struct sink_text_options options = text_options(in);
    struct writer out;
    options.separate = separate;
    writer_init_standard(&out);
    if (strcmp(format, "jsonl") == 0)
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, true));
    else if (strcmp(format, "json") == 0)
        sinks_add(sinks, sink_json_new(&out, in->terminal));
    else if (strcmp(format, "raw") == 0)
        sinks_add(sinks, sink_raw_new(&out, in->terminal));
    else
        sinks_add(sinks, sink_text_new(&out, in->terminal, options));
    return 0;
}

/* A file that the command reads or writes, for comparison. */
struct used_file {
    const char *label; /* for messages */
    const char *path;  /* NULL: an open descriptor */
    int fd;
};

static bool identify(const struct used_file *file, struct stat *st)
{
    return (file->path ? stat(file->path, st) : fstat(file->fd, st)) == 0 && S_ISREG(st->st_mode);
}

static bool is_same(const struct used_file *a, const struct used_file *b)
{
    struct stat one, two;
    if (a->path && b->path && strcmp(a->path, b->path) == 0)
        return true;
    return identify(a, &one) && identify(b, &two) && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

enum { OUTPUTS = 4 };

static bool writes(const struct invocation *in, enum option_id id)
{
    return command_accepts(in, id) && setting_is(in->settings, id);
}

static size_t list_outputs(const struct invocation *in, struct used_file list[OUTPUTS])
{
    const struct settings *s = in->settings;
    size_t count = 0;
    if (writes(in, OPT_EVENTS))
        list[count++] = (struct used_file){"--events", setting_text(s, OPT_EVENTS), -1};
    if (writes(in, OPT_RECORD))
        list[count++] = (struct used_file){"--record", setting_text(s, OPT_RECORD), -1};
    if (writes(in, OPT_EVENTS_FD))
        list[count++] =
            (struct used_file){"--events-fd", NULL, (int)setting_number(s, OPT_EVENTS_FD)};
    list[count++] = (struct used_file){"standard output", NULL, STDOUT_FILENO};
    return count;
}

/* Refuses two outputs to the same file, which would overwrite each other. */
static int check_outputs(const struct invocation *in, struct fail *fail)
{
    struct used_file list[OUTPUTS];
    size_t count = list_outputs(in, list);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; list[i].path && j < count; j++)
            if (is_same(&list[i], &list[j]))
                return fail_set(fail, FAIL_USAGE, "%s: %s is also written by %s", list[i].label,
                                list[i].path, list[j].label);
    return 0;
}

static int check_input(const struct invocation *in, struct used_file input, bool named_only,
                       struct fail *fail)
{
    struct used_file list[OUTPUTS];
    size_t count = list_outputs(in, list);
    for (size_t i = 0; i < count; i++)
        if ((list[i].path || !named_only) && is_same(&list[i], &input))
            return fail_set(fail, FAIL_USAGE, "%s: the file is also read as %s", list[i].label,
                            input.label);
    return 0;
}

int outputs_check_input(const struct invocation *in, const char *path, struct fail *fail)
{
    const struct used_file input = {path ? path : "standard input", path, STDIN_FILENO};
    return check_input(in, input, false, fail);
}

/* Checks the input files of options. */
static int check_inputs(const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    struct buf config = {0};
    const struct used_file inputs[] = {
        {"standard input", NULL, STDIN_FILENO},
        {"--token-file", setting_text(s, OPT_TOKEN_FILE), -1},
        {"--cacert", setting_text(s, OPT_CACERT), -1},
        {"--cert", setting_text(s, OPT_CERT), -1},
        {"--key", setting_text(s, OPT_KEY), -1},
        {"configuration", config_path(&config) ? buf_text(&config) : NULL, -1},
    };
    int result = 0;
    for (size_t i = 0; result == 0 && i < sizeof inputs / sizeof inputs[0]; i++)
        if (inputs[i].path || inputs[i].fd >= 0)
            result = check_input(in, inputs[i], true, fail);
    buf_release(&config);
    return result;
}

/* Opens the file of an option. `-` is refused: for standard output there are other options. */
static int open_output(struct writer *out, const struct settings *s, enum option_id id, bool keep,
                       const char *hint, struct fail *fail)
{
    const char *path = setting_text(s, id);
    if (strcmp(path, "-") == 0)
        return fail_set_hint(fail, FAIL_USAGE, hint, "--%s: - is not a file", option_row(id)->name);
    return writer_create(out, path, keep, fail);
}

static int open_events(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    struct writer out;
    if (writes(in, OPT_EVENTS)) {
        if (open_output(&out, s, OPT_EVENTS, false, "use --events-fd 1", fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, false));
    }
    if (writes(in, OPT_EVENTS_FD)) {
        if (writer_descriptor(&out, (int)setting_number(s, OPT_EVENTS_FD), fail) != 0)
            return -1;
        sinks_add(sinks, sink_jsonl_new(&out, in->terminal, false));
    }
    return 0;
}

static int open_record(struct sinks *sinks, const struct invocation *in, struct fail *fail)
{
    struct writer out;
    if (open_output(&out, in->settings, OPT_RECORD, true, "use -o raw", fail) != 0)
        return -1;
    /* Check again now that both files exist: different names may refer to the same file. */
    int result = check_outputs(in, fail);
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
    /* Check before opening, because that truncates the files. */
    if (check_outputs(in, fail) != 0 || check_inputs(in, fail) != 0 ||
        open_events(sinks, in, fail) != 0 ||
        (writes(in, OPT_RECORD) && open_record(sinks, in, fail) != 0))
        return -1;
    if (!setting_is(s, OPT_QUIET))
        sinks_add(sinks, sink_notes_new(in->terminal, text, text || strcmp(format, "json") == 0));
    if (!in->config_failure)
        return 0;
    fail_move(fail, in->config_failure);
    return -1;
}
