/* SPDX-License-Identifier: MIT */
#include "commands/dialogue.h"

#include "chat/cause.h"
#include "chat/summary.h"
#include "commands/logging.h"
#include "core/xmalloc.h"
#include "state/last.h"
#include "state/log_reader.h"
#include "system/system.h"

#include <signal.h>
#include <stdlib.h>

int dialogue_check(const struct settings *s, struct fail *fail)
{
    bool named = setting_is(s, OPT_CONVERSATION), last = setting_is(s, OPT_CONTINUE);
    if (named && last)
        return fail_set(fail, FAIL_USAGE, "--continue and --conversation cannot be combined");
    if (setting_is(s, OPT_EPHEMERAL) && (named || last))
        return fail_set(fail, FAIL_USAGE, "--ephemeral and --%s cannot be combined",
                        named ? "conversation" : "continue");
    return context_check_all(client_context(s), fail);
}

static void set_conversation(struct dialogue *d, const char *id)
{
    char *copy = id ? xstrdup(id) : NULL;
    free(d->conversation);
    d->conversation = copy;
    d->use = USE_UNKNOWN;
    strings_release(&d->portfolios);
}

void dialogue_init(struct dialogue *d, const struct invocation *in)
{
    *d = (struct dialogue){.in = in};
    logging_collect(&d->answer);
    set_conversation(d, setting_text(in->settings, OPT_CONVERSATION));
}

int dialogue_close(struct dialogue *d, struct fail *fail)
{
    int result = sinks_close(&d->sinks, fail);
    if (d->opened)
        client_close(&d->client);
    free(d->conversation);
    strings_release(&d->portfolios);
    portfolio_choice_release(&d->choice);
    collected_release(&d->answer);
    *d = (struct dialogue){.in = NULL};
    return result;
}

void dialogue_select(struct dialogue *d, const char *conversation)
{
    set_conversation(d, conversation);
    d->is_selected = true;
    d->continued = false;
}

void dialogue_leave(struct dialogue *d)
{
    char *warning = NULL;
    struct fail ignored = FAIL_INIT;
    bool is_useless =
        setting_is(d->in->settings, OPT_EPHEMERAL) || (d->use == USE_REJECTED && !sys_signal());
    if (d->conversation && is_useless &&
        chat_discard(&d->client.api, &d->client.auth, d->conversation, &warning) != 0 &&
        !d->in->terminal->quiet)
        terminal_warning(d->in->terminal, span_of(warning), &ignored);
    free(warning);
    fail_release(&ignored);
    dialogue_select(d, NULL);
}

void question_init(struct question *q, struct dialogue *d)
{
    const struct settings *s = d->in->settings;
    *q = (struct question){.dialogue = d,
                           .request = {.portfolios = client_portfolios(s),
                                       .choice = &d->choice,
                                       .context = client_context(s),
                                       .ephemeral = setting_is(s, OPT_EPHEMERAL),
                                       .retry = client_retry_policy(s),
                                       .stall_timeout = setting_us(s, OPT_STALL_TIMEOUT)}};
    question_restart_clocks(q);
    collected_clear(&d->answer);
    if (d->is_logged && !d->is_collecting)
        sinks_add(&d->sinks, sink_collect_new(&d->answer));
    d->is_collecting = d->is_logged;
    reader_init(&q->reader, &d->sinks, setting_size(s, OPT_MAX_EVENT_SIZE));
    chat_outcome_init(&q->outcome);
}

void question_restart_clocks(struct question *q)
{
    q->request.started = sys_now_us();
    q->asked_ms = sys_wall_ms();
}

/* Finds the conversation of --continue. */
static int find_last_conversation(struct dialogue *d, struct fail *fail)
{
    static const struct span none = SPAN("no conversation to continue; this begins a new one");
    struct terminal *terminal = d->in->terminal;
    struct last last;
    int result = last_get(d->client.config.key, d->client.auth.email, &last, fail);
    if (result == 0 && !last.id) {
        result = terminal->quiet ? 0 : terminal_line(terminal, none, fail);
    } else if (result == 0) {
        set_conversation(d, last.id);
        strings_move(&d->portfolios, &last.portfolios);
        d->continued = true;
    }
    if (last.id && terminal->verbosity && !terminal->quiet) {
        struct buf line = {0};
        buf_puts(&line, "continuing conversation ");
        escape_put_line(&line, span_of(last.id));
        result = terminal_line(terminal, buf_view(&line), fail);
        buf_release(&line);
    }
    last_release(&last);
    return result;
}

/* Completes a prefix given by --conversation from the log. */
static int complete_conversation(struct dialogue *d, struct fail *fail)
{
    char *id;
    if (log_find_conversation(d->client.config.key, d->conversation, &id, fail) != 0)
        return -1;
    if (id)
        set_conversation(d, id);
    free(id);
    return 0;
}

/* Connects, obtains the token and determines the conversation, for the first question. */
static int prepare_client(struct dialogue *d, int64_t started, struct fail *fail)
{
    struct client *client = &d->client;
    if (d->opened)
        client_close(client);
    d->opened = true;
    int result = client_open(client, d->in, started, fail);
    client->config.delegate = d->delegate;
    if (result == 0)
        result = client_authorize(client, fail);
    if (client->warning)
        sinks_warning(&d->sinks, client->warning, fail);
    if (result == 0 && !d->is_selected && setting_is(d->in->settings, OPT_CONTINUE))
        result = find_last_conversation(d, fail);
    else if (result == 0 && !d->is_selected && setting_is(d->in->settings, OPT_CONVERSATION))
        result = complete_conversation(d, fail);
    d->ready = result == 0;
    return result;
}

/* A configured mode applies only to new conversations; --mode changes an existing one, once. */
static const char *mode_of(const struct dialogue *d)
{
    const struct settings *s = d->in->settings;
    bool wanted = !d->conversation || (setting_is_given(s, OPT_MODE) && !d->mode_set);
    return wanted ? setting_text(s, OPT_MODE) : NULL;
}

static void add_hints(const struct dialogue *d, const struct question *q, struct fail *fail)
{
    const struct settings *s = d->in->settings;
    bool stored = q->outcome.posted && cause_row(fail->cause)->retry == RETRY_MAYBE_STORED;
    if (stored && q->request.conversation && !reader_is_committed(&q->reader) &&
        !q->request.retry.all && q->request.retry.max > 0)
        fail_hint(fail, "the message may be stored; --retry-all retries anyway");
    const char *id = d->is_selected ? NULL : setting_text(s, OPT_CONVERSATION);
    if (id && !q->outcome.portfolio_unknown)
        client_hint_id(&d->client, id, fail);
    /* The server sends a code, such as invite_required, if the conversation is not the reason. */
    if (fail->http_status != 404 && (fail->http_status != 403 || fail->code))
        return;
    if (d->continued)
        fail_hint(fail, "without --continue a new conversation is created");
    else if (id)
        fail_hint(fail, "'sigmasight-chat conversations%s' lists them", d->client.server_options);
}

/* Adds the hints to a copy: the failure is still in use. */
static void announce_failure(void *arg, const struct fail *why)
{
    const struct question *q = arg;
    const struct dialogue *d = q->dialogue;
    struct fail shown = FAIL_INIT;
    fail_set_hint(&shown, why->cause, why->hint, "%s", why->message);
    shown.http_status = why->http_status;
    if (why->code)
        fail_code(&shown, span_of(why->code));
    add_hints(d, q, &shown);
    d->on_failure(d->on_failure_arg, &shown);
    fail_release(&shown);
}

/* Stores the conversation for --continue. A failure is only a warning. */
static void remember_conversation(struct dialogue *d, struct fail *fail)
{
    struct fail why = FAIL_INIT;
    struct last last = {.id = xstrdup(d->conversation),
                        .account = d->client.auth.email ? xstrdup(d->client.auth.email) : NULL};
    strings_copy(&last.portfolios, &d->portfolios);
    last_put(d->client.config.key, &last, &why);
    last_release(&last);
    if (why.cause == FAIL_SIGNAL)
        fail_signal(fail, why.signal);
    else if (fail_is_set(&why))
        sinks_warning(&d->sinks, why.message, fail);
    fail_release(&why);
}

/* --portfolio, and what the command set for this question, take precedence over the portfolios of
   the conversation, and these over the configuration. */
static bool uses_conversations_portfolios(const struct dialogue *d, const struct question *q)
{
    const struct settings *s = d->in->settings;
    bool is_preset = q->request.portfolios.ids == client_portfolios(s).ids;
    return d->portfolios.count && is_preset && !setting_is_given(s, OPT_PORTFOLIO);
}

static struct api_portfolios view_portfolios(const struct strings *ids)
{
    return (struct api_portfolios){.ids = (const char *const *)ids->list, .count = ids->count};
}

/* The token of an earlier question may be near its end. */
static int freshen_token(struct dialogue *d, int64_t deadline, struct fail *fail)
{
    auth_set_deadline(&d->client.auth, &d->client.api, deadline);
    return auth_freshen(&d->client.auth, &d->client.api, fail);
}

/* The next question continues the conversation of this one. If this one failed before its
   portfolios were determined, those of the conversation are kept. */
static void keep_conversation(struct dialogue *d, const struct question *q)
{
    const struct chat_outcome *o = &q->outcome;
    bool is_deleted = q->request.ephemeral && !q->request.keep;
    if (is_deleted || !d->conversation)
        set_conversation(d, is_deleted ? NULL : o->conversation);
    if (d->conversation && o->portfolios.count)
        strings_copy(&d->portfolios, &o->portfolios);
}

static void note_use(struct dialogue *d, const struct chat_outcome *o, const struct fail *fail)
{
    if (o->created)
        d->use = USE_CREATED;
    if (o->maybe_stored)
        d->use = USE_UNKNOWN;
    else if (d->use == USE_CREATED && o->posted && fail->http_status >= 400)
        d->use = USE_REJECTED;
}

int dialogue_ask(struct dialogue *d, struct question *q, struct fail *fail)
{
    struct chat_request *request = &q->request;
    int64_t max_time = setting_us(d->in->settings, OPT_MAX_TIME);
    request->deadline = max_time ? request->started + max_time : 0;
    int prepared = d->ready ? freshen_token(d, request->deadline, fail)
                            : prepare_client(d, request->started, fail);
    if (prepared != 0)
        return -1;
    request->conversation = d->conversation;
    if (uses_conversations_portfolios(d, q))
        request->portfolios = view_portfolios(&d->portfolios);
    if (!request->mode)
        request->mode = mode_of(d);
    request->auth = &d->client.auth;
    request->auth->tries = 0;
    request->on_failure = d->on_failure ? announce_failure : NULL;
    request->on_failure_arg = q;
    int result = chat_run(&d->client.api, &q->reader, request, &q->outcome, fail);
    if (result != 0)
        add_hints(d, q, fail);
    d->mode_set = !d->is_job && (d->mode_set || q->outcome.posted);
    request->conversation = NULL;
    request->portfolios = view_portfolios(&q->outcome.portfolios);
    keep_conversation(d, q);
    note_use(d, &q->outcome, fail);
    if (q->outcome.accepted && d->conversation && !request->ephemeral && !d->is_job)
        remember_conversation(d, fail);
    return result;
}

/* The outputs are closed first, because closing them can change the exit status that is logged. */
static void add_to_log(struct dialogue *d, const struct question *q, struct summary *summary,
                       struct fail *fail)
{
    if (d->is_single) {
        sinks_close(&d->sinks, fail);
        writer_close_standard(fail);
    }
    summary_describe(summary, fail, q->outcome.connected);
    logging_append(d->in, &(struct logged){q->asked_ms, q->request.text, q->request.portfolios,
                                           &d->answer, summary, fail});
}

int dialogue_conclude(struct dialogue *d, struct question *q, struct fail *fail)
{
    struct summary summary = {.timing = q->outcome.timing};
    bool survives = d->is_job || (d->survives_interrupt && fail->signal == SIGINT);
    if (survives && fail->cause == FAIL_SIGNAL) {
        (d->is_job ? sys_signal_forget : sys_interrupt_forget)();
        summary.survives = true;
    }
    reader_summarize(&q->reader, &summary);
    if (q->outcome.conversation)
        summary.conversation_id = q->outcome.conversation;
    summary.timing.elapsed_ms = (sys_now_us() - q->request.started) / 1000;
    summary_deliver(&summary, &d->sinks, q->outcome.connected, fail);
    if (d->is_logged && q->outcome.posted)
        add_to_log(d, q, &summary, fail);
    reader_release(&q->reader);
    chat_outcome_release(&q->outcome);
    return fail_is_set(fail) ? -1 : 0;
}
