/* SPDX-License-Identifier: MIT */
/* The cache of document forms: with it json_find must find the same as with yajl alone. Tests
   selected documents, then every short text in place of a value; EXHAUSTIVE is added to its
   length. */
#include "json/memo.h"

#include "memo_compare.h"
#include "unit.h"

#include <stdlib.h>

enum { LENGTH = 3 };

static struct guard guard;

/* Reads one document after another with one reader. */
static void check_after(struct json_reader *reader, struct span document)
{
    static struct buf got, want;
    struct span copy = span_make(guard_copy(&guard, document), document.len);
    buf_clear(&got);
    buf_clear(&want);
    memo_put(&got, reader, copy);
    memo_put_plain(&want, copy);
    check_span(buf_view(&got), buf_view(&want), document.at);
}

static const struct span documents[] = {
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"another\",\"b\":{\"a\":-0.5e+10,\"c\":\"\"}}"),
    SPAN("{\"a\":\"\xC3\xA9\",\"b\":{\"a\":0,\"c\":\"\xF0\x9F\x98\x80\"}}"),
    SPAN("{\"a\":\"\xC3\",\"b\":{\"a\":0,\"c\":\"\xED\xA0\x80\"}}"),
    SPAN("{\"a\":\"\\n\",\"b\":{\"a\":0,\"c\":\"\\ud83d\\ude00\\u00e9\"}}"),
    SPAN("{\"a\":\"\\ud83d\",\"b\":{\"a\":0,\"c\":\"\\\"\"}}"),
    SPAN("{\"a\":\"\\x\",\"b\":{\"a\":0,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"\\u12\",\"b\":{\"a\":0,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"tab\t\",\"b\":{\"a\":0,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":01,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1.,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":,\"c\":\"y\"}}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\"}} "),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\"}}}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\"}"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\\"),
    SPAN("{\"a\":\"x\",\"b\":{\"a\":1,\"c\":\"y\",\"c\":\"z\"}}"),
    SPAN("{\"a\":true,\"b\":{\"a\":null,\"c\":[1,\"2\"]},\"b\":{}}"),
    SPAN("{\"a\":true,\"b\":{\"a\":null,\"c\":[3,\"\"]},\"b\":{}}"),
    SPAN("{\"\":{\"a\" : \"x\"},\"\\u0061\" : 5}"),
    SPAN("{\"\":{\"a\" : \"\"},\"\\u0061\" : 55}"),
    SPAN("12"),
    SPAN("-3"),
    SPAN("-"),
    SPAN(" \"x\" "),
    SPAN(" \"\\\\\" "),
    SPAN("[\"\\n\",\"\\n\",\"\\n\",\"\\n\",\"\\n\",\"\\n\"]"),
    SPAN(""),
    SPAN("nul"),
};

/* Reads each document after each other one, and after pairs of them. */
static void one_after_another(void)
{
    for (size_t i = 0; i < COUNT(documents); i++) {
        for (size_t j = 0; j < COUNT(documents); j++) {
            struct json_reader *reader = json_reader_new();
            check_after(reader, documents[i]);
            check_after(reader, documents[j]);
            check_after(reader, documents[i]);
            json_reader_free(reader);
        }
    }
}

static bool has_form(struct json_memo *memo, struct span doc)
{
    static struct json_found found;
    struct json_memo_escaped escaped;
    return json_memo_find(memo, doc, &memo_shape, &found, &escaped);
}

/* A form belongs to the shape that it was added for. */
static void forms_of_another_shape(void)
{
    static const struct json_shape other = {memo_inner_keys, 2};
    static struct json_found found;
    struct json_reader *reader = json_reader_new();
    for (int i = 0; i < 3; i++) {
        check_after(reader, documents[0]);
        json_find(reader, documents[0], &other, &found);
        check_span(found.slot[1].string, S("x"), "the member of the other shape");
        check(found.slot[2].type == JSON_NONE, "a member of the first shape");
    }
    json_reader_free(reader);
}

/* A form that is in use is kept, regardless of the number of other documents. */
static void forms_in_use_stay(void)
{
    static struct json_found found;
    struct json_reader *reader = json_reader_new();
    struct json_memo *memo = json_memo_new();
    struct buf other = {0};
    check(!has_form(memo, documents[0]), "a new memo has no forms");
    json_find(reader, documents[0], &memo_shape, &found);
    json_memo_add(memo, documents[0], &memo_shape, &found);
    for (int i = 0; i < 50; i++) {
        buf_clear(&other);
        buf_printf(&other, "{\"%d\":1}", i);
        json_find(reader, buf_view(&other), &memo_shape, &found);
        json_memo_add(memo, buf_view(&other), &memo_shape, &found);
        check(has_form(memo, buf_view(&other)), "document %d", i);
        check(has_form(memo, documents[1]), "after document %d", i);
    }
    buf_release(&other);
    json_memo_free(memo);
    json_reader_free(reader);
}

/* Parts of valid and invalid values. */
static const struct span alphabet[] = {
    SPAN("\""),   SPAN("\\"),   SPAN("u"),       SPAN("0"),      SPAN("1"), SPAN("-"),
    SPAN("+"),    SPAN("."),    SPAN("e"),       SPAN("n"),      SPAN(" "), SPAN("\x1F"),
    SPAN("\x7F"), SPAN("\xC3"), SPAN("\xA9"),    SPAN("0041"),   SPAN(","), SPAN("]"),
    SPAN("}"),    SPAN(":"),    SPAN("\\ud83d"), SPAN("\\ude00")};

/* Documents; `*` is replaced by the value. */
static const struct span forms[] = {SPAN("*"), SPAN("\"*\""), SPAN("{\"a\":*}"),
                                    SPAN("{\"b\":{\"a\":\"*\",\"c\":[0,1.5e3]},\"a\":true}")};

static void put_form(struct buf *out, struct span form, const unsigned *choice, int length)
{
    buf_clear(out);
    for (size_t i = 0; i < form.len; i++) {
        if (form.at[i] != '*')
            buf_byte(out, form.at[i]);
        for (int k = 0; form.at[i] == '*' && k < length; k++)
            buf_span(out, alphabet[choice[k]]);
    }
}

static bool next_choice(unsigned *choice, int length)
{
    for (int i = 0; i < length; i++) {
        if (++choice[i] < COUNT(alphabet))
            return true;
        choice[i] = 0;
    }
    return false;
}

/* With a reader that knows the forms of a valid value. */
static void every_value(void)
{
    static const unsigned one = 4;
    struct json_reader *reader = json_reader_new();
    struct buf document = {0}, got = {0}, want = {0};
    const char *extra = getenv("EXHAUSTIVE");
    int longest = LENGTH + (extra ? atoi(extra) : 0);
    for (size_t f = 0; f < COUNT(forms); f++) {
        for (int length = 0; length <= longest; length++) {
            unsigned choice[16] = {0};
            do {
                put_form(&document, forms[f], &one, 1);
                buf_clear(&got);
                memo_put(&got, reader, buf_view(&document));
                put_form(&document, forms[f], choice, length);
                buf_clear(&got);
                buf_clear(&want);
                memo_put(&got, reader, buf_view(&document));
                memo_put_plain(&want, buf_view(&document));
                if (!check_span(buf_view(&got), buf_view(&want), buf_text(&document)))
                    break;
            } while (next_choice(choice, length));
        }
    }
    buf_release(&document);
    buf_release(&got);
    buf_release(&want);
    json_reader_free(reader);
}

int main(void)
{
    guard = guard_new(4096);
    unit_case("documents one after another", one_after_another);
    unit_case("forms of another shape", forms_of_another_shape);
    unit_case("forms in use are kept", forms_in_use_stay);
    unit_case("every short text in place of a value", every_value);
    guard_free(&guard);
    return unit_status();
}
