/* SPDX-License-Identifier: MIT */
/* send: posts one message and streams the answer. */
#include "commands/command.h"

#include "base/system.h"
#include "chat/chat.h"
#include "commands/client.h"
#include "commands/message.h"
#include "commands/outputs.h"

static int check_options(const struct settings *s, struct fail *fail)
{
    const char *id = setting_text(s, OPT_CONVERSATION);
    for (const char *p = id; p && *p; p++)
        if (*p <= ' ' || *p > '~')
            return fail_set(fail, FAIL_USAGE, "--conversation: an ID has no such characters");
    return 0;
}

static struct retry_policy policy_of(const struct settings *s)
{
    return (struct retry_policy){.max = (int)setting_number(s, OPT_RETRY),
                                 .delay_ms = setting_us(s, OPT_RETRY_DELAY) / 1000,
                                 .max_time_ms = setting_us(s, OPT_RETRY_MAX_TIME) / 1000,
                                 .all = setting_is(s, OPT_RETRY_ALL)};
}

static int converse(const struct invocation *in, struct reader *reader, struct span text,
                    int64_t started, struct chat_outcome *outcome, struct fail *fail)
{
    const struct settings *s = in->settings;
    const struct setting *portfolios = &s->of[OPT_PORTFOLIO];
    struct chat_request request = {
        .conversation = setting_text(s, OPT_CONVERSATION),
        .mode = setting_text(s, OPT_MODE),
        .portfolios = {(const char *const *)portfolios->list, (size_t)portfolios->count},
        .text = text,
        .retry = policy_of(s),
        .stall_timeout = setting_us(s, OPT_STALL_TIMEOUT),
        .started = started};
    struct client client;
    int result = client_open(&client, in, started, fail);
    if (result == 0)
        result = chat_run(&client.api, reader, &request, outcome, fail);
    client_close(&client);
    return result;
}

static int send_message(const struct invocation *in, struct reader *reader, int64_t started,
                        struct chat_outcome *outcome, struct fail *fail)
{
    struct buf message = {0};
    int result = outputs_open_others(reader->sinks, in, fail);
    if (result == 0)
        result = message_gather(&message, in, fail);
    if (result == 0)
        result = converse(in, reader, buf_view(&message), started, outcome, fail);
    buf_release(&message);
    return result;
}

static int run(const struct invocation *in, struct fail *fail)
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
    send_message(in, &reader, started, &outcome, fail);

    struct summary summary = {.status = chat_close_status(fail, outcome.connected),
                              .timing = outcome.timing};
    reader_summarize(&reader, &summary);
    if (outcome.conversation)
        summary.conversation_id = outcome.conversation;
    summary.timing.elapsed_ms = (sys_now_us() - started) / 1000;
    int result = outputs_close(&sinks, &summary, fail);
    reader_release(&reader);
    chat_outcome_release(&outcome);
    return result;
}

const struct command command_send = {
    .name = "send",
    .summary = "post one message and stream the answer",
    .usage = "[OPTION]... [TEXT]...",
    .about = "The message is every TEXT joined by one space; - among them, or no TEXT at all, is\n"
             "standard input. The answer goes to standard output as it arrives. Exit status 0\n"
             "means that all of it arrived and was written.\n",
    .examples = "  sigmasight-chat send \"How concentrated am I?\"\n"
                "  sigmasight-chat send -- \"$question\"\n"
                "  sigmasight-chat send \"Summarise:\" - < report.txt\n"
                "  sigmasight-chat send -j -- \"$question\" | jq -c .\n",
    .groups = GROUP_API | GROUP_OUTPUT | GROUP_SEND,
    .run = run,
};
