/* SPDX-License-Identifier: MIT */
/* Plays a script on a connection: makes the bytes of one write after the other and waits between
   them. It runs in the thread of the connection, which it blocks. */
#ifndef MOCK_HTTP_PLAY_H
#define MOCK_HTTP_PLAY_H

#include "mock/http/script.h"
#include "mock/http/stage.h"

#include <stdbool.h>
#include <stddef.h>

enum play_end {
    PLAY_ON,     /* there may be more */
    PLAY_DONE,   /* the response is complete */
    PLAY_CLOSED, /* the connection must end as it is */
};

struct play;

/* Takes the contents of `script`; borrows the stage and `fd`, the connection's socket. */
struct play *play_new(struct script *script, struct stage *stage, int fd);
void play_free(struct play *p);

/* Goes through the first `steps` steps, which write nothing. */
enum play_end play_steps(struct play *p, size_t steps);

/* The bytes of the next write, at most `max`, into `out`: their number in *len, not 0 as long as
   the answer is PLAY_ON. */
enum play_end play_next(struct play *p, char *out, size_t max, size_t *len);

/* Writes `head` and then all of the script's output, byte for byte, to the socket. Nothing when
   the script has ended before. */
void play_to_socket(struct play *p, struct span head);

#endif
