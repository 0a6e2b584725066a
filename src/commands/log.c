/* SPDX-License-Identifier: MIT */
/* log: earlier questions and answers. */
#include "commands/command.h"

#include "chat/summary.h"
#include "commands/client.h"
#include "commands/outputs.h"
#include "commands/subcommand.h"
#include "core/utf8.h"
#include "core/width.h"
#include "core/xmalloc.h"
#include "state/log_change.h"
#include "state/log_files.h"
#include "state/log_reader.h"
#include "system/system.h"
#include "terminal/pager.h"
#include "json/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FIELD_CHARACTERS = 200, /* maximum length of a question in a tab-separated line */
    QUESTION_BYTES = 16     /* maximum number of bytes for each column, at a terminal */
};

/* The arguments of a subcommand. */
struct log_job {
    const struct invocation *in;
    const char **words; /* the arguments after the subcommand's name, borrowed from argv */
    size_t count;
    char *conversation; /* of --conversation, completed; NULL without */
    bool json;
    bool is_empty; /* no entry was listed */
};

static void put_local_time(struct buf *out, struct span time)
{
    char text[SYS_LOCAL_TIME];
    escape_put_line(out, sys_local_time(time, text));
}

/* List. */

static void put_field(struct buf *out, struct span text)
{
    if (text.len)
        escape_put_field(out, text);
    else
        buf_byte(out, '-');
    buf_byte(out, '\t');
}

static void put_tab_separated(struct buf *out, const struct log_entry *e)
{
    put_field(out, e->id);
    put_field(out, e->time);
    put_field(out, e->status);
    put_field(out, e->conversation_id);
    put_field(out, utf8_first(e->question, FIELD_CHARACTERS));
    out->data[out->len - 1] = '\n';
}

/* An ID, a time, a mark for a failure, and as much of the question as fits. */
static void put_entry_row(struct buf *out, const struct log_entry *e, unsigned columns,
                          const char *ellipsis)
{
    struct buf row = {0};
    bool utf8 = terminal_has_utf8();
    buf_span(&row, e->id);
    buf_puts(&row, "  ");
    put_local_time(&row, e->time);
    buf_printf(&row, "  %-*s ", utf8 ? 1 : (int)strlen("failed"), "");
    if (e->exit_code != 0) {
        row.len -= utf8 ? 2 : strlen("failed") + 1;
        buf_puts(&row, utf8 ? "✗ " : "failed ");
    }
    unsigned used = width_of(buf_view(&row));
    if (columns > used)
        escape_put_short(&row, e->question, columns - used, (size_t)columns * QUESTION_BYTES,
                         ellipsis);
    while (row.len && row.data[row.len - 1] == ' ')
        row.len--;
    buf_byte(&row, '\n');
    buf_span(out, buf_view(&row));
    buf_release(&row);
}

static void put_entry_json(struct writer *out, const struct log_entry *e)
{
    struct buf line = {0};
    buf_span(&line, e->raw);
    buf_byte(&line, '\n');
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

static int print_list(void *arg, struct writer *out, struct fail *fail)
{
    struct log_job *j = arg;
    struct log_filter filter = {j->words, j->count, j->conversation};
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, &filter, fail);
    struct log_entry e;
    int64_t limit = setting_number(j->in->settings, OPT_LIMIT);
    unsigned columns = terminal_columns();
    int result = r ? 1 : -1;
    j->is_empty = true;
    for (int64_t n = 0; result > 0 && (limit == 0 || n < limit); n++) {
        result = log_read(r, &e, NULL, fail);
        if (result <= 0)
            break;
        j->is_empty = false;
        if (j->json)
            put_entry_json(out, &e);
        else if (out->terminal)
            put_entry_row(&out->pending, &e, columns, terminal_ellipsis(j->in->terminal));
        else
            put_tab_separated(&out->pending, &e);
        if (writer_turn(out, fail) != 0)
            result = -1;
    }
    log_reader_free(r);
    return result < 0 ? -1 : 0;
}

static bool uses_pager(const struct log_job *j)
{
    return !setting_is(j->in->settings, OPT_NO_PAGER);
}

static int list_entries(struct log_job *j, struct fail *fail)
{
    static const struct span empty = SPAN("the log is empty"), none = SPAN("no entry matches");
    bool is_filtered = j->count || j->conversation;
    int result = pager_print(uses_pager(j), print_list, j, fail);
    if (result == 0 && j->is_empty && !j->json)
        result = terminal_empty_list(j->in->terminal, is_filtered ? none : empty, fail);
    return result;
}

/* Show. */

struct tool_names {
    struct buf *out;
    const char *separator;
};

static void take_tool_member(void *arg, const struct json_member *m)
{
    struct tool_names *names = arg;
    if (!span_is(m->key, "name") || m->value.type != JSON_STRING)
        return;
    buf_puts(names->out, names->separator);
    escape_put_line(names->out, m->value.string);
    names->separator = ", ";
}

static void take_tool(void *arg, const struct json_member *m)
{
    json_read_object(m->value.raw, take_tool_member, arg);
}

/* Appends mode, model and tools, if known. */
static void put_circumstances(struct buf *out, const struct log_entry *e, const char *separator)
{
    const struct span known[] = {e->mode, e->model};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!known[i].len)
            continue;
        buf_puts(out, separator);
        escape_put_line(out, known[i]);
    }
    struct tool_names names = {out, separator};
    if (e->tools.len)
        json_read_array(e->tools, take_tool, &names);
    if (e->exit_code != 0)
        buf_printf(out, "%sfailed (exit status %lld)", separator, (long long)e->exit_code);
}

static void put_entry_heading(struct buf *out, const struct log_entry *e, bool colored)
{
    if (colored)
        buf_puts(out, "\033[2m");
    buf_span(out, e->id);
    buf_puts(out, "  ");
    put_local_time(out, e->time);
    put_circumstances(out, e, "  ");
    buf_puts(out, colored ? "\033[0m\n\n" : "\n\n");
}

/* The question as a Markdown quote, then the answer. */
static void put_dialogue(struct buf *out, const struct log_entry *e)
{
    struct span rest = e->question;
    for (;;) {
        struct span line = span_first_line(rest);
        buf_puts(out, line.len ? "> " : ">");
        buf_span(out, line);
        buf_byte(out, '\n');
        if (line.len == rest.len)
            break;
        bool is_crlf =
            rest.at[line.len] == '\r' && rest.len > line.len + 1 && rest.at[line.len + 1] == '\n';
        size_t skip = line.len + (is_crlf ? 2 : 1);
        rest = span_make(rest.at + skip, rest.len - skip);
    }
    buf_byte(out, '\n');
    buf_span(out, e->text);
}

/* Uses the same sink as `send`. */
static int print_dialogue(const struct log_job *j, const struct writer *out,
                          const struct log_entry *e, struct fail *fail)
{
    struct sinks sinks = {0};
    struct summary summary = {0};
    struct writer text;
    struct buf dialogue = {0};
    writer_init(&text, out->fd, out->name);
    text.terminal = out->terminal;
    sinks_add(&sinks, sink_text_new(&text, j->in->terminal, outputs_stored_text(j->in)));
    put_dialogue(&dialogue, e);
    sinks_begin(&sinks, fail);
    sinks_final_text(&sinks, buf_view(&dialogue), fail);
    summary_deliver(&summary, &sinks, true, fail);
    sinks_close(&sinks, fail);
    buf_release(&dialogue);
    return fail_is_set(fail) ? -1 : 0;
}

static int show_entry(const struct log_job *j, struct writer *out, const struct log_entry *e,
                      bool is_first, struct fail *fail)
{
    if (j->json) {
        put_entry_json(out, e);
        return writer_turn(out, fail);
    }
    if (!is_first)
        buf_byte(&out->pending, '\n');
    if (out->terminal)
        put_entry_heading(&out->pending, e, j->in->terminal->colored);
    return writer_flush(out, fail) == 0 ? print_dialogue(j, out, e, fail) : -1;
}

typedef int entry_fn(const struct log_job *j, struct writer *out, const struct log_entry *e,
                     bool is_first, struct fail *fail);

/* The entries that the operands select, in their order. */
static int visit_selected(struct log_job *j, struct writer *out, entry_fn *each, struct fail *fail)
{
    struct log_place *places = xcalloc(j->count, sizeof *places);
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, fail);
    struct log_entry e;
    int result = r ? log_find(r, j->words, j->count, places, fail) : -1;
    for (size_t i = 0; i < j->count && result >= 0; i++) {
        result = log_read_at(r, &places[i], &e, fail);
        if (result > 0 && each(j, out, &e, i == 0, fail) != 0)
            result = -1;
    }
    log_reader_free(r);
    free(places);
    return result < 0 ? -1 : 0;
}

static int print_last(const struct log_job *j, struct writer *out, struct fail *fail)
{
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, fail);
    struct log_entry e;
    int result = r ? log_read(r, &e, NULL, fail) : -1;
    if (result == 0)
        fail_set(fail, FAIL_DATA, "the log is empty");
    else if (result > 0)
        show_entry(j, out, &e, true, fail);
    log_reader_free(r);
    return fail_is_set(fail) ? -1 : 0;
}

static int print_shown(void *arg, struct writer *out, struct fail *fail)
{
    struct log_job *j = arg;
    return j->count ? visit_selected(j, out, show_entry, fail) : print_last(j, out, fail);
}

/* Reports an invalid ID before a pager is started. */
static int check_ids(struct log_job *j, struct fail *fail)
{
    struct log_place *places = xcalloc(j->count + 1, sizeof *places);
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, fail);
    struct log_entry e;
    int result = r ? 0 : -1;
    if (r && j->count)
        result = log_find(r, j->words, j->count, places, fail);
    else if (r && log_read(r, &e, NULL, fail) == 0)
        result = fail_set(fail, FAIL_DATA, "the log is empty");
    log_reader_free(r);
    free(places);
    return result;
}

static int show_entries(struct log_job *j, struct fail *fail)
{
    bool paged = uses_pager(j) && j->in->terminal->out;
    if (paged && check_ids(j, fail) != 0)
        return -1;
    return pager_print(paged, print_shown, j, fail);
}

/* Export. */

/* The question is folded to one line, as required for a heading. */
static int export_entry(const struct log_job *j, struct writer *out, const struct log_entry *e,
                        bool is_first, struct fail *fail)
{
    struct buf text = {0};
    (void)j;
    buf_puts(&text, is_first ? "## " : "\n## ");
    utf8_fold(&text, e->question, SIZE_MAX);
    buf_puts(&text, "\n\n");
    buf_span(&text, e->time);
    put_circumstances(&text, e, ", ");
    buf_puts(&text, "\n\n");
    buf_span(&text, e->text);
    if (text.data[text.len - 1] != '\n')
        buf_byte(&text, '\n');
    if (out->terminal)
        escape_put(&out->pending, buf_view(&text));
    else
        buf_span(&out->pending, buf_view(&text));
    buf_release(&text);
    return writer_turn(out, fail);
}

static int export_all(struct log_job *j, const struct log_filter *filter, struct writer *out,
                      struct fail *fail)
{
    struct log_reader *r = log_reader_new(LOG_OLDEST_FIRST, filter, fail);
    struct log_entry e;
    int result = r ? 1 : -1;
    for (bool is_first = true; result > 0; is_first = false) {
        result = log_read(r, &e, NULL, fail);
        if (result > 0 && export_entry(j, out, &e, is_first, fail) != 0)
            result = -1;
    }
    log_reader_free(r);
    return result;
}

/* Exports the newest `limit` entries, the oldest first. Only their places are kept in memory. */
static int export_newest(struct log_job *j, const struct log_filter *filter, size_t limit,
                         struct writer *out, struct fail *fail)
{
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, filter, fail);
    struct log_place *places = NULL;
    struct log_entry e;
    size_t count = 0;
    int result = r ? 1 : -1;
    while (result > 0 && count < limit) {
        places = xgrow(places, count, sizeof *places);
        result = log_read(r, &e, &places[count], fail);
        count += result > 0;
    }
    for (size_t i = count; i-- > 0 && result >= 0;) {
        result = log_read_at(r, &places[i], &e, fail);
        if (result > 0 && export_entry(j, out, &e, i == count - 1, fail) != 0)
            result = -1;
    }
    log_reader_free(r);
    free(places);
    return result;
}

static int print_exported(struct log_job *j, struct writer *out, struct fail *fail)
{
    const struct settings *s = j->in->settings;
    struct log_filter filter = {.conversation = j->conversation};
    int64_t limit = setting_is_given(s, OPT_LIMIT) ? setting_number(s, OPT_LIMIT) : 0;
    if (j->count)
        return visit_selected(j, out, export_entry, fail);
    return limit ? export_newest(j, &filter, (size_t)limit, out, fail)
                 : export_all(j, &filter, out, fail);
}

static int export_entries(struct log_job *j, struct fail *fail)
{
    struct writer out;
    if (j->count && (j->conversation || setting_is_given(j->in->settings, OPT_LIMIT)))
        return fail_set(fail, FAIL_USAGE,
                        "log export: IDs cannot be combined with --conversation or --limit");
    writer_init_standard(&out);
    int result = print_exported(j, &out, fail);
    return writer_finish(&out, fail) == 0 && result >= 0 ? 0 : -1;
}

/* Delete, clear, path. */

static int delete_entries(struct log_job *j, struct fail *fail)
{
    return log_delete(j->words, j->count, fail);
}

/* 1 for yes, 0 for no. */
static int ask_to_clear(const struct log_job *j, struct fail *fail)
{
    static const char question[] = "Remove the whole log and the input history? [y/N] ";
    struct buf answer = {0};
    bool interactive = isatty(STDIN_FILENO) && j->in->terminal->err;
    int result = interactive ? sys_ask(question, false, &answer) : -1;
    if (!interactive)
        fail_set_hint(fail, FAIL_USAGE, "use --yes to remove the log without being asked",
                      "log clear: no terminal for a prompt");
    else if (result != 0 && errno != ENODATA)
        sys_fail(fail, FAIL_INPUT, "cannot read from the terminal");
    else
        result = answer.len && (answer.data[0] == 'y' || answer.data[0] == 'Y');
    buf_release(&answer);
    return fail_is_set(fail) ? -1 : result;
}

static int clear_log(struct log_job *j, struct fail *fail)
{
    int confirmed = setting_is(j->in->settings, OPT_YES) ? 1 : ask_to_clear(j, fail);
    if (confirmed < 0)
        return -1;
    return confirmed ? log_clear(fail) : 0;
}

static int print_log_path(struct log_job *j, struct fail *fail)
{
    struct writer out;
    (void)j;
    writer_init_standard(&out);
    int result = store_path(LOG_FILE, &out.pending, fail);
    buf_byte(&out.pending, '\n');
    if (result == 0)
        return writer_finish(&out, fail);
    writer_release(&out);
    return -1;
}

/* The command. */

struct log_subcommand {
    const char *name;
    size_t least, most;                                      /* arguments */
    unsigned json : 1, limit : 1, conversation : 1, yes : 1; /* options that it accepts */
    int (*run)(struct log_job *j, struct fail *fail);
};

static const struct log_subcommand log_subcommands[] = {
    {"list", 0, SIZE_MAX, .json = 1, .limit = 1, .conversation = 1, .run = list_entries},
    {"show", 0, SIZE_MAX, .json = 1, .run = show_entries},
    {"export", 0, SIZE_MAX, .limit = 1, .conversation = 1, .run = export_entries},
    {"delete", 1, SIZE_MAX, .run = delete_entries},
    {"clear", 0, 0, .yes = 1, .run = clear_log},
    {"path", 0, 0, .run = print_log_path},
};

static const struct subcommands log_table = {"log", log_subcommands,
                                             sizeof log_subcommands / sizeof log_subcommands[0],
                                             sizeof log_subcommands[0]};

static const struct log_subcommand *find_log_subcommand(const char *name, struct fail *fail)
{
    const struct log_subcommand *found = subcommand_find(&log_table, name, fail);
    if (!found)
        fail_hint(fail, "'log list WORD...' searches the log");
    return found;
}

static int check_usage(const struct log_subcommand *sub, const struct settings *s, size_t count,
                       struct fail *fail)
{
    const struct {
        enum option_id id;
        bool is_taken;
    } options[] = {{OPT_JSON, sub->json},
                   {OPT_LIMIT, sub->limit},
                   {OPT_CONVERSATION, sub->conversation},
                   {OPT_YES, sub->yes}};
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (setting_is_given(s, options[i].id) && !options[i].is_taken)
            return fail_set(fail, FAIL_USAGE, "log %s: option --%s is not accepted", sub->name,
                            option_row(options[i].id)->name);
    if (count < sub->least) /* only `delete` requires arguments */
        return fail_set(fail, FAIL_USAGE, "log %s: missing arguments: expected ID...", sub->name);
    if (count > sub->most)
        return fail_set(fail, FAIL_USAGE, "log %s: too many arguments", sub->name);
    return 0;
}

/* Completes the prefix of an ID from the entries of this URL and profile, else from all. */
static int complete_conversation_option(struct log_job *j, struct fail *fail)
{
    const char *given = setting_text(j->in->settings, OPT_CONVERSATION);
    if (!given)
        return 0;
    char *url = client_base(j->in->settings);
    const struct store_key own = {setting_text(j->in->settings, OPT_PROFILE), url};
    const struct store_key any = {NULL, NULL};
    int result = log_find_conversation(own, given, &j->conversation, fail);
    if (result == 0 && !j->conversation)
        result = log_find_conversation(any, given, &j->conversation, fail);
    if (result == 0 && !j->conversation)
        j->conversation = xstrdup(given);
    free(url);
    return result;
}

static int run_log(const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    const struct log_subcommand *sub =
        o->count ? find_log_subcommand(o->list[0].text, fail) : &log_subcommands[0];
    if (!sub)
        return -1;
    size_t count = o->count ? o->count - 1 : 0;
    if (check_usage(sub, in->settings, count, fail) != 0)
        return -1;
    sys_signals_catch();
    struct log_job j = {.in = in,
                        .words = xcalloc(count + 1, sizeof *j.words),
                        .count = count,
                        .json = setting_is(in->settings, OPT_JSON)};
    for (size_t i = 0; i < count; i++)
        j.words[i] = o->list[i + 1].text;
    int result = complete_conversation_option(&j, fail);
    if (result == 0)
        result = sub->run(&j, fail);
    free(j.words);
    free(j.conversation);
    return result;
}

const struct command command_log = {
    .name = "log",
    .summary = "list, show, export and delete earlier questions and answers",
    .usage = "[SUBCOMMAND] [OPTION]... [ARGUMENT]...",
    .about = "  list [WORD]...   the newest first, those with every WORD (the default)\n"
             "  show [ID]...     print question and answer; without ID the last one\n"
             "  export [ID]...   print as Markdown; without ID all, the oldest first\n"
             "  delete ID...     remove entries\n"
             "  clear            remove the whole log and the input history\n"
             "  path             print the name of the file\n",
    .examples = "  sigmasight-chat log list concentrated\n"
                "  sigmasight-chat log show\n"
                "  sigmasight-chat log export -c \"$id\" > conversation.md\n",
    .operands = SIZE_MAX,
    .groups = GROUP_LOG | GROUP_JSON,
    .run = run_log,
};
