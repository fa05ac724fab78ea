/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "survivors.h"

#include <fcntl.h>
#include <stdio.h>

#include "file-util.h"
#include "pidref.h"
#include "string-util.h"

/* More than that help nobody. */
enum { NAMED_MAX = 8 };

typedef struct Survivors {
        char *stuck, *others;    /* lists */
        unsigned n_stuck, n_others;
        int failure;
} Survivors;

/* The name of a process may hold anything: so its state is what follows the last parenthesis (proc_pid_stat(5)). */
static char *describe(pid_t pid, bool *ret_stuck) {
        _cleanup_free_ char *path = str_format("/proc/%i/stat", pid), *text = NULL, *place = NULL, *wchan = NULL, *name = NULL;
        const char *open, *close;

        if (!path || file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) < 0)
                return NULL;
        open = strchr(text, '(');
        close = strrchr(text, ')');
        if (!open || !close || close < open || close[1] != ' ' || close[2] == 'Z' || close[2] == 'X')
                return NULL;
        name = strndup(open + 1, (size_t) (close - open - 1));
        *ret_stuck = close[2] == 'D';

        /* Where in the kernel it waits: "0" where that is nobody's to know. */
        place = str_format("/proc/%i/wchan", pid);
        if (place && file_read_at(AT_FDCWD, place, FILE_MAX_DEFAULT, &wchan, NULL) >= 0 && *wchan && !streq(wchan, "0"))
                return str_format("%s (%i, state %c in %s)", strempty(name), pid, close[2], wchan);
        return str_format("%s (%i, state %c)", strempty(name), pid, close[2]);
}

static void add(pid_t pid, void *userdata) {
        _cleanup_pidref_ PidRef process = PIDREF_NULL;
        _cleanup_free_ char *text = NULL;
        Survivors *s = userdata;
        bool stuck = false;
        char **list, *longer;

        /* The cgroup's numbers are those of our pid namespace, and /proc has the host's. */
        if (pidref_from_pid(pid, &process) < 0)
                return;
        text = describe(process.pid, &stuck);
        if (!text)
                return;

        list = stuck ? &s->stuck : &s->others;
        if ((stuck ? s->n_stuck++ : s->n_others++) >= NAMED_MAX)
                return;
        longer = *list ? str_format("%s, %s", *list, text) : strdup(text);
        if (!longer) {
                s->failure = -ENOMEM;
                return;
        }
        free(*list);
        *list = longer;
}

int survivors_name(const Cgroup *cgroup, char **ret) {
        Survivors s = {};
        bool stuck;

        (void) cgroup_each_of_payload(cgroup, add, &s);
        stuck = s.n_stuck > 0;
        *ret = NULL;
        if (s.failure >= 0 && (stuck ? s.n_stuck : s.n_others) > NAMED_MAX) {
                *ret = str_format("%s, and %u more", stuck ? s.stuck : s.others, (stuck ? s.n_stuck : s.n_others) - NAMED_MAX);
                s.failure = *ret ? 0 : -ENOMEM;
        } else
                *ret = stuck ? TAKE_PTR(s.stuck) : TAKE_PTR(s.others);
        free(s.stuck);
        free(s.others);
        if (*ret) {
                /* Names are what the payload says. */
                char *escaped = str_escape(*ret);

                free(*ret);
                *ret = escaped;
        }
        return s.failure;
}
