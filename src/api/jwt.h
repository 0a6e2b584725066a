/* SPDX-License-Identifier: MIT */
/* The one thing a client may read in a JSON Web Token (RFC 7519): when it ends. */
#ifndef API_JWT_H
#define API_JWT_H

#include <stdbool.h>
#include <stdint.h>

/* `exp` and `iat` of the claims, Unix seconds, 0 when absent. false, and both 0, when the token
   is no JWT. The signature is the server's business. */
bool jwt_times(const char *token, int64_t *issued_at, int64_t *expires_at);

#endif
