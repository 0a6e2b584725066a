/* SPDX-License-Identifier: MIT */
/* The command line, its values, and where a setting comes from. */
#include "settings/options.h"

#include "unit.h"

enum { SEND = GROUP_SEND | GROUP_RETRY | GROUP_CONTEXT | GROUP_OUTPUT | GROUP_API | GROUP_COMMON };
enum { DECODE = GROUP_OUTPUT | GROUP_COMMON };

enum { ARGS = 12 };

/* getopt_long requires an argv that it may permute. */
struct words {
    int count;
    char *list[ARGS + 1];
    char room[ARGS][400];
};

static void make_words(struct words *w, const char *const *args)
{
    w->count = 0;
    snprintf(w->room[0], sizeof w->room[0], "send");
    w->list[w->count++] = w->room[0];
    for (; *args && w->count < ARGS; args++) {
        snprintf(w->room[w->count], sizeof w->room[0], "%s", *args);
        w->list[w->count] = w->room[w->count];
        w->count++;
    }
    w->list[w->count] = NULL;
}

static void put_setting(struct buf *out, const struct option_row *row, const struct setting *s)
{
    if (s->origin != ORIGIN_COMMAND_LINE)
        return;
    buf_printf(out, "%s", row->name);
    if (row->type == OPTION_FLAG)
        buf_printf(out, "*%d", s->count);
    else if (row->type == OPTION_LIST)
        for (int i = 0; i < s->count; i++)
            buf_printf(out, "%c%s", i ? ',' : '=', s->list[i]);
    else
        buf_printf(out, "=%s", s->text);
    buf_byte(out, ' ');
}

/* "name=value flag*count list=a,b 'operand' "literal"", or "!message". */
static void read_words(struct buf *out, unsigned groups, const char *const *args)
{
    struct words w;
    struct settings settings = {0};
    struct operands operands = {0};
    struct fail fail = FAIL_INIT;
    buf_clear(out);
    make_words(&w, args);
    int result = options_parse(groups, w.count, w.list, &settings, &operands, &fail);
    check((result == 0) == !fail_is_set(&fail), "the result and the failure agree");
    if (result != 0) {
        check_int(fail.cause, FAIL_USAGE, "cause");
        buf_printf(out, "!%s", fail.message);
    } else {
        for (enum option_id id = 0; id < OPT_COUNT; id++)
            put_setting(out, option_row(id), &settings.of[id]);
        for (size_t i = 0; i < operands.count; i++)
            buf_printf(out, operands.list[i].literal ? "\"%s\" " : "'%s' ", operands.list[i].text);
    }
    if (out->len && out->data[out->len - 1] == ' ')
        out->len--;
    free(operands.list);
    settings_release(&settings);
    fail_release(&fail);
}

static const struct {
    const char *args[ARGS];
    const char *want;
} lines[] = {
    {{NULL}, ""},
    {{"hello"}, "'hello'"},
    {{"-c", "x", "hello", "world"}, "conversation=x 'hello' 'world'"},
    {{"hello", "-c", "x", "world"}, "conversation=x 'hello' 'world'"},
    {{"hello", "world", "-c", "x"}, "conversation=x 'hello' 'world'"},
    {{"a", "-q", "b", "-q", "c"}, "quiet*2 'a' 'b' 'c'"},
    {{"-cx"}, "conversation=x"},
    {{"-c=x"}, "conversation==x"},
    {{"--conversation", "x"}, "conversation=x"},
    {{"--conversation=x"}, "conversation=x"},
    {{"--conversation=x=y"}, "conversation=x=y"},
    {{"-c", "x", "-c", "y"}, "conversation=y"},
    {{"-vv"}, "verbose*2"},
    {{"-v", "--verbose", "-v"}, "verbose*3"},
    {{"-qvcx"}, "conversation=x quiet*1 verbose*1"},
    {{"-nqo", "raw"}, "output=raw no-newline*1 quiet*1"},
    {{"-j"}, "output=jsonl"},
    {{"--json"}, "output=jsonl"},
    {{"-j", "-o", "text"}, "output=text"},
    {{"-o", "text", "-j"}, "output=jsonl"},
    {{"--portfolio", "a", "x", "--portfolio=b", "--portfolio", "c"}, "portfolio=a,b,c 'x'"},
    {{"--"}, ""},
    {{"--", "-c", "x"}, "\"-c\" \"x\""},
    {{"a", "--", "b"}, "'a' \"b\""},
    {{"--", "--"}, "\"--\""},
    {{"a", "--", "--", "-"}, "'a' \"--\" \"-\""},
    {{"-q", "--", "-q"}, "quiet*1 \"-q\""},
    {{"-"}, "'-'"},
    {{"a", "-", "-q", "-"}, "quiet*1 'a' '-' '-'"},
    {{"--", "-"}, "\"-\""},
    {{""}, "''"},
    {{"a", "", "b"}, "'a' '' 'b'"},
    {{"-c", "-"}, "conversation=-"},
    {{"-c", "--", "x"}, "conversation=-- 'x'"},
    {{"-c", "-q"}, "conversation=-q"},
    {{"-m", "green", "-m", "violet"}, "mode=violet"},
    {{"--events", "f"}, "events=f"},
    {{"--events-fd", "3"}, "events-fd=3"},
    {{"--retry", "5"}, "retry=5"},
    {{"-h", "x"}, "help*1 'x'"},
};

static void command_lines(void)
{
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(lines); i++) {
        read_words(&out, SEND, lines[i].args);
        check_span(buf_view(&out), span_of(lines[i].want), lines[i].want);
    }
    buf_release(&out);
}

static void posixly_correct(void)
{
    setenv("POSIXLY_CORRECT", "1", 1);
    command_lines();
    unsetenv("POSIXLY_CORRECT");
}

/* What is refused, and a word that the message must have. */
static const struct {
    unsigned groups;
    const char *args[ARGS];
    const char *word;
} refused[] = {
    {SEND, {"--nope"}, "--nope"},
    {SEND, {"--nope=x"}, "--nope"},
    {SEND, {"-x"}, "-x"},
    {SEND, {"-qx"}, "-x"},
    {SEND, {"a", "b", "-x"}, "-x"},
    /* Abbreviations: a script that used one would break with the next option. */
    {SEND, {"--re", "5"}, "unknown option --re"},
    {SEND, {"--conv", "x"}, "unknown option --conv"},
    {SEND, {"--conv=x"}, "unknown option --conv"},
    {SEND, {"a", "--conv", "x", "b"}, "unknown option --conv"},
    {SEND, {"--no-s"}, "unknown option --no-s"},
    {SEND, {"-q", "--no-s"}, "unknown option --no-s"},
    {SEND, {"--retry-d", "5"}, "unknown option --retry-d"},
    {SEND, {"--max-e", "1K"}, "unknown option --max-e"},
    {SEND, {"--token", "x"}, "unknown option --token"},
    {SEND, {"-c"}, "option --conversation requires an argument"},
    {SEND, {"--conversation"}, "option --conversation requires an argument"},
    {SEND, {"-qc"}, "option --conversation requires an argument"},
    {SEND, {"a", "-o"}, "option --output requires an argument"},
    {SEND, {"--quiet=1"}, "option --quiet does not take an argument"},
    {SEND, {"--json=x"}, "option --json does not take an argument"},
    {SEND, {"-c", ""}, "--conversation"},
    {SEND, {"--conversation="}, "--conversation"},
    {SEND, {"--portfolio", ""}, "--portfolio"},
    {SEND, {"-m", "Green"}, "green, blue, indigo or violet"},
    {SEND, {"-m", "gree"}, "green, blue, indigo or violet"},
    {SEND, {"-m", "green|blue"}, "green, blue, indigo or violet"},
    {SEND, {"-m", "red"}, "'red'"},
    {SEND, {"-m", ""}, "--mode"},
    {SEND, {"-o", "xml"}, "text, jsonl, json or raw"},
    {SEND, {"--color", "yes"}, "auto, always or never"},
    {SEND, {"-q", "--", "a", "-x", "--retry"}, NULL},
    {SEND, {"--", "--nope"}, NULL},
    {DECODE, {"-c", "x"}, "unknown option -c"},
    {DECODE, {"-cx"}, "unknown option -c"},
    {DECODE, {"-m", "green"}, "unknown option -m"},
    {DECODE, {"-C"}, "unknown option -C"},
    {DECODE, {"-u", "http://x"}, "unknown option -u"},
    {DECODE, {"--conversation", "x"}, "--conversation"},
    {DECODE, {"--record", "x"}, "--record"},
    {DECODE, {"--retry", "1"}, "--retry"},
    {SEND, {"--email", "x"}, "--email"},
    {SEND, {"--limit", "1"}, "--limit"},
    {SEND, {"--token_command", "x"}, "--token_command"},
    {GROUP_COMMON, {"-j"}, "unknown option -j"},
};

static void what_is_refused(void)
{
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(refused); i++) {
        read_words(&out, refused[i].groups, refused[i].args);
        const char *said = buf_text(&out);
        if (!refused[i].word)
            check(said[0] != '!', "%s %s: %s", refused[i].args[0], refused[i].args[1], said);
        else
            check(said[0] == '!' && strstr(said, refused[i].word), "%s: '%s' instead of '!… %s …'",
                  refused[i].args[0], said, refused[i].word);
    }
    buf_release(&out);
}

/* `--token=SECRET` is a secret in the wrong place: it must not be repeated. */
static void secrets_are_not_repeated(void)
{
    static const char *const words[] = {"--token=hunter2", "--password=hunter2", "--nope=hunter2"};
    struct buf out = {0};
    for (size_t i = 0; i < COUNT(words); i++) {
        read_words(&out, SEND, (const char *const[]){words[i], NULL});
        check(buf_text(&out)[0] == '!' && !strstr(buf_text(&out), "hunter2"), "%s", buf_text(&out));
    }
    buf_release(&out);
}

static const struct {
    const char *option, *value;
    double number; /* -1: refused */
} values[] = {
    {"--retry", "0", 0},
    {"--retry", "3", 3},
    {"--retry", "007", 7},
    {"--retry", "1000000000", 1e9},
    {"--retry", "1000000001", -1},
    {"--retry", "99999999999999999999999", -1},
    {"--retry", "-1", -1},
    {"--retry", "+1", -1},
    {"--retry", " 1", -1},
    {"--retry", "1 ", -1},
    {"--retry", "1.0", -1},
    {"--retry", "1e1", -1},
    {"--retry", "0x1", -1},
    {"--retry", "x", -1},
    {"--retry", "", -1},
    {"--retry", "inf", -1},
    {"--events-fd", "3", 3},
    {"--events-fd", "3a", -1},
    {"--retry-delay", "0", 0},
    {"--retry-delay", "0.5", 0.5},
    {"--retry-delay", ".25", 0.25},
    {"--retry-delay", "2.", 2},
    {"--retry-delay", "1.5.1", -1},
    {"--retry-delay", ".", -1},
    {"--retry-delay", "-0.5", -1},
    {"--retry-delay", "1e3", -1},
    {"--retry-delay", "1,5", -1},
    {"--retry-delay", "nan", -1},
    {"--retry-delay", "5s", -1},
    {"--max-time", "1000000000.5", -1},
    {"--idle-timeout", "300", 300},
    {"--max-event-size", "1", 1},
    {"--max-event-size", "0", -1},
    {"--max-event-size", "65536", 65536},
    {"--max-event-size", "512K", 524288},
    {"--max-event-size", "64M", 67108864},
    {"--max-event-size", "2G", 2147483648.0},
    {"--max-event-size", "64m", 67108864},
    {"--max-event-size", "0K", -1},
    {"--max-event-size", "K", -1},
    {"--max-event-size", "1.5M", -1},
    {"--max-event-size", "1KB", -1},
    {"--max-event-size", "1T", -1},
    {"--max-event-size", "-1", -1},
    {"--max-event-size", "M1", -1},
    {"--max-event-size", "99999999999G", -1},
};

static void what_values_are(void)
{
    for (size_t i = 0; i < COUNT(values); i++) {
        struct words w;
        struct settings settings = {0};
        struct operands operands = {0};
        struct fail fail = FAIL_INIT;
        double got = -1;
        make_words(&w, (const char *const[]){values[i].option, values[i].value, NULL});
        if (options_parse(SEND, w.count, w.list, &settings, &operands, &fail) == 0)
            for (enum option_id id = 0; id < OPT_COUNT; id++)
                if (settings.of[id].origin == ORIGIN_COMMAND_LINE)
                    got = settings.of[id].number;
        check(got >= values[i].number && got <= values[i].number, "%s '%s': %g instead of %g",
              values[i].option, values[i].value, got, values[i].number);
        if (fail_is_set(&fail))
            check(fail.cause == FAIL_USAGE && strstr(fail.message, values[i].option), "%s",
                  fail.message);
        free(operands.list);
        settings_release(&settings);
        fail_release(&fail);
    }
}

static void accessors(void)
{
    struct words w;
    struct settings s = {0};
    struct operands operands = {0};
    struct fail fail = FAIL_INIT;
    make_words(&w, (const char *const[]){"--retry-delay", "0.25", "-vv", "--retry", "4", NULL});
    check_int(options_parse(SEND, w.count, w.list, &s, &operands, &fail), 0, "result");
    check_int(setting_us(&s, OPT_RETRY_DELAY), 250000, "microseconds");
    check_int(setting_number(&s, OPT_RETRY), 4, "number");
    check_int(setting_count(&s, OPT_VERBOSE), 2, "count");
    check(setting_is(&s, OPT_VERBOSE) && !setting_is(&s, OPT_QUIET), "flags");
    check(setting_text(&s, OPT_URL) == NULL && setting_number(&s, OPT_MAX_TIME) == 0, "not set");
    free(operands.list);
    settings_release(&s);
}

/* The command line over the environment over the defaults. */
static void origins(void)
{
    struct words w;
    struct settings s = {0};
    struct operands operands = {0};
    struct fail fail = FAIL_INIT;
    setenv("SIGMASIGHT_URL", "http://env", 1);
    make_words(&w, (const char *const[]){"-u", "http://line", NULL});
    options_parse(SEND, w.count, w.list, &s, &operands, &fail);
    settings_from_environment(&s, &fail);
    settings_default(&s);
    check_span(span_of(setting_text(&s, OPT_URL)), S("http://line"), "the command line first");
    settings_release(&s);
    settings_from_environment(&s, &fail);
    settings_default(&s);
    check_span(span_of(setting_text(&s, OPT_URL)), S("http://env"), "then the environment");
    check_int(s.of[OPT_URL].origin, ORIGIN_ENVIRONMENT, "origin");
    settings_release(&s);
    setenv("SIGMASIGHT_URL", "", 1);
    settings_from_environment(&s, &fail);
    settings_default(&s);
    check_span(span_of(setting_text(&s, OPT_URL)), S("http://localhost:8000/api/v1"),
               "the default");
    check_int(s.of[OPT_URL].origin, ORIGIN_DEFAULT, "origin");
    settings_release(&s);
    unsetenv("SIGMASIGHT_URL");
    check(!fail_is_set(&fail), "nothing failed");
    free(operands.list);
}

/* "Options of `send`": the numbers in parentheses. */
static void defaults(void)
{
    struct settings s = {0};
    settings_default(&s);
    check_int(setting_number(&s, OPT_RETRY), 3, "--retry");
    check_int(setting_us(&s, OPT_RETRY_DELAY), 1000000, "--retry-delay");
    check_int(setting_us(&s, OPT_RETRY_MAX_TIME), 60000000, "--retry-max-time");
    check_int(setting_us(&s, OPT_CONNECT_TIMEOUT), 10000000, "--connect-timeout");
    check_int(setting_us(&s, OPT_IDLE_TIMEOUT), 300000000, "--idle-timeout");
    check_int(setting_us(&s, OPT_STALL_TIMEOUT), 0, "--stall-timeout");
    check_int(setting_us(&s, OPT_MAX_TIME), 0, "--max-time");
    check_int(setting_number(&s, OPT_MAX_EVENT_SIZE), 64 << 20, "--max-event-size");
    check_span(span_of(setting_text(&s, OPT_OUTPUT)), S("text"), "--output");
    check_span(span_of(setting_text(&s, OPT_COLOR)), S("auto"), "--color");
    settings_release(&s);
}

static void by_name(void)
{
    struct settings s = {0};
    struct fail fail = FAIL_INIT;
    check_int(settings_set(&s, "retry", "5", ORIGIN_FILE, "the file: retry", &fail), 0, "retry");
    check_int(setting_number(&s, OPT_RETRY), 5, "set");
    check_int(settings_set(&s, "retry", "6", ORIGIN_PROFILE, "a profile", &fail), 0, "stronger");
    check_int(settings_set(&s, "retry", "7", ORIGIN_FILE, "the file", &fail), 0, "weaker");
    check_int(setting_number(&s, OPT_RETRY), 6, "the stronger one stays");
    check_int(settings_set(&s, "portfolio", "a", ORIGIN_FILE, "f", &fail), 0, "a list");
    check_int(settings_set(&s, "portfolio", "b", ORIGIN_FILE, "f", &fail), 0, "of two");
    check_int(setting_count(&s, OPT_PORTFOLIO), 2, "values add up within an origin");
    check_int(settings_set(&s, "portfolio", "c", ORIGIN_PROFILE, "p", &fail), 0, "stronger");
    check_int(setting_count(&s, OPT_PORTFOLIO), 1, "but not beyond it");
    check_int(settings_set(&s, "insecure", NULL, ORIGIN_FILE, "f", &fail), 0, "a flag");
    check(setting_is(&s, OPT_INSECURE), "is set");
    check_int(settings_set(&s, "insecure", "false", ORIGIN_PROFILE, "p", &fail), 0, "false");
    check(!setting_is(&s, OPT_INSECURE), "takes it back");
    check_int(settings_set(&s, "nonsense", "x", ORIGIN_FILE, "f", &fail), 1, "an unknown name");
    check_int(settings_set(&s, "conversation", "x", ORIGIN_FILE, "f", &fail), 1, "no key of files");
    check(!fail_is_set(&fail), "nothing failed");
    check_int(settings_set(&s, "mode", "red", ORIGIN_FILE, "here: mode", &fail), -1, "a bad value");
    check(fail.cause == FAIL_CONFIG && strstr(fail.message, "here: mode"), "%s", fail.message);
    fail_release(&fail);
    settings_release(&s);
}

/* One row per option, each letter and name once. */
static void table(void)
{
    for (enum option_id id = 0; id < OPT_COUNT; id++) {
        const struct option_row *row = option_row(id);
        check_int(row->id, id, row->name);
        check(row->help && *row->help && row->help[strlen(row->help) - 1] != '.', "%s: help",
              row->name);
        check((row->type == OPTION_FLAG) == !row->argument, "%s: argument", row->name);
        check((row->type == OPTION_CHOICE) == (row->choices != NULL), "%s: choices", row->name);
        for (enum option_id other = 0; other < id; other++) {
            check(strcmp(row->name, option_row(other)->name) != 0, "%s twice", row->name);
            check(!row->letter || row->letter != option_row(other)->letter, "-%c twice",
                  row->letter);
        }
    }
}

static void help(void)
{
    struct buf out = {0};
    check(options_help(&out, SEND, true) == 0, "no option is left out");
    const char *text = buf_text(&out);
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        size_t len = strcspn(line, "\n");
        check(len <= 100, "a line of %zu columns: %.40s", len, line);
    }
    check(strstr(text, "  -c, --conversation ID ") && strstr(text, "      --retry N "), "%s", text);
    check(!strstr(text, "--email"), "no option of another command");
    buf_clear(&out);
    size_t left_out = options_help(&out, SEND, false);
    check(left_out > 10 && !strstr(buf_text(&out), "--retry-delay"), "%zu left out", left_out);
    buf_release(&out);
}

int main(void)
{
    unsetenv("POSIXLY_CORRECT");
    unit_case("command lines", command_lines);
    unit_case("command lines where POSIXLY_CORRECT is set", posixly_correct);
    unit_case("invalid command lines", what_is_refused);
    unit_case("secrets are not repeated", secrets_are_not_repeated);
    unit_case("values", what_values_are);
    unit_case("accessors", accessors);
    unit_case("origins", origins);
    unit_case("defaults", defaults);
    unit_case("settings by name", by_name);
    unit_case("the table", table);
    unit_case("help", help);
    return unit_status();
}
