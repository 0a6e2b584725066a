/* SPDX-License-Identifier: MIT */
#include "output/terminal.h"

#include "base/system.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool same_device(int a, int b)
{
    struct stat one, two;
    return fstat(a, &one) == 0 && fstat(b, &two) == 0 && one.st_rdev == two.st_rdev &&
           one.st_ino == two.st_ino && one.st_dev == two.st_dev;
}

static bool set_and_not_empty(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool wants_color(const char *color, bool is_terminal)
{
    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    if (set_and_not_empty("NO_COLOR"))
        return false;
    const char *force = getenv("CLICOLOR_FORCE");
    if (force && *force && strcmp(force, "0") != 0)
        return true;
    const char *term = getenv("TERM");
    return is_terminal && term && *term && strcmp(term, "dumb") != 0;
}

void terminal_init(struct terminal *t, const char *color, bool quiet, int verbosity)
{
    *t = (struct terminal){.quiet = quiet, .verbosity = verbosity};
    t->out = isatty(STDOUT_FILENO);
    t->err = isatty(STDERR_FILENO);
    t->same = t->out && t->err && same_device(STDOUT_FILENO, STDERR_FILENO);
    t->color = wants_color(color, t->err);
    const char *term = getenv("TERM");
    t->live = t->err && !quiet && term && *term && strcmp(term, "dumb") != 0;
}

static void end_cut_line(struct terminal *t)
{
    terminal_make_way(t);
    if (t->same && t->answer && t->answer->cut_line) {
        t->answer->cut_line = false;
        sys_write_all(STDERR_FILENO, "\n", 1, NULL);
    }
}

/* `style` is an SGR parameter for the whole line. */
static void write_line(struct terminal *t, struct span line, const char *style)
{
    struct buf out = {0};
    end_cut_line(t);
    if (t->color)
        buf_printf(&out, "\033[%sm", style);
    buf_span(&out, line);
    if (t->color)
        buf_puts(&out, "\033[0m");
    buf_byte(&out, '\n');
    sys_write_all(STDERR_FILENO, out.data, out.len, NULL);
    buf_release(&out);
}

int terminal_begin_line(struct terminal *t, struct fail *fail)
{
    int result = t->same && t->answer ? output_flush(t->answer, fail) : 0;
    end_cut_line(t);
    return result;
}

int terminal_line(struct terminal *t, struct span line, struct fail *fail)
{
    int result = terminal_begin_line(t, fail);
    write_line(t, line, "2");
    return result;
}

int terminal_warning(struct terminal *t, struct span text, struct fail *fail)
{
    int result = terminal_begin_line(t, fail);
    struct buf line = {0};
    buf_puts(&line, "sigmasight-chat: warning: ");
    harmless_put_line(&line, text);
    write_line(t, buf_view(&line), "33");
    buf_release(&line);
    return result;
}

void terminal_failure(struct terminal *t, const struct fail *fail)
{
    struct buf line = {0};
    buf_puts(&line, "sigmasight-chat: ");
    if (fail_row(fail->cause)->what)
        buf_printf(&line, "%s: ", fail_row(fail->cause)->what);
    harmless_put_line(&line, span_first_line(span_of(fail->message)));
    if (fail->hint) {
        buf_puts(&line, "; ");
        harmless_put_line(&line, span_of(fail->hint));
    }
    write_line(t, buf_view(&line), "31");
    buf_release(&line);
}

static bool is_dangerous(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == UTF8_ILL_FORMED;
}

/* Walks over `text`, passes on what is harmless in runs and gives the rest to `show`. */
static void filter(struct buf *out, struct span text,
                   void (*show)(struct buf *out, uint32_t point, struct span bytes))
{
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t point;
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        if (step == 0) {
            point = UTF8_ILL_FORMED;
            step = text.len - at;
        }
        if (is_dangerous(point)) {
            buf_append(out, text.at + from, at - from);
            show(out, point, span_make(text.at + at, step));
            from = at + step;
        }
        at += step;
    }
    buf_append(out, text.at + from, text.len - from);
}

static void show_visibly(struct buf *out, uint32_t point, struct span bytes)
{
    if (point == '\n' || point == '\t') {
        buf_byte(out, (char)point);
    } else if (point < 0x20 || point == 0x7F) {
        buf_byte(out, '^');
        buf_byte(out, (char)(point ^ 0x40));
    } else if (point == UTF8_ILL_FORMED) {
        for (size_t i = 0; i < bytes.len; i++)
            buf_printf(out, "\\x{%02x}", (unsigned char)bytes.at[i]);
    } else {
        buf_printf(out, "\\u{%x}", (unsigned)point);
    }
}

static void show_in_line(struct buf *out, uint32_t point, struct span bytes)
{
    if (point == '\n' || point == '\t' || point == '\r')
        buf_byte(out, ' ');
    else
        show_visibly(out, point, bytes);
}

static void show_as_json(struct buf *out, uint32_t point, struct span bytes)
{
    (void)bytes;
    if (point == '\n')
        buf_byte(out, '\n');
    else if (point == UTF8_ILL_FORMED)
        buf_puts(out, "\\ufffd");
    else
        buf_printf(out, "\\u%04x", (unsigned)point);
}

void harmless_put(struct buf *out, struct span text)
{
    filter(out, text, show_visibly);
}

void harmless_put_line(struct buf *out, struct span text)
{
    filter(out, text, show_in_line);
}

void harmless_put_json(struct buf *out, struct span json)
{
    filter(out, json, show_as_json);
}
