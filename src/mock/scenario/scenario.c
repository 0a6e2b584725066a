/* SPDX-License-Identifier: MIT */
#include "mock/scenario/scenario.h"

#include "core/xmalloc.h"
#include "mock/backend/backend.h"
#include "mock/backend/template.h"
#include "system/system.h"
#include "json/json.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    REPEAT_DEPTH = 16,
    /* A short text of `fill` is repeated to this size, so that it is copied in large pieces. */
    FILL_BLOCK = 4096
};

/* Large enough for any test, small enough to catch a mistyped number. */
static const uint64_t NUMBER_MAX = 1000000000000;

/* The response to one request. */
struct block {
    char *method, *path; /* patterns */
    bool once;           /* it is not used again, even if it is the last one */
    bool used;
    uint64_t attempts; /* of the first block of its method and path: the number of requests */
    bool builtin;      /* `default` */
    char *error;       /* of `default`: the error code; NULL for none */
    unsigned status;
    char *reason;           /* NULL: that of the status */
    struct headers headers; /* those that it replaces or removes */
    bool has_head;          /* it sets the status or a header; the steps before that come first */
    size_t lead;            /* how many */
    bool bare;              /* begins with `wire` */
    bool events;            /* its output is an event stream */
    bool framing;           /* after `frame` */
    bool ended;             /* nothing can follow */
    struct script script;   /* with templates, to be copied for a request */
};

struct scenario {
    pthread_mutex_t lock; /* for `used` and `attempts` of the blocks */
    struct block *blocks;
    size_t count;
};

/* --- reading --- */

static const char blanks[] = " \t";

struct parser {
    struct scenario *scenario;
    const char *path;          /* of the scenario */
    struct block *block;       /* NULL before the first one */
    size_t open[REPEAT_DEPTH]; /* the STEP_REPEATs without a partner */
    size_t depth;
    /* of the current line */
    const struct step_row *row;
    char *rest;      /* the argument; of NUMBER_TEXT what follows the number */
    uint64_t number; /* of NUMBER and NUMBER_TEXT, else 0 */
    struct fail why; /* its failure, without the file and line */
};

enum argument {
    NONE,
    TEXT,       /* the rest of the line, may be empty */
    WORD,       /* without blanks at the ends, not empty */
    NUMBER,     /* up to NUMBER_MAX */
    NUMBER_TEXT /* a number and a text, which may be empty */
};

struct step_row {
    const char *name;
    enum argument argument;
    const char *required; /* what it is, for the message that it is missing or invalid */
    int (*read)(struct parser *p);
    enum step_kind kind;
};

static int fail_step(struct parser *p, const char *what)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' %s", p->row->name, what);
}

static int fail_argument(struct parser *p)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' requires %s", p->row->name, p->row->required);
}

/* Cuts off the first word of *rest, which becomes the text after it and one blank. */
static char *cut_word(char **rest)
{
    char *word = strsep(rest, blanks);
    if (!*rest)
        *rest = word + strlen(word);
    return word;
}

static char *trim_blanks(char *text)
{
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static bool parse_number(const char *word, uint64_t *number)
{
    char *end;
    *number = strtoull(word, &end, 10); /* ULLONG_MAX on overflow */
    return *word >= '0' && *word <= '9' && !*end && *number <= NUMBER_MAX;
}

static struct step *add_step(struct parser *p)
{
    return script_add(&p->block->script, (struct step){.kind = p->row->kind, .count = p->number});
}

/* Takes the contents of `text`. */
static struct step *add_text_step(struct parser *p, struct buf *text)
{
    struct step *step = script_take(&p->block->script, text);
    step->kind = p->row->kind;
    step->is_template = memchr(step->owned, '$', step->bytes.len);
    step->is_framed = p->block->framing && step->kind == STEP_BYTES;
    return step;
}

/* --- blocks --- */

static int end_block(struct parser *p)
{
    struct block *b = p->block;
    if (!b)
        return 0;
    if (p->depth > 0)
        return fail_set(&p->why, FAIL_DATA, "the block before has 'repeat' without 'end-repeat'");
    if (b->framing && b->script.ending == STEP_END)
        script_bytes(&b->script, span_of("0\r\n\r\n"));
    if (b->script.limit != UINT64_MAX && b->script.ending == STEP_END)
        b->script.ending = STEP_CLOSE;
    p->block = NULL;
    return 0;
}

static int parse_on(struct parser *p)
{
    const char *method = cut_word(&p->rest), *path = cut_word(&p->rest),
               *once = trim_blanks(p->rest);
    if (end_block(p) != 0)
        return -1;
    if (path[0] != '/' || (*once && strcmp(once, "once") != 0))
        return fail_argument(p);
    struct scenario *s = p->scenario;
    s->blocks = xgrow(s->blocks, s->count, sizeof *s->blocks);
    p->block = &s->blocks[s->count++];
    *p->block = (struct block){
        .method = xstrdup(method), .path = xstrdup(path), .once = *once, .status = 200};
    script_init(&p->block->script);
    return 0;
}

static int parse_default(struct parser *p)
{
    const char *code = trim_blanks(p->rest);
    if (p->block->script.count > 0 || p->block->has_head)
        return fail_step(p, "must be the only step of its block");
    if (*code && !backend_knows_error(span_of(code)))
        return fail_step(p, "has an unknown error code");
    p->block->error = *code ? xstrdup(code) : NULL;
    p->block->builtin = p->block->ended = true;
    return 0;
}

/* --- the head --- */

static bool has_output(const struct script *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->steps[i].kind != STEP_PAUSE && s->steps[i].kind != STEP_GATE)
            return true;
    return false;
}

static int begin_head(struct parser *p)
{
    struct block *b = p->block;
    if (b->bare)
        return fail_step(p, "cannot be used after 'wire'");
    if (b->has_head ? b->script.count > b->lead : has_output(&b->script))
        return fail_step(p, "must come before the body");
    b->has_head = true;
    b->lead = b->script.count;
    return 0;
}

static int parse_status(struct parser *p)
{
    const char *reason = trim_blanks(p->rest);
    if (p->number < 200 || p->number > 599)
        return fail_argument(p);
    free(p->block->reason);
    p->block->status = (unsigned)p->number;
    p->block->reason = *reason ? xstrdup(reason) : NULL;
    return begin_head(p);
}

static int parse_header(struct parser *p)
{
    char *colon = strchr(p->rest, ':');
    if (!colon || colon == p->rest)
        return fail_argument(p);
    *colon = '\0';
    headers_add(&p->block->headers, trim_blanks(p->rest), trim_blanks(colon + 1));
    return begin_head(p);
}

static int parse_no_header(struct parser *p)
{
    headers_add(&p->block->headers, p->rest, NULL);
    return begin_head(p);
}

/* --- output --- */

/* Expands the template once, to find out whether its escapes are valid. */
static int parse_bytes(struct parser *p)
{
    struct buf text = {0}, expanded = {0};
    buf_puts(&text, p->rest);
    struct step *step = add_text_step(p, &text);
    step->has_escapes = strchr(step->owned, '\\');
    step->is_template |= step->has_escapes;
    const char *wrong = template_expand(&expanded, step->bytes, true, NULL);
    if (wrong)
        fail_set(&p->why, FAIL_DATA, "invalid escape '%.2s'", wrong);
    buf_release(&expanded);
    return wrong ? -1 : 0;
}

static int parse_fill(struct parser *p)
{
    if (!*p->rest)
        return fail_argument(p);
    int result = parse_bytes(p);
    struct step *step = &p->block->script.steps[p->block->script.count - 1];
    step->is_fill = true;
    step->count = p->number;
    return result;
}

/* The data has no escapes: JSON has backslashes of its own. */
static int parse_data(struct parser *p)
{
    struct buf text = {0};
    p->block->events = true;
    buf_printf(&text, "data: %s\n\n", p->rest);
    add_text_step(p, &text);
    return 0;
}

static int parse_event(struct parser *p)
{
    struct buf text = {0};
    const char *name = cut_word(&p->rest);
    p->block->events = true;
    buf_printf(&text, "event: %s\ndata: %s\n\n", name, *p->rest ? p->rest : "{}");
    add_text_step(p, &text);
    return *name ? 0 : fail_argument(p);
}

/* A relative path begins in the directory of the scenario. */
static int parse_file(struct parser *p)
{
    const char *slash = *p->rest == '/' ? NULL : strrchr(p->path, '/');
    char *path = buf_format("%.*s%s", slash ? (int)(slash - p->path) + 1 : 0, p->path, p->rest);
    struct buf bytes = {0};
    int result = sys_read_file(path, &bytes);
    if (result != 0)
        fail_errno(&p->why, FAIL_INPUT, errno, "cannot read %s", path);
    add_text_step(p, &bytes)->is_template = false;
    free(path);
    return result;
}

static int begin_wire(struct parser *p)
{
    if (!p->block->bare && (p->block->script.count > 0 || p->block->has_head))
        return fail_step(p, "must be the first step of its block");
    p->block->bare = true;
    return 0;
}

static int parse_wire(struct parser *p)
{
    return begin_wire(p) == 0 ? parse_bytes(p) : -1;
}

static int parse_wire_file(struct parser *p)
{
    return begin_wire(p) == 0 ? parse_file(p) : -1;
}

static int parse_frame(struct parser *p)
{
    if (!p->block->bare)
        return fail_argument(p);
    p->block->framing = true;
    return 0;
}

/* --- everything else --- */

static int parse_count(struct parser *p)
{
    add_step(p);
    return p->row->kind == STEP_BATCH && p->number == 0 ? fail_argument(p) : 0;
}

static int parse_cut(struct parser *p)
{
    p->block->script.limit = p->number;
    return 0;
}

static int parse_repeat(struct parser *p)
{
    if (p->depth == REPEAT_DEPTH)
        return fail_step(p, "is nested too deeply");
    p->open[p->depth++] = p->block->script.count;
    return parse_count(p);
}

static int parse_end_repeat(struct parser *p)
{
    size_t at = p->block->script.count;
    if (p->depth == 0)
        return fail_step(p, "without 'repeat'");
    size_t repeat = p->open[--p->depth];
    if (repeat + 1 == at)
        return fail_step(p, "has nothing to repeat");
    add_step(p)->partner = repeat;
    p->block->script.steps[repeat].partner = at;
    return 0;
}

static int parse_gate(struct parser *p)
{
    struct buf name = {0};
    buf_puts(&name, p->rest);
    add_text_step(p, &name);
    return strchr(p->rest, '/') ? fail_argument(p) : 0;
}

static int parse_ending(struct parser *p)
{
    if (p->depth > 0)
        return fail_step(p, "cannot be repeated");
    p->block->script.ending = p->row->kind;
    p->block->ended = true;
    return 0;
}

static const struct step_row rows[] = {
    {"on", TEXT, "METHOD /PATH and optionally 'once'", parse_on, STEP_END},
    {"default", TEXT, NULL, parse_default, STEP_END},
    {"status", NUMBER_TEXT, "a number from 200 to 599", parse_status, STEP_END},
    {"header", TEXT, "NAME: VALUE", parse_header, STEP_END},
    {"no-header", WORD, "a NAME", parse_no_header, STEP_END},
    {"event", TEXT, "a NAME", parse_event, STEP_BYTES},
    {"data", TEXT, NULL, parse_data, STEP_BYTES},
    {"raw", TEXT, NULL, parse_bytes, STEP_BYTES},
    {"body", TEXT, NULL, parse_bytes, STEP_BYTES},
    {"fill", NUMBER_TEXT, "a number of bytes and a TEXT", parse_fill, STEP_BYTES},
    {"file", WORD, "a PATH", parse_file, STEP_BYTES},
    {"wire", TEXT, NULL, parse_wire, STEP_BYTES},
    {"wire-file", WORD, "a PATH", parse_wire_file, STEP_BYTES},
    {"frame", NONE, "a block that begins with 'wire'", parse_frame, STEP_END},
    {"repeat", NUMBER, "a number", parse_repeat, STEP_REPEAT},
    {"end-repeat", NONE, NULL, parse_end_repeat, STEP_END_REPEAT},
    {"chunk", NUMBER, "a number", parse_count, STEP_CHUNK},
    {"batch", NUMBER, "a number above 0", parse_count, STEP_BATCH},
    {"pause", NUMBER, "a number", parse_count, STEP_PAUSE},
    {"cut", NUMBER, "a number", parse_cut, STEP_END},
    {"gate", WORD, "a NAME without a slash", parse_gate, STEP_GATE},
    {"silence", NONE, NULL, parse_ending, STEP_SILENCE},
    {"end", NONE, NULL, parse_ending, STEP_END},
    {"close", NONE, NULL, parse_ending, STEP_CLOSE},
    {"reset", NONE, NULL, parse_ending, STEP_RESET},
};

static int parse_argument(struct parser *p, enum argument argument)
{
    if (argument == NONE)
        return *p->rest ? fail_step(p, "takes no argument") : 0;
    if (argument == WORD || argument == NUMBER)
        p->rest = trim_blanks(p->rest);
    if (argument == WORD && !*p->rest)
        return fail_argument(p);
    if (argument == NUMBER || argument == NUMBER_TEXT)
        return parse_number(cut_word(&p->rest), &p->number) ? 0 : fail_argument(p);
    return 0;
}

static int parse_line(struct parser *p, char *line)
{
    line += strspn(line, blanks);
    if (!*line || *line == '#')
        return 0;
    const char *name = cut_word(&line);
    p->row = NULL;
    p->rest = line;
    p->number = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(name, rows[i].name) == 0)
            p->row = &rows[i];
    if (!p->row)
        return fail_set(&p->why, FAIL_DATA, "unknown step '%s'", name);
    if (p->row->read != parse_on && !p->block)
        return fail_step(p, "comes before the first 'on'");
    if (p->row->read != parse_on && p->block->ended)
        return fail_step(p, "follows the end of its block");
    return parse_argument(p, p->row->argument) == 0 ? p->row->read(p) : -1;
}

static int parse_lines(struct parser *p, char *text)
{
    unsigned number = 0;
    int result = 0;
    while (result == 0 && *text) {
        size_t len = strcspn(text, "\r\n");
        size_t end = text[len] == '\r' && text[len + 1] == '\n' ? 2 : text[len] != '\0';
        char *line = text;
        text += len + end;
        line[len] = '\0';
        number++;
        result = parse_line(p, line);
    }
    if (result == 0)
        result = end_block(p);
    if (result != 0) {
        char *place = buf_format("%s:%u", p->path, number);
        fail_prefix(&p->why, place);
        free(place);
    }
    return result;
}

struct scenario *scenario_load(const char *path, struct fail *f)
{
    struct scenario *s = xcalloc(1, sizeof *s);
    struct parser p = {.scenario = s, .path = path, .why = FAIL_INIT};
    struct buf text = {0};
    pthread_mutex_init(&s->lock, NULL);
    int result = sys_read_file(path, &text);
    if (result != 0)
        fail_errno(&p.why, FAIL_INPUT, errno, "cannot read %s", path);
    char *lines = buf_take(&text);
    if (result == 0)
        result = parse_lines(&p, lines);
    free(lines);
    if (result == 0)
        return s;
    fail_move(f, &p.why);
    scenario_free(s);
    return NULL;
}

void scenario_free(struct scenario *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        struct block *b = &s->blocks[i];
        free(b->method);
        free(b->path);
        free(b->error);
        free(b->reason);
        headers_release(&b->headers);
        script_release(&b->script);
    }
    free(s->blocks);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* --- answering --- */

static bool matches_request(const struct block *b, const struct request *request, const char *path)
{
    bool method = strcmp(b->method, "*") == 0 || strcmp(b->method, request->method) == 0;
    return method && path_matches(b->path, path, NULL);
}

/* The block for the next request, NULL for none: the first unused one of those that have the method
   and path of the first match, else the last of them. With the lock held. */
static const struct block *take_block(struct scenario *s, const struct request *request,
                                      uint64_t *attempt)
{
    const char *path = request_api_path(request);
    struct block *first = NULL, *next = NULL;
    for (size_t i = 0; path && i < s->count && !(next && !next->used); i++) {
        struct block *b = &s->blocks[i];
        bool matches =
            first ? strcmp(b->method, first->method) == 0 && strcmp(b->path, first->path) == 0
                  : matches_request(b, request, path);
        if (matches)
            next = b;
        if (!first)
            first = next;
    }
    if (!first)
        return NULL;
    *attempt = ++first->attempts;
    if (next->used && next->once)
        return NULL;
    next->used = true;
    return next;
}

static void note_member(void *values, const struct json_member *m)
{
    if (m->value.type != JSON_STRING)
        return;
    if (span_is(m->key, "conversation_id"))
        values_ascii(values, "CONVERSATION", m->value.string);
    else if (span_is(m->key, "text"))
        values_ascii(values, "TEXT", m->value.string);
}

static void read_values(struct values *v, const struct request *request, uint64_t attempt)
{
    struct span id = {NULL, 0};
    const char *path = request_api_path(request);
    if (!path_matches("/chat/conversations/*", path, &id))
        path_matches("/chat/conversations/*/mode", path, &id);
    values_raw(v, "CONVERSATION", id);
    values_set(v, "TEXT", "%s", "");
    values_set(v, "ATTEMPT", "%llu", (unsigned long long)attempt);
    values_raw(v, "TOKEN", request_token(request));
    json_read_object(buf_view(&request->body), note_member, v);
}

/* Repeats the text to at least `size` bytes. */
static void repeat_text(struct buf *text, uint64_t size)
{
    while (text->len > 0 && text->len < size) {
        buf_reserve(text, text->len);
        buf_append(text, text->data, text->len);
    }
}

/* Makes the text an HTTP chunk. An empty one is left out: it would be the last chunk. */
static void frame_text(struct buf *text)
{
    struct buf chunk = {0};
    if (text->len == 0)
        return;
    buf_printf(&chunk, "%zx\r\n", text->len);
    buf_span(&chunk, buf_view(text));
    buf_puts(&chunk, "\r\n");
    buf_release(text);
    *text = chunk;
}

/* Appends a copy of the step, expanded for the request. Bytes that need no expansion are borrowed:
   they may be a large file. */
static void add_expanded(struct script *script, const struct step *from, const struct values *v)
{
    struct step step = *from;
    struct buf text = {0};
    step.owned = NULL;
    if (!from->is_template && !from->is_fill && !from->is_framed) {
        script_add(script, step);
        return;
    }
    if (from->is_template)
        template_expand(&text, from->bytes, from->has_escapes, v);
    else
        buf_span(&text, from->bytes);
    if (from->is_fill)
        repeat_text(&text, from->is_framed || from->count < FILL_BLOCK ? from->count : FILL_BLOCK);
    if (from->is_fill && from->is_framed)
        text.len = text.len > 0 ? (size_t)from->count : 0;
    if (from->is_framed)
        frame_text(&text);
    step.count = from->is_fill && !from->is_framed && text.len > 0 ? from->count : text.len;
    step.bytes.len = text.len;
    step.owned = buf_take(&text);
    step.bytes.at = step.owned;
    script_add(script, step);
}

static void expand_script(struct script *script, const struct script *from, const struct values *v)
{
    script->limit = from->limit;
    script->ending = from->ending;
    for (size_t i = 0; i < from->count; i++)
        add_expanded(script, &from->steps[i], v);
}

/* The length that the block states, or that of a complete body that is not an event stream. */
static int64_t content_length(const struct reply *reply)
{
    static const struct span stream = SPAN("text/event-stream");
    const struct header *stated = headers_find(&reply->headers, "content-length");
    const struct header *type = headers_find(&reply->headers, "content-type");
    uint64_t sum;
    if (stated)
        return strtoll(stated->value, NULL, 10);
    if (type && span_starts(span_of(type->value), stream))
        return -1;
    return script_is_plain(&reply->script, &sum) ? (int64_t)sum : -1;
}

bool scenario_answer(struct scenario *s, struct request *request, struct reply *reply)
{
    uint64_t attempt = 0;
    pthread_mutex_lock(&s->lock);
    const struct block *block = take_block(s, request, &attempt);
    pthread_mutex_unlock(&s->lock);
    if (block && block->builtin)
        request->error = block->error;
    if (!block || block->builtin)
        return false;

    struct values values = {.count = 0};
    read_values(&values, request, attempt);
    bool sends = strcmp(request_api_path(request), "/chat/send") == 0;
    if (block->events || (sends && block->status == 200))
        reply_stream(reply);
    else
        reply_json(reply, block->status);
    headers_replace(&reply->headers, &block->headers);
    expand_script(&reply->script, &block->script, &values);
    reply->status = block->status;
    reply->reason = block->reason;
    reply->streamed = true;
    reply->bare = block->bare;
    reply->lead = block->lead;
    reply->length = content_length(reply);
    values_release(&values);
    return true;
}
