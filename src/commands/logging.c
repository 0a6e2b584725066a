/* SPDX-License-Identifier: MIT */
#include "commands/logging.h"

#include "commands/client.h"
#include "state/log.h"
#include "state/log_files.h"
#include "json/write.h"

#include <stdlib.h>

bool logging_is_on(const struct invocation *in, bool otherwise)
{
    const struct settings *s = in->settings;
    if (setting_is(s, OPT_EPHEMERAL))
        return false;
    return setting_is_set(s, OPT_LOG) ? setting_is(s, OPT_LOG) : otherwise;
}

void logging_collect(struct collected *answer)
{
    /* One more character than is logged: log_append truncates at a character boundary. */
    *answer = (struct collected){.tools_max = LOG_TOOLS_MAX};
    buf_init(&answer->text, LOG_TEXT_MAX + 4);
}

static void put_raw_or_null(struct buf *out, const char *key, const struct buf *raw)
{
    json_put_key(out, key);
    if (raw->len)
        json_put_raw(out, buf_view(raw));
    else
        buf_puts(out, "null");
}

/* Appends the tools, as many complete ones as fit into the limit. False if some were omitted. */
static bool put_tools(struct buf *out, const struct collected *answer)
{
    buf_byte(out, '[');
    for (size_t i = 0; i < answer->count; i++) {
        const struct collected_tool *t = &answer->tools[i];
        size_t before = out->len;
        buf_puts(out, i ? ",{" : "{");
        put_raw_or_null(out, "name", &t->name);
        put_raw_or_null(out, "arguments", &t->arguments);
        put_raw_or_null(out, "duration_ms", &t->duration_ms);
        put_raw_or_null(out, "error", &t->error);
        buf_byte(out, '}');
        if (out->len >= LOG_TOOLS_MAX) {
            out->len = before;
            buf_byte(out, ']');
            return false;
        }
    }
    buf_byte(out, ']');
    return !answer->left_out;
}

static int append_entry(const struct invocation *in, const struct logged *l, bool *first,
                        struct fail *fail)
{
    struct buf time = {0}, tools = {0}, portfolios = {0};
    const struct summary *summary = l->summary;
    char *url = client_base(in->settings);
    bool has_all_tools = put_tools(&tools, l->answer);
    log_put_time(&time, l->asked_ms);
    json_put_strings(&portfolios, l->portfolios.ids, l->portfolios.count);
    struct log_entry entry = {
        .time = buf_view(&time),
        .url = span_of(url),
        .profile = span_of(setting_text(in->settings, OPT_PROFILE)),
        .conversation_id = span_of(summary->conversation_id),
        .message_id = span_of(summary->message_id),
        .mode = span_of(summary->mode),
        .model = span_of(summary->model),
        .portfolio = buf_view(&portfolios),
        .question = l->question,
        .text = span_make(l->answer->text.data ? l->answer->text.data : "", l->answer->text.len),
        .tools = buf_view(&tools),
        .status = span_of(summary->status),
        .exit_code = fail_status(l->fail),
        .total_tokens = span_of(summary->total_tokens),
        .latency_ms = span_of(summary->latency_ms),
        .truncated = !has_all_tools || l->answer->text.full};
    int result = log_append(&entry, setting_number(in->settings, OPT_LOG_SIZE),
                            l->fail->cause != FAIL_SIGNAL, first, fail);
    free(url);
    buf_release(&time);
    buf_release(&tools);
    buf_release(&portfolios);
    return result;
}

static void announce_log(struct terminal *terminal)
{
    struct fail ignored = FAIL_INIT;
    struct buf path = {0}, line = {0};
    if (!terminal->quiet && store_path(LOG_FILE, &path, &ignored) == 0) {
        buf_puts(&line, "questions and answers are logged in ");
        escape_put_line(&line, buf_view(&path));
        buf_puts(&line, "; --no-log turns this off");
        terminal_line(terminal, buf_view(&line), &ignored);
    }
    buf_release(&path);
    buf_release(&line);
    fail_release(&ignored);
}

void logging_append(const struct invocation *in, const struct logged *logged)
{
    struct fail why = FAIL_INIT, ignored = FAIL_INIT;
    bool first = false;
    if (append_entry(in, logged, &first, &why) < 0 && !in->terminal->quiet)
        terminal_warning(in->terminal, span_of(why.message), &ignored);
    if (first)
        announce_log(in->terminal);
    fail_release(&why);
    fail_release(&ignored);
}
