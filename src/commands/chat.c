/* SPDX-License-Identifier: MIT */
/* chat: a dialogue in one conversation. */
#include "commands/command.h"

#include "commands/dialogue.h"
#include "commands/logging.h"
#include "commands/message.h"
#include "commands/outputs.h"
#include "core/xmalloc.h"
#include "state/history.h"
#include "system/system.h"
#include "terminal/editor.h"
#include "terminal/prompt.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The bytes of a line that are read: more than a message may have. */
enum { LINE_BYTES = 2 * MESSAGE_MAX };

struct session {
    const struct invocation *in;
    struct dialogue dialogue;
    bool interactive;
    struct prompt prompt;    /* interactive */
    struct line_input input; /* otherwise */
    struct buf message;      /* the current one */
    struct buf last;         /* the last one that was posted, for /retry */
    struct buf note;         /* a note under construction */
    char *mode;              /* of /mode, NULL before */
    bool mode_is_new;        /* it was not sent yet */
    char *portfolio;         /* of /portfolio, NULL before */
    char *known_portfolio;   /* the last one before it that was not unknown, NULL before */
    bool portfolio_is_new;   /* it was not looked up yet */
    bool keeps_history;
    bool is_over;          /* /quit, or the end of the input */
    struct fail last_fail; /* already shown */
};

/* Prints s->note to standard error and clears it. */
static int show_note(struct session *s, struct fail *fail)
{
    struct terminal *terminal = s->in->terminal;
    int result = terminal->quiet ? 0 : terminal_line(terminal, buf_view(&s->note), fail);
    buf_clear(&s->note);
    return result;
}

/* Questions. */

static void keep_in_history(struct session *s, struct span message)
{
    struct fail why = FAIL_INIT, ignored = FAIL_INIT;
    if (s->keeps_history && history_add(message, &why) != 0) {
        s->keeps_history = false; /* warn only once */
        if (!s->in->terminal->quiet)
            terminal_warning(s->in->terminal, span_of(why.message), &ignored);
    }
    fail_release(&why);
    fail_release(&ignored);
}

static void prepare_request(const struct session *s, struct chat_request *request)
{
    request->text = buf_view(&s->message);
    request->keep = true;
    if (s->mode && (s->mode_is_new || !s->dialogue.conversation))
        request->mode = s->mode;
    if (s->portfolio)
        request->portfolios =
            (struct api_portfolios){.ids = (const char *const *)&s->portfolio, .count = 1};
}

static const char not_sent[] = "the message was not sent";

/* What Ctrl-C left of a question. */
static const char *describe_stopped(const struct chat_outcome *outcome)
{
    if (outcome->maybe_stored)
        return "the server may finish the answer and store it";
    return outcome->posted ? "the message was not stored" : not_sent;
}

/* Handles the end of a question: 0 if the dialogue continues, -1 with *fail if it ends. If SIGINT
   stopped the question, the note contains `when_stopped`. */
static int settle_question(struct session *s, const char *when_stopped, struct fail *fail)
{
    if (!fail_is_set(fail))
        return 0;
    if (s->interactive && fail->cause == FAIL_SIGNAL && fail->signal == SIGINT) {
        fail_release(fail);
        buf_printf(&s->note, "stopped; %s", when_stopped);
        return show_note(s, fail);
    }
    if (fail->cause == FAIL_SIGNAL || fail->cause == FAIL_DENIED || fail->cause == FAIL_CONFIG ||
        fail->cause == FAIL_OUTPUT)
        return -1;
    terminal_failure(s->in->terminal, fail);
    fail_move(&s->last_fail, fail);
    s->last_fail.shown = true;
    return 0;
}

/* Selects the former portfolio again if that of /portfolio turned out to be unknown. Otherwise each
   further question would fail, too. */
static int undo_portfolio(struct session *s, struct fail *fail)
{
    free(s->portfolio);
    s->portfolio = s->known_portfolio;
    s->known_portfolio = NULL;
    s->portfolio_is_new = false;
    buf_puts(&s->note, "the former portfolio selection is used again");
    return show_note(s, fail);
}

/* Asks s->message. */
static int ask_message(struct session *s, struct fail *fail)
{
    struct question question;
    question_init(&question, &s->dialogue);
    prepare_request(s, &question.request);
    if (message_check(&s->message, s->in->settings, fail) == 0) {
        buf_clear(&s->last);
        buf_span(&s->last, buf_view(&s->message));
        dialogue_ask(&s->dialogue, &question, fail);
    }
    const char *when_stopped = describe_stopped(&question.outcome);
    if (question.outcome.posted)
        s->mode_is_new = false;
    bool is_unknown = s->portfolio_is_new && question.outcome.portfolio_unknown;
    if (question.outcome.portfolios.count)
        s->portfolio_is_new = false;
    dialogue_conclude(&s->dialogue, &question, fail);
    if (settle_question(s, when_stopped, fail) != 0)
        return -1;
    return is_unknown ? undo_portfolio(s, fail) : 0;
}

/* Commands at the prompt. Each returns 0, or -1 with *fail, which is shown before the dialogue
   continues. */

static int refuse_without_mode(const struct option_row *row, struct fail *fail)
{
    struct buf choices = {0};
    option_put_choices(row, &choices);
    fail_set(fail, FAIL_USAGE, "/mode requires a mode: expected %s", buf_text(&choices));
    buf_release(&choices);
    return -1;
}

static int set_next_mode(struct session *s, const char *argument, struct fail *fail)
{
    const struct option_row *row = option_row(OPT_MODE);
    if (!*argument)
        return refuse_without_mode(row, fail);
    if (!option_is_choice(row, argument))
        return option_refuse(row, argument, "/mode", FAIL_USAGE, fail);
    free(s->mode);
    s->mode = xstrdup(argument);
    s->mode_is_new = true;
    buf_printf(&s->note, "mode %s from the next message on", argument);
    return show_note(s, fail);
}

static int begin_conversation(struct session *s, const char *argument, struct fail *fail)
{
    if (*argument)
        return fail_set(fail, FAIL_USAGE, "/new does not take an argument");
    dialogue_leave(&s->dialogue);
    buf_puts(&s->note, "the next message begins a new conversation");
    return show_note(s, fail);
}

static int choose_portfolio(struct session *s, const char *argument, struct fail *fail)
{
    if (!*argument)
        return fail_set(fail, FAIL_USAGE, "/portfolio requires an ID or a name");
    free(s->portfolio_is_new ? s->portfolio : s->known_portfolio);
    if (!s->portfolio_is_new)
        s->known_portfolio = s->portfolio;
    s->portfolio = xstrdup(argument);
    s->portfolio_is_new = true;
    buf_puts(&s->note, "portfolio ");
    escape_put_line(&s->note, span_of(argument));
    buf_puts(&s->note, " from the next message on");
    return show_note(s, fail);
}

static int edit_message(struct session *s, const char *argument, struct fail *fail)
{
    buf_clear(&s->message);
    buf_puts(&s->message, argument);
    if (editor_run(&s->message, fail) != 0)
        return -1;
    if (message_is_blank(buf_view(&s->message)))
        return fail_set(fail, FAIL_DATA, "the message is empty");
    prompt_remember(&s->prompt, buf_view(&s->message));
    keep_in_history(s, buf_view(&s->message));
    return ask_message(s, fail);
}

static int repeat_message(struct session *s, const char *argument, struct fail *fail)
{
    if (*argument)
        return fail_set(fail, FAIL_USAGE, "/retry does not take an argument");
    if (s->last.len == 0)
        return fail_set(fail, FAIL_USAGE, "no message to post again");
    buf_clear(&s->message);
    buf_span(&s->message, buf_view(&s->last));
    return ask_message(s, fail);
}

static int show_help(struct session *s, const char *argument, struct fail *fail);

static int quit_dialogue(struct session *s, const char *argument, struct fail *fail)
{
    if (*argument)
        return fail_set(fail, FAIL_USAGE, "/quit does not take an argument");
    s->is_over = true;
    return 0;
}

static const struct prompt_command {
    const char *name, *argument, *help;
    int (*run)(struct session *s, const char *argument, struct fail *fail);
} prompt_commands[] = {
    {"mode", "MODE", "change the mode: ", set_next_mode},
    {"new", "", "begin a new conversation", begin_conversation},
    {"portfolio", "ID", "ask about another portfolio, by ID or name", choose_portfolio},
    {"edit", "[TEXT]", "write a message in the editor", edit_message},
    {"retry", "", "post the last message again", repeat_message},
    {"help", "", "list the commands", show_help},
    {"quit", "", "end the dialogue, as Ctrl-D does", quit_dialogue},
};

enum { PROMPT_COMMANDS = sizeof prompt_commands / sizeof prompt_commands[0] };

static int show_help(struct session *s, const char *argument, struct fail *fail)
{
    int result = 0;
    (void)argument;
    for (size_t i = 0; i < PROMPT_COMMANDS && result == 0; i++) {
        const struct prompt_command *c = &prompt_commands[i];
        buf_printf(&s->note, "/%-9s %-7s %s", c->name, c->argument, c->help);
        if (c->run == set_next_mode)
            option_put_choices(option_row(OPT_MODE), &s->note);
        result = terminal_line(s->in->terminal, buf_view(&s->note), fail);
        buf_clear(&s->note);
    }
    buf_printf(&s->note, "%-18s %s", "//TEXT", "send /TEXT");
    if (result == 0)
        result = terminal_line(s->in->terminal, buf_view(&s->note), fail);
    buf_clear(&s->note);
    return result;
}

static bool is_command(struct span line)
{
    return line.len > 0 && line.at[0] == '/' && !(line.len > 1 && line.at[1] == '/');
}

/* The word after the slash. */
static struct span command_name(struct span line)
{
    size_t n = 1;
    while (n < line.len && !span_is_blank(line.at[n]))
        n++;
    return span_make(line.at + 1, n - 1);
}

static const struct prompt_command *find_prompt_command(struct span line)
{
    struct span name = is_command(line) ? command_name(line) : span_make(NULL, 0);
    for (size_t i = 0; i < PROMPT_COMMANDS; i++)
        if (span_is(name, prompt_commands[i].name))
            return &prompt_commands[i];
    return NULL;
}

static bool is_known_command(struct span line)
{
    return find_prompt_command(line) != NULL;
}

static int run_prompt_command(struct session *s, struct span line, struct fail *fail)
{
    const struct prompt_command *command = find_prompt_command(line);
    struct span name = command_name(line);
    struct buf shown = {0};
    if (!command) {
        escape_put_short(&shown, name, 40, 160, terminal_ellipsis(s->in->terminal));
        fail_set_hint(
            fail, FAIL_USAGE,
            "/help lists the commands; begin with // to send a message that begins with /",
            "unknown command /%s", buf_text(&shown));
        buf_release(&shown);
        return -1;
    }
    struct span rest = span_trim(span_make(name.at + name.len, line.len - name.len - 1));
    char *argument = xspandup(rest);
    int result = command->run(s, argument, fail);
    free(argument);
    return result;
}

/* Input. */

/* Processes a typed message or command. */
static int process_typed_message(struct session *s, struct fail *fail)
{
    struct buf *message = &s->message;
    if (message_is_blank(buf_view(message)))
        return 0;
    prompt_remember(&s->prompt, buf_view(message));
    if (is_command(buf_view(message))) {
        if (run_prompt_command(s, buf_view(message), fail) == 0)
            return 0;
        return settle_question(s, not_sent, fail);
    }
    keep_in_history(s, buf_view(message));
    if (message->data[0] == '/')
        buf_drop(message, 1);
    return ask_message(s, fail);
}

/* At the prompt, SIGINT that interrupted a note, or output that waited for the terminal, does not
   end the dialogue. */
static int survive_interrupt(const struct session *s, int result, struct fail *fail)
{
    if (result == 0 || !s->interactive || fail->cause != FAIL_SIGNAL || fail->signal != SIGINT)
        return result;
    fail_release(fail);
    sys_interrupt_forget();
    return 0;
}

/* After Ctrl-C on an empty line, which does not end the dialogue. */
static int show_way_out(struct session *s, struct fail *fail)
{
    buf_puts(&s->note, "Ctrl-D ends the dialogue, /help lists the commands");
    return show_note(s, fail);
}

static int run_prompt(struct session *s, struct fail *fail)
{
    enum line_end end;
    int result = 0;
    while (result == 0 && !s->is_over) {
        result = prompt_read(&s->prompt, &s->message, &end, fail);
        s->is_over = result == 0 && end == LINE_OVER;
        if (result == 0 && end == LINE_ENTERED)
            result = process_typed_message(s, fail);
        else if (result == 0 && end == LINE_EMPTY)
            result = show_way_out(s, fail);
        result = survive_interrupt(s, result, fail);
    }
    return result;
}

static int answer_lines(struct session *s, struct fail *fail)
{
    struct span line;
    enum input_result result;
    if (line_input_open(&s->input, NULL, LINE_BYTES, fail) != 0)
        return -1;
    while ((result = line_input_read(&s->input, &line, fail)) > INPUT_END) {
        if (sys_signal())
            return fail_signal(fail, sys_signal());
        if (message_is_blank(line))
            continue;
        buf_clear(&s->message);
        buf_span(&s->message, line);
        if (ask_message(s, fail) != 0)
            return -1;
    }
    return result == INPUT_ERROR ? -1 : 0;
}

/* Asks TEXT, the first message. */
static int ask_operands(struct session *s, struct fail *fail)
{
    const struct operands *o = s->in->operands;
    buf_clear(&s->message);
    for (size_t i = 0; i < o->count; i++) {
        buf_puts(&s->message, i ? " " : "");
        buf_puts(&s->message, o->list[i].text);
    }
    if (o->count == 0)
        return 0;
    if (s->interactive) {
        prompt_remember(&s->prompt, buf_view(&s->message));
        keep_in_history(s, buf_view(&s->message));
    }
    return survive_interrupt(s, ask_message(s, fail), fail);
}

static void add_to_prompt(void *arg, struct span message)
{
    struct session *s = arg;
    prompt_remember(&s->prompt, message);
}

/* The command. */

static int check_chat_options(const struct invocation *in, struct fail *fail)
{
    const struct settings *s = in->settings;
    const char *format = setting_text(s, OPT_OUTPUT);
    bool whole = strcmp(format, "json") == 0 || strcmp(format, "raw") == 0;
    if (whole && setting_is_given(s, OPT_OUTPUT))
        return fail_set(fail, FAIL_USAGE, "-o %s cannot be used with chat", format);
    for (size_t i = 0; i < in->operands->count; i++)
        if (operand_is_dash(&in->operands->list[i]))
            return fail_set_hint(fail, FAIL_USAGE, "put -- before it to send it as text",
                                 "chat reads standard input without -");
    return dialogue_check(s, fail);
}

/* Ignores configured settings of `send` that do not apply to a dialogue. */
static void leave_out_settings(struct settings *s)
{
    static char text[] = "text";
    const char *format = s->of[OPT_OUTPUT].text;
    if (strcmp(format, "json") == 0 || strcmp(format, "raw") == 0)
        s->of[OPT_OUTPUT].text = text;
}

static int begin_session(struct session *s, struct fail *fail)
{
    int result = outputs_open_others(&s->dialogue.sinks, s->in, fail);
    /* Do not ask for a message that cannot be sent. */
    if (result == 0 && s->interactive)
        result = client_check(s->in, fail);
    if (result != 0) {
        struct question question;
        question_init(&question, &s->dialogue);
        return dialogue_conclude(&s->dialogue, &question, fail);
    }
    if (!s->interactive)
        return 0;
    sys_interrupt_survive();
    prompt_init(&s->prompt, s->in->terminal, is_known_command);
    if (s->keeps_history)
        history_load(add_to_prompt, s);
    return 0;
}

static void end_session(struct session *s, struct fail *fail)
{
    struct fail ignored = FAIL_INIT;
    if (s->interactive && s->keeps_history && fail->cause != FAIL_SIGNAL)
        history_trim(&ignored);
    fail_release(&ignored);
    dialogue_leave(&s->dialogue);
    dialogue_close(&s->dialogue, fail);
    if (!s->interactive && !fail_is_set(fail))
        fail_move(fail, &s->last_fail);
    prompt_release(&s->prompt);
    line_input_release(&s->input);
    buf_release(&s->message);
    buf_release(&s->last);
    buf_release(&s->note);
    free(s->mode);
    free(s->portfolio);
    free(s->known_portfolio);
    fail_release(&s->last_fail);
}

static int run_chat(const struct invocation *in, struct fail *fail)
{
    if (check_chat_options(in, fail) != 0)
        return -1;
    struct settings settings = *in->settings; /* a shallow copy: the values are borrowed */
    struct invocation own = *in;
    own.settings = &settings;
    leave_out_settings(&settings);
    struct session s = {.in = &own, .last_fail = FAIL_INIT};
    s.interactive = isatty(STDIN_FILENO) && in->terminal->err;
    buf_init(&s.message, MESSAGE_MAX);
    dialogue_init(&s.dialogue, &own);
    s.dialogue.is_logged = logging_is_on(&own, true);
    s.dialogue.survives_interrupt = s.interactive;
    s.keeps_history = s.interactive && s.dialogue.is_logged;
    if (outputs_open_main(&s.dialogue.sinks, &own, !s.interactive, fail) == 0) {
        sys_signals_catch();
        if (begin_session(&s, fail) == 0 && ask_operands(&s, fail) == 0)
            (s.interactive ? run_prompt : answer_lines)(&s, fail);
    }
    end_session(&s, fail);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_chat = {
    .name = "chat",
    .summary = "talk in one conversation",
    .usage = "[OPTION]... [TEXT]...",
    .about = "Asks one message after the other in one conversation; TEXT is the first. At\n"
             "a terminal they are typed at a prompt, where /help lists the commands and Ctrl-D\n"
             "ends the dialogue; otherwise each line of standard input is a message.\n",
    .examples = "  sigmasight-chat chat\n"
                "  sigmasight-chat chat -j < questions.txt | jq -c .\n",
    .operands = SIZE_MAX,
    .groups = GROUP_API | GROUP_OUTPUT | GROUP_SEND | GROUP_RETRY | GROUP_CONTEXT | GROUP_DIALOGUE,
    .runs_unconfigured = true,
    .run = run_chat,
};
