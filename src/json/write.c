/* SPDX-License-Identifier: MIT */
#include "json/write.h"

#include "core/utf8.h"

#include <string.h>

static void put_valid_string(struct buf *out, struct span text)
{
    static const char hex[] = "0123456789abcdef";
    static const char named[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                 ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    buf_reserve(out, text.len + 2);
    buf_byte(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        buf_append(out, text.at + from, i - from);
        from = i + 1;
        if (c < sizeof named && named[c]) {
            char escape[2] = {'\\', named[c]};
            buf_append(out, escape, sizeof escape);
        } else {
            char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_append(out, escape, sizeof escape);
        }
    }
    if (from < text.len)
        buf_append(out, text.at + from, text.len - from);
    buf_byte(out, '"');
}

void json_put_string(struct buf *out, struct span text)
{
    if (utf8_valid(text)) {
        put_valid_string(out, text);
        return;
    }
    struct buf valid = {0};
    utf8_replace(&valid, text);
    put_valid_string(out, buf_view(&valid));
    buf_release(&valid);
}

void json_put_key(struct buf *out, const char *key)
{
    if (out->len && out->data[out->len - 1] != '{')
        buf_byte(out, ',');
    buf_byte(out, '"');
    buf_puts(out, key);
    buf_append(out, "\":", 2);
}

void json_put_strings(struct buf *out, const char *const *list, size_t count)
{
    buf_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_byte(out, ',');
        json_put_string(out, span_of(list[i]));
    }
    buf_byte(out, ']');
}

void json_put_raw(struct buf *out, struct span raw)
{
    size_t at = out->len;
    buf_span(out, raw);
    for (char *p; at < out->len && (p = memchr(out->data + at, '\n', out->len - at));) {
        *p = ' ';
        at = (size_t)(p - out->data) + 1;
    }
}

void json_put_text(struct buf *out, const char *key, struct span text)
{
    json_put_key(out, key);
    json_put_string(out, text);
}

void json_put_text_or_null(struct buf *out, const char *key, const char *text)
{
    json_put_key(out, key);
    if (text)
        json_put_string(out, span_of(text));
    else
        buf_append(out, "null", 4);
}

void json_put_int(struct buf *out, const char *key, int64_t value)
{
    json_put_key(out, key);
    buf_printf(out, "%lld", (long long)value);
}
