/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session.h"

#include <signal.h>

#include "client.h"
#include "clock.h"
#include "fd-util.h"
#include "log.h"
#include "parse-util.h"
#include "string-util.h"
#include "timeline-bus.h"

#define OBJECT "/org/berth1/session"
#define INTERFACE "org.berth1.Session"

void session_done(Session *session) {
        (void) sd_bus_slot_unref(session->wait);
        (void) sd_bus_close_unref(session->bus);
        free(session->machine);
        free(session->reason);
        *session = SESSION_NULL;
}

static void read_end(Session *session, sd_bus_message *reply) {
        const char *result, *reason;
        int status, r = sd_bus_message_read(reply, "sis", &result, &status, &reason);

        session->ended = true;
        if (r < 0 || machine_result_from_string(result) < 0) {
                session->result = RESULT_FAILED;
                (void) str_replace(&session->reason, "the supervisor's answer is not understood");
                return;
        }
        session->result = machine_result_from_string(result);
        session->status = status;
        (void) str_replace(&session->reason, *reason ? reason : NULL);
}

/* The answer to Wait(), or what sd-bus makes up when the connection breaks. */
static int on_end(sd_bus_message *reply, void *userdata, sd_bus_error *reterr_error) {
        const sd_bus_error *e = sd_bus_message_get_error(reply);
        Session *session = userdata;

        if (!e) {
                read_end(session, reply);
                return 0;
        }

        session->ended = true;
        session->lost = sd_bus_error_has_names(e, SD_BUS_ERROR_NO_REPLY, SD_BUS_ERROR_DISCONNECTED);
        session->refused = !session->lost;
        session->result = RESULT_FAILED;
        (void) str_replace(&session->reason, session->lost ? "the supervisor was killed" : e->message);
        return 0;
}

static int new_call(Session *session, const char *method, bool expect_reply, sd_bus_message **ret) {
        int r = sd_bus_message_new_method_call(session->bus, ret, NULL, OBJECT, INTERFACE, method);

        return r < 0 ? r : sd_bus_message_set_expect_reply(*ret, expect_reply);
}

/* A connection that breaks here means that the other end is dead, which says more than what happened to the pipe. */
static int session_failure(const Session *session, int r, Error *error) {
        bool gone = r == -EPIPE || r == -ECONNRESET || r == -ENOTCONN;

        return error_set(error, ERROR_FAILED, -r, "opening a session with the machine", session->machine, "%s",
                         gone ? "the supervisor was killed" : errno_text(r));
}

int session_watch(Session *session, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = new_call(session, "Wait", /* expect_reply= */ true, &message);

        /* A machine may run for years: no time-out. */
        if (r >= 0)
                r = sd_bus_call_async(session->bus, &session->wait, message, on_end, session, UINT64_MAX);
        return r < 0 ? session_failure(session, r, error) : 0;
}

int session_open(int fd, const char *machine, Session *ret, Error *error) {
        _cleanup_close_ int owned = fd;
        int r;

        *ret = SESSION_NULL;
        r = str_replace(&ret->machine, machine);
        if (r >= 0)
                r = sd_bus_new(&ret->bus);
        if (r >= 0) {
                r = sd_bus_set_fd(ret->bus, owned, owned);
                if (r >= 0)
                        TAKE_FD(owned);
        }
        if (r >= 0)
                r = sd_bus_negotiate_fds(ret->bus, true);
        if (r >= 0)
                r = sd_bus_start(ret->bus);
        return r < 0 ? session_failure(ret, r, error) : 0;
}

int session_select_terminal(Session *session, uint32_t number, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_call_method(session->bus, NULL, OBJECT, INTERFACE, "SelectTerminal", &e, NULL, "u", number);

        return r < 0 ? client_failure(&e, r, error) : 0;
}

int session_attach(Session *session, const struct winsize *size, int *ret, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = sd_bus_call_method(session->bus, NULL, OBJECT, INTERFACE, "Attach", &e, &reply, "uu", (uint32_t) size->ws_row,
                                   (uint32_t) size->ws_col);

        return r < 0 ? client_failure(&e, r, error) : client_read_fd(reply, ret, error);
}

int session_timeline(Session *session, Timeline *timeline, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        int r = sd_bus_call_method(session->bus, NULL, OBJECT, INTERFACE, "Timeline", &e, &reply, NULL);

        if (r < 0)
                return client_failure(&e, r, error);
        r = timeline_read_bus(reply, timeline);
        return r < 0 ? client_bad_reply(r, error) : 0;
}

int session_resize(Session *session, const struct winsize *size) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = new_call(session, "Resize", /* expect_reply= */ false, &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "uu", (uint32_t) size->ws_row, (uint32_t) size->ws_col);
        return r < 0 ? r : sd_bus_send(session->bus, message, NULL);
}

int session_leave(Session *session) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = new_call(session, "Leave", /* expect_reply= */ false, &message);

        if (r >= 0)
                r = sd_bus_send(session->bus, message, NULL);
        return r < 0 ? r : sd_bus_flush(session->bus);
}

int session_kill(Session *session, int signal) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = new_call(session, "Kill", /* expect_reply= */ false, &message);

        if (r >= 0)
                r = sd_bus_message_append(message, "i", signal);
        return r < 0 ? r : sd_bus_send(session->bus, message, NULL);
}

int session_prepare(Session *session, struct pollfd *ret, uint64_t *ret_until) {
        int events = sd_bus_get_events(session->bus), r;

        if (events < 0)
                return events;
        r = sd_bus_get_timeout(session->bus, ret_until);
        if (r < 0)
                return r;
        *ret = (struct pollfd){ .fd = sd_bus_get_fd(session->bus), .events = (short) events };
        return 0;
}

int session_process(Session *session) {
        int r;

        do
                r = sd_bus_process(session->bus, NULL);
        while (r > 0 && !session->ended);

        /* The end of the connection answers Wait() too, so only an end without that is left to say here. */
        if (r < 0 && !session->ended) {
                session->ended = session->lost = true;
                session->result = RESULT_FAILED;
                (void) str_replace(&session->reason, "the supervisor was killed");
        }
        return 0;
}

int session_wait(Session *session, uint64_t until, Error *error) {
        for (;;) {
                struct pollfd pollfd;
                uint64_t wake;
                int r = session_process(session);

                if (session->ended)
                        return 1;
                if (until != USEC_INFINITY && time_left(until) == 0)
                        return 0;

                if (r >= 0)
                        r = session_prepare(session, &pollfd, &wake);
                if (r >= 0)
                        r = fd_wait(pollfd.fd, pollfd.events, time_left(wake < until ? wake : until));
                if (r < 0 && r != -EINTR)
                        return error_set_errno(error, r, "waiting for the machine", session->machine);
        }
}

int machine_exit_status(const char *machine, MachineResult result, int status, const char *reason) {
        char signal[SIGNAL_NAME_MAX];

        switch (result) {
        case RESULT_EXITED:
                return status;
        case RESULT_SIGNAL:
                return 128 + status;
        case RESULT_OOM_KILL:
                log_error("machine '%s' was ended by %s: it needed more memory than it may have (MemoryMax=)", machine,
                          signal_name(status ? status : SIGKILL, signal));
                return 128 + (status ? status : SIGKILL);
        case RESULT_NONE:
        case RESULT_FAILED:
        case _MACHINE_RESULT_MAX:
        case _MACHINE_RESULT_INVALID:
                break;
        }
        log_error("machine '%s' failed: %s", machine, reason ? reason : "the reason is not known");
        return error_kind_to_exit_status(ERROR_FAILED);
}

int session_exit_status(const Session *session) {
        return machine_exit_status(session->machine, session->result, session->status, session->reason);
}
