/* SPDX-License-Identifier: MIT */
#include "api/refusal.h"

#include "api/api.h"
#include "core/utf8.h"
#include "core/xmalloc.h"
#include "json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORDS_MAX = 500, DEPTH_MAX = 16 };

/* Secrets and text of the request must not be repeated in messages. */

/* The strings of a request: names of members and values. */
struct sent {
    struct sent_word {
        char *text; /* owned, may hold NUL */
        size_t len;
        bool is_name;
        bool is_secret; /* the password */
    } * words;
    size_t count;
    int depth;     /* of the container that is being read */
    bool too_deep; /* the strings below DEPTH_MAX are missing, and may be repeated */
};

static void add_word(struct sent *sent, struct span text, struct sent_word word)
{
    if (text.len == 0)
        return;
    word.text = xspandup(text);
    word.len = text.len;
    sent->words = xgrow(sent->words, sent->count, sizeof *sent->words);
    sent->words[sent->count++] = word;
}

static void add_sent_strings(void *arg, const struct json_member *m)
{
    struct sent *sent = arg;
    if (m->key.at)
        add_word(sent, m->key, (struct sent_word){.is_name = true});
    if (m->value.type == JSON_STRING)
        add_word(sent, m->value.string,
                 (struct sent_word){.is_secret = m->key.at && span_is(m->key, "password")});
    if (m->value.type != JSON_OBJECT && m->value.type != JSON_ARRAY)
        return;
    if (sent->depth == DEPTH_MAX) {
        sent->too_deep = true;
        return;
    }
    sent->depth++;
    if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, add_sent_strings, sent);
    else
        json_read_array(m->value.raw, add_sent_strings, sent);
    sent->depth--;
}

static void sent_release(struct sent *sent)
{
    for (size_t i = 0; i < sent->count; i++)
        wipe_string(sent->words[i].text);
    free(sent->words);
}

enum { SENT_NAME = 1, SENT_VALUE = 2 };

/* Whether the text is one of these kinds of words. */
static bool was_sent(const struct sent *sent, struct span text, unsigned kinds)
{
    for (size_t i = 0; i < sent->count; i++)
        if ((kinds & (sent->words[i].is_name ? SENT_NAME : SENT_VALUE)) &&
            span_equal(span_make(sent->words[i].text, sent->words[i].len), text))
            return true;
    return false;
}

/* A password may be a part of a sentence. A short one counts only as a separate word, and one that
   equals the name of a member of the request cannot be distinguished from that name. */

enum { SECRET_ANYWHERE = 6 /* bytes of a password that is not looked for as a word */ };

static bool is_word_byte(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* The position of the first repetition of the secret in `text` from `at`; text.len if none. */
static size_t find_secret(const struct sent_word *secret, struct span text, size_t at)
{
    for (; secret->len <= text.len && at <= text.len - secret->len; at++) {
        size_t end = at + secret->len;
        bool is_word = (at == 0 || !is_word_byte(text.at[at - 1])) &&
                       (end == text.len || !is_word_byte(text.at[end]));
        if ((is_word || secret->len >= SECRET_ANYWHERE) &&
            memcmp(text.at + at, secret->text, secret->len) == 0)
            return at;
    }
    return text.len;
}

static const struct sent_word *secret_of(const struct sent *sent)
{
    for (size_t i = 0; i < sent->count; i++) {
        const struct sent_word *word = &sent->words[i];
        if (word->is_secret && !was_sent(sent, span_make(word->text, word->len), SENT_NAME))
            return word;
    }
    return NULL;
}

/* Appends `text`, with a password that was sent masked. */
static void put_masked(struct buf *out, const struct sent *sent, struct span text)
{
    const struct sent_word *secret = secret_of(sent);
    size_t from = 0, at = text.len;
    while (secret && (at = find_secret(secret, text, from)) < text.len) {
        buf_append(out, text.at + from, at - from);
        buf_puts(out, "[masked]");
        from = at + secret->len;
    }
    buf_append(out, text.at + from, text.len - from);
}

/* The same in one line of at most WORDS_MAX bytes. */
static void fold_masked(struct buf *out, const struct sent *sent, struct span text)
{
    struct buf masked = {0};
    put_masked(&masked, sent, text);
    utf8_fold(out, buf_view(&masked), WORDS_MAX);
    buf_wipe(&masked);
}

static bool has_secret(const struct sent *sent, struct span text)
{
    const struct sent_word *secret = secret_of(sent);
    return secret && find_secret(secret, text, 0) < text.len;
}

static bool repeats(const struct sent *sent, const struct json_member *m)
{
    return (m->key.at && (span_is(m->key, "input") || span_is(m->key, "ctx") ||
                          was_sent(sent, m->key, SENT_NAME | SENT_VALUE))) ||
           (m->key.at && has_secret(sent, m->key)) ||
           (m->value.type == JSON_STRING &&
            (was_sent(sent, m->value.string, SENT_VALUE) || has_secret(sent, m->value.string)));
}

struct detail {
    const struct sent *sent;
    struct buf *words, *code;
    struct buf text;       /* `detail` itself */
    struct buf message;    /* of an object */
    struct buf error;      /* of an object: its code, or its words if it has another code */
    struct buf raw;        /* its JSON, if the structure is unknown */
    struct buf own;        /* the message of a body without `detail` */
    struct buf own_error;  /* `error` of such a body */
    struct buf where, why; /* of the validation error being read */
};

struct search {
    const struct sent *sent;
    int depth;
    bool found;
};

/* Searches at any depth for strings of the request. Nesting that is too deep counts as a match. */
static void find_repetition(void *arg, const struct json_member *m)
{
    struct search *s = arg, inside = {s->sent, s->depth + 1, s->depth >= DEPTH_MAX};
    bool object = m->value.type == JSON_OBJECT, array = m->value.type == JSON_ARRAY;
    if (object && !inside.found)
        json_read_object(m->value.raw, find_repetition, &inside);
    else if (array && !inside.found)
        json_read_array(m->value.raw, find_repetition, &inside);
    s->found = s->found || ((object || array) && inside.found) || repeats(s->sent, m);
}

static void keep_string(const struct detail *d, struct buf *target, const struct json_value *value)
{
    buf_clear(target);
    if (value->type == JSON_STRING && !was_sent(d->sent, value->string, SENT_VALUE))
        put_masked(target, d->sent, utf8_cut(value->string, REFUSAL_MAX));
}

/* Appends ["body","text"] as `text` and ["query","limit"] as `limit`: the parts of the request are
   of no use to the user. */
static void put_location(void *arg, const struct json_member *m)
{
    struct buf *where = arg;
    static const char *const parts[] = {"body", "query", "path"};
    struct span s = m->value.type == JSON_STRING ? m->value.string : m->value.raw;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (where->len == 0 && span_is(s, parts[i]))
            return;
    if (where->len)
        buf_byte(where, '.');
    buf_span(where, s);
}

static void read_validation_error(void *arg, const struct json_member *m)
{
    struct detail *d = arg;
    if (span_is(m->key, "msg")) {
        keep_string(d, &d->why, &m->value);
    } else if (span_is(m->key, "loc")) {
        buf_clear(&d->where);
        json_read_array(m->value.raw, put_location, &d->where);
        if (has_secret(d->sent, buf_view(&d->where)))
            buf_clear(&d->where);
    }
}

/* Replaces line breaks by blanks, because several explanations are joined in one line. */
static void put_one_line(struct buf *out, const struct buf *text)
{
    utf8_fold(out, buf_view(text), SIZE_MAX);
}

static void put_validation_error(void *arg, const struct json_member *m)
{
    struct detail *d = arg;
    buf_clear(&d->where);
    keep_string(d, &d->why, &m->value);
    json_read_object(m->value.raw, read_validation_error, d);
    if (span_trim(buf_view(&d->why)).len == 0)
        return;
    if (d->words->len)
        buf_puts(d->words, "; ");
    if (d->where.len) {
        put_one_line(d->words, &d->where);
        buf_puts(d->words, ": ");
    }
    put_one_line(d->words, &d->why);
}

/* {"error": {"code": …, "message": …}}, as sent by gateways; some have `type` for `code`. */
static void read_error_member(void *arg, const struct json_member *m)
{
    struct detail *d = arg;
    if (span_is(m->key, "code") || (span_is(m->key, "type") && d->code->len == 0))
        keep_string(d, d->code, &m->value);
    else if (span_is(m->key, "message"))
        keep_string(d, &d->message, &m->value);
}

/* `code` of a refusal, or `error_type` as in an error event. A number is that of HTTP. */
static bool is_code(const struct json_member *m)
{
    return m->value.type == JSON_STRING &&
           (span_is(m->key, "code") || span_is(m->key, "error_type"));
}

static void read_detail_member(void *arg, const struct json_member *m)
{
    struct detail *d = arg;
    if (span_is(m->key, "error") && m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, read_error_member, d);
    else if (span_is(m->key, "error"))
        keep_string(d, &d->error, &m->value);
    else if (span_is(m->key, "message"))
        keep_string(d, &d->message, &m->value);
    else if (is_code(m))
        keep_string(d, d->code, &m->value);
}

/* The JSON of an unknown structure, unless it repeats the request. */
static void put_unknown_json(struct detail *d, const struct json_member *m)
{
    struct search repetition = {.sent = d->sent, .found = d->sent->too_deep};
    find_repetition(&repetition, m);
    if (!repetition.found)
        utf8_fold(&d->raw, m->value.raw, WORDS_MAX);
}

static void read_detail(void *arg, const struct json_member *m)
{
    struct detail *d = arg;
    if (span_is(m->key, "error") && m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, read_error_member, d);
    else if (span_is(m->key, "error"))
        keep_string(d, &d->own_error, &m->value);
    else if (span_is(m->key, "message"))
        keep_string(d, &d->own, &m->value);
    else if (is_code(m))
        keep_string(d, d->code, &m->value);
    if (!span_is(m->key, "detail"))
        return;
    keep_string(d, &d->text, &m->value);
    if (m->value.type != JSON_STRING && m->value.type != JSON_NULL)
        put_unknown_json(d, m);
    if (m->value.type == JSON_OBJECT)
        json_read_object(m->value.raw, read_detail_member, d);
    else if (m->value.type == JSON_ARRAY)
        json_read_array(m->value.raw, put_validation_error, d);
}

/* Of a body without `detail`, `error` is a code only besides a message, and only if it is a word:
   it may also be the reason phrase of HTTP. */
static void choose_code(struct detail *d)
{
    bool is_word = !memchr(buf_text(&d->own_error), ' ', d->own_error.len);
    if (d->code->len == 0)
        buf_span(d->code, buf_view(&d->error));
    if (d->code->len == 0 && d->own.len && is_word)
        buf_span(d->code, buf_view(&d->own_error));
}

static void choose_words(struct detail *d, const struct json_value *top)
{
    const struct buf *const found[] = {&d->message,   &d->text, &d->error, &d->own,
                                       &d->own_error, &d->raw,  d->code};
    for (size_t i = 0; i < sizeof found / sizeof found[0] && d->words->len == 0; i++)
        buf_span(d->words, buf_view(found[i]));
    if (d->words->len == 0)
        keep_string(d, d->words, top);
}

static bool read_json(struct span body, const struct sent *sent, struct buf *words,
                      struct buf *code)
{
    struct detail d = {.sent = sent, .words = words, .code = code};
    struct json_reader *r = json_reader_new();
    struct json_value top;
    bool is_json = json_walk(r, body, read_detail, &d, &top) == 0;
    choose_code(&d);
    choose_words(&d, &top);
    json_reader_free(r);
    buf_release(&d.text);
    buf_release(&d.message);
    buf_release(&d.error);
    buf_release(&d.raw);
    buf_release(&d.own);
    buf_release(&d.own_error);
    buf_release(&d.where);
    buf_release(&d.why);
    return is_json;
}

/* The bytes between <title> and </title>, in upper or lower case. */
static struct span html_title(struct span page)
{
    size_t from = 0;
    for (size_t i = 0; i + 7 <= page.len; i++) {
        if (!from && strncasecmp(page.at + i, "<title>", 7) == 0)
            from = i + 7;
        else if (from && strncasecmp(page.at + i, "</title", 7) == 0)
            return span_make(page.at + from, i - from);
    }
    return span_make(NULL, 0);
}

static void put_page(struct buf *out, const struct sent *sent, struct span body)
{
    struct span title = span_trim(html_title(body));
    buf_puts(out, "an HTML page");
    if (title.len) {
        buf_puts(out, ", \"");
        fold_masked(out, sent, title);
        buf_byte(out, '"');
    }
}

void refusal_read(struct span body, struct span sent, struct buf *words, struct buf *code)
{
    struct sent repeated = {.count = 0};
    body = span_trim(body);
    if (body.len == 0)
        return;
    json_read_object(sent, add_sent_strings, &repeated);
    if (body.at[0] == '<') {
        put_page(words, &repeated, body);
    } else if (!read_json(body, &repeated, words, code)) {
        buf_clear(words);
        buf_clear(code);
        if (!was_sent(&repeated, body, SENT_VALUE))
            fold_masked(words, &repeated, span_first_line(body));
    }
    sent_release(&repeated);
}

/* Whether a code reports an exhausted quota, which a retry after seconds does not help, unlike a
   rate limit. */
static bool is_quota(const char *code)
{
    return !strstr(code, "rate_limit") && (strstr(code, "limit_reached") || strstr(code, "quota"));
}

enum refusal_class refusal_classify(struct span code, struct span words)
{
    static const struct {
        struct span part;
        enum refusal_class class;
    } rows[] = {{SPAN("quota_exceeded"), REFUSAL_QUOTA},
                {SPAN("insufficient_quota"), REFUSAL_QUOTA},
                {SPAN("rate_limit_exceeded"), REFUSAL_RATE_LIMIT},
                {SPAN("RATE_LIMITED"), REFUSAL_RATE_LIMIT},
                {SPAN("overloaded"), REFUSAL_RATE_LIMIT}};
    struct span text = code.len ? code : words;
    for (size_t i = 0; text.len && i < sizeof rows / sizeof rows[0]; i++)
        if (span_contains(text, rows[i].part))
            return rows[i].class;
    return REFUSAL_OTHER;
}

/* The cause that determines the exit status and retries. Any other 4xx is an error of the request,
   any other 5xx one of the server. */
static enum fail_cause cause_of_status(int status)
{
    static const struct {
        int status;
        enum fail_cause cause;
    } rows[] = {{401, FAIL_DENIED}, {403, FAIL_DENIED}, {408, FAIL_BUSY},       {429, FAIL_BUSY},
                {500, FAIL_SERVER}, {502, FAIL_SERVER}, {503, FAIL_OVERLOADED}, {504, FAIL_SERVER}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].status == status)
            return rows[i].cause;
    if (status < 400)
        return FAIL_PROTOCOL;
    /* Sent by a gateway that received no valid response from the server. */
    if ((status >= 520 && status <= 524) || status == 529)
        return FAIL_SERVER;
    return status < 500 ? FAIL_DATA : FAIL_SERVER_OTHER;
}

/* Why a request was refused. Only the server's words and code determine the cause: a URL or a
   header may contain any word. */
struct explanation {
    struct buf own;    /* this program's description of the response */
    struct buf server; /* the server's explanation, from the body */
    struct buf code;
};

static void explanation_release(struct explanation *e)
{
    buf_release(&e->own);
    buf_release(&e->server);
    buf_release(&e->code);
}

static enum fail_cause cause_of(int status, struct explanation *e)
{
    enum fail_cause cause = cause_of_status(status);
    if (status == 429 && is_quota(buf_text(&e->code)))
        return FAIL_QUOTA;
    switch (refusal_classify(buf_view(&e->code), buf_view(&e->server))) {
    case REFUSAL_QUOTA:
        return FAIL_QUOTA;
    case REFUSAL_RATE_LIMIT:
        if (cause == FAIL_BUSY || cause == FAIL_OVERLOADED)
            return FAIL_BUSY;
        return cause == FAIL_SERVER ? FAIL_LIMIT_SERVER : FAIL_LIMIT;
    default:
        return cause;
    }
}

/* Truncated JSON cannot be parsed, and all of it may be one line. */
static bool is_cut_json(const struct http_response *response)
{
    struct span body = span_trim(buf_view(&response->body));
    return response->body.full && body.len &&
           (body.at[0] == '{' || body.at[0] == '[' || body.at[0] == '"');
}

static void read_explanation(struct explanation *e, const struct http_response *response)
{
    refusal_read(buf_view(&response->body), buf_view(&response->request_body), &e->server,
                 &e->code);
}

/* Explains a response to `send` that is not an event stream. The server's explanation is included,
   because a gateway may report an error as JSON with status 200. */
static void explain_strange_success(struct explanation *e, const struct http_response *response)
{
    struct span body = span_trim(buf_view(&response->body));
    if (response->content_encoding.len)
        buf_printf(&e->own, "the answer is compressed (%.*s): unexpected Content-Encoding",
                   (int)response->content_encoding.len, response->content_encoding.data);
    else if (response->status != 200)
        buf_puts(&e->own, "a response with this status is not an event stream");
    else if (response->content_type.len)
        buf_printf(&e->own, "the answer is not an event stream but %.*s",
                   (int)response->content_type.len, response->content_type.data);
    else
        buf_puts(&e->own, "the answer is not an event stream");
    if (!response->content_encoding.len && body.len && body.at[0] == '{' && !is_cut_json(response))
        read_explanation(e, response);
}

static void put_hint(const struct http_response *response, struct fail *fail)
{
    if (response->status == 407)
        fail_hint(fail, "the proxy requires NAME:PASSWORD@ before its host");
    else if (response->status < 300)
        fail_hint(fail, "check %s", response->url_setting);
    else if (response->status < 400)
        fail_hint(fail, "redirects are not followed; check %s", response->url_setting);
    else if (response->retry_after >= 0)
        fail_hint(fail, "retry after %lld s", (long long)(response->retry_after + 999) / 1000);
}

/* The status goes to the end of the first line, because only that is shown on standard error. */
static void put_why(struct buf *out, const char *what, struct span words, int status)
{
    struct span line = span_first_line(words);
    if (line.len == 0) {
        buf_printf(out, "%s: HTTP %d", what, status);
        return;
    }
    buf_printf(out, "%s: ", what);
    utf8_put_without_nul(out, line);
    buf_printf(out, " (HTTP %d)", status);
    utf8_put_without_nul(out, span_make(line.at + line.len, words.len - line.len));
}

static void explain_redirect(struct explanation *e, const struct http_response *response)
{
    struct sent sent = {.count = 0};
    buf_puts(&e->own, "redirected");
    if (response->location.len) {
        json_read_object(buf_view(&response->request_body), add_sent_strings, &sent);
        buf_puts(&e->own, " to ");
        put_masked(&e->own, &sent, buf_view(&response->location));
        sent_release(&sent);
    }
}

static void ignore_member(void *arg, const struct json_member *m)
{
    (void)arg;
    (void)m;
}

/* A body that is JSON is not compressed: some servers send a wrong Content-Encoding. */
static bool is_compressed(const struct http_response *response)
{
    if (!response->content_encoding.len || !response->body.len)
        return false;
    struct json_reader *reader = json_reader_new();
    struct json_value top;
    bool is_json = json_walk(reader, buf_view(&response->body), ignore_member, NULL, &top) == 0;
    json_reader_free(reader);
    return !is_json;
}

static void explain(struct explanation *e, const struct http_response *response)
{
    if (response->status < 300)
        explain_strange_success(e, response);
    else if (response->status < 400)
        explain_redirect(e, response);
    else if (is_compressed(response))
        buf_printf(&e->own, "an explanation with the Content-Encoding %.*s",
                   (int)response->content_encoding.len, response->content_encoding.data);
    else if (is_cut_json(response))
        buf_printf(&e->own, "an explanation of more than %d MiB", HTTP_BODY_MAX >> 20);
    else
        read_explanation(e, response);
}

static void put_explanation(struct buf *out, const struct explanation *e)
{
    struct span server = span_trim(buf_view(&e->server));
    buf_span(out, buf_view(&e->own));
    if (e->own.len && server.len)
        buf_puts(out, ": ");
    buf_span(out, server);
}

int api_refused(const struct http_response *response, const char *what, struct fail *fail)
{
    struct explanation e = {.own = {0}};
    struct buf words = {0}, why = {0};
    bool first = !fail_is_set(fail);
    explain(&e, response);
    put_explanation(&words, &e);
    put_why(&why, what, buf_view(&words), response->status);
    fail_set(fail, cause_of(response->status, &e), "%s", buf_text(&why));
    if (first) {
        fail->http_status = response->status;
        fail->retry_after = response->retry_after;
        if (e.code.len)
            fail_code(fail, buf_view(&e.code));
        put_hint(response, fail);
    }
    explanation_release(&e);
    buf_release(&words);
    buf_release(&why);
    return -1;
}

static void note_error_member(void *arg, const struct json_member *m)
{
    bool *is_error = arg;
    bool is_text = m->value.type == JSON_STRING && m->value.string.len > 0;
    if (span_is(m->key, "detail") ||
        (span_is(m->key, "error") && (is_text || m->value.type == JSON_OBJECT)))
        *is_error = true;
}

/* Describes a response with a status of success that is not the expected one, with the server's
   explanation if it is an error. */
static void put_unexpected(struct buf *out, const struct http_response *response, const char *why)
{
    struct span body = span_trim(buf_view(&response->body));
    struct span sent = buf_view(&response->request_body);
    struct buf words = {0}, code = {0};
    bool is_page = body.len && body.at[0] == '<', is_error = false;
    if (response->content_encoding.len) {
        buf_printf(out, "the response has the Content-Encoding %.*s",
                   (int)response->content_encoding.len, response->content_encoding.data);
        return;
    }
    if (response->body.full && !is_page) {
        buf_printf(out, "the response is larger than %d MiB", HTTP_BODY_MAX >> 20);
        return;
    }
    json_read_object(body, note_error_member, &is_error);
    if (is_page || is_error)
        refusal_read(body, sent, &words, &code);
    struct span line = span_first_line(span_trim(buf_view(&words)));
    buf_puts(out, is_page ? "the response is " : why);
    buf_puts(out, line.len && !is_page ? ": " : "");
    utf8_put_without_nul(out, line);
    buf_release(&words);
    buf_release(&code);
}

int api_unexpected(const struct http_response *response, const char *what, const char *why,
                   struct fail *fail)
{
    struct buf text = {0};
    bool first = !fail_is_set(fail);
    put_unexpected(&text, response, why);
    char *hint =
        buf_format("check %s, and whether this network requires a sign-in", response->url_setting);
    fail_set_hint(fail, FAIL_PROTOCOL, hint,
                  "%s: %s (HTTP %d): a proxy or sign-in page may have answered", what,
                  buf_text(&text), response->status);
    free(hint);
    if (first)
        fail->http_status = response->status;
    buf_release(&text);
    return -1;
}
