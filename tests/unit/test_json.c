/* SPDX-License-Identifier: MIT */
/* Walking JSON: what is one document, where its members stand, and writing. */
#include "json/json.h"
#include "json/write.h"

#include "unit.h"

static struct json_reader *reader;
static struct guard guard;

static const char *const types[] = {"none",   "null",   "false",  "true",
                                    "number", "string", "object", "array"};

enum { DEPTH = 3 };

/* The document that is walked, to compare spans with it. */
struct dump {
    struct buf out;
    struct span doc;
    bool outside; /* a span is outside the document, or at the wrong offset */
    struct span path[DEPTH];
    unsigned depth;
};

static void put_value(struct dump *d, const struct json_value *v)
{
    buf_printf(&d->out, " %s ", types[v->type]);
    buf_span(&d->out, v->raw);
    if (v->type == JSON_STRING) {
        buf_puts(&d->out, " = ");
        put_shown(&d->out, v->string);
    }
    buf_byte(&d->out, '\n');
    if (v->raw.at < d->doc.at || v->raw.at + v->raw.len > d->doc.at + d->doc.len)
        d->outside = true;
}

static void put_path(struct dump *d)
{
    for (unsigned i = 0; i < d->depth; i++) {
        buf_byte(&d->out, '/');
        if (d->path[i].at)
            put_shown(&d->out, d->path[i]);
        else
            buf_puts(&d->out, "[]");
    }
}

static void check_key(struct dump *d, const struct json_member *m)
{
    struct span key = json_key_before(m->value.raw);
    if (key.at < d->doc.at || key.at + key.len > m->value.raw.at || key.len < 2 ||
        key.at[0] != '"' || key.at[key.len - 1] != '"')
        d->outside = true;
}

/* "/path/of/keys type raw = string", `[]` for elements of an array; inner ones first. */
static void on_member(void *arg, const struct json_member *m)
{
    struct dump *d = arg;
    d->path[d->depth++] = m->key;
    if (d->depth < DEPTH && m->value.type == JSON_OBJECT)
        check_int(json_read_object(m->value.raw, on_member, d), 0, "an object inside");
    if (d->depth < DEPTH && m->value.type == JSON_ARRAY)
        check_int(json_read_array(m->value.raw, on_member, d), 0, "an array inside");
    put_path(d);
    put_value(d, &m->value);
    if (m->key.at)
        check_key(d, m);
    d->depth--;
}

/* The document's own value alone. */
static int read_value(struct span doc, struct json_value *top)
{
    static struct json_found found;
    int result = json_find(reader, doc, NULL, &found);
    *top = found.slot[JSON_DOCUMENT];
    return result;
}

static int walk(struct dump *d, struct span doc)
{
    struct json_value top;
    d->doc = span_make(guard_copy(&guard, doc), doc.len);
    d->outside = false;
    d->depth = 0;
    buf_clear(&d->out);
    if (json_walk(reader, d->doc, on_member, d, &top) != 0)
        return -1;
    put_value(d, &top);
    return 0;
}

struct row {
    struct span doc;
    const char *want; /* of the walk; last the document's own value */
};

#define ROW(doc, want)                                                                             \
    {                                                                                              \
        SPAN(doc), want                                                                            \
    }

static const struct row good[] = {
    ROW("null", " null null\n"),
    ROW("true", " true true\n"),
    ROW("false", " false false\n"),
    ROW("0", " number 0\n"),
    ROW("-0.0e-0", " number -0.0e-0\n"),
    ROW(" 12", " number 12\n"),
    ROW("12 ", " number 12\n"),
    ROW("\t\r\n12\n\r\t ", " number 12\n"),
    ROW(" 1.50E+3", " number 1.50E+3\n"),
    ROW("123456789012345678901234567890", " number 123456789012345678901234567890\n"),
    ROW("\"\"", " string \"\" = \n"),
    ROW(" \"a\\u0041\" ", " string \"a\\u0041\" = aA\n"),
    ROW("\"\\u0000\"", " string \"\\u0000\" = \\x00\n"),
    ROW("{}", " object {}\n"),
    ROW(" { } ", " object { }\n"),
    ROW("[]", " array []\n"),
    ROW("[[]]", "/[] array []\n array [[]]\n"),
    ROW("[1, \"a\" ,null]", "/[] number 1\n/[] string \"a\" = a\n/[] null null\n"
                            " array [1, \"a\" ,null]\n"),
    ROW("{\"a\":1}", "/a number 1\n object {\"a\":1}\n"),
    ROW(" { \"a\" : 1 , \"b\":true}\n",
        "/a number 1\n/b true true\n object { \"a\" : 1 , \"b\":true}\n"),
    ROW("\n{\n\"a\"\n:\n[\n]\n,\n\"b\"\n:\n{\n}\n}\n",
        "/a array [\n]\n/b object {\n}\n object {\n\"a\"\n:\n[\n]\n,\n\"b\"\n:\n{\n}\n}\n"),
    ROW("{\"a\":{\"b\":{\"c\":1}}}",
        "/a/b/c number 1\n/a/b object {\"c\":1}\n/a object {\"b\":{\"c\":1}}\n"
        " object {\"a\":{\"b\":{\"c\":1}}}\n"),
    ROW("{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1},\"f\":[2]}}}}",
        "/a/b/c object {\"d\":{\"e\":1},\"f\":[2]}\n"
        "/a/b object {\"c\":{\"d\":{\"e\":1},\"f\":[2]}}\n"
        "/a object {\"b\":{\"c\":{\"d\":{\"e\":1},\"f\":[2]}}}\n"
        " object {\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1},\"f\":[2]}}}}\n"),
    ROW("{\"a\":{\"b\":{\"c\":[{\"x\":1}, 2]} , \"d\" : 3}, \"e\":4}",
        "/a/b/c array [{\"x\":1}, 2]\n/a/b object {\"c\":[{\"x\":1}, 2]}\n/a/d number 3\n"
        "/a object {\"b\":{\"c\":[{\"x\":1}, 2]} , \"d\" : 3}\n/e number 4\n"
        " object {\"a\":{\"b\":{\"c\":[{\"x\":1}, 2]} , \"d\" : 3}, \"e\":4}\n"),
    ROW("[{\"a\":1},[2,{\"b\":3}],{\"a\":4}]",
        "/[]/a number 1\n/[] object {\"a\":1}\n/[]/[] number 2\n/[]/[]/b number 3\n"
        "/[]/[] object {\"b\":3}\n/[] array [2,{\"b\":3}]\n/[]/a number 4\n/[] object {\"a\":4}\n"
        " array [{\"a\":1},[2,{\"b\":3}],{\"a\":4}]\n"),
    ROW("{\"a\":[1],\"a\":2,\"\":3}",
        "/a/[] number 1\n/a array [1]\n/a number 2\n/ number 3\n object "
        "{\"a\":[1],\"a\":2,\"\":3}\n"),
    ROW("{\"\\u0061\\n\":{\"\\\"\":1,\"\xC3\xA9\":2}}",
        "/a\\n/\" number 1\n/a\\n/\\xc3\\xa9 number 2\n/a\\n object {\"\\\"\":1,\"\xC3\xA9\":2}\n"
        " object {\"\\u0061\\n\":{\"\\\"\":1,\"\xC3\xA9\":2}}\n"),
    ROW("{\"a,:\":\":,\"}", "/a,: string \":,\" = :,\n object {\"a,:\":\":,\"}\n"),
    ROW("[-1,0.5,1e5,1E-5]", "/[] number -1\n/[] number 0.5\n/[] number 1e5\n/[] number 1E-5\n"
                             " array [-1,0.5,1e5,1E-5]\n"),
    ROW("\"\xEF\xBB\xBF\x7F\"", " string \"\xEF\xBB\xBF\x7F\" = \\xef\\xbb\\xbf\\x7f\n"),
};

static void good_documents(void)
{
    struct dump d = {0};
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!check(walk(&d, good[i].doc) == 0, "%s: %s", good[i].doc.at, json_error(reader)))
            continue;
        check_span(buf_view(&d.out), span_of(good[i].want), good[i].doc.at);
        check(!d.outside, "%s: a span leaves the document", good[i].doc.at);
    }
    buf_release(&d.out);
}

static const struct span bad[] = {
    SPAN(""),
    SPAN(" "),
    SPAN("\n\t"),
    SPAN("nul"),
    SPAN("nulll"),
    SPAN("tru"),
    SPAN("True"),
    SPAN("fals "),
    SPAN("undefined"),
    SPAN("NaN"),
    SPAN("Infinity"),
    SPAN("-"),
    SPAN("+1"),
    SPAN("01"),
    SPAN("1."),
    SPAN(".5"),
    SPAN("1e"),
    SPAN("1e+"),
    SPAN("0x10"),
    SPAN("1_0"),
    SPAN("\""),
    SPAN("\"abc"),
    SPAN("'a'"),
    SPAN("\"\\\""),
    SPAN("\"\\"),
    SPAN("\"\\a\""),
    SPAN("\"\\u12\""),
    SPAN("\"\\u12g4\""),
    SPAN("\"\\U0041\""),
    SPAN("\"a\nb\""),
    SPAN("\"\0\""),
    SPAN("\"\x1F\""),
    SPAN("{"),
    SPAN("}"),
    SPAN("["),
    SPAN("]"),
    SPAN("{]"),
    SPAN("[}"),
    SPAN("[1"),
    SPAN("[1,"),
    SPAN("[1,]"),
    SPAN("[,1]"),
    SPAN("[1 2]"),
    SPAN("[1:2]"),
    SPAN(","),
    SPAN(":"),
    SPAN("{\"a\"}"),
    SPAN("{\"a\":}"),
    SPAN("{\"a\":1,}"),
    SPAN("{,}"),
    SPAN("{1:2}"),
    SPAN("{a:1}"),
    SPAN("{\"a\" 1}"),
    SPAN("{\"a\":1 \"b\":2}"),
    SPAN("{\"a\":1"),
    SPAN("{\"a\":"),
    SPAN("{\"a\""),
    SPAN("{\"a"),
    SPAN("[[1]"),
    SPAN("[1]]"),
    SPAN("{}}"),
    SPAN("{} {}"),
    SPAN("{}{}"),
    SPAN("[][]"),
    SPAN("1 2"),
    SPAN("1,2"),
    SPAN("null null"),
    SPAN("\"a\" \"b\""),
    SPAN("\"a\"\"b\""),
    SPAN("{} 1"),
    SPAN("{}1"),
    SPAN("{} nul"),
    SPAN("{} null"),
    SPAN("{} \""),
    SPAN("{} \"a"),
    SPAN("{} \"a\""),
    SPAN("{} -"),
    SPAN("{} {"),
    SPAN("{} ["),
    SPAN("{} ,"),
    SPAN("{} x"),
    SPAN("[] 12"),
    SPAN("\"a\" 1"),
    SPAN("1 \""),
    SPAN("true false"),
    SPAN("true f"),
    SPAN("{} \\"),
    SPAN("{} /"),
    SPAN("// a\n{}"),
    SPAN("{} /* a */"),
    SPAN("{} // a"),
    SPAN("# a"),
    SPAN("\xEF\xBB\xBF{}"),
    SPAN("\0"),
    SPAN("{}\0"),
    SPAN("\"\xFF\""),
    SPAN("\"\xE2\x82\""),
    SPAN("\"\x80\""),
    SPAN("\xC2\xA0{}"),
    SPAN("{}\v"),
    SPAN("{}\f"),
    SPAN("\\ud83d"),
    SPAN("{\"a\":\\ud83d}"),
    SPAN("\"\\ud83"),
    SPAN("\"\\ud83d"),
    SPAN("\"\\ud83d\\ude0"),
};

static void bad_documents(void)
{
    struct dump d = {0};
    struct json_value none;
    check_int(read_value(span_make(NULL, 0), &none), -1, "nothing at all");
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct buf shown = {0};
        put_shown(&shown, bad[i]);
        if (check(walk(&d, bad[i]) == -1, "'%s' was taken", buf_text(&shown))) {
            const char *why = json_error(reader);
            check(why && *why && !strpbrk(why, "\r\n"), "'%s': the reason is one line",
                  buf_text(&shown));
            check(json_error_offset(reader) <= bad[i].len, "'%s': at %zu", buf_text(&shown),
                  json_error_offset(reader));
            /* Decoded or repaired text is elsewhere. */
            check(!d.outside || (bad[i].len && memchr(bad[i].at, '\\', bad[i].len)),
                  "'%s': a span leaves the document", buf_text(&shown));
        }
        buf_release(&shown);
    }
    buf_release(&d.out);
}

/* A document is read independently of those before it. */
static void reader_is_reusable(void)
{
    struct dump d = {0};
    static const struct span probes[] = {SPAN("{\"a\":1}"), SPAN("2"), SPAN("ull"), SPAN("x\"")};
    static const int results[] = {0, 0, -1, -1};
    for (size_t i = 0; i < COUNT(bad) + COUNT(good); i++) {
        struct span first = i < COUNT(bad) ? bad[i] : good[i - COUNT(bad)].doc;
        for (size_t k = 0; k < COUNT(probes); k++) {
            walk(&d, first);
            if (!check(walk(&d, probes[k]) == results[k], "'%s' after '%s': %d", probes[k].at,
                       first.at, results[k] - 1))
                goto out;
        }
        walk(&d, first);
        walk(&d, probes[0]);
        check_span(buf_view(&d.out), S("/a number 1\n object {\"a\":1}\n"), first.at);
    }
out:
    buf_release(&d.out);
}

/* The offset names the place: at the token that is wrong, or at its end. */
static const struct {
    struct span doc;
    size_t from, to;
} places[] = {
    {SPAN("{\"a\":1,\"b\":x,\"c\":2}"), 11, 12},
    {SPAN("[1,2,]"), 5, 6},
    {SPAN("{\"a\" 1}"), 5, 6},
    {SPAN("x"), 0, 1},
    {SPAN("{}}"), 2, 3},
    {SPAN("{\"a\":"), 5, 5},
    {SPAN("[1"), 2, 2},
    {SPAN(""), 0, 0},
    {SPAN("[\"ab\ncd\"]"), 1, 5},
    {SPAN("{} {}"), 3, 5},
};

static void places_of_errors(void)
{
    struct dump d = {0};
    for (size_t i = 0; i < COUNT(places); i++) {
        size_t at = walk(&d, places[i].doc) == 0 ? 999 : json_error_offset(reader);
        check(at >= places[i].from && at <= places[i].to, "'%s': at %zu instead of %zu to %zu",
              places[i].doc.at, at, places[i].from, places[i].to);
    }
    buf_release(&d.out);
}

/* White space between any two tokens. */
static void white_space(void)
{
    static const char *const tokens[] = {"{", "\"a\"", ":",     "[", "1",     ",", "\"x\"",
                                         ",", "null",  "]",     ",", "\"b\"", ":", "{",
                                         "}", ",",     "\"c\"", ":", "-2.5",  "}"};
    static const char *const blanks[] = {" ", "\t", "\n", "\r", "\r\n", "   ", ""};
    struct dump d = {0};
    struct buf doc = {0}, want = {0};
    for (size_t b = 0; b < COUNT(blanks); b++) {
        buf_clear(&doc);
        buf_clear(&want);
        buf_puts(&doc, blanks[b]);
        size_t start[COUNT(tokens)], end[COUNT(tokens)];
        for (size_t i = 0; i < COUNT(tokens); i++) {
            start[i] = doc.len;
            buf_puts(&doc, tokens[i]);
            end[i] = doc.len;
            buf_puts(&doc, blanks[b]);
        }
        buf_puts(&want, "/a/[] number 1\n/a/[] string \"x\" = x\n/a/[] null null\n/a array ");
        buf_append(&want, doc.data + start[3], end[9] - start[3]);
        buf_puts(&want, "\n/b object ");
        buf_append(&want, doc.data + start[13], end[14] - start[13]);
        buf_puts(&want, "\n/c number -2.5\n object ");
        buf_append(&want, doc.data + start[0], end[COUNT(tokens) - 1] - start[0]);
        buf_puts(&want, "\n");
        check_int(walk(&d, buf_view(&doc)), 0, "walk");
        check_span(buf_view(&d.out), buf_view(&want), "members");
    }
    buf_release(&doc);
    buf_release(&want);
    buf_release(&d.out);
}

/* A proper prefix of a document is invalid. */
static void beginnings(void)
{
    static const struct span whole = SPAN(
        "{\"a\":[1,-2.5e1,true,null,\"x\\u00e9\\ud83d\\ude00\xE2\x82\xAC\"],\"b\":{\"c\":{}}}");
    struct dump d = {0};
    for (size_t n = 0; n < whole.len; n++)
        check(walk(&d, span_make(whole.at, n)) == -1, "the first %zu bytes were taken", n);
    check_int(walk(&d, whole), 0, "all of it");
    buf_release(&d.out);
}

static const struct {
    const char *title;
    struct span doc;
    const char *string;
} surrogates[] = {
    {"a pair", SPAN("\"\\ud83d\\ude00\""), "\xF0\x9F\x98\x80"},
    {"high", SPAN("\"\\ud83d\""), "\xEF\xBF\xBD"},
    {"low", SPAN("\"\\ude00\""), "\xEF\xBF\xBD"},
    {"high, letter", SPAN("\"\\ud83d\\u0041\""),
     "\xEF\xBF\xBD"
     "A"},
    {"high, pair", SPAN("\"\\ud83d\\ud83d\\ude00\""), "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
    {"pair, low", SPAN("\"\\ud83d\\ude00\\ude00\""), "\xF0\x9F\x98\x80\xEF\xBF\xBD"},
    {"escaped backslash", SPAN("\"\\\\ud83d\""), "\\ud83d"},
    {"two escaped ones", SPAN("\"\\\\\\\\ud83d\""), "\\\\ud83d"},
    {"an odd number", SPAN("\"\\\\\\ud83d\""), "\\\xEF\xBF\xBD"},
    {"a quotation mark", SPAN("\"\\\"\\uDFFF\""), "\"\xEF\xBF\xBD"},
    {"the ends of the range", SPAN("\"\\ud7ff\\ud800\\udfff\\ue000\""),
     "\xED\x9F\xBF\xF0\x90\x8F\xBF\xEE\x80\x80"},
};

static void mended_surrogates(void)
{
    for (size_t i = 0; i < COUNT(surrogates); i++) {
        struct json_value top;
        if (check(read_value(surrogates[i].doc, &top) == 0, "%s: %s", surrogates[i].title,
                  json_error(reader)))
            check_span(top.string, span_of(surrogates[i].string), surrogates[i].title);
    }
    struct json_value top;
    check_int(read_value(S("[\"\\ud83d\\n\", \"\\u00e9\"]"), &top), 0, "walk");
    check_span(top.raw, S("[\"\\ufffd\\n\", \"\\u00e9\"]"), "the corrected copy");
}

/* Surrogates and overlong forms are not UTF-8. yajl accepts them. Text from a stream was
   checked before, so here they only must not cause a crash. */
static void encoded_surrogates(void)
{
    struct json_value top;
    if (read_value(S("\"\xED\xA0\x80\""), &top) == 0)
        check(top.raw.len <= 5, "raw of %zu bytes", top.raw.len);
    if (read_value(S("\"\xC0\x80\""), &top) == 0)
        check(top.raw.len <= 4, "raw of %zu bytes", top.raw.len);
}

static void to_numbers(void)
{
    static const struct {
        struct span doc;
        bool integer;
        int64_t i;
        bool real;
        double d;
    } rows[] = {
        {SPAN("0"), true, 0, true, 0},
        {SPAN("-7"), true, -7, true, -7},
        {SPAN("1e3"), true, 1000, true, 1000},
        {SPAN("245"), true, 245, true, 245},
        {SPAN("1e400"), false, 0, false, 0},
        {SPAN("1e30"), false, 0, true, 1e30},
        {SPAN("\"5\""), false, 0, false, 0},
        {SPAN("null"), false, 0, false, 0},
        {SPAN("true"), false, 0, false, 0},
        {SPAN("[1]"), false, 0, false, 0},
        {SPAN("0.5"), true, 0, true, 0.5},
        {SPAN("2147483648"), true, 2147483648, true, 2147483648.0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_value top;
        int64_t integer = -99;
        double real = -99;
        read_value(rows[i].doc, &top);
        /* A fraction may be cut or refused, but nothing else. */
        bool fraction = memchr(rows[i].doc.at, '.', rows[i].doc.len) != NULL;
        bool is = json_to_int64(&top, &integer);
        if (!fraction)
            check(is == rows[i].integer, "%s as an integer", rows[i].doc.at);
        if (!fraction)
            check_int(integer, rows[i].integer ? rows[i].i : -99, rows[i].doc.at);
        check(json_to_double(&top, &real) == rows[i].real, "%s as a real", rows[i].doc.at);
        check(real >= (rows[i].real ? rows[i].d : -99) && real <= (rows[i].real ? rows[i].d : -99),
              "%s: %g", rows[i].doc.at, real);
    }
}

static void take_keys(void *arg, const struct json_member *m)
{
    buf_span(arg, m->key);
    buf_byte(arg, ' ');
}

static void read_object(void)
{
    struct buf keys = {0};
    check_int(json_read_object(S("{\"a\":{\"b\":1},\"c\":[{\"d\":2}]}"), take_keys, &keys), 0,
              "good");
    check_span(buf_view(&keys), S("a c "), "keys of the top level");
    buf_clear(&keys);
    check_int(json_read_object(S("[1]"), take_keys, &keys), -1, "an array");
    check_int(json_read_object(S("{\"a\":1"), take_keys, &keys), -1, "an unfinished one");
    check_int(json_read_object(S(""), take_keys, &keys), -1, "nothing");
    buf_release(&keys);
}

/* Only the members that a shape names. */

enum { A = 1, LONG, B, INNER_C, INNER_D, DEEP, SLOTS };

static const struct json_key deep_keys[] = {{SPAN("e"), DEEP - B, NULL, 0}};
static const struct json_shape deep_shape = {deep_keys, COUNT(deep_keys)};
static const struct json_key inner_keys[] = {{SPAN("c"), INNER_C - B, NULL, 0},
                                             {SPAN("d"), INNER_D - B, &deep_shape, 0}};
static const struct json_shape inner_shape = {inner_keys, COUNT(inner_keys)};
static const struct json_key outer_keys[] = {{SPAN("a"), A, NULL, 0},
                                             {SPAN("a name of over sixteen"), LONG, NULL, 0},
                                             {SPAN("b"), B, &inner_shape, B}};
static const struct json_shape outer_shape = {outer_keys, COUNT(outer_keys)};

static const struct {
    struct span doc;
    const char *want; /* of each slot that holds something: its number and its bytes */
} found_rows[] = {
    {SPAN("{}"), ""},
    {SPAN("[1]"), ""},
    {SPAN("7"), ""},
    {SPAN("{\"a\":1}"), "1=1 "},
    {SPAN("{\"x\":{\"a\":2},\"a\":1}"), "1=1 "},
    {SPAN("{\"x\":[{\"a\":2}]}"), ""},
    {SPAN("[{\"a\":2}]"), ""},
    {SPAN("{\"a\":1,\"a\":[2, 3]}"), "1=[2, 3] "},
    {SPAN("{\"a\":\"x\",\"b\":null}"), "1=\"x\" 3=null "},
    {SPAN("{\"b\":{\"c\":true,\"d\":false},\"a\":-1e2}"),
     "1=-1e2 3={\"c\":true,\"d\":false} 4=true 5=false "},
    {SPAN("{\"b\":{\"d\":{\"e\":{\"f\":1}},\"c\":{}}}"),
     "3={\"d\":{\"e\":{\"f\":1}},\"c\":{}} 4={} 5={\"e\":{\"f\":1}} 6={\"f\":1} "},
    {SPAN("{\"b\":{\"a\":1,\"b\":{\"c\":1}}}"), "3={\"a\":1,\"b\":{\"c\":1}} "},
    {SPAN("{\"b\":[{\"c\":1}]}"), "3=[{\"c\":1}] "},
    {SPAN("{\"b\":{\"c\":1},\"b\":{\"d\":2}}"), "3={\"d\":2} 5=2 "},
    {SPAN("{\"b\":{\"c\":1},\"b\":2}"), "3=2 "},
    {SPAN("{\"b\":{\"d\":{\"e\":1},\"d\":{}}}"), "3={\"d\":{\"e\":1},\"d\":{}} 5={} "},
    {SPAN("{\"b\":{\"d\":{\"e\":1}},\"b\":{\"d\":{}}}"), "3={\"d\":{}} 5={} "},
    {SPAN("{\"\\u0061\":\"\\u0062\"}"), "1=\"\\u0062\" "},
    {SPAN("{\"a name of over sixteen\":\"\\\"\\\\\"}"), "2=\"\\\"\\\\\" "},
    {SPAN("{\"a name of over sixteeN\":1,\"A\":2,\"\":3}"), ""},
};

static void find_members(void)
{
    static struct json_found found;
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(found_rows); i++) {
        struct span doc = found_rows[i].doc;
        doc.at = guard_copy(&guard, doc);
        check_int(json_find(reader, doc, &outer_shape, &found), 0, found_rows[i].doc.at);
        buf_clear(&out);
        for (unsigned slot = A; slot < SLOTS; slot++) {
            const struct json_value *v = &found.slot[slot];
            if (v->type != JSON_NONE)
                buf_printf(&out, "%u=%.*s ", slot, (int)v->raw.len, v->raw.at);
            else
                check(v->raw.len == 0, "%s: bytes of what is absent", found_rows[i].doc.at);
        }
        check_span(buf_view(&out), span_of(found_rows[i].want), found_rows[i].doc.at);
        check_span(found.slot[JSON_DOCUMENT].raw, doc, "the document");
    }
    check_int(json_find(reader, S("{\"a\":1,\"b\":{\"c\":2}"), &outer_shape, &found), -1,
              "no JSON");
    check(found.seen == 0 && found.slot[A].type == JSON_NONE, "members of invalid JSON remain");
    buf_release(&out);
}

/* Several decoded strings of one document stay side by side. */
static void found_strings(void)
{
    static struct json_found found;
    check_int(json_find(reader, S("{\"a\":\"\\n1\",\"b\":{\"c\":\"\\n2\",\"d\":\"3\"}}"),
                        &outer_shape, &found),
              0, "find");
    check_span(found.slot[A].string, S("\n1"), "a");
    check_span(found.slot[INNER_C].string, S("\n2"), "c");
    check_span(found.slot[INNER_D].string, S("3"), "d");
}

/* Writing. */

static void put_strings(void)
{
    static const struct {
        struct span text;
        const char *want;
    } rows[] = {
        {SPAN(""), "\"\""},
        {SPAN("abc"), "\"abc\""},
        {SPAN("\"\\/"), "\"\\\"\\\\/\""},
        {SPAN("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {SPAN("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\\u007f\""},
        {SPAN("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {SPAN("a\xFF"
              "b\xE2\x82"),
         "\"a\xEF\xBF\xBD"
         "b\xEF\xBF\xBD\""},
        {SPAN("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
    };
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        buf_clear(&out);
        json_put_string(&out, rows[i].text);
        check_span(buf_view(&out), span_of(rows[i].want), "string");
    }
    buf_clear(&out);
    json_put_string(&out, span_make(NULL, 0));
    json_put_raw(&out, span_make(NULL, 0));
    check_span(buf_view(&out), S("\"\""), "nothing at all");
    buf_release(&out);
}

/* Written JSON can be read again and has the same value. */
static void put_and_read_again(void)
{
    struct buf out = {0};
    char text[24];
    for (int round = 0; round < 20000; round++) {
        size_t len = any(sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(round < 128 ? round : (int)any(128));
        buf_clear(&out);
        json_put_string(&out, span_make(text, len));
        struct json_value top;
        if (!check(read_value(buf_view(&out), &top) == 0, "no JSON: %s", buf_text(&out)) ||
            !check_span(top.string, span_make(text, len), "read again"))
            break;
        check(!memchr(out.data, '\n', out.len) && !memchr(out.data, 0x7F, out.len), "control");
    }
    buf_release(&out);
}

static void put_members(void)
{
    struct buf out = {0};
    buf_byte(&out, '{');
    json_put_text(&out, "a", S("x\n"));
    json_put_int(&out, "b", INT64_MIN);
    json_put_int(&out, "c", INT64_MAX);
    json_put_key(&out, "d");
    buf_byte(&out, '{');
    json_put_key(&out, "e");
    json_put_raw(&out, S("{\n\"f\"\n:\r\n1.0}"));
    buf_puts(&out, "}");
    json_put_key(&out, "g");
    json_put_raw(&out, S("[]"));
    buf_byte(&out, '}');
    check(!memchr(out.data, '\n', out.len), "one line");
    for (size_t i = 0; i < out.len; i++)
        if (out.data[i] == '\r')
            out.data[i] = ' ';
    check_span(buf_view(&out),
               S("{\"a\":\"x\\n\",\"b\":-9223372036854775808,\"c\":9223372036854775807,"
                 "\"d\":{\"e\":{ \"f\" :  1.0}},\"g\":[]}"),
               "object");
    buf_release(&out);
}

static void version(void)
{
    check(strncmp(json_version(), "yajl/2.", 7) == 0, "%s", json_version());
}

int main(void)
{
    reader = json_reader_new();
    guard = guard_new(65536);
    unit_case("documents: members and spans", good_documents);
    unit_case("invalid documents", bad_documents);
    unit_case("a reader can be used again", reader_is_reusable);
    unit_case("places of errors", places_of_errors);
    unit_case("white space everywhere", white_space);
    unit_case("beginnings of a document", beginnings);
    unit_case("unpaired surrogates are replaced", mended_surrogates);
    unit_case("surrogates in UTF-8", encoded_surrogates);
    unit_case("values to C", to_numbers);
    unit_case("json_read_object", read_object);
    unit_case("json_find", find_members);
    unit_case("json_find: decoded strings", found_strings);
    unit_case("strings are put", put_strings);
    unit_case("written JSON can be read", put_and_read_again);
    unit_case("members are put", put_members);
    unit_case("version", version);
    json_reader_free(reader);
    guard_free(&guard);
    return unit_status();
}
