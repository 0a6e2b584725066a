/* SPDX-License-Identifier: MIT */
/* schema: the JSON Schema of the JSON lines. */
#include "commands/schema.h"
#include "commands/command.h"

#include "system/system.h"

#include <string.h>

static int print_schema(const struct invocation *in, struct fail *fail)
{
    (void)in;
    struct writer out;
    sys_signals_catch();
    writer_init_standard(&out);
    for (const char *const *line = schema_lines; *line; line++) {
        buf_puts(&out.pending, *line);
        buf_byte(&out.pending, '\n');
    }
    return writer_finish(&out, fail);
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
