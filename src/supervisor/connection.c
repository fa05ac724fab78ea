/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "connection.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exec.h"
#include "fd-util.h"
#include "interfaces.h"
#include "log.h"
#include "string-util.h"

struct Connection {
        Supervisor *supervisor;
        ConnectionKind kind;
        sd_bus *bus;
        Exec *exec;              /* whose session it is; NULL: the machine's */
        uint32_t terminal;       /* of the machine, that the session is of */
        sd_bus_message *wait_call;
        bool told;               /* of the end */
        Connection *previous, *next;
};

static Connection *connection_free(Connection *c) {
        if (!c)
                return NULL;

        if (c->previous)
                c->previous->next = c->next;
        else if (c->supervisor->connections == c)
                c->supervisor->connections = c->next;
        if (c->next)
                c->next->previous = c->previous;

        if (c->exec)
                exec_connection_lost(c->exec);
        sd_bus_message_unref(c->wait_call);
        sd_bus_close_unref(c->bus);
        free(c);
        return NULL;
}
DEFINE_CLEANUP(Connection *, connection_free);

/* The peer is gone. Losing the manager matters only as long as it is to tell us of the scope; losing a session, only if we wait for it. */
static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        Connection *c = userdata;
        Supervisor *s = c->supervisor;
        bool link = c->kind == CONNECTION_LINK;

        connection_free(c);
        supervisor_dispatch(s, link ? EVENT_MANAGER_LOST : EVENT_SESSION_LOST);
        return 0;
}

static int connect_peer(Connection *c, int fd) {
        sd_id128_t id;
        int r = sd_bus_new(&c->bus);

        if (r >= 0)
                r = sd_bus_set_fd(c->bus, fd, fd);
        if (r < 0) {
                (void) fd_close(fd);
                return r;
        }

        r = sd_id128_randomize(&id);
        if (r >= 0)
                r = sd_bus_set_server(c->bus, /* b= */ true, id);
        if (r >= 0)
                r = sd_bus_negotiate_fds(c->bus, /* b= */ true);
        /* Who holds the descriptor was let in; the kernel's credentials of a socket pair are its maker's anyway. */
        if (r >= 0)
                r = sd_bus_set_trusted(c->bus, /* b= */ true);
        if (r >= 0)
                r = sd_bus_set_anonymous(c->bus, /* b= */ true);
        if (r >= 0)
                r = sd_bus_start(c->bus);
        return r;
}

static int add(Supervisor *s, int fd, ConnectionKind kind, Connection **ret, Error *error) {
        _cleanup_(connection_freep) Connection *c = calloc(1, sizeof(*c));
        int r;

        if (!c) {
                (void) fd_close(fd);
                return error_oom(error);
        }
        c->supervisor = s;
        c->kind = kind;

        r = connect_peer(c, fd);
        if (r >= 0)
                r = interfaces_add(c->bus, c, kind);
        if (r >= 0)
                r = sd_bus_match_signal_async(c->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                              "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, c);
        if (r >= 0)
                r = sd_bus_attach_event(c->bus, s->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return error_set_errno(error, r, "serving a connection of", s->spec->name);

        c->next = s->connections;
        if (c->next)
                c->next->previous = c;
        s->connections = c;
        if (ret)
                *ret = c;
        TAKE_PTR(c);
        return 0;
}

int connection_add(Supervisor *s, int fd, ConnectionKind kind, Error *error) {
        return add(s, fd, kind, NULL, error);
}

static int open_session(Supervisor *s, Connection **ret_connection, int *ret, Error *error) {
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
                return error_set_errno(error, negative_errno(), "making a session", s->spec->name);

        r = add(s, pair[0], CONNECTION_SESSION, ret_connection, error);
        if (r < 0) {
                (void) fd_close(pair[1]);
                return r;
        }
        *ret = pair[1];
        return 0;
}

int connection_open_session(Supervisor *s, int *ret, Error *error) {
        return open_session(s, NULL, ret, error);
}

int connection_open_exec_session(Supervisor *s, Exec *exec, Connection **ret_connection, int *ret, Error *error) {
        int r = open_session(s, ret_connection, ret, error);

        if (r >= 0)
                (*ret_connection)->exec = exec;
        return r;
}

Supervisor *connection_supervisor(Connection *c) {
        return c->supervisor;
}

bool connection_is_link(const Connection *c) {
        return c->kind == CONNECTION_LINK;
}

Exec *connection_exec(Connection *c) {
        return c->exec;
}

uint32_t connection_terminal(const Connection *c) {
        return c->terminal;
}

void connection_set_terminal(Connection *c, uint32_t number) {
        c->terminal = number;
}

/* How what the session is for has ended, once it has. The content is borrowed. */
static bool has_ended(const Connection *c, State *ret) {
        if (c->exec)
                return exec_is_done(c->exec, ret);
        *ret = c->supervisor->state;
        return c->supervisor->phase == PHASE_ENDED;
}

static void answer_wait(Connection *c) {
        State result;

        if (!c->wait_call || !has_ended(c, &result))
                return;
        (void) reply_result(c->wait_call, &result);
        c->wait_call = sd_bus_message_unref(c->wait_call);
        c->told = true;
}

int connection_wait(Connection *c, sd_bus_message *call) {
        if (c->wait_call)
                return -EBUSY;
        c->wait_call = sd_bus_message_ref(call);
        answer_wait(c);
        if (!c->told && !c->exec && c->supervisor->phase == PHASE_KILLING && c->supervisor->state.survivors)
                connections_fail_waits(c->supervisor, c->supervisor->state.survivors);
        if (c->told)
                supervisor_dispatch(c->supervisor, EVENT_SESSION_TOLD);
        return 0;
}

void connection_exec_done(Connection *c) {
        Supervisor *s = c->supervisor;

        answer_wait(c);
        supervisor_dispatch(s, EVENT_SESSION_TOLD);
}

void connections_fail_waits(Supervisor *s, const char *processes) {
        _cleanup_error_ Error error = ERROR_NULL;

        (void) error_set(&error, ERROR_FAILED, EBUSY, "waiting for the end of the machine", s->spec->name,
                         "it was killed, and these processes are still there: %s", processes);
        for (Connection *c = s->connections; c; c = c->next)
                if (c->wait_call && !c->exec) {
                        (void) reply_error(c->wait_call, &error);
                        c->wait_call = sd_bus_message_unref(c->wait_call);
                }
}

bool connections_answer_waits(Supervisor *s) {
        bool all = true;

        for (Connection *c = s->connections; c; c = c->next) {
                answer_wait(c);
                all = all && (c->kind != CONNECTION_SESSION || c->told);
        }
        return all;
}

/* The control socket */

static int on_control(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Supervisor *s = userdata;
        _cleanup_error_ Error error = ERROR_NULL;
        struct ucred peer;
        socklen_t size = sizeof(peer);
        int peer_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), r;

        if (peer_fd < 0)
                return 0;

        /* The mode of the socket says so too; a host that shares /run with user namespaces may not honour it. */
        if (getsockopt(peer_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != 0) {
                (void) fd_close(peer_fd);
                return 0;
        }

        r = connection_add(s, peer_fd, CONNECTION_CONTROL, &error);
        if (r < 0)
                (void) log_failure(r, &error, NULL);
        return 0;
}

int connections_listen(Supervisor *s, Error *error) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char directory[FD_PATH_MAX];
        mode_t mask;
        int r;

        if (fd < 0)
                return error_set_errno(error, negative_errno(), "making the control socket", s->spec->name);

        /* By descriptor: the address has room for 108 bytes only (unix(7)). */
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", fd_path(s->run_dir, directory));
        mask = umask(0177);
        r = bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0 || listen(fd, SOMAXCONN) < 0 ? negative_errno() : 0;
        (void) umask(mask);
        if (r >= 0)
                r = sd_event_add_io(s->event, NULL, fd, EPOLLIN, on_control, s);
        if (r < 0)
                return error_set_errno(error, r, "binding the control socket", s->spec->name);

        TAKE_FD(fd);
        return 0;
}

/* To all */

void connections_emit_state(Supervisor *s) {
        _cleanup_free_ char *text = NULL;

        if (!s->connections || state_to_json(&s->state, &text) < 0)
                return;
        for (Connection *c = s->connections; c; c = c->next)
                if (c->kind != CONNECTION_SESSION)
                        (void) sd_bus_emit_signal(c->bus, SUPERVISOR_PATH, SUPERVISOR_INTERFACE, "StateChanged", "s", text);
}

void connections_answer_start(Supervisor *s) {
        sd_bus_message *call = TAKE_PTR(s->start_call);

        if (!call)
                return;
        if (error_is_set(&s->error))
                (void) reply_error(call, &s->error);
        else
                (void) sd_bus_reply_method_return(call, "u", (uint32_t) s->leader.pid);
        sd_bus_message_unref(call);
}

/* Small messages are in the socket as soon as they were sent; for a reader that is far behind we wait a little, not for ever. */
static void flush(Connection *c) {
        enum { ROUNDS = 20, ROUND_MSEC = 50 };
        uint64_t queued;

        for (int i = 0; i < ROUNDS; i++) {
                struct pollfd pollfd = { .fd = sd_bus_get_fd(c->bus), .events = POLLOUT };

                if (sd_bus_get_n_queued_write(c->bus, &queued) < 0 || queued == 0 || poll(&pollfd, 1, ROUND_MSEC) < 0)
                        return;
                (void) sd_bus_process(c->bus, NULL);
        }
}

void connections_end(Supervisor *s) {
        while (s->connections) {
                flush(s->connections);
                connection_free(s->connections);
        }
}
