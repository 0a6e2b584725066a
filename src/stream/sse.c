/* SPDX-License-Identifier: MIT */
#include "stream/sse.h"

#include "core/utf8.h"

#include <string.h>

static const struct span byte_order_mark = SPAN("\xEF\xBB\xBF");

static const struct sse_event no_event = {.name = SPAN("message")};

void sse_init(struct sse *s, size_t max_event, sse_event_fn *on_event, void *arg)
{
    *s = (struct sse){.on_event = on_event,
                      .arg = arg,
                      .max_event = max_event,
                      .retry_ms = -1,
                      .block = no_event};
}

void sse_release(struct sse *s)
{
    buf_release(&s->name);
    buf_release(&s->data);
    buf_release(&s->id);
    buf_release(&s->line);
}

static void append_text(struct buf *to, struct span more)
{
    if (utf8_valid(more))
        buf_span(to, more);
    else
        utf8_replace(to, more);
}

/* Copies the field unless it is in its buffer already. */
static void field_keep(struct span *field, struct buf *copy)
{
    if (span_holds(buf_view(copy), field->at))
        return;
    buf_clear(copy);
    buf_span(copy, *field);
    *field = buf_view(copy);
}

static void block_keep(struct sse *s)
{
    field_keep(&s->block.name, &s->name);
    field_keep(&s->block.data, &s->data);
    field_keep(&s->block.id, &s->id);
}

static inline void field_set(struct span *field, struct buf *copy, struct span value, bool as_it_is)
{
    if (as_it_is) {
        *field = value;
    } else {
        buf_clear(copy);
        append_text(copy, value);
        *field = buf_view(copy);
    }
}

static inline void add_data(struct sse *s, struct span value, bool as_it_is)
{
    if (!s->has_data) {
        s->has_data = true;
        field_set(&s->block.data, &s->data, value, as_it_is);
        return;
    }
    field_keep(&s->block.data, &s->data);
    size_t start = s->block.data.len ? (size_t)(s->block.data.at - s->data.data) : 0;
    buf_byte(&s->data, '\n');
    append_text(&s->data, value);
    s->block.data = span_make(s->data.data + start, s->data.len - start);
}

static void set_retry(struct sse *s, struct span value)
{
    int64_t ms = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return;
        if (ms < INT32_MAX)
            ms = ms * 10 + (value.at[i] - '0');
    }
    if (value.len)
        s->retry_ms = ms;
}

/* Whether the line is a field of this name. Its value follows the colon and an optional space, and
   is empty if there is no colon (9.2.6). */
static inline bool is_field(struct span line, struct span name, struct span *value)
{
    if (line.len < name.len || memcmp(line.at, name.at, name.len) != 0)
        return false;
    size_t at = name.len;
    if (at < line.len && line.at[at++] != ':')
        return false;
    if (at < line.len && line.at[at] == ' ')
        at++;
    *value = span_make(line.at + at, line.len - at);
    return true;
}

/* `as_it_is`: the line is valid UTF-8 and can be borrowed until block_keep. */
static inline void process_field(struct sse *s, struct span line, bool as_it_is)
{
    struct span value;
    if (is_field(line, (struct span)SPAN("data"), &value)) {
        add_data(s, value, as_it_is);
    } else if (is_field(line, (struct span)SPAN("event"), &value)) {
        s->block.has_name = value.len > 0;
        if (value.len == 0)
            value = no_event.name;
        field_set(&s->block.name, &s->name, value, as_it_is);
    } else if (is_field(line, (struct span)SPAN("id"), &value)) {
        if (value.len && memchr(value.at, '\0', value.len))
            return;
        s->block.has_id = true;
        field_set(&s->block.id, &s->id, value, as_it_is);
    } else if (is_field(line, (struct span)SPAN("retry"), &value)) {
        set_retry(s, value);
    }
}

static inline int dispatch_event(struct sse *s, struct fail *fail)
{
    int result = s->has_data ? s->on_event(s->arg, &s->block, fail) : 0;
    s->block = no_event;
    s->has_data = false;
    s->size = 0;
    return result;
}

static int fail_too_large(const struct sse *s, struct fail *fail)
{
    return fail_set_hint(fail, FAIL_PROTOCOL, "a larger --max-event-size accepts it",
                         "event stream: an event is larger than %zu bytes", s->max_event);
}

/* A line without its terminator. `as_it_is` as in process_field. */
static inline int process_line(struct sse *s, struct span line, bool as_it_is, struct fail *fail)
{
    if (line.len == 0)
        return dispatch_event(s, fail);
    if (line.at[0] == ':')
        return 0;
    if (line.len > s->max_event - s->size)
        return fail_too_large(s, fail);
    s->size += line.len;
    process_field(s, line, as_it_is);
    return 0;
}

/* Keeps the incomplete line at the end of a feed, but not a comment: servers keep connections alive
   with comments of any length. */
static int keep_rest(struct sse *s, struct span rest, struct fail *fail)
{
    if (rest.len && s->line.len == 0 && rest.at[0] == ':')
        s->in_comment = true;
    if (!s->in_comment) {
        if (rest.len > s->max_event - s->size || s->line.len + rest.len > s->max_event - s->size)
            return fail_too_large(s, fail);
        buf_span(&s->line, rest);
    }
    block_keep(s);
    return 0;
}

/* Strips the byte order mark at the start of the stream. It may be cut; bytes that turn out not to
   be one belong to the first line. */
static struct span skip_byte_order_mark(struct sse *s, struct span in)
{
    while (s->bom < byte_order_mark.len && in.len) {
        if (in.at[0] != byte_order_mark.at[s->bom]) {
            buf_append(&s->line, byte_order_mark.at, s->bom);
            s->bom = (unsigned)byte_order_mark.len;
            break;
        }
        s->bom++;
        in = span_make(in.at + 1, in.len - 1);
    }
    return in;
}

bool sse_begins(struct span head)
{
    static const struct span names[] = {SPAN("data"), SPAN("event"), SPAN("id"), SPAN("retry")};
    if (head.len == 0)
        return true;
    size_t n = head.len < byte_order_mark.len ? head.len : byte_order_mark.len, from = 0;
    if (n && memcmp(head.at, byte_order_mark.at, n) == 0)
        from = n;
    while (from < head.len && (head.at[from] == '\n' || head.at[from] == '\r'))
        from++;
    head = span_make(head.at + from, head.len - from);
    struct span line = span_first_line(head), value;
    if (line.len == 0 || line.at[0] == ':')
        return true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is_field(line, names[i], &value) ||
            (line.len == head.len && span_starts(names[i], line)))
            return true;
    return false;
}

/* The next `c`, or `end`. */
static const char *find_byte(const char *from, const char *end, char c)
{
    const char *found = from < end ? memchr(from, c, (size_t)(end - from)) : NULL;
    return found ? found : end;
}

/* Completes the line that the last feed cut off. A comment is just its colon. */
static struct span join_line(struct sse *s, struct span end)
{
    if (s->in_comment)
        buf_byte(&s->line, ':');
    else
        buf_span(&s->line, end);
    s->in_comment = false;
    return buf_view(&s->line);
}

/* Releases the completed line. If the event's data is in it, the two buffers are swapped: it may be
   too long to copy. */
static void leave_line(struct sse *s)
{
    if (span_holds(buf_view(&s->line), s->block.data.at)) {
        struct buf line = s->line;
        s->line = s->data;
        s->data = line;
    }
    block_keep(s);
    buf_clear(&s->line);
}

/* The bytes left to read. Most streams have neither CR nor ill-formed bytes, so both are searched
   for once, not in every line. */
struct sse_input {
    const char *at, *end;
    const char *cr;         /* the next one, or the end */
    const char *ill_formed; /* the first ill-formed byte, or the end */
};

static struct sse_input sse_input_of(struct span bytes)
{
    const char *end = bytes.at + bytes.len;
    return (struct sse_input){bytes.at, end, find_byte(bytes.at, end, '\r'),
                              bytes.at + utf8_valid_prefix(bytes)};
}

/* The end of the first line, or the end of the input if the line is incomplete. */
static inline const char *find_line_end(const struct sse_input *in)
{
    return *in->at == '\n' ? in->at : find_byte(in->at, in->cr, '\n');
}

/* Moves on to the next line. */
static inline void skip_line(struct sse *s, struct sse_input *in, const char *stop)
{
    in->at = stop + 1;
    if (stop != in->cr)
        return;
    s->skip_lf = in->at == in->end;
    if (!s->skip_lf && *in->at == '\n')
        in->at++;
    in->cr = find_byte(in->at, in->end, '\r');
}

int sse_feed(struct sse *s, const char *bytes, size_t len, struct fail *fail)
{
    if (len == 0)
        return 0;
    struct span rest = skip_byte_order_mark(s, span_make(bytes, len));
    if (s->skip_lf && rest.len) {
        s->skip_lf = false;
        if (*rest.at == '\n')
            rest = span_make(rest.at + 1, rest.len - 1);
    }
    struct sse_input in = sse_input_of(rest);
    bool is_cut = s->line.len > 0 || s->in_comment;
    while (in.at < in.end) {
        const char *stop = find_line_end(&in);
        if (stop == in.end)
            break;
        struct span line = span_make(in.at, (size_t)(stop - in.at));
        if (is_cut)
            line = join_line(s, line);
        bool as_it_is = (!is_cut && stop <= in.ill_formed) || utf8_valid(line);
        if (process_line(s, line, as_it_is, fail) != 0)
            return -1;
        if (is_cut)
            leave_line(s);
        is_cut = false;
        skip_line(s, &in, stop);
    }
    return keep_rest(s, span_make(in.at, (size_t)(in.end - in.at)), fail);
}
