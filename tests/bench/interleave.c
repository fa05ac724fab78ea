/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Times commands against each other: interleave [--shuffle] [--alone] ROUNDS GAP-MS LABEL COMMAND… ';' LABEL COMMAND… ';' …
 *
 * Each round runs every command once, in turn, so that whatever the machine does meanwhile happens to all of
 * them; the first round is not counted. With --shuffle each round has an order of its own, so that none has always the same
 * one before it. With --alone, once a round, each runs a few times in a loop of its own, after a pause in which what the others
 * leave behind is over; the first time of each loop is not counted. Prints for each: LABEL, median, 90th percentile, least and
 * failures (runs that did not end with status 0), in microseconds, separated by tabs.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 32, ALONE_TIMES = 5, ALONE_PAUSE_MSEC = 1500 };

typedef struct Command {
        const char *label;
        char **argv;
        uint64_t *times;
        size_t n, failures;
} Command;

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

__attribute__((noreturn)) static void fail(const char *what) {
        fprintf(stderr, "interleave: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static void pause_msec(long msec) {
        (void) nanosleep(&(struct timespec){ .tv_sec = msec / 1000, .tv_nsec = msec % 1000 * 1000000 }, NULL);
}

/* From before the fork until it is reaped: what somebody who types it waits for. */
static uint64_t run(Command *command, const posix_spawn_file_actions_t *actions, long gap) {
        uint64_t begin = now_usec(), taken;
        pid_t pid;
        int status;

        errno = posix_spawnp(&pid, command->argv[0], actions, NULL, command->argv, environ);
        if (errno != 0)
                fail(command->argv[0]);
        if (waitpid(pid, &status, 0) < 0)
                fail("waitpid");
        taken = now_usec() - begin;
        command->failures += status != 0;
        pause_msec(gap);
        return taken;
}

static void run_alone(Command *command, const posix_spawn_file_actions_t *actions, long gap) {
        pause_msec(ALONE_PAUSE_MSEC);
        (void) run(command, actions, gap);
        for (size_t i = 0; i < ALONE_TIMES; i++)
                command->times[command->n++] = run(command, actions, gap);
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static void print(Command *command) {
        uint64_t *times = command->times;

        qsort(times, command->n, sizeof(uint64_t), compare);
        printf("%s\t%llu\t%llu\t%llu\t%zu\n", command->label, (unsigned long long) times[command->n / 2],
               (unsigned long long) times[command->n * 9 / 10], (unsigned long long) times[0], command->failures);
}

/* Each order is as likely, and the orders of every run are the same. */
static void mix(size_t *order, size_t n) {
        for (size_t i = n; i > 1; i--) {
                size_t j = (size_t) random() % i, other = order[j];

                order[j] = order[i - 1];
                order[i - 1] = other;
        }
}

static size_t read_commands(int argc, char *argv[], Command *commands) {
        size_t n = 0;

        for (int i = 0; i < argc; i++) {
                if (n == COMMANDS_MAX || i + 1 >= argc) {
                        fprintf(stderr, "interleave: too many commands, or one without words\n");
                        exit(EXIT_FAILURE);
                }
                commands[n] = (Command){ .label = argv[i], .argv = argv + i + 1 };
                while (i < argc && strcmp(argv[i], ";") != 0)
                        i++;
                if (i < argc)
                        argv[i] = NULL;
                n++;
        }
        return n;
}

int main(int argc, char *argv[]) {
        static const struct option options[] = { { "shuffle", no_argument, NULL, 's' },
                                                 { "alone", no_argument, NULL, 'a' },
                                                 { 0 } };
        Command commands[COMMANDS_MAX];
        size_t order[COMMANDS_MAX];
        posix_spawn_file_actions_t actions;
        bool shuffle = false, alone = false, wrong = false;
        size_t n, rounds;
        long gap;
        int c;

        while ((c = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
                shuffle |= c == 's';
                alone |= c == 'a';
                wrong |= c == '?';
        }
        if (wrong || argc - optind < 4) {
                fprintf(stderr, "usage: interleave [--shuffle] [--alone] ROUNDS GAP-MS LABEL COMMAND… ';' …\n");
                return EXIT_FAILURE;
        }
        rounds = strtoul(argv[optind], NULL, 10);
        gap = strtol(argv[optind + 1], NULL, 10);
        n = read_commands(argc - optind - 2, argv + optind + 2, commands);

        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        (void) posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

        for (size_t i = 0; i < n; i++) {
                order[i] = i;
                commands[i].times = calloc(rounds, ALONE_TIMES * sizeof(uint64_t));
                if (!commands[i].times || rounds == 0)
                        fail("allocating");
        }
        for (size_t round = 0; round < rounds + !alone; round++) {
                if (shuffle)
                        mix(order, n);
                for (size_t i = 0; i < n; i++) {
                        Command *command = &commands[order[i]];

                        if (alone)
                                run_alone(command, &actions, gap);
                        else if (round == 0)
                                (void) run(command, &actions, gap);
                        else
                                command->times[command->n++] = run(command, &actions, gap);
                }
        }

        for (size_t i = 0; i < n; i++) {
                print(&commands[i]);
                free(commands[i].times);
        }
        (void) posix_spawn_file_actions_destroy(&actions);
        return EXIT_SUCCESS;
}
