/* SPDX-License-Identifier: MIT */
/* sigmasight-mock: connects the scenario, the backend and the HTTP server; the error line and the
   exit status. */
#include <config.h>

#include "core/fail.h"
#include "core/program.h"
#include "mock/backend/backend.h"
#include "mock/http/dump.h"
#include "mock/http/server.h"
#include "mock/options.h"
#include "mock/scenario/control.h"
#include "mock/scenario/scenario.h"
#include "system/system.h"

#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* How often the parent process is looked for. */
enum { PARENT_INTERVAL_US = 500000 };

struct mock {
    struct gates *gates;
    struct scenario *scenario; /* NULL for none */
    struct backend *backend;
    struct dump *dump; /* NULL for none */
};

static void dump_or_warn(struct dump *dump, const struct request *request)
{
    struct fail f = FAIL_INIT;
    if (dump_request(dump, request, &f) != 0)
        fprintf(stderr, "sigmasight-mock: %s\n", f.message);
    fail_release(&f);
}

static void answer_request(void *mock, struct request *request, struct reply *reply)
{
    const struct mock *m = mock;
    if (control_owns(request->path)) {
        control_answer(m->gates, request, reply);
        return;
    }
    request->counted = true;
    gates_begin_request(m->gates);
    if (m->dump)
        dump_or_warn(m->dump, request);
    if (!m->scenario || !scenario_answer(m->scenario, request, reply))
        backend_answer(m->backend, request, reply);
}

static int announce_port(const struct options *o, uint16_t port, struct fail *f)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%u\n", port);
    if (o->port_file && dump_write_file(o->port_file, span_make(text, (size_t)len), f) != 0)
        return -1;
    printf("http://%s:%u/api/v1\n", o->ipv6 ? "[::1]" : "127.0.0.1", port);
    if (fflush(stdout) != 0)
        return fail_errno(f, FAIL_OUTPUT, errno, "cannot write standard output");
    return 0;
}

/* Linux reports the end of the parent as SIGTERM. It is also looked for, for other systems and for
   a parent that ended before this call. */
static void wait_for_end(const struct options *o, pid_t parent)
{
    while (!(o->with_parent && getppid() != parent) &&
           sys_wait(-1, 0, o->with_parent ? sys_now_us() + PARENT_INTERVAL_US : INT64_MAX) == 0)
        continue;
}

static int open_mock(struct mock *m, const struct options *o, struct fail *f)
{
    if (o->scenario && !(m->scenario = scenario_load(o->scenario, f)))
        return -1;
    if (!(m->backend = backend_new(&o->backend, f)))
        return -1;
    if (o->dump && !(m->dump = dump_new(o->dump, f)))
        return -1;
    return 0;
}

static void serve(const struct options *o, struct fail *f)
{
    struct mock m = {.gates = gates_new()};
    struct server *server = NULL;
    uint16_t port = (uint16_t)o->port;
    pid_t parent = getppid();
#ifdef __linux__
    if (o->with_parent)
        prctl(PR_SET_PDEATHSIG, (unsigned long)SIGTERM);
#endif
    sys_signals_catch();
    if (open_mock(&m, o, f) == 0)
        server = server_start(o->ipv6, &port, m.gates, answer_request, &m, f);
    if (server && announce_port(o, port, f) == 0)
        wait_for_end(o, parent);
    server_stop(server);
    dump_free(m.dump);
    backend_free(m.backend);
    scenario_free(m.scenario);
    gates_free(m.gates);
}

static void print_information(const struct options *o, struct fail *f)
{
    if (o->help)
        options_print_help();
    else
        printf("sigmasight-mock %s (libmicrohttpd %s)\n", PACKAGE_VERSION, MHD_get_version());
    if (fflush(stdout) != 0)
        fail_errno(f, FAIL_OUTPUT, errno, "cannot write standard output");
}

int main(int argc, char **argv)
{
    struct fail f = FAIL_INIT;
    struct options o;
    program_set_name("sigmasight-mock");
    sys_stdio_open();
    if (options_read(&o, argc, argv, &f) == 0)
        (o.help || o.version ? print_information : serve)(&o, &f);
    options_release(&o);
    if (fail_is_set(&f))
        fprintf(stderr, "sigmasight-mock: %s%s\n", f.message,
                f.cause == FAIL_USAGE ? "; see 'sigmasight-mock --help'" : "");
    int status = fail_status(&f);
    fail_release(&f);
    return status;
}
