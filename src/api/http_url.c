/* SPDX-License-Identifier: MIT */
#include "api/http_url.h"

#include "core/buf.h"
#include "core/fault.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    size_t len = strlen(host);
    char bare[64];
    if (strcasecmp(host, "localhost") == 0 ||
        (len > 10 && strcasecmp(host + len - 10, ".localhost") == 0))
        return true;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    if (host[0] != '[' || len - 2 >= sizeof bare)
        return false;
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    if (inet_pton(AF_INET6, bare, &six) != 1)
        return false;
    return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

static char *copy_url_part(CURLU *u, CURLUPart which, unsigned flags)
{
    char *text = NULL;
    if (curl_url_get(u, which, &text, flags) != CURLUE_OK)
        return NULL;
    char *copy = xstrdup(text);
    curl_free(text);
    return copy;
}

/* The reason why the URL is refused, NULL if it has no unexpected part. A password would be visible
   in the process list. */
static const char *find_unexpected_part(CURLU *u)
{
    static const struct {
        CURLUPart part;
        const char *why;
    } rows[] = {{CURLUPART_USER, "it contains a user name; log in with a token instead"},
                {CURLUPART_PASSWORD, "it contains a password; log in with a token instead"},
                {CURLUPART_QUERY, "it has a query"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = copy_url_part(u, rows[i].part, 0);
        bool is_present = text != NULL;
        free(text);
        if (is_present)
            return rows[i].why;
    }
    return NULL;
}

#define CHECK_URL "'sigmasight-chat config' shows where it comes from"

static int take_url(CURLU *u, const char *text, struct http_url *url, struct fail *fail)
{
    if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
        return fail_set_hint(fail, FAIL_CONFIG, CHECK_URL,
                             "invalid URL: expected https://host/api/v1");
    char *scheme = copy_url_part(u, CURLUPART_SCHEME, 0);
    char *host = copy_url_part(u, CURLUPART_HOST, 0);
    char *port = copy_url_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    const char *why = find_unexpected_part(u);
    /* libcurl does not report an empty query or fragment, in which the path of a call would end. */
    if (!why && strchr(text, '#'))
        why = "it has a fragment";
    if (!why && strchr(text, '?'))
        why = "it has a query";
    url->https = scheme && strcmp(scheme, "https") == 0;
    if (!host || !port || !scheme || (!url->https && strcmp(scheme, "http") != 0))
        why = "it is neither http:// nor https://";
    if (!why) {
        struct buf origin = {0};
        buf_printf(&origin, "%s://%s:%s", scheme, host, port);
        url->origin = buf_take(&origin);
        url->loopback = is_loopback(host);
    } else {
        fail_set_hint(fail, FAIL_CONFIG, CHECK_URL, "invalid URL: %s", why);
    }
    free(scheme);
    free(host);
    free(port);
    return why ? -1 : 0;
}

int http_url_parse(const char *text, struct http_url *url, struct fail *fail)
{
    *url = (struct http_url){.https = false};
    CURLU *u = fault_here(ENOMEM) ? NULL : curl_url();
    if (!u)
        return fail_set(fail, FAIL_SOFTWARE, "libcurl is out of memory");
    int result = take_url(u, text, url, fail);
    curl_url_cleanup(u);
    return result;
}

const char *http_proxy_variable(bool https)
{
    /* HTTP_PROXY is not read: in a CGI program it is a header of the request. */
    static const char *const plain[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
    static const char *const tls[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
    for (const char *const *name = https ? tls : plain; *name; name++)
        if (sys_getenv(*name))
            return *name;
    return NULL;
}

static bool is_proxy_scheme(const char *scheme)
{
    static const char *const schemes[] = {"http",    "https",  "socks",  "socks4",
                                          "socks4a", "socks5", "socks5h"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strcasecmp(scheme, schemes[i]) == 0)
            return true;
    return false;
}

static void take_proxy(CURLU *u, const char *value, struct http_proxy *proxy)
{
    if (curl_url_set(u, CURLUPART_URL, value, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) !=
        CURLUE_OK)
        return;
    char *scheme = copy_url_part(u, CURLUPART_SCHEME, 0),
         *host = copy_url_part(u, CURLUPART_HOST, 0), *port = copy_url_part(u, CURLUPART_PORT, 0);
    char *user = copy_url_part(u, CURLUPART_USER, 0);
    /* An @ without a user: part of a password may have been taken for the host. */
    bool is_clear = user || !strchr(value, '@');
    free(user);
    if (scheme && host && is_clear && is_proxy_scheme(scheme)) {
        struct buf name = {0};
        buf_printf(&name, "%s://%s%s%s", scheme, host, port ? ":" : "", port ? port : "");
        proxy->name = buf_take(&name);
        /* libcurl's defaults. */
        proxy->port = port ? atoi(port) : strcasecmp(scheme, "https") == 0 ? 443 : 1080;
    }
    free(scheme);
    free(host);
    free(port);
}

int http_proxy_parse(const char *value, struct http_proxy *proxy)
{
    *proxy = (struct http_proxy){NULL, 0};
    CURLU *u = fault_here(ENOMEM) ? NULL : curl_url();
    if (u)
        take_proxy(u, value, proxy);
    curl_url_cleanup(u);
    return proxy->name ? 0 : -1;
}

void http_proxy_release(struct http_proxy *proxy)
{
    free(proxy->name);
    *proxy = (struct http_proxy){NULL, 0};
}
