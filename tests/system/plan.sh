# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth run --plan: what a start would do, and nothing done.
#
# Only on: namespaced

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

# One spec, many faces: command line, D-Bus and a unit's line make the same machine.
test_every_face_makes_the_same_plan() {
        berth run --plan --name faces --ephemeral --memory-max 64M -e A=1 -u daemon --cap-drop kill "$busybox" echo hi >cli
        busctl --json=short call org.berth1 /org/berth1 org.berth1.Manager PlanMachine 'ssasa{sv}' faces "$busybox" 2 echo hi \
                5 Ephemeral b true MemoryMax s 64M Environment as 1 A=1 User s daemon DropCapability as 1 kill | jq -rj '.data[0]' >dbus
        systemd-run --quiet --wait --pipe -p Delegate=yes \
                berth run --plan --keep-unit --name faces --ephemeral --memory-max 64M -e A=1 -u daemon --cap-drop kill "$busybox" echo hi >unit
        check diff cli dbus
        check diff cli unit
        assert_contains "$(cat cli)" "environment   A=1"
}
