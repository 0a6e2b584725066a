/* SPDX-License-Identifier: MIT */
/* How far a word is from one that was meant. */
#include "core/distance.h"

#include "unit.h"

static struct guard guard;

static void steps(void)
{
    static const struct {
        const char *a, *b;
        unsigned steps;
    } rows[] = {
        {"", "", 0},           {"", "abc", 3},          {"send", "send", 0},
        {"sen", "send", 1},    {"xsend", "send", 1},    {"sand", "send", 1},
        {"sned", "send", 1},   {"esnd", "send", 1},     {"nesd", "send", 2},
        {"lgoni", "login", 2}, {"ca", "abc", 3},        {"kitten", "sitting", 3},
        {"abcd", "dcba", 3},   {"output", "ouptut", 1}, {"aaaa", "aa", 2},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t len = strlen(rows[i].a);
        struct span a = span_make(guard_copy(&guard, span_of(rows[i].a)), len);
        unsigned there = distance(a, span_of(rows[i].b)), back = distance(span_of(rows[i].b), a);
        check(there == rows[i].steps, "%s, %s: %u", rows[i].a, rows[i].b, there);
        check(back == there, "%s, %s: %u back", rows[i].a, rows[i].b, back);
    }
}

static void long_words(void)
{
    static const char word[] = "a-word-of-some-thirty-two-bytes.";
    unsigned ignored;
    check(strlen(word) == DISTANCE_MAX, "%zu bytes", strlen(word));
    for (size_t n = 0; n <= DISTANCE_MAX; n++) {
        unsigned expected = n < DISTANCE_MAX ? (unsigned)(n > 4 ? n - 4 : 4 - n) : DISTANCE_MAX;
        unsigned got = distance(span_make(word, n), span_make(word, 4));
        check(got == expected, "%zu bytes: %u", n, got);
    }
    check(!distance_is_small(span_of(word), span_of(word), &ignored), "too long");
}

static void small_ones(void)
{
    static const struct {
        const char *word, *name;
        bool small;
    } rows[] = {
        {"sned", "send", true},     {"snd", "send", true},   {"se", "send", false},
        {"sx", "send", false},      {"esdn", "send", false}, {"lgoni", "login", true},
        {"logxyz", "login", false}, {"", "a", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        unsigned count;
        bool small = distance_is_small(span_of(rows[i].word), span_of(rows[i].name), &count);
        check(small == rows[i].small, "%s, %s: %u", rows[i].word, rows[i].name, count);
    }
}

int main(void)
{
    guard = guard_new(4096);
    unit_case("distance: steps, there and back", steps);
    unit_case("distance: words that are too long", long_words);
    unit_case("distance: what may have been meant", small_ones);
    guard_free(&guard);
    return unit_status();
}
