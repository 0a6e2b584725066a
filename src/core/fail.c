/* SPDX-License-Identifier: MIT */
#include "core/fail.h"

#include "core/buf.h"
#include "core/xmalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* tests/lint/exit-status holds the manual's table against this one. */
static const struct fail_row rows[FAIL_CAUSES] = {
    [FAIL_NONE] = {"none", 0, "done", RETRY_NEVER, NULL},
    [FAIL_ANSWER] = {"server_error", 1, "error", RETRY_NEVER, "server error"},
    [FAIL_ANSWER_RETRY] = {"server_error", 75, "error", RETRY_MAYBE_STORED, "server error"},
    [FAIL_USAGE] = {"usage", 64, "failed", RETRY_NEVER, NULL},
    [FAIL_DATA] = {"refused", 65, "failed", RETRY_NEVER, NULL},
    [FAIL_INPUT] = {"no_input", 66, "failed", RETRY_NEVER, NULL},
    [FAIL_UNREACHABLE] = {"unreachable", 69, "failed", RETRY_NOT_STORED, NULL},
    [FAIL_OVERLOADED] = {"unavailable", 69, "failed", RETRY_NOT_STORED, NULL},
    [FAIL_SERVER] = {"server_failed", 69, "failed", RETRY_MAYBE_STORED, NULL},
    [FAIL_SERVER_OTHER] = {"server_failed", 69, "failed", RETRY_NEVER, NULL},
    [FAIL_QUOTA] = {"quota", 69, "failed", RETRY_NEVER, NULL},
    [FAIL_SOFTWARE] = {"internal", 70, "failed", RETRY_NEVER, NULL},
    [FAIL_CREATE] = {"cannot_create", 73, "failed", RETRY_NEVER, NULL},
    [FAIL_OUTPUT] = {"output", 74, "failed", RETRY_NEVER, NULL},
    [FAIL_BUSY] = {"busy", 75, "failed", RETRY_NOT_STORED, NULL},
    [FAIL_CLOCK] = {"timeout", 75, "interrupted", RETRY_MAYBE_STORED, NULL},
    [FAIL_DEADLINE] = {"timeout", 75, "interrupted", RETRY_NEVER, NULL},
    [FAIL_CUT] = {"cut_off", 75, "interrupted", RETRY_MAYBE_STORED, NULL},
    [FAIL_PROTOCOL] = {"protocol", 76, "failed", RETRY_NEVER, NULL},
    [FAIL_DENIED] = {"denied", 77, "failed", RETRY_NEVER, NULL},
    [FAIL_CONFIG] = {"config", 78, "failed", RETRY_NEVER, NULL},
    [FAIL_SIGNAL] = {"cancelled", 0, "cancelled", RETRY_NEVER, NULL},
};

const struct fail_row *fail_row(enum fail_cause cause)
{
    return &rows[cause];
}

static __attribute__((format(printf, 1, 0))) char *format_text(const char *format, va_list args)
{
    struct buf text = {0};
    buf_vprintf(&text, format, args);
    return buf_take(&text);
}

/* `message` is taken. */
static int record(struct fail *f, enum fail_cause cause, char *message)
{
    if (fail_is_set(f)) {
        free(message);
        return -1;
    }
    f->cause = cause;
    f->message = message;
    return -1;
}

int fail_set(struct fail *f, enum fail_cause cause, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = format_text(format, args);
    va_end(args);
    return record(f, cause, message);
}

int fail_set_hint(struct fail *f, enum fail_cause cause, const char *hint, const char *format, ...)
{
    va_list args;
    if (fail_is_set(f))
        return -1;
    va_start(args, format);
    record(f, cause, format_text(format, args));
    va_end(args);
    f->hint = xstrdup(hint);
    return -1;
}

int fail_errno(struct fail *f, enum fail_cause cause, int error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *what = format_text(format, args);
    va_end(args);
    struct buf message = {0};
    buf_printf(&message, "%s: %s", what, strerror(error));
    free(what);
    return record(f, cause, buf_take(&message));
}

int fail_signal(struct fail *f, int signal)
{
    if (!fail_is_set(f))
        f->signal = signal;
    return fail_set(f, FAIL_SIGNAL, "%s", strsignal(signal));
}

void fail_hint(struct fail *f, const char *format, ...)
{
    if (f->hint)
        return;
    va_list args;
    va_start(args, format);
    f->hint = format_text(format, args);
    va_end(args);
}

/* A word for sh: in single quotes, out of which a quote has to be taken. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_byte(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buf_puts(out, "'\\'");
        buf_byte(out, *text);
    }
    buf_byte(out, '\'');
}

void fail_put_word(struct buf *out, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "/._-+,:@%";
    if (*text && strspn(text, plain) == strlen(text))
        buf_puts(out, text);
    else
        put_quoted(out, text);
}

void fail_hint_command(struct fail *f, const char *command, const char *path)
{
    struct buf word = {0};
    fail_put_word(&word, path);
    fail_hint(f, "run '%s %s'", command, buf_text(&word));
    buf_release(&word);
}

void fail_prefix(struct fail *f, const char *prefix)
{
    struct buf text = {0};
    buf_printf(&text, "%s: %s", prefix, f->message);
    free(f->message);
    f->message = buf_take(&text);
}

void fail_code(struct fail *f, struct span code)
{
    free(f->code);
    f->code = xmemdup(code.at, code.len);
}

int fail_status(const struct fail *f)
{
    return f->cause == FAIL_SIGNAL ? 128 + f->signal : rows[f->cause].status;
}

void fail_release(struct fail *f)
{
    free(f->message);
    free(f->hint);
    free(f->code);
    *f = (struct fail)FAIL_INIT;
}

void fail_move(struct fail *to, struct fail *from)
{
    fail_release(to);
    *to = *from;
    *from = (struct fail)FAIL_INIT;
}
