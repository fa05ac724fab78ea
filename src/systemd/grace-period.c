/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "grace-period.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"
#include "string-util.h"

/*
 * Starts come in bursts. For as long after a wish, moves are kept from waiting, by one every now and then: the lock falls back
 * when a whole grace period went by without any, and that takes some jiffies (jiffies_till_first_fqs in kernel/rcu/tree.c).
 */
enum { KEEP_USEC = 100 * USEC_PER_MSEC, AGAIN_USEC = 5 * USEC_PER_MSEC };

struct GracePeriod {
        pid_t helper;
        int socket;              /* a byte is a wish, its end the end */
};

/* The lock is one for all hierarchies. */
static int open_own(void) {
        static const char *const hierarchies[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/systemd" };
        _cleanup_free_ char *cgroup = NULL;
        int fd = sd_pid_get_cgroup(0, &cgroup);

        if (fd < 0)
                return fd;
        fd = -ENOENT;
        for (size_t i = 0; i < ELEMENTSOF(hierarchies) && fd < 0; i++) {
                _cleanup_free_ char *path = str_format("%s%s/cgroup.procs", hierarchies[i], cgroup);

                fd = path ? open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC) : -1;
        }
        return fd;
}

/* Up to that time, or for ever; false at the end. *WISHED is left alone where there was no wish. */
static bool take_wishes(int socket, uint64_t until, bool *wished) {
        char wishes[64];
        int r = fd_wait(socket, POLLIN, time_left(until));

        if (r == 0 || r == -EINTR)
                return true;
        *wished = true;
        return recv(socket, wishes, sizeof(wishes), 0) > 0;
}

/* What a write says does not matter: where it is refused, systemd waits as if we had not been there. */
static _noreturn_ void run(int socket, int processes) {
        uint64_t end = 0, next = 0;
        bool wished = false;

        (void) prctl(PR_SET_NAME, "berthd-grace");
        (void) fd_close_others(0, (int[]){ socket, processes }, 2);
        while (take_wishes(socket, next < end ? next : USEC_INFINITY, &wished)) {
                uint64_t now = now_usec();

                if (wished)
                        end = now + KEEP_USEC;
                wished = false;
                if (now < next)
                        continue;
                (void) !write(processes, "0", 1);
                next = now_usec() + AGAIN_USEC;
        }
        _exit(EXIT_SUCCESS);
}

int grace_period_new(GracePeriod **ret, Error *error) {
        _cleanup_close_ int processes = open_own(), ours = -EBADF, theirs = -EBADF;
        GracePeriod *g;
        int pair[2];
        pid_t helper;

        *ret = NULL;
        if (processes < 0)
                return 0;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making a socket", NULL);
        ours = pair[0];
        theirs = pair[1];
        g = malloc(sizeof(GracePeriod));
        if (!g)
                return error_oom(error);

        helper = fork();
        if (helper == 0)
                run(theirs, processes);
        if (helper < 0) {
                free(g);
                return error_set_errno(error, negative_errno(), "forking a helper", NULL);
        }
        *g = (GracePeriod){ .helper = helper, .socket = TAKE_FD(ours) };
        *ret = g;
        return 0;
}

/* A full socket has wishes enough. */
void grace_period_begin(GracePeriod *g) {
        if (g)
                (void) !send(g->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

GracePeriod *grace_period_free(GracePeriod *g) {
        if (!g)
                return NULL;

        (void) fd_close(g->socket);
        while (waitpid(g->helper, NULL, 0) < 0 && errno == EINTR)
                ;
        free(g);
        return NULL;
}
