/* SPDX-License-Identifier: MIT */
/* Rendered Markdown: the result does not depend on how the text is cut, at any width and in any
   style. It has no sequences except SGR, ends in plain style, and no line ends in a blank. */
#include "fuzz.h"
#include "terminal/layout.h"

#include <string.h>

FUZZ_TARGET("markdown.dict", "tests/fuzz/corpus/markdown/* tests/transcripts/*.text");

static unsigned width;

static unsigned columns_of(void *arg)
{
    (void)arg;
    return width;
}

static int feed(void *arg, struct span piece)
{
    markdown_feed(arg, piece);
    return 0;
}

static void render(struct buf *out, struct span text, enum fuzz_way way, bool color)
{
    buf_clear(out);
    struct layout *layout =
        layout_new(out, (struct layout_options){.columns = columns_of, .color = color});
    struct markdown *markdown = markdown_new(layout_sink(layout));
    fuzz_feed(text, way, feed, markdown);
    markdown_end(markdown);
    layout_end(layout, true);
    markdown_free(markdown);
    layout_free(layout);
}

static void check_lines(struct span out)
{
    for (size_t i = 1; i < out.len; i++)
        if (out.at[i] == '\n')
            fuzz_require(out.at[i - 1] != ' ' && out.at[i - 1] != '\t',
                         "a blank at the end of a line");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned widths[] = {20, 33, 80, 200};
    static struct buf whole, cut;
    struct span text = fuzz_input(data, size);
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        width = widths[i];
        bool color = i % 2 == 0;
        render(&whole, text, FUZZ_WHOLE, color);
        fuzz_require_harmless(buf_view(&whole), FUZZ_STYLES, "rendered text");
        fuzz_require(color || !whole.len || !memchr(whole.data, '\033', whole.len),
                     "unexpected colour");
        if (!color)
            check_lines(buf_view(&whole));
        for (enum fuzz_way way = FUZZ_BYTES; way < FUZZ_WAYS; way++) {
            render(&cut, text, way, color);
            fuzz_same(buf_view(&cut), buf_view(&whole), "the text in pieces");
        }
    }
    return 0;
}
