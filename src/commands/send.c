/* SPDX-License-Identifier: MIT */
/* send: posts one message and streams the answer. */
#include "commands/command.h"

#include "commands/dialogue.h"
#include "commands/logging.h"
#include "commands/message.h"
#include "commands/outputs.h"
#include "system/system.h"

static int send_message(struct dialogue *d, struct question *q, struct buf *message,
                        struct fail *fail)
{
    int result = outputs_open_others(&d->sinks, d->in, fail);
    if (result == 0)
        result = message_gather(message, d->in, fail);
    question_restart_clocks(q);
    q->request.text = buf_view(message);
    return result == 0 ? dialogue_ask(d, q, fail) : -1;
}

static int run_send(const struct invocation *in, struct fail *fail)
{
    struct dialogue dialogue;
    struct question question;
    struct buf message = {0};
    dialogue_init(&dialogue, in);
    dialogue.is_single = true;
    dialogue.is_logged = logging_is_on(in, in->terminal->err);
    if (dialogue_check(in->settings, fail) == 0 &&
        outputs_open_main(&dialogue.sinks, in, false, fail) == 0) {
        sys_signals_catch();
        question_init(&question, &dialogue);
        send_message(&dialogue, &question, &message, fail);
        dialogue_conclude(&dialogue, &question, fail);
    }
    dialogue_close(&dialogue, fail);
    buf_release(&message);
    return fail_is_set(fail) ? -1 : 0;
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
    .groups = GROUP_API | GROUP_OUTPUT | GROUP_SEND | GROUP_SINGLE | GROUP_RETRY | GROUP_CONTEXT,
    .runs_unconfigured = true,
    .run = run_send,
};
