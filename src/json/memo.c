/* SPDX-License-Identifier: MIT */
#include "json/memo.h"

#include "core/utf8.h"
#include "core/xmalloc.h"

#include <stdlib.h>
#include <string.h>

/* The bounds of a form. An event of the API has at most 20 values and 400 bytes around them, apart
   from tool calls, whose arguments and results hardly ever repeat. */
enum { FORMS = 8, GAPS = 32, MEMBERS = 32, TEXT = 1024 };

/* A form consists of pieces of text with a gap after each but the last; a gap holds a string
   between its quotation marks, or a number. */
struct gap {
    unsigned short before; /* length in bytes of the piece before it */
    bool is_string;
};

/* A place in any document of the form: an offset into a piece, or its end. */
struct place {
    unsigned short piece, offset;
};

struct member {
    unsigned slot;
    enum json_type type;
    struct place begin, end;
};

struct memo_form {
    const struct json_shape *shape;
    unsigned gaps, members;
    size_t last; /* length in bytes of the last piece */
    struct gap gap[GAPS];
    struct member member[MEMBERS];
    uint64_t seen;
    char text[TEXT]; /* all pieces */
};

/* In the order in which they are tried. */
struct json_memo {
    struct memo_form *form[FORMS];
    unsigned count;
};

struct json_memo *json_memo_new(void)
{
    return xcalloc(1, sizeof(struct json_memo));
}

void json_memo_free(struct json_memo *m)
{
    if (!m)
        return;
    for (unsigned i = 0; i < m->count; i++)
        free(m->form[i]);
    free(m);
}

/* The closing quotation mark of a string, or NULL if the string is invalid; what follows a
   backslash is not checked. */
static inline const char *string_end(const char *at, const char *end, bool *has_escape)
{
    const char *start = at;
    unsigned char bits = 0;
    for (; at < end && *at != '"'; at++) {
        unsigned char c = (unsigned char)*at;
        bits |= c;
        if (c < 0x20)
            return NULL;
        if (c != '\\')
            continue;
        *has_escape = true;
        if (++at == end)
            return NULL;
        bits |= (unsigned char)*at;
    }
    if (at == end || (bits >= 0x80 && !utf8_valid(span_make(start, (size_t)(at - start)))))
        return NULL;
    return at;
}

static inline const char *skip_digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* number = [ minus ] int [ frac ] [ exp ]: its end, or NULL. */
static inline const char *number_end(const char *at, const char *end)
{
    if (at < end && *at == '-')
        at++;
    const char *digits = at;
    at = skip_digits(at, end);
    if (at == digits || (*digits == '0' && at - digits > 1))
        return NULL;
    if (at < end && *at == '.') {
        digits = ++at;
        at = skip_digits(at, end);
        if (at == digits)
            return NULL;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        at = skip_digits(at, end);
        if (at == digits)
            return NULL;
    }
    return at;
}

/* Notes where each piece begins in a document that matches the form. */
static bool match_form(const struct memo_form *form, struct span document, const char **piece,
                       struct json_memo_escaped *escaped)
{
    const char *at = document.at, *end = at + document.len, *text = form->text;
    escaped->count = 0;
    for (unsigned i = 0; i < form->gaps; i++) {
        size_t len = form->gap[i].before;
        if ((size_t)(end - at) < len || memcmp(at, text, len) != 0)
            return false;
        piece[i] = at;
        text += len;
        const char *value = at + len;
        bool has_escape = false;
        at = form->gap[i].is_string ? string_end(value, end, &has_escape) : number_end(value, end);
        if (!at)
            return false;
        if (!has_escape)
            continue;
        if (escaped->count == JSON_MEMO_ESCAPED)
            return false;
        escaped->raw[escaped->count++] = span_make(value - 1, (size_t)(at + 1 - (value - 1)));
    }
    piece[form->gaps] = at;
    return (size_t)(end - at) == form->last && memcmp(at, text, form->last) == 0;
}

static void fill_found(const struct memo_form *form, const char *const *piece,
                       struct json_found *found)
{
    for (uint64_t rest = found->seen & ~form->seen; rest; rest &= rest - 1)
        found->slot[__builtin_ctzll(rest)] = (struct json_value){.type = JSON_NONE};
    found->seen = form->seen;
    for (unsigned i = 0; i < form->members; i++) {
        const struct member *m = &form->member[i];
        struct json_value *value = &found->slot[m->slot];
        const char *begin = piece[m->begin.piece] + m->begin.offset;
        const char *end = piece[m->end.piece] + m->end.offset;
        *value = (struct json_value){.type = m->type, .raw = {begin, (size_t)(end - begin)}};
        if (m->type == JSON_STRING)
            value->string = span_make(begin + 1, value->raw.len - 2);
    }
}

bool json_memo_find(struct json_memo *m, struct span document, const struct json_shape *shape,
                    struct json_found *found, struct json_memo_escaped *escaped)
{
    const char *piece[GAPS + 1];
    if (document.len == 0) /* perhaps without a pointer to compute with */
        return false;
    for (unsigned i = 0; i < m->count; i++) {
        struct memo_form *form = m->form[i];
        if (form->shape != shape || !match_form(form, document, piece, escaped))
            continue;
        fill_found(form, piece, found);
        if (i > 0) {
            m->form[i] = m->form[i - 1];
            m->form[i - 1] = form;
        }
        return true;
    }
    return false;
}

/* A form under construction from a document. */
struct draft {
    struct memo_form *form;
    size_t text;                 /* length in bytes so far */
    const char *piece[GAPS + 1]; /* in the document */
};

/* Adds the piece that ends at `end`. */
static bool add_piece(struct draft *d, const char *end, size_t *len)
{
    const char *piece = d->piece[d->form->gaps];
    *len = (size_t)(end - piece);
    if (*len > TEXT - d->text)
        return false;
    memcpy(d->form->text + d->text, piece, *len);
    d->text += *len;
    return true;
}

static bool add_gap(struct draft *d, const char *begin, const char *end, bool is_string)
{
    size_t len;
    if (d->form->gaps == GAPS || !add_piece(d, begin, &len))
        return false;
    d->form->gap[d->form->gaps++] = (struct gap){(unsigned short)len, is_string};
    d->piece[d->form->gaps] = end;
    return true;
}

/* Whether a string that ends here is a key. */
static bool is_key(const char *at, const char *end)
{
    while (at < end && span_is_blank(*at))
        at++;
    return at < end && *at == ':';
}

/* The document is known to be valid. */
static bool split_document(struct draft *d, struct span document)
{
    const char *at = document.at, *end = at + document.len;
    bool has_escape;
    d->piece[0] = at;
    while (at < end) {
        const char *begin = at;
        if (*at == '"') {
            at = string_end(++begin, end, &has_escape);
            if (!at || (!is_key(at + 1, end) && !add_gap(d, begin, at, true)))
                return false;
            at++;
        } else if (*at == '-' || (*at >= '0' && *at <= '9')) {
            at = number_end(begin, end);
            if (!at || !add_gap(d, begin, at, false))
                return false;
        } else {
            at++;
        }
    }
    return add_piece(d, end, &d->form->last);
}

static struct place find_place(const struct draft *d, const char *at)
{
    unsigned i = d->form->gaps;
    while (d->piece[i] > at)
        i--;
    return (struct place){(unsigned short)i, (unsigned short)(at - d->piece[i])};
}

static bool add_members(struct draft *d, const struct json_found *found)
{
    struct memo_form *form = d->form;
    for (uint64_t rest = found->seen; rest; rest &= rest - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(rest);
        const struct json_value *value = &found->slot[slot];
        if (value->type == JSON_NONE)
            continue;
        if (form->members == MEMBERS)
            return false;
        form->seen |= UINT64_C(1) << slot;
        form->member[form->members++] =
            (struct member){slot, value->type, find_place(d, value->raw.at),
                            find_place(d, value->raw.at + value->raw.len)};
    }
    return true;
}

void json_memo_add(struct json_memo *m, struct span document, const struct json_shape *shape,
                   const struct json_found *found)
{
    struct draft d = {.form = xcalloc(1, sizeof *d.form)};
    d.form->shape = shape;
    if (!split_document(&d, document) || !add_members(&d, found)) {
        free(d.form);
        return;
    }
    if (m->count == FORMS)
        free(m->form[--m->count]);
    m->form[m->count++] = d.form;
}
