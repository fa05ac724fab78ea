/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "login-shell.h"

#include "strv.h"

/* Which shell it is stands in the machine, where nothing of the host may look: so its own sh does. */
static const char script[] =
        "u=$1; s=; if [ -r /etc/passwd ]; then while IFS=: read -r n _ i _ _ _ c; do "
        "if [ \"$n\" = \"$u\" ] || [ \"$i\" = \"$u\" ]; then s=$c; break; fi; done </etc/passwd; fi; "
        "[ -x \"$s\" ] || s=/bin/bash; [ -x \"$s\" ] || s=/bin/sh; cd ~ 2>/dev/null; export SHELL=\"$s\"; exec \"$s\" -l";

int login_shell_command(const char *user, char ***ret) {
        _cleanup_free_ char *name = strndup(user, strcspn(user, ":")); /* USER:GROUP */
        const char *const words[] = { "/bin/sh", "-c", script, "berth-shell", name };
        _cleanup_strv_free_ char **command = NULL;

        if (!name)
                return -ENOMEM;

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                int r = strv_append(&command, words[i]);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(command);
        return 0;
}
