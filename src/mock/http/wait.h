/* SPDX-License-Identifier: MIT */
/* Waiting for whichever comes first: something that happens in another thread, a time, the
   client's going away or the end of the program. Nothing here looks twice: all of it is poll(2). */
#ifndef MOCK_HTTP_WAIT_H
#define MOCK_HTTP_WAIT_H

#include <stdbool.h>
#include <stdint.h>

/* Something that happens once. Any number of threads can wait for it together with descriptors,
   because it is a pipe that becomes readable for good when its other end is closed. */
struct latch {
    int fd[2]; /* fd[1] is -1 once it happened */
};

/* -1 with errno. */
int latch_init(struct latch *l);
void latch_release(struct latch *l);
/* Does nothing the second time. Callers keep each other out; waiting threads need no lock. */
void latch_set(struct latch *l);

enum woken {
    WOKEN_LATCH, /* it happened */
    WOKEN_TIME,  /* the time is over */
    WOKEN_GONE,  /* the client has closed or reset the connection */
    WOKEN_STOP   /* the program ends */
};

/* Waits for `latch` (NULL: nothing), for at most `ms` (-1: for ever), while the client at the
   socket `client` (-1: none) is there and `stop` has not happened. What the client may have sent
   besides is left unread. */
enum woken wait_for(const struct latch *stop, int client, const struct latch *latch, int64_t ms);
/* Waits until the socket takes output: WOKEN_LATCH; or WOKEN_STOP. */
enum woken wait_writable(const struct latch *stop, int client);

#endif
