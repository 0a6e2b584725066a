/* SPDX-License-Identifier: MIT */
/* The forms of documents that json_find() remembers. The input is one document a line. One reader
   reads them in turn and must find what a new reader finds with yajl alone. */
#include "json/memo.h"

#include "../unit/memo_compare.h"
#include "fuzz.h"

#include <string.h>

FUZZ_TARGET("chat.dict", "tests/fuzz/corpus/memo/* tests/transcripts/*.jsonl");

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf got, want;
    struct json_reader *reader = json_reader_new();
    struct span rest = fuzz_input(data, size);
    while (rest.len) {
        const char *newline = memchr(rest.at, '\n', rest.len);
        struct span line = span_make(rest.at, newline ? (size_t)(newline - rest.at) : rest.len);
        size_t taken = newline ? line.len + 1 : line.len;
        rest = span_make(rest.at + taken, rest.len - taken);
        buf_clear(&got);
        buf_clear(&want);
        memo_put(&got, reader, line);
        memo_put_plain(&want, line);
        fuzz_same(buf_view(&got), buf_view(&want), "a reader that knows forms");
    }
    json_reader_free(reader);
    return 0;
}
