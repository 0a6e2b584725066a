/* SPDX-License-Identifier: MIT */
/* conversations: the conversation calls of the API. */
#include "commands/client.h"
#include "commands/command.h"
#include "state/last.h"

#include "system/system.h"
#include "terminal/table.h"
#include "json/json.h"
#include "json/write.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The server answers a request for more than this with an error. */
enum { PAGE = 100 };

/* What a subcommand works with. */
struct job {
    const struct invocation *in;
    struct client client;
    const struct operand *ids; /* the operands after the subcommand's name */
    size_t count;
    struct writer out;
    struct table table;
    int left; /* rows that may still be shown: a server may send more than it was asked for */
    bool page_begins, repeats;
    struct buf page; /* the ID that the last page began with */
    bool json;
};

static const char *first_mode(const struct job *j)
{
    return setting_text(j->in->settings, OPT_MODE);
}

static bool once_more(struct job *j, int result, struct fail *fail)
{
    if (result != 0 && fail->http_status == 404 && j->count)
        fail_hint(fail, "'sigmasight-chat conversations%s' lists them", j->client.where);
    else if (result != 0 && fail->http_status == 404)
        api_hint_url(fail);
    return result != 0 && auth_recover(&j->client.auth, &j->client.api, fail);
}

/* A conversation on a line of its own, its ID under the guide's name. */
static void put_json(struct writer *out, const struct api_conversation *c)
{
    struct buf line = {0};
    struct span raw = c->raw;
    if (!c->by_guide) {
        buf_byte(&line, '{');
        json_put_text(&line, "conversation_id", c->id);
        buf_byte(&line, ',');
        raw = span_make(raw.at + 1, raw.len - 1);
    }
    json_put_raw(&line, raw);
    buf_byte(&line, '\n');
    writer_put_json(out, buf_view(&line));
    buf_release(&line);
}

/* A server that knows nothing of offsets sends its first page again and again. */
static void note_page(struct job *j, struct span id)
{
    j->repeats = span_equal(id, buf_view(&j->page));
    j->page_begins = false;
    buf_clear(&j->page);
    buf_span(&j->page, id);
}

static void add_row(void *arg, const struct api_conversation *c)
{
    struct job *j = arg;
    if (j->page_begins)
        note_page(j, c->id);
    if (j->repeats || j->left-- <= 0)
        return;
    if (j->json) {
        put_json(&j->out, c);
        return;
    }
    table_add(&j->table, c->id);
    table_add(&j->table, c->mode);
    table_add(&j->table, c->created_at);
}

/* A page of the list. *more: there is another one. The number of conversations in it, or -1. */
static int list_page(struct job *j, int limit, int offset, bool *more, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result;
    do
        result = api_list(&j->client.api, limit, offset, &response, fail);
    while (once_more(j, result, fail));
    if (result == 0) {
        result = api_each_conversation(buf_view(&response.body), add_row, j, more);
        *more = *more || result >= limit;
        if (result < 0)
            api_unexpected(&response, "cannot list the conversations",
                           "the response is no list of conversations", fail);
    }
    http_response_release(&response);
    return result;
}

static int list(struct job *j, struct fail *fail)
{
    int limit = (int)setting_number(j->in->settings, OPT_LIMIT), offset = 0, count = 1;
    j->left = limit ? limit : INT_MAX;
    for (bool more = true; more && count > 0 && j->left > 0 && !j->repeats; offset += count) {
        j->page_begins = true;
        count = list_page(j, j->left < PAGE ? j->left : PAGE, offset, &more, fail);
        if (count < 0)
            return -1;
    }
    return 0;
}

static int create(struct job *j, struct fail *fail)
{
    const struct setting *portfolios = &j->in->settings->of[OPT_PORTFOLIO];
    struct api_portfolios ids = {(const char *const *)portfolios->list, (size_t)portfolios->count};
    char *id;
    int result;
    do
        result = api_create(&j->client.api, first_mode(j), ids, (struct api_context){0}, &id, fail);
    while (once_more(j, result, fail));
    if (result == 0 && j->json) {
        buf_byte(&j->out.pending, '{');
        json_put_text(&j->out.pending, "conversation_id", span_of(id));
        buf_puts(&j->out.pending, "}\n");
    } else if (result == 0) {
        table_add(&j->table, span_of(id));
    }
    free(id);
    return result;
}

static void add_member(void *arg, const struct json_member *m)
{
    struct table *t = arg;
    if (m->value.type == JSON_NULL)
        return;
    table_add(t, span_is(m->key, "id") ? span_of("conversation_id") : m->key);
    table_add(t, m->value.type == JSON_STRING ? m->value.string : m->value.raw);
}

static int show(struct job *j, struct fail *fail)
{
    struct http_response response;
    http_response_init(&response);
    int result;
    do
        result = api_get(&j->client.api, j->ids[0].text, &response, fail);
    while (once_more(j, result, fail));
    if (result == 0) {
        struct json_reader *reader = json_reader_new();
        struct api_conversation c;
        if (!api_read_conversation(reader, buf_view(&response.body), &c))
            result = api_unexpected(&response, "cannot show the conversation",
                                    "the response is no conversation", fail);
        else if (j->json)
            put_json(&j->out, &c);
        else
            json_read_object(c.raw, add_member, &j->table);
        json_reader_free(reader);
    }
    http_response_release(&response);
    return result;
}

static int change_mode(struct job *j, struct fail *fail)
{
    int result;
    do
        result = api_set_mode(&j->client.api, j->ids[0].text, j->ids[1].text, fail);
    while (once_more(j, result, fail));
    return result;
}

static int delete_one(struct job *j, const char *id, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    int result;
    do
        result = api_delete(&j->client.api, id, fail);
    while (once_more(j, result, fail));
    if (result == 0)
        last_forget(j->client.config.key, id, &why);
    if (why.cause == FAIL_SIGNAL)
        result = fail_signal(fail, why.signal);
    else if (fail_is_set(&why) && !j->in->terminal->quiet)
        terminal_warning(j->in->terminal, span_of(why.message), fail);
    fail_release(&why);
    return result;
}

/* Each failure is reported, the rest still done. The last one is the command's. */
static int delete_all(struct job *j, struct fail *fail)
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

struct subcommand {
    const char *name;
    const char *operands; /* as usage shows them */
    size_t least, most;
    unsigned columns; /* of what it prints */
    int (*run)(struct job *j, struct fail *fail);
};

static const struct subcommand subcommands[] = {
    {"list", "", 0, 0, 3, list},
    {"new", "", 0, 0, 1, create},
    {"show", "ID", 1, 1, 2, show},
    {"mode", "ID MODE", 2, 2, 1, change_mode},
    {"delete", "ID...", 1, SIZE_MAX, 1, delete_all},
};

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < sizeof subcommands / sizeof subcommands[0]; i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return &subcommands[i];
    return NULL;
}

/* Options that only one of the subcommands has a use for. */
static int check_options(const struct subcommand *sub, const struct settings *s, struct fail *fail)
{
    static const struct {
        enum option_id option;
        int (*run)(struct job *j, struct fail *fail);
    } rows[] = {{OPT_MODE, create}, {OPT_PORTFOLIO, create}, {OPT_LIMIT, list}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (setting_is_given(s, rows[i].option) && sub->run != rows[i].run)
            return fail_set(fail, FAIL_USAGE, "conversations %s: it has no --%s", sub->name,
                            option_row(rows[i].option)->name);
    return 0;
}

static int check(const struct subcommand *sub, const struct job *j, struct fail *fail)
{
    const struct option_row *modes = option_row(OPT_MODE);
    if (j->count < sub->least || j->count > sub->most)
        return fail_set(fail, FAIL_USAGE, "conversations %s: %s arguments", sub->name,
                        j->count < sub->least ? "missing" : "too many");
    for (size_t i = 0; i < j->count; i++)
        if (!*j->ids[i].text)
            return fail_set(fail, FAIL_USAGE, "conversations %s: an ID is empty", sub->name);
    if (sub->run == change_mode && j->ids && !option_is_choice(modes, j->ids[1].text))
        return option_refuse(modes, j->ids[1].text, "MODE", FAIL_USAGE, fail);
    return check_options(sub, j->in->settings, fail);
}

static int perform(const struct subcommand *sub, struct job *j, struct fail *fail)
{
    sys_signals_catch();
    int result = client_prepare(&j->client, j->in, fail);
    if (result == 0)
        result = sub->run(j, fail);
    table_put(&j->table, &j->out);
    if (writer_flush(&j->out, fail) != 0)
        result = -1;
    client_close(&j->client);
    return result;
}

static int run(const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    const struct subcommand *sub = o->count ? find(o->list[0].text) : &subcommands[0];
    if (!sub)
        return fail_set(fail, FAIL_USAGE, "conversations: unknown subcommand %s", o->list[0].text);
    struct job j = {.in = in,
                    .ids = o->count ? o->list + 1 : NULL,
                    .count = o->count ? o->count - 1 : 0,
                    .table = {.columns = sub->columns},
                    .json = setting_is(in->settings, OPT_JSON)};
    if (check(sub, &j, fail) != 0)
        return -1;
    writer_init_standard(&j.out);
    int result = perform(sub, &j, fail);
    table_release(&j.table);
    buf_release(&j.page);
    writer_release(&j.out);
    return result;
}

const struct command command_conversations = {
    .name = "conversations",
    .summary = "list, create, show, change and delete conversations",
    .usage = "[SUBCOMMAND] [OPTION]...",
    .about = "  list           the newest first: ID, mode, time of creation (the default)\n"
             "  new            create one and print its ID\n"
             "  show ID        what the server knows of it\n"
             "  mode ID MODE   change its mode: green, blue, indigo or violet\n"
             "  delete ID...   delete them; each failure is reported, the rest still done\n",
    .examples = "  sigmasight-chat conversations\n"
                "  id=$(sigmasight-chat conversations new --mode blue)\n"
                "  sigmasight-chat conversations delete -- \"$id\"\n",
    .operands = SIZE_MAX,
    .groups = GROUP_API | GROUP_CONTEXT | GROUP_LIST | GROUP_JSON,
    .run = run,
};
