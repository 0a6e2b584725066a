/* SPDX-License-Identifier: MIT */
#include "mock/scenario/parse.h"

#include "core/xmalloc.h"
#include "mock/backend/backend.h"
#include "mock/backend/template.h"
#include "mock/http/file.h"

#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t";

/* Large enough for any test, small enough that nobody waits for a mistyped number. */
static const uint64_t NUMBER_MAX = 1000000000000;

struct parser {
    struct block_lists *out;
    const char *path; /* of the scenario */
    struct block *block;
    size_t open[SCRIPT_DEPTH]; /* the REPEAT steps that are not closed yet */
    size_t depth;
    struct fail why; /* the failure of the current line, without its place */
};

struct row {
    const char *name;
    /* `rest` is the line after the name and one blank. */
    int (*read)(struct parser *p, const struct row *row, char *rest);
    enum step_kind kind; /* for the rows that share a function */
};

static int invalid(struct parser *p, const char *what, const struct row *row)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' %s", row->name, what);
}

/* Cuts off the first word of *rest, which becomes the text after it and one blank. */
static char *take_word(char **rest)
{
    char *word = *rest;
    *rest += strcspn(word, blanks);
    if (**rest)
        *(*rest)++ = '\0';
    return word;
}

static char *trim(char *text)
{
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]))
        len--;
    text[len] = '\0';
    return text;
}

static bool read_count(const char *word, uint64_t *count)
{
    char *end;
    *count = strtoull(word, &end, 10); /* ULLONG_MAX on overflow */
    return *word >= '0' && *word <= '9' && !*end && *count <= NUMBER_MAX;
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

static int read_on(struct parser *p, const struct row *row, char *rest)
{
    const char *method = take_word(&rest), *path = take_word(&rest), *once = trim(rest);
    if (end_block(p) != 0)
        return -1;
    if (path[0] != '/' || (*once && strcmp(once, "once") != 0))
        return invalid(p, "requires METHOD /PATH and optionally 'once'", row);
    struct block_list *list = list_for(p->out, method, path);
    list->blocks = xrealloc(list->blocks, (list->count + 1) * sizeof *list->blocks);
    p->block = &list->blocks[list->count++];
    *p->block = (struct block){.status = 200, .once = *once, .limit = UINT64_MAX};
    return 0;
}

static int read_default(struct parser *p, const struct row *row, char *rest)
{
    rest = trim(rest);
    if (p->block->count > 0 || p->block->has_head)
        return invalid(p, "must be the only step of its block", row);
    if (*rest && (!backend_knows_error(span_of(rest)) || strlen(rest) >= ERROR_SIZE))
        return invalid(p, "has an unknown error code", row);
    p->block->error = *rest ? xstrdup(rest) : NULL;
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

static int begin_head(struct parser *p, const struct row *row)
{
    struct block *b = p->block;
    if (b->bare)
        return invalid(p, "cannot be used after 'wire'", row);
    if (b->has_head ? b->count > b->lead : has_output(b))
        return invalid(p, "must come before the body", row);
    b->has_head = true;
    b->lead = b->count;
    return 0;
}

static int read_status(struct parser *p, const struct row *row, char *rest)
{
    uint64_t code;
    if (!read_count(take_word(&rest), &code) || code < 200 || code > 599)
        return invalid(p, "requires a number from 200 to 599", row);
    rest = trim(rest);
    free(p->block->reason);
    p->block->status = (unsigned)code;
    p->block->reason = *rest ? xstrdup(rest) : NULL;
    return begin_head(p, row);
}

static int read_header(struct parser *p, const struct row *row, char *rest)
{
    char *colon = strchr(rest, ':');
    if (!colon || colon == rest)
        return invalid(p, "requires NAME: VALUE", row);
    *colon = '\0';
    headers_add(&p->block->add, trim(rest), trim(colon + 1));
    return begin_head(p, row);
}

static int read_no_header(struct parser *p, const struct row *row, char *rest)
{
    rest = trim(rest);
    if (!*rest)
        return invalid(p, "requires a NAME", row);
    headers_add(&p->block->drop, rest, "");
    return begin_head(p, row);
}

/* --- output --- */

/* Expands the template once, to find out whether its escapes are valid. */
static int add_bytes(struct parser *p, const char *text)
{
    struct block_step *step = add_step(p, STEP_BYTES);
    struct buf expanded = {0};
    step->escapes = true;
    buf_puts(&step->text, text);
    const char *wrong = template_expand(&expanded, buf_view(&step->text), true, NULL);
    if (wrong)
        fail_set(&p->why, FAIL_DATA, "invalid escape '%.*s'",
                 (int)(step->text.data + step->text.len - wrong > 1) + 1, wrong);
    buf_release(&expanded);
    return wrong ? -1 : 0;
}

static int read_bytes(struct parser *p, const struct row *row, char *rest)
{
    (void)row;
    return add_bytes(p, rest);
}

static int read_wire(struct parser *p, const struct row *row, char *rest)
{
    if (!p->block->bare && (p->block->count > 0 || p->block->has_head))
        return invalid(p, "must be the first step of its block", row);
    p->block->bare = true;
    return add_bytes(p, rest);
}

/* The data has no escapes: JSON has backslashes of its own. */
static int add_event(struct parser *p, const char *name, const char *data)
{
    struct buf *text = &add_step(p, STEP_BYTES)->text;
    p->block->events = true;
    if (*name)
        buf_printf(text, "event: %s\n", name);
    buf_printf(text, "data: %s\n\n", data);
    return 0;
}

static int read_event(struct parser *p, const struct row *row, char *rest)
{
    const char *name = take_word(&rest);
    return *name ? add_event(p, name, *rest ? rest : "{}") : invalid(p, "requires a NAME", row);
}

static int read_data(struct parser *p, const struct row *row, char *rest)
{
    (void)row;
    return add_event(p, "", rest);
}

static int read_fill(struct parser *p, const struct row *row, char *rest)
{
    uint64_t count;
    if (!read_count(take_word(&rest), &count) || !*rest)
        return invalid(p, "requires a number of bytes and a TEXT", row);
    int result = add_bytes(p, rest);
    struct block_step *step = &p->block->steps[p->block->count - 1];
    step->fill = true;
    step->count = count;
    return result;
}

/* A relative path begins in the directory of the scenario. */
static int read_file(struct parser *p, const struct row *row, char *rest)
{
    rest = trim(rest);
    if (!*rest)
        return invalid(p, "requires a PATH", row);
    const char *slash = *rest == '/' ? NULL : strrchr(p->path, '/');
    char *path = buf_format("%.*s%s", slash ? (int)(slash - p->path) + 1 : 0, p->path, rest);
    struct block_step *step = add_step(p, STEP_BYTES);
    step->verbatim = true;
    int result = file_read(path, &step->text, &p->why);
    free(path);
    return result;
}

static int read_wire_file(struct parser *p, const struct row *row, char *rest)
{
    char empty[] = "";
    return read_wire(p, row, empty) == 0 ? read_file(p, row, rest) : -1;
}

/* --- everything else --- */

static int read_number(struct parser *p, const struct row *row, char *rest)
{
    uint64_t count;
    if (!read_count(trim(rest), &count))
        return invalid(p, "requires a number", row);
    if (row->kind == STEP_BATCH && count == 0)
        return invalid(p, "requires a number above 0", row);
    if (row->kind == STEP_END)
        p->block->limit = count; /* cut */
    else
        add_step(p, row->kind)->count = count;
    return 0;
}

static int read_repeat(struct parser *p, const struct row *row, char *rest)
{
    if (p->depth == SCRIPT_DEPTH)
        return invalid(p, "is nested too deeply", row);
    p->open[p->depth++] = p->block->count;
    return read_number(p, row, rest);
}

static int read_gate(struct parser *p, const struct row *row, char *rest)
{
    rest = trim(rest);
    if (!*rest || strchr(rest, '/'))
        return invalid(p, "requires a NAME without a slash", row);
    buf_puts(&add_step(p, STEP_GATE)->text, rest);
    return 0;
}

/* The steps without an argument. */

static int read_end_repeat(struct parser *p, const struct row *row, char *rest)
{
    (void)rest;
    if (p->depth == 0)
        return invalid(p, "without 'repeat'", row);
    if (p->open[--p->depth] + 1 == p->block->count)
        return invalid(p, "has nothing to repeat", row);
    add_step(p, row->kind);
    return 0;
}

static int read_frame(struct parser *p, const struct row *row, char *rest)
{
    (void)rest;
    if (!p->block->bare)
        return invalid(p, "requires a block that begins with 'wire'", row);
    p->block->framing = true;
    return 0;
}

static int read_ending(struct parser *p, const struct row *row, char *rest)
{
    (void)rest;
    if (p->depth > 0)
        return invalid(p, "cannot be repeated", row);
    add_step(p, row->kind);
    p->block->ended = true;
    return 0;
}

static const struct row rows[] = {
    {"on", read_on, STEP_END},
    {"default", read_default, STEP_END},
    {"status", read_status, STEP_END},
    {"header", read_header, STEP_END},
    {"no-header", read_no_header, STEP_END},
    {"event", read_event, STEP_BYTES},
    {"data", read_data, STEP_BYTES},
    {"raw", read_bytes, STEP_BYTES},
    {"body", read_bytes, STEP_BYTES},
    {"fill", read_fill, STEP_BYTES},
    {"file", read_file, STEP_BYTES},
    {"wire", read_wire, STEP_BYTES},
    {"wire-file", read_wire_file, STEP_BYTES},
    {"repeat", read_repeat, STEP_REPEAT},
    {"chunk", read_number, STEP_CHUNK},
    {"batch", read_number, STEP_BATCH},
    {"pause", read_number, STEP_PAUSE},
    {"cut", read_number, STEP_END},
    {"gate", read_gate, STEP_GATE},
    {"frame", read_frame, STEP_END},
    {"end-repeat", read_end_repeat, STEP_END_REPEAT},
    {"silence", read_ending, STEP_SILENCE},
    {"end", read_ending, STEP_END},
    {"close", read_ending, STEP_CLOSE},
    {"reset", read_ending, STEP_RESET},
};

static bool takes_argument(const struct row *row)
{
    return row->read != read_frame && row->read != read_end_repeat && row->read != read_ending;
}

static int read_line(struct parser *p, char *line)
{
    line += strspn(line, blanks);
    if (!*line || *line == '#')
        return 0;
    const char *name = take_word(&line);
    const struct row *row = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(name, rows[i].name) == 0)
            row = &rows[i];
    if (!row)
        return fail_set(&p->why, FAIL_DATA, "unknown step '%s'", name);
    if (row->read != read_on && !p->block)
        return invalid(p, "comes before the first 'on'", row);
    if (row->read != read_on && p->block->ended)
        return invalid(p, "follows the end of its block", row);
    if (*line && !takes_argument(row))
        return invalid(p, "takes no argument", row);
    return row->read(p, row, line);
}

static int read_lines(struct parser *p, char *text, struct fail *f)
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
        result = read_line(p, line);
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
        result = read_lines(&p, copy, f);
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
