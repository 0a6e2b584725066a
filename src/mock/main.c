/* SPDX-License-Identifier: MIT */
/* sigmasight-mock: dispatch, the error line and the exit status. */
#include <config.h>

#include "core/fail.h"
#include "mock/http/file.h"
#include "mock/http/server.h"
#include "mock/options.h"
#include "mock/parent.h"
#include "system/system.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>

/* How often the parent is looked for where the system does not tell. */
enum { PARENT_MS = 500 };

static int announce(const struct options *o, uint16_t port, struct fail *f)
{
    struct buf text = {0};
    int result = 0;
    buf_printf(&text, "%u\n", port);
    if (o->port_file)
        result = file_write(o->port_file, buf_view(&text), f);
    buf_release(&text);
    if (result != 0)
        return -1;
    printf("http://%s:%u/api/v1\n", o->ipv6 ? "[::1]" : "127.0.0.1", port);
    if (fflush(stdout) != 0)
        return fail_errno(f, FAIL_OUTPUT, errno, "cannot write standard output");
    return 0;
}

static void wait_for_end(const struct options *o, const struct parent *parent)
{
    struct pollfd on = {.fd = sys_signal_fd(), .events = POLLIN};
    while (!sys_signal() && !(o->with_parent && parent_is_gone(parent)))
        poll(&on, 1, o->with_parent ? PARENT_MS : -1);
}

static int serve(const struct options *o, struct fail *f)
{
    struct parent parent = {0};
    if (o->with_parent)
        parent_watch(&parent);
    sys_signals_catch();
    struct server *server = server_start(o, f);
    if (!server)
        return -1;
    int result = announce(o, server_port(server), f);
    if (result == 0)
        wait_for_end(o, &parent);
    server_stop(server);
    return result;
}

static int run(const struct options *o, struct fail *f)
{
    if (!o->help && !o->version)
        return serve(o, f);
    if (o->help)
        options_print_help();
    else
        printf("sigmasight-mock %s (libmicrohttpd %s)\n", PACKAGE_VERSION, MHD_get_version());
    if (fflush(stdout) != 0)
        return fail_errno(f, FAIL_OUTPUT, errno, "cannot write standard output");
    return 0;
}

int main(int argc, char **argv)
{
    struct fail f = FAIL_INIT;
    struct options options;
    sys_stdio_open();
    if (options_read(&options, argc, argv, &f) == 0)
        run(&options, &f);
    options_release(&options);
    if (fail_is_set(&f))
        fprintf(stderr, "sigmasight-mock: %s%s\n", f.message,
                f.cause == FAIL_USAGE ? "; see 'sigmasight-mock --help'" : "");
    int status = fail_status(&f);
    fail_release(&f);
    return status;
}
