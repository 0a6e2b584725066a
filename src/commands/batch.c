/* SPDX-License-Identifier: MIT */
/* batch: asks many questions, several at a time. The parent process reads the questions and writes
   the answers; each job, a child process, asks one question after the other. */
#include "commands/command.h"

#include "chat/batch.h"
#include "chat/worker.h"
#include "commands/batch_job.h"
#include "commands/client.h"
#include "commands/dialogue.h"
#include "commands/logging.h"
#include "commands/message.h"
#include "commands/outputs.h"
#include "commands/question_line.h"
#include "core/set.h"
#include "system/line_input.h"
#include "system/system.h"
#include "json/write.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECOND = 1000000,
    LINE_MAX_BYTES = 8 << 20,
    /* Time limit for jobs to cancel their answers after a signal. */
    CANCEL = 5 * SECOND,
    /* The same with --ephemeral after the reader of the output has closed it. */
    CANCEL_UNREAD = 2 * SECOND,
    /* The maximum delay between a signal to a job and the same signal to the parent. */
    SIGNAL_SPREAD = SECOND / 10
};

struct batch_run {
    const struct invocation *in;
    struct batch batch;
    struct line_input input;
    bool input_ended;
    bool is_typed; /* the input is a terminal: a progress line would overwrite what is typed */
    struct json_reader *reader;
    struct set ids;      /* of the input, as JSON text */
    struct set finished; /* IDs that are done according to --resume */
    struct set warnings; /* warnings that were shown */
    struct worker workers[BATCH_JOBS_MAX];
    unsigned jobs;
    struct batch_job job;
    struct client client; /* of the parent, only to obtain tokens */
    bool has_token;
    struct fail denied; /* the reason why there is no other token */
    struct writer out;
    bool begins_line; /* the output file ends inside a line, so a line feed is written first */
    struct status status;
    int64_t started;
    int64_t cancelled; /* time when a signal was sent to the jobs, 0: not yet */
    struct fail
        stop; /* the reason for stopping the batch, unless it is the failure of a question */
    bool explained[256]; /* exit statuses of which a failure was shown */
};

static bool wants(const struct batch_run *r, enum option_id id)
{
    return setting_is(r->in->settings, id);
}

/* Stops the batch for the reason *why. */
static void stop_batch(struct batch_run *r, struct fail *why)
{
    if (fail_is_set(&r->stop))
        fail_release(why);
    else
        fail_move(&r->stop, why);
    batch_stop(&r->batch);
}

/* Sets *shown to the failure *why of the question in this line. */
static void set_numbered(struct fail *shown, int64_t line, const struct fail *why)
{
    fail_set(shown, why->cause, "line %lld: %s", (long long)line, why->message);
    if (why->hint)
        fail_hint(shown, "%s", why->hint);
}

/* Shows the first failure of each exit status, for a person: the objects have all of them. */
static void explain_failure(struct batch_run *r, int64_t line, const struct fail *why)
{
    const struct terminal *t = r->in->terminal;
    bool *explained = &r->explained[fail_status(why)];
    if (*explained || t->quiet || !(t->err || t->verbosity) || why->cause == FAIL_SIGNAL)
        return;
    *explained = true;
    struct fail shown = FAIL_INIT;
    set_numbered(&shown, line, why);
    terminal_failure(r->in->terminal, &shown);
    fail_release(&shown);
}

/* The output. */

static void write_objects(struct batch_run *r)
{
    struct fail why = FAIL_INIT;
    struct buf *ready = &r->batch.ready;
    if (ready->len == 0 && !r->begins_line)
        return;
    terminal_erase_status(r->in->terminal);
    if (r->begins_line)
        buf_byte(&r->out.pending, '\n');
    r->begins_line = false;
    writer_put_json(&r->out, buf_view(ready));
    buf_clear(ready);
    if (writer_flush(&r->out, &why) != 0)
        stop_batch(r, &why);
    buf_shrink(ready, WORKER_BUFFER_KEPT);
    buf_shrink(&r->out.pending, WORKER_BUFFER_KEPT);
    fail_release(&why);
}

/* --resume. */

static void note_finished(struct batch_run *r, struct span line)
{
    enum { SLOT_ID = 1, SLOT_STATUS };
    static const struct json_key keys[] = {{SPAN("id"), SLOT_ID, NULL, 0},
                                           {SPAN("status"), SLOT_STATUS, NULL, 0}};
    static const struct json_shape shape = {keys, 2};
    struct json_found found = {.seen = 0};
    /* A truncated line is not valid JSON and is ignored. */
    if (json_find(r->reader, line, &shape, &found) == 0 &&
        found.slot[SLOT_STATUS].type == JSON_STRING &&
        span_is(found.slot[SLOT_STATUS].string, "done"))
        set_add(&r->finished, found.slot[SLOT_ID].raw);
}

/* Whether standard output is this file and the file ends inside a line. */
static bool must_begin_line(int fd)
{
    struct stat file, out;
    return fstat(fd, &file) == 0 && fstat(STDOUT_FILENO, &out) == 0 && file.st_dev == out.st_dev &&
           file.st_ino == out.st_ino && S_ISREG(file.st_mode) &&
           sys_ends_inside_line(fd, file.st_size);
}

static int read_former(struct batch_run *r, struct fail *fail)
{
    const char *path = setting_text(r->in->settings, OPT_RESUME);
    struct line_input former;
    struct span line;
    struct stat st;
    enum input_result result = INPUT_END;
    if (!path || (stat(path, &st) != 0 && errno == ENOENT))
        return 0;
    if (line_input_open(&former, path, SIZE_MAX / 4, fail) != 0)
        return -1;
    r->begins_line = must_begin_line(former.fd);
    while (!sys_signal() && (result = line_input_read(&former, &line, fail)) == INPUT_LINE)
        note_finished(r, line);
    line_input_release(&former);
    if (sys_signal())
        return fail_signal(fail, sys_signal());
    return result == INPUT_ERROR ? -1 : 0;
}

/* The input. */

static void put_head(struct buf *head, const struct buf *id, int64_t line)
{
    json_put_key(head, "id");
    json_put_raw(head, buf_view(id));
    json_put_int(head, "line", line);
}

static void refuse_line(struct batch_run *r, const struct buf *head, struct fail *why)
{
    struct buf object = {0};
    batch_job_put_failure(&object, head, NULL, why);
    batch_refuse(&r->batch, r->input.number, buf_view(&object), why);
    explain_failure(r, r->input.number, why);
    buf_release(&object);
}

static void take_question(struct batch_run *r, struct span line, bool is_too_long)
{
    struct question_line q = {.conversation = NULL};
    struct fail why = FAIL_INIT;
    struct buf head = {0};
    if (is_too_long)
        fail_set(&why, FAIL_DATA, "the line is longer than 8 MiB");
    else
        question_line_read(&q, r->reader, line, r->job.is_plain, r->in->settings, &why);
    if (q.id.len == 0)
        buf_printf(&q.id, "%lld", (long long)r->input.number);
    put_head(&head, &q.id, r->input.number);
    if (!set_add(&r->ids, buf_view(&q.id)))
        fail_set(&why, FAIL_DATA, "the id occurred in an earlier line");
    if (fail_is_set(&why))
        refuse_line(r, &head, &why);
    else if (set_has(&r->finished, buf_view(&q.id)))
        batch_skip(&r->batch);
    else
        batch_add(&r->batch, r->input.number, buf_view(&head), line, q.conversation);
    question_line_release(&q);
    buf_release(&head);
    fail_release(&why);
}

static bool is_input_ready(const struct batch_run *r)
{
    return r->input.is_regular || sys_wait(r->input.fd, POLLIN, 0) > 0;
}

/* Reads all available lines, as long as the batch accepts more. */
static void read_questions(struct batch_run *r)
{
    struct fail why = FAIL_INIT;
    struct span line;
    while (!r->input_ended && batch_wants_line(&r->batch) && !sys_signal()) {
        enum input_result result = line_input_next(&r->input, &line);
        if (result == INPUT_END)
            r->input_ended = true;
        else if (result != INPUT_MORE && (result == INPUT_TOO_LONG || !message_is_blank(line)))
            take_question(r, line, result == INPUT_TOO_LONG);
        else if (result == INPUT_MORE &&
                 (!is_input_ready(r) || line_input_fill(&r->input, &why) != 0))
            break;
    }
    if (fail_is_set(&why))
        stop_batch(r, &why);
}

/* After a stop: counts the remaining questions of a file as not asked. */
static void count_unread_questions(struct batch_run *r)
{
    struct fail ignored = FAIL_INIT;
    struct span line;
    enum input_result result;
    while (!r->input_ended && r->input.is_regular &&
           (result = line_input_read(&r->input, &line, &ignored)) > INPUT_END)
        r->batch.not_asked += result == INPUT_TOO_LONG || !message_is_blank(line);
    fail_release(&ignored);
}

/* Tokens. */

/* --max-time limits each question; obtaining a token has the same limit. */
static void begin_clock(struct batch_run *r)
{
    int64_t max_time = setting_us(r->in->settings, OPT_MAX_TIME);
    auth_set_deadline(&r->client.auth, &r->client.api, max_time ? sys_now_us() + max_time : 0);
}

/* Looks the names of portfolios up once for all jobs. A failure is that of each question. */
static void find_portfolios_of_options(struct batch_run *r)
{
    struct fail ignored = FAIL_INIT;
    portfolio_resolve(&r->job.choice, &r->client.api, client_portfolios(r->in->settings), false,
                      &ignored);
    fail_release(&ignored);
}

static int obtain_token(struct batch_run *r, struct fail *fail)
{
    int result;
    if (r->has_token) {
        begin_clock(r);
        result = auth_freshen(&r->client.auth, &r->client.api, fail);
        client_warn(&r->client, r->in, fail);
    } else {
        result = client_prepare(&r->client, r->in, fail);
        if (result == 0)
            find_portfolios_of_options(r);
    }
    if (result != 0)
        return -1;
    r->has_token = true;
    r->job.token = r->client.auth.token;
    return 0;
}

/* The refused token may already have been replaced for another job. An empty token in the reply
   means that there is no other one. */
static void renew_token(struct batch_run *r, struct worker *w, struct span refused)
{
    struct fail why = FAIL_INIT;
    struct auth *auth = &r->client.auth;
    bool has_other = !span_is(refused, auth->token);
    if (!has_other && !r->batch.stopped) {
        fail_set(&why, FAIL_DENIED, "the token was refused");
        why.http_status = 401;
        begin_clock(r);
        has_other = auth_recover(auth, &r->client.api, &why);
        r->job.token = auth->token;
        client_warn(&r->client, r->in, &why);
    }
    if (!has_other && !fail_is_set(&r->denied))
        fail_move(&r->denied, &why);
    fail_release(&why);
    struct worker_message message = {.kind = WORKER_TOKEN};
    if (has_other)
        message.part[0] = span_of(auth->token);
    worker_send(w->fd, &message);
}

/* The jobs. */

/* Returns an idle job, starting one if necessary; NULL if all are busy. */
static struct worker *find_worker(struct batch_run *r)
{
    struct fail why = FAIL_INIT;
    struct worker *free_slot = NULL;
    unsigned alive = 0;
    for (unsigned i = 0; i < r->jobs; i++) {
        struct worker *w = &r->workers[i];
        if (w->pid && !w->task)
            return w;
        alive += w->pid != 0;
        if (!w->pid && !free_slot)
            free_slot = w;
    }
    if (!free_slot)
        return NULL;
    if (worker_start(free_slot, r->workers, r->jobs, batch_job_run, &r->job, &why) == 0)
        return free_slot;
    /* Continue with the jobs that are running. */
    if (alive == 0)
        stop_batch(r, &why);
    fail_release(&why);
    return NULL;
}

/* Ends the question of a job that ended without an answer, for the reason *why. */
static void lose_task(struct batch_run *r, struct batch_task *task, struct fail *why)
{
    struct buf object = {0};
    /* The signal may have been sent to the whole process group. */
    if (!sys_signal())
        sys_wait(-1, 0, sys_now_us() + SIGNAL_SPREAD);
    if (sys_signal()) {
        fail_release(why);
        fail_signal(why, sys_signal());
    }
    batch_job_put_failure(&object, &task->head, task->conversation, why);
    explain_failure(r, task->line, why);
    batch_end(&r->batch, task, buf_view(&object), why->cause, fail_status(why));
    buf_release(&object);
}

/* Kills a job if it has not ended yet. Another one is started when it is needed. */
static void end_job(struct batch_run *r, struct worker *w)
{
    struct batch_task *task = w->task;
    struct fail why = FAIL_INIT;
    int status = worker_finish(w, SIGKILL);
    if (WIFSIGNALED(status))
        fail_set(&why, FAIL_SOFTWARE, "the job was killed by signal %d", WTERMSIG(status));
    else
        fail_set(&why, FAIL_SOFTWARE, "the job ended unexpectedly (exit status %d)",
                 WEXITSTATUS(status));
    if (task)
        lose_task(r, task, &why);
    fail_release(&why);
}

static void start_questions(struct batch_run *r)
{
    struct fail why = FAIL_INIT;
    if (r->batch.waiting && obtain_token(r, &why) != 0)
        stop_batch(r, &why);
    while (r->batch.waiting && !sys_signal()) {
        struct worker *w = find_worker(r);
        struct batch_task *task = w ? batch_start(&r->batch) : NULL;
        if (!task)
            break;
        w->task = task;
        const struct worker_message message = {
            .kind = WORKER_QUESTION, .part = {buf_view(&task->head), buf_view(&task->text)}};
        if (worker_send(w->fd, &message) == 0)
            continue;
        /* The question is given to another job if this one was killed while it was idle, or by the
           signal that ends the batch. It fails if a new job ended: the next one would end, too. */
        bool is_lost = !w->has_answered && !sys_signal();
        if (!is_lost)
            w->task = NULL;
        end_job(r, w);
        if (!is_lost)
            batch_put_back(&r->batch, task);
    }
}

/* Shows the failure of an answer. If all further questions would fail as well, it becomes the
   reason of the stop, which is shown at the end. */
static void take_failure(struct batch_run *r, int64_t line, const struct worker_message *answer,
                         bool stops)
{
    struct fail why = FAIL_INIT, shown = FAIL_INIT;
    fail_set(&why, answer->cause, "%.*s", (int)answer->part[1].len, answer->part[1].at);
    if (answer->part[2].len)
        fail_hint(&why, "%.*s", (int)answer->part[2].len, answer->part[2].at);
    if (!stops) {
        explain_failure(r, line, &why);
        fail_release(&why);
        return;
    }
    set_numbered(&shown, line, &why);
    if (answer->cause == FAIL_DENIED && r->denied.hint)
        fail_hint(&shown, "%s", r->denied.hint);
    r->explained[answer->status] = true;
    stop_batch(r, &shown);
    fail_release(&why);
}

/* Takes the failure of a question that is still running. */
static void take_early_failure(struct batch_run *r, const struct batch_task *task,
                               const struct worker_message *m)
{
    bool was_stopped = r->batch.stopped;
    batch_fail(&r->batch, m->cause);
    take_failure(r, task->line, m, !was_stopped && r->batch.stopped && !wants(r, OPT_FAIL_FAST));
}

static void take_answer(struct batch_run *r, struct worker *w, const struct worker_message *m)
{
    bool was_stopped = r->batch.stopped;
    struct batch_task *task = w->task;
    if (m->cause == FAIL_SIGNAL && !sys_signal()) {
        /* Only the job was sent the signal: treat it as killed. */
        struct fail why = FAIL_INIT;
        fail_set(&why, FAIL_SOFTWARE, "the job was killed by signal %d", m->status - 128);
        worker_finish(w, SIGKILL);
        lose_task(r, task, &why);
        fail_release(&why);
        return;
    }
    w->task = NULL;
    w->has_answered = true;
    if (m->cause == FAIL_NONE && r->has_token)
        r->client.auth.tries = 0;
    int64_t line = task->line;
    batch_end(&r->batch, task, m->part[0], m->cause, m->status);
    if (m->cause != FAIL_NONE)
        take_failure(r, line, m, !was_stopped && r->batch.stopped && !wants(r, OPT_FAIL_FAST));
}

/* Shows each warning once, up to a maximum number. */
static void show_warning(struct batch_run *r, struct span text)
{
    enum { WARNINGS_MAX = 1000 };
    struct fail ignored = FAIL_INIT;
    if (!r->in->terminal->quiet && r->warnings.count < WARNINGS_MAX && set_add(&r->warnings, text))
        terminal_warning(r->in->terminal, text, &ignored);
    fail_release(&ignored);
}

static void print_relayed_line(struct batch_run *r, struct span line)
{
    struct fail ignored = FAIL_INIT;
    terminal_line(r->in->terminal, line, &ignored);
    fail_release(&ignored);
}

static void receive_messages(struct batch_run *r, struct worker *w)
{
    struct worker_message message;
    size_t size;
    int result = worker_read(w->fd, &w->in);
    if (result < 0 && errno == EINTR)
        return;
    if (result <= 0) {
        end_job(r, w);
        return;
    }
    while (w->pid && (size = worker_parse(&w->in, &message)) != 0) {
        if (message.kind == WORKER_REFUSED)
            renew_token(r, w, message.part[0]);
        else if (message.kind == WORKER_WARNING)
            show_warning(r, message.part[0]);
        else if (message.kind == WORKER_LINE)
            print_relayed_line(r, message.part[0]);
        else if (message.kind == WORKER_FAILED && w->task)
            take_early_failure(r, w->task, &message);
        else if (w->task)
            take_answer(r, w, &message);
        if (w->pid)
            buf_drop(&w->in, size);
    }
    buf_shrink(&w->in, WORKER_BUFFER_KEPT);
}

/* Signals. */

/* Forwards a signal to the busy jobs, and kills them after the time limit. */
static void cancel_jobs(struct batch_run *r)
{
    int64_t now = sys_now_us();
    int signal = sys_signal() == SIGPIPE ? SIGTERM : sys_signal();
    bool is_late = r->cancelled && now >= r->cancelled + CANCEL;
    if (r->cancelled && !is_late)
        return;
    if (!r->cancelled)
        r->cancelled = now;
    batch_stop(&r->batch);
    for (unsigned i = 0; i < r->jobs; i++) {
        if (r->workers[i].task && is_late)
            end_job(r, &r->workers[i]);
        else if (r->workers[i].task)
            sys_job_signal(r->workers[i].pid, signal);
    }
}

/* Whether the program must end because the reader has closed the output. */
static bool is_unread(const struct batch_run *r)
{
    bool cleans_up = wants(r, OPT_EPHEMERAL) && sys_now_us() < r->cancelled + CANCEL_UNREAD;
    return sys_signal() == SIGPIPE && r->cancelled && !cleans_up;
}

/* The progress line. */

static void put_time_left(const struct batch_run *r, int64_t elapsed, struct buf *out)
{
    const struct batch *b = &r->batch;
    double ended = (double)(b->done + b->failed);
    double read = ended + (double)(b->skipped + b->waiting + b->running);
    if (ended < 1 || (!r->input_ended && (!r->input.is_regular || r->input.offset == 0)))
        return;
    double all = r->input_ended ? read : read * (double)r->input.size / (double)r->input.offset;
    double left = (all - ended - (double)b->skipped) * (double)elapsed / 1e6 / ended;
    if (left >= 5400)
        buf_printf(out, ", %.1f h left", left / 3600);
    else if (left >= 90)
        buf_printf(out, ", %.0f min left", left / 60);
    else if (left > 0)
        buf_printf(out, ", %.0f s left", left);
}

/* The time of the next drawing. */
static int64_t show_progress(struct batch_run *r)
{
    int64_t now = sys_now_us();
    struct buf text = {0};
    if (!r->in->terminal->status || (r->is_typed && !r->input_ended))
        return INT64_MAX;
    batch_put_progress(&r->batch, now - r->started, &text);
    put_time_left(r, now - r->started, &text);
    status_show(&r->status, buf_view(&text));
    buf_release(&text);
    return status_tick(&r->status, now);
}

static void begin_progress(struct batch_run *r)
{
    struct terminal *t = r->in->terminal;
    /* It would be mixed with the output of -v. */
    if (!t->live || t->verbosity)
        return;
    r->status = (struct status){.color = t->color, .ascii = !t->utf8, .is_timeless = true};
    t->status = &r->status;
}

static void end_progress(struct batch_run *r)
{
    status_release(&r->status);
    r->in->terminal->status = NULL;
}

/* The main loop. */

static bool reads_on(const struct batch_run *r)
{
    return !r->input_ended && !sys_signal() && batch_wants_line(&r->batch);
}

static bool is_over(const struct batch_run *r)
{
    if (is_unread(r))
        return true;
    return r->batch.running == 0 && (r->batch.stopped || (r->input_ended && r->batch.waiting == 0));
}

/* Waits for the jobs, the input, a signal or the next drawing of the progress line. */
static void wait_for_events(struct batch_run *r)
{
    /* Without unused entries: poll(2) fails if there are more of them than descriptors may be open.
     */
    struct pollfd fds[BATCH_JOBS_MAX + 1 + SYS_WAIT_EXTRA];
    struct worker *waits[BATCH_JOBS_MAX];
    size_t count = 0;
    int64_t wake = show_progress(r);
    for (unsigned i = 0; i < r->jobs; i++) {
        if (!r->workers[i].pid)
            continue;
        waits[count] = &r->workers[i];
        fds[count++] = (struct pollfd){.fd = r->workers[i].fd, .events = POLLIN};
    }
    size_t jobs = count;
    if (reads_on(r))
        fds[count++] = (struct pollfd){.fd = r->input.fd, .events = POLLIN};
    if (r->cancelled) {
        int64_t end = r->cancelled + (sys_signal() == SIGPIPE ? CANCEL_UNREAD : CANCEL);
        wake = end < wake ? end : wake;
    }
    int known = r->cancelled ? sys_signal() : 0;
    if (sys_wait_for_any(fds, count, wake, known) <= 0)
        return;
    for (size_t i = 0; i < jobs; i++)
        if (fds[i].revents && waits[i]->pid)
            receive_messages(r, waits[i]);
}

static void run_questions(struct batch_run *r)
{
    for (;;) {
        if (sys_signal())
            cancel_jobs(r);
        read_questions(r);
        start_questions(r);
        write_objects(r);
        if (sys_signal() && !r->cancelled)
            continue;
        if (is_over(r))
            return;
        if (!reads_on(r) || !is_input_ready(r))
            wait_for_events(r);
    }
}

/* The end. */

static void end_jobs(struct batch_run *r)
{
    for (unsigned i = 0; i < r->jobs; i++)
        if (r->workers[i].pid && !r->workers[i].task)
            worker_finish(&r->workers[i], 0);
}

static void print_totals(struct batch_run *r)
{
    struct fail ignored = FAIL_INIT;
    struct buf line = {0};
    count_unread_questions(r);
    batch_put_totals(&r->batch, &line);
    if (!r->in->terminal->quiet && sys_signal() != SIGPIPE)
        terminal_line(r->in->terminal, buf_view(&line), &ignored);
    buf_release(&line);
    fail_release(&ignored);
}

/* The exit status is that of a question, which is described by its object, or of the failure that
   ended the program. That is shown here, before the totals. */
static void conclude_batch(struct batch_run *r, struct fail *fail)
{
    enum fail_cause cause = batch_cause(&r->batch);
    if (sys_signal()) {
        fail_signal(fail, sys_signal());
        return;
    }
    if (fail_is_set(&r->stop))
        terminal_failure(r->in->terminal, &r->stop);
    if (r->stop.cause == FAIL_OUTPUT || cause == FAIL_NONE) {
        fail_move(fail, &r->stop);
    } else {
        fail_set(fail, cause == FAIL_SIGNAL ? FAIL_SOFTWARE : cause, "a question failed");
        /* A question is asked only with a token, which the server has rejected. */
        if (cause == FAIL_DENIED)
            fail->http_status = 401;
    }
    fail->shown = true;
}

static int check_batch_options(const struct settings *s, struct fail *fail)
{
    int64_t jobs = setting_number(s, OPT_JOBS);
    if (jobs < 1 || jobs > BATCH_JOBS_MAX)
        return fail_set(fail, FAIL_USAGE, "invalid value '%s' for --jobs: expected 1 to %d",
                        setting_text(s, OPT_JOBS), BATCH_JOBS_MAX);
    return context_check_all(client_context(s), fail);
}

static int open_files(struct batch_run *r, struct fail *fail)
{
    static const struct span prompt =
        SPAN("Type the questions and end them with Ctrl-D on a line of its own.");
    const struct operands *o = r->in->operands;
    const char *path = o->count && !operand_is_dash(&o->list[0]) ? o->list[0].text : NULL;
    r->job.pace = sys_shared_memory(sizeof(struct pace));
    if (!r->job.pace)
        return sys_fail(fail, FAIL_SOFTWARE, "cannot share memory with jobs");
    pace_init(r->job.pace, r->started);
    if (outputs_check_input(r->in, path, fail) != 0 || read_former(r, fail) != 0)
        return -1;
    if (!path)
        terminal_ask(r->in->terminal, prompt, fail);
    int result = line_input_open(&r->input, path, LINE_MAX_BYTES, fail);
    r->is_typed = result == 0 && isatty(r->input.fd);
    return result;
}

static void init_run(struct batch_run *r, const struct invocation *in)
{
    const struct settings *s = in->settings;
    const struct batch_options options = {.jobs = (unsigned)setting_number(s, OPT_JOBS),
                                          .ordered = setting_is(s, OPT_ORDERED),
                                          .fail_fast = setting_is(s, OPT_FAIL_FAST)};
    *r = (struct batch_run){.in = in,
                            .input = {.fd = -1},
                            .reader = json_reader_new(),
                            .jobs = options.jobs,
                            .denied = FAIL_INIT,
                            .started = sys_now_us(),
                            .stop = FAIL_INIT};
    r->job =
        (struct batch_job){.in = in,
                           .is_plain = setting_is(s, OPT_LINES),
                           .is_logged = setting_is_given(s, OPT_LOG) && logging_is_on(in, false)};
    batch_init(&r->batch, &options);
    writer_init_standard(&r->out);
}

static void release_run(struct batch_run *r)
{
    sys_shared_release(r->job.pace, sizeof(struct pace));
    line_input_release(&r->input);
    json_reader_free(r->reader);
    set_release(&r->ids);
    set_release(&r->finished);
    set_release(&r->warnings);
    portfolio_choice_release(&r->job.choice);
    batch_release(&r->batch);
    client_close(&r->client);
    writer_release(&r->out);
    fail_release(&r->denied);
    fail_release(&r->stop);
}

static int run_batch(const struct invocation *in, struct fail *fail)
{
    struct batch_run r;
    if (check_batch_options(in->settings, fail) != 0)
        return -1;
    sys_signals_catch();
    init_run(&r, in);
    if (open_files(&r, fail) == 0) {
        begin_progress(&r);
        run_questions(&r);
        end_progress(&r);
        end_jobs(&r);
        if (!sys_signal() && r.stop.cause != FAIL_OUTPUT)
            writer_close_standard(&r.stop);
        conclude_batch(&r, fail);
        print_totals(&r);
    }
    release_run(&r);
    return fail_is_set(fail) ? -1 : 0;
}

const struct command command_batch = {
    .name = "batch",
    .summary = "ask many questions, several at a time",
    .usage = "[OPTION]... [FILE]",
    .about = "Reads a question from each line of FILE or standard input, a JSON object, and\n"
             "writes a line for each answer. --resume asks only what is not done yet.\n",
    .examples = "  sigmasight-chat batch --resume out.jsonl questions.jsonl >> out.jsonl\n"
                "  sigmasight-chat batch --lines --jobs 8 < questions.txt | jq -r .text\n",
    .operands = 1,
    .groups = GROUP_API | GROUP_CONTEXT | GROUP_BATCH | GROUP_RETRY,
    .run = run_batch,
};
