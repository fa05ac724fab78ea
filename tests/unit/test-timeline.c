/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include <stdlib.h>

#include "unit.h"

static char *printed(Timeline *timeline) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        assert_non_null(f);
        timeline_print(timeline, f);
        assert_int_equal(fclose(f), 0);
        return text;
}

static void in_order_of_time(void **state) {
        _cleanup_timeline_ Timeline timeline = { .begin = 1000 };
        _cleanup_free_ char *text = NULL;

        timeline_add(&timeline, "second", 1050);
        timeline_add(&timeline, "first", 1020);
        text = printed(&timeline);
        assert_string_equal(text, " total us   step us  done\n"
                                  "       20        20  first\n"
                                  "       50        30  second\n");
}

static void nobody_measures(void **state) {
        _cleanup_timeline_ Timeline timeline = TIMELINE_NULL;

        timeline_mark(&timeline, "a step");
        timeline_add(&timeline, "another", 5);
        assert_int_equal(timeline.n, 0);
        assert_null(timeline.marks);
}

static void now_goes_on(void **state) {
        _cleanup_timeline_ Timeline timeline = { .begin = timeline_now() };

        timeline_mark(&timeline, "a step");
        assert_int_equal(timeline.n, 1);
        assert_true(timeline.marks[0].usec >= timeline.begin);
}

int main(void) {
        static const struct CMUnitTest tests[] = { TEST(in_order_of_time), TEST(nobody_measures), TEST(now_goes_on) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
