/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "state/log_reader.h"

#include "core/utf8.h"
#include "core/xmalloc.h"
#include "state/lines.h"
#include "state/log_files.h"
#include "system/system.h"
#include "json/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SCHEMA = JSON_DOCUMENT + 1,
    ID,
    TIME,
    URL,
    PROFILE,
    CONVERSATION_ID,
    MESSAGE_ID,
    MODE,
    MODEL,
    PORTFOLIO,
    QUESTION,
    TEXT,
    TOOLS,
    STATUS,
    EXIT_CODE,
    TOTAL_TOKENS,
    LATENCY_MS,
    TRUNCATED
};

static const struct json_key entry_keys[] = {
    {.name = SPAN("schema"), .slot = SCHEMA},
    {.name = SPAN("id"), .slot = ID},
    {.name = SPAN("time"), .slot = TIME},
    {.name = SPAN("url"), .slot = URL},
    {.name = SPAN("profile"), .slot = PROFILE},
    {.name = SPAN("conversation_id"), .slot = CONVERSATION_ID},
    {.name = SPAN("message_id"), .slot = MESSAGE_ID},
    {.name = SPAN("mode"), .slot = MODE},
    {.name = SPAN("model"), .slot = MODEL},
    {.name = SPAN("portfolio"), .slot = PORTFOLIO},
    {.name = SPAN("question"), .slot = QUESTION},
    {.name = SPAN("text"), .slot = TEXT},
    {.name = SPAN("tools"), .slot = TOOLS},
    {.name = SPAN("status"), .slot = STATUS},
    {.name = SPAN("exit_code"), .slot = EXIT_CODE},
    {.name = SPAN("total_tokens"), .slot = TOTAL_TOKENS},
    {.name = SPAN("latency_ms"), .slot = LATENCY_MS},
    {.name = SPAN("truncated"), .slot = TRUNCATED},
};

static const struct json_shape entry_shape = {entry_keys, sizeof entry_keys / sizeof entry_keys[0]};

/* Text in JSON form that a matching line must contain. Searching for it before parsing the line is
   much faster. */
struct needle {
    struct buf text;
    bool ignore_case; /* `text` is in lower case */
};

struct log_reader {
    enum log_order order;
    struct log_filter filter;
    struct needle *needles;
    size_t needle_count;
    int fd[LOG_FILES]; /* -1 for a file that does not exist */
    char *path[LOG_FILES];
    unsigned file; /* the current one, LOG_FILES at the end */
    bool began;    /* `lines` reads this file */
    struct lines lines;
    struct json_reader *json;
    struct json_found found;
    struct buf folded, line;
};

/* Searching. */

/* Eight characters to lower case at once; only ASCII letters change. */
static uint64_t fold_eight(uint64_t x)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = x & (0x7F * ones);
    uint64_t after_z = low + (0x7F - 'Z') * ones, from_a = low + (0x80 - 'A') * ones;
    uint64_t is_upper = (from_a ^ after_z) & ~x & (0x80 * ones);
    return x | is_upper >> 2;
}

/* Replaces the contents of `out`. */
static void fold(struct buf *out, struct span text)
{
    size_t i = 0;
    buf_clear(out);
    buf_reserve(out, text.len + 1);
    for (uint64_t x; i + sizeof x <= text.len; i += sizeof x) {
        memcpy(&x, text.at + i, sizeof x);
        x = fold_eight(x);
        memcpy(out->data + i, &x, sizeof x);
    }
    for (; i < text.len; i++) {
        char c = text.at[i];
        out->data[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    out->len = text.len;
}

static bool contains(struct span text, struct span word)
{
    return word.len == 0 || (text.len && memmem(text.at, text.len, word.at, word.len));
}

/* Whether the line may have escapes that this program would not write. */
static bool has_other_escapes(struct span line)
{
    return contains(line, (struct span)SPAN("\\u")) || contains(line, (struct span)SPAN("\\/"));
}

static void add_needle(struct log_reader *r, const char *text, bool ignore_case)
{
    struct buf json = {0};
    json_put_string(&json, span_of(text));
    struct span inside = span_make(json.data + 1, json.len - 2);
    r->needles = xgrow(r->needles, r->needle_count, sizeof *r->needles);
    struct needle *n = &r->needles[r->needle_count++];
    *n = (struct needle){.ignore_case = ignore_case};
    if (ignore_case)
        fold(&n->text, inside);
    else
        buf_span(&n->text, inside);
    buf_release(&json);
}

static bool line_may_match(struct log_reader *r, struct span line)
{
    bool is_folded = false;
    for (size_t i = 0; i < r->needle_count; i++) {
        const struct needle *n = &r->needles[i];
        if (n->ignore_case && !is_folded)
            fold(&r->folded, line);
        is_folded = is_folded || n->ignore_case;
        if (!contains(n->ignore_case ? buf_view(&r->folded) : line, buf_view(&n->text)))
            return has_other_escapes(line);
    }
    return true;
}

static bool entry_has_word(struct log_reader *r, const struct log_entry *e, const char *word)
{
    struct buf lower = {0};
    fold(&lower, span_of(word));
    fold(&r->folded, e->question);
    bool result = contains(buf_view(&r->folded), buf_view(&lower));
    if (!result) {
        fold(&r->folded, e->text);
        result = contains(buf_view(&r->folded), buf_view(&lower));
    }
    buf_release(&lower);
    return result;
}

static bool entry_matches(struct log_reader *r, const struct log_entry *e)
{
    const struct log_filter *f = &r->filter;
    if (f->conversation && !span_is(e->conversation_id, f->conversation))
        return false;
    for (size_t i = 0; i < f->word_count; i++)
        if (!entry_has_word(r, e, f->words[i]))
            return false;
    return true;
}

/* Entries. */

static struct span raw_at(const struct json_found *found, unsigned slot, enum json_type type)
{
    const struct json_value *v = &found->slot[slot];
    return v->type == type ? v->raw : span_make(NULL, 0);
}

static bool is_entry_id(struct span id)
{
    for (size_t i = 0; i < id.len; i++)
        if (!((id.at[i] >= '0' && id.at[i] <= '9') || (id.at[i] >= 'a' && id.at[i] <= 'f')))
            return false;
    return id.len == LOG_ID;
}

static bool parse_entry(struct log_reader *r, struct span line, struct log_entry *e)
{
    struct json_found *found = &r->found;
    int64_t schema = 0;
    if (line.at[0] != '{' || json_find(r->json, line, &entry_shape, found) != 0)
        return false;
    *e = (struct log_entry){.id = json_found_string(found, ID),
                            .time = json_found_string(found, TIME),
                            .url = json_found_string(found, URL),
                            .profile = json_found_string(found, PROFILE),
                            .conversation_id = json_found_string(found, CONVERSATION_ID),
                            .message_id = json_found_string(found, MESSAGE_ID),
                            .mode = json_found_string(found, MODE),
                            .model = json_found_string(found, MODEL),
                            .portfolio = raw_at(found, PORTFOLIO, JSON_ARRAY),
                            .question = json_found_string(found, QUESTION),
                            .text = json_found_string(found, TEXT),
                            .tools = raw_at(found, TOOLS, JSON_ARRAY),
                            .status = json_found_string(found, STATUS),
                            .total_tokens = raw_at(found, TOTAL_TOKENS, JSON_NUMBER),
                            .latency_ms = raw_at(found, LATENCY_MS, JSON_NUMBER),
                            .truncated = found->slot[TRUNCATED].type == JSON_TRUE,
                            .raw = line};
    json_to_int64(&found->slot[EXIT_CODE], &e->exit_code);
    return json_to_int64(&found->slot[SCHEMA], &schema) && schema == LOG_SCHEMA &&
           is_entry_id(e->id) && e->time.len && e->question.at;
}

/* Files. */

static int open_one(struct log_reader *r, unsigned i, struct stat *st, struct fail *fail)
{
    r->fd[i] = sys_open_private(r->path[i], O_RDONLY);
    if (r->fd[i] < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (r->fd[i] < 0 && log_fail_link("read", r->path[i], FAIL_INPUT, fail))
        return -1;
    if (r->fd[i] < 0 || fstat(r->fd[i], st) != 0)
        return sys_fail(fail, FAIL_INPUT, "cannot read %s", r->path[i]);
    if (!S_ISREG(st->st_mode))
        return fail_set(fail, FAIL_INPUT, "cannot read %s: not a regular file", r->path[i]);
    return 0;
}

static void close_file(struct log_reader *r, unsigned i)
{
    if (r->fd[i] >= 0)
        close(r->fd[i]);
    r->fd[i] = -1;
}

static int open_logs(struct log_reader *r, struct fail *fail)
{
    struct stat st[LOG_FILES];
    if (open_one(r, 0, &st[0], fail) != 0 || open_one(r, 1, &st[1], fail) != 0)
        return -1;
    /* One file with both names, as after a rename between the two calls, is read once. */
    if (r->fd[0] >= 0 && r->fd[1] >= 0 && st[0].st_ino == st[1].st_ino &&
        st[0].st_dev == st[1].st_dev)
        close_file(r, 1);
    return 0;
}

struct log_reader *log_reader_new(enum log_order order, const struct log_filter *filter,
                                  struct fail *fail)
{
    struct log_paths paths;
    struct log_reader *r = xcalloc(1, sizeof *r);
    r->order = order;
    r->json = json_reader_new();
    r->fd[0] = r->fd[1] = -1;
    r->file = order == LOG_NEWEST_FIRST ? 0 : LOG_FILES - 1;
    if (filter)
        r->filter = *filter;
    if (r->filter.conversation)
        add_needle(r, r->filter.conversation, false);
    for (size_t i = 0; i < r->filter.word_count; i++)
        add_needle(r, r->filter.words[i], true);
    if (!log_paths_init(&paths))
        return r;
    for (unsigned i = 0; i < LOG_FILES; i++)
        r->path[i] = xstrdup(paths.path[i]);
    log_paths_release(&paths);
    if (open_logs(r, fail) == 0)
        return r;
    log_reader_free(r);
    return NULL;
}

void log_reader_free(struct log_reader *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < LOG_FILES; i++) {
        close_file(r, i);
        free(r->path[i]);
    }
    for (size_t i = 0; i < r->needle_count; i++)
        buf_release(&r->needles[i].text);
    free(r->needles);
    lines_release(&r->lines);
    json_reader_free(r->json);
    buf_release(&r->folded);
    buf_release(&r->line);
    free(r);
}

/* The next line of either file, as lines_next; EINTR for a caught signal. */
static int read_next_line(struct log_reader *r, struct span *line, struct log_place *place)
{
    if (sys_signal()) {
        errno = EINTR;
        return -1;
    }
    for (; r->file < LOG_FILES; r->began = false) {
        struct stat st;
        int fd = r->fd[r->file];
        if (fd >= 0 && !r->began) {
            if (fstat(fd, &st) != 0)
                return -1;
            lines_release(&r->lines);
            lines_init(&r->lines, fd, st.st_size, r->order == LOG_NEWEST_FIRST);
            r->began = true;
        }
        int result = fd >= 0 ? lines_next(&r->lines, line, &place->offset) : 0;
        place->file = r->file;
        place->len = line->len;
        if (result != 0)
            return result;
        /* Unsigned: below 0 it becomes larger than LOG_FILES, too. */
        r->file += r->order == LOG_NEWEST_FIRST ? 1U : -1U;
    }
    return 0;
}

static int read_failed(const struct log_reader *r, unsigned file, struct fail *fail)
{
    return sys_fail(fail, FAIL_INPUT, "cannot read %s", r->path[file]);
}

int log_read(struct log_reader *r, struct log_entry *entry, struct log_place *place,
             struct fail *fail)
{
    struct span line = {NULL, 0};
    struct log_place at = {0};
    int result;
    while ((result = read_next_line(r, &line, &at)) > 0) {
        if (line_may_match(r, line) && parse_entry(r, line, entry) && entry_matches(r, entry)) {
            if (place)
                *place = at;
            return 1;
        }
    }
    return result < 0 ? read_failed(r, r->file, fail) : 0;
}

int log_read_at(struct log_reader *r, const struct log_place *place, struct log_entry *entry,
                struct fail *fail)
{
    buf_clear(&r->line);
    buf_reserve(&r->line, place->len);
    ssize_t n = sys_pread_all(r->fd[place->file], r->line.data, place->len, place->offset);
    if (n < 0)
        return read_failed(r, place->file, fail);
    r->line.len = (size_t)n;
    return n && parse_entry(r, buf_view(&r->line), entry) ? 1 : 0;
}

/* IDs. */

/* The IDs that have a given prefix. */
struct candidates {
    char *ids[LOG_CANDIDATES];
    size_t count;
    bool more;
};

static void add_candidate(struct candidates *c, struct span id)
{
    for (size_t i = 0; i < c->count; i++)
        if (span_is(id, c->ids[i]))
            return;
    if (c->count < LOG_CANDIDATES)
        c->ids[c->count++] = xspandup(id);
    else
        c->more = true;
}

static void release_candidates(struct candidates *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->ids[i]);
    c->count = 0;
}

static int refuse_ambiguous(const struct candidates *c, const char *what, const char *id,
                            struct fail *fail)
{
    struct buf list = {0};
    for (size_t i = 0; i < c->count; i++)
        buf_printf(&list, "%s%s", i ? ", " : "", c->ids[i]);
    if (c->more)
        buf_puts(&list, ", ...");
    fail_set(fail, FAIL_DATA, "ambiguous %s '%s': %s", what, id, buf_text(&list));
    buf_release(&list);
    return -1;
}

/* Entries by their IDs. */

struct entry_candidates {
    struct candidates ids;
    struct log_place newest; /* of the first ID found */
};

static int check_candidates(const struct candidates *c, const char *id, struct fail *fail)
{
    if (strlen(id) < LOG_PREFIX)
        return fail_set(fail, FAIL_DATA, "log ID '%s' is too short: expected at least %d digits",
                        id, LOG_PREFIX);
    if (c->count == 0)
        return fail_set_hint(fail, FAIL_DATA, "'sigmasight-chat log' lists the entries",
                             "unknown log ID '%s'", id);
    return c->count > 1 ? refuse_ambiguous(c, "log ID", id, fail) : 0;
}

static int collect_candidates(struct log_reader *r, const char *const *ids, size_t count,
                              struct entry_candidates *found, struct fail *fail)
{
    struct log_entry e = {.truncated = false};
    struct log_place place;
    int result;
    if (count == 1)
        add_needle(r, ids[0], false);
    while ((result = log_read(r, &e, &place, fail)) > 0)
        for (size_t i = 0; i < count; i++) {
            if (!span_starts(e.id, span_of(ids[i])))
                continue;
            if (found[i].ids.count == 0)
                found[i].newest = place;
            add_candidate(&found[i].ids, e.id);
        }
    return result;
}

int log_find(struct log_reader *r, const char *const *ids, size_t count, struct log_place *places,
             struct fail *fail)
{
    struct entry_candidates *found = xcalloc(count ? count : 1, sizeof *found);
    int result = collect_candidates(r, ids, count, found, fail);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = check_candidates(&found[i].ids, ids[i], fail);
        places[i] = found[i].newest;
    }
    for (size_t i = 0; i < count; i++)
        release_candidates(&found[i].ids);
    free(found);
    return result;
}

/* Conversations. */

enum { CONVERSATION_ID_LEN = 36 };

static bool is_of(const struct log_entry *e, struct store_key key)
{
    if (!key.url)
        return true;
    return span_is(e->url, key.url) &&
           (key.profile ? e->profile.at && span_is(e->profile, key.profile) : !e->profile.at);
}

/* An ID with U+0000 is none, and no C string. */
static bool is_conversation_id(struct span id)
{
    return id.len && !memchr(id.at, '\0', id.len);
}

int log_find_conversation(struct store_key key, const char *prefix, char **id, struct fail *fail)
{
    struct fail ignored = FAIL_INIT;
    struct candidates c = {.count = 0};
    struct log_entry e = {.truncated = false};
    size_t len = strlen(prefix);
    *id = NULL;
    if (len < LOG_PREFIX || len == CONVERSATION_ID_LEN)
        return 0;
    struct log_reader *r = log_reader_new(LOG_NEWEST_FIRST, NULL, &ignored);
    if (r) {
        add_needle(r, prefix, false);
        while (log_read(r, &e, NULL, &ignored) > 0)
            if (is_of(&e, key) && span_starts(e.conversation_id, span_of(prefix)) &&
                is_conversation_id(e.conversation_id))
                add_candidate(&c, e.conversation_id);
    }
    int result = c.count > 1 ? refuse_ambiguous(&c, "conversation ID", prefix, fail) : 0;
    if (c.count == 1)
        *id = xstrdup(c.ids[0]);
    release_candidates(&c);
    log_reader_free(r);
    fail_release(&ignored);
    return result;
}

/* Titles. */

static bool is_wanted(struct span id, const struct log_title *titles, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(id, titles[i].id))
            return true;
    return false;
}

/* Whether the line may belong to one of these conversations. Lines written by this program need not
   be parsed to find out. */
static bool may_have_title(struct span line, const struct log_title *titles, size_t count)
{
    static const struct span key = SPAN("\"conversation_id\":\"");
    const char *at = memmem(line.at, line.len, key.at, key.len);
    if (!at)
        return true;
    at += key.len;
    size_t left = line.len - (size_t)(at - line.at);
    const char *end = memchr(at, '"', left);
    struct span id = span_make(at, end ? (size_t)(end - at) : left);
    return is_wanted(id, titles, count) || memchr(id.at, '\\', id.len);
}

/* The oldest question of a conversation is read first. */
static size_t take_title(const struct log_entry *e, const char *url, struct log_title *titles,
                         size_t count)
{
    size_t found = 0;
    for (size_t i = 0; span_is(e->url, url) && i < count; i++) {
        if (titles[i].question || !span_equal(e->conversation_id, titles[i].id))
            continue;
        struct span first = utf8_first(e->question, LOG_TITLE_CHARACTERS);
        titles[i].question = xspandup(first);
        found++;
    }
    return found;
}

void log_find_titles(const char *url, struct log_title *titles, size_t count)
{
    struct fail ignored = FAIL_INIT;
    struct log_reader *r = log_reader_new(LOG_OLDEST_FIRST, NULL, &ignored);
    struct span line = {NULL, 0};
    struct log_place place;
    struct log_entry e = {.truncated = false};
    for (size_t left = count; r && left && read_next_line(r, &line, &place) > 0;)
        if (may_have_title(line, titles, count) && parse_entry(r, line, &e))
            left -= take_title(&e, url, titles, count);
    log_reader_free(r);
    fail_release(&ignored);
}
