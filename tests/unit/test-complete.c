/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "complete.h"

#include "string-util.h"

#include "unit.h"

static void machines(char ***names) {
        assert_int_equal(strv_append(names, "web"), 0);
        assert_int_equal(strv_append(names, "db"), 0);
}

static void trees(char ***names) {
        assert_int_equal(strv_append(names, "debian"), 0);
}

static void images(char ***names) {
        assert_int_equal(strv_append(names, "fedora"), 0);
}

static const CompleteSources sources = { machines, trees, images };

/* The candidates without their help, joined by blanks. */
static char *offered(char **words) {
        _cleanup_free_ char *text = NULL;
        _cleanup_strv_free_ char **lines = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        assert_int_equal(complete(words, &sources, f), 0);
        assert_int_equal(fclose(f), 0);
        assert_int_equal(strv_split(text, "\n", &lines), 0);
        STRV_FOREACH(line, lines)
                (*line)[strcspn(*line, "\t")] = '\0';
        return strv_join(lines, " ");
}

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

static void assert_offered(char **words, const char *expected) {
        _cleanup_free_ char *text = offered(words);

        assert_string_equal(text, expected);
}

static void verbs_and_aliases(void **state) {
        _cleanup_free_ char *all = offered(WORDS((char *) ""));

        assert_non_null(strstr(all, "run"));
        assert_non_null(strstr(all, "ps"));
        assert_offered(WORDS((char *) "term"), "terminate");
        assert_offered(WORDS((char *) "--v"), "--version");
        assert_offered(WORDS((char *) "nonsense", (char *) ""), "");
}

static void operands(void **state) {
        assert_offered(WORDS((char *) "stop", (char *) ""), "web db");
        assert_offered(WORDS((char *) "stop", (char *) "web", (char *) "d"), "db");
        assert_offered(WORDS((char *) "run", (char *) "de"), "debian :directories");
        assert_offered(WORDS((char *) "run", (char *) "debian", (char *) ""), ":commands");
        assert_offered(WORDS((char *) "rmi", (char *) ""), "fedora");
        assert_offered(WORDS((char *) "clone", (char *) "fedora", (char *) ""), "");
        assert_offered(WORDS((char *) "list", (char *) ""), "");
}

static void options(void **state) {
        _cleanup_free_ char *all = offered(WORDS((char *) "run", (char *) "--"));

        assert_non_null(strstr(all, "--memory-max"));
        assert_non_null(strstr(all, "--timing"));
        assert_offered(WORDS((char *) "run", (char *) "--memory-m"), "--memory-min --memory-max");
        /* Behind the tree they are the command's, and "--" ends them. */
        assert_offered(WORDS((char *) "run", (char *) "debian", (char *) "--memory-m"), ":commands");
        assert_offered(WORDS((char *) "stop", (char *) "--", (char *) "w"), "web");
}

static void values(void **state) {
        assert_offered(WORDS((char *) "run", (char *) "--read-only="), "--read-only=yes --read-only=no");
        assert_offered(WORDS((char *) "run", (char *) "--workdir", (char *) "/"), ":files");
        assert_offered(WORDS((char *) "run", (char *) "--workdir=/us"), ":files --workdir=");
        /* The value of an option is no operand, a switch has none. */
        assert_offered(WORDS((char *) "run", (char *) "-m", (char *) "64M", (char *) "de"), "debian :directories");
        assert_offered(WORDS((char *) "run", (char *) "--detach", (char *) "de"), "debian :directories");
        assert_offered(WORDS((char *) "run", (char *) "-m", (char *) ""), "");
}

static void properties(void **state) {
        /* Settings that are limits, once each, and what else a unit has. */
        assert_offered(WORDS((char *) "run", (char *) "--property=CPUQ"), "--property=CPUQuota= --property=CPUQuotaPeriodSec=");
        assert_offered(WORDS((char *) "run", (char *) "--property", (char *) "MemoryMa"), "MemoryMax=");
        assert_offered(WORDS((char *) "create", (char *) "--property=RuntimeM"), "--property=RuntimeMaxSec=");
        assert_offered(WORDS((char *) "set-property", (char *) "web", (char *) "MemoryA"), "MemoryAccounting=");
        assert_offered(WORDS((char *) "set-property", (char *) "web", (char *) "TasksMax=1", (char *) "TasksM"), "TasksMax=");
        assert_offered(WORDS((char *) "set-property", (char *) "web", (char *) "Bind"), "");
        assert_offered(WORDS((char *) "set-property", (char *) ""), "web db");
}

static void of_nspawn(void **state) {
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "--eph"), "--ephemeral");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "--register=y"), "--register=yes");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "-M", (char *) ""), "debian");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "--machine=d"), "--machine=debian");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "-D", (char *) ""), ":directories");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "-b", (char *) ""), ":commands");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "-D", (char *) "/tree", (char *) ""), ":commands");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "-D/tree", (char *) "ls", (char *) "-"), ":files");
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "--bind=/"), ":files --bind=");
        /* What is refused is not offered. */
        assert_offered(WORDS((char *) "berth-nspawn", (char *) "--oci"), "");
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(verbs_and_aliases), TEST(operands), TEST(options), TEST(values),
                                            TEST(properties), TEST(of_nspawn) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
