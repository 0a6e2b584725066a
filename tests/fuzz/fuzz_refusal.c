/* SPDX-License-Identifier: MIT */
/* Bodies of responses that are not streams: the explanation is one escaped line and JSON. Also
   lists of conversations. */
#include "api/api.h"
#include "api/refusal.h"
#include "chat/summary.h"
#include "fuzz.h"
#include "terminal/terminal.h"

#include <stdlib.h>
#include <string.h>

FUZZ_TARGET("chat.dict", "tests/fuzz/corpus/refusal/*");

static void check_line(const struct fail *fail)
{
    static int error = -1;
    static struct buf shown;
    struct terminal terminal = {.err = true, .color = true};
    if (error < 0)
        error = fuzz_memory();
    fuzz_error_redirect(error);
    terminal_failure(&terminal, fail);
    fuzz_error_restore();
    buf_clear(&shown);
    fuzz_memory_take(error, &shown);
    terminal_release(&terminal);
    fuzz_require_harmless(buf_view(&shown), FUZZ_LINES, "the line of an error");
    fuzz_require(shown.len && memchr(shown.data, '\n', shown.len) == shown.data + shown.len - 1,
                 "an error of several lines");
}

static void check_summary(const struct fail *fail)
{
    static struct buf line;
    struct summary summary = {.timing = {-1, -1, -1, -1, -1}};
    summary_describe(&summary, fail, true);
    buf_clear(&line);
    buf_byte(&line, '{');
    summary_put(&line, &summary);
    buf_byte(&line, '}');
    fuzz_require_json_line(buf_view(&line), "the summary of an error");
}

static void refuse(struct span in, int status)
{
    struct http_response response;
    struct fail fail = FAIL_INIT;
    http_response_init(&response);
    response.status = status;
    /* A body, and headers for a success or a redirection. */
    buf_span(&response.body, in);
    buf_span(&response.content_type, span_first_line(in));
    buf_span(status < 300 ? &response.content_encoding : &response.location, span_first_line(in));
    api_is_event_stream(&response);
    fuzz_require(api_refused(&response, "cannot send the message", &fail) == -1, "not refused");
    fuzz_require(fail_is_set(&fail) && fail.message, "an error without a message");
    check_line(&fail);
    check_summary(&fail);
    fail_release(&fail);
    http_response_release(&response);
}

static void read_body(struct span in)
{
    struct buf words = {0}, code = {0};
    refusal_read(in, (struct span)SPAN("{\"email\":\"a\",\"password\":\"b\"}"), &words, &code);
    fuzz_require(words.len <= 3 * in.len + 600, "a message of %zu bytes", words.len);
    buf_release(&words);
    buf_release(&code);
}

static void on_conversation(void *arg, const struct api_conversation *c)
{
    int *count = arg;
    fuzz_require(c->id.len > 0, "a conversation without an ID");
    fuzz_require(c->raw.len > 1 && c->raw.at[0] == '{' && c->raw.at[c->raw.len - 1] == '}',
                 "a conversation is not an object");
    ++*count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 307, 401, 422, 429, 500};
    struct span in = fuzz_input(data, size);
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    struct span body = span_make(copy, size);
    read_body(body);
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        refuse(in, statuses[i]);
    bool more;
    int seen = 0, count = api_each_conversation(body, on_conversation, &seen, &more);
    fuzz_require(count == -1 || count == seen, "%d conversations instead of %d", count, seen);
    free(copy);
    return 0;
}
