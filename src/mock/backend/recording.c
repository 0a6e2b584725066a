/* SPDX-License-Identifier: MIT */
#include "mock/backend/recording.h"

#include "mock/http/file.h"

int recording_read(struct recording *r, const char *path, struct fail *f)
{
    r->loaded = true;
    return file_read(path, &r->bytes, f);
}

void recording_release(struct recording *r)
{
    buf_release(&r->bytes);
    r->loaded = false;
}

/* The length of the first line with its terminator: LF, CR LF or CR. */
static size_t line_length(struct span s)
{
    static const struct span crlf = SPAN("\r\n");
    size_t len = span_first_line(s).len;
    if (len == s.len)
        return len;
    return len + (span_starts(span_make(s.at + len, s.len - len), crlf) ? 2 : 1);
}

static size_t event_length(struct span s)
{
    size_t len = 0;
    while (len < s.len) {
        struct span rest = span_make(s.at + len, s.len - len);
        bool blank = rest.at[0] == '\n' || rest.at[0] == '\r';
        len += line_length(rest);
        if (blank)
            break;
    }
    return len;
}

void recording_play(const struct recording *r, int64_t pace, struct script *script)
{
    struct span rest = buf_view(&r->bytes);
    while (rest.len > 0) {
        size_t len = event_length(rest);
        if (script->count > 0 && pace > 0)
            script_step(script, STEP_PAUSE, (uint64_t)pace);
        script_bytes(script, span_make(rest.at, len));
        rest = span_make(rest.at + len, rest.len - len);
    }
}
