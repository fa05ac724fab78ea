/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "follow.h"

#include <fcntl.h>
#include <time.h>

#include "client.h"
#include "fd-util.h"

static const char step[] = "following the events";

/* Another call of the bus, which starts berthd where it has ended. */
static int connect_again(Follow *follow, Error *error) {
        _cleanup_message_ sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_new_call(bus, &call, "FollowEvents", error);
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(call, (char **) follow->names);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        r = client_call(bus, call, &reply, error);
        if (r >= 0)
                r = client_read_fd(reply, &fd, error);
        if (r < 0)
                return r;
        follow->f = fdopen(fd, "re");
        if (!follow->f)
                return error_set_errno(error, negative_errno(), step, NULL);
        TAKE_FD(fd);
        follow->seen = json_object();
        return follow->seen ? 0 : error_oom(error);
}

int follow_open(char *const *names, Follow *ret, Error *error) {
        *ret = (Follow){ .names = names, .states = json_object(), .pending = json_array(), .first = true };
        return ret->states && ret->pending ? connect_again(ret, error) : error_oom(error);
}

void follow_done(Follow *follow) {
        if (follow->f)
                (void) fclose(follow->f);
        json_decref(follow->states);
        json_decref(follow->seen);
        json_decref(follow->pending);
        *follow = (Follow){};
}

static void tell(Follow *follow, json_t *event) {
        (void) json_array_append_new(follow->pending, event);
}

static const char *text_of(const json_t *event, const char *key) {
        return json_string_value(json_object_get(event, key));
}

/* An event of which nobody told us. */
static json_t *made_event(const json_t *like, const char *machine, const char *event) {
        return json_pack("{s:O?, s:s, s:s}", "time_usec", json_object_get(like, "time_usec"), "machine", machine, "event", event);
}

/* A machine as it is. What that tells us is new, unless it is the beginning. EVENT is taken over. */
static void take_survey(Follow *follow, json_t *event) {
        const char *machine = text_of(event, "machine"), *state = text_of(event, "event");
        const char *known = machine ? json_string_value(json_object_get(follow->states, machine)) : NULL;

        if (machine && state && follow->seen) {
                (void) json_object_set_new(follow->seen, machine, json_true());
                if (!follow->first && !known)
                        tell(follow, made_event(event, machine, "new"));
                if (follow->first || !known || !streq(known, state)) {
                        if (!follow->first)
                                (void) json_object_del(event, "survey");
                        tell(follow, json_incref(event));
                }
                (void) json_object_set_new(follow->states, machine, json_string(state));
        }
        json_decref(event);
}

/* Of a machine that was there and is in no survey we have missed the end. */
static void end_survey(Follow *follow, const json_t *event) {
        const char *machine;
        json_t *state;
        void *next;

        json_object_foreach_safe(follow->states, next, machine, state) {
                if (json_object_get(follow->seen, machine))
                        continue;
                tell(follow, made_event(event, machine, "removed"));
                (void) json_object_del(follow->states, machine);
        }
        json_decref(follow->seen);
        follow->seen = NULL;
}

static bool is_state(const char *event) {
        static const char *const others[] = { "healthy", "unhealthy", "survived", "out-of-memory" };

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (streq(event, others[i]))
                        return false;
        return true;
}

static void take(Follow *follow, json_t *event) {
        const char *machine = text_of(event, "machine"), *what = text_of(event, "event");

        if (json_is_true(json_object_get(event, "survey"))) {
                take_survey(follow, event);
                return;
        }
        if (what && streq(what, "following")) {
                end_survey(follow, event);
                if (follow->first)
                        tell(follow, event);
                else
                        json_decref(event);
                follow->first = false;
                return;
        }
        if (what && streq(what, "lost")) {
                json_decref(follow->seen);
                follow->seen = json_object();
        } else if (what && machine && streq(what, "removed"))
                (void) json_object_del(follow->states, machine);
        else if (what && machine && is_state(what))
                (void) json_object_set_new(follow->states, machine, json_string(what));
        tell(follow, event);
}

static int read_line(Follow *follow, Error *error) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t n = getline(&line, &size, follow->f);
        json_t *event;

        if (n > 0) {
                event = json_loadb(line, (size_t) n, 0, NULL);
                return event ? (take(follow, event), 0) : client_bad_reply(-EBADMSG, error);
        }

        /* berthd has ended. Where it can't be had again, the call says why. */
        (void) fclose(follow->f);
        follow->f = NULL;
        json_decref(follow->seen);
        follow->seen = NULL;
        (void) nanosleep(&(struct timespec){ .tv_nsec = 100 * 1000 * 1000 }, NULL);
        return connect_again(follow, error);
}

int follow_next(Follow *follow, json_t **ret, Error *error) {
        int r = 0;

        while (r >= 0 && json_array_size(follow->pending) == 0)
                r = read_line(follow, error);
        if (r < 0)
                return r;
        *ret = json_incref(json_array_get(follow->pending, 0));
        (void) json_array_remove(follow->pending, 0);
        return 0;
}
