/* SPDX-License-Identifier: MIT */
/* Renders Markdown as the program does, in pieces that a test chooses.

   render WIDTH STYLE CUT FILE...

   STYLE is plain, color, or ascii (plain with ASCII marks). CUT is whole, byte, character, line, or
   a number: pieces of random length from that seed. Each file's output is followed by a record
   separator (0x1E). With CUT `trace` the pieces are characters, and what was written for each is
   followed by a unit separator (0x1F). */
#include "core/utf8.h"
#include "terminal/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned width = 80;
static const char *cut = "whole";
static uint32_t seed;

static unsigned columns(void *arg)
{
    (void)arg;
    return width;
}

static size_t piece(struct span text)
{
    uint32_t point;
    const char *end;
    switch (cut[0]) {
    case 'w':
        return text.len;
    case 'b':
        return 1;
    case 'l':
        end = memchr(text.at, '\n', text.len);
        return end ? (size_t)(end - text.at) + 1 : text.len;
    case 'c':
    case 't':
        return utf8_next(text, &point) ? utf8_next(text, &point) : text.len;
    default:
        seed = seed * 1664525U + 1013904223U;
        return 1 + (seed >> 24) % 40;
    }
}

static void read_file(struct buf *text, const char *name)
{
    char chunk[65536];
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (!file) {
        perror(name);
        exit(2);
    }
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        buf_append(text, chunk, n);
    fclose(file);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fputs("usage: render WIDTH STYLE CUT FILE...\n", stderr);
        return 2;
    }
    width = (unsigned)atoi(argv[1]);
    cut = argv[3];
    struct buf out = {0};
    struct layout *layout = layout_new(&out, (struct layout_options){.columns = columns,
                                                                     .color = argv[2][0] == 'c',
                                                                     .ascii = argv[2][0] == 'a'});
    struct markdown *markdown = markdown_new(layout_sink(layout));
    for (int i = 4; i < argc; i++) {
        struct buf text = {0};
        read_file(&text, argv[i]);
        seed = (uint32_t)atoi(cut);
        struct span rest = buf_view(&text);
        while (rest.len) {
            size_t n = piece(rest);
            n = n < rest.len ? n : rest.len;
            markdown_feed(markdown, span_make(rest.at, n));
            rest = span_make(rest.at + n, rest.len - n);
            if (cut[0] == 't')
                buf_byte(&out, 0x1F);
            if (out.len > 65536) {
                fwrite(out.data, 1, out.len, stdout);
                buf_clear(&out);
            }
        }
        markdown_end(markdown);
        layout_end(layout, true);
        buf_byte(&out, 0x1E);
        fwrite(out.data, 1, out.len, stdout);
        buf_clear(&out);
        layout_reset(layout, &out);
        buf_release(&text);
    }
    markdown_free(markdown);
    layout_free(layout);
    buf_release(&out);
    return 0;
}
