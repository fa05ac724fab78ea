/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <errno.h>
#include <sys/stat.h>

#include "state.h"
#include "string-util.h"

static void tables(void **state) {
        for (MachineState s = 0; s < _MACHINE_STATE_MAX; s++)
                assert_int_equal(machine_state_from_string(machine_state_to_string(s)), s);
        for (MachineResult r = 0; r < _MACHINE_RESULT_MAX; r++)
                assert_int_equal(machine_result_from_string(machine_result_to_string(r)), r);
        for (HealthState h = 0; h < _HEALTH_STATE_MAX; h++)
                assert_int_equal(health_state_from_string(health_state_to_string(h)), h);
        assert_int_equal(machine_state_from_string("nonsense"), _MACHINE_STATE_INVALID);
        assert_int_equal(machine_state_from_string(NULL), _MACHINE_STATE_INVALID);
        assert_int_equal(machine_result_from_string(""), _MACHINE_RESULT_INVALID);

        assert_true(machine_state_is_alive(MACHINE_STOPPING));
        assert_false(machine_state_is_alive(MACHINE_EXITED));
        assert_false(machine_state_is_alive(_MACHINE_STATE_INVALID));
}

static State full_state(void) {
        State s = {
                .state = MACHINE_FAILED,
                .uid_base = 4294901760,
                .uid_count = 65536,
                .supervisor = { 100, UINT64_C(1) << 62, 5 },
                .leader = { 4194304, 7, UINT64_C(1) << 62 },
                .started_usec = UINT64_C(1700000000000001),
                .finished_usec = UINT64_C(1700000000000002),
                .result = RESULT_SIGNAL,
                .status = 9,
                .restarts = 3,
                .restart_usec = UINT64_C(1700000000000003),
                .health = HEALTH_UNHEALTHY,
                .health_failures = 4,
                .stopped = true,
                .keep_unit = true,
        };

        assert_int_equal(str_replace(&s.name, "web"), 0);
        assert_int_equal(str_replace(&s.unit, "berth-web.scope"), 0);
        assert_int_equal(str_replace(&s.root, "/srv/\"ü\""), 0);
        assert_int_equal(str_replace(&s.reason, "no\nluck"), 0);
        assert_int_equal(str_replace(&s.health_output, "no answer"), 0);
        assert_int_equal(str_replace(&s.survivors, "sync (5, state D)"), 0);
        assert_int_equal(str_replace(&s.status_text, "so far so good"), 0);
        return s;
}

static void check_equal(const State *a, const State *b) {
        assert_true(streq_ptr(a->name, b->name) && streq_ptr(a->unit, b->unit) && streq_ptr(a->root, b->root) &&
                    streq_ptr(a->reason, b->reason) && streq_ptr(a->status_text, b->status_text) &&
                    streq_ptr(a->health_output, b->health_output) && streq_ptr(a->survivors, b->survivors));
        assert_int_equal(a->health, b->health);
        assert_int_equal(a->health_failures, b->health_failures);
        assert_int_equal(a->restarts, b->restarts);
        assert_true(a->restart_usec == b->restart_usec && a->stopped == b->stopped);
        assert_int_equal(a->state, b->state);
        assert_int_equal(a->uid_base, b->uid_base);
        assert_int_equal(a->uid_count, b->uid_count);
        assert_memory_equal(&a->supervisor, &b->supervisor, sizeof(ProcessId));
        assert_memory_equal(&a->leader, &b->leader, sizeof(ProcessId));
        assert_true(a->started_usec == b->started_usec && a->finished_usec == b->finished_usec);
        assert_int_equal(a->result, b->result);
        assert_int_equal(a->status, b->status);
        assert_int_equal(a->keep_unit, b->keep_unit);
}

static void everything_comes_back(void **state) {
        _cleanup_state_ State full = full_state(), bare = STATE_NULL, back = STATE_NULL;
        _cleanup_free_ char *json = NULL, *short_json = NULL;

        assert_int_equal(state_to_json(&full, &json), 0);
        assert_int_equal(state_from_json(json, &back, NULL), 0);
        check_equal(&full, &back);
        state_done(&back);

        assert_int_equal(str_replace(&bare.name, "a"), 0);
        assert_int_equal(state_to_json(&bare, &short_json), 0);
        assert_int_equal(state_from_json(short_json, &back, NULL), 0);
        check_equal(&bare, &back);
}

static void files(void **state) {
        _cleanup_state_ State full = full_state(), back = STATE_NULL;
        char path[64];
        int dir = test_directory(path);
        struct stat st;

        assert_int_equal(state_read_at(dir, "state.json", &back), -ENOENT);
        assert_int_equal(state_write_at(dir, "state.json", &full), 0);
        assert_int_equal(fstatat(dir, "state.json", &st, 0), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(state_read_at(dir, "state.json", &back), 0);
        check_equal(&full, &back);

        test_write_file(dir, "state.json", "{\"name\":\"web\"");
        assert_int_equal(state_read_at(dir, "state.json", &back), -EINVAL);
        check_equal(&full, &back);
        test_directory_done(path, dir);
}

static void refused(void **state) {
        static const char *const texts[] = { "", "[]", "{}", "null", "{\"name\":\"web\"}" };
        _cleanup_state_ State full = full_state(), back = STATE_NULL;
        _cleanup_free_ char *json = NULL;
        char *word;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_error_ Error error = ERROR_NULL;

                assert_int_equal(state_from_json(texts[i], &back, &error), -EINVAL);
                assert_int_equal(error.kind, ERROR_INVALID_VALUE);
        }

        /* A state that a newer berth may know. */
        assert_int_equal(state_to_json(&full, &json), 0);
        word = strstr(json, "failed");
        assert_non_null(word);
        memcpy(word, "flying", 6);
        assert_int_equal(state_from_json(json, &back, NULL), -EINVAL);
        assert_null(back.name);
}

int main(void) {
        const struct CMUnitTest tests[] = { TEST(tables), TEST(everything_comes_back), TEST(files), TEST(refused) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
