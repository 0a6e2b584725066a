/* SPDX-License-Identifier: MIT */
/* The lifetime of a JSON Web Token (RFC 7519). */
#ifndef API_JWT_H
#define API_JWT_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the claims `exp` and `iat`, Unix seconds, 0 if absent. False, and both 0, if the token is
   not a JWT. The signature is not verified. */
bool jwt_times(const char *token, int64_t *issued_at, int64_t *expires_at);

#endif
