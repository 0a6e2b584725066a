/* SPDX-License-Identifier: MIT */
#include "mock/backend/template.h"

#include "core/utf8.h"
#include "mock/backend/ids.h"
#include "json/write.h"

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
    ids_put_time(reset_value(v, name), wall_ms);
}

void values_string(struct values *v, const char *name, struct span text)
{
    json_put_string(reset_value(v, name), text);
}

static void put_ascii(struct buf *out, uint32_t point)
{
    if (point < 0x80)
        buf_byte(out, (char)point);
    else if (point < 0x10000)
        buf_printf(out, "\\u%04x", point);
    else
        buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((point - 0x10000) >> 10),
                   0xDC00 + ((point - 0x10000) & 0x3FF));
}

void values_ascii(struct values *v, const char *name, struct span text)
{
    struct buf *out = reset_value(v, name), json = {0};
    json_put_string(&json, text);
    struct span rest = span_make(json.data + 1, json.len - 2);
    while (rest.len > 0) {
        uint32_t point;
        size_t len = utf8_next(rest, &point);
        put_ascii(out, point);
        rest = span_make(rest.at + len, rest.len - len);
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

/* The escape at the start of `s`, which begins with a backslash: its length, 0 for none. */
static size_t escape(struct span s, char *byte)
{
    static const char letters[] = "nrt0\\", bytes[] = "\n\r\t\0\\", digits[] = "0123456789abcdef";
    if (s.len < 2)
        return 0;
    const char *letter = memchr(letters, s.at[1], sizeof letters - 1);
    if (letter) {
        *byte = bytes[letter - letters];
        return 2;
    }
    if (s.at[1] != 'x' || s.len < 4 || s.at[2] == '\0' || s.at[3] == '\0')
        return 0;
    const char *high = strchr(digits, s.at[2] | 0x20), *low = strchr(digits, s.at[3] | 0x20);
    if (!high || !low)
        return 0;
    *byte = (char)((high - digits) * 16 + (low - digits));
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
        } else if (escapes && byte == '\\' && (len = escape(source, &byte)) == 0) {
            return source.at;
        } else {
            buf_byte(out, byte);
        }
        source = span_make(source.at + len, source.len - len);
    }
    return NULL;
}
