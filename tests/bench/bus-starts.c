/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What a start costs a client that has its connection open already: bus-starts ROUNDS GAP-MS TREE
 * What a list costs it: bus-starts ROUNDS GAP-MS
 *
 * By turns, systemd's own StartTransientUnit of a scope for a child of ours until its job is done, RunMachine until its reply,
 * without a name, with one, and with a link on the default bridge; or ListMachines until its reply. Prints as interleave does.
 */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

typedef struct Wait {
        const char *unit;
        bool done;
} Wait;

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

__attribute__((noreturn)) static void fail(const char *what, int r, const sd_bus_error *e) {
        fprintf(stderr, "bus-starts: %s: %s\n", what, e && e->message ? e->message : strerror(-r));
        exit(EXIT_FAILURE);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Wait *wait = userdata;
        const char *unit;

        if (sd_bus_message_read(m, "uoss", NULL, NULL, &unit, NULL) >= 0 && strcmp(unit, wait->unit) == 0)
                wait->done = true;
        return 0;
}

/* The scope goes when its process does. Where berth's are: systemd looks at the other units of a slice, too. */
static uint64_t start_scope(sd_bus *bus, Wait *wait, unsigned round) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        char unit[64];
        pid_t child = fork();
        uint64_t begin;
        int r;

        if (child == 0) {
                (void) pause();
                _exit(EXIT_SUCCESS);
        }

        (void) snprintf(unit, sizeof(unit), "bus-starts-%u.scope", round);
        *wait = (Wait){ .unit = unit };
        begin = now_usec();
        r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
                               "StartTransientUnit", &e, NULL, "ssa(sv)a(sa(sv))", unit, "fail", 3, "Slice", "s", "machine.slice",
                               "PIDs", "au", 1, (uint32_t) child, "Delegate", "b", 1, 0);
        if (r < 0)
                fail("StartTransientUnit", r, &e);
        while (!wait->done) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
                if (r < 0)
                        fail("waiting for the job", r, NULL);
        }
        begin = now_usec() - begin;

        (void) kill(child, SIGKILL);
        (void) waitpid(child, NULL, 0);
        return begin;
}

/* An empty NAME is picked. */
static uint64_t start_machine(sd_bus *bus, const char *name, const char *tree, const char *network) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message *call = NULL, *reply = NULL;
        sd_bus *session = NULL;
        uint64_t begin;
        int fd, r;

        r = sd_bus_message_new_method_call(bus, &call, "org.berth1", "/org/berth1", "org.berth1.Manager", "RunMachine");
        if (r >= 0)
                r = sd_bus_message_append(call, "ssasa{sv}", name, tree, 1, "/bin/true", 3, "Remove", "b", 1, "Ephemeral", "b", 1,
                                          "Network", "s", network);
        if (r < 0)
                fail("RunMachine", r, NULL);

        begin = now_usec();
        r = sd_bus_call(bus, call, 0, &e, &reply);
        if (r < 0)
                fail("RunMachine", r, &e);
        begin = now_usec() - begin;

        /* Its end is waited for, so that the next one has the machine to itself. */
        r = sd_bus_message_read(reply, "soh", NULL, NULL, &fd);
        fd = dup(fd);
        if (r >= 0)
                r = sd_bus_new(&session);
        if (r >= 0)
                r = sd_bus_set_fd(session, fd, fd);
        if (r >= 0)
                r = sd_bus_start(session);
        if (r >= 0)
                r = sd_bus_call_method(session, NULL, "/org/berth1/session", "org.berth1.Session", "Wait", NULL, NULL, NULL);
        if (r < 0)
                fail("Wait", r, NULL);
        sd_bus_close_unref(session);
        sd_bus_message_unref(call);
        sd_bus_message_unref(reply);
        return begin;
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static void report(const char *label, uint64_t *times, size_t n) {
        qsort(times, n, sizeof(uint64_t), compare);
        printf("%s\t%llu\t%llu\t%llu\t0\n", label, (unsigned long long) times[n / 2], (unsigned long long) times[n * 9 / 10],
               (unsigned long long) times[0]);
}

static uint64_t list_machines(sd_bus *bus) {
        sd_bus_error e = SD_BUS_ERROR_NULL;
        uint64_t begin = now_usec();
        int r;

        r = sd_bus_call_method(bus, "org.berth1", "/org/berth1", "org.berth1.Manager", "ListMachines", &e, NULL, NULL);
        if (r < 0)
                fail("ListMachines", r, &e);
        return now_usec() - begin;
}

static sd_bus *connect_and_subscribe(Wait *wait) {
        sd_bus *bus = NULL;
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, "org.freedesktop.systemd1", NULL, "org.freedesktop.systemd1.Manager",
                                        "JobRemoved", on_job_removed, wait);
        if (r >= 0)
                r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                       "org.freedesktop.systemd1.Manager", "Subscribe", NULL, NULL, NULL);
        if (r < 0)
                fail("connecting", r, NULL);
        return bus;
}

typedef enum What { SCOPE, MACHINE, MACHINE_WITH_NAME, MACHINE_ON_BRIDGE, LIST, _WHAT_MAX } What;

static const char *const labels[] = {
        [SCOPE] = "StartTransientUnit to its job",
        [MACHINE] = "RunMachine",
        [MACHINE_WITH_NAME] = "RunMachine, given a name",
        [MACHINE_ON_BRIDGE] = "RunMachine, bridge",
        [LIST] = "ListMachines",
};

static uint64_t take(What what, sd_bus *bus, Wait *wait, const char *tree, unsigned round) {
        char name[64];

        (void) snprintf(name, sizeof(name), "bus-starts-%u", round);
        switch (what) {
        case SCOPE:
                return start_scope(bus, wait, round);
        case MACHINE:
                return start_machine(bus, "", tree, "none");
        case MACHINE_WITH_NAME:
                return start_machine(bus, name, tree, "none");
        case MACHINE_ON_BRIDGE:
                return start_machine(bus, "", tree, "bridge");
        default:
                return list_machines(bus);
        }
}

int main(int argc, char *argv[]) {
        unsigned rounds = argc == 3 || argc == 4 ? (unsigned) strtoul(argv[1], NULL, 10) : 0;
        const char *tree = argc == 4 ? argv[3] : NULL;
        What first = tree ? SCOPE : LIST, last = tree ? MACHINE_ON_BRIDGE : LIST;
        uint64_t *times[_WHAT_MAX] = {};
        Wait wait = {};
        sd_bus *bus;

        for (What what = first; what <= last; what++) {
                times[what] = calloc(rounds, sizeof(uint64_t));
                if (rounds == 0 || !times[what]) {
                        fprintf(stderr, "usage: bus-starts ROUNDS GAP-MS [TREE]\n");
                        return EXIT_FAILURE;
                }
        }
        bus = connect_and_subscribe(&wait);

        for (unsigned i = 0; i < rounds; i++)
                for (What what = first; what <= last; what++) {
                        times[what][i] = take(what, bus, &wait, tree, i);
                        (void) usleep((useconds_t) strtoul(argv[2], NULL, 10) * 1000);
                }
        for (What what = first; what <= last; what++) {
                report(labels[what], times[what], rounds);
                free(times[what]);
        }
        sd_bus_flush_close_unref(bus);
        return EXIT_SUCCESS;
}
