/* SPDX-License-Identifier: MIT */
/* The log: what was asked and answered, one JSON object a line, in the state directory ("The log"
   in the manual). Entries are appended to log.jsonl; when that is over a bound it becomes
   log.1.jsonl and replaces the former one. Readers read both. */
#ifndef STATE_LOG_H
#define STATE_LOG_H

#include "core/fail.h"
#include "state/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOG_FILE "log.jsonl"

enum {
    LOG_SCHEMA = 1,
    LOG_ID = 8,               /* hexadecimal digits */
    LOG_PREFIX = 4,           /* the fewest of them that select an entry */
    LOG_TEXT_MAX = 1 << 20,   /* bytes of a question and of a text */
    LOG_NAME_MAX = 1 << 10,   /* of any other text */
    LOG_NUMBER_MAX = 64,      /* of a number */
    LOG_TOOLS_MAX = 64 << 10, /* bytes of all tools */
    LOG_CANDIDATES = 5        /* that a message about an ambiguous ID names */
};

/* An entry, to be written or as it was read. All borrowed. A span with `at` NULL is null. */
struct log_entry {
    struct span id;   /* chosen when it is written */
    struct span time; /* RFC 3339, UTC, milliseconds: when the question was asked */
    struct span url, profile, conversation_id, message_id, mode, model;
    struct span portfolio; /* JSON: an array of IDs */
    struct span question, text;
    struct span tools; /* JSON: an array of objects with name, arguments, duration_ms, error */
    struct span status;
    int64_t exit_code;
    struct span total_tokens, latency_ms; /* JSON: numbers */
    bool truncated;                       /* part of the question, text or tools is missing */
    struct span raw;                      /* as read: the entry itself, JSON on one line */
};

/* Appends Unix time in milliseconds as entries have it: 2026-11-22T09:35:00.123Z. */
void log_put_time(struct buf *out, int64_t ms);

/* Appends an entry with an ID of its own, after the file was renamed if it is larger than
   `max_size` bytes (0: no bound). With `wait` the lock is waited for at most 1 s; without it, and
   when the time is over, the entry is appended without a lock and nothing is renamed.
   *first: there was no log before. 0; 1 if nothing was written because there is no home directory;
   -1 with FAIL_CREATE. */
int log_append(const struct log_entry *entry, int64_t max_size, bool wait, bool *first,
               struct fail *fail);

/* Where an entry is. */
struct log_place {
    unsigned file;
    off_t offset;
    size_t len;
};

/* Removes entries, all in one step per file. FAIL_CREATE; FAIL_DATA as log_find. Holds the lock. */
int log_delete(const char *const *ids, size_t count, struct fail *fail);
/* Removes the log and `history`, the lines typed in dialogues. FAIL_CREATE. Holds the lock. */
int log_clear(struct fail *fail);

/* Reading. */

enum log_order { LOG_NEWEST_FIRST, LOG_OLDEST_FIRST };

/* Which entries; zeroed is all. Borrowed. */
struct log_filter {
    const char *const *words; /* each is in the question or the text, ignoring ASCII case */
    size_t word_count;
    const char *conversation; /* the whole ID */
};

struct log_reader;

/* FAIL_INPUT for a file that cannot be read; no file is an empty log. NULL with *fail. Both files
   are open when it returns: what happens to them later does not change what is read. */
struct log_reader *log_reader_new(enum log_order order, const struct log_filter *filter,
                                  struct fail *fail);
void log_reader_free(struct log_reader *r);
/* The next entry, borrowed until the next call, and its place, unless that is NULL. Lines that are
   no entries or of a newer schema are passed over. 1, 0 after the last one, -1 with FAIL_INPUT or
   FAIL_SIGNAL. */
int log_read(struct log_reader *r, struct log_entry *entry, struct log_place *place,
             struct fail *fail);
/* The entry at a place that this reader gave or log_find found with it. As log_read. */
int log_read_at(struct log_reader *r, const struct log_place *place, struct log_entry *entry,
                struct fail *fail);

/* Finds the entries with these IDs, each of which may be shortened to a unique beginning of
   LOG_PREFIX or more; of equal IDs the newest. The reader is new, reads the newest first, and is
   of use for log_read_at alone afterwards. places[i] is that of ids[i]. FAIL_DATA for an unknown
   or ambiguous one, with the candidates. */
int log_find(struct log_reader *r, const char *const *ids, size_t count, struct log_place *places,
             struct fail *fail);

/* Completes the beginning of a conversation's ID from the entries of the same URL and profile, of
   all if key.url is NULL. *id
   is owned by the caller; NULL when there is none, `prefix` is shorter than LOG_PREFIX or is a
   whole ID. FAIL_DATA for an ambiguous one, with the candidates. A log that cannot be read knows
   none. */
int log_find_conversation(struct store_key key, const char *prefix, char **id, struct fail *fail);

/* A conversation and its first question. */
struct log_title {
    struct span id; /* borrowed */
    char *question; /* owned; NULL when the log does not have it */
};

enum { LOG_TITLE_CHARACTERS = 200 };

/* Fills in the questions, each cut to LOG_TITLE_CHARACTERS, from the entries of this URL. A log
   that cannot be read has none. */
void log_find_titles(const char *url, struct log_title *titles, size_t count);

#endif
