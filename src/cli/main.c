/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth: the command line. */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "complete.h"
#include "config.h"
#include "help.h"
#include "log.h"
#include "nspawn.h"
#include "pager.h"
#include "verbs.h"

/* Descriptors are passed on by their numbers 0, 1 and 2: nothing else may have got one of them. */
static int open_standard_descriptors(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) < 0)
                        return negative_errno();
        return 0;
}

static int print_help(const char *name, bool paged, Error *error) {
        const Verb *verb = name ? verb_find(name, error) : NULL;
        Pager pager = PAGER_NULL;
        int r;

        if (name && !verb)
                return -EINVAL;
        if (paged)
                pager_open(&pager);
        r = verb ? help_verb(verb, error) : help_main(error);
        pager_close(&pager);
        return r;
}

static int run(char **arguments, Error *error) {
        bool paged = !*arguments || !streq(*arguments, "--no-pager");
        const char *word = *(paged ? arguments : ++arguments);
        const Verb *verb;

        if (!word) {
                (void) print_help(NULL, paged, error);
                return EXIT_FAILURE;
        }
        if (streq(word, "--help") || streq(word, "-h") || streq(word, "help"))
                return print_help(arguments[1], paged, error);
        if (streq(word, "__complete"))
                return complete_main(arguments + 1);
        if (streq(word, "--version")) {
                puts("berth " BERTH_VERSION);
                return EXIT_SUCCESS;
        }
        if (word[0] == '-')
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", word,
                                 "berth itself takes --help, --version and --no-pager; other options stand behind the verb");

        verb = verb_find(word, error);
        return verb ? verb_call(verb, arguments + 1, paged) : -EINVAL;
}

int main(int argc, char **argv) {
        bool nspawn = argc > 0 && nspawn_is_called(argv[0]);
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        log_setup(nspawn ? "berth-nspawn" : "berth");

        r = open_standard_descriptors();
        if (r >= 0)
                r = argc <= 0 ? -EINVAL : nspawn ? nspawn_main(argv + 1) : run(argv + 1, &error);
        if (r < 0)
                r = failure_report(r, &error, false);

        /* What was printed has to have got somewhere. */
        if (fflush(stdout) != 0 && r == EXIT_SUCCESS)
                r = failure_report(error_set_errno(&error, negative_errno(), "writing to standard output", NULL), &error, false);
        return r;
}
