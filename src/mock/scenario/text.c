/* SPDX-License-Identifier: MIT */
#include "mock/scenario/text.h"

#include "core/xmalloc.h"

#include <stdlib.h>

static const struct span names[TEXT_VALUES] = {
    [TEXT_CONVERSATION] = SPAN("$CONVERSATION"),
    [TEXT_TEXT] = SPAN("$TEXT"),
    [TEXT_ATTEMPT] = SPAN("$ATTEMPT"),
    [TEXT_TOKEN] = SPAN("$TOKEN"),
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The escape at the start of `s`, which begins with a backslash: its length, 0 when it is none. */
static size_t escape(struct span s, char *byte)
{
    static const char letters[] = "nrt0\\", bytes[] = "\n\r\t\0\\";
    if (s.len < 2)
        return 0;
    const char *letter = memchr(letters, s.at[1], sizeof letters - 1);
    if (letter) {
        *byte = bytes[letter - letters];
        return 2;
    }
    if (s.at[1] != 'x' || s.len < 4)
        return 0;
    int high = hex_digit(s.at[2]), low = hex_digit(s.at[3]);
    if (high < 0 || low < 0)
        return 0;
    *byte = (char)(high * 16 + low);
    return 4;
}

/* The name at the start of `s`: its length, 0 when there is none. */
static size_t name(struct span s, enum text_value *value)
{
    for (int i = 0; i < TEXT_VALUES; i++) {
        if (span_starts(s, names[i])) {
            *value = (enum text_value)i;
            return names[i].len;
        }
    }
    return 0;
}

static void add_place(struct text *t, enum text_value value)
{
    t->places = xrealloc(t->places, (t->place_count + 1) * sizeof *t->places);
    t->places[t->place_count++] = (struct text_place){t->bytes.len, value};
}

int text_parse(struct text *t, struct span source, bool escapes, struct fail *f)
{
    while (source.len > 0) {
        char byte = source.at[0];
        enum text_value value;
        size_t len = byte == '$' ? name(source, &value) : 0;
        if (len > 0) {
            add_place(t, value);
        } else if (escapes && byte == '\\') {
            len = escape(source, &byte);
            if (len == 0)
                return fail_set(f, FAIL_DATA, "bad escape '%.*s'", source.len < 2 ? 1 : 2,
                                source.at);
            buf_byte(&t->bytes, byte);
        } else {
            len = 1;
            buf_byte(&t->bytes, byte);
        }
        source = span_make(source.at + len, source.len - len);
    }
    return 0;
}

void text_take(struct text *t, struct buf *bytes)
{
    t->bytes = *bytes;
    buf_init(bytes, 0);
}

void text_release(struct text *t)
{
    buf_release(&t->bytes);
    free(t->places);
    *t = (struct text){.places = NULL};
}

bool text_is_constant(const struct text *t)
{
    return t->place_count == 0;
}

/* An empty text has no memory to point into. */
static void put_literal(const struct text *t, size_t from, size_t to, struct buf *out)
{
    if (to > from)
        buf_append(out, t->bytes.data + from, to - from);
}

void text_expand(const struct text *t, const struct text_values *values, struct buf *out)
{
    size_t done = 0;
    for (size_t i = 0; i < t->place_count; i++) {
        const struct text_place *place = &t->places[i];
        put_literal(t, done, place->at, out);
        buf_span(out, values->value[place->value]);
        done = place->at;
    }
    put_literal(t, done, t->bytes.len, out);
}
