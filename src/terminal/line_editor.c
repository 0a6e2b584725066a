/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "terminal/line_editor.h"

#ifdef HAVE_LIBEDIT

#include "core/fault.h"
#include "core/utf8.h"
#include "core/width.h"
#include "core/xmalloc.h"
#include "system/system.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

_Static_assert(sizeof(wchar_t) >= 4, "a wchar_t holds every code point");

enum {
    HISTORY_LENGTH = 1000,
    INPUT = 1024,
    CTRL_C = 3,
    CTRL_D = 4,
    ESCAPE = 27,
    SPECIAL_KEY = 0x80, /* the first of the characters that stand for `special_keys` */
    REPLACEMENT = 0xFFFD,
    SEQUENCE_MAX = 32,        /* bytes; sequences of keys are shorter */
    SEQUENCE_WAIT_US = 100000 /* for the rest of a sequence */
};

#define PASTE_ON  "\033[?2004h"
#define PASTE_OFF "\033[?2004l"

/* The functions of the library that are used. */
#define FUNCTIONS(row)                                                                             \
    row(el_init_fd) row(el_end) row(el_wset) row(el_wget) row(el_wgets) row(el_wgetc)              \
        row(el_wline) row(el_winsertstr) row(el_deletestr) row(el_cursor) row(el_wpush)            \
            row(el_resize) row(history_winit) row(history_wend) row(history_w)

#define MEMBER(name) __typeof__(name) *name; /* NOLINT(bugprone-macro-parentheses): a member */

/* Global because callbacks need the functions too. All editors share the library. */
static struct {
    void *handle;
    FUNCTIONS(MEMBER)
} edit;

#ifdef LINK_LIBEDIT

#define LINKED(function) edit.function = function;

static bool open_library(void)
{
    FUNCTIONS(LINKED)
    return true;
}

#else

/* The library of Debian, of the other Linux distributions, and of macOS. */
static const char *const library_names[] = {"libedit.so.2", "libedit.so.0", "libedit.3.dylib"};

static void *find_library(void)
{
    void *handle = NULL;
    for (size_t i = 0; !handle && i < sizeof library_names / sizeof *library_names; i++)
        handle = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
    return handle;
}

#define LOOK_UP(function)                                                                          \
    *(void **)&edit.function = dlsym(edit.handle, #function);                                      \
    complete = complete && edit.function;

/* False if it is not installed or lacks a function. It stays open: libtinfo below it keeps memory
   that cannot be released. */
static bool open_library(void)
{
    bool complete = true;
    if (!edit.handle)
        edit.handle = fault_here(ENOENT) ? NULL : find_library();
    if (!edit.handle)
        return false;
    FUNCTIONS(LOOK_UP)
    return complete;
}

#endif

struct line_editor {
    EditLine *el;
    HistoryW *history;
    FILE *out;       /* a duplicate of standard error, so that it can be buffered */
    locale_t locale; /* has UTF-8 */
    wchar_t *prompt; /* owned */
    char input[INPUT];
    size_t at, len;  /* the part of `input` that was not used yet */
    bool cleared;    /* Ctrl-C was typed */
    bool was_empty;  /* on an empty line */
    bool is_late;    /* the rest of a sequence did not arrive in time */
    bool is_pasting; /* sequences are text */
    bool is_over;    /* the terminal has no more input */
    struct winsize size;
};

bool line_editor_is_available(void)
{
    return open_library();
}

/* Characters. */

/* Converts to a terminated wide string, owned by the caller. */
static wchar_t *convert_to_wide(struct span text)
{
    wchar_t *wide = xcalloc(text.len + 1, sizeof *wide);
    uint32_t point;
    size_t count = 0;
    for (size_t n; text.len && (n = utf8_next(text, &point)) > 0;
         text = span_make(text.at + n, text.len - n))
        wide[count++] = point == UTF8_ILL_FORMED || point == 0 ? REPLACEMENT : (wchar_t)point;
    return wide;
}

static struct line_editor *editor_of(EditLine *el)
{
    void *e;
    edit.el_wget(el, EL_CLIENTDATA, &e);
    return e;
}

/* Special keys. */

/* Keys that send an escape sequence. Terminals differ, so the sequences of all common ones are
   listed: without the escape character, separated by blanks. A second escape character is Alt. The
   library receives one character for the key, which also ends a search in the history. */
static const struct {
    const wchar_t *function;
    const char *sequences;
} special_keys[] = {
    {L"ed-prev-char", "[D OD"},
    {L"ed-next-char", "[C OC"},
    {L"ed-prev-history", "[A OA"},
    {L"ed-next-history", "[B OB"},
    {L"ed-move-to-beg", "[H OH [1~ [7~"},
    {L"ed-move-to-end", "[F OF [4~ [8~"},
    {L"ed-delete-next-char", "[3~"},
    /* With Ctrl, and with Alt. */
    {L"ed-prev-word", "[1;5D [5D Od [1;3D \033[D \033OD"},
    {L"em-next-word", "[1;5C [5C Oc [1;3C \033[C \033OC"},
    {L"chat-paste", "[200~"},
};

enum { SPECIAL_KEYS = sizeof special_keys / sizeof special_keys[0] };

/* The length of the escape sequence of a key at the start of `input`: 0 if there is none, -1 if it
   is incomplete. */
static int sequence_length(struct span input)
{
    size_t n = 1;
    if (input.len == 0 || input.at[0] != ESCAPE)
        return 0;
    if (n < input.len && input.at[n] == ESCAPE)
        n++;
    if (n == input.len)
        return -1;
    char first = input.at[n++];
    if (first != '[' && first != 'O')
        return 0;
    if (first == '[' && n < input.len && input.at[n] == '[')
        n++; /* function keys of the Linux console */
    while (n < input.len && input.at[n] >= '0' && input.at[n] <= '?')
        n++;
    if (n == input.len)
        return n < SEQUENCE_MAX ? -1 : 0;
    return input.at[n] >= ' ' && input.at[n] <= '~' ? (int)n + 1 : 0;
}

/* The character for the key that sends a sequence, 0 if it has no function. */
static wchar_t find_special_key(struct span sequence)
{
    for (int i = 0; i < SPECIAL_KEYS; i++)
        for (const char *at = special_keys[i].sequences; *at; at += *at == ' ') {
            size_t len = strcspn(at, " ");
            if (span_equal(sequence, span_make(at, len)))
                return SPECIAL_KEY + i;
            at += len;
        }
    return 0;
}

/* Input. */

static struct span unused_input(const struct line_editor *e)
{
    return span_make(e->input + e->at, e->len - e->at);
}

/* Reads more input, or gives up waiting for the rest of a sequence: 1. 0 at the end of the input,
   -1 when a signal was caught or deferred. */
static int read_keys(struct line_editor *e)
{
    bool is_cut = !e->is_pasting && sequence_length(unused_input(e)) < 0;
    int64_t until = is_cut ? sys_now_us() + SEQUENCE_WAIT_US : INT64_MAX;
    memmove(e->input, e->input + e->at, e->len - e->at);
    e->len -= e->at;
    e->at = 0;
    int ready = sys_wait(STDIN_FILENO, POLLIN, until);
    e->is_late = ready == 0;
    if (ready <= 0)
        return ready < 0 ? -1 : 1;
    ssize_t n = sys_read(STDIN_FILENO, e->input + e->len, sizeof e->input - e->len);
    if (n < 0 && (sys_signal() || sys_is_stop_deferred()))
        return -1;
    if (n > 0)
        e->len += (size_t)n;
    return n > 0;
}

/* Updates the size of the terminal. Returns false if it has not changed. */
static bool note_size(struct line_editor *e)
{
    struct winsize now;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &now) != 0 ||
        (now.ws_col == e->size.ws_col && now.ws_row == e->size.ws_row))
        return false;
    e->size = now;
    edit.el_resize(e->el);
    return true;
}

/* The number of rows between the start of the prompt and the cursor, at a width. */
static unsigned rows_above(const struct line_editor *e, unsigned columns)
{
    const LineInfoW *line = edit.el_wline(e->el);
    struct width width = {0};
    unsigned rows = 0, used = (unsigned)wcslen(e->prompt);
    if (columns == 0)
        return 0;
    for (const wchar_t *c = line->buffer; c < line->cursor; c++) {
        if (*c == L'\n') {
            rows += used / columns + 1;
            used = 0;
        } else if (*c >= L' ') {
            used += width_add(&width, (uint32_t)*c);
        }
    }
    return rows + used / columns;
}

/* Redraws the line if the terminal was resized. Terminals differ in whether they rewrap the old
   copy of the line. The smaller number of rows is used, so that no earlier output is erased. */
static void follow_resize(struct line_editor *e)
{
    unsigned before = e->size.ws_col;
    if (!note_size(e))
        return;
    unsigned rows = rows_above(e, before > e->size.ws_col ? before : e->size.ws_col);
    fputc('\r', e->out);
    if (rows)
        fprintf(e->out, "\033[%uA", rows);
    fputs("\033[J", e->out);
    edit.el_wset(e->el, EL_REFRESH);
}

/* Before the prompt is shown, so that all input after it is read in these modes. */
static void set_modes(struct line_editor *e)
{
    sys_stop_defer();
    edit.el_wset(e->el, EL_PREP_TERM, 1);
    fputs(PASTE_ON, e->out);
}

/* Restores the terminal modes while a signal stops the process. */
static void stop(struct line_editor *e)
{
    fputs(PASTE_OFF "\r\n", e->out);
    fflush(e->out);
    edit.el_wset(e->el, EL_PREP_TERM, 0);
    sys_stop_allow();
    set_modes(e);
    note_size(e);
    edit.el_wset(e->el, EL_REFRESH);
}

/* Takes a character or a special key from the input and skips keys without a function. Replaces a
   control character that would stand for a special key. False if more input is required. */
static bool take_character(struct line_editor *e, wchar_t *c)
{
    int sequence = 0;
    while (!e->is_pasting && (sequence = sequence_length(unused_input(e))) > 0) {
        *c = find_special_key(span_make(e->input + e->at + 1, (size_t)sequence - 1));
        e->at += (size_t)sequence;
        if (*c)
            return true;
    }
    uint32_t point;
    size_t n = e->len == e->at ? 0 : utf8_next(unused_input(e), &point);
    if (n == 0 || (sequence < 0 && !e->is_late))
        return false;
    e->at += n;
    bool is_taken = !e->is_pasting && point - SPECIAL_KEY < SPECIAL_KEYS;
    /* A Ctrl-D that was typed during an answer, in canonical mode, is now read as a NUL. */
    *c = point == UTF8_ILL_FORMED || is_taken ? REPLACEMENT : point == 0 ? CTRL_D : (wchar_t)point;
    return true;
}

/* Called by the library for each character. A SIGINT from any sender counts as Ctrl-C. */
static int read_character(EditLine *el, wchar_t *c)
{
    struct line_editor *e = editor_of(el);
    while (!take_character(e, c)) {
        int more = read_keys(e);
        if (more < 0 && sys_signal() == SIGINT) {
            sys_interrupt_forget();
            *c = CTRL_C;
            return 1;
        }
        if (more < 0 && !sys_signal()) {
            stop(e);
            continue;
        }
        e->is_over = more == 0;
        if (more <= 0)
            return more;
        follow_resize(e);
    }
    return 1;
}

/* Functions that keys are bound to. */

/* Ctrl-C: leaves the line on the screen and discards it. */
static unsigned char clear_line(EditLine *el, wint_t key)
{
    const LineInfoW *line = edit.el_wline(el);
    (void)key;
    editor_of(el)->cleared = true;
    editor_of(el)->was_empty = line->lastchar == line->buffer;
    edit.el_cursor(el, (int)(line->lastchar - line->cursor));
    edit.el_winsertstr(el, L"^C");
    edit.el_wpush(el, L"\n");
    return CC_REFRESH;
}

/* Ctrl-Z. */
static unsigned char stop_by_key(EditLine *el, wint_t key)
{
    (void)key;
    sys_stop();
    stop(editor_of(el));
    return CC_NORM;
}

/* Deletes back to white space, as the terminal's own editing does. */
static unsigned char delete_word(EditLine *el, wint_t key)
{
    const LineInfoW *line = edit.el_wline(el);
    const wchar_t *at = line->cursor;
    (void)key;
    while (at > line->buffer && wcschr(L" \t\n", at[-1]))
        at--;
    while (at > line->buffer && !wcschr(L" \t\n", at[-1]))
        at--;
    edit.el_deletestr(el, (int)(line->cursor - at));
    return CC_REFRESH;
}

/* The terminal may translate CR to LF and LF to CR: each of them ends a line, and so does the pair.
   Control characters other than tab are dropped. */
static void put_pasted(struct buf *text, wchar_t c, wchar_t before)
{
    bool is_pair = before == L'\n' && c == L'\r';
    if (c == L'\n' || c == L'\r')
        buf_puts(text, is_pair ? "" : "\n");
    else if (c >= L' ' || c == L'\t')
        utf8_put(text, (uint32_t)c);
}

/* Inserts a bracketed paste, whose start sequence has been read. */
static unsigned char paste(EditLine *el, wint_t key)
{
    static const char end[] = "[201~";
    struct line_editor *e = editor_of(el);
    struct buf text = {0};
    wchar_t c, before = 0;
    size_t matched = 0;
    (void)key;
    e->is_pasting = true;
    while (edit.el_wgetc(el, &c) == 1) {
        put_pasted(&text, c, before);
        matched = c == ESCAPE ? 1 : matched && c == end[matched - 1] ? matched + 1 : 0;
        before = c;
        if (matched == sizeof end)
            break;
    }
    e->is_pasting = false;
    if (matched == sizeof end)
        text.len -= sizeof end - 1;
    while (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    wchar_t *wide = convert_to_wide(buf_view(&text));
    edit.el_winsertstr(el, wide);
    free(wide);
    buf_release(&text);
    return CC_REFRESH;
}

static const struct key_function {
    const wchar_t *name, *help;
    unsigned char (*function)(EditLine *el, wint_t key);
} key_functions[] = {
    {L"chat-clear", L"Abandon the line", clear_line},
    {L"chat-stop", L"Stop the process", stop_by_key},
    {L"chat-delete-word", L"Delete the word before the cursor", delete_word},
    {L"chat-paste", L"Insert pasted text", paste},
};

/* Keys that the library does not bind by default, or not on every terminal. */
static const struct {
    const wchar_t *key, *function;
} bindings[] = {
    {L"^C", L"chat-clear"},         {L"^Z", L"chat-stop"},          {L"^W", L"chat-delete-word"},
    {L"^R", L"em-inc-search-prev"}, {L"^S", L"em-inc-search-next"}, {L"^U", L"vi-kill-line-prev"},
};

/* Capabilities that insert and delete characters are disabled, so that the library overwrites the
   rest of the line instead. With them it loses characters of a line of several rows, and miscounts
   columns on a row with wide characters. */
static const wchar_t *const unused_capabilities[] = {L"ic", L"IC", L"im", L"dc", L"DC"};

/* The editor. */

static wchar_t *show_prompt(EditLine *el)
{
    return editor_of(el)->prompt;
}

/* Asks for a character and not for the name of the encoding: in a static program, glibc's
   nl_langinfo_l(3) returns that of the process. */
static bool is_utf8(locale_t locale)
{
    locale_t before = uselocale(locale);
    mbstate_t state = {0};
    wchar_t c = 0;
    bool result = mbrtowc(&c, "\xC3\xA9", 2, &state) == 2 && c == 0xE9;
    uselocale(before);
    return result;
}

/* Any UTF-8 locale will do: only LC_CTYPE is used, and answers are UTF-8 as well. */
static locale_t open_locale(void)
{
    static const char *const names[] = {"C.UTF-8", "en_US.UTF-8", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        locale_t locale = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
        if (locale && is_utf8(locale))
            return locale;
        if (locale)
            freelocale(locale);
    }
    return (locale_t)0;
}

static FILE *duplicate_stderr(void)
{
    int fd = fault_here(EMFILE) ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out && fd >= 0)
        close(fd);
    return out;
}

static void configure(struct line_editor *e)
{
    EditLine *el = e->el;
    HistEventW event;
    edit.history_w(e->history, &event, H_SETSIZE, HISTORY_LENGTH);
    edit.history_w(e->history, &event, H_SETUNIQUE, 1);
    edit.el_wset(el, EL_CLIENTDATA, e);
    edit.el_wset(el, EL_EDITOR, L"emacs");
    edit.el_wset(el, EL_PROMPT, show_prompt);
    edit.el_wset(el, EL_GETCFN, read_character);
    edit.el_wset(el, EL_HIST, edit.history_w, e->history);
    /* Without signals from the keyboard, pasted text may contain Ctrl-C and Ctrl-Z. */
    edit.el_wset(el, EL_SETTY, L"-d", L"-isig", NULL);
    for (size_t i = 0; i < sizeof unused_capabilities / sizeof unused_capabilities[0]; i++)
        edit.el_wset(el, EL_SETTC, unused_capabilities[i], L"", NULL);
    for (size_t i = 0; i < sizeof key_functions / sizeof key_functions[0]; i++)
        edit.el_wset(el, EL_ADDFN, key_functions[i].name, key_functions[i].help,
                     key_functions[i].function);
    for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++)
        edit.el_wset(el, EL_BIND, bindings[i].key, bindings[i].function, NULL);
    for (int i = 0; i < SPECIAL_KEYS; i++)
        edit.el_wset(el, EL_BIND, (wchar_t[]){SPECIAL_KEY + i, 0}, special_keys[i].function, NULL);
}

struct line_editor *line_editor_new(void)
{
    if (!open_library())
        return NULL;
    struct line_editor *e = xcalloc(1, sizeof *e);
    e->locale = open_locale();
    e->out = e->locale ? duplicate_stderr() : NULL;
    if (!e->out) {
        line_editor_free(e);
        return NULL;
    }
    locale_t before = uselocale(e->locale);
    e->history = edit.history_winit();
    e->el = edit.el_init_fd("sigmasight-chat", stdin, e->out, e->out, STDIN_FILENO, fileno(e->out),
                            fileno(e->out));
    if (!e->history || !e->el)
        out_of_memory();
    configure(e);
    uselocale(before);
    return e;
}

void line_editor_free(struct line_editor *e)
{
    if (!e)
        return;
    if (e->el)
        edit.el_end(e->el);
    if (e->history)
        edit.history_wend(e->history);
    if (e->out)
        fclose(e->out);
    if (e->locale)
        freelocale(e->locale);
    free(e->prompt);
    free(e);
}

void line_editor_remember(struct line_editor *e, struct span message)
{
    HistEventW event;
    wchar_t *wide = convert_to_wide(message);
    edit.history_w(e->history, &event, H_ENTER, wide);
    free(wide);
}

static void put_entered(struct buf *line, const wchar_t *wide, int count)
{
    if (count > 0 && wide[count - 1] == L'\n')
        count--;
    for (int i = 0; i < count; i++)
        utf8_put(line, (uint32_t)wide[i]);
}

int line_editor_read(struct line_editor *e, const char *prompt, struct buf *line,
                     enum line_end *end, struct fail *fail)
{
    int count = 0;
    free(e->prompt);
    e->prompt = convert_to_wide(span_of(prompt));
    e->cleared = e->was_empty = e->is_over = false;
    locale_t before = uselocale(e->locale);
    note_size(e);
    set_modes(e);
    const wchar_t *wide = edit.el_wgets(e->el, &count);
    bool entered = wide && count > 0 && !e->cleared;
    /* After Ctrl-D the cursor is still in the line. */
    fputs(wide && count > 0 ? PASTE_OFF : PASTE_OFF "\n", e->out);
    fflush(e->out);
    sys_stop_allow();
    if (entered)
        put_entered(line, wide, count);
    uselocale(before);
    /* SIGINT after the last character was read: it stops the question that was entered. */
    if (!entered)
        sys_interrupt_forget();
    int caught = sys_signal();
    if (caught && caught != SIGINT)
        return fail_signal(fail, caught);
    if (e->cleared)
        *end = e->was_empty ? LINE_EMPTY : LINE_CLEARED;
    else
        *end = entered ? LINE_ENTERED : LINE_OVER;
    return 0;
}

#else

#include <stddef.h>

bool line_editor_is_available(void)
{
    return false;
}

struct line_editor *line_editor_new(void)
{
    return NULL;
}

void line_editor_free(struct line_editor *e)
{
    (void)e;
}

void line_editor_remember(struct line_editor *e, struct span message)
{
    (void)e;
    (void)message;
}

int line_editor_read(struct line_editor *e, const char *prompt, struct buf *line,
                     enum line_end *end, struct fail *fail)
{
    (void)e;
    (void)prompt;
    (void)line;
    (void)fail;
    *end = LINE_OVER;
    return 0;
}

#endif
