/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "fd-util.h"
#include "pidref.h"

static pid_t sleeping_child(void) {
        pid_t child = fork();

        if (child == 0)
                for (;;)
                        (void) pause();
        assert_true(child > 0);
        return child;
}

static void self(void **state) {
        _cleanup_pidref_ PidRef p = PIDREF_NULL;

        assert_false(pidref_is_set(&p));
        assert_int_equal(pidref_from_pid(getpid(), &p), 0);
        assert_true(pidref_is_set(&p));
        assert_int_equal(p.pid, getpid());
        assert_true(p.start_time > 0);
        assert_int_equal(fcntl(p.fd, F_GETFD), FD_CLOEXEC);
        assert_int_equal(pidref_kill(&p, 0), 0);
}

static void written_down(void **state) {
        _cleanup_pidref_ PidRef p = PIDREF_NULL, again = PIDREF_NULL;
        pid_t child = sleeping_child();
        int status;

        assert_int_equal(pidref_from_pid(child, &p), 0);
        assert_int_equal(pidref_reopen(p.pid, p.inode, p.start_time, &again), 0);
        assert_int_equal(again.pid, child);

        /* Another one that has got the number since. */
        pidref_done(&again);
        assert_int_equal(pidref_reopen(p.pid, p.inode, p.start_time + 1, &again), -ESRCH);
        if (p.inode)
                assert_int_equal(pidref_reopen(p.pid, p.inode + 1, p.start_time, &again), -ESRCH);
        /* Written down on a kernel without unique inodes. */
        assert_int_equal(pidref_reopen(p.pid, 0, p.start_time, &again), 0);
        pidref_done(&again);

        assert_int_equal(pidref_kill(&p, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(pidref_kill(&p, 0), -ESRCH);
        assert_int_equal(pidref_reopen(p.pid, p.inode, p.start_time, &again), -ESRCH);
        assert_false(pidref_is_set(&again));
}

/* A command's name may hold all that the fields of /proc/PID/stat are told apart by. */
static void odd_name(void **state) {
        _cleanup_pidref_ PidRef p = PIDREF_NULL, plain = PIDREF_NULL;
        FILE *f = fopen("/proc/self/comm", "we");

        assert_int_equal(pidref_from_pid(getpid(), &plain), 0);
        assert_non_null(f);
        assert_true(fputs("a) S 1 (2) 3", f) >= 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(pidref_from_pid(getpid(), &p), 0);
        assert_true(p.start_time == plain.start_time);
}

static void no_process(void **state) {
        _cleanup_pidref_ PidRef p = PIDREF_NULL;
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        assert_true(pidref_from_pid(INT32_MAX, &p) < 0);
        assert_true(pidref_from_pid(0, &p) < 0);
        /* Taken over and closed also where it is no pidfd: the teardown counts. */
        assert_true(pidref_from_pidfd_consume(fd, &p) < 0);
        assert_false(pidref_is_set(&p));
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(self), TEST(written_down), TEST(odd_name), TEST(no_process) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
