/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* The command that is USER's own shell in a machine, begun as by a login. The caller frees it; -ENOMEM without memory. */
int login_shell_command(const char *user, char ***ret);
