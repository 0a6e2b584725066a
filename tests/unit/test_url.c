/* SPDX-License-Identifier: MIT */
/* Loopback addresses, to which a token is sent without TLS and without a proxy. */
#include "api/http_url.h"
#include "api/jwt.h"
#include "core/fail.h"
#include "unit.h"

/* parse TEXT: its origin, or NULL if it is invalid; the caller frees it. */
static char *parse(const char *text, bool *loopback, bool *https, struct buf *why)
{
    struct http_url url;
    struct fail fail = FAIL_INIT;
    int result = http_url_parse(text, &url, &fail);
    *loopback = result == 0 && url.loopback;
    *https = result == 0 && url.https;
    buf_clear(why);
    if (result != 0) {
        check(fail.cause == FAIL_CONFIG, "%s: cause %d", text, (int)fail.cause);
        buf_puts(why, fail.message);
    }
    fail_release(&fail);
    return result == 0 ? url.origin : NULL;
}

static void loopback(void)
{
    static const struct {
        const char *url;
        bool ours;
    } rows[] = {
        {"http://localhost/", true},
        {"http://LocalHost:8000/", true},
        {"http://a.localhost/", true},
        {"http://.localhost.example/", false},
        {"http://notlocalhost/", false},
        {"http://localhost.example.com/", false},
        {"http://127.0.0.1/", true},
        {"http://127.255.255.254/", true},
        {"http://128.0.0.1/", false},
        {"http://126.255.255.255/", false},
        {"http://0.0.0.0/", false},
        {"http://[::1]/", true},
        {"http://[0:0:0:0:0:0:0:1]:8000/", true},
        {"http://[::]/", false},
        {"http://[::2]/", false},
        {"http://[1::1]/", false},
        {"http://[0:1::1]/", false},
        {"http://[0:0:1::1]/", false},
        {"http://[0:0:0:1::1]/", false},
        {"http://[::ffff:127.0.0.1]/", true},
        {"http://[::ffff:7f12:3456]/", true},
        {"http://[::ffff:10.0.0.1]/", false},
        {"http://[::fffe:127.0.0.1]/", false},
        {"http://[::1:ffff:127.0.0.1]/", false},
        {"http://[1::ffff:127.0.0.1]/", false},
        {"http://[fe80::1]/", false},
        {"http://example.com/", false},
    };
    struct buf why = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ours, https;
        char *origin = parse(rows[i].url, &ours, &https, &why);
        check(origin != NULL, "%s: %s", rows[i].url, buf_text(&why));
        check(ours == rows[i].ours, "%s: %s", rows[i].url, ours ? "ours" : "not ours");
        free(origin);
    }
    buf_release(&why);
}

static void origins(void)
{
    static const struct {
        const char *url, *origin;
        bool https;
    } rows[] = {
        {"https://example.com/api/v1", "https://example.com:443", true},
        {"http://example.com/api/v1", "http://example.com:80", false},
        {"HTTPS://example.com:8443", "https://example.com:8443", true},
        {"http://[::1]:1/", "http://[::1]:1", false},
    };
    struct buf why = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ours, https;
        char *origin = parse(rows[i].url, &ours, &https, &why);
        if (check(origin != NULL, "%s: %s", rows[i].url, buf_text(&why)))
            check_span(span_of(origin), span_of(rows[i].origin), rows[i].url);
        check(https == rows[i].https, "%s: https is %d", rows[i].url, https);
        free(origin);
    }
    buf_release(&why);
}

static void refused(void)
{
    static const struct {
        const char *url, *why;
    } rows[] = {
        {"", "expected https://host/api/v1"},
        {"example.com/api/v1", "expected https://host/api/v1"},
        {"http://", "expected https://host/api/v1"},
        {"http://host:99999/", "expected https://host/api/v1"},
        {"ftp://example.com/", "neither http:// nor https://"},
        {"file:///etc/passwd", "neither http:// nor https://"},
        {"https://me@example.com/", "it contains a user name"},
        {"https://:secret@example.com/", "log in with a token instead"},
        {"https://example.com/?a=b", "it has a query"},
        {"https://example.com/#a", "it has a fragment"},
        {"http://example.com/api#", "it has a fragment"},
        {"http://example.com/api?", "it has a query"},
    };
    struct buf why = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ours, https;
        char *origin = parse(rows[i].url, &ours, &https, &why);
        check(origin == NULL, "%s was taken", rows[i].url);
        check(strstr(buf_text(&why), rows[i].why) != NULL, "%s: %s", rows[i].url, buf_text(&why));
        check(strstr(buf_text(&why), "secret") == NULL, "%s: %s", rows[i].url, buf_text(&why));
        free(origin);
    }
    buf_release(&why);
}

/* The claims are {"iat":1,"exp":2}, {"exp":2}, {}, [], "a". */
static void times_of_tokens(void)
{
    static const struct {
        const char *token;
        bool is;
        int64_t issued_at, expires_at;
    } rows[] = {
        {"e30.eyJpYXQiOjEsImV4cCI6Mn0.c2ln", true, 1, 2},
        {"e30.eyJleHAiOjJ9.c2ln", true, 0, 2},
        {"e30.e30.c2ln", true, 0, 0},
        {"e30.W10.c2ln", false, 0, 0},
        {"e30.ImEi.c2ln", false, 0, 0},
        {"e30..c2ln", false, 0, 0},
        {"e30.eyJleHAiOjJ9", false, 0, 0},
        {"e30.eyJleHAiOjJ9.c2ln.x", false, 0, 0},
        {"e30.eyJleHAiOjJ9=.c2ln", false, 0, 0},
        {"e30.eyJleHAi+jJ9.c2ln", false, 0, 0},
        {"opaque", false, 0, 0},
        {"", false, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t issued = -1, expires = -1;
        bool is = jwt_times(rows[i].token, &issued, &expires);
        check(is == rows[i].is, "%s: %d", rows[i].token, is);
        check(issued == rows[i].issued_at && expires == rows[i].expires_at, "%s: %lld, %lld",
              rows[i].token, (long long)issued, (long long)expires);
    }
}

static void proxies(void)
{
    static const struct {
        const char *value, *name; /* NULL: it is none */
        int port;
    } rows[] = {
        {"http://me:secret@example.com:3128/", "http://example.com:3128", 3128},
        {"me@example.com:3128", "http://example.com:3128", 3128},
        {"example.com", "http://example.com", 1080},
        {"socks5h://[::1]:1080", "socks5h://[::1]:1080", 1080},
        {"HTTPS://me:secret@example.com", "https://example.com", 443},
        {"me:secret@example.com:port", NULL, 0},
        {"ftp://example.com", NULL, 0},
        {"socks9://example.com", NULL, 0},
        {"http://", NULL, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_proxy proxy;
        int result = http_proxy_parse(rows[i].value, &proxy);
        check(result == (rows[i].name ? 0 : -1), "%s: %d", rows[i].value, result);
        if (rows[i].name && result == 0)
            check(strcmp(proxy.name, rows[i].name) == 0 && proxy.port == rows[i].port, "%s: %s, %d",
                  rows[i].value, proxy.name, proxy.port);
        http_proxy_release(&proxy);
    }
}

/* The hint of a failure that is not recorded, because another one is, is not recorded either. */
static void hints(void)
{
    static const char *const invalid[] = {"http://", "ftp://example.com/", "http://example.com/?"};
    for (size_t i = 0; i < COUNT(invalid); i++) {
        struct http_url url;
        struct fail first = FAIL_INIT, second = FAIL_INIT;
        fail_set(&first, FAIL_INPUT, "another failure");
        check(http_url_parse(invalid[i], &url, &first) == -1 && !first.hint, "%s: the hint %s",
              invalid[i], first.hint ? first.hint : "");
        check(http_url_parse(invalid[i], &url, &second) == -1 && second.hint, "%s: no hint",
              invalid[i]);
        fail_release(&first);
        fail_release(&second);
    }
}

int main(void)
{
    unit_case("url: loopback addresses", loopback);
    unit_case("url: the origin", origins);
    unit_case("url: invalid ones", refused);
    unit_case("url: the hint of an invalid one belongs to its failure", hints);
    unit_case("url: a proxy without its credentials", proxies);
    unit_case("jwt: the times of a token, and invalid tokens", times_of_tokens);
    return unit_status();
}
