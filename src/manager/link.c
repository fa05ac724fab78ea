/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "link.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd-util.h"
#include "string-util.h"

/*
 * Not attached to the loop by sd_bus_attach_event(3): that has a callback before each turn of the loop, so that each
 * turn would cost as many calls as there are machines. What the connection waits for changes only when it is used.
 */
struct Link {
        sd_bus *bus;
        sd_event_source *io, *timer;
        const LinkEvents *events;
        void *userdata;
        bool *freed;            /* told when it goes while it is at work */
};

/* Tells the loop what the connection waits for now; AGAIN: there may be more to do at once, also where no descriptor says so. */
static int link_arm(Link *link, bool again) {
        uint64_t usec = 0;
        int r;

        r = sd_bus_get_events(link->bus);
        if (r >= 0)
                r = sd_event_source_set_io_events(link->io, (uint32_t) r);
        if (r >= 0 && !again)
                r = sd_bus_get_timeout(link->bus, &usec);
        if (r < 0)
                return r;

        r = sd_event_source_set_time(link->timer, usec);
        return r < 0 ? r : sd_event_source_set_enabled(link->timer, usec == UINT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* Does what is due: one message, or ALL of them. Its events may free the link. */
static void link_process(Link *link, bool all) {
        sd_bus *bus = sd_bus_ref(link->bus);
        bool freed = false, *outer = link->freed;
        int r;

        link->freed = &freed;
        do
                r = sd_bus_process(bus, NULL);
        while (all && r > 0);
        sd_bus_unref(bus);

        if (freed) {
                if (outer)
                        *outer = true;
                return;
        }
        link->freed = outer;
        if (r >= 0)
                r = link_arm(link, r > 0);
        if (r < 0)
                link->events->lost(link->userdata);
}

/* One message a turn, so that a supervisor that talks much holds up nobody. */
static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        link_process(userdata, /* all= */ false);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        link_process(userdata, /* all= */ false);
        return 0;
}

/* Before the system bus: who was told something by a supervisor, and then asks us, must find that we know it, too. */
static int link_watch(Link *link, sd_event *event) {
        int r;

        r = sd_event_add_io(event, &link->io, sd_bus_get_fd(link->bus), 0, on_io, link);
        if (r >= 0)
                r = sd_event_add_time(event, &link->timer, CLOCK_MONOTONIC, 0, 1, on_timer, link);
        if (r >= 0)
                r = sd_event_source_set_priority(link->io, SD_EVENT_PRIORITY_NORMAL - 2);
        if (r >= 0)
                r = sd_event_source_set_priority(link->timer, SD_EVENT_PRIORITY_NORMAL - 2);
        return r < 0 ? r : link_arm(link, /* again= */ false);
}

static int on_state_changed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_state_ State state = STATE_NULL;
        Link *link = userdata;
        const char *json;

        if (sd_bus_message_read(m, "s", &json) >= 0 && state_from_json(json, &state, NULL) >= 0)
                link->events->state(link->userdata, &state);
        return 0;
}

/* What sd-bus itself says when the other side is gone (sd_bus_set_exit_on_disconnect(3)). */
static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Link *link = userdata;

        link->events->lost(link->userdata);
        return 0;
}

static int link_open(Link *link, sd_event *event, int fd) {
        _cleanup_close_ int owned = fd;
        int r;

        r = sd_bus_new(&link->bus);
        if (r >= 0)
                r = sd_bus_set_fd(link->bus, fd, fd);
        if (r < 0)
                return r;
        TAKE_FD(owned);

        r = sd_bus_negotiate_fds(link->bus, true);
        if (r >= 0)
                r = sd_bus_match_signal(link->bus, NULL, NULL, SUPERVISOR_PATH, SUPERVISOR_INTERFACE, "StateChanged",
                                        on_state_changed, link);
        if (r >= 0)
                r = sd_bus_match_signal(link->bus, NULL, NULL, "/org/freedesktop/DBus/Local", "org.freedesktop.DBus.Local",
                                        "Disconnected", on_disconnected, link);
        if (r >= 0)
                r = sd_bus_start(link->bus);
        return r < 0 ? r : link_watch(link, event);
}

int link_new(sd_event *event, int fd, const LinkEvents *events, void *userdata, Link **ret) {
        _cleanup_(link_freep) Link *link = calloc(1, sizeof(Link));
        int r;

        if (!link) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        link->events = events;
        link->userdata = userdata;

        r = link_open(link, event, fd);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(link);
        return 0;
}

static int on_state(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return sd_bus_message_is_method_error(m, NULL) ? 0 : on_state_changed(m, userdata, ret_error);
}

/*
 * Says that it has a manager again, which looks after what it leaves, and asks for its state: what changed before
 * it accepted the connection was told to others only.
 */
static int link_adopt(Link *link) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = link_new_call(link, "Adopt", &call);

        /* Without a slot of ours the answer's is the connection's, and goes with it. */
        return r < 0 ? r : link_call(link, call, LINK_CALL_USEC, on_state, link, NULL);
}

int link_connect(sd_event *event, int machine_dir, const LinkEvents *events, void *userdata, Link **ret) {
        /* Non-blocking: a supervisor that does not accept must not hold us up (unix(7): then it is EAGAIN). */
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char directory[FD_PATH_MAX];
        int r;

        if (fd < 0)
                return negative_errno();

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", fd_path(machine_dir, directory));
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return negative_errno();

        r = link_new(event, TAKE_FD(fd), events, userdata, ret);
        if (r < 0)
                return r;
        r = link_adopt(*ret);
        if (r < 0)
                *ret = link_free(*ret);
        return r;
}

Link *link_free(Link *link) {
        if (!link)
                return NULL;

        if (link->freed)
                *link->freed = true;
        sd_event_source_disable_unref(link->io);
        sd_event_source_disable_unref(link->timer);
        /* Not flushed: that would wait for a supervisor that does not read. */
        sd_bus_close_unref(link->bus);
        free(link);
        return NULL;
}

void link_drain(Link *link) {
        link_process(link, /* all= */ true);
}

int link_new_call(Link *link, const char *member, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(link->bus, ret, NULL, SUPERVISOR_PATH, SUPERVISOR_INTERFACE, member);
}

int link_call(Link *link, sd_bus_message *call, uint64_t timeout_usec, sd_bus_message_handler_t handler, void *userdata,
              sd_bus_slot **ret_slot) {
        int r = sd_bus_call_async(link->bus, ret_slot, call, handler, userdata, timeout_usec);

        return r < 0 ? r : link_arm(link, /* again= */ false);
}

int link_tell(Link *link, const char *member) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r = link_new_call(link, member, &call);

        return r < 0 ? r : link_call(link, call, 0, NULL, NULL, NULL);
}
