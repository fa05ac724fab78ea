/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "follow.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "string-util.h"
#include "strv.h"

enum {
        FOLLOWERS_MAX = 2048,
        FOLLOWERS_PER_USER_MAX = 256, /* of those who are not root */
        NAMES_MAX = 4096,
        BUFFER_SIZE = 256 * 1024,     /* fcntl(2), F_SETPIPE_SZ; the default of 64 KiB where a user has too much already */
        TEXT_MAX = 500,               /* of a text in a line, so that a line is written as a whole (pipe(7), PIPE_BUF) */
};

struct Follower {
        Manager *manager;
        Follower *previous, *next;
        uid_t uid;
        char **names;            /* none: all machines */
        int fd;
        sd_event_source *source;

        bool surveying;          /* it is being told how each machine is */
        char *last;              /* the last one that was */
        uint64_t lost;           /* events that there was no room for */
};

static void follower_free(Follower *f) {
        Manager *manager = f->manager;

        if (f->previous)
                f->previous->next = f->next;
        else if (manager->followers == f)
                manager->followers = f->next;
        if (f->next)
                f->next->previous = f->previous;

        sd_event_source_disable_unref(f->source);
        (void) fd_close(f->fd);
        (void) strv_free(f->names);
        free(f->last);
        free(f);
        manager_check_idle(manager);
}

void followers_free(Manager *manager) {
        while (manager->followers)
                follower_free(manager->followers);
}

static bool is_wanted(const Follower *f, const Machine *machine) {
        return !f->names || strv_contains(f->names, machine_name(machine));
}

/* Lines */

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* At most TEXT_MAX bytes of it, and no half of a character. */
static void set_text(json_t *object, const char *key, const char *text) {
        size_t n = strlen(strempty(text));

        if (n > TEXT_MAX)
                for (n = TEXT_MAX; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80;)
                        n--;
        if (n > 0)
                (void) json_object_set_new(object, key, json_stringn(text, n));
}

static json_t *new_event(const Machine *machine, const char *event) {
        return json_pack("{s:I, s:s, s:s}", "time_usec", (json_int_t) now_usec(), "machine", machine_name(machine), "event",
                         event);
}

static void add_end(json_t *object, const Machine *machine) {
        if (machine->state.result == RESULT_NONE)
                return;
        (void) json_object_set_new(object, "result", json_string(machine_result_to_string(machine->state.result)));
        (void) json_object_set_new(object, "status", json_integer(machine->state.status));
        set_text(object, "reason", machine->state.reason);
}

/* 1: there is no room. Another failure means that nobody reads any more. OBJECT is taken over. */
static int write_line(const Follower *f, json_t *object) {
        _cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        size_t n = text ? strlen(text) : 0;

        json_decref(object);
        if (!text || n >= PIPE_BUF)
                return text ? -EMSGSIZE : -ENOMEM;
        /* In place of the final NUL: one write, or none. */
        text[n] = '\n';
        if (write(f->fd, text, n + 1) == (ssize_t) n + 1)
                return 0;
        return errno == EAGAIN ? 1 : negative_errno();
}

/* How each machine is, in the order of their names, as far as there is room. */
static int survey(Follower *f) {
        Manager *manager = f->manager;

        for (size_t i = 0; i < manager->n_machines; i++) {
                Machine *machine = manager->machines[i];
                json_t *object;
                int r;

                if (!machine->announced || !is_wanted(f, machine) || (f->last && strcmp(machine_name(machine), f->last) <= 0))
                        continue;
                object = new_event(machine, machine_state_to_string(machine->state.state));
                if (object)
                        (void) json_object_set_new(object, "survey", json_true());
                add_end(object, machine);
                r = write_line(f, object);
                if (r == 0)
                        r = str_replace(&f->last, machine_name(machine));
                if (r != 0)
                        return r;
        }
        return write_line(f, json_pack("{s:I, s:s}", "time_usec", (json_int_t) now_usec(), "event", "following"));
}

/* Writes what is due; the rest when there is room again. FOLLOWER may be freed. */
static void go_on(Follower *f) {
        int r = 0;

        if (f->lost > 0) {
                r = write_line(f, json_pack("{s:I, s:s, s:I}", "time_usec", (json_int_t) now_usec(), "event", "lost", "count",
                                            (json_int_t) f->lost));
                if (r == 0) {
                        f->lost = 0;
                        f->surveying = true;
                        (void) str_replace(&f->last, NULL);
                }
        }
        if (r == 0 && f->surveying) {
                r = survey(f);
                f->surveying = r != 0;
        }
        if (r >= 0)
                r = sd_event_source_set_io_events(f->source, r > 0 ? EPOLLOUT : 0);
        if (r < 0)
                follower_free(f);
}

/* EPOLLERR comes when the other end was closed, whatever is asked for. */
static int on_pipe(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Follower *f = userdata;

        if (revents & (EPOLLERR | EPOLLHUP))
                follower_free(f);
        else
                go_on(f);
        return 0;
}

/* OBJECT is taken over. */
static void tell(Machine *machine, json_t *object) {
        for (Follower *f = machine->manager->followers, *next; f; f = next) {
                int r = 1;

                next = f->next;
                if (!is_wanted(f, machine))
                        continue;
                if (f->lost == 0 && !f->surveying)
                        r = write_line(f, json_incref(object));
                if (r == 0)
                        continue;
                f->lost++;
                if (r < 0 || sd_event_source_set_io_events(f->source, EPOLLOUT) < 0)
                        follower_free(f);
        }
        json_decref(object);
}

/* What happens */

void follow_changed(Machine *machine, const char *const *properties) {
        const State *state = &machine->state;
        char *const *changed = (char *const *) properties;

        if (!machine->manager->followers)
                return;
        /* A state is an event. */
        if (strv_contains(changed, "State")) {
                json_t *object = new_event(machine, machine_state_to_string(state->state));

                if (strv_contains(changed, "Result"))
                        add_end(object, machine);
                tell(machine, object);
        }
        if (strv_contains(changed, "Health") && (state->health == HEALTH_HEALTHY || state->health == HEALTH_UNHEALTHY)) {
                json_t *object = new_event(machine, health_state_to_string(state->health));

                set_text(object, "output", state->health_output);
                tell(machine, object);
        }
        if (strv_contains(changed, "Survivors") && !isempty(state->survivors)) {
                json_t *object = new_event(machine, "survived");

                set_text(object, "processes", state->survivors);
                tell(machine, object);
        }
}

void follow_out_of_memory(Machine *machine) {
        const State *state = &machine->state;
        json_t *object;

        if (!machine->manager->followers)
                return;
        object = new_event(machine, "out-of-memory");
        set_text(object, "victim", state->oom_victim);
        (void) json_object_set_new(object, "kills", json_integer((json_int_t) state->oom_kills));
        (void) json_object_set_new(object, "peak", json_integer((json_int_t) state->memory_peak));
        (void) json_object_set_new(object, "limit", json_integer((json_int_t) state->memory_limit));
        tell(machine, object);
}

void follow_came(Machine *machine, bool is_new) {
        if (machine->manager->followers)
                tell(machine, new_event(machine, is_new ? "new" : "removed"));
}

/* FollowEvents() */

static void free_names(void *data) {
        (void) strv_free(data);
}

int follow_read(Call *call, Error *error) {
        char **names = NULL;
        int r = sd_bus_message_read_strv(call->message, &names);

        call->data = names;
        call->free_data = free_names;
        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        if (strv_length(names) > NAMES_MAX)
                return error_set(error, ERROR_LIMIT_REACHED, E2BIG, "reading the call", NULL, "at most %i names can be followed",
                                 NAMES_MAX);
        return 0;
}

static int check_limits(const Manager *manager, uid_t uid, Error *error) {
        size_t all = 0, own = 0;

        for (const Follower *f = manager->followers; f; f = f->next) {
                all++;
                own += f->uid == uid;
        }
        if (all >= FOLLOWERS_MAX || (uid != 0 && own >= FOLLOWERS_PER_USER_MAX))
                return error_set(error, ERROR_LIMIT_REACHED, EBUSY, "following the events", NULL,
                                 "%zu do so already, %zu of them are this user's", all, own);
        return 0;
}

static int follower_open(Follower *f, int *ret_reader) {
        int pair[2];

        if (pipe2(pair, O_CLOEXEC) < 0)
                return negative_errno();
        *ret_reader = pair[0];
        f->fd = pair[1];
        /* Ours alone: the reader's end has flags of its own. */
        if (fcntl(f->fd, F_SETFL, O_NONBLOCK) < 0)
                return negative_errno();
        (void) fcntl(f->fd, F_SETPIPE_SZ, BUFFER_SIZE);
        return sd_event_add_io(f->manager->event, &f->source, f->fd, 0, on_pipe, f);
}

int follow_run(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        uid_t uid = call->operation.uid;
        _cleanup_close_ int reader = -EBADF;
        Follower *f;
        int r = check_limits(manager, uid, error);

        if (r < 0)
                return r;
        f = calloc(1, sizeof(Follower));
        if (!f)
                return error_oom(error);
        *f = (Follower){ .manager = manager, .uid = uid, .fd = -EBADF, .surveying = true, .next = manager->followers };
        if (f->next)
                f->next->previous = f;
        manager->followers = f;
        /* An empty list is all. */
        if (strv_length(call->data) > 0)
                f->names = TAKE_PTR(call->data);

        r = follower_open(f, &reader);
        if (r >= 0)
                r = sd_bus_reply_method_return(call->message, "h", reader);
        if (r < 0) {
                follower_free(f);
                return error_set_errno(error, r, "following the events", NULL);
        }
        go_on(f);
        return 0;
}
