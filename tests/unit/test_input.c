/* SPDX-License-Identifier: MIT */
/* Lines of the input, however the reads cut them. */
#include "system/line_input.h"

#include "system/system.h"
#include "unit.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { LINE_MAX_BYTES = 2 << 20 };

/* Makes a pipe standard input, to which a child writes the text in pieces of up to `piece` bytes.
   Standard input before is in *saved. */
static pid_t feed(struct span text, size_t piece, int *saved)
{
    int ends[2];
    *saved = dup(STDIN_FILENO);
    if (pipe(ends) != 0)
        exit(2);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        while (text.len) {
            size_t len = text.len < piece ? text.len : piece;
            ssize_t n = write(ends[1], text.at, len);
            if (n <= 0)
                _exit(1);
            text = span_make(text.at + n, text.len - (size_t)n);
        }
        _exit(0);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return child;
}

static void finish(pid_t child, int saved)
{
    dup2(saved, STDIN_FILENO);
    close(saved);
    waitpid(child, NULL, 0);
}

/* Reads all lines; they are those of the text. */
static void read_text(struct span text, size_t piece)
{
    struct line_input in;
    struct fail fail = FAIL_INIT;
    struct span line, rest = text;
    int saved, result;
    pid_t child = feed(text, piece, &saved);
    line_input_init(&in, LINE_MAX_BYTES);
    while ((result = line_input_read(&in, &line, &fail)) == INPUT_LINE) {
        const char *end = rest.len ? memchr(rest.at, '\n', rest.len) : NULL;
        struct span all = span_make(rest.at, end ? (size_t)(end - rest.at) : rest.len);
        bool has_cr = all.len && all.at[all.len - 1] == '\r';
        struct span want = span_make(all.at, all.len - has_cr);
        if (!check(rest.len > 0, "too many lines") || !check_span(line, want, "line"))
            break;
        rest = span_make(all.at + all.len + (end != NULL), rest.len - all.len - (end != NULL));
    }
    check(result == INPUT_END && rest.len == 0, "result %d, %zu bytes left", result, rest.len);
    check_int(line_input_read(&in, &line, &fail), INPUT_END, "after the end");
    fail_release(&fail);
    line_input_release(&in);
    finish(child, saved);
}

static void cuts(void)
{
    static const struct span texts[] = {
        SPAN(""),
        SPAN("\n"),
        SPAN("one"),
        SPAN("one\n"),
        SPAN("\n\none"),
        SPAN("one\ntwo"),
        SPAN("one\r\n\ntwo\n"),
        SPAN("one\r\rtwo\r\r\n\r\n\r"),
        SPAN("a\0b\nc\0"),
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t piece = 1; piece <= 4; piece++)
            read_text(texts[i], piece);
}

static void random_lines(void)
{
    struct buf text = {0};
    for (int i = 0; i < 300; i++) {
        for (uint32_t len = any(any(8) ? 40 : 20000); len; len--)
            buf_byte(&text, (char)('a' + any(26)));
        buf_byte(&text, '\n');
    }
    read_text(buf_view(&text), 1 << 16);
    read_text(buf_view(&text), 1000);
    buf_release(&text);
}

/* A line that is too long is truncated, and the next one is whole. */
static void too_long(void)
{
    struct buf text = {0};
    struct line_input in;
    struct fail fail = FAIL_INIT;
    struct span line = {NULL, 0};
    int saved;
    while (text.len < (size_t)3 * LINE_MAX_BYTES)
        buf_puts(&text, "0123456789");
    buf_puts(&text, "\nnext");
    pid_t child = feed(buf_view(&text), 1 << 16, &saved);
    line_input_init(&in, LINE_MAX_BYTES);
    check_int(line_input_read(&in, &line, &fail), INPUT_TOO_LONG, "the long line");
    check(line.len >= LINE_MAX_BYTES && line.len < LINE_MAX_BYTES + (64 << 10), "%zu bytes",
          line.len);
    check(line.len && memcmp(line.at, text.data, LINE_MAX_BYTES) == 0, "other bytes");
    check_int(line_input_read(&in, &line, &fail), INPUT_LINE, "the next line");
    check_span(line, S("next"), "the next line");
    check_int(line_input_read(&in, &line, &fail), INPUT_END, "the end");
    finish(child, saved);
    line_input_release(&in);
    buf_release(&text);
}

/* The limit is that of the line without its terminator, wherever the reads cut it. A byte order
   mark does not count, but only at the beginning. */
static void limits(void)
{
    static const struct span text = SPAN("\xEF\xBB\xBF"
                                         "12345678\r\n123456789\n12345678\r\r\n\xEF\xBB\xBF"
                                         "1\n123456789abcdefghi");
    static const struct {
        enum input_result result;
        struct span line;
    } want[] = {
        {INPUT_LINE, SPAN("12345678")},
        {INPUT_TOO_LONG, SPAN("12345678")},
        {INPUT_TOO_LONG, SPAN("12345678")},
        {INPUT_LINE, SPAN("\xEF\xBB\xBF"
                          "1")},
        {INPUT_TOO_LONG, SPAN("12345678")},
    };
    for (size_t piece = 1; piece <= text.len; piece++) {
        struct line_input in;
        struct fail fail = FAIL_INIT;
        struct span line;
        int saved;
        pid_t child = feed(text, piece, &saved);
        line_input_init(&in, 8);
        for (size_t i = 0; i < COUNT(want); i++) {
            check_int(line_input_read(&in, &line, &fail), want[i].result, "result");
            check_span(line, want[i].line, "line");
        }
        check_int(in.number, (int)COUNT(want), "number of lines");
        check_int(in.offset, (int)text.len, "offset");
        check_int(line_input_read(&in, &line, &fail), INPUT_END, "the end");
        line_input_release(&in);
        finish(child, saved);
    }
}

/* Only what has arrived is ready: a whole line that was read, or any byte that can be read. */
static void ready(void)
{
    struct line_input in;
    struct fail fail = FAIL_INIT;
    struct span line;
    int ends[2], saved = dup(STDIN_FILENO);
    if (!check(pipe(ends) == 0, "pipe"))
        return;
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    line_input_init(&in, LINE_MAX_BYTES);
    check(!line_input_is_ready(&in, 1000), "ready without input");
    check(write(ends[1], "one\ntwo\nthr", 11) == 11, "write");
    check(line_input_is_ready(&in, 1000), "not ready with input");
    check_int(line_input_read(&in, &line, &fail), INPUT_LINE, "one");
    check(line_input_is_ready(&in, 0), "not ready with a line that was read");
    check_int(line_input_read(&in, &line, &fail), INPUT_LINE, "two");
    check(!line_input_is_ready(&in, 1000), "ready with the beginning of a line");
    close(ends[1]);
    check_int(line_input_read(&in, &line, &fail), INPUT_LINE, "three");
    check_span(line, S("thr"), "three");
    check(!line_input_is_ready(&in, 1000), "ready at the end");
    check_int(line_input_read(&in, &line, &fail), INPUT_END, "the end");
    dup2(saved, STDIN_FILENO);
    close(saved);
    line_input_release(&in);
}

static void unreadable(void)
{
    struct line_input in;
    struct fail fail = FAIL_INIT;
    struct span line;
    int saved = dup(STDIN_FILENO), directory = open("/", O_RDONLY | O_DIRECTORY);
    dup2(directory, STDIN_FILENO);
    close(directory);
    line_input_init(&in, LINE_MAX_BYTES);
    check_int(line_input_read(&in, &line, &fail), INPUT_ERROR, "result");
    check(fail.cause == FAIL_INPUT, "cause %d", fail.cause);
    dup2(saved, STDIN_FILENO);
    close(saved);
    fail_release(&fail);
    line_input_release(&in);
}

int main(void)
{
    unit_case("input: lines in pieces", cuts);
    unit_case("input: random lines", random_lines);
    unit_case("input: a line that is too long", too_long);
    unit_case("input: the limit of a line, and a byte order mark", limits);
    unit_case("input: what is ready", ready);
    unit_case("input: a descriptor that cannot be read", unreadable);
    return unit_status();
}
