/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>

#include "fd-util.h"
#include "lock-file.h"
#include "range.h"

static UserNamespace fixed(uint32_t base, uint32_t count) {
        return (UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = base, .count = count };
}

static unsigned files_in(int dir) {
        DIR *stream = fdopendir(openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        unsigned n = 0;

        assert_non_null(stream);
        for (struct dirent *item; (item = readdir(stream));)
                n += item->d_name[0] != '.';
        (void) closedir(stream);
        return n;
}

static void a_name_repeats(void **state) {
        char path[64];
        int dir = test_directory(path), a, b, c;
        UserNamespace first, second, third;

        assert_int_equal(range_pick(path, "web", &first, &a, NULL), 0);
        assert_int_equal(first.mode, USER_NAMESPACE_FIXED);
        assert_int_equal(first.count, USER_NAMESPACE_COUNT);
        assert_int_equal(first.base % USER_NAMESPACE_COUNT, 0);
        assert_true(first.base >= USER_NAMESPACE_FIRST && first.base <= USER_NAMESPACE_LAST);

        /* In use: the next one. */
        assert_int_equal(range_pick(path, "web", &second, &b, NULL), 0);
        assert_int_not_equal(second.base, first.base);

        /* Free again: the same. */
        fd_close(a);
        assert_int_equal(range_pick(path, "web", &third, &c, NULL), 0);
        assert_int_equal(third.base, first.base);

        fd_close(b);
        fd_close(c);
        range_sweep(path, &first);
        range_sweep(path, &second);
        assert_int_equal(files_in(dir), 0);
        test_directory_done(path, dir);
}

static void nspawns_lock_counts(void **state) {
        char path[64], name[16];
        int dir = test_directory(path), nspawn, ours;
        UserNamespace first, second;

        assert_int_equal(range_pick(path, "web", &first, &ours, NULL), 0);
        fd_close(ours);

        (void) snprintf(name, sizeof(name), "%u", first.base);
        nspawn = lock_file_try(dir, name);
        assert_true(nspawn >= 0);
        assert_int_equal(range_pick(path, "web", &second, &ours, NULL), 0);
        assert_int_not_equal(second.base, first.base);

        /* What somebody holds is not swept away. */
        range_sweep(path, &first);
        assert_int_equal(lock_file_is_held(dir, name), 1);

        fd_close(nspawn);
        fd_close(ours);
        test_directory_done(path, dir);
}

static void ranges_conflict_where_they_overlap(void **state) {
        UserNamespace whole = fixed(65536 * 10, 65536), wide = fixed(65536 * 9 + 100, 65536 * 3);
        UserNamespace low = fixed(65536 * 10, 1000), high = fixed(65536 * 10 + 1000, 1000), across = fixed(65536 * 10 + 999, 2);
        char path[64];
        int dir = test_directory(path), a, b, c;
        _cleanup_error_ Error error = ERROR_NULL;

        assert_int_equal(range_lock(path, &low, &a, NULL), 0);
        assert_int_equal(range_lock(path, &high, &b, NULL), 0);
        assert_true(range_lock(path, &across, &c, &error) < 0);
        assert_int_equal(error.kind, ERROR_NO_RANGE);
        assert_true(range_lock(path, &whole, &c, NULL) < 0);
        assert_true(range_lock(path, &wide, &c, NULL) < 0);

        fd_close(a);
        fd_close(b);
        assert_int_equal(range_lock(path, &whole, &a, NULL), 0);
        assert_true(range_lock(path, &low, &b, NULL) < 0);
        fd_close(a);
        test_directory_done(path, dir);
}

/* Many slots are held by one descriptor, and go with it. */
static void many_slots(void **state) {
        UserNamespace wide = fixed(65536 * 9 + 100, 65536 * 40), inside = fixed(65536 * 48, 65536);
        char path[64];
        int dir = test_directory(path), a, b;
        unsigned before = test_open_descriptors();

        assert_int_equal(range_lock(path, &wide, &a, NULL), 0);
        assert_int_equal(test_open_descriptors(), before + 1);
        assert_int_equal(files_in(dir), 41);
        assert_true(range_lock(path, &inside, &b, NULL) < 0);

        fd_close(a);
        assert_int_equal(range_lock(path, &inside, &b, NULL), 0);
        fd_close(b);
        range_sweep(path, &wide);
        assert_int_equal(files_in(dir), 0);
        test_directory_done(path, dir);
}

/* Ids that somebody has joined stay taken when their owner is gone, for everybody; several can join. */
static void joined_ids_stay_taken(void **state) {
        UserNamespace mine = fixed(65536 * 9, 65536), part = fixed(65536 * 9 + 100, 50);
        char path[64];
        int dir = test_directory(path), owner, one, two, other;

        assert_int_equal(range_lock(path, &mine, &owner, NULL), 0);
        assert_int_equal(range_join(path, &mine, &one, NULL), 0);
        assert_int_equal(range_join(path, &mine, &two, NULL), 0);
        fd_close(owner);
        assert_true(range_lock(path, &mine, &other, NULL) < 0);
        assert_true(range_lock(path, &part, &other, NULL) < 0);
        range_sweep(path, &mine);
        assert_int_equal(files_in(dir), 1);

        fd_close(one);
        assert_true(range_lock(path, &mine, &other, NULL) < 0);
        fd_close(two);
        assert_int_equal(range_lock(path, &mine, &other, NULL), 0);
        fd_close(other);

        /* Of nobody's: then they are whoever joins them's own. */
        assert_int_equal(range_join(path, &mine, &one, NULL), 0);
        assert_true(range_lock(path, &part, &other, NULL) < 0);
        fd_close(one);
        range_sweep(path, &mine);
        assert_int_equal(files_in(dir), 0);
        test_directory_done(path, dir);
}

static void bounds(void **state) {
        UserNamespace all = fixed(1, UINT32_MAX - 2), last = fixed(UINT32_MAX - 1, 1);
        char path[64];
        int dir = test_directory(path), fd;
        _cleanup_error_ Error error = ERROR_NULL;

        assert_true(range_lock(path, &all, &fd, &error) < 0);
        assert_int_equal(error.kind, ERROR_INVALID_VALUE);
        assert_int_equal(range_lock(path, &last, &fd, NULL), 0);
        fd_close(fd);
        test_directory_done(path, dir);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(a_name_repeats), TEST(nspawns_lock_counts), TEST(ranges_conflict_where_they_overlap), TEST(many_slots),
                TEST(joined_ids_stay_taken), TEST(bounds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
