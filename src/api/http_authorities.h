/* SPDX-License-Identifier: MIT */
/* The certificate authorities that libcurl trusts. Reading a bundle takes eight times the
   instructions of a TLS handshake, while OpenSSL reads only what it needs from a hashed directory.
   So where libcurl's own authorities are used, its directory alone is tried first. */
#ifndef API_HTTP_AUTHORITIES_H
#define API_HTTP_AUTHORITIES_H

#include <curl/curl.h>
#include <stdbool.h>

/* While only the directory is used: the paths of the bundle and of the directory; otherwise NULL.
   Borrowed from libcurl or static. `none`: there is neither a bundle nor a hash link. */
struct http_authorities {
    const char *bundle, *directory;
    bool none;
};

/* Sets the options of `easy` for the server and for a proxy. `cacert` is a bundle and `capath` a
   hashed directory, NULL for libcurl's own; `is_https` is whether the server uses TLS. */
void http_authorities_choose(struct http_authorities *a, CURL *easy, const char *cacert,
                             const char *capath, bool is_https);

/* After a certificate that the directory does not verify: adds the bundle. Whether it did, so that
   another try makes sense; at most once. */
bool http_authorities_add_bundle(struct http_authorities *a, CURL *easy);

#endif
