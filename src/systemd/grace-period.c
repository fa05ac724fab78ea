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
 * A wish that was no more than REGULAR_USEC after another one is kept for as long, since the next may be so, too: that costs
 * 1.5 % of a processor (70 µs for each move), which who starts a single machine is not to pay.
 */
enum { KEEP_USEC = 100 * USEC_PER_MSEC, REGULAR_USEC = USEC_PER_SEC, AGAIN_USEC = 5 * USEC_PER_MSEC };

struct GracePeriod {
        pid_t helper;
        int socket;              /* a byte is a wish, its end the end */
        uint64_t last, end;      /* as the helper reckons */
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

/* For how long a wish holds that came at NOW, after one at LAST. */
static uint64_t kept_until(uint64_t now, uint64_t last) {
        return now + (now - last <= REGULAR_USEC ? REGULAR_USEC : KEEP_USEC);
}

/* Up to that time, or for ever: how many there were, -ECONNRESET at the end. */
static int take_wishes(int socket, uint64_t until) {
        char wishes[64];
        int r = fd_wait(socket, POLLIN, time_left(until));
        ssize_t n;

        if (r == 0 || r == -EINTR)
                return 0;
        n = recv(socket, wishes, sizeof(wishes), 0);
        return n > 0 ? (int) n : -ECONNRESET;
}

/* What a write says does not matter: where it is refused, systemd waits as if we had not been there. */
static _noreturn_ void run(int socket, int processes) {
        uint64_t end = 0, next = 0, last = 0;
        int wishes;

        (void) prctl(PR_SET_NAME, "berthd-grace");
        (void) fd_close_others(0, (int[]){ socket, processes }, 2);
        while ((wishes = take_wishes(socket, next < end ? next : USEC_INFINITY)) >= 0) {
                uint64_t now = now_usec();

                if (wishes > 0) {
                        end = kept_until(now, wishes > 1 ? now : last);
                        last = now;
                }
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
        uint64_t now;

        if (!g)
                return;
        now = now_usec();
        (void) !send(g->socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        g->end = kept_until(now, g->last);
        g->last = now;
}

bool grace_period_is_kept(const GracePeriod *g) {
        return g && now_usec() < g->end;
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
