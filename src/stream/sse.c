/* SPDX-License-Identifier: MIT */
#include "stream/sse.h"

#include "base/utf8.h"

#include <string.h>

static const struct span byte_order_mark = SPAN("\xEF\xBB\xBF");

void sse_init(struct sse *s, size_t max_event, sse_event_fn *on_event, void *arg)
{
    *s = (struct sse){.on_event = on_event, .arg = arg, .max_event = max_event, .retry_ms = -1};
}

void sse_release(struct sse *s)
{
    buf_release(&s->name.copy);
    buf_release(&s->data.copy);
    buf_release(&s->id.copy);
    buf_release(&s->line);
}

static void field_clear(struct sse_field *f)
{
    f->present = false;
    buf_clear(&f->copy);
}

/* Appends to the field's own copy, where what it had so far may already be. */
static void field_append(struct sse_field *f, struct span more)
{
    if (utf8_valid(more))
        buf_span(&f->copy, more);
    else
        utf8_replace(&f->copy, more);
    f->value = buf_view(&f->copy);
}

/* Makes the field independent of the bytes that are fed. */
static void field_keep(struct sse_field *f)
{
    if (f->present && f->value.at != f->copy.data) {
        buf_clear(&f->copy);
        buf_span(&f->copy, f->value);
        f->value = buf_view(&f->copy);
    }
}

static void field_copy(struct sse_field *f, struct span value)
{
    f->present = true;
    buf_clear(&f->copy);
    field_append(f, value);
}

/* Text that is well-formed stays where it lies in the bytes of the feed. */
static inline void field_set(struct sse_field *f, struct span value, bool in_place)
{
    if (!in_place || !utf8_valid(value)) {
        field_copy(f, value);
        return;
    }
    f->present = true;
    f->value = value;
}

static void add_data(struct sse *s, struct span value, bool in_place)
{
    if (!s->data.present) {
        field_set(&s->data, value, in_place);
        return;
    }
    field_keep(&s->data);
    buf_byte(&s->data.copy, '\n');
    field_append(&s->data, value);
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

/* Whether the line is a field called `name`: its value is what follows the colon and one space, and
   empty where there is no colon (9.2.6). */
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

/* `in_place`: the line lies in the bytes of the feed. */
static inline void take_field(struct sse *s, struct span line, bool in_place)
{
    struct span value;
    if (is_field(line, (struct span)SPAN("data"), &value)) {
        add_data(s, value, in_place);
    } else if (is_field(line, (struct span)SPAN("event"), &value)) {
        field_set(&s->name, value, in_place);
    } else if (is_field(line, (struct span)SPAN("id"), &value)) {
        if (!value.len || !memchr(value.at, '\0', value.len))
            field_set(&s->id, value, in_place);
    } else if (is_field(line, (struct span)SPAN("retry"), &value)) {
        set_retry(s, value);
    }
}

static inline int dispatch(struct sse *s, struct fail *fail)
{
    int result = 0;
    if (s->data.present) {
        struct sse_event event = {.name = SPAN("message"), .data = s->data.value};
        if (s->name.present && s->name.value.len)
            event.name = s->name.value;
        if (s->id.present) {
            event.has_id = true;
            event.id = s->id.value;
        }
        result = s->on_event(s->arg, &event, fail);
    }
    field_clear(&s->name);
    field_clear(&s->data);
    field_clear(&s->id);
    s->size = 0;
    return result;
}

static int too_large(const struct sse *s, struct fail *fail)
{
    fail_set(fail, FAIL_PROTOCOL, "event stream: an event is larger than %zu bytes", s->max_event);
    fail_hint(fail, "a larger --max-event-size accepts it");
    return -1;
}

/* One line without its end. `in_place` as take_field. */
static inline int take_line(struct sse *s, struct span line, bool in_place, struct fail *fail)
{
    if (line.len == 0)
        return dispatch(s, fail);
    if (line.at[0] == ':')
        return 0;
    if (line.len > s->max_event - s->size)
        return too_large(s, fail);
    s->size += line.len;
    take_field(s, line, in_place);
    return 0;
}

/* The part of a line that this feed ends with. Nothing of a comment is kept: a server may keep a
   connection alive with comments of any length. */
static int keep_rest(struct sse *s, struct span rest, struct fail *fail)
{
    if (rest.len && s->line.len == 0 && rest.at[0] == ':')
        s->in_comment = true;
    if (!s->in_comment) {
        if (rest.len > s->max_event - s->size || s->line.len + rest.len > s->max_event - s->size)
            return too_large(s, fail);
        buf_span(&s->line, rest);
    }
    field_keep(&s->name);
    field_keep(&s->data);
    field_keep(&s->id);
    return 0;
}

/* Strips the byte order mark at the start of the stream, however it is cut. What turns out to be
   something else is the start of the first line. */
static struct span after_byte_order_mark(struct sse *s, struct span in)
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

/* The next `c`, or the end. */
static const char *find(const char *from, const char *end, char c)
{
    const char *found = from < end ? memchr(from, c, (size_t)(end - from)) : NULL;
    return found ? found : end;
}

/* The whole of a line that the last feed cut off. Of a comment only that it is one. */
static struct span join(struct sse *s, struct span end)
{
    if (s->in_comment)
        buf_byte(&s->line, ':');
    else
        buf_span(&s->line, end);
    s->in_comment = false;
    return buf_view(&s->line);
}

/* The bytes that are still to be read. Where the next CR stands is looked up once and not for every
   line: most streams have none. */
struct input {
    const char *at, *end, *cr;
};

/* The end of the line that begins the input; the end of the input where that is not there. */
static inline const char *line_end(const struct input *in)
{
    return *in->at == '\n' ? in->at : find(in->at, in->cr, '\n');
}

/* Moves on to the next line. */
static inline void skip_line(struct sse *s, struct input *in, const char *stop)
{
    in->at = stop + 1;
    if (stop != in->cr)
        return;
    s->skip_lf = in->at == in->end;
    if (!s->skip_lf && *in->at == '\n')
        in->at++;
    in->cr = find(in->at, in->end, '\r');
}

int sse_feed(struct sse *s, const char *bytes, size_t len, struct fail *fail)
{
    if (len == 0)
        return 0;
    struct span rest = after_byte_order_mark(s, span_make(bytes, len));
    if (s->skip_lf && rest.len) {
        s->skip_lf = false;
        if (*rest.at == '\n')
            rest = span_make(rest.at + 1, rest.len - 1);
    }
    struct input in = {rest.at, rest.at + rest.len, find(rest.at, rest.at + rest.len, '\r')};
    bool in_place = s->line.len == 0 && !s->in_comment;
    while (in.at < in.end) {
        const char *stop = line_end(&in);
        if (stop == in.end)
            break;
        struct span line = span_make(in.at, (size_t)(stop - in.at));
        if (!in_place)
            line = join(s, line);
        if (take_line(s, line, in_place, fail) != 0)
            return -1;
        if (!in_place)
            buf_clear(&s->line);
        in_place = true;
        skip_line(s, &in, stop);
    }
    return keep_rest(s, span_make(in.at, (size_t)(in.end - in.at)), fail);
}
