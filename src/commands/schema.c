/* SPDX-License-Identifier: MIT */
/* schema: the JSON Schemas of JSON Lines output and of the log. */
#include "commands/command.h"
#include "commands/embedded.h"

#include <string.h>

/* The lines of the schema, NULL if there is no schema of this name. */
static const char *const *find_schema(const char *name)
{
    if (strcmp(name, "events") == 0)
        return embedded_events_schema;
    return strcmp(name, "log") == 0 ? embedded_log_schema : NULL;
}

static int print_schema(const struct invocation *in, struct fail *fail)
{
    const struct operands *o = in->operands;
    const char *const *lines = o->count ? find_schema(o->list[0].text) : embedded_events_schema;
    if (!lines)
        return fail_set(fail, FAIL_USAGE, "schema: unknown schema '%s': expected events or log",
                        o->list[0].text);
    return embedded_print(lines, fail);
}

const struct command command_schema = {
    .name = "schema",
    .summary = "print the JSON Schema of JSON Lines output or the log",
    .usage = "[OPTION]... [events|log]",
    .about = "Prints the JSON Schema of each line of -o jsonl, --events and --events-fd; with\n"
             "log, of an entry of the log.\n",
    .examples = "  sigmasight-chat schema > events.schema.json\n",
    .operands = 1,
    .groups = GROUP_COMMON,
    .runs_unconfigured = true,
    .run = print_schema,
};
