/* SPDX-License-Identifier: MIT */
/* send: posts one message and streams the answer. */
#include "commands/command.h"

#include "chat/cause.h"
#include "chat/chat.h"
#include "chat/summary.h"
#include "commands/client.h"
#include "commands/message.h"
#include "commands/outputs.h"
#include "state/last.h"
#include "system/system.h"

#include <stdlib.h>
#include <string.h>

static int check_options(const struct settings *s, struct fail *fail)
{
    bool named = setting_is(s, OPT_CONVERSATION), last = setting_is(s, OPT_CONTINUE);
    if (named && last)
        return fail_set(fail, FAIL_USAGE, "--continue and --conversation cannot be combined");
    if (setting_is(s, OPT_EPHEMERAL) && (named || last))
        return fail_set(fail, FAIL_USAGE, "--ephemeral and --%s cannot be combined",
                        named ? "conversation" : "continue");
    for (int i = 0; i < setting_count(s, OPT_CONTEXT); i++)
        if (context_check(s->of[OPT_CONTEXT].list[i], fail) != 0)
            return -1;
    return 0;
}

/* There is no point in waiting for a retry past --max-time. */
static struct retry_policy policy_of(const struct settings *s)
{
    int64_t bound = setting_us(s, OPT_RETRY_MAX_TIME), all = setting_us(s, OPT_MAX_TIME);
    if (all && (!bound || all < bound))
        bound = all;
    return (struct retry_policy){.max = (int)setting_number(s, OPT_RETRY),
                                 .delay_ms = setting_us(s, OPT_RETRY_DELAY) / 1000,
                                 .max_time_ms = bound / 1000,
                                 .all = setting_is(s, OPT_RETRY_ALL)};
}

/* The conversation that --continue means, NULL for a new one; owned by the caller. */
static int find_last(const struct invocation *in, const struct client *c, char **id,
                     struct fail *fail)
{
    static const struct span none = SPAN("no conversation to continue; this begins a new one");
    *id = NULL;
    if (!setting_is(in->settings, OPT_CONTINUE))
        return 0;
    if (last_get(c->config.key, c->auth.email, id, fail) != 0)
        return -1;
    if (!*id && !in->terminal->quiet)
        return terminal_line(in->terminal, none, fail);
    if (*id && in->terminal->verbosity && !in->terminal->quiet) {
        struct buf line = {0};
        buf_printf(&line, "continuing conversation %s", *id);
        terminal_line(in->terminal, buf_view(&line), fail);
        buf_release(&line);
    }
    return 0;
}

/* A state directory that cannot be written is no reason to lose an answer. */
static void remember(const struct client *c, struct sinks *sinks, const char *id, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    last_put(c->config.key, c->auth.email, id, &why);
    if (why.cause == FAIL_SIGNAL)
        fail_signal(fail, why.signal);
    else if (fail_is_set(&why))
        sinks_warning(sinks, why.message, fail);
    fail_release(&why);
}

static void explain(const struct client *c, const struct settings *s, bool posted, bool committed,
                    struct fail *fail)
{
    bool own = !setting_is(s, OPT_CONTINUE) && !setting_is(s, OPT_CONVERSATION);
    bool stored = posted && cause_row(fail->cause)->retry == RETRY_MAYBE_STORED;
    if (stored && !own && !committed && !setting_is(s, OPT_RETRY_ALL) &&
        setting_number(s, OPT_RETRY) > 0)
        fail_hint(fail, "the message may be stored; --retry-all tries again all the same");
    if (fail->http_status != 404 && fail->http_status != 403)
        return;
    if (setting_is(s, OPT_CONTINUE))
        fail_hint(fail, "without --continue a new conversation begins");
    else if (setting_is(s, OPT_CONVERSATION))
        fail_hint(fail, "'sigmasight-chat conversations%s' lists those there are", c->where);
}

/* A configured mode is for new conversations; only --mode changes one that is there. */
static const char *mode_of(const struct settings *s, const char *conversation)
{
    return conversation && !setting_is_given(s, OPT_MODE) ? NULL : setting_text(s, OPT_MODE);
}

static int converse(const struct invocation *in, struct reader *reader, struct client *client,
                    const char *conversation, struct span text, int64_t started,
                    struct chat_outcome *outcome, struct fail *fail)
{
    const struct settings *s = in->settings;
    const struct setting *portfolios = &s->of[OPT_PORTFOLIO], *context = &s->of[OPT_CONTEXT];
    struct chat_request request = {
        .conversation = conversation,
        .mode = mode_of(s, conversation),
        .portfolios = {(const char *const *)portfolios->list, (size_t)portfolios->count},
        .context = {(const char *const *)context->list, (size_t)context->count},
        .text = text,
        .ephemeral = setting_is(s, OPT_EPHEMERAL),
        .auth = &client->auth,
        .retry = policy_of(s),
        .stall_timeout = setting_us(s, OPT_STALL_TIMEOUT),
        .started = started};
    int result = chat_run(&client->api, reader, &request, outcome, fail);
    if (result != 0)
        explain(client, s, outcome->posted, reader_is_committed(reader), fail);
    if (outcome->accepted && outcome->conversation && !request.ephemeral)
        remember(client, reader->sinks, outcome->conversation, fail);
    return result;
}

static int connect_and_converse(const struct invocation *in, struct reader *reader,
                                struct span text, int64_t started, struct chat_outcome *outcome,
                                struct fail *fail)
{
    struct client client;
    char *last = NULL;
    int result = client_open(&client, in, started, fail);
    if (result == 0)
        result = client_authorize(&client, fail);
    if (client.warning)
        sinks_warning(reader->sinks, client.warning, fail);
    if (result == 0)
        result = find_last(in, &client, &last, fail);
    if (result == 0)
        result = converse(in, reader, &client,
                          last ? last : setting_text(in->settings, OPT_CONVERSATION), text, started,
                          outcome, fail);
    free(last);
    client_close(&client);
    return result;
}

static int send_message(const struct invocation *in, struct reader *reader, int64_t *started,
                        struct chat_outcome *outcome, struct fail *fail)
{
    struct buf message = {0};
    int result = outputs_open_others(reader->sinks, in, fail);
    if (result == 0)
        result = message_gather(&message, in, fail);
    if (setting_is(in->settings, OPT_EDIT))
        *started = sys_now_us(); /* the time in the editor does not count */
    if (result == 0)
        result = connect_and_converse(in, reader, buf_view(&message), *started, outcome, fail);
    buf_release(&message);
    return result;
}

static int run_send(const struct invocation *in, struct fail *fail)
{
    struct sinks sinks = {0};
    struct reader reader;
    struct chat_outcome outcome;
    int64_t started = sys_now_us();
    if (check_options(in->settings, fail) != 0 || outputs_open_main(&sinks, in, fail) != 0)
        return -1;
    sys_signals_catch();
    chat_outcome_init(&outcome);
    reader_init(&reader, &sinks, (size_t)setting_number(in->settings, OPT_MAX_EVENT_SIZE));
    send_message(in, &reader, &started, &outcome, fail);

    struct summary summary = {.timing = outcome.timing};
    reader_summarize(&reader, &summary);
    if (outcome.conversation)
        summary.conversation_id = outcome.conversation;
    summary.timing.elapsed_ms = (sys_now_us() - started) / 1000;
    int result = summary_close(&summary, &sinks, outcome.connected, fail);
    reader_release(&reader);
    chat_outcome_release(&outcome);
    return result;
}

const struct command command_send = {
    .name = "send",
    .summary = "post one message and stream the answer",
    .usage = "[OPTION]... [TEXT]...",
    .about = "Sends TEXT, joined by spaces, and prints the answer as it arrives. - stands for\n"
             "standard input, which is also the default. Exits 0 if the answer is complete.\n",
    .examples = "  sigmasight-chat send \"How concentrated am I?\"\n"
                "  sigmasight-chat send \"Summarise:\" - < report.txt\n"
                "  sigmasight-chat send -j -- \"$question\" | jq -c .\n",
    .operands = SIZE_MAX,
    .groups = GROUP_API | GROUP_OUTPUT | GROUP_SEND | GROUP_CONTEXT,
    .unsettled = true,
    .run = run_send,
};
