/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "clock.h"
#include "fd-util.h"
#include "session.h"

/* A supervisor in a process of its own, as far as one session goes: how it answers Wait(). */
typedef struct Answer {
        const char *result;      /* NULL: it dies without an answer */
        int status;
        const char *reason;
        const char *types;       /* NULL: as it should be */
} Answer;

static int method_wait(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        const Answer *answer = userdata;

        if (!answer->result)
                _exit(EXIT_FAILURE);
        if (answer->types)
                return sd_bus_reply_method_return(call, answer->types, answer->result);
        return sd_bus_reply_method_return(call, "sis", answer->result, answer->status, answer->reason);
}

static int method_kill(sd_bus_message *call, void *userdata, sd_bus_error *error) {
        int signal;

        _exit(sd_bus_message_read(call, "i", &signal) < 0 ? EXIT_FAILURE : signal);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Wait", NULL, "sis", method_wait, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Kill", "i", NULL, method_kill, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static _noreturn_ void serve(int fd, Answer answer) {
        sd_bus *bus;

        if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 ||
            sd_bus_set_server(bus, true, (sd_id128_t){ .bytes = { 1 } }) < 0 || sd_bus_negotiate_fds(bus, true) < 0 ||
            sd_bus_start(bus) < 0 ||
            sd_bus_add_object_vtable(bus, NULL, "/org/berth1/session", "org.berth1.Session", vtable, &answer) < 0)
                _exit(EXIT_FAILURE);
        while (sd_bus_process(bus, NULL) >= 0 && sd_bus_wait(bus, UINT64_MAX) >= 0)
                ;
        _exit(EXIT_SUCCESS);
}

static pid_t begin(Answer answer, Session *session) {
        int pair[2];
        pid_t child;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
        child = fork();
        if (child == 0) {
                (void) close(pair[0]);
                serve(pair[1], answer);
        }
        (void) fd_close(pair[1]);
        assert_int_equal(session_open(pair[0], "web", session, NULL), 0);
        return child;
}

static int end(pid_t child, Session *session) {
        int status;

        session_done(session);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void how_it_ended(void **state) {
        static const struct {
                Answer answer;
                int status;
                bool lost;
        } rows[] = {
                { { "exited", 0, "" }, 0, false },
                { { "exited", 7, "" }, 7, false },
                { { "signal", SIGTERM, "" }, 128 + SIGTERM, false },
                { { "oom-kill", SIGKILL, "" }, 128 + SIGKILL, false },
                { { "failed", 0, "no luck" }, 125, false },
                { { "flown", 0, "" }, 125, false },
                { { "exited", .types = "s" }, 125, false },
                { {}, 125, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_error_ Error error = ERROR_NULL;
                Session session;
                pid_t child = begin(rows[i].answer, &session);

                assert_int_equal(session_watch(&session, &error), 0);
                assert_int_equal(session_wait(&session, USEC_INFINITY, &error), 1);
                assert_true(session.ended);
                assert_int_equal(session.lost, rows[i].lost);
                assert_int_equal(session_exit_status(&session), rows[i].status);
                (void) end(child, &session);
        }
}

static void time_out(void **state) {
        Session session;
        pid_t child = begin((Answer){ "exited", 0, "" }, &session);

        /* Nobody has asked yet, so nothing comes. */
        assert_int_equal(session_wait(&session, now_usec() + 20 * USEC_PER_MSEC, NULL), 0);
        assert_false(session.ended);
        assert_int_equal(session_watch(&session, NULL), 0);
        assert_int_equal(session_wait(&session, now_usec() + 10 * USEC_PER_SEC, NULL), 1);
        (void) end(child, &session);
}

/* What is sent without waiting for an answer gets there, also before the connection is whole. */
static void signals_arrive(void **state) {
        Session session;
        pid_t child = begin((Answer){}, &session);

        assert_true(session_kill(&session, SIGUSR1) >= 0);
        assert_int_equal(session_wait(&session, USEC_INFINITY, NULL), 1);
        assert_true(session.lost);
        assert_int_equal(end(child, &session), SIGUSR1);
}

static void no_session(void **state) {
        _cleanup_error_ Error error = ERROR_NULL;
        Session session;
        int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

        /* Taken over and closed whatever comes of it: the teardown counts. */
        if (session_open(fd, "web", &session, &error) >= 0 && session_watch(&session, &error) >= 0)
                (void) session_wait(&session, now_usec() + USEC_PER_SEC, &error);
        session_done(&session);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(how_it_ended), TEST(time_out), TEST(signals_arrive), TEST(no_session) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
