/* SPDX-License-Identifier: MIT */
/* feedback: rates an answer. */
#include "commands/client.h"
#include "commands/command.h"

#include "core/xmalloc.h"
#include "state/log_reader.h"
#include "system/system.h"

#include <stdlib.h>
#include <string.h>

/* An answer, and its question if the log has it. Strings are owned. */
struct rated {
    char *message_id;
    char *question;
};

static const char no_id_hint[] = "only servers of the second generation give answers an ID";

static int take_entry(const struct client *c, const struct log_entry *entry, struct rated *rated,
                      struct fail *fail)
{
    if (!span_is(entry->url, c->base)) {
        char *hint = buf_format("use --url %.*s", (int)entry->url.len, entry->url.at);
        fail_set_hint(fail, FAIL_DATA, hint, "log entry %.*s belongs to another server",
                      (int)entry->id.len, entry->id.at);
        free(hint);
        return -1;
    }
    if (entry->message_id.len == 0)
        return fail_set_hint(fail, FAIL_DATA, no_id_hint, "log entry %.*s has no message ID",
                             (int)entry->id.len, entry->id.at);
    rated->message_id = xspandup(entry->message_id);
    rated->question = xspandup(entry->question);
    return 0;
}

static bool has_answer(const struct client *c, const struct log_entry *entry)
{
    const char *profile = c->config.key.profile;
    return span_is(entry->url, c->base) && span_equal(entry->profile, span_of(profile)) &&
           (entry->text.len || entry->message_id.len);
}

static int find_last_answer(const struct client *c, struct log_reader *reader, struct rated *rated,
                            struct fail *fail)
{
    struct log_entry entry;
    int result;
    while ((result = log_read(reader, &entry, NULL, fail)) == 1)
        if (has_answer(c, &entry))
            return take_entry(c, &entry, rated, fail);
    if (result == 0)
        fail_set_hint(fail, FAIL_DATA,
                      "give the ID of a message; questions of scripts are logged only with --log",
                      "no answer to rate: the log has none from %s", c->base);
    return -1;
}

static int find_rated_entry(const struct client *c, struct log_reader *reader, const char *id,
                            struct rated *rated, struct fail *fail)
{
    struct log_place place;
    struct log_entry entry;
    if (log_find(reader, &id, 1, &place, fail) != 0 ||
        log_read_at(reader, &place, &entry, fail) != 1)
        return -1;
    return take_entry(c, &entry, rated, fail);
}

/* Whether this has the form of the ID of a log entry or of a prefix of one. */
static bool is_log_id(const char *id)
{
    size_t len = strlen(id);
    return len >= LOG_PREFIX && len <= LOG_ID && strspn(id, "0123456789abcdef") == len;
}

/* Finds the answer by the ID of a message or log entry; NULL: the last answer. */
static int find_answer(const struct client *c, const char *id, struct rated *rated,
                       struct fail *fail)
{
    static const struct log_filter all = {.word_count = 0};
    if (id && !is_log_id(id)) {
        rated->message_id = xstrdup(id);
        return 0;
    }
    struct log_reader *reader = log_reader_new(LOG_NEWEST_FIRST, &all, fail);
    if (!reader)
        return -1;
    int result = id ? find_rated_entry(c, reader, id, rated, fail)
                    : find_last_answer(c, reader, rated, fail);
    log_reader_free(reader);
    return result;
}

static int report_rating(const struct invocation *in, const struct rated *rated, const char *rating,
                         struct fail *fail)
{
    enum { COLUMNS = 60, BYTES = 400 };
    struct buf line = {0};
    if (in->terminal->quiet)
        return 0;
    buf_printf(&line, "Rated %s: ", rating);
    escape_put_short(&line, span_of(rated->question ? rated->question : rated->message_id), COLUMNS,
                     BYTES, terminal_ellipsis(in->terminal));
    int result = terminal_line(in->terminal, buf_view(&line), fail);
    buf_release(&line);
    return result;
}

static int rate(const struct invocation *in, struct client *c, const char *id, const char *rating,
                struct fail *fail)
{
    const char *comment = setting_text(in->settings, OPT_COMMENT);
    struct rated rated = {NULL, NULL};
    int result = find_answer(c, id, &rated, fail);
    while (result == 0 &&
           (result = api_rate(&c->api, rated.message_id, rating, comment, fail)) != 0 &&
           auth_recover(&c->auth, &c->api, fail))
        result = 0;
    if (result == 0)
        result = report_rating(in, &rated, rating, fail);
    free(rated.message_id);
    free(rated.question);
    return result;
}

static int run_feedback(const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    const char *rating = o->count ? o->list[o->count - 1].text : "";
    const char *id = o->count == 2 ? o->list[0].text : NULL;
    struct client c;
    if (strcmp(rating, "up") != 0 && strcmp(rating, "down") != 0)
        return fail_set(fail, FAIL_USAGE, "feedback: expected up or down as the last argument");
    if (id && !*id)
        return fail_set(fail, FAIL_USAGE, "feedback: empty ID");
    sys_signals_catch();
    int result = client_prepare(&c, in, fail);
    if (result == 0)
        result = rate(in, &c, id, rating, fail);
    client_warn(&c, in, fail);
    client_close(&c);
    return result;
}

const struct command command_feedback = {
    .name = "feedback",
    .summary = "rate an answer",
    .usage = "[OPTION]... [ID] up|down",
    .about = "Rates the answer with this message ID or log ID, without ID the last answer in\n"
             "the log.\n",
    .examples = "  sigmasight-chat feedback up\n"
                "  sigmasight-chat feedback down --comment \"The figures are old.\"\n",
    .operands = 2,
    .groups = GROUP_API | GROUP_FEEDBACK,
    .run = run_feedback,
};
