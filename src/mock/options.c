/* SPDX-License-Identifier: MIT */
#include "mock/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

struct argument_row {
    const char *name;
    const char *argument; /* NULL for a flag */
    const char *help;
    size_t place;     /* in struct options: bool, int64_t or const char * */
    int64_t min, max; /* of a number; `max` is 0 for anything else */
};

#define AT(member) offsetof(struct options, member)

static const struct argument_row rows[] = {
    {"port", "N", "listen on port N, 0 for any free one (8000)", AT(port), 0, 65535},
    {"port-file", "FILE", "write the port to FILE when it accepts connections", AT(port_file), 0,
     0},
    {"ipv6", NULL, "listen on ::1 instead of 127.0.0.1", AT(ipv6), 0, 0},
    {"with-parent", NULL, "exit when the parent process exits", AT(with_parent), 0, 0},
    {"generation", "N", "generation of the API, 1 or 2 (1)", AT(backend.generation), 1, 2},
    {"token", "TOKEN", "always accept this token; repeatable", AT(backend.tokens), 0, 0},
    {"token-life", "SECONDS", "lifetime of a token from login (86400)", AT(backend.token_life), 0,
     1000000000},
    {"web-tokens", NULL, "accept only tokens of --token, none from login", AT(backend.web_tokens),
     0, 0},
    {"portfolios", "N", "portfolios of each account, 0 to 4 (1)", AT(backend.portfolios), 0,
     BACKEND_PORTFOLIOS},
    {"pace", "MS", "delay between two deltas of an answer (40)", AT(backend.pace), 0, 3600000},
    {"trim-deltas", NULL, "trim white space as the first generation does", AT(backend.trim_deltas),
     0, 0},
    {"broken-history", NULL, "fail after tool calls as the first generation does",
     AT(backend.broken_history), 0, 0},
    {"error", "CODE", "fail every message with this error", AT(backend.error), 0, 0},
    {"rate-limit", "N", "answer 429 to more than N calls a second", AT(backend.rate_limit), 1,
     1000000},
    {"retry-after", "SECONDS", "send Retry-After with these", AT(backend.retry_after), 0, 1000000},
    {"answer", "FILE", "answer every message with this recorded stream", AT(backend.answer), 0, 0},
    {"scenario", "FILE", "answer as this scenario says", AT(scenario), 0, 0},
    {"dump", "DIR", "write every request to a file in DIR", AT(dump), 0, 0},
    {"help", NULL, "print this help and exit", AT(help), 0, 0},
    {"version", NULL, "print the version and exit", AT(version), 0, 0},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static int set_number_option(const struct argument_row *row, int64_t *number, const char *text,
                             struct fail *f)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < row->min || value > row->max)
        return fail_set(f, FAIL_USAGE,
                        "invalid value '%s' for --%s: expected a number from %lld to %lld", text,
                        row->name, (long long)row->min, (long long)row->max);
    *number = value;
    return 0;
}

static int set_option(struct options *o, const struct argument_row *row, const char *text,
                      struct fail *f)
{
    void *member = (char *)o + row->place;
    if (row->max > 0)
        return set_number_option(row, member, text, f);
    if (member == &o->backend.tokens)
        strings_add(&o->backend.tokens, span_of(text));
    else if (row->argument)
        *(const char **)member = text;
    else
        *(bool *)member = true;
    return 0;
}

int options_read(struct options *o, int argc, char **argv, struct fail *f)
{
    *o = (struct options){
        .port = 8000,
        .backend = {
            .generation = 1, .token_life = 86400, .portfolios = 1, .pace = 40, .retry_after = -1}};
    struct option longs[ROWS + 1] = {{.name = NULL}};
    for (int i = 0; i < ROWS; i++)
        longs[i] = (struct option){.name = rows[i].name,
                                   .has_arg = rows[i].argument ? required_argument : no_argument};
    opterr = 0;
    int at = 0, got;
    while ((got = getopt_long(argc, argv, ":", longs, &at)) == 0)
        if (set_option(o, &rows[at], optarg, f) != 0)
            return -1;
    if (got == ':')
        return fail_set(f, FAIL_USAGE, "option '%s' requires an argument", argv[optind - 1]);
    if (got != -1)
        return fail_set(f, FAIL_USAGE, "unknown option '%s'", argv[optind - 1]);
    if (optind < argc)
        return fail_set(f, FAIL_USAGE, "unexpected argument '%s'", argv[optind]);
    return 0;
}

void options_release(struct options *o)
{
    strings_release(&o->backend.tokens);
}

void options_print_help(void)
{
    puts("Usage: sigmasight-mock [OPTION]...\n"
         "\n"
         "A SigmaSight test server on the loopback address.\n");
    for (int i = 0; i < ROWS; i++) {
        char name[40];
        const char *argument = rows[i].argument ? rows[i].argument : "";
        snprintf(name, sizeof name, "--%s %s", rows[i].name, argument);
        printf("  %-22s %s\n", name, rows[i].help);
    }
}
