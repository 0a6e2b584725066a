/* SPDX-License-Identifier: MIT */
#include "terminal/inline.h"

#include "core/buf.h"
#include "core/unicode.h"
#include "core/utf8.h"
#include "core/xmalloc.h"

#include <stdint.h>
#include <stdlib.h>

/* Tokens of the source become nodes. A delimiter run or a bracket is held while it may still become
   emphasis or a link; the nodes before the first held one are reported to the sink (flush_tokens)
   and dropped. */

enum { NO_NODE = -1, LONGEST_TICKS = 80, LONGEST_SCHEME = 32, DEEPEST_PARENTHESES = 32 };

enum node_kind {
    NODE_TEXT,
    NODE_RUN,     /* a delimiter run: *, _ or ~~ */
    NODE_BRACKET, /* [ or ![ */
    NODE_LINK_END,
    NODE_BREAK
};

enum span_kind { SPAN_EMPHASIS, SPAN_STRONG, SPAN_STRIKE, SPAN_KINDS };

/* A part of the block that was parsed but not reported yet. */
struct node {
    enum node_kind kind;
    unsigned style;   /* NODE_TEXT */
    size_t from, len; /* NODE_TEXT, NODE_LINK_END: the text or URL, in the buffer `text` */
    uint64_t offset;  /* in the source of the block */
    bool held;        /* NODE_RUN: it is in the list of runs; NODE_BRACKET: it may become a link */

    /* NODE_BRACKET, NODE_LINK_END. */
    bool image; /* it began with ![ */
    bool link;  /* it is that of a link or an image */

    /* NODE_RUN. */
    char mark;
    bool opener, closer; /* it can open, can close emphasis */
    unsigned length;     /* delimiters in the source */
    unsigned left;       /* of these, those that are not part of emphasis */
    unsigned opens[SPAN_KINDS], closes[SPAN_KINDS];
    int previous, next; /* in the list of runs */
};

/* An open bracket. */
struct bracket {
    int node;
    bool image;
    bool active; /* it may become a link; false for a [ that contains one, and after the limit */
    uint64_t offset;
};

/* What follows ]( : the destination and title of a link, read up to `at`. */
struct tail {
    enum tail_state {
        TAIL_START,
        TAIL_ANGLE, /* in a destination in <> */
        TAIL_PLAIN, /* in another destination */
        TAIL_SPACE, /* after the destination */
        TAIL_TITLE,
        TAIL_END /* after the title */
    } state;
    size_t at;
    size_t url, url_end;
    unsigned depth; /* open parentheses in the destination */
    char quote;     /* the terminator of the title */
    bool spaced;    /* white space follows the destination */
    bool escape;    /* the previous character was a backslash that escapes */
};

/* What an autolink may still be, as far as it was read. */
struct autolink {
    bool scheme, mail;
    bool domain; /* of a mail address: the @ was read */
    bool url;    /* the colon after the scheme was read */
};

/* Closers that can match the same openers: by their mark, whether they can open as well, and their
   length modulo 3. */
enum { BOTTOM_MARKS = 3, BOTTOM_LENGTHS = 3, BOTTOMS = BOTTOM_MARKS * 2 * BOTTOM_LENGTHS };

struct inline_parser {
    const struct markdown_sink *sink;
    bool cell, ended;

    /* The source. */
    struct buf source; /* of the block, without what was parsed */
    size_t at;         /* in `source`: the next token */
    uint64_t base;     /* offset of `source` in the block */
    uint64_t clock;    /* the offset up to which the block was read, for the limit of openers */
    size_t scanned;    /* length of the part of the token that was scanned, 0 if it is new */
    uint32_t before;   /* the character before the token */
    uint32_t before_tildes; /* the last character before it that is not ~ */
    bool blank_sent;        /* the line feed at the end of `source` was reported as a blank */
    struct tail tail;
    struct autolink autolink;

    /* The nodes. Those before `head` were reported. */
    struct node *nodes;
    int head, count, capacity;
    struct buf text;
    int first, last;     /* the list of runs */
    int unprocessed;     /* the first run that was not yet tried as a closer */
    int bottom[BOTTOMS]; /* by bottom_index: no opener for such a closer is before this node */
    struct bracket *brackets;
    int bracket_head, bracket_count, bracket_capacity;
    int bracket_active; /* the brackets before this one are not active */

    /* What was reported. */
    unsigned depth[SPAN_KINDS], links, images; /* open ones */
    bool after_blank;                          /* it ends in a blank, or is empty */
    bool blank_due; /* a blank of the text precedes a URL, and is repeated after it */
};

/* Nodes. */

static struct node *add_node(struct inline_parser *p, enum node_kind kind)
{
    if (!p->nodes || p->count == p->capacity) {
        p->capacity = p->capacity ? 2 * p->capacity : 64;
        p->nodes = xrealloc(p->nodes, (size_t)p->capacity * sizeof *p->nodes);
    }
    struct node *n = &p->nodes[p->count++];
    *n = (struct node){.kind = kind,
                       .offset = p->base + p->at,
                       .from = p->text.len,
                       .previous = NO_NODE,
                       .next = NO_NODE};
    return n;
}

static void add_text(struct inline_parser *p, struct span text, unsigned style)
{
    struct node *n = p->count > p->head ? &p->nodes[p->count - 1] : NULL;
    if (text.len == 0)
        return;
    if (!n || n->kind != NODE_TEXT || n->style != style) {
        n = add_node(p, NODE_TEXT);
        n->style = style;
    }
    buf_span(&p->text, text);
    n->len += text.len;
}

static int node_index(const struct inline_parser *p, const struct node *n)
{
    return (int)(n - p->nodes);
}

static void list_run(struct inline_parser *p, struct node *n)
{
    int at = node_index(p, n);
    n->held = true;
    n->previous = p->last;
    if (p->last != NO_NODE)
        p->nodes[p->last].next = at;
    else
        p->first = at;
    p->last = at;
    if (p->unprocessed == NO_NODE)
        p->unprocessed = at;
}

/* The remaining delimiters of the run are text. */
static void unlist_run(struct inline_parser *p, int at)
{
    struct node *n = &p->nodes[at];
    if (n->previous != NO_NODE)
        p->nodes[n->previous].next = n->next;
    else
        p->first = n->next;
    if (n->next != NO_NODE)
        p->nodes[n->next].previous = n->previous;
    else
        p->last = n->previous;
    if (p->unprocessed == at)
        p->unprocessed = n->next;
    n->held = false;
}

static int shift_index(int index, int by)
{
    return index == NO_NODE ? NO_NODE : index < by ? 0 : index - by;
}

/* Drops the reported nodes if they outnumber the others. */
static void drop_passed(struct inline_parser *p)
{
    int by = p->head;
    if (by < p->count && (by < 256 || by < p->count - by))
        return;
    size_t text = by < p->count ? p->nodes[by].from : p->text.len;
    for (int i = by; i < p->count; i++) {
        struct node *n = &p->nodes[i - by];
        *n = p->nodes[i];
        n->from -= text;
        n->previous = shift_index(n->previous, by);
        n->next = shift_index(n->next, by);
    }
    p->count -= by;
    p->head = 0;
    p->first = shift_index(p->first, by);
    p->last = shift_index(p->last, by);
    p->unprocessed = shift_index(p->unprocessed, by);
    for (int i = p->bracket_head; i < p->bracket_count; i++)
        p->brackets[i].node = shift_index(p->brackets[i].node, by);
    for (int i = 0; i < BOTTOMS; i++)
        p->bottom[i] = shift_index(p->bottom[i], by);
    if (text == p->text.len)
        buf_clear(&p->text);
    else
        buf_drop(&p->text, text);
}

/* Reporting. */

static unsigned span_style(const struct inline_parser *p)
{
    return (p->depth[SPAN_EMPHASIS] ? MARKDOWN_EMPHASIS : 0) |
           (p->depth[SPAN_STRONG] ? MARKDOWN_STRONG : 0) |
           (p->depth[SPAN_STRIKE] ? MARKDOWN_STRIKE : 0) | (p->links ? MARKDOWN_LINK : 0);
}

static void pass_text(struct inline_parser *p, struct span text, unsigned style)
{
    if (p->blank_due && text.at[0] != ' ' && text.at[0] != '\t')
        p->sink->text(p->sink->arg, span_make(" ", 1), span_style(p));
    p->sink->text(p->sink->arg, text, style | span_style(p));
    p->after_blank = text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t';
    p->blank_due = false;
}

static void pass_run(struct inline_parser *p, const struct node *n)
{
    for (int i = 0; i < SPAN_KINDS; i++)
        p->depth[i] -= n->closes[i];
    for (unsigned i = 0; i < n->left; i++)
        pass_text(p, span_make(&n->mark, 1), 0);
    for (int i = 0; i < SPAN_KINDS; i++)
        p->depth[i] += n->opens[i];
}

static void pass_bracket(struct inline_parser *p, const struct node *n)
{
    if (!n->link)
        pass_text(p, n->image ? span_make("![", 2) : span_make("[", 1), 0);
    else if (n->image)
        p->images++;
    else
        p->links++;
}

/* The URL is preceded by one blank, which is that of the text if this ends in one. */
static void pass_link_end(struct inline_parser *p, const struct node *n)
{
    if (n->image)
        p->images--;
    else
        p->links--;
    if (n->len == 0 || p->images)
        return;
    const struct markdown_sink *sink = p->sink;
    sink->text(sink->arg, p->after_blank ? span_make("(", 1) : span_make(" (", 2), MARKDOWN_URL);
    sink->text(sink->arg, span_make(p->text.data + n->from, n->len), MARKDOWN_URL);
    sink->text(sink->arg, span_make(")", 1), MARKDOWN_URL);
    p->blank_due = p->blank_due || p->after_blank;
    p->after_blank = false;
}

/* Reports all nodes before the first that is held. */
static void flush_tokens(struct inline_parser *p)
{
    for (; p->head < p->count && !p->nodes[p->head].held; p->head++) {
        const struct node *n = &p->nodes[p->head];
        switch (n->kind) {
        case NODE_TEXT:
            pass_text(p, span_make(p->text.data + n->from, n->len), n->style);
            break;
        case NODE_RUN:
            pass_run(p, n);
            break;
        case NODE_BRACKET:
            pass_bracket(p, n);
            break;
        case NODE_LINK_END:
            pass_link_end(p, n);
            break;
        case NODE_BREAK:
            p->sink->line_break(p->sink->arg);
            p->after_blank = true;
            p->blank_due = false;
            break;
        }
    }
    drop_passed(p);
}

/* Emphasis: "An algorithm for parsing nested emphasis and links" in the specification's appendix,
   a closer at a time. */

static unsigned mark_index(char mark)
{
    return mark == '*' ? 0 : mark == '_' ? 1 : 2;
}

static unsigned bottom_index(const struct node *closer)
{
    unsigned kind = 2 * mark_index(closer->mark) + closer->opener;
    return BOTTOM_LENGTHS * kind + closer->length % BOTTOM_LENGTHS;
}

static bool may_match(const struct node *opener, const struct node *closer)
{
    if (!opener->opener || opener->mark != closer->mark)
        return false;
    bool both = closer->opener || opener->closer;
    return !both || closer->length % 3 == 0 || (opener->length + closer->length) % 3 != 0;
}

/* Consumes delimiters of both runs and returns the next closer. */
static int match_runs(struct inline_parser *p, int opener, int closer)
{
    struct node *o = &p->nodes[opener], *c = &p->nodes[closer];
    unsigned used = o->left >= 2 && c->left >= 2 ? 2 : 1;
    enum span_kind kind = o->mark == '~' ? SPAN_STRIKE : used == 2 ? SPAN_STRONG : SPAN_EMPHASIS;
    while (o->next != closer)
        unlist_run(p, o->next);
    o->left -= used;
    c->left -= used;
    o->opens[kind]++;
    c->closes[kind]++;
    if (o->left == 0)
        unlist_run(p, opener);
    if (c->left)
        return closer;
    int next = c->next;
    unlist_run(p, closer);
    return next;
}

/* Processes the closers from the run `at` to the node `end`, with openers from the node `floor`.
   Returns the first run that was not processed. */
static int process_closers(struct inline_parser *p, int at, int end, int floor, int bottom[BOTTOMS])
{
    while (p->nodes && at != NO_NODE && at < end) {
        struct node *closer = &p->nodes[at];
        int next = closer->next;
        if (!closer->closer) {
            at = next;
            continue;
        }
        int *lowest = &bottom[bottom_index(closer)];
        int limit = *lowest > floor ? *lowest : floor, opener = closer->previous;
        while (opener >= limit && opener != NO_NODE && !may_match(&p->nodes[opener], closer))
            opener = p->nodes[opener].previous;
        if (opener >= limit && opener != NO_NODE) {
            at = match_runs(p, opener, at);
            continue;
        }
        *lowest = at;
        if (!closer->opener)
            unlist_run(p, at);
        at = next;
    }
    return at;
}

/* Processes the closers before the first bracket that may become a link, in which emphasis is
   resolved separately. */
static void process_outside_links(struct inline_parser *p)
{
    while (p->bracket_active < p->bracket_count && !p->brackets[p->bracket_active].active)
        p->bracket_active++;
    bool any = p->bracket_active < p->bracket_count;
    int end = any ? p->brackets[p->bracket_active].node : p->count;
    p->unprocessed = process_closers(p, p->unprocessed, end, 0, p->bottom);
}

/* Brackets. */

/* Removes the brackets that were given up if they outnumber the others. */
static void drop_expired_brackets(struct inline_parser *p)
{
    int by = p->bracket_head, left = p->bracket_count - by;
    if (by <= left)
        return;
    memmove(p->brackets, p->brackets + by, (size_t)left * sizeof *p->brackets);
    p->bracket_head = 0;
    p->bracket_count = left;
    p->bracket_active = p->bracket_active > by ? p->bracket_active - by : 0;
}

static void add_bracket(struct inline_parser *p, bool image)
{
    struct node *n = add_node(p, NODE_BRACKET);
    n->image = image;
    n->held = true;
    drop_expired_brackets(p);
    if (p->bracket_active > p->bracket_count)
        p->bracket_active = p->bracket_count;
    if (p->bracket_count == p->bracket_capacity) {
        p->bracket_capacity = p->bracket_capacity ? 2 * p->bracket_capacity : 16;
        p->brackets = xrealloc(p->brackets, (size_t)p->bracket_capacity * sizeof *p->brackets);
    }
    p->brackets[p->bracket_count++] = (struct bracket){node_index(p, n), image, true, n->offset};
}

/* The bracket is text. */
static void deactivate(struct inline_parser *p, struct bracket *b)
{
    if (!b->active)
        return;
    b->active = false;
    p->nodes[b->node].held = false;
    process_outside_links(p);
}

/* Turns openers that exceed the limit into text, the oldest first. */
static void expire(struct inline_parser *p, uint64_t clock)
{
    if (clock > p->clock)
        p->clock = clock;
    for (;;) {
        struct bracket *b =
            p->bracket_head < p->bracket_count ? &p->brackets[p->bracket_head] : NULL;
        struct node *run = p->first != NO_NODE ? &p->nodes[p->first] : NULL;
        if (b && p->clock - b->offset > MARKDOWN_OPENER && (!run || b->offset < run->offset)) {
            p->bracket_head++;
            deactivate(p, b);
        } else if (run && p->clock - run->offset > MARKDOWN_OPENER) {
            unlist_run(p, p->first);
        } else {
            return;
        }
    }
}

/* Tokens. Each function reads the token at p->at; false if more of the source is needed. */

static size_t remaining_length(const struct inline_parser *p)
{
    return p->source.len - p->at;
}

static const char *source_at(const struct inline_parser *p)
{
    return p->source.data + p->at;
}

static uint32_t last_point(const char *text, size_t len)
{
    size_t n = 1;
    uint32_t point;
    while (n < len && n < 4 && ((unsigned char)text[len - n] & 0xC0) == 0x80)
        n++;
    return utf8_next(span_make(text + len - n, n), &point) == n ? point : UTF8_ILL_FORMED;
}

static void skip(struct inline_parser *p, size_t len)
{
    p->before = last_point(source_at(p), len);
    if (p->before != '~')
        p->before_tildes = p->before;
    p->at += len;
    p->scanned = 0;
}

static bool consume_text(struct inline_parser *p, size_t len)
{
    add_text(p, span_make(source_at(p), len), 0);
    skip(p, len);
    return true;
}

/* The token is text up to `len`, as is known from the source up to `known`. */
static bool fail_token(struct inline_parser *p, size_t len, size_t known)
{
    uint64_t clock = p->base + p->at + known;
    consume_text(p, len);
    expire(p, clock);
    return true;
}

static bool is_ascii_punctuation(char c)
{
    return (unsigned char)c < 0x80 && unicode_is_punctuation((unsigned char)c);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* A line end: CommonMark 6.7 and 6.8. It is a line break unless the block ends here. */
static bool take_newline(struct inline_parser *p)
{
    bool last = remaining_length(p) == 1;
    if (last && !p->ended) {
        if (!p->blank_sent)
            add_text(p, span_make(" ", 1), 0);
        p->blank_sent = true;
        return false;
    }
    if (!last)
        add_node(p, NODE_BREAK);
    p->blank_sent = false;
    skip(p, 1);
    return true;
}

/* A backslash: CommonMark 2.4. Before a line end it belongs to a hard line break. */
static bool take_backslash(struct inline_parser *p)
{
    const char *s = source_at(p);
    if (remaining_length(p) == 1)
        return p->ended ? consume_text(p, 1) : false;
    if (s[1] == '\n') {
        if (remaining_length(p) == 2)
            return p->ended ? consume_text(p, 1) : false;
        skip(p, 1);
        return true;
    }
    if (!is_ascii_punctuation(s[1]))
        return consume_text(p, 1);
    add_text(p, span_make(s + 1, 1), 0);
    bool tilde = s[1] == '~';
    skip(p, 2);
    if (tilde)
        p->before_tildes = '\\';
    return true;
}

static const struct {
    const char *name;
    uint32_t point;
} entities[] = {{"amp", '&'},       {"lt", '<'},      {"gt", '>'},       {"quot", '"'},
                {"apos", '\''},     {"nbsp", 0xA0},   {"ndash", 0x2013}, {"mdash", 0x2014},
                {"hellip", 0x2026}, {"euro", 0x20AC}, {"times", 0xD7},   {"le", 0x2264},
                {"ge", 0x2265}};

enum { LONGEST_ENTITY = 8 }; /* between & and ; */

static bool read_numeric(struct span digits, uint32_t *point)
{
    bool hexadecimal = digits.len && (digits.at[0] | 0x20) == 'x';
    uint32_t base = hexadecimal ? 16 : 10, value = 0;
    if (hexadecimal)
        digits = span_make(digits.at + 1, digits.len - 1);
    if (digits.len == 0 || digits.len > (hexadecimal ? 6 : 7))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.at[i] | 0x20;
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                                                : 16;
        if (digit >= base || !is_alnum(digits.at[i]))
            return false;
        value = value * base + digit;
    }
    bool scalar = value && value <= 0x10FFFF && !(value >= 0xD800 && value <= 0xDFFF);
    *point = scalar ? value : 0xFFFD;
    return true;
}

/* The length of the entity at the start of `s`, 0 if there is none. Sets *partial if `s` may be an
   incomplete entity. */
static size_t read_entity(struct span s, uint32_t *point, bool *partial)
{
    size_t n = 1;
    *partial = false;
    while (n < s.len && n <= LONGEST_ENTITY && (is_alnum(s.at[n]) || (n == 1 && s.at[n] == '#')))
        n++;
    if (n == s.len) { /* or after the longest name, when only the semicolon is missing */
        *partial = true;
        return 0;
    }
    if (s.at[n] != ';')
        return 0;
    struct span name = span_make(s.at + 1, n - 1);
    if (name.len > 1 && name.at[0] == '#')
        return read_numeric(span_make(name.at + 1, name.len - 1), point) ? n + 1 : 0;
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (span_is(name, entities[i].name)) {
            *point = entities[i].point;
            return n + 1;
        }
    }
    return 0;
}

/* Decoded white space separates words like that of the source. */
static void put_decoded(struct buf *out, uint32_t point)
{
    if (point == '\n' || point == '\t')
        buf_byte(out, ' ');
    else
        utf8_put(out, point);
}

/* An entity or numeric character reference: CommonMark 2.5. */
static bool take_entity(struct inline_parser *p)
{
    uint32_t point;
    bool partial;
    size_t len = read_entity(span_make(source_at(p), remaining_length(p)), &point, &partial);
    if (partial && !p->ended)
        return false;
    if (len == 0)
        return consume_text(p, 1);
    struct buf text = {0};
    put_decoded(&text, point);
    add_text(p, buf_view(&text), 0);
    buf_release(&text);
    skip(p, len);
    return true;
}

/* The length of the run of equal characters at the token, of which `known` were counted before; 0
   if its end is not known yet. */
static size_t run_length(const struct inline_parser *p, size_t known)
{
    const char *s = source_at(p);
    size_t n = known ? known : 1;
    while (n < remaining_length(p) && s[n] == s[0])
        n++;
    return n == remaining_length(p) && !p->ended ? 0 : n;
}

/* Whether a delimiter run between these characters can open and close emphasis: CommonMark 6.2. */
static void set_flanking(struct node *run, uint32_t before, uint32_t after)
{
    bool blank_before = unicode_is_space(before), blank_after = unicode_is_space(after);
    bool mark_before = unicode_is_punctuation(before), mark_after = unicode_is_punctuation(after);
    bool left_flanking = !blank_after && (!mark_after || blank_before || mark_before);
    bool right_flanking = !blank_before && (!mark_before || blank_after || mark_after);
    bool underscore = run->mark == '_';
    run->opener = left_flanking && (!underscore || !right_flanking || mark_before);
    run->closer = right_flanking && (!underscore || !left_flanking || mark_after);
}

/* A run of * or _, or two tildes. */
static bool take_delimiters(struct inline_parser *p)
{
    const char *s = source_at(p);
    size_t n = run_length(p, p->scanned);
    uint32_t before = p->before, after = '\n';
    if (n == 0 && remaining_length(p) < MARKDOWN_OPENER) {
        p->scanned = remaining_length(p);
        return false;
    }
    if (n == 0 || n >= MARKDOWN_OPENER)
        return consume_text(p, MARKDOWN_OPENER);
    if (s[0] == '~' && n != 2)
        return consume_text(p, n);
    /* As on GitHub, tildes are skipped when the neighbours of * and _ are determined. */
    size_t next = n;
    while (s[0] != '~' && next < remaining_length(p) && next < MARKDOWN_OPENER && s[next] == '~')
        next++;
    if (next == remaining_length(p) && !p->ended && next < MARKDOWN_OPENER) {
        p->scanned = n;
        return false;
    }
    if (next < remaining_length(p))
        utf8_next(span_make(s + next, remaining_length(p) - next), &after);
    if (s[0] != '~')
        before = p->before_tildes;
    expire(p, p->base + p->at + next);
    struct node *run = add_node(p, NODE_RUN);
    run->mark = s[0];
    run->length = run->left = (unsigned)n;
    set_flanking(run, before, after);
    if (run->opener || run->closer)
        list_run(p, run);
    skip(p, n);
    process_outside_links(p);
    return true;
}

/* Line ends are blanks. One blank at both ends is padding, unless the code is all blanks. */
static void report_code(struct inline_parser *p, struct span ticks, struct span content)
{
    const unsigned mark = MARKDOWN_CODE | MARKDOWN_MARK;
    struct buf code = {0};
    bool blank = true;
    for (size_t i = 0; i < content.len; i++) {
        char c = content.at[i] == '\n' ? ' ' : content.at[i];
        blank = blank && c == ' ';
        buf_byte(&code, c);
    }
    bool padded = !blank && code.data[0] == ' ' && code.data[code.len - 1] == ' ';
    struct span padding = span_make(" ", padded);
    add_text(p, ticks, mark);
    add_text(p, padding, mark);
    add_text(p, span_make(code.data + padding.len, code.len - 2 * padding.len), MARKDOWN_CODE);
    add_text(p, padding, mark);
    add_text(p, ticks, mark);
    buf_release(&code);
}

/* A code span: CommonMark 6.1. Searches from p->scanned for a run of backticks of the same length.
 */
static bool take_code(struct inline_parser *p)
{
    const char *s = source_at(p);
    size_t n = run_length(p, 0), end = remaining_length(p);
    if (n == 0 && end <= LONGEST_TICKS)
        return false;
    if (n == 0 || n > LONGEST_TICKS)
        return consume_text(p, LONGEST_TICKS);
    size_t i = p->scanned ? p->scanned : n;
    while (i < end && i <= MARKDOWN_OPENER) {
        const char *tick = memchr(s + i, '`', end - i);
        i = tick ? (size_t)(tick - s) : end;
        size_t run = 0;
        while (i + run < end && s[i + run] == '`')
            run++;
        if (i + run == end && !p->ended)
            break;
        if (run == n && i + run <= MARKDOWN_OPENER) {
            expire(p, p->base + p->at + i + run);
            report_code(p, span_make(s, n), span_make(s + n, i - n));
            skip(p, i + run);
            return true;
        }
        i += run;
    }
    p->scanned = i;
    if (end > MARKDOWN_OPENER)
        return fail_token(p, n, MARKDOWN_OPENER);
    return p->ended ? fail_token(p, n, end) : false;
}

/* Autolinks: CommonMark 6.5. */

static bool is_mail_domain(struct span s)
{
    size_t label = 0;
    for (size_t i = 0; i < s.len; i++) {
        bool hyphen = s.at[i] == '-', dot = s.at[i] == '.';
        if ((hyphen || dot) && (label == 0 || (dot && s.at[i - 1] == '-')))
            return false;
        if (!hyphen && !dot && !is_alnum(s.at[i]))
            return false;
        label = dot ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0 && s.at[s.len - 1] != '-';
}

static bool is_mail(struct span s)
{
    const char *at = memchr(s.at, '@', s.len);
    return at && at > s.at && is_mail_domain(span_make(at + 1, s.len - (size_t)(at + 1 - s.at)));
}

/* Reads character number `i` after the <. False if this cannot be an autolink. */
static bool may_go_on(struct autolink *a, char c, size_t i)
{
    bool letter = is_alnum(c) && !(c >= '0' && c <= '9');
    if ((unsigned char)c <= ' ' || c == 0x7F || c == '<')
        return false;
    if (a->url)
        return true;
    if (a->scheme) {
        a->url = c == ':' && i >= 2 && i <= LONGEST_SCHEME;
        a->scheme = a->url || (i < LONGEST_SCHEME &&
                               (i == 0 ? letter : is_alnum(c) || c == '+' || c == '.' || c == '-'));
    }
    bool begins_domain = c == '@' && i > 0 && !a->domain;
    a->mail = a->mail && (is_alnum(c) || c == '.' || c == '-' || begins_domain ||
                          (!a->domain && c && strchr("!#$%&'*+/=?^_`{|}~", c)));
    a->domain = a->domain || begins_domain;
    return a->scheme || a->mail;
}

static void add_autolink(struct inline_parser *p, struct span text)
{
    struct buf url = {0};
    for (size_t i = 0; i < text.len;) {
        uint32_t point;
        bool partial;
        size_t len = text.at[i] == '&'
                         ? read_entity(span_make(text.at + i, text.len - i), &point, &partial)
                         : 0;
        if (len)
            put_decoded(&url, point);
        else
            buf_byte(&url, text.at[i]);
        i += len ? len : 1;
    }
    add_text(p, buf_view(&url), MARKDOWN_LINK);
    buf_release(&url);
}

/* <br>, <br/> or <br /> in any case: its length, or 0. */
static size_t line_break_tag_length(struct span s)
{
    if (s.len < 4 || (s.at[1] | 0x20) != 'b' || (s.at[2] | 0x20) != 'r')
        return 0;
    size_t n = 3;
    while (n < s.len && s.at[n] == ' ')
        n++;
    if (n < s.len && s.at[n] == '/')
        n++;
    return n < s.len && s.at[n] == '>' ? n + 1 : 0;
}

static bool take_angle(struct inline_parser *p)
{
    const char *s = source_at(p);
    size_t end = remaining_length(p), i = p->scanned;
    size_t tag = p->cell ? line_break_tag_length(span_make(s, end)) : 0;
    if (tag) {
        add_node(p, NODE_BREAK);
        skip(p, tag);
        return true;
    }
    if (i == 0) {
        p->autolink = (struct autolink){.scheme = true, .mail = true};
        i = 1;
    }
    for (; i < end && i < MARKDOWN_OPENER; i++) {
        if (s[i] == '>') {
            struct span inner = span_make(s + 1, i - 1);
            if (!p->autolink.url && !(p->autolink.mail && is_mail(inner)))
                return fail_token(p, 1, i);
            expire(p, p->base + p->at + i + 1);
            add_autolink(p, inner);
            skip(p, i + 1);
            return true;
        }
        if (!may_go_on(&p->autolink, s[i], i - 1))
            return fail_token(p, 1, i);
    }
    p->scanned = i;
    if (i == MARKDOWN_OPENER)
        return fail_token(p, 1, MARKDOWN_OPENER);
    return p->ended ? fail_token(p, 1, end) : false;
}

/* Links and images: CommonMark 6.3 and 6.4. */

static bool is_link_space(char c)
{
    return c == ' ' || c == '\n' || (c >= '\t' && c <= '\r');
}

enum tail_result { TAIL_MORE, TAIL_NONE, TAIL_LINK };

static void end_destination(struct tail *t)
{
    t->url_end = t->at;
    t->state = TAIL_SPACE;
    t->spaced = false;
}

static enum tail_result read_space(struct tail *t, char c)
{
    if (c == ')')
        return TAIL_LINK;
    if (is_link_space(c)) {
        t->spaced = true;
        return TAIL_MORE;
    }
    if (!t->spaced || (c != '"' && c != '\'' && c != '('))
        return TAIL_NONE;
    t->state = TAIL_TITLE;
    t->quote = c == '(' ? ')' : c;
    return TAIL_MORE;
}

static enum tail_result read_angle(struct tail *t, char c, bool escaped)
{
    if (c == '\n' || (c == '<' && !escaped))
        return TAIL_NONE;
    if (c == '>' && !escaped)
        end_destination(t);
    return TAIL_MORE;
}

/* Parentheses are balanced. A blank or a control character ends the destination. */
static enum tail_result read_plain(struct tail *t, char c, bool escaped)
{
    bool closes = c == ')' && !escaped;
    if (c == '(' && !escaped)
        return ++t->depth > DEEPEST_PARENTHESES ? TAIL_NONE : TAIL_MORE;
    if (closes && t->depth) {
        t->depth--;
        return TAIL_MORE;
    }
    if (!closes && (unsigned char)c > ' ' && c != 0x7F)
        return TAIL_MORE;
    if (t->depth)
        return TAIL_NONE;
    end_destination(t);
    return read_space(t, c);
}

static enum tail_result begin_destination(struct tail *t, char c)
{
    if (is_link_space(c))
        return TAIL_MORE;
    t->state = c == '<' ? TAIL_ANGLE : TAIL_PLAIN;
    t->url = c == '<' ? t->at + 1 : t->at;
    return c == '<' ? TAIL_MORE : read_plain(t, c, false);
}

static enum tail_result read_title(struct tail *t, char c, bool escaped)
{
    if (c == t->quote && !escaped)
        t->state = TAIL_END;
    else if (c == '(' && t->quote == ')' && !escaped)
        return TAIL_NONE;
    return TAIL_MORE;
}

/* Reads the next character after ](. */
static enum tail_result read_tail(struct tail *t, char c)
{
    enum tail_result result = TAIL_NONE;
    bool escaped = t->escape;
    t->escape = c == '\\' && !escaped;
    switch (t->state) {
    case TAIL_START:
        result = begin_destination(t, c);
        break;
    case TAIL_ANGLE:
        result = read_angle(t, c, escaped);
        break;
    case TAIL_PLAIN:
        result = read_plain(t, c, escaped);
        break;
    case TAIL_SPACE:
        result = read_space(t, c);
        break;
    case TAIL_TITLE:
        result = read_title(t, c, escaped);
        break;
    case TAIL_END:
        result = c == ')' ? TAIL_LINK : is_link_space(c) ? TAIL_MORE : TAIL_NONE;
        break;
    }
    if (result == TAIL_MORE)
        t->at++;
    return result;
}

/* Appends the destination with its escapes and entities decoded. */
static void put_url(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len;) {
        uint32_t point;
        bool partial;
        size_t entity =
            s.at[i] == '&' ? read_entity(span_make(s.at + i, s.len - i), &point, &partial) : 0;
        if (entity) {
            put_decoded(out, point);
            i += entity;
            continue;
        }
        if (s.at[i] == '\\' && i + 1 < s.len && is_ascii_punctuation(s.at[i + 1]))
            i++;
        buf_byte(out, s.at[i++]);
    }
}

/* Whether the text of the nodes after `from` is the URL. */
static bool text_is(const struct inline_parser *p, int from, struct span url)
{
    size_t at = 0;
    for (int i = from + 1; i < p->count; i++) {
        const struct node *n = &p->nodes[i];
        struct span text = {0};
        if (n->kind == NODE_TEXT && !(n->style & MARKDOWN_MARK))
            text = span_make(p->text.data + n->from, n->len);
        else if (n->kind == NODE_BRACKET && !n->link)
            text = n->image ? span_make("![", 2) : span_make("[", 1);
        else if (n->kind == NODE_BREAK)
            return false;
        for (unsigned k = 0; n->kind == NODE_RUN && k < n->left; k++, at++)
            if (at >= url.len || url.at[at] != n->mark)
                return false;
        if (text.len > url.len - at)
            return false;
        if (text.len && memcmp(url.at + at, text.at, text.len) != 0)
            return false;
        at += text.len;
    }
    return at == url.len;
}

/* Emphasis in a link is resolved separately. */
static void process_link(struct inline_parser *p, int node)
{
    int bottom[BOTTOMS], at = NO_NODE;
    memset(bottom, 0, sizeof bottom);
    for (int i = p->last; i != NO_NODE && i > node; i = p->nodes[i].previous)
        at = i;
    process_closers(p, at, p->count, node, bottom);
    while (p->last != NO_NODE && p->last > node)
        unlist_run(p, p->last);
}

static void add_link(struct inline_parser *p, struct bracket *b, struct span destination)
{
    int node = b->node;
    bool image = b->image;
    process_link(p, node);
    struct buf url = {0};
    put_url(&url, destination);
    bool shown = image || !text_is(p, node, buf_view(&url));
    struct node *end = add_node(p, NODE_LINK_END);
    end->image = image;
    end->len = shown ? url.len : 0;
    if (shown)
        buf_span(&p->text, buf_view(&url));
    buf_release(&url);
    p->nodes[node].link = true;
    p->bracket_count--;
    for (int i = p->bracket_head; !image && i < p->bracket_count; i++)
        if (!p->brackets[i].image)
            deactivate(p, &p->brackets[i]);
    deactivate(p, b);
}

static bool close_bracket(struct inline_parser *p)
{
    if (p->bracket_head == p->bracket_count)
        return consume_text(p, 1);
    struct bracket *b = &p->brackets[p->bracket_count - 1];
    const char *s = source_at(p);
    if (!b->active) {
        p->bracket_count--;
        return consume_text(p, 1);
    }
    if (remaining_length(p) == 1 && !p->ended)
        return false;
    enum tail_result result = TAIL_NONE;
    size_t limit = (size_t)(b->offset + MARKDOWN_OPENER - (p->base + p->at)), known = 1;
    if (remaining_length(p) > 1 && s[1] == '(') {
        if (p->scanned == 0)
            p->tail = (struct tail){.state = TAIL_START, .at = 2, .url = 2};
        size_t end = remaining_length(p) < limit ? remaining_length(p) : limit;
        result = TAIL_MORE;
        while (result == TAIL_MORE && p->tail.at < end)
            result = read_tail(&p->tail, s[p->tail.at]);
        p->scanned = known = p->tail.at;
        if (result == TAIL_MORE && remaining_length(p) <= limit && !p->ended)
            return false;
    }
    if (result == TAIL_LINK) {
        size_t len = p->tail.at + 1;
        expire(p, p->base + p->at + len);
        add_link(p, b, span_make(s + p->tail.url, p->tail.url_end - p->tail.url));
        skip(p, len);
        return true;
    }
    expire(p, p->base + p->at + known);
    /* This may have given up the bracket itself. */
    if (p->bracket_head < p->bracket_count) {
        p->bracket_count--;
        deactivate(p, b);
    }
    return consume_text(p, 1);
}

static bool take_exclamation(struct inline_parser *p)
{
    if (remaining_length(p) == 1 && !p->ended)
        return false;
    if (remaining_length(p) == 1 || source_at(p)[1] != '[')
        return consume_text(p, 1);
    add_bracket(p, true);
    skip(p, 2);
    return true;
}

static bool is_special(char c)
{
    switch (c) {
    case '\n':
    case '\\':
    case '&':
    case '*':
    case '_':
    case '~':
    case '`':
    case '<':
    case '[':
    case ']':
    case '!':
        return true;
    default:
        return false;
    }
}

static bool take_token(struct inline_parser *p)
{
    const char *s = source_at(p);
    size_t n = 0;
    switch (s[0]) {
    case '\n':
        return take_newline(p);
    case '\\':
        return take_backslash(p);
    case '&':
        return take_entity(p);
    case '*':
    case '_':
    case '~':
        return take_delimiters(p);
    case '`':
        return take_code(p);
    case '<':
        return take_angle(p);
    case '[':
        add_bracket(p, false);
        skip(p, 1);
        return true;
    case ']':
        return close_bracket(p);
    case '!':
        return take_exclamation(p);
    default:
        while (n < remaining_length(p) && !is_special(s[n]))
            n++;
        return consume_text(p, n);
    }
}

static void read_tokens(struct inline_parser *p)
{
    bool more = true;
    while (more && p->at < p->source.len) {
        expire(p, p->base + p->at);
        more = take_token(p);
    }
    expire(p, p->base + p->source.len);
    flush_tokens(p);
    if (p->at < p->source.len && p->at < MARKDOWN_OPENER)
        return;
    p->base += p->at;
    if (p->at == p->source.len)
        buf_clear(&p->source);
    else
        buf_drop(&p->source, p->at);
    p->at = 0;
}

struct inline_parser *inline_new(const struct markdown_sink *sink)
{
    struct inline_parser *p = xcalloc(1, sizeof *p);
    p->sink = sink;
    inline_begin(p, false);
    return p;
}

void inline_free(struct inline_parser *p)
{
    buf_release(&p->source);
    buf_release(&p->text);
    free(p->nodes);
    free(p->brackets);
    free(p);
}

void inline_begin(struct inline_parser *p, bool cell)
{
    buf_clear(&p->source);
    buf_clear(&p->text);
    *p = (struct inline_parser){.sink = p->sink,
                                .cell = cell,
                                .source = p->source,
                                .after_blank = true,
                                .before = '\n',
                                .before_tildes = '\n',
                                .text = p->text,
                                .nodes = p->nodes,
                                .capacity = p->capacity,
                                .brackets = p->brackets,
                                .bracket_capacity = p->bracket_capacity,
                                .first = NO_NODE,
                                .last = NO_NODE,
                                .unprocessed = NO_NODE};
}

void inline_feed(struct inline_parser *p, struct span text)
{
    buf_span(&p->source, text);
    read_tokens(p);
}

void inline_newline(struct inline_parser *p)
{
    inline_feed(p, span_make("\n", 1));
}

void inline_end(struct inline_parser *p)
{
    p->ended = true;
    read_tokens(p);
    while (p->bracket_head < p->bracket_count)
        deactivate(p, &p->brackets[p->bracket_head++]);
    process_outside_links(p);
    while (p->first != NO_NODE)
        unlist_run(p, p->first);
    flush_tokens(p);
}
