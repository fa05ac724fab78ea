/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "payload.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process-limits.h"
#include "string-util.h"
#include "strv.h"

int payload_environment(const Plan *plan, const Credentials *c, char *const *extra, char ***ret, Error *error) {
        char *const *const blocks[] = { plan->environment, extra };
        _cleanup_strv_free_ char **environment = NULL;
        int r = strv_env_consume(&environment, str_format("HOME=%s", c->home));

        if (r >= 0 && c->name)
                r = strv_env_consume(&environment, str_format("USER=%s", c->name));
        if (r >= 0 && c->name)
                r = strv_env_consume(&environment, str_format("LOGNAME=%s", c->name));
        for (size_t i = 0; i < ELEMENTSOF(blocks); i++)
                STRV_FOREACH(item, blocks[i])
                        if (r >= 0)
                                r = strv_env_consume(&environment, strdup(*item));
        if (r < 0)
                return error_oom(error);

        *ret = TAKE_PTR(environment);
        return 0;
}

int payload_limit(const Plan *plan, Error *error) {
        (void) umask(0022);
        return limits_apply(plan, error);
}

/* No terminal of the host can be the controlling one of a session that is new. */
int payload_begin_session(int terminal, Error *error) {
        if (setsid() < 0 && errno != EPERM)
                return error_set_errno(error, negative_errno(), "making a session", NULL);
        if (terminal >= 0 && ioctl(terminal, TIOCSCTTY, 0) < 0)
                return error_set_errno(error, negative_errno(), "taking the terminal", NULL);
        return 0;
}

int payload_connect(const int stdio[static 3], Error *error) {
        for (int i = 0; i < 3; i++)
                if (dup2(stdio[i], i) < 0)
                        return error_set_errno(error, negative_errno(), "connecting the standard streams", NULL);
        return 0;
}

int payload_reset_signals(const sigset_t *mask, Error *error) {
        for (int i = 1; i <= SIGRTMAX; i++)
                if (i != SIGKILL && i != SIGSTOP)
                        (void) signal(i, SIG_DFL);
        if (sigprocmask(SIG_SETMASK, mask, NULL) < 0)
                return error_set_errno(error, negative_errno(), "resetting the signal mask", NULL);
        return 0;
}
