# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth run --plan: what a start would do, and nothing done.

busybox=/var/lib/machines/busybox

test_plan_prints_resolved_values() {
        local out
        out=$(berth run --plan --name planned --memory 64M --ephemeral "$busybox" echo hello)
        assert_contains "$out" "berth-planned.scope in machine.slice"
        assert_contains "$out" "MemoryMax=64M"
        assert_contains "$out" "tree          $busybox ephemeral"
        assert_matches "$out" "id map        0 [0-9]+ 65536"
        assert_contains "$out" "exec          echo hello"
        assert_contains "$out" "mask /proc/kcore"
}

test_plan_does_nothing() {
        local before
        before=$(sort /proc/1/mountinfo; systemctl list-units --all --plain --no-legend 'berth-*.scope')
        berth run --plan --name planned --ephemeral "$busybox" touch /mark >/dev/null
        assert_eq "$(sort /proc/1/mountinfo; systemctl list-units --all --plain --no-legend 'berth-*.scope')" "$before"
        refute berth status planned
        [[ ! -e /run/berth/machines/planned && ! -e /var/lib/berth/machines/planned ]] || fail "the plan left an entry"
}

test_plan_is_checked() {
        assert_contains "$(error_of berth run --plan /no/such/tree true)" /no/such/tree
        assert_contains "$(error_of berth run --plan --memory x "$busybox" true)" --memory
}

test_plan_in_a_unit() {
        assert_contains "$(berth run --plan --keep-unit --name planned --ephemeral "$busybox" true)" "machine       planned"
}
