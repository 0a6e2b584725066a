/* SPDX-License-Identifier: MIT */
#include "output/status.h"

#include "base/system.h"
#include "base/utf8.h"
#include "output/harmless.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { SECOND = 1000000, FRAME = SECOND / 10 };

static const char *const frames[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};

enum { FRAMES = sizeof frames / sizeof frames[0] };

/* Unicode's East Asian Width W and F, and emoji, as blocks; and what takes no column. */
static unsigned point_width(uint32_t c)
{
    static const struct {
        uint32_t first, last;
        unsigned width;
    } blocks[] = {
        {0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200F, 0},   {0x20D0, 0x20FF, 0},
        {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},   {0xA960, 0xA97C, 2},   {0xAC00, 0xD7A3, 2},
        {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},
        {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2},
        {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (c >= blocks[i].first && c <= blocks[i].last)
            return blocks[i].width;
    return 1;
}

/* The longest prefix of at most `columns`; *width gets what it takes. */
static struct span fitting(struct span text, unsigned columns, unsigned *width)
{
    size_t at = 0;
    *width = 0;
    while (at < text.len) {
        uint32_t point;
        size_t step = utf8_next(span_make(text.at + at, text.len - at), &point);
        unsigned w = point_width(point);
        if (step == 0 || *width + w > columns)
            break;
        *width += w;
        at += step;
    }
    return span_make(text.at, at);
}

unsigned status_width(struct span text)
{
    unsigned width;
    fitting(text, UINT32_MAX, &width);
    return width;
}

static unsigned terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

static void show(struct status *s, struct span text, int64_t until)
{
    buf_clear(&s->text);
    harmless_put_line(&s->text, text);
    s->active = true;
    s->since = sys_now_us();
    s->until = until;
    s->next = 0;
}

void status_show(struct status *s, struct span text)
{
    show(s, text, 0);
}

void status_count_down(struct status *s, struct span text, int64_t until)
{
    show(s, text, until);
}

static void put_line(const struct status *s, int64_t now, struct buf *line)
{
    int64_t seconds = s->until ? (s->until - now + SECOND - 1) / SECOND : (now - s->since) / SECOND;
    buf_printf(line, "%s ", frames[s->frame % FRAMES]);
    buf_span(line, buf_view(&s->text));
    if (seconds > 0)
        buf_printf(line, " %lld s", (long long)seconds);
}

/* One column stays free: a terminal that has written into its last one may wrap. */
static void draw(struct status *s, int64_t now)
{
    struct buf line = {0}, out = {0};
    unsigned width;
    put_line(s, now, &line);
    buf_puts(&out, s->color ? "\r\033[2m" : "\r");
    buf_span(&out, fitting(buf_view(&line), terminal_columns() - 1, &width));
    buf_puts(&out, s->color ? "\033[0m\033[K" : "\033[K");
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
        draw(s, now);
        s->frame++;
        s->next = now + FRAME;
    }
    return s->next;
}

void status_erase(struct status *s)
{
    static const char erase[] = "\r\033[K";
    if (s->drawn)
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
