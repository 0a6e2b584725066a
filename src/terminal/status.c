/* SPDX-License-Identifier: MIT */
#include "terminal/status.h"

#include "core/width.h"
#include "system/system.h"
#include "terminal/escape.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SECOND = 1000000, FRAME = SECOND / 10 };

static const char *const frames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
static const char *const ascii_frames[] = {"|", "/", "-", "\\"};

enum {
    FRAMES = sizeof frames / sizeof frames[0],
    ASCII_FRAMES = sizeof ascii_frames / sizeof ascii_frames[0],
    SPINNER = 2 /* columns */
};

static unsigned window_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* The elapsed time of a wait and `next` are kept when the text changes, so that frequent changes do
   not cause more drawing. */
static void set_text(struct status *s, struct span text, int64_t until)
{
    struct buf shown = {0};
    escape_put_line(&shown, text);
    bool same =
        s->active && !s->until && !until && span_equal(buf_view(&s->text), buf_view(&shown));
    if (!same)
        s->since = sys_now_us();
    buf_release(&s->text);
    s->text = shown;
    s->active = true;
    s->until = until;
}

void status_show(struct status *s, struct span text)
{
    set_text(s, text, 0);
}

void status_count_down(struct status *s, struct span text, int64_t until)
{
    set_text(s, text, until);
}

/* If the line is too narrow, the text is truncated and the time is kept. */
static void put_line(const struct status *s, int64_t now, unsigned columns, struct buf *line)
{
    int64_t seconds = s->until ? (s->until - now + SECOND - 1) / SECOND : (now - s->since) / SECOND;
    struct buf time = {0};
    unsigned width;
    struct span text = buf_view(&s->text);
    if (seconds > 0 && !s->is_timeless)
        buf_printf(&time, " %lld s", (long long)seconds);
    const char *mark = s->ascii ? "..." : "…";
    unsigned rest = SPINNER + (unsigned)time.len, mark_width = width_of(span_of(mark));
    buf_puts(line, s->ascii ? ascii_frames[s->frame % ASCII_FRAMES] : frames[s->frame % FRAMES]);
    buf_byte(line, ' ');
    if (rest + width_of(text) <= columns || rest + mark_width + 1 > columns) {
        buf_span(line, text);
    } else {
        buf_span(line, width_fit(text, columns - rest - mark_width, &width));
        buf_puts(line, mark);
    }
    buf_span(line, buf_view(&time));
    line->len = width_fit(buf_view(line), columns, &width).len;
    buf_release(&time);
}

/* One column stays free, for terminals that show a character wider than expected. The cursor is
   left at the start of the line: if the terminal is narrowed and wraps the line, all of it is still
   after the cursor. */
#define NO_WRAP "\033[?7l"
#define WRAP    "\033[?7h"
#define CLEAR   "\033[J"

static const char erase[] = "\r" CLEAR;

static void draw(struct status *s, int64_t now)
{
    struct buf line = {0}, out = {0};
    put_line(s, now, window_columns() - 1, &line);
    buf_puts(&out, s->color ? "\r" NO_WRAP "\033[2m" : "\r" NO_WRAP);
    buf_span(&out, buf_view(&line));
    buf_puts(&out, s->color ? "\033[0m" CLEAR WRAP "\r" : CLEAR WRAP "\r");
    sys_on_stop(STDERR_FILENO, erase);
    sys_write_all(STDERR_FILENO, out.data, out.len, NULL);
    buf_release(&line);
    buf_release(&out);
    s->drawn = true;
}

int64_t status_tick(struct status *s, int64_t now)
{
    if (!s->active)
        return INT64_MAX;
    if (now >= s->next) {
        /* In the background, the terminal belongs to another process group. */
        if (sys_in_foreground(STDERR_FILENO))
            draw(s, now);
        s->frame++;
        s->next = now + FRAME;
    }
    return s->next;
}

void status_erase(struct status *s)
{
    sys_on_stop(STDERR_FILENO, NULL);
    if (s->drawn && sys_in_foreground(STDERR_FILENO))
        sys_write_all(STDERR_FILENO, erase, sizeof erase - 1, NULL);
    s->drawn = false;
}

void status_hide(struct status *s)
{
    status_erase(s);
    s->active = false;
}

void status_release(struct status *s)
{
    status_hide(s);
    buf_release(&s->text);
}
