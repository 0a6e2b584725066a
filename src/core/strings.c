/* SPDX-License-Identifier: MIT */
#include "core/strings.h"

#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>

void strings_add(struct strings *s, struct span text)
{
    s->list = xgrow(s->list, s->count, sizeof *s->list);
    s->list[s->count++] = xspandup(text);
}

void strings_copy(struct strings *to, const struct strings *from)
{
    struct strings copy = {NULL, 0};
    for (size_t i = 0; i < from->count; i++)
        strings_add(&copy, span_of(from->list[i]));
    strings_move(to, &copy);
}

void strings_move(struct strings *to, struct strings *from)
{
    strings_release(to);
    *to = *from;
    *from = (struct strings){NULL, 0};
}

void strings_release(struct strings *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->list[i]);
    free(s->list);
    *s = (struct strings){NULL, 0};
}

bool strings_equal(const struct strings *a, const struct strings *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = strcmp(a->list[i], b->list[i]) == 0;
    return equal;
}
