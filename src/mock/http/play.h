/* SPDX-License-Identifier: MIT */
/* Plays a script on a connection: produces the bytes of each write and waits between them. It
   blocks the thread of the connection. */
#ifndef MOCK_HTTP_PLAY_H
#define MOCK_HTTP_PLAY_H

#include "mock/http/gates.h"
#include "mock/http/script.h"

#include <stdbool.h>
#include <stddef.h>

enum play_end {
    PLAY_ON,    /* there may be more */
    PLAY_DONE,  /* the response is complete */
    PLAY_CLOSED /* the connection must be closed as it is */
};

struct play;

/* Takes the contents of `script`; borrows the gates and `fd`, the connection's socket. */
struct play *play_new(struct script *script, struct gates *gates, int fd);
void play_free(struct play *p);

/* Plays the first `steps` steps, which write nothing. */
enum play_end play_steps(struct play *p, size_t steps);

/* Puts the bytes of the next write, at most `max`, into `out` and their number into *len, which is
   not 0 with PLAY_ON. */
enum play_end play_next(struct play *p, char *out, size_t max, size_t *len);

/* Writes `head` and all output of the script to the socket, without framing. Does nothing when the
   script has ended already. */
void play_to_socket(struct play *p, struct span head);

#endif
