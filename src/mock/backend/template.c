/* SPDX-License-Identifier: MIT */
#include "mock/backend/template.h"

#include "core/utf8.h"
#include "system/time.h"
#include "json/write.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>

void values_release(struct values *v)
{
    for (size_t i = 0; i < v->count; i++)
        buf_release(&v->list[i].text);
    v->count = 0;
}

/* The empty text of a name. */
static struct buf *reset_value(struct values *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->list[i].name, name) == 0) {
            buf_clear(&v->list[i].text);
            return &v->list[i].text;
        }
    }
    if (v->count == VALUES_MAX)
        abort();
    struct value *value = &v->list[v->count++];
    *value = (struct value){.name = name};
    return &value->text;
}

void values_set(struct values *v, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(reset_value(v, name), format, args);
    va_end(args);
}

void values_raw(struct values *v, const char *name, struct span text)
{
    buf_span(reset_value(v, name), text);
}

void values_time(struct values *v, const char *name, int64_t wall_ms)
{
    char text[SYS_UTC_TIME];
    sys_utc_time(wall_ms / 1000, text);
    values_set(v, name, "%s.%06dZ", text, (int)(wall_ms % 1000) * 1000);
}

void values_string(struct values *v, const char *name, struct span text)
{
    json_put_string(reset_value(v, name), text);
}

void values_ascii(struct values *v, const char *name, struct span text)
{
    struct buf *out = reset_value(v, name), json = {0};
    json_put_string(&json, text);
    struct span rest = span_make(json.data + 1, json.len - 2);
    while (rest.len > 0) {
        uint32_t point;
        struct span character = utf8_take(&rest, &point);
        if (point < 0x80)
            buf_span(out, character);
        else if (point < 0x10000)
            buf_printf(out, "\\u%04x", point);
        else
            buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10),
                       0xDC00 + ((point - 0x10000) & 0x3FF));
    }
    buf_release(&json);
}

/* The value whose name, after a dollar sign, `s` begins with; NULL for none. */
static const struct value *find_value(const struct values *v, struct span s)
{
    const struct value *found = NULL;
    for (size_t i = 0; v && i < v->count; i++)
        if (span_starts(s, span_of(v->list[i].name)) &&
            (!found || strlen(v->list[i].name) > strlen(found->name)))
            found = &v->list[i];
    return found;
}

/* Decodes the escape at the start of `s`, which begins with a backslash. Its length, 0 if it is
   invalid. */
static size_t decode_escape(struct span s, char *byte)
{
    static const char letters[] = "nrt0\\", bytes[] = "\n\r\t\0\\";
    if (s.len < 2)
        return 0;
    const char *letter = memchr(letters, s.at[1], sizeof letters - 1);
    if (letter) {
        *byte = bytes[letter - letters];
        return 2;
    }
    if (s.len < 4 || s.at[1] != 'x' || !isxdigit((unsigned char)s.at[2]) ||
        !isxdigit((unsigned char)s.at[3]))
        return 0;
    *byte = (char)strtoul((char[]){s.at[2], s.at[3], '\0'}, NULL, 16);
    return 4;
}

const char *template_expand(struct buf *out, struct span source, bool escapes,
                            const struct values *v)
{
    while (source.len > 0) {
        char byte = source.at[0];
        size_t len = 1;
        struct span rest = span_make(source.at + 1, source.len - 1);
        const struct value *value = byte == '$' ? find_value(v, rest) : NULL;
        if (value) {
            buf_span(out, buf_view(&value->text));
            len += strlen(value->name);
        } else if (escapes && byte == '\\' && (len = decode_escape(source, &byte)) == 0) {
            return source.at;
        } else {
            buf_byte(out, byte);
        }
        source = span_make(source.at + len, source.len - len);
    }
    return NULL;
}

/* --- sections --- */

/* Removes the word at the start of *s and the blank after it. */
static struct span take_word(struct span *s)
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
        if (data_lines[i][0] != '@')
            continue;
        struct span rest = span_of(data_lines[i] + 1);
        if (!span_is(take_word(&rest), kind))
            continue;
        *s = (struct section){.begin = i + 1, .end = i + 1, .name = take_word(&rest)};
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
