/* SPDX-License-Identifier: MIT */
#include "api/http_authorities.h"

#include "system/system.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* XXXXXXXX.N, a link to the certificate whose subject has this hash. */
static bool is_hash_link(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] &&
           strspn(name + 9, "0123456789") == strlen(name + 9);
}

static bool has_openssl(void)
{
    const char *tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
    return tls && strncmp(tls, "OpenSSL/", 8) == 0;
}

static void trust(CURL *easy, const char *bundle, const char *directory)
{
    curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, bundle);
    curl_easy_setopt(easy, CURLOPT_CAPATH, directory);
    curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, directory);
}

static bool is_readable(const char *path)
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* The first of these files and directories that can be read; NULL if none. */
static const char *find_readable(const char *const *paths)
{
    while (*paths && !is_readable(*paths))
        paths++;
    return *paths;
}

/* Where a libcurl that was built without default paths looks, as in the static build: the places of
   Debian, Arch and Alpine, Fedora, openSUSE, then those of macOS and the BSDs. */
static void find_authorities(const char **bundle, const char **directory)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        "/opt/homebrew/etc/ca-certificates/cert.pem",
        "/usr/local/etc/ssl/cert.pem",
        NULL,
    };
    static const char *const directories[] = {"/etc/ssl/certs", "/etc/pki/tls/certs", NULL};
    *bundle = find_readable(bundles);
    *directory = find_readable(directories);
}

void http_authorities_choose(struct http_authorities *a, CURL *easy, const char *cacert,
                             const char *capath, bool is_https)
{
    const char *bundle = NULL, *directory = NULL;
    *a = (struct http_authorities){.bundle = NULL};
    curl_easy_getinfo(easy, CURLINFO_CAINFO, &bundle);
    curl_easy_getinfo(easy, CURLINFO_CAPATH, &directory);
    bool found = !bundle && !directory;
    if (found)
        find_authorities(&bundle, &directory);
    a->none =
        !cacert && !capath && !bundle && !(directory && sys_directory_has(directory, is_hash_link));
    bool usual = (!cacert || (bundle && strcmp(cacert, bundle) == 0)) &&
                 (!capath || (directory && strcmp(capath, directory) == 0));
    if (!usual || found)
        trust(easy, cacert ? cacert : bundle, capath ? capath : directory);
    if (!usual || !is_https || !directory || !has_openssl() ||
        !sys_directory_has(directory, is_hash_link))
        return;
    *a = (struct http_authorities){.bundle = bundle, .directory = directory};
    trust(easy, NULL, directory);
}

bool http_authorities_add_bundle(struct http_authorities *a, CURL *easy)
{
    if (!a->bundle || !is_readable(a->bundle))
        return false;
    trust(easy, a->bundle, a->directory);
    a->bundle = NULL;
    return true;
}
