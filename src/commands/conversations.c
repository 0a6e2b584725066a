/* SPDX-License-Identifier: MIT */
/* conversations: the conversation calls of the API. */
#include "commands/client.h"
#include "commands/command.h"
#include "commands/subcommand.h"

#include "chat/portfolio.h"
#include "core/set.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "state/last.h"
#include "state/log_reader.h"
#include "system/system.h"
#include "terminal/table.h"
#include "json/json.h"
#include "json/write.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE = 100, /* the server answers a request for more than this with an error */
    COLUMNS_WITH_TITLE = 4,
    TITLE_CHARACTERS = 1000 /* more than a row shows */
};

/* A conversation of the page that is being listed. */
struct listed {
    char *id, *mode, *created_at;
    char *raw;     /* the server's object, for -j */
    bool by_guide; /* the key of the ID is `conversation_id`, not `id` */
};

/* The arguments and state of a subcommand. */
struct conversations_run {
    const struct invocation *in;
    struct client client;
    const struct operand *ids; /* the operands after the subcommand's name */
    size_t count;
    char *id; /* the first of them, completed from the log; owned */
    struct writer out;
    struct table table;
    int left; /* rows that may still be shown: a server may send more than requested */
    struct set
        seen; /* IDs that were listed: a server that ignores offsets repeats its first page */
    struct listed *page;
    size_t page_len;
    bool json;
};

/* Call after each call. True if it failed and another token was obtained, so that it can be
   repeated. Otherwise a hint is added to a 404 and, unless `id` is NULL, if that is invalid. */
static bool recover_call(struct conversations_run *j, const char *id, int result, struct fail *fail)
{
    if (result != 0 && id)
        client_hint_id(&j->client, id, fail);
    if (result != 0 && fail->http_status == 404 && j->count)
        fail_hint(fail, "'sigmasight-chat conversations%s' lists them", j->client.server_options);
    else if (result != 0 && fail->http_status == 404)
        api_hint_url(&j->client.api, fail);
    return result != 0 && auth_recover(&j->client.auth, &j->client.api, fail);
}

static void find_title(void *arg, const struct json_member *m)
{
    if (span_is(m->key, "title"))
        *(bool *)arg = true;
}

/* Appends a conversation as one line of JSON, with its ID under the guide's name. `title`, which
   may be NULL, is added if the server sends none. */
static void put_json(struct writer *out, struct span id, bool by_guide, struct span raw,
                     const char *title)
{
    struct buf line = {0};
    bool has_title = false;
    json_read_object(raw, find_title, &has_title);
    if (!by_guide) {
        buf_byte(&line, '{');
        json_put_text(&line, "conversation_id", id);
        buf_byte(&line, ',');
        raw = span_make(raw.at + 1, raw.len - 1);
    }
    json_put_raw(&line, raw);
    if (title && !has_title) {
        line.len--; /* the brace */
        json_put_text(&line, "title", span_of(title));
        buf_byte(&line, '}');
    }
    buf_byte(&line, '\n');
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

static void add_row(void *arg, const struct api_conversation *c)
{
    struct conversations_run *j = arg;
    if (j->left <= 0 || !set_add(&j->seen, c->id))
        return;
    j->left--;
    j->page = xgrow(j->page, j->page_len, sizeof *j->page);
    j->page[j->page_len++] =
        (struct listed){xspandup(c->id), xspandup(c->mode), xspandup(c->created_at),
                        j->json ? xspandup(c->raw) : NULL, c->by_guide};
}

/* Local time at a terminal, else unchanged. */
static void add_time(struct conversations_run *j, struct span time)
{
    char local[SYS_LOCAL_TIME];
    table_add(&j->table, j->out.terminal ? sys_local_time(time, local) : time);
}

static void add_cells(struct conversations_run *j, const struct listed *l, const char *title)
{
    table_add(&j->table, span_of(l->id));
    table_add(&j->table, span_of(l->mode));
    add_time(j, span_of(l->created_at));
    if (j->table.columns == COLUMNS_WITH_TITLE)
        table_add(&j->table, utf8_first(span_of(title), TITLE_CHARACTERS));
}

static bool has_titles(const struct log_title *titles, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (titles[i].question)
            return true;
    return false;
}

/* Prints and clears the page. */
static int print_page(struct conversations_run *j, struct fail *fail)
{
    struct log_title *titles = xcalloc(j->page_len + 1, sizeof *titles);
    for (size_t i = 0; i < j->page_len; i++)
        titles[i].id = span_of(j->page[i].id);
    if (j->json || j->out.terminal)
        log_find_titles(j->client.base, titles, j->page_len);
    bool titled = j->out.terminal && has_titles(titles, j->page_len);
    j->table.columns = titled ? COLUMNS_WITH_TITLE : COLUMNS_WITH_TITLE - 1;
    j->table.width = terminal_columns();
    j->table.shrinks = ~1U; /* IDs are shown whole */
    for (size_t i = 0; i < j->page_len; i++) {
        struct listed *l = &j->page[i];
        if (j->json)
            put_json(&j->out, span_of(l->id), l->by_guide, span_of(l->raw), titles[i].question);
        else
            add_cells(j, l, titles[i].question);
        free(l->id);
        free(l->mode);
        free(l->created_at);
        free(l->raw);
        free(titles[i].question);
    }
    free(titles);
    j->page_len = 0;
    table_put(&j->table, &j->out);
    table_release(&j->table);
    return writer_flush(&j->out, fail);
}

/* Requests a page of the list. Returns the number of conversations in it, or -1. *more: there is
   another page. */
static int list_page(struct conversations_run *j, int limit, int offset, bool *more,
                     struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result;
    do
        result = api_list(&j->client.api, limit, offset, &response, fail);
    while (recover_call(j, NULL, result, fail));
    if (result == 0) {
        result = api_each_conversation(buf_view(&response.body), add_row, j, more);
        *more = *more || result >= limit;
        if (result < 0)
            api_unexpected(&response, "cannot list the conversations",
                           "the response is not a list of conversations", fail);
    }
    http_response_release(&response);
    return result;
}

/* Prints each page as it is received: the list may be very long. */
static int list_conversations(struct conversations_run *j, struct fail *fail)
{
    int limit = (int)setting_number(j->in->settings, OPT_LIMIT), offset = 0, count = 1;
    j->left = limit ? limit : INT_MAX;
    for (bool more = true; more && j->left > 0; offset += count) {
        size_t before = j->seen.count;
        count = list_page(j, j->left < PAGE ? j->left : PAGE, offset, &more, fail);
        if (print_page(j, fail) != 0 || count < 0)
            return -1;
        more = more && j->seen.count > before;
    }
    bool is_empty = j->seen.count == 0;
    return is_empty && !j->json
               ? terminal_empty_list(j->in->terminal, span_of("no conversations"), fail)
               : 0;
}

static int create_with(struct conversations_run *j, struct portfolio_choice *choice, char **id,
                       struct fail *fail)
{
    const char *mode = setting_text(j->in->settings, OPT_MODE);
    int result;
    do
        result = api_create(&j->client.api, mode, portfolio_ids(choice), (struct api_context){0},
                            id, fail);
    while (recover_call(j, NULL, result, fail));
    return result;
}

/* Creates a conversation with the same portfolios as a question would (chat/chat.c). */
static int create_chosen(struct conversations_run *j, struct portfolio_choice *choice, char **id,
                         struct fail *fail)
{
    struct api_portfolios wanted = client_portfolios(j->in->settings);
    char *note = NULL;
    int result;
    do
        result = portfolio_resolve(choice, &j->client.api, wanted, true, fail);
    while (recover_call(j, NULL, result, fail));
    if (result != 0)
        return -1;
    result = create_with(j, choice, id, fail);
    if (result == 0 || portfolio_choose(choice, &j->client.api, &note, fail) != 0)
        return result;
    if (!j->in->terminal->quiet)
        terminal_warning(j->in->terminal, span_of(note), fail);
    free(note);
    return fail_is_set(fail) ? -1 : create_with(j, choice, id, fail);
}

static int create_conversation(struct conversations_run *j, struct fail *fail)
{
    struct portfolio_choice choice = {.is_listed = false};
    char *id = NULL;
    int result = create_chosen(j, &choice, &id, fail);
    portfolio_choice_release(&choice);
    if (result == 0 && j->json) {
        struct buf line = {0};
        buf_byte(&line, '{');
        json_put_text(&line, "conversation_id", span_of(id));
        buf_puts(&line, "}\n");
        writer_put_json(&j->out, buf_view(&line));
        buf_release(&line);
    } else if (result == 0) {
        table_add(&j->table, span_of(id));
    }
    free(id);
    return result;
}

/* A member whose name ends in _at is a time. */
static void add_member(void *arg, const struct json_member *m)
{
    struct conversations_run *j = arg;
    if (m->value.type == JSON_NULL)
        return;
    struct span value = m->value.type == JSON_STRING ? m->value.string : m->value.raw;
    bool is_time = m->key.len > 3 && memcmp(m->key.at + m->key.len - 3, "_at", 3) == 0;
    table_add(&j->table, span_is(m->key, "id") ? span_of("conversation_id") : m->key);
    if (is_time)
        add_time(j, value);
    else
        table_add(&j->table, value);
}

static int show_conversation(struct conversations_run *j, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result;
    do
        result = api_get(&j->client.api, j->id, &response, fail);
    while (recover_call(j, j->id, result, fail));
    if (result == 0) {
        struct json_reader *reader = json_reader_new();
        struct api_conversation c;
        if (!api_read_conversation(reader, buf_view(&response.body), &c))
            result = api_unexpected(&response, "cannot show the conversation",
                                    "the response is not a conversation", fail);
        else if (j->json)
            put_json(&j->out, c.id, c.by_guide, c.raw, NULL);
        else
            json_read_object(c.raw, add_member, j);
        json_reader_free(reader);
    }
    http_response_release(&response);
    return result;
}

static int change_conversation_mode(struct conversations_run *j, struct fail *fail)
{
    int result;
    do
        result = api_set_mode(&j->client.api, j->id, j->ids[1].text, fail);
    while (recover_call(j, j->id, result, fail));
    return result;
}

static int delete_one(struct conversations_run *j, const char *id, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    int result;
    do
        result = api_delete(&j->client.api, id, fail);
    while (recover_call(j, id, result, fail));
    if (result == 0)
        last_forget(j->client.config.key, id, &why);
    if (why.cause == FAIL_SIGNAL)
        result = fail_signal(fail, why.signal);
    else if (fail_is_set(&why) && !j->in->terminal->quiet)
        terminal_warning(j->in->terminal, span_of(why.message), fail);
    fail_release(&why);
    return result;
}

/* Deletes all even if some fail. Each failure is reported; the last one is that of the command. */
static int delete_all(struct conversations_run *j, struct fail *fail)
{
    for (size_t i = 0; i < j->count; i++) {
        struct fail why = FAIL_INIT;
        if (delete_one(j, j->ids[i].text, &why) != 0) {
            fail_prefix(&why, j->ids[i].text);
            if (fail_is_set(fail))
                terminal_failure(j->in->terminal, fail);
            fail_move(fail, &why);
        }
        fail_release(&why);
        if (fail->cause == FAIL_SIGNAL)
            break;
    }
    return fail_is_set(fail) ? -1 : 0;
}

struct conversations_subcommand {
    const char *name;
    const char *operands; /* as usage shows them */
    size_t least, most;
    unsigned columns; /* number of columns of the output */
    bool completes;   /* the ID may be a prefix of one in the log */
    int (*run)(struct conversations_run *j, struct fail *fail);
};

static const struct conversations_subcommand conversations_subcommands[] = {
    {"list", "", 0, 0, 3, false, list_conversations},
    {"new", "", 0, 0, 1, false, create_conversation},
    {"show", "ID", 1, 1, 2, true, show_conversation},
    {"mode", "ID MODE", 2, 2, 1, true, change_conversation_mode},
    {"delete", "ID...", 1, SIZE_MAX, 1, false, delete_all},
};

static const struct subcommands conversations_table = {"conversations", conversations_subcommands,
                                                       sizeof conversations_subcommands /
                                                           sizeof conversations_subcommands[0],
                                                       sizeof conversations_subcommands[0]};

/* Refuses options that only another subcommand accepts. */
static int check_options(const struct conversations_subcommand *sub, const struct settings *s,
                         struct fail *fail)
{
    static const struct {
        enum option_id option;
        int (*run)(struct conversations_run *j, struct fail *fail);
    } rows[] = {{OPT_MODE, create_conversation},
                {OPT_PORTFOLIO, create_conversation},
                {OPT_LIMIT, list_conversations}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (setting_is_given(s, rows[i].option) && sub->run != rows[i].run)
            return fail_set(fail, FAIL_USAGE, "conversations %s: option --%s is not accepted",
                            sub->name, option_row(rows[i].option)->name);
    return 0;
}

static int check_arguments(const struct conversations_subcommand *sub,
                           const struct conversations_run *j, struct fail *fail)
{
    const struct option_row *modes = option_row(OPT_MODE);
    if (j->count < sub->least)
        return fail_set(fail, FAIL_USAGE, "conversations %s: missing arguments: expected %s",
                        sub->name, sub->operands);
    if (j->count > sub->most)
        return fail_set(fail, FAIL_USAGE, "conversations %s: too many arguments", sub->name);
    for (size_t i = 0; i < j->count; i++)
        if (!*j->ids[i].text)
            return fail_set(fail, FAIL_USAGE, "conversations %s: empty ID", sub->name);
    if (sub->run == change_conversation_mode && j->ids && !option_is_choice(modes, j->ids[1].text))
        return option_refuse(modes, j->ids[1].text, "MODE", FAIL_USAGE, fail);
    return check_options(sub, j->in->settings, fail);
}

static int complete_id(struct conversations_run *j, struct fail *fail)
{
    if (log_find_conversation(j->client.config.key, j->ids[0].text, &j->id, fail) != 0)
        return -1;
    if (!j->id)
        j->id = xstrdup(j->ids[0].text);
    return 0;
}

static int run_on_ids(const struct conversations_subcommand *sub, struct conversations_run *j,
                      struct fail *fail)
{
    sys_signals_catch();
    int result = client_prepare(&j->client, j->in, fail);
    if (result == 0 && sub->completes)
        result = complete_id(j, fail);
    if (result == 0)
        result = sub->run(j, fail);
    table_put(&j->table, &j->out);
    if (writer_flush(&j->out, fail) != 0)
        result = -1;
    client_warn(&j->client, j->in, fail);
    client_close(&j->client);
    return result;
}

static int run_conversations(const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    const struct conversations_subcommand *sub =
        o->count ? subcommand_find(&conversations_table, o->list[0].text, fail)
                 : &conversations_subcommands[0];
    if (!sub)
        return -1;
    struct conversations_run j = {
        .in = in,
        .ids = o->count ? o->list + 1 : NULL,
        .count = o->count ? o->count - 1 : 0,
        .table = {.columns = sub->columns, .ellipsis = terminal_ellipsis(in->terminal)},
        .json = setting_is(in->settings, OPT_JSON)};
    if (check_arguments(sub, &j, fail) != 0)
        return -1;
    writer_init_standard(&j.out);
    int result = run_on_ids(sub, &j, fail);
    table_release(&j.table);
    free(j.id);
    free(j.page);
    set_release(&j.seen);
    writer_release(&j.out);
    return result;
}

const struct command command_conversations = {
    .name = "conversations",
    .summary = "list, create, show, change and delete conversations",
    .usage = "[SUBCOMMAND] [OPTION]...",
    .about = "  list           the newest first: ID, mode, time of creation (the default)\n"
             "  new            create one and print its ID\n"
             "  show ID        print what the server stores for it\n"
             "  mode ID MODE   change its mode: green, blue, indigo or violet\n"
             "  delete ID...   delete them; a failure is reported and the rest are deleted\n",
    .examples = "  sigmasight-chat conversations\n"
                "  id=$(sigmasight-chat conversations new --mode blue)\n"
                "  sigmasight-chat conversations delete -- \"$id\"\n",
    .operands = SIZE_MAX,
    .groups = GROUP_API | GROUP_CONTEXT | GROUP_LIST | GROUP_JSON,
    .run = run_conversations,
};
