/* SPDX-License-Identifier: MIT */
/* Reads the log (state/log.h): all entries in either order, those that match a filter, and those
   with given IDs. */
#ifndef STATE_LOG_READER_H
#define STATE_LOG_READER_H

#include "core/fail.h"
#include "state/log.h"
#include "state/store.h"

#include <stddef.h>
#include <sys/types.h>

/* The number of candidates in the message for an ambiguous ID. */
enum { LOG_CANDIDATES = 5 };

/* The position of an entry. */
struct log_place {
    unsigned file;
    off_t offset;
    size_t len;
};

enum log_order { LOG_NEWEST_FIRST, LOG_OLDEST_FIRST };

/* Selects entries; zeroed selects all. Borrowed. */
struct log_filter {
    const char *const *words; /* each is in the question or the text, ignoring ASCII case */
    size_t word_count;
    const char *conversation; /* the whole ID */
};

struct log_reader;

/* NULL with FAIL_INPUT if a file cannot be read; a missing file is an empty log. Both files are
   open when it returns, so that later changes of the log do not affect this reader. */
struct log_reader *log_reader_new(enum log_order order, const struct log_filter *filter,
                                  struct fail *fail);
void log_reader_free(struct log_reader *r);
/* The next entry, borrowed until the next call, and its place unless `place` is NULL. Lines that
   are not entries or have a newer schema are skipped. Returns 1, 0 after the last one, or -1 with
   FAIL_INPUT or FAIL_SIGNAL. */
int log_read(struct log_reader *r, struct log_entry *entry, struct log_place *place,
             struct fail *fail);
/* The entry at a place returned by log_read or log_find for this reader. Returns as log_read. */
int log_read_at(struct log_reader *r, const struct log_place *place, struct log_entry *entry,
                struct fail *fail);

/* Finds the entries with these IDs, or with unique prefixes of at least LOG_PREFIX digits; the
   newest of several with the same ID. places[i] is set for ids[i]. The reader must be new and read
   the newest entries first; afterwards only log_read_at may be used. FAIL_DATA for an unknown or
   ambiguous ID; the message lists the candidates. */
int log_find(struct log_reader *r, const char *const *ids, size_t count, struct log_place *places,
             struct fail *fail);

/* Completes the prefix of a conversation's ID from the entries with the same URL and profile, or
   from all if key.url is NULL. *id is owned by the caller; NULL if none matches, or if `prefix` is
   shorter than LOG_PREFIX or is a whole ID. FAIL_DATA for an ambiguous prefix; the message lists
   the candidates. A log that cannot be read counts as empty. */
int log_find_conversation(struct store_key key, const char *prefix, char **id, struct fail *fail);

/* A conversation and its first question. */
struct log_title {
    struct span id; /* borrowed */
    char *question; /* owned; NULL if it is not in the log */
};

enum { LOG_TITLE_CHARACTERS = 200 };

/* Fills in the questions from the entries of this URL, each cut to LOG_TITLE_CHARACTERS. A log that
   cannot be read counts as empty. */
void log_find_titles(const char *url, struct log_title *titles, size_t count);

#endif
