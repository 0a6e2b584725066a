/* SPDX-License-Identifier: MIT */
/* Suggestions for misspelled commands and options. */
#include "settings/options.h"
#include "settings/suggest.h"

#include "unit.h"

static struct guard guard;

static void similar_names(void)
{
    static const char *const names[] = {
        "send", "login", "logout", "conversations", "config", "a-name-of-exactly-thirty-2-bytes",
        NULL};
    static const struct {
        const char *word, *name;
    } rows[] = {
        {"send", "send"},
        {"sned", "send"},
        {"snd", "send"},
        {"xsend", "send"},
        {"sand", "send"},
        {"esdn", NULL},
        {"se", NULL},
        {"sx", NULL},
        {"", NULL},
        {"lgoni", "login"},
        {"logni", "login"},
        {"logotu", "logout"},
        {"logxyz", "login"},
        {"convs", "conversations"},
        {"configure", "config"},
        {"configuration-of-the-program", NULL},
        {"con", "conversations"},
        {"co", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        /* The copy ends at a page that cannot be read. */
        size_t len = strlen(rows[i].word);
        struct span word = span_make(guard_copy(&guard, span_of(rows[i].word)), len);
        const char *name = suggest_name(word, names);
        check_span(span_of(name), span_of(rows[i].name), rows[i].word);
    }
}

static void long_words(void)
{
    static const char word[] = "a-word-that-is-longer-than-the-table-of-edits";
    static const char *const names[] = {word, NULL}, *const none[] = {NULL};
    for (size_t n = 0; n < sizeof word; n++) {
        const char *name = suggest_name(span_make(word, n), names);
        check((name != NULL) == (n >= 3), "%zu bytes", n);
    }
    check(!suggest_name(span_of(word), none), "no names");
}

static void options(void)
{
    check_span(span_of(suggest_option(span_of("ouput"), GROUP_OUTPUT)), span_of("output"),
               "output");
    check_span(span_of(suggest_option(span_of("token"), GROUP_API)), span_of("token-file"),
               "token");
    check(!suggest_option(span_of("output"), GROUP_LOGIN), "an option of another command");
    check(!suggest_option(span_of("token_command"), GROUP_API), "a key of the configuration file");
}

int main(void)
{
    guard = guard_new(4096);
    unit_case("suggest: similar names", similar_names);
    unit_case("suggest: long words", long_words);
    unit_case("suggest: options", options);
    guard_free(&guard);
    return unit_status();
}
