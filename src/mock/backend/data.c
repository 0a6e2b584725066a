/* SPDX-License-Identifier: MIT */
#include "mock/backend/data.h"

/* The word at the start of *s, which becomes the rest without the blank between them. */
static struct span cut_word(struct span *s)
{
    const char *blank = s->len ? memchr(s->at, ' ', s->len) : NULL;
    struct span word = span_make(s->at, blank ? (size_t)(blank - s->at) : s->len);
    size_t used = word.len + (blank != NULL);
    *s = span_make(s->at + used, s->len - used);
    return word;
}

bool data_next(const char *kind, struct section *s)
{
    for (size_t i = s->next; data_lines[i]; i++) {
        struct span line = span_of(data_lines[i]);
        if (line.len == 0 || line.at[0] != '@')
            continue;
        struct span rest = span_make(line.at + 1, line.len - 1);
        if (!span_is(cut_word(&rest), kind))
            continue;
        *s = (struct section){.begin = i + 1, .end = i + 1};
        s->name = cut_word(&rest);
        s->rest = rest;
        for (s->next = i + 1; data_lines[s->next] && data_lines[s->next][0] != '@'; s->next++)
            if (data_lines[s->next][0])
                s->end = s->next + 1;
        return true;
    }
    return false;
}

bool data_find(const char *kind, struct span name, struct section *s)
{
    *s = (struct section){.begin = 0};
    while (data_next(kind, s))
        if (span_equal(s->name, name))
            return true;
    return false;
}

void data_expand(struct buf *out, const struct section *s, const char *separator,
                 const struct values *v)
{
    for (size_t i = s->begin; i < s->end; i++) {
        buf_puts(out, i > s->begin ? separator : "");
        template_expand(out, span_of(data_lines[i]), false, v);
    }
}
