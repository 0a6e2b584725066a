/* SPDX-License-Identifier: MIT */
/* completion: the completion script for a shell. */
#include "commands/command.h"
#include "commands/embedded.h"

#include <string.h>

static int print_completion(const struct invocation *in, struct fail *fail)
{
    static const struct {
        const char *shell;
        const char *const *lines;
    } scripts[] = {{"bash", embedded_bash}, {"zsh", embedded_zsh}, {"fish", embedded_fish}};
    const char *shell = in->operands->count ? in->operands->list[0].text : NULL;
    if (!shell)
        return fail_set(fail, FAIL_USAGE,
                        "completion: missing arguments: expected bash, zsh or fish");
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (strcmp(shell, scripts[i].shell) == 0)
            return embedded_print(scripts[i].lines, fail);
    return fail_set(fail, FAIL_USAGE, "completion: unknown shell '%s': expected bash, zsh or fish",
                    shell);
}

const struct command command_completion = {
    .name = "completion",
    .summary = "print the completion script for a shell",
    .usage = "bash | zsh | fish",
    .about = "Prints a script that completes commands, options and arguments.\n",
    .examples = "  sigmasight-chat completion bash > ~/.sigmasight-chat.bash\n"
                "  . ~/.sigmasight-chat.bash\n",
    .operands = 1,
    .groups = GROUP_COMMON,
    .runs_unconfigured = true,
    .run = print_completion,
};
