/* SPDX-License-Identifier: MIT */
#include "settings/header.h"

#include <ctype.h>
#include <string.h>

/* Set by the program or by libcurl. A name that ends in '-' is a prefix. */
static const char *const reserved[] = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-",
    "expect",
    "host",
    "proxy-",
    "te",
    "transfer-encoding",
    "upgrade",
};

static bool is_reserved(struct span name)
{
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        size_t len = strlen(reserved[i]);
        bool is_prefix = reserved[i][len - 1] == '-' && name.len > len;
        struct span start = is_prefix ? span_make(name.at, len) : name;
        if (span_equal_nocase(start, span_of(reserved[i])))
            return true;
    }
    return false;
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.at[i];
        if (c >= 0x80 || !(isalnum(c) || strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

struct span header_name(const char *text)
{
    return span_make(text, strcspn(text, ":"));
}

const char *header_error(const char *text, struct span *name)
{
    *name = header_name(text);
    if (text[name->len] != ':' || !is_token(*name)) {
        *name = span_make(text, 0);
        return "expected NAME: VALUE";
    }
    if (is_reserved(*name))
        return "this header cannot be set";
    const char *value = text + name->len + 1;
    if (span_trim(span_of(value)).len == 0)
        return "the value must not be empty";
    for (const char *at = value; *at; at++)
        if (((unsigned char)*at < ' ' && *at != '\t') || *at == 0x7F)
            return "the value must not contain control characters";
    return NULL;
}

bool header_is_same(const char *one, const char *other)
{
    return span_equal_nocase(header_name(one), header_name(other));
}

bool header_is_listed(const char *const *headers, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal_nocase(header_name(headers[i]), name))
            return true;
    return false;
}
