/* SPDX-License-Identifier: MIT */
/* The history of dialogues: messages of every kind come back, the newest are kept, and a file that
   another process damaged or locked causes no failure. */
#include "state/history.h"

#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char *directory, *path;

static struct {
    struct buf messages[HISTORY_MAX + 1];
    size_t count;
} loaded;

static void take_message(void *arg, struct span message)
{
    (void)arg;
    if (check(loaded.count <= HISTORY_MAX, "too many messages")) {
        buf_clear(&loaded.messages[loaded.count]);
        buf_span(&loaded.messages[loaded.count++], message);
    }
}

static void load(void)
{
    loaded.count = 0;
    history_load(take_message, NULL);
}

static void add(struct span message)
{
    struct fail fail = FAIL_INIT;
    check(history_add(message, &fail) == 0, "add: %s", fail.message ? fail.message : "");
    fail_release(&fail);
}

static void trim(void)
{
    struct fail fail = FAIL_INIT;
    check(history_trim(&fail) == 0, "trim: %s", fail.message ? fail.message : "");
    fail_release(&fail);
}

static void write_history(struct span text)
{
    FILE *file = fopen(path, "w");
    if (!check(file != NULL, "cannot write %s", path))
        return;
    fwrite(text.at, 1, text.len, file);
    fclose(file);
    chmod(path, 0600);
}

static off_t size_of_history(void)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void absent(void)
{
    load();
    check_int((int64_t)loaded.count, 0, "messages");
    trim();
    check_int(size_of_history(), -1, "size");
}

static void every_kind(void)
{
    static const struct span messages[] = {
        SPAN("plain"),
        SPAN("two\nlines"),
        SPAN("\n"),
        SPAN("\n\n last\n"),
        SPAN("back\\slash"),
        SPAN("\\n is not a line feed"),
        SPAN("ends in \\"),
        SPAN("\\\n"),
        SPAN("\\\\n"),
        SPAN("tab\tand \x01"),
        SPAN("Gr\xc3\xbc\xc3\x9f"
             "e"),
        SPAN("//x"),
    };
    struct stat st;
    umask(0);
    for (size_t i = 0; i < COUNT(messages); i++)
        add(messages[i]);
    load();
    if (check_int((int64_t)loaded.count, COUNT(messages), "messages"))
        for (size_t i = 0; i < COUNT(messages); i++)
            check_span(buf_view(&loaded.messages[i]), messages[i], "message");
    check(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600, "mode %o", st.st_mode);
}

static void random_messages(void)
{
    static const char letters[] = {'\\', 'n', '\n', 'a', ' '};
    struct buf expected[200] = {{0}};
    unlink(path);
    for (size_t i = 0; i < COUNT(expected); i++) {
        for (uint32_t len = 1 + any(8); len; len--)
            buf_byte(&expected[i], letters[any(sizeof letters)]);
        add(buf_view(&expected[i]));
    }
    load();
    check_int((int64_t)loaded.count, COUNT(expected), "messages");
    for (size_t i = 0; i < COUNT(expected); i++) {
        check_span(buf_view(&loaded.messages[i]), buf_view(&expected[i]), "message");
        buf_release(&expected[i]);
    }
}

static void newest(void)
{
    struct buf text = {0};
    for (int i = 0; i < HISTORY_MAX + 5; i++)
        buf_printf(&text, "%d\n", i);
    write_history(buf_view(&text));
    load();
    check_int((int64_t)loaded.count, HISTORY_MAX, "messages");
    check_span(buf_view(&loaded.messages[0]), S("5"), "the first message");
    check_span(buf_view(&loaded.messages[HISTORY_MAX - 1]), S("1004"), "the last message");
    trim();
    check_int(size_of_history(), (int64_t)text.len - 10, "size");
    trim();
    check_int(size_of_history(), (int64_t)text.len - 10, "size");
    add(S("new"));
    load();
    check_span(buf_view(&loaded.messages[0]), S("6"), "the first message");
    check_span(buf_view(&loaded.messages[HISTORY_MAX - 1]), S("new"), "the last message");
    buf_release(&text);
}

static void incomplete(void)
{
    write_history(S("whole\ntor"));
    add(S("next"));
    load();
    if (!check_int((int64_t)loaded.count, 3, "messages"))
        return;
    check_span(buf_view(&loaded.messages[1]), S("tor"), "the incomplete one");
    check_span(buf_view(&loaded.messages[2]), S("next"), "the next one");
}

/* Without the lock a message is added all the same, and the file is not replaced. */
static void locked(void)
{
    struct buf lock = {0}, text = {0};
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int ends[2];
    char byte;
    buf_printf(&lock, "%s/sigmasight-chat/log.lock", directory);
    for (int i = 0; i < HISTORY_MAX + 1; i++)
        buf_puts(&text, "x\n");
    write_history(buf_view(&text));
    if (!check(pipe(ends) == 0, "pipe"))
        return;
    pid_t child = fork();
    if (child == 0) {
        int fd = open(buf_text(&lock), O_RDWR | O_CREAT, 0600);
        _exit(fcntl(fd, F_SETLK, &all) != 0 || write(ends[1], "", 1) != 1 || pause());
    }
    check(read(ends[0], &byte, 1) == 1, "the lock is not held");
    add(S("y"));
    trim();
    check_int(size_of_history(), (int64_t)text.len + 2, "size");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    trim();
    check_int(size_of_history(), INT64_C(2) * HISTORY_MAX, "size");
    close(ends[0]);
    close(ends[1]);
    buf_release(&lock);
    buf_release(&text);
}

static void not_a_file(void)
{
    struct fail fail = FAIL_INIT;
    unlink(path);
    mkdir(path, 0700);
    load();
    check_int((int64_t)loaded.count, 0, "messages");
    check(history_add(S("x"), &fail) != 0 && fail.cause == FAIL_CREATE, "cause %d", fail.cause);
    fail_release(&fail);
    rmdir(path);
}

static void no_home(void)
{
    struct fail fail = FAIL_INIT;
    unsetenv("XDG_STATE_HOME");
    unsetenv("HOME");
    load();
    check_int((int64_t)loaded.count, 0, "messages");
    check(history_add(S("x"), &fail) == 0 && history_trim(&fail) == 0, "it is an error");
    fail_release(&fail);
}

static void remove_all(void)
{
    char *lock = buf_format("%s/sigmasight-chat/log.lock", directory);
    char *state = buf_format("%s/sigmasight-chat", directory);
    unlink(lock);
    unlink(path);
    rmdir(state);
    rmdir(directory);
    free(lock);
    free(state);
    free(path);
    free(directory);
}

int main(void)
{
    directory = unit_directory();
    path = buf_format("%s/sigmasight-chat/history", directory);
    setenv("XDG_STATE_HOME", directory, 1);
    unit_case("history: an absent file", absent);
    unit_case("history: every kind of message", every_kind);
    unit_case("history: random messages", random_messages);
    unit_case("history: the newest are kept", newest);
    unit_case("history: a file that ends inside a line", incomplete);
    unit_case("history: a lock that another process holds", locked);
    unit_case("history: not a regular file", not_a_file);
    unit_case("history: no home directory", no_home);
    for (size_t i = 0; i < COUNT(loaded.messages); i++)
        buf_release(&loaded.messages[i]);
    remove_all();
    return unit_status();
}
