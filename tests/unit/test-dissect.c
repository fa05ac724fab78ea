/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dissect.h"
#include "fd-util.h"

/* The corpus of the fuzz target is made of real tables. */
static int image(const char *name) {
        _cleanup_free_ char *path = NULL, *data = NULL;
        _cleanup_close_ int file = -EBADF;
        size_t size;
        int fd = memfd_create("image", MFD_CLOEXEC);

        assert_true(asprintf(&path, "%s/%s", getenv("DISSECT_CORPUS"), name) > 0);
        file = open(path, O_RDONLY | O_CLOEXEC);
        assert_true(file >= 0 && fd >= 0);
        assert_int_equal(fd_read_all(file, 1024 * 1024, &data, &size), 0);
        assert_int_equal(fd_write_all(fd, data, size), 0);
        assert_int_equal(ftruncate(fd, 1024 * 1024), 0);
        return fd;
}

static void test_gpt(void **state) {
        _cleanup_close_ int fd = image("gpt");
        _cleanup_dissection_ Dissection d = {};

        assert_int_equal(dissect(fd, "image", NULL, &d, NULL), 0);
        /* The newest of two root partitions, by its label. */
        assert_true(d.partitions[PARTITION_ROOT].found);
        assert_string_equal(d.partitions[PARTITION_ROOT].label, "os_10");
        assert_int_equal(d.partitions[PARTITION_ROOT].offset, 128 * 512);
        assert_int_equal(d.partitions[PARTITION_ROOT].size, 64 * 512);
        assert_true(d.partitions[PARTITION_HOME].found && d.partitions[PARTITION_HOME].read_only);
        /* It says that nobody is to mount it by itself. */
        assert_false(d.partitions[PARTITION_VAR].found);
        assert_false(d.partitions[PARTITION_USR].found);
}

static void test_mbr(void **state) {
        _cleanup_close_ int fd = image("mbr");
        _cleanup_dissection_ Dissection d = {};

        assert_int_equal(dissect(fd, "image", NULL, &d, NULL), 0);
        assert_int_equal(d.partitions[PARTITION_ROOT].offset, 64 * 512);
}

static void test_bare(void **state) {
        _cleanup_close_ int fd = image("ext4");
        _cleanup_dissection_ Dissection d = {};

        assert_int_equal(dissect(fd, "image", NULL, &d, NULL), 0);
        assert_string_equal(d.partitions[PARTITION_ROOT].type, "ext4");
        assert_int_equal(d.partitions[PARTITION_ROOT].offset, 0);
}

static void test_nothing(void **state) {
        _cleanup_close_ int fd = memfd_create("image", MFD_CLOEXEC);
        _cleanup_error_ Error error = ERROR_NULL;
        Dissection d;

        assert_int_equal(ftruncate(fd, 65536), 0);
        assert_true(dissect(fd, "nothing.raw", NULL, &d, &error) < 0);
        assert_int_equal(error.kind, ERROR_NOT_A_TREE);
        assert_string_equal(error.object, "nothing.raw");
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(test_gpt), TEST(test_mbr), TEST(test_bare), TEST(test_nothing) };

        if (!getenv("DISSECT_CORPUS"))
                return 77;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
