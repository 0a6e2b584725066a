/* SPDX-License-Identifier: MIT */
/* The configuration file and its profiles. */
#ifndef SETTINGS_CONFIG_H
#define SETTINGS_CONFIG_H

#include "core/buf.h"
#include "settings/options.h"

/* Completes the settings of the command line with those of the profile (--profile or
   SIGMASIGHT_PROFILE), the environment, the configuration file and the defaults, in this order of
   precedence. The file need not exist. FAIL_CONFIG with file, line and column if it is not JSON
   (with comments), has an unknown key or a value of the wrong type, or lacks the profile; also if
   it is not a regular file owned by the user or root, or if others can write to it or its
   directory. Appends a line to `warnings` for each unused profile with an error and for each
   obsolete key. */
int config_complete(struct settings *settings, struct buf *warnings, struct fail *fail);

/* Appends "$XDG_CONFIG_HOME/sigmasight-chat/config.json", by default below ~/.config. false if
   neither variable nor HOME is set. */
bool config_path(struct buf *out);
/* "$XDG_STATE_HOME/sigmasight-chat", by default below ~/.local/state. */
bool config_state_directory(struct buf *out);

#endif
