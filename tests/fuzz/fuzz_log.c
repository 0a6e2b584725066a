/* SPDX-License-Identifier: MIT */
/* The log: arbitrary bytes as its file, and as the question and the answer of an entry. */
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "fuzz.h"
#include "state/log.h"
#include "state/log_change.h"
#include "state/log_files.h"
#include "state/log_reader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

FUZZ_TARGET("settings.dict", "tests/fuzz/corpus/log/*");

enum { ENTRIES = 64 };

static char root[200], directory[240], file[300];

static void tidy(void)
{
    static const char *const names[] = {LOG_FILE, "log.1.jsonl", "log.lock"};
    char path[320];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    if (rmdir(directory) != 0 || rmdir(root) != 0)
        fprintf(stderr, "fuzz: cannot remove %s\n", root);
}

static void prepare(void)
{
    const char *given = getenv("TMPDIR");
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : given ? given : "/tmp";
    snprintf(root, sizeof root, "%s/fuzz.XXXXXX", base);
    fuzz_require(mkdtemp(root) != NULL, "cannot create a directory in %s", base);
    snprintf(directory, sizeof directory, "%s/sigmasight-chat", root);
    fuzz_require(mkdir(directory, 0700) == 0, "cannot create the directory %s", directory);
    snprintf(file, sizeof file, "%s/%s", directory, LOG_FILE);
    setenv("XDG_STATE_HOME", root, 1);
    atexit(tidy);
}

static void write_file(struct span in)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_require(fd >= 0 && write(fd, in.at, in.len) == (ssize_t)in.len && close(fd) == 0,
                 "cannot write %s", file);
}

static void read_file(struct buf *out)
{
    char chunk[4096];
    ssize_t n;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    buf_clear(out);
    while ((n = read(fd, chunk, sizeof chunk)) > 0)
        buf_append(out, chunk, (size_t)n);
    close(fd);
}

/* Reads the entries in an order, one a line. Returns their number. */
static size_t read_all(enum log_order order, const struct log_filter *filter, struct buf *lines,
                       size_t offsets[ENTRIES])
{
    struct fail fail = FAIL_INIT;
    struct log_reader *r = log_reader_new(order, filter, &fail);
    struct log_entry e;
    struct log_place place;
    size_t count = 0;
    int result;
    buf_clear(lines);
    while (r && (result = log_read(r, &e, &place, &fail)) > 0 && count < ENTRIES) {
        fuzz_require(e.id.len == LOG_ID && e.raw.len == place.len, "an entry without an ID");
        fuzz_require(!memchr(e.raw.at, '\n', e.raw.len), "an entry of two lines");
        offsets[count++] = (size_t)place.offset;
        buf_span(lines, e.raw);
        buf_byte(lines, '\n');
    }
    fuzz_require(!fail_is_set(&fail), "the log cannot be read: %s",
                 fail.message ? fail.message : "");
    log_reader_free(r);
    return count;
}

static void check_orders(void)
{
    static struct buf lines;
    size_t newest[ENTRIES] = {0}, oldest[ENTRIES] = {0};
    size_t count = read_all(LOG_NEWEST_FIRST, NULL, &lines, newest);
    if (count == ENTRIES)
        return;
    fuzz_require(read_all(LOG_OLDEST_FIRST, NULL, &lines, oldest) == count,
                 "the number of entries differs");
    for (size_t i = 0; i < count; i++)
        fuzz_require(newest[i] == oldest[count - 1 - i], "the order of entries differs");
}

/* The first four bytes of each question and text find the entry. */
static void check_search(void)
{
    static struct buf lines;
    struct fail fail = FAIL_INIT;
    size_t offsets[ENTRIES];
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, &fail);
    struct log_entry e;
    struct log_place place;
    for (int n = 0; n < 8 && log_read(r, &e, &place, &fail) > 0; n++) {
        struct span word = utf8_cut(e.question, 4);
        char *copy = xmemdup(word.at, word.len);
        const char *words[] = {copy};
        struct log_filter filter = {.words = words, .word_count = 1};
        size_t count = read_all(LOG_NEWEST_FIRST, &filter, &lines, offsets);
        bool found = count == ENTRIES || memchr(word.at, '\0', word.len);
        for (size_t i = 0; i < count && !found; i++)
            found = offsets[i] == (size_t)place.offset;
        fuzz_require(found || !fuzz_is_utf8(word), "an entry is not found by '%s'", copy);
        free(copy);
    }
    log_reader_free(r);
}

/* An entry is appended at the end and can be read back. */
static void append(struct span in)
{
    static struct buf before, after, wanted;
    struct fail fail = FAIL_INIT;
    struct log_entry e = {.time = SPAN("2026-01-02T03:04:05.678Z"),
                          .url = SPAN("http://a"),
                          .question = in,
                          .text = in,
                          .status = SPAN("done")};
    bool first;
    read_file(&before);
    fuzz_require(log_append(&e, 0, true, &first, &fail) == 0, "the entry was not appended");
    read_file(&after);
    fuzz_require(after.len > before.len && after.data[after.len - 1] == '\n' &&
                     (before.len == 0 || memcmp(before.data, after.data, before.len) == 0),
                 "earlier entries have changed");
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, &fail);
    fuzz_require(log_read(r, &e, NULL, &fail) > 0, "the appended entry is not read");
    buf_clear(&wanted);
    utf8_replace(&wanted, in);
    fuzz_same(e.question, buf_view(&wanted), "the question");
    fuzz_same(e.text, buf_view(&wanted), "the answer");
    log_reader_free(r);
}

/* Removing the newest entry leaves the rest unchanged. */
static void remove_newest(struct span in)
{
    static struct buf after;
    struct fail fail = FAIL_INIT;
    struct log_entry e;
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, &fail);
    fuzz_require(log_read(r, &e, NULL, &fail) > 0, "no entry was found");
    char *id = xmemdup(e.id.at, e.id.len);
    const char *ids[] = {id};
    log_reader_free(r);
    fuzz_require(log_delete(ids, 1, &fail) == 0, "the entry was not removed: %s",
                 fail.message ? fail.message : "");
    read_file(&after);
    bool is_torn = in.len && in.at[in.len - 1] != '\n';
    after.len -= is_torn;
    fuzz_same(buf_view(&after), in, "the rest of the log");
    free(id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = fuzz_input(data, size);
    if (!*root)
        prepare();
    write_file(in);
    check_orders();
    check_search();
    append(in);
    remove_newest(in);
    return 0;
}
