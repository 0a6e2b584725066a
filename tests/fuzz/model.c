/* SPDX-License-Identifier: MIT */
#include "model.h"

#include <string.h>

enum expect { A_VALUE, VALUE_OR_END, A_KEY, KEY_OR_END, A_COLON, COMMA_OR_END, NOTHING };

/* An array or object that is not closed yet. */
struct level {
    bool object;
    size_t start; /* of its bracket */
};

struct parser {
    struct model *m;
    struct span doc;
    size_t at;
    enum expect expect;
    struct buf levels; /* of struct level */
    size_t depth;
    struct model_member member; /* of the document, that is being read */
    struct buf string;          /* the last one, decoded */
};

static struct level *innermost(struct parser *p)
{
    return (struct level *)(void *)p->levels.data + p->depth - 1;
}

static int peek(const struct parser *p)
{
    return p->at < p->doc.len ? (unsigned char)p->doc.at[p->at] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool skip_digits(struct parser *p)
{
    size_t from = p->at;
    while (is_digit(peek(p)))
        p->at++;
    return p->at > from;
}

/* number = [ minus ] int [ frac ] [ exp ] */
static bool read_number(struct parser *p)
{
    if (peek(p) == '-')
        p->at++;
    if (peek(p) == '0')
        p->at++;
    else if (!skip_digits(p))
        return false;
    if (peek(p) == '.') {
        p->at++;
        if (!skip_digits(p))
            return false;
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        p->at++;
        if (peek(p) == '+' || peek(p) == '-')
            p->at++;
        if (!skip_digits(p))
            return false;
    }
    return true;
}

static void put_utf8(struct buf *out, unsigned long c)
{
    if (c < 0x80) {
        buf_byte(out, (char)c);
    } else if (c < 0x800) {
        buf_byte(out, (char)(0xC0 + c / 64));
        buf_byte(out, (char)(0x80 + c % 64));
    } else if (c < 0x10000) {
        buf_byte(out, (char)(0xE0 + c / 4096));
        buf_byte(out, (char)(0x80 + c / 64 % 64));
        buf_byte(out, (char)(0x80 + c % 64));
    } else {
        buf_byte(out, (char)(0xF0 + c / 262144));
        buf_byte(out, (char)(0x80 + c / 4096 % 64));
        buf_byte(out, (char)(0x80 + c / 64 % 64));
        buf_byte(out, (char)(0x80 + c % 64));
    }
}

/* The value of the escape \uXXXX at `at`, or -1. */
static long unit_at(const struct parser *p, size_t at)
{
    static const char digits[] = "00112233445566778899aAbBcCdDeEfF";
    long value = 0;
    if (p->doc.len < 6 || at > p->doc.len - 6 || p->doc.at[at] != '\\' || p->doc.at[at + 1] != 'u')
        return -1;
    for (size_t i = at + 2; i < at + 6; i++) {
        const char *digit = p->doc.at[i] ? strchr(digits, p->doc.at[i]) : NULL;
        if (!digit)
            return -1;
        value = value * 16 + (digit - digits) / 2;
    }
    return value;
}

static bool read_unit(struct parser *p)
{
    long unit = unit_at(p, p->at);
    if (unit < 0)
        return false;
    p->at += 6;
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        long low = unit_at(p, p->at);
        if (low >= 0xDC00 && low <= 0xDFFF) {
            p->at += 6;
            unit = 0x10000 + (unit - 0xD800) * 0x400 + (low - 0xDC00);
        }
    }
    put_utf8(&p->string, (unsigned long)(unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD : unit));
    return true;
}

static bool read_escape(struct parser *p)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    int c = p->at + 1 < p->doc.len ? p->doc.at[p->at + 1] : 0;
    if (c == 'u')
        return read_unit(p);
    const char *letter = c ? strchr(letters, c) : NULL;
    if (!letter)
        return false;
    buf_byte(&p->string, meant[letter - letters]);
    p->at += 2;
    return true;
}

static bool read_string(struct parser *p)
{
    buf_clear(&p->string);
    p->at++;
    for (;;) {
        int c = peek(p);
        if (c < 0x20) /* the end of the document, too */
            return false;
        if (c == '\\') {
            if (!read_escape(p))
                return false;
            continue;
        }
        p->at++;
        if (c == '"')
            return true;
        buf_byte(&p->string, (char)c);
    }
}

/* printf would take most of the time. */
static void put_number(struct buf *out, const char *before, size_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    buf_puts(out, before);
    buf_append(out, digits + at, sizeof digits - at);
}

static void put_string(struct buf *out, const char *before, struct span string)
{
    put_number(out, before, string.len);
    buf_byte(out, ':');
    buf_span(out, string);
}

void model_put_value(struct buf *out, enum json_type type, size_t at, size_t len,
                     struct span string)
{
    put_number(out, "type ", (size_t)type);
    put_number(out, " at ", at);
    put_number(out, " len ", len);
    if (type == JSON_STRING)
        put_string(out, " string ", string);
    buf_byte(out, '\n');
}

size_t model_count(const struct model *m)
{
    return m->members.len / sizeof(struct model_member);
}

const struct model_member *model_member(const struct model *m, size_t i)
{
    return (const struct model_member *)(const void *)m->members.data + i;
}

/* Not even 0 may be added to a null pointer. */
static struct span text_at(const struct model *m, size_t at, size_t len)
{
    return span_make(len ? m->text.data + at : "", len);
}

struct span model_name(const struct model *m, const struct model_member *member)
{
    return text_at(m, member->name, member->name_len);
}

struct span model_string(const struct model *m, const struct model_member *member)
{
    return text_at(m, member->string, member->string_len);
}

void model_put(struct buf *out, const struct model *m, const struct model_member *member)
{
    model_put_value(out, member->type, member->at, member->len, model_string(m, member));
}

static void put_token(struct parser *p, enum json_type type, size_t from)
{
    if (type == JSON_STRING)
        put_string(&p->m->tokens, "\"", buf_view(&p->string));
    else
        buf_append(&p->m->tokens, p->doc.at + from, p->at - from);
    buf_byte(&p->m->tokens, ' ');
}

/* Records a complete value and what may follow it. */
static void end_value(struct parser *p, enum json_type type, size_t from)
{
    p->expect = p->depth ? COMMA_OR_END : NOTHING;
    if (p->depth > 1)
        return;
    struct model_member *to = p->depth ? &p->member : &p->m->top;
    to->type = type;
    to->at = from;
    to->len = p->at - from;
    to->string = p->m->text.len;
    to->string_len = type == JSON_STRING ? p->string.len : 0;
    buf_append(&p->m->text, p->string.data, to->string_len);
    if (p->depth)
        buf_append(&p->m->members, to, sizeof *to);
}

static void open_level(struct parser *p, bool object)
{
    struct level level = {.object = object, .start = p->at};
    p->at++;
    put_token(p, JSON_NONE, p->at - 1);
    buf_append(&p->levels, &level, sizeof level);
    p->depth++;
    p->expect = object ? KEY_OR_END : VALUE_OR_END;
}

static void close_level(struct parser *p)
{
    struct level level = *innermost(p);
    p->at++;
    put_token(p, JSON_NONE, p->at - 1);
    p->levels.len -= sizeof level;
    p->depth--;
    end_value(p, level.object ? JSON_OBJECT : JSON_ARRAY, level.start);
}

static bool read_word(struct parser *p, const char *word, enum json_type type)
{
    size_t from = p->at, len = strlen(word);
    if (!span_starts(span_make(p->doc.at + from, p->doc.len - from), span_of(word)))
        return false;
    p->at += len;
    put_token(p, type, from);
    end_value(p, type, from);
    return true;
}

static bool read_value(struct parser *p)
{
    size_t from = p->at;
    switch (peek(p)) {
    case '{':
    case '[':
        open_level(p, peek(p) == '{');
        return true;
    case '"':
        if (!read_string(p))
            return false;
        put_token(p, JSON_STRING, from);
        end_value(p, JSON_STRING, from);
        return true;
    case 't':
        return read_word(p, "true", JSON_TRUE);
    case 'f':
        return read_word(p, "false", JSON_FALSE);
    case 'n':
        return read_word(p, "null", JSON_NULL);
    default:
        if (!read_number(p))
            return false;
        put_token(p, JSON_NUMBER, from);
        end_value(p, JSON_NUMBER, from);
        return true;
    }
}

static bool read_key(struct parser *p)
{
    size_t from = p->at;
    if (peek(p) != '"' || !read_string(p))
        return false;
    put_token(p, JSON_STRING, from);
    if (p->depth == 1) {
        p->member = (struct model_member){.keyed = true,
                                          .key_at = from,
                                          .key_len = p->at - from,
                                          .name = p->m->text.len,
                                          .name_len = p->string.len};
        buf_span(&p->m->text, buf_view(&p->string));
    }
    p->expect = A_COLON;
    return true;
}

static bool read_punctuation(struct parser *p, char wanted, enum expect then)
{
    if (peek(p) != wanted)
        return false;
    p->at++;
    p->expect = then;
    return true;
}

static bool step(struct parser *p)
{
    int c = peek(p);
    bool ends = p->depth && c == (innermost(p)->object ? '}' : ']');
    switch (p->expect) {
    case VALUE_OR_END:
    case KEY_OR_END:
    case COMMA_OR_END:
        if (ends) {
            close_level(p);
            return true;
        }
        if (p->expect == VALUE_OR_END)
            return read_value(p);
        if (p->expect == KEY_OR_END)
            return read_key(p);
        return read_punctuation(p, ',', innermost(p)->object ? A_KEY : A_VALUE);
    case A_VALUE:
        return read_value(p);
    case A_KEY:
        return read_key(p);
    case A_COLON:
        return read_punctuation(p, ':', A_VALUE);
    default:
        return false;
    }
}

static void skip_space(struct parser *p)
{
    while (peek(p) == ' ' || peek(p) == '\t' || peek(p) == '\n' || peek(p) == '\r')
        p->at++;
}

bool model_read(struct model *m, struct span document)
{
    struct parser p = {.m = m, .doc = document, .expect = A_VALUE};
    bool good = true;
    skip_space(&p);
    while (good && p.at < p.doc.len) {
        good = step(&p);
        skip_space(&p);
    }
    good = good && p.expect == NOTHING;
    buf_release(&p.levels);
    buf_release(&p.string);
    return good;
}

void model_clear(struct model *m)
{
    buf_clear(&m->members);
    buf_clear(&m->text);
    buf_clear(&m->tokens);
    m->top = (struct model_member){.type = JSON_NONE};
}

void model_release(struct model *m)
{
    buf_release(&m->members);
    buf_release(&m->text);
    buf_release(&m->tokens);
}
