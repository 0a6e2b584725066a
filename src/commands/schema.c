/* SPDX-License-Identifier: MIT */
/* schema: the JSON Schema of JSON Lines output. */
#include "commands/command.h"
#include "commands/embedded.h"

static int print_schema(const struct invocation *in, struct fail *fail)
{
    (void)in;
    return embedded_print(embedded_schema, fail);
}

const struct command command_schema = {
    .name = "schema",
    .summary = "print the JSON Schema of JSON Lines output",
    .usage = "[OPTION]...",
    .about = "Prints the JSON Schema of each line of -o jsonl, --events and --events-fd.\n",
    .examples = "  sigmasight-chat schema > events.schema.json\n",
    .groups = GROUP_COMMON,
    .run = print_schema,
};
