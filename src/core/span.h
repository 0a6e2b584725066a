/* SPDX-License-Identifier: MIT */
/* Text as a pointer and a length: borrowed bytes, not terminated, which may contain NUL. */
#ifndef CORE_SPAN_H
#define CORE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
    const char *at;
    size_t len;
};

/* A span of a string literal; a constant expression. */
#define SPAN(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static inline struct span span_make(const char *at, size_t len)
{
    struct span s = {at, len};
    return s;
}

/* The span of a terminated string; empty for NULL. */
static inline struct span span_of(const char *text)
{
    return span_make(text, text ? strlen(text) : 0);
}

static inline bool span_equal(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(struct span s, const char *text)
{
    return span_equal(s, span_of(text));
}

/* Whether they are equal if the case of ASCII letters is ignored. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.at, b.at, a.len) == 0);
}

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.at, prefix.at, prefix.len) == 0);
}

static inline bool span_contains(struct span s, struct span part)
{
    for (size_t i = 0; part.len <= s.len && i <= s.len - part.len; i++)
        if (memcmp(s.at + i, part.at, part.len) == 0)
            return true;
    return false;
}

/* Whether `at` points into the span. Any pointer is valid. */
static inline bool span_holds(struct span s, const char *at)
{
    return (uintptr_t)at - (uintptr_t)s.at < s.len;
}

static inline bool span_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether this has the form of a UUID (RFC 9562), in lower or upper case. */
static inline bool span_is_uuid(struct span s)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen ? s.at[i] != '-' : !s.at[i] || !strchr(digits, s.at[i]))
            return false;
    }
    return s.len == 36;
}

/* Without leading and trailing white space as HTTP and JSON define it. */
static inline struct span span_trim(struct span s)
{
    while (s.len && span_is_blank(s.at[0]))
        s = span_make(s.at + 1, s.len - 1);
    while (s.len && span_is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* The first line: everything before the first LF or CR. */
static inline struct span span_first_line(struct span s)
{
    size_t n = 0;
    while (n < s.len && s.at[n] != '\n' && s.at[n] != '\r')
        n++;
    return span_make(s.at, n);
}

#endif
