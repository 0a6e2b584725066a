/* SPDX-License-Identifier: MIT */
/* Short text of users and servers: values of options, command lines, URLs, tokens. The first byte
   selects what the rest is, so that the fuzzer can vary each separately. */
#include "api/api.h"
#include "api/http_url.h"
#include "api/jwt.h"
#include "core/utf8.h"
#include "core/width.h"
#include "fuzz.h"
#include "settings/options.h"

#include <stdlib.h>
#include <string.h>

FUZZ_TARGET("settings.dict", "tests/fuzz/corpus/values/*");

static void check_number(const struct setting *s, const struct option_row *row)
{
    fuzz_require(s->number >= 0 && s->number < 9e15, "%s is %g", row->name, s->number);
    if (row->type == OPTION_SECONDS)
        fuzz_require((int64_t)(s->number * 1e6) >= 0, "%s is %g", row->name, s->number);
}

static void set_each(const char *text)
{
    struct settings settings = {0};
    for (enum origin from = ORIGIN_FILE; from <= ORIGIN_COMMAND_LINE; from++) {
        for (enum option_id id = 0; id < OPT_COUNT; id++) {
            struct fail fail = FAIL_INIT;
            const struct option_row *row = option_row(id);
            int result = settings_set(&settings, row->name, text, from, "there", &fail);
            fuzz_require((result < 0) == fail_is_set(&fail),
                         "%s: an error without a message, or a message without an error",
                         row->name);
            fail_release(&fail);
            check_number(&settings.of[id], row);
        }
    }
    settings_default(&settings);
    settings_release(&settings);
}

/* One argument a line. */
static void read_command_line(char *text)
{
    enum { ARGUMENTS = 20 };
    char name[] = "send", *argv[ARGUMENTS + 1] = {name};
    int argc = 1;
    for (char *at = text; at && argc < ARGUMENTS; argc++) {
        char *end = strchr(at, '\n');
        if (end)
            *end++ = '\0';
        argv[argc] = at;
        at = end;
    }
    for (unsigned groups = GROUP_COMMON; groups < 2 * GROUP_JSON; groups = groups * 3 + 2) {
        struct settings settings = {0};
        struct operands operands = {0};
        struct fail fail = FAIL_INIT;
        int result = options_parse(groups, argc, argv, &settings, &operands, &fail);
        fuzz_require((result < 0) == fail_is_set(&fail),
                     "a usage error without a message, or a message without an error");
        for (enum option_id id = 0; id < OPT_COUNT; id++)
            check_number(&settings.of[id], option_row(id));
        settings_release(&settings);
        free(operands.list);
        fail_release(&fail);
    }
}

static void read_url(const char *text)
{
    struct http_url url;
    struct fail fail = FAIL_INIT;
    int result = http_url_parse(text, &url, &fail);
    fuzz_require((result < 0) == fail_is_set(&fail),
                 "an invalid URL without a message, or a message for a valid one");
    fuzz_require(result < 0 || (url.origin && strstr(url.origin, "://")), "a URL without origin");
    bool https = url.origin && strncmp(url.origin, "https:", 6) == 0;
    fuzz_require(result < 0 || url.https == https, "https is wrong");
    free(url.origin);
    fail_release(&fail);
}

static void read_token(const char *text)
{
    int64_t issued, expires;
    bool is_jwt = jwt_times(text, &issued, &expires);
    fuzz_require(is_jwt || (issued == 0 && expires == 0), "times without a JSON Web Token");
    fuzz_require(issued >= -(INT64_C(1) << 53) && expires <= INT64_C(1) << 53,
                 "a time is out of range");
    api_is_token(span_of(text));
}

static void read_text(struct span in)
{
    struct buf valid = {0};
    utf8_replace(&valid, in);
    fuzz_require(fuzz_is_utf8(buf_view(&valid)), "replaced text is not UTF-8");
    fuzz_require(utf8_valid(in) == fuzz_is_utf8(in), "utf8_valid is wrong");
    fuzz_require(!utf8_valid(in) || span_equal(in, buf_view(&valid)), "valid text was changed");
    fuzz_require(width_of(buf_view(&valid)) <= 2 * in.len + 1, "more than two columns for a byte");
    buf_release(&valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct span in = fuzz_input(data + 1, size - 1);
    char *text = malloc(size);
    if (!text)
        abort();
    memcpy(text, in.at, in.len);
    text[in.len] = '\0';
    switch (data[0]) {
    case 'o':
        set_each(text);
        break;
    case 'a':
        read_command_line(text);
        break;
    case 'u':
        read_url(text);
        break;
    case 't':
        read_token(text);
        break;
    default:
        read_text(in);
        break;
    }
    free(text);
    return 0;
}
