/* SPDX-License-Identifier: MIT */
#include "terminal/pen.h"

#include "terminal/markdown.h"

/* Parameters of SGR. Code is magenta, as warnings are: of the 16 colours the one that is readable
   on light and dark backgrounds and does not mean failure. */
static const struct {
    unsigned style;
    const char *parameter;
} looks[] = {
    {(unsigned)MARKDOWN_STRONG | (unsigned)PEN_HEADING, ";1"},
    {(unsigned)MARKDOWN_URL | (unsigned)PEN_FAINT, ";2"},
    {MARKDOWN_EMPHASIS, ";3"},
    {MARKDOWN_LINK, ";4"},
    {MARKDOWN_STRIKE, ";9"},
    {MARKDOWN_CODE, ";35"},
};

void pen_set_style(struct pen *pen, unsigned style)
{
    if (!pen->color || style == pen->style)
        return;
    pen->style = style;
    pen->used = true;
    buf_puts(pen->out, "\033[0");
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++)
        if (style & looks[i].style)
            buf_puts(pen->out, looks[i].parameter);
    buf_byte(pen->out, 'm');
}

void pen_put(struct pen *pen, struct span text, unsigned style)
{
    pen_set_style(pen, style);
    buf_span(pen->out, text);
}

void pen_blanks(struct pen *pen, size_t count)
{
    while (count--)
        buf_byte(pen->out, ' ');
}
