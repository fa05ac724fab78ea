/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "foreground.h"

#include <limits.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"
#include "log.h"
#include "relay.h"
#include "terminal.h"

/* Signals that mean the machine, not berth. What stops and continues a job is left to the shell. */
static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

/* A payload as PID 1 of its machine never sees a SIGINT or SIGTERM that it has no handler for (pid_namespaces(7)). */
enum { INSIST_COUNT = 3, INSIST_SECONDS = 2 };

typedef struct Foreground {
        Session *session;
        Terminal terminal;
        Relay *relay;            /* NULL without a terminal */
        int signals;
        int passed_on;           /* the last signal that was, 0: none */
        unsigned insisted;
        uint64_t insisted_since;
        bool detached, abandoned;
} Foreground;

int foreground_block_signals(void) {
        sigset_t mask;
        int fd;

        (void) sigemptyset(&mask);
        for (size_t i = 0; i < ELEMENTSOF(forwarded); i++)
                (void) sigaddset(&mask, forwarded[i]);
        (void) sigaddset(&mask, SIGWINCH);
        (void) sigaddset(&mask, SIGCONT);

        /* Output that nobody reads is an error of write(), so that the terminal is restored. */
        if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return negative_errno();
        fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? negative_errno() : fd;
}

static void resize(Foreground *f) {
        struct winsize size = terminal_size();

        if (f->relay && size.ws_row > 0)
                (void) session_resize(f->session, &size);
}

/* Whether the user has asked three times in a row: then the machine is made to end. */
static bool insists(Foreground *f, int signal) {
        uint64_t now = now_usec();

        if (signal != SIGINT && signal != SIGTERM)
                return false;
        if (f->insisted == 0 || now - f->insisted_since > INSIST_SECONDS * USEC_PER_SEC) {
                f->insisted = 0;
                f->insisted_since = now;
        }
        return ++f->insisted == INSIST_COUNT;
}

/* A machine runs on, and is left. A command that was executed in one loses its terminal with its connection. */
static void hang_up(Foreground *f) {
        if (f->session->is_command)
                f->abandoned = true;
        else
                f->detached = true;
}

static int signal_to_send(const Session *session, int signal) {
        return session->end_signal > 0 && (signal == SIGTERM || signal == SIGINT) ? session->end_signal : signal;
}

static void on_signal(Foreground *f, int signal) {
        switch (signal) {
        case SIGWINCH:
                resize(f);
                return;
        case SIGCONT:
                terminal_renew(&f->terminal);
                resize(f);
                return;
        }

        /* The machine is gone and only its last words are on the way: who asks now does not want them. */
        if (f->session->ended)
                f->abandoned = true;
        /* The terminal is gone, not the wish for the machine, which others may look at as well (as with docker). */
        else if (signal == SIGHUP && f->relay)
                hang_up(f);
        else if (insists(f, signal)) {
                log_warning("%s '%s' does not end when asked: killing it",
                            f->session->is_command ? "the command in machine" : "machine", f->session->machine);
                (void) session_kill(f->session, SIGKILL);
        } else {
                f->passed_on = signal_to_send(f->session, signal);
                (void) session_kill(f->session, f->passed_on);
        }
}

static void read_signals(Foreground *f) {
        struct signalfd_siginfo info;

        while (read(f->signals, &info, sizeof(info)) == sizeof(info))
                on_signal(f, (int) info.ssi_signo);
}

static bool is_over(const Foreground *f) {
        return f->detached || f->abandoned || (f->session->ended && (!f->relay || relay_is_drained(f->relay)));
}

/* For poll(2): milliseconds, rounded up so that it does not wake too early. */
static int poll_timeout(uint64_t until) {
        uint64_t left = time_left(until);

        if (left == USEC_INFINITY)
                return -1;
        return left / USEC_PER_MSEC >= INT_MAX ? INT_MAX : (int) ((left + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

static int wait_and_move(Foreground *f) {
        enum { SESSION, SIGNALS, RELAY, ALL = RELAY + RELAY_POLL };
        struct pollfd polled[ALL] = {};
        uint64_t until = USEC_INFINITY;
        int r;

        /* Once it has ended, only the terminal is left to be read to its end. */
        polled[SESSION].fd = -1;
        r = f->session->ended ? 0 : session_prepare(f->session, &polled[SESSION], &until);
        if (r < 0)
                return r;
        polled[SIGNALS] = (struct pollfd){ .fd = f->signals, .events = POLLIN };
        for (size_t i = RELAY; i < ALL; i++)
                polled[i].fd = -1;
        if (f->relay)
                relay_prepare(f->relay, polled + RELAY);

        if (poll(polled, ALL, poll_timeout(until)) < 0)
                return errno == EINTR ? 0 : negative_errno();

        if (polled[SIGNALS].revents)
                read_signals(f);
        if (f->relay && relay_process(f->relay, polled + RELAY) > 0)
                f->detached = true;
        if (f->relay && f->relay->hung_up)
                hang_up(f);
        return 0;
}

static int loop(Foreground *f, Error *error) {
        for (;;) {
                int r = f->session->ended ? 0 : session_process(f->session);

                if (is_over(f))
                        return 0;
                if (r >= 0)
                        r = wait_and_move(f);
                if (r < 0)
                        return error_set_errno(error, r, "waiting for the machine", f->session->machine);
        }
}

static int attach(Foreground *f, Relay *relay, const DetachKeys *keys, Error *error) {
        const struct winsize size = terminal_size();
        int stream, r;

        r = session_attach(f->session, &size, &stream, error);
        if (r < 0)
                return r;
        relay_init(relay, stream, STDIN_FILENO, STDOUT_FILENO, keys);
        f->relay = relay;

        r = terminal_make_raw(STDIN_FILENO, &f->terminal);
        return r < 0 ? error_set_errno(error, r, "making the terminal raw", NULL) : 0;
}

/*
 * What ends by the signal that we got for it ends us in the same way, as if there were nobody in between: a shell then knows
 * of ^C, and systemd that a unit was stopped and has not failed.
 */
static void end_alike(const Foreground *f) {
        sigset_t mask;

        if (f->session->result != RESULT_SIGNAL || f->passed_on == 0 || f->session->status != f->passed_on)
                return;
        (void) fflush(stdout);
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, f->passed_on);
        if (signal(f->passed_on, SIG_DFL) != SIG_ERR && sigprocmask(SIG_UNBLOCK, &mask, NULL) >= 0)
                (void) raise(f->passed_on);
}

int foreground_run(Session *session, int signals, const DetachKeys *terminal, Error *error) {
        _cleanup_relay_ Relay relay = { .stream = -EBADF, .output = -EBADF };
        Foreground f = { .session = session, .terminal = TERMINAL_NULL, .signals = signals };
        int r = terminal ? attach(&f, &relay, terminal, error) : 0;

        if (r >= 0)
                r = session_watch(session, error);
        if (r >= 0)
                r = loop(&f, error);
        terminal_restore(&f.terminal);
        if (r < 0)
                return r;

        if (f.detached) {
                (void) session_leave(session);
                (void) dprintf(STDERR_FILENO, "\n");
                log_info("detached from %s '%s', which runs on", session->is_command ? "the command in machine" : "machine",
                         session->machine);
                return EXIT_SUCCESS;
        }
        end_alike(&f);
        return session_exit_status(session);
}
