/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clients of org.berth1 as no good one is.
 *
 *   crowd ask N            N connections, each asks for the list of machines; says how many got it
 *   crowd deaf N           one connection that asks N times for the settings and never reads
 *   crowd leave N TREE     N connections that go as soon as they have asked for a machine
 *   crowd big TREE BYTES   a machine with an environment of that size
 *   crowd pile N BYTES     one connection that asks N times for a machine with that at once, and says what each answer was
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

static int fail(const char *what, int r) {
        fprintf(stderr, "crowd: %s: %s\n", what, strerror(-r));
        return EXIT_FAILURE;
}

static int open_bus(sd_bus **ret) {
        const char *name;
        int r = sd_bus_open_system(ret);

        /* The bus gives a name: only then it is one of its clients. */
        return r < 0 ? r : sd_bus_get_unique_name(*ret, &name);
}

static int new_call(sd_bus *bus, sd_bus_message **ret, const char *method) {
        return sd_bus_message_new_method_call(bus, ret, "org.berth1", "/org/berth1", "org.berth1.Manager", method);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        int *answers = userdata;

        if (sd_bus_message_is_method_error(m, NULL))
                fprintf(stderr, "crowd: %s\n", sd_bus_message_get_error(m)->message);
        else
                (*answers)++;
        return 1;
}

static int ask(int n) {
        sd_bus **buses = calloc((size_t) n, sizeof(sd_bus *));
        int answers = 0, r;

        for (int i = 0; i < n; i++) {
                r = open_bus(&buses[i]);
                if (r < 0)
                        return fail("connecting", r);
        }
        for (int i = 0; i < n; i++) {
                r = sd_bus_call_method_async(buses[i], NULL, "org.berth1", "/org/berth1", "org.berth1.Manager", "ListMachines",
                                             on_answer, &answers, "");
                if (r >= 0)
                        r = sd_bus_flush(buses[i]);
                if (r < 0)
                        return fail("asking", r);
        }
        for (int i = 0; i < n; i++)
                for (int before = answers; answers == before;) {
                        r = sd_bus_process(buses[i], NULL);
                        if (r == 0)
                                r = sd_bus_wait(buses[i], UINT64_MAX);
                        if (r < 0)
                                return fail("waiting", r);
                }
        printf("%i answers\n", answers);
        return EXIT_SUCCESS;
}

static int deaf(int n) {
        sd_bus *bus;
        int r = open_bus(&bus);

        for (int i = 0; i < n && r >= 0; i++) {
                sd_bus_message *m;

                r = new_call(bus, &m, "GetSettings");
                if (r >= 0)
                        r = sd_bus_send(bus, m, NULL);
                if (r >= 0)
                        r = sd_bus_flush(bus);
        }
        if (r < 0)
                return fail("asking", r);
        puts("sent");
        (void) fflush(stdout);
        for (;;)
                pause();
}

static int append_run(sd_bus_message *m, const char *tree, const char *environment) {
        return sd_bus_message_append(m, "ssasa{sv}", "", tree, 2, "sleep", "0", 3, "Ephemeral", "b", 1, "Remove", "b", 1,
                                     "Environment", "as", 1, environment);
}

static int leave(int n, const char *tree) {
        for (int i = 0; i < n; i++) {
                sd_bus_message *m;
                sd_bus *bus;
                int r = open_bus(&bus);

                if (r >= 0)
                        r = new_call(bus, &m, "RunMachine");
                if (r >= 0)
                        r = append_run(m, tree, "A=B");
                if (r >= 0)
                        r = sd_bus_send(bus, m, NULL);
                if (r < 0)
                        return fail("asking", r);
                sd_bus_flush_close_unref(bus);
        }
        return EXIT_SUCCESS;
}

static int big(const char *tree, size_t size) {
        char *environment = calloc(1, size + 3);
        sd_bus_error e = SD_BUS_ERROR_NULL;
        sd_bus_message *m;
        sd_bus *bus;
        int r = open_bus(&bus);

        memset(environment, 'x', size + 2);
        environment[1] = '=';
        if (r >= 0)
                r = new_call(bus, &m, "RunMachine");
        if (r >= 0)
                r = append_run(m, tree, environment);
        if (r >= 0)
                r = sd_bus_call(bus, m, 0, &e, NULL);
        return r < 0 ? fail(e.message ? e.message : "calling", r) : EXIT_SUCCESS;
}

static int on_refusal(sd_bus_message *m, void *userdata, sd_bus_error *e) {
        int *answers = userdata;

        (*answers)++;
        puts(sd_bus_message_is_method_error(m, NULL) ? sd_bus_message_get_error(m)->name : "done");
        (void) fflush(stdout);
        return 1;
}

static int pile(int n, size_t size) {
        char *environment = calloc(1, size + 3);
        int answers = 0, r;
        sd_bus *bus;

        memset(environment, 'x', size + 2);
        environment[1] = '=';
        r = open_bus(&bus);
        for (int i = 0; i < n && r >= 0; i++) {
                sd_bus_message *m;

                r = new_call(bus, &m, "RunMachine");
                if (r >= 0)
                        r = append_run(m, "/var/lib/machines/busybox", environment);
                if (r >= 0)
                        r = sd_bus_call_async(bus, NULL, m, on_refusal, &answers, UINT64_MAX);
                sd_bus_message_unref(m);
        }
        while (r >= 0 && answers < n) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        return r < 0 ? fail("asking", r) : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        if (argc == 3 && strcmp(argv[1], "ask") == 0)
                return ask(atoi(argv[2]));
        if (argc == 3 && strcmp(argv[1], "deaf") == 0)
                return deaf(atoi(argv[2]));
        if (argc == 4 && strcmp(argv[1], "leave") == 0)
                return leave(atoi(argv[2]), argv[3]);
        if (argc == 4 && strcmp(argv[1], "big") == 0)
                return big(argv[2], strtoul(argv[3], NULL, 10));
        if (argc == 4 && strcmp(argv[1], "pile") == 0)
                return pile(atoi(argv[2]), strtoul(argv[3], NULL, 10));
        fprintf(stderr, "usage: crowd ask N | deaf N | leave N TREE | big TREE BYTES | pile N BYTES\n");
        return EXIT_FAILURE;
}
