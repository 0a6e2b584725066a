/* SPDX-License-Identifier: MIT */
/* A socket on the loopback address. */
#ifndef MOCK_HTTP_LISTENER_H
#define MOCK_HTTP_LISTENER_H

#include "core/fail.h"

#include <stdbool.h>
#include <stdint.h>

/* A listening socket on ::1 or 127.0.0.1; *port is 0 for any free one and then that one. -1 with
   FAIL_UNREACHABLE. */
int listener_open(bool ipv6, uint16_t *port, struct fail *f);

#endif
