/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Times commands against each other: interleave ROUNDS GAP-MS LABEL COMMAND… ';' LABEL COMMAND… ';' …
 *
 * Each round runs every command once, in turn, so that whatever the machine does meanwhile happens to all of
 * them; the first round is not counted. Prints for each: LABEL, median, 90th percentile, least and failures
 * (runs that did not end with status 0), in microseconds, separated by tabs.
 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 32 };

typedef struct Command {
        const char *label;
        char **argv;
        uint64_t *times;
        size_t failures;
} Command;

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}

static void fail(const char *what) {
        fprintf(stderr, "interleave: %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

/* From before the fork until it is reaped: what somebody who types it waits for. */
static uint64_t run(Command *command, const posix_spawn_file_actions_t *actions) {
        uint64_t begin = now_usec();
        pid_t pid;
        int status;

        errno = posix_spawnp(&pid, command->argv[0], actions, NULL, command->argv, environ);
        if (errno != 0)
                fail(command->argv[0]);
        if (waitpid(pid, &status, 0) < 0)
                fail("waitpid");
        command->failures += status != 0;
        return now_usec() - begin;
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

static size_t read_commands(int argc, char *argv[], Command *commands) {
        size_t n = 0;

        for (int i = 3; i < argc; i++) {
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
        Command commands[COMMANDS_MAX];
        posix_spawn_file_actions_t actions;
        size_t n, rounds;
        long gap;

        if (argc < 5) {
                fprintf(stderr, "usage: interleave ROUNDS GAP-MS LABEL COMMAND… ';' …\n");
                return EXIT_FAILURE;
        }
        rounds = strtoul(argv[1], NULL, 10);
        gap = strtol(argv[2], NULL, 10);
        n = read_commands(argc, argv, commands);

        (void) posix_spawn_file_actions_init(&actions);
        (void) posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        (void) posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

        for (size_t c = 0; c < n; c++) {
                commands[c].times = calloc(rounds + 1, sizeof(uint64_t));
                if (!commands[c].times || rounds == 0)
                        fail("allocating");
        }
        for (size_t round = 0; round <= rounds; round++)
                for (size_t c = 0; c < n; c++) {
                        struct timespec pause = { .tv_sec = gap / 1000, .tv_nsec = gap % 1000 * 1000000 };

                        commands[c].times[round] = run(&commands[c], &actions);
                        (void) nanosleep(&pause, NULL);
                }

        for (size_t c = 0; c < n; c++) {
                uint64_t *times = commands[c].times + 1;

                qsort(times, rounds, sizeof(uint64_t), compare);
                printf("%s\t%llu\t%llu\t%llu\t%zu\n", commands[c].label, (unsigned long long) times[rounds / 2],
                       (unsigned long long) times[rounds * 9 / 10], (unsigned long long) times[0], commands[c].failures);
                free(commands[c].times);
        }
        (void) posix_spawn_file_actions_destroy(&actions);
        return EXIT_SUCCESS;
}
