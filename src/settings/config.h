/* SPDX-License-Identifier: MIT */
/* Settings from the outside: the configuration file, its profiles, the environment. */
#ifndef SETTINGS_CONFIG_H
#define SETTINGS_CONFIG_H

#include "core/buf.h"
#include "settings/options.h"

/* Completes what the command line left open, in this order: the profile (--profile or
   SIGMASIGHT_PROFILE), the environment, the file's own keys, the defaults. No file is no failure.
   FAIL_CONFIG with file, line and column for one that is not JSON, has an unknown key or a value of
   the wrong type, that others can write, or that has no such profile. */
int config_complete(struct settings *settings, struct fail *fail);

/* Appends "$XDG_CONFIG_HOME/sigmasight-chat/config.json", by default below ~/.config. false when
   neither variable nor HOME is set. */
bool config_path(struct buf *out);
/* "$XDG_STATE_HOME/sigmasight-chat", by default below ~/.local/state. */
bool config_state_directory(struct buf *out);

#endif
