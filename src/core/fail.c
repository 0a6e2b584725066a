/* SPDX-License-Identifier: MIT */
#include "core/fail.h"

#include "core/buf.h"
#include "core/xmalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* The exit status of each cause; that of a signal is in fail_status(). tests/lint/exit-status
   compares this table with the manual's. */
/* clang-format off */
static const int statuses[FAIL_CAUSES] = {
    [FAIL_NONE] = 0,
    [FAIL_ANSWER] = 1,
    [FAIL_ANSWER_RETRY] = 75,
    [FAIL_ANSWER_QUOTA] = 69,
    [FAIL_ANSWER_LIMIT] = 75,
    [FAIL_USAGE] = 64,
    [FAIL_DATA] = 65,
    [FAIL_INPUT] = 66,
    [FAIL_NOT_LISTENING] = 69,
    [FAIL_CERTIFICATE] = 69,
    [FAIL_UNREACHABLE] = 69,
    [FAIL_OVERLOADED] = 69,
    [FAIL_SERVER] = 69,
    [FAIL_SERVER_OTHER] = 69,
    [FAIL_QUOTA] = 69,
    [FAIL_SOFTWARE] = 70,
    [FAIL_CREATE] = 73,
    [FAIL_OUTPUT] = 74,
    [FAIL_BUSY] = 75,
    [FAIL_LIMIT] = 75,
    [FAIL_LIMIT_SERVER] = 75,
    [FAIL_CLOCK] = 75,
    [FAIL_DEADLINE] = 75,
    [FAIL_UNSENT] = 75,
    [FAIL_CUT] = 75,
    [FAIL_PROTOCOL] = 76,
    [FAIL_DENIED] = 77,
    [FAIL_CONFIG] = 78,
    [FAIL_SIGNAL] = 0,
};
/* clang-format on */

static __attribute__((format(printf, 1, 0))) char *format_text(const char *format, va_list args)
{
    struct buf text = {0};
    buf_vprintf(&text, format, args);
    return buf_take(&text);
}

/* Takes ownership of `message`. */
static int record_failure(struct fail *f, enum fail_cause cause, char *message)
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
    return record_failure(f, cause, message);
}

int fail_set_hint(struct fail *f, enum fail_cause cause, const char *hint, const char *format, ...)
{
    va_list args;
    if (fail_is_set(f))
        return -1;
    va_start(args, format);
    record_failure(f, cause, format_text(format, args));
    va_end(args);
    f->hint = hint ? xstrdup(hint) : NULL;
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
    return record_failure(f, cause, buf_take(&message));
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

/* A word for sh in single quotes, with each single quote escaped. */
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

char *fail_command_hint(const char *command, const char *path)
{
    struct buf hint = {0};
    buf_printf(&hint, "run '%s ", command);
    fail_put_word(&hint, path);
    buf_byte(&hint, '\'');
    return buf_take(&hint);
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
    f->code = xspandup(code);
}

int fail_status(const struct fail *f)
{
    return f->cause == FAIL_SIGNAL ? 128 + f->signal : statuses[f->cause];
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
