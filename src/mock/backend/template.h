/* SPDX-License-Identifier: MIT */
/* Texts in which $NAME stands for a value: canned replies, events and the texts of scenarios. */
#ifndef MOCK_BACKEND_TEMPLATE_H
#define MOCK_BACKEND_TEMPLATE_H

#include "core/buf.h"
#include "core/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VALUES_MAX = 24 };

/* Values by name. Owned: values_release. A zeroed one is empty. */
struct values {
    struct value {
        const char *name; /* borrowed */
        struct buf text;
    } list[VALUES_MAX];
    size_t count;
};

void values_release(struct values *v);

/* Each sets the value of a name; the former one is dropped. */
void values_set(struct values *v, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void values_raw(struct values *v, const char *name, struct span text);
/* A time (Unix, ms) as ids_put_time writes it. */
void values_time(struct values *v, const char *name, int64_t wall_ms);
/* A JSON string with its quotation marks. */
void values_string(struct values *v, const char *name, struct span text);
/* A JSON string without quotation marks and in ASCII, as Python's json.dumps writes it. */
void values_ascii(struct values *v, const char *name, struct span text);

/* Appends `source` with its values. Of two names that match the longer one counts; a dollar sign
   before anything else stays. With `escapes`, also replaces \n \r \t \0 \\ and \xHH. NULL, or the
   place of the first invalid escape. */
const char *template_expand(struct buf *out, struct span source, bool escapes,
                            const struct values *v);

#endif
