/* SPDX-License-Identifier: MIT */
/* Exhaustive tests up to a length: every stream of words of an alphabet that covers the grammar of
   event streams, with every cut, compared with the standard's own algorithm; every sequence of
   operations on a buffer. EXHAUSTIVE is added to the lengths: 1 takes a minute; a negative number,
   as under valgrind, leaves sequences out. */
#include "core/buf.h"
#include "core/xmalloc.h"
#include "sse_oracle.h"
#include "stream/sse.h"
#include "unit.h"

enum { WORDS = 5, OPERATIONS = 4, STREAM_MAX = 64, NO_BOUND = 1 << 20 };

static int extra_length(void)
{
    const char *text = getenv("EXHAUSTIVE");
    return text ? atoi(text) : 0;
}

/* Line terminators; separators; fields; a digit and a letter; NUL; the bytes of a byte order mark,
   which are ill-formed UTF-8 in any other order. */
static const struct span words[] = {
    SPAN("\n"),    SPAN("\r"), SPAN(":"), SPAN(" "),  SPAN("data"), SPAN("id"),   SPAN("event"),
    SPAN("retry"), SPAN("1"),  SPAN("x"), SPAN("\0"), SPAN("\xEF"), SPAN("\xBB"), SPAN("\xBF")};

/* Advances to the next sequence of `length` numbers below `count`: false after the last. */
static bool next_choice(unsigned *choice, int length, unsigned count)
{
    for (int i = 0; i < length; i++) {
        if (++choice[i] < count)
            return true;
        choice[i] = 0;
    }
    return false;
}

static int on_event(void *arg, const struct sse_event *event, struct fail *fail)
{
    struct buf *out = arg;
    (void)fail;
    put_sse_event(out, event);
    return 0;
}

/* The bytes are freed after the feed. */
static void feed(struct sse *s, struct span piece, struct fail *fail)
{
    char bytes[STREAM_MAX];
    memcpy(bytes, piece.at, piece.len);
    check_int(sse_feed(s, bytes, piece.len, fail), 0, "feed");
    memset(bytes, 'Z', piece.len);
}

/* Reads the stream in two pieces, or byte by byte if `cut` is 0. */
static void read_stream(struct buf *out, struct span in, size_t cut)
{
    struct sse s;
    struct fail fail = FAIL_INIT;
    buf_clear(out);
    sse_init(&s, NO_BOUND, on_event, out);
    if (cut) {
        feed(&s, span_make(in.at, cut), &fail);
        feed(&s, span_make(in.at + cut, in.len - cut), &fail);
    } else {
        for (size_t i = 0; i < in.len; i++)
            feed(&s, span_make(in.at + i, 1), &fail);
    }
    put_sse_retry(out, s.retry_ms);
    sse_release(&s);
}

static bool every_cut(struct span in, struct buf *out, const struct oracle *oracle)
{
    for (size_t cut = 0; cut <= in.len; cut++) {
        read_stream(out, in, cut);
        if (span_equal(buf_view(out), buf_view(&oracle->out)))
            continue;
        struct buf shown = {0};
        put_shown(&shown, in);
        buf_printf(&shown, " cut at %zu", cut);
        check_span(buf_view(out), buf_view(&oracle->out), buf_text(&shown));
        buf_release(&shown);
        return false;
    }
    return true;
}

/* `before` and `after` are added to each stream, so that short ones contain complete events. */
static void every_stream_of(int length, struct span before, struct span after)
{
    unsigned choice[16] = {0};
    struct oracle oracle = {0};
    struct buf in = {0}, out = {0};
    do {
        buf_clear(&in);
        buf_span(&in, before);
        for (int i = 0; i < length; i++)
            buf_span(&in, words[choice[i]]);
        buf_span(&in, after);
        oracle_read(&oracle, buf_view(&in));
    } while (every_cut(buf_view(&in), &out, &oracle) && next_choice(choice, length, COUNT(words)));
    buf_release(&in);
    buf_release(&out);
    oracle_release(&oracle);
}

static void every_stream(void)
{
    for (int length = 1; length <= WORDS + extra_length(); length++) {
        every_stream_of(length, S(""), S(""));
        every_stream_of(length - 1, S("data:"), S("\n\n"));
    }
}

/* All bytes, including those that are not in the alphabet above. */
static void every_pair_of_bytes(void)
{
    struct oracle oracle = {0};
    struct buf in = {0}, out = {0};
    bool good = true;
    unsigned step = extra_length() < 0 ? 101 : 1;
    for (unsigned pair = 0; good && pair < 256 * 256; pair += step) {
        char bytes[] = {(char)(pair >> 8), (char)pair};
        for (unsigned place = 0; good && place < 3; place++) {
            buf_clear(&in);
            buf_append(&in, bytes, place == 0 ? 2 : 0);
            buf_puts(&in, "data");
            buf_append(&in, bytes, place == 1 ? 2 : 0);
            buf_puts(&in, ":");
            buf_append(&in, bytes, place == 2 ? 2 : 0);
            buf_puts(&in, "\ndata: x\n\n");
            oracle_read(&oracle, buf_view(&in));
            good = every_cut(buf_view(&in), &out, &oracle);
        }
    }
    buf_release(&in);
    buf_release(&out);
    oracle_release(&oracle);
}

/* A buffer and its expected contents. */
struct pair {
    struct buf b;
    char want[1024];
    size_t len;
    bool full;
};

enum operation { APPEND, SLOW, PRINT, RESERVE, DROP, TEXT, CLEAR, TAKE, RELEASE };

struct step {
    enum operation what;
    size_t size;
};

static const struct step steps[] = {
    {APPEND, 0}, {APPEND, 1}, {APPEND, 63}, {APPEND, 64},  {APPEND, 65},  {SLOW, 1},
    {SLOW, 64},  {PRINT, 3},  {RESERVE, 0}, {RESERVE, 64}, {RESERVE, 65}, {DROP, 0},
    {DROP, 1},   {DROP, 64},  {TEXT, 0},    {CLEAR, 0},    {TAKE, 0},     {RELEASE, 0}};

static void want_more(struct pair *p, const char *bytes, size_t len)
{
    size_t room = p->b.max ? p->b.max - p->len : sizeof p->want - p->len;
    if (len > room) {
        len = room;
        p->full = true;
    }
    memcpy(p->want + p->len, bytes, len);
    p->len += len;
}

static void take(struct pair *p)
{
    char *taken = buf_take(&p->b);
    check(memcmp(taken, p->want, p->len) == 0 && taken[p->len] == '\0', "what is taken");
    free(taken);
    p->len = 0;
    p->full = false;
}

static void reserve(struct pair *p, size_t size)
{
    buf_reserve(&p->b, size);
    check(p->b.cap - p->b.len >= size, "%zu bytes of room", size);
}

static void drop(struct pair *p, size_t size)
{
    if (size > p->len)
        size = p->len;
    if (p->b.data)
        buf_drop(&p->b, size);
    memmove(p->want, p->want + size, p->len - size);
    p->len -= size;
}

static void do_step(struct pair *p, struct step step, const char *bytes)
{
    switch (step.what) {
    case APPEND:
    case SLOW:
        (step.what == APPEND ? buf_append : buf_append_slow)(&p->b, bytes, step.size);
        want_more(p, bytes, step.size);
        break;
    case PRINT:
        buf_printf(&p->b, "%.*s", (int)step.size, bytes);
        want_more(p, bytes, step.size);
        break;
    case RESERVE:
        reserve(p, step.size);
        break;
    case DROP:
        drop(p, step.size);
        break;
    case TEXT:
        check(strlen(buf_text(&p->b)) == p->len, "terminated");
        break;
    case TAKE:
        take(p);
        break;
    case CLEAR:
        buf_clear(&p->b);
        p->len = 0;
        p->full = false;
        break;
    case RELEASE:
        buf_release(&p->b);
        p->len = 0;
        p->full = false;
        break;
    }
}

static bool is_sound(const struct pair *p)
{
    const struct buf *b = &p->b;
    return b->len == p->len && b->full == p->full && b->len <= b->cap &&
           (b->data == NULL) == (b->cap == 0) && (b->max == 0 || b->len <= b->max) &&
           (b->len == 0 || memcmp(b->data, p->want, b->len) == 0);
}

static void every_sequence(void)
{
    static const size_t bounds[] = {0, 1, 63, 64, 65, 130};
    static struct pair p;
    static char bytes[64 * 4];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)('!' + i % 90);
    int length = OPERATIONS + extra_length();
    for (size_t bound = 0; bound < COUNT(bounds); bound++) {
        unsigned choice[16] = {0};
        do {
            buf_init(&p.b, bounds[bound]);
            p.len = 0;
            p.full = false;
            for (int i = 0; i < length; i++) {
                do_step(&p, steps[choice[i]], bytes + i);
                if (!check(is_sound(&p), "bound %zu, step %d of %u %u %u %u", bounds[bound], i + 1,
                           choice[0], choice[1], choice[2], choice[3]))
                    return;
            }
            buf_release(&p.b);
        } while (next_choice(choice, length, COUNT(steps)));
    }
}

int main(void)
{
    char streams[100], sequences[100];
    snprintf(streams, sizeof streams, "every stream of up to %d words of %zu, with every cut",
             WORDS + extra_length(), COUNT(words));
    snprintf(sequences, sizeof sequences, "every sequence of %d operations on a buffer out of %zu",
             OPERATIONS + extra_length(), COUNT(steps));
    unit_case(streams, every_stream);
    unit_case("every pair of bytes at three places of a stream, with every cut",
              every_pair_of_bytes);
    unit_case(sequences, every_sequence);
    return unit_status();
}
