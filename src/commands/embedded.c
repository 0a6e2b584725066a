/* SPDX-License-Identifier: MIT */
#include "commands/embedded.h"

#include "system/system.h"
#include "terminal/writer.h"

int embedded_print(const char *const *lines, struct fail *fail)
{
    struct writer out;
    sys_signals_catch();
    writer_init_standard(&out);
    for (; *lines; lines++) {
        buf_puts(&out.pending, *lines);
        buf_byte(&out.pending, '\n');
    }
    return writer_finish(&out, fail);
}
