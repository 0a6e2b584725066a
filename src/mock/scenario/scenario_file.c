/* SPDX-License-Identifier: MIT */
#include "mock/scenario/block.h"

#include "core/xmalloc.h"
#include "mock/http/file.h"
#include "mock/scenario/words.h"

#include <stdlib.h>
#include <string.h>

struct parser {
    struct block_lists *out;
    const char *path; /* of the scenario */
    struct block *block;
    size_t open[SCRIPT_DEPTH]; /* the REPEAT steps that are not closed yet */
    size_t depth;
    struct fail why; /* of the line at hand, without its place */
};

struct row {
    const char *name;
    /* What follows the name and one blank, to the end of the line. */
    int (*read)(struct parser *p, const struct row *row, struct span rest);
    enum step_kind kind; /* for the rows that share a function */
};

static int bad(struct parser *p, const char *what, const struct row *row)
{
    return fail_set(&p->why, FAIL_DATA, "'%s' %s", row->name, what);
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

static struct block_list *list_for(struct block_lists *lists, struct span method, struct span path)
{
    for (size_t i = 0; i < lists->count; i++)
        if (span_is(method, lists->list[i].method) && span_is(path, lists->list[i].path))
            return &lists->list[i];
    lists->list = xrealloc(lists->list, (lists->count + 1) * sizeof *lists->list);
    struct block_list *list = &lists->list[lists->count++];
    *list = (struct block_list){.method = xmemdup(method.at, method.len),
                                .path = xmemdup(path.at, path.len)};
    return list;
}

static int end_block(struct parser *p)
{
    if (!p->block)
        return 0;
    if (p->depth > 0)
        return fail_set(&p->why, FAIL_DATA, "the block before has a 'repeat' without 'end-repeat'");
    p->block = NULL;
    return 0;
}

static int read_on(struct parser *p, const struct row *row, struct span rest)
{
    struct span method = word_take(&rest), path = word_take(&rest), once = word_trim(rest);
    if (end_block(p) != 0)
        return -1;
    if (path.len == 0 || path.at[0] != '/' || (once.len > 0 && !span_is(once, "once")))
        return bad(p, "needs METHOD /PATH and perhaps 'once'", row);
    struct block_list *list = list_for(p->out, method, path);
    list->blocks = xrealloc(list->blocks, (list->count + 1) * sizeof *list->blocks);
    p->block = &list->blocks[list->count++];
    *p->block = (struct block){.status = 200, .once = once.len > 0, .limit = UINT64_MAX};
    return 0;
}

static int read_default(struct parser *p, const struct row *row, struct span rest)
{
    if (rest.len > 0 || p->block->count > 0 || p->block->has_head)
        return bad(p, "must be alone in its block", row);
    p->block->builtin = p->block->ended = true;
    return 0;
}

/* --- the head --- */

static bool writes(const struct block *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->steps[i].kind != STEP_PAUSE && b->steps[i].kind != STEP_GATE)
            return true;
    return false;
}

/* What stands before the first line of the head happens before the head is sent. */
static int begin_head(struct parser *p, const struct row *row)
{
    struct block *b = p->block;
    if (b->bare)
        return bad(p, "has no meaning after 'wire', which writes its own", row);
    if (b->has_head ? b->count > b->lead : writes(b))
        return bad(p, "must come before the body", row);
    b->has_head = true;
    b->lead = b->count;
    return 0;
}

static int read_status(struct parser *p, const struct row *row, struct span rest)
{
    uint64_t code;
    struct span word = word_take(&rest);
    if (!word_number(word, &code) || code < 200 || code > 599)
        return bad(p, "needs a number from 200 to 599", row);
    rest = word_trim(rest);
    p->block->status = (unsigned)code;
    free(p->block->reason);
    p->block->reason = rest.len ? xmemdup(rest.at, rest.len) : NULL;
    return begin_head(p, row);
}

static int read_header(struct parser *p, const struct row *row, struct span rest)
{
    const char *colon = rest.len ? memchr(rest.at, ':', rest.len) : NULL;
    if (!colon || colon == rest.at)
        return bad(p, "needs NAME: VALUE", row);
    struct span name = word_trim(span_make(rest.at, (size_t)(colon - rest.at)));
    struct span value = word_trim(span_make(colon + 1, rest.len - (size_t)(colon - rest.at) - 1));
    char *name_text = xmemdup(name.at, name.len), *value_text = xmemdup(value.at, value.len);
    headers_add(&p->block->add, name_text, value_text);
    free(name_text);
    free(value_text);
    return begin_head(p, row);
}

static int read_no_header(struct parser *p, const struct row *row, struct span rest)
{
    rest = word_trim(rest);
    if (rest.len == 0)
        return bad(p, "needs a NAME", row);
    char *name = xmemdup(rest.at, rest.len);
    headers_add(&p->block->drop, name, "");
    free(name);
    return begin_head(p, row);
}

/* --- output --- */

static int read_bytes(struct parser *p, const struct row *row, struct span rest)
{
    (void)row;
    return text_parse(&add_step(p, STEP_BYTES)->text, rest, true, &p->why);
}

static int read_wire(struct parser *p, const struct row *row, struct span rest)
{
    if (!p->block->bare && (p->block->count > 0 || p->block->has_head))
        return bad(p, "must be the first step of its block", row);
    p->block->bare = true;
    return read_bytes(p, row, rest);
}

/* An event is text as it stands: JSON has its own backslashes. */
static int add_event(struct parser *p, struct span name, struct span data)
{
    struct buf source = {0};
    if (name.len > 0)
        buf_printf(&source, "event: %.*s\n", (int)name.len, name.at);
    buf_puts(&source, "data: ");
    buf_span(&source, data);
    buf_puts(&source, "\n\n");
    p->block->events = true;
    int result = text_parse(&add_step(p, STEP_BYTES)->text, buf_view(&source), false, &p->why);
    buf_release(&source);
    return result;
}

static int read_event(struct parser *p, const struct row *row, struct span rest)
{
    static const struct span none = SPAN("{}");
    struct span name = word_take(&rest);
    if (name.len == 0)
        return bad(p, "needs a NAME", row);
    return add_event(p, name, rest.len ? rest : none);
}

static int read_data(struct parser *p, const struct row *row, struct span rest)
{
    (void)row;
    return add_event(p, span_of(NULL), rest);
}

static int read_fill(struct parser *p, const struct row *row, struct span rest)
{
    uint64_t count;
    struct span word = word_take(&rest);
    if (!word_number(word, &count) || rest.len == 0)
        return bad(p, "needs a number of bytes and a TEXT", row);
    struct block_step *step = add_step(p, STEP_BYTES);
    step->fill = true;
    step->count = count;
    return text_parse(&step->text, rest, true, &p->why);
}

/* A path beside the scenario file, unless it is absolute. */
static char *resolve(const struct parser *p, struct span name)
{
    struct buf path = {0};
    const char *slash = strrchr(p->path, '/');
    if (slash && name.at[0] != '/')
        buf_append(&path, p->path, (size_t)(slash - p->path) + 1);
    buf_span(&path, name);
    return buf_take(&path);
}

static int read_file(struct parser *p, const struct row *row, struct span rest)
{
    rest = word_trim(rest);
    if (rest.len == 0)
        return bad(p, "needs a PATH", row);
    char *path = resolve(p, rest);
    struct buf bytes = {0};
    int result = file_read(path, &bytes, &p->why);
    text_take(&add_step(p, STEP_BYTES)->text, &bytes);
    free(path);
    return result;
}

static int read_wire_file(struct parser *p, const struct row *row, struct span rest)
{
    if (read_wire(p, row, span_of(NULL)) != 0)
        return -1;
    return read_file(p, row, rest);
}

/* --- the rest --- */

static int read_number(struct parser *p, const struct row *row, struct span rest)
{
    uint64_t count;
    if (!word_number(word_trim(rest), &count))
        return bad(p, "needs a number", row);
    if (row->kind == STEP_BATCH && count == 0)
        return bad(p, "needs a number above 0", row);
    add_step(p, row->kind)->count = count;
    return 0;
}

static int read_repeat(struct parser *p, const struct row *row, struct span rest)
{
    if (p->depth == SCRIPT_DEPTH)
        return bad(p, "is nested too deep", row);
    p->open[p->depth++] = p->block->count;
    return read_number(p, row, rest);
}

static int read_end_repeat(struct parser *p, const struct row *row, struct span rest)
{
    if (rest.len > 0)
        return bad(p, "takes nothing", row);
    if (p->depth == 0)
        return bad(p, "without 'repeat'", row);
    if (p->open[--p->depth] + 1 == p->block->count)
        return bad(p, "has nothing to repeat", row);
    add_step(p, row->kind);
    return 0;
}

static int read_gate(struct parser *p, const struct row *row, struct span rest)
{
    rest = word_trim(rest);
    if (rest.len == 0 || memchr(rest.at, '/', rest.len))
        return bad(p, "needs a NAME without a slash", row);
    return text_parse(&add_step(p, STEP_GATE)->text, rest, false, &p->why);
}

static int read_cut(struct parser *p, const struct row *row, struct span rest)
{
    if (!word_number(word_trim(rest), &p->block->limit))
        return bad(p, "needs a number", row);
    return 0;
}

static int read_frame(struct parser *p, const struct row *row, struct span rest)
{
    if (rest.len > 0)
        return bad(p, "takes nothing", row);
    if (!p->block->bare)
        return bad(p, "is for blocks that begin with 'wire'", row);
    p->block->framing = true;
    return 0;
}

static int read_ending(struct parser *p, const struct row *row, struct span rest)
{
    if (rest.len > 0)
        return bad(p, "takes nothing", row);
    if (p->depth > 0)
        return bad(p, "cannot be repeated", row);
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
    {"frame", read_frame, STEP_END},
    {"repeat", read_repeat, STEP_REPEAT},
    {"end-repeat", read_end_repeat, STEP_END_REPEAT},
    {"chunk", read_number, STEP_CHUNK},
    {"batch", read_number, STEP_BATCH},
    {"pause", read_number, STEP_PAUSE},
    {"gate", read_gate, STEP_GATE},
    {"cut", read_cut, STEP_END},
    {"silence", read_ending, STEP_SILENCE},
    {"end", read_ending, STEP_END},
    {"close", read_ending, STEP_CLOSE},
    {"reset", read_ending, STEP_RESET},
};

static int read_line(struct parser *p, struct span line)
{
    while (line.len > 0 && word_is_blank(line.at[0]))
        line = span_make(line.at + 1, line.len - 1);
    if (line.len == 0 || line.at[0] == '#')
        return 0;
    struct span name = word_take(&line);
    const struct row *row = NULL;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (span_is(name, rows[i].name))
            row = &rows[i];
    if (!row)
        return fail_set(&p->why, FAIL_DATA, "unknown step '%.*s'", (int)name.len, name.at);
    if (row->read != read_on && !p->block)
        return bad(p, "stands before the first 'on'", row);
    if (row->read != read_on && p->block->ended)
        return bad(p, "follows the end of its block", row);
    return row->read(p, row, line);
}

static int read_lines(struct parser *p, struct span text, struct fail *f)
{
    static const struct span crlf = SPAN("\r\n");
    unsigned number = 0;
    int result = 0;
    while (result == 0 && text.len > 0) {
        struct span line = span_first_line(text);
        text = span_make(text.at + line.len, text.len - line.len);
        size_t end = span_starts(text, crlf) ? 2 : text.len > 0;
        text = span_make(text.at + end, text.len - end);
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
    if (result == 0)
        result = read_lines(&p, buf_view(&text), f);
    fail_release(&p.why);
    buf_release(&text);
    return result;
}
