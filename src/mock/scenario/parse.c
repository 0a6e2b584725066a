/* SPDX-License-Identifier: MIT */
#include "mock/scenario/parse.h"

#include "core/xmalloc.h"
#include "mock/backend/backend.h"
#include "mock/backend/template.h"
#include "mock/http/file.h"

#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t";

/* Large enough for any test, small enough to catch a mistyped number. */
static const uint64_t NUMBER_MAX = 1000000000000;

struct parser {
    struct block_lists *out;
    const char *path; /* of the scenario */
    struct block *block;
    size_t open[SCRIPT_DEPTH]; /* the REPEAT steps that are not closed yet */
    size_t depth;
    /* of the current line */
    const struct step_row *row;
    char *rest;      /* the argument; of NUMBER_TEXT what follows the number */
    uint64_t number; /* of NUMBER and NUMBER_TEXT */
    struct fail why; /* its failure, without the place */
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
    enum step_kind kind; /* for the rows that share a function */
};

static int invalid(struct parser *p, const char *what)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' %s", p->row->name, what);
}

static int missing(struct parser *p)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' requires %s", p->row->name, p->row->required);
}

/* Cuts off the first word of *rest, which becomes the text after it and one blank. */
static char *next_word(char **rest)
{
    char *word = *rest;
    *rest += strcspn(word, blanks);
    if (**rest)
        *(*rest)++ = '\0';
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

static struct block_step *add_step(struct parser *p, enum step_kind kind)
{
    struct block *b = p->block;
    b->steps = xrealloc(b->steps, (b->count + 1) * sizeof *b->steps);
    struct block_step *step = &b->steps[b->count++];
    *step = (struct block_step){.kind = kind, .framed = kind == STEP_BYTES && b->framing};
    return step;
}

/* --- blocks --- */

static struct block_list *list_for(struct block_lists *lists, const char *method, const char *path)
{
    for (size_t i = 0; i < lists->count; i++)
        if (strcmp(method, lists->list[i].method) == 0 && strcmp(path, lists->list[i].path) == 0)
            return &lists->list[i];
    lists->list = xrealloc(lists->list, (lists->count + 1) * sizeof *lists->list);
    struct block_list *list = &lists->list[lists->count++];
    *list = (struct block_list){.method = xstrdup(method), .path = xstrdup(path)};
    return list;
}

static int end_block(struct parser *p)
{
    if (p->block && p->depth > 0)
        return fail_set(&p->why, FAIL_DATA, "the block before has 'repeat' without 'end-repeat'");
    p->block = NULL;
    return 0;
}

static int parse_on(struct parser *p)
{
    const char *method = next_word(&p->rest), *path = next_word(&p->rest),
               *once = trim_blanks(p->rest);
    if (end_block(p) != 0)
        return -1;
    if (path[0] != '/' || (*once && strcmp(once, "once") != 0))
        return missing(p);
    struct block_list *list = list_for(p->out, method, path);
    list->blocks = xrealloc(list->blocks, (list->count + 1) * sizeof *list->blocks);
    p->block = &list->blocks[list->count++];
    *p->block = (struct block){.status = 200, .once = *once, .limit = UINT64_MAX};
    return 0;
}

static int parse_default(struct parser *p)
{
    const char *code = trim_blanks(p->rest);
    if (p->block->count > 0 || p->block->has_head)
        return invalid(p, "must be the only step of its block");
    if (*code && (!backend_knows_error(span_of(code)) || strlen(code) >= ERROR_SIZE))
        return invalid(p, "has an unknown error code");
    p->block->error = *code ? xstrdup(code) : NULL;
    p->block->builtin = p->block->ended = true;
    return 0;
}

/* --- the head --- */

static bool has_output(const struct block *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->steps[i].kind != STEP_PAUSE && b->steps[i].kind != STEP_GATE)
            return true;
    return false;
}

static int begin_head(struct parser *p)
{
    struct block *b = p->block;
    if (b->bare)
        return invalid(p, "cannot be used after 'wire'");
    if (b->has_head ? b->count > b->lead : has_output(b))
        return invalid(p, "must come before the body");
    b->has_head = true;
    b->lead = b->count;
    return 0;
}

static int parse_status(struct parser *p)
{
    const char *reason = trim_blanks(p->rest);
    if (p->number < 200 || p->number > 599)
        return missing(p);
    free(p->block->reason);
    p->block->status = (unsigned)p->number;
    p->block->reason = *reason ? xstrdup(reason) : NULL;
    return begin_head(p);
}

static int parse_header(struct parser *p)
{
    char *colon = strchr(p->rest, ':');
    if (!colon || colon == p->rest)
        return missing(p);
    *colon = '\0';
    headers_add(&p->block->add, trim_blanks(p->rest), trim_blanks(colon + 1));
    return begin_head(p);
}

static int parse_no_header(struct parser *p)
{
    headers_add(&p->block->drop, p->rest, "");
    return begin_head(p);
}

/* --- output --- */

/* Expands the template once, to find out whether its escapes are valid. */
static int parse_bytes(struct parser *p)
{
    struct block_step *step = add_step(p, STEP_BYTES);
    struct buf expanded = {0};
    step->escapes = true;
    buf_puts(&step->text, p->rest);
    const char *wrong = template_expand(&expanded, buf_view(&step->text), true, NULL);
    if (wrong)
        fail_set(&p->why, FAIL_DATA, "invalid escape '%.*s'",
                 step->text.data + step->text.len - wrong > 1 ? 2 : 1, wrong);
    buf_release(&expanded);
    return wrong ? -1 : 0;
}

static int parse_fill(struct parser *p)
{
    if (!*p->rest)
        return missing(p);
    int result = parse_bytes(p);
    struct block_step *step = &p->block->steps[p->block->count - 1];
    step->fill = true;
    step->count = p->number;
    return result;
}

/* The data has no escapes: JSON has backslashes of its own. */
static int parse_data(struct parser *p)
{
    p->block->events = true;
    buf_printf(&add_step(p, STEP_BYTES)->text, "data: %s\n\n", p->rest);
    return 0;
}

static int parse_event(struct parser *p)
{
    const char *name = next_word(&p->rest);
    p->block->events = true;
    buf_printf(&add_step(p, STEP_BYTES)->text, "event: %s\ndata: %s\n\n", name,
               *p->rest ? p->rest : "{}");
    return *name ? 0 : missing(p);
}

/* A relative path begins in the directory of the scenario. */
static int parse_file(struct parser *p)
{
    const char *slash = *p->rest == '/' ? NULL : strrchr(p->path, '/');
    char *path = buf_format("%.*s%s", slash ? (int)(slash - p->path) + 1 : 0, p->path, p->rest);
    struct block_step *step = add_step(p, STEP_BYTES);
    step->verbatim = true;
    int result = file_read(path, &step->text, &p->why);
    free(path);
    return result;
}

static int begin_wire(struct parser *p)
{
    if (!p->block->bare && (p->block->count > 0 || p->block->has_head))
        return invalid(p, "must be the first step of its block");
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
        return missing(p);
    p->block->framing = true;
    return 0;
}

/* --- everything else --- */

static int parse_count(struct parser *p)
{
    add_step(p, p->row->kind)->count = p->number;
    return p->row->kind == STEP_BATCH && p->number == 0 ? missing(p) : 0;
}

static int parse_cut(struct parser *p)
{
    p->block->limit = p->number;
    return 0;
}

static int parse_repeat(struct parser *p)
{
    if (p->depth == SCRIPT_DEPTH)
        return invalid(p, "is nested too deeply");
    p->open[p->depth++] = p->block->count;
    return parse_count(p);
}

static int parse_end_repeat(struct parser *p)
{
    if (p->depth == 0)
        return invalid(p, "without 'repeat'");
    if (p->open[--p->depth] + 1 == p->block->count)
        return invalid(p, "has nothing to repeat");
    add_step(p, STEP_END_REPEAT);
    return 0;
}

static int parse_gate(struct parser *p)
{
    buf_puts(&add_step(p, STEP_GATE)->text, p->rest);
    return strchr(p->rest, '/') ? missing(p) : 0;
}

static int parse_ending(struct parser *p)
{
    if (p->depth > 0)
        return invalid(p, "cannot be repeated");
    add_step(p, p->row->kind);
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
        return *p->rest ? invalid(p, "takes no argument") : 0;
    if (argument == WORD || argument == NUMBER)
        p->rest = trim_blanks(p->rest);
    if (argument == WORD && !*p->rest)
        return missing(p);
    if (argument == NUMBER || argument == NUMBER_TEXT)
        return parse_number(next_word(&p->rest), &p->number) ? 0 : missing(p);
    return 0;
}

static int parse_line(struct parser *p, char *line)
{
    line += strspn(line, blanks);
    if (!*line || *line == '#')
        return 0;
    const char *name = next_word(&line);
    p->row = NULL;
    p->rest = line;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(name, rows[i].name) == 0)
            p->row = &rows[i];
    if (!p->row)
        return fail_set(&p->why, FAIL_DATA, "unknown step '%s'", name);
    if (p->row->read != parse_on && !p->block)
        return invalid(p, "comes before the first 'on'");
    if (p->row->read != parse_on && p->block->ended)
        return invalid(p, "follows the end of its block");
    return parse_argument(p, p->row->argument) == 0 ? p->row->read(p) : -1;
}

static int parse_lines(struct parser *p, char *text, struct fail *f)
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
    if (result != 0)
        fail_set(f, p->why.cause, "%s:%u: %s", p->path, number, p->why.message);
    return result;
}

int block_lists_read(struct block_lists *out, const char *path, struct fail *f)
{
    struct buf text = {0};
    struct parser p = {.out = out, .path = path, .why = FAIL_INIT};
    int result = file_read(path, &text, f);
    char *copy = buf_take(&text);
    if (result == 0)
        result = parse_lines(&p, copy, f);
    fail_release(&p.why);
    free(copy);
    return result;
}

static void release_block(struct block *b)
{
    free(b->reason);
    free(b->error);
    headers_release(&b->add);
    headers_release(&b->drop);
    for (size_t i = 0; i < b->count; i++)
        buf_release(&b->steps[i].text);
    free(b->steps);
}

void block_lists_release(struct block_lists *lists)
{
    for (size_t i = 0; i < lists->count; i++) {
        struct block_list *list = &lists->list[i];
        for (size_t j = 0; j < list->count; j++)
            release_block(&list->blocks[j]);
        free(list->blocks);
        free(list->method);
        free(list->path);
    }
    free(lists->list);
    *lists = (struct block_lists){.list = NULL};
}
