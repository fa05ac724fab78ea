# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The scope that is made before anybody asks for it, where starts come regularly.

busybox=/var/lib/machines/busybox

reserved() {
        pgrep -f '^berth-supervisor --reserved'
}

# unit_of PID: of a supervisor, once systemd is done with it.
unit_of() {
        local unit
        unit=$(basename "$(cgroup_of "$1")")
        [[ $unit == berth-*.scope && $(systemctl show -P ActiveState "$unit") == active && -z $(systemctl show -P Job "$unit" | grep -vx 0) ]] &&
                echo "$unit"
}

# make_ready OPTION…: two starts, after which one is ready; its supervisor is $pid and its unit $unit.
make_ready() {
        berth run --rm --ephemeral "$@" "$busybox" true
        berth run --rm --ephemeral "$@" "$busybox" true
        wait_until 60 reserved >/dev/null
        pid=$(reserved)
        wait_until 60 unit_of "$pid" >/dev/null
        unit=$(unit_of "$pid")
}

# What was ready before, with the properties of other tests' machines, and the memory of their starts.
begin_anew() {
        systemctl stop berthd.service
        wait_until 60 eval '! reserved'
}

# start_one OPTION…: a machine without a name, which is then $name.
start_one() {
        name=$(berth run -d --rm --ephemeral "$@" "$busybox" sleep 1000)
        at_end berth kill "$name"
}

test_regular_starts_find_a_scope() {
        local pid unit name leader line
        begin_anew
        berth run --rm --ephemeral "$busybox" true
        sleep 1
        # Nobody knows yet that they are regular.
        refute reserved
        make_ready
        assert_eq "$(systemctl show -P Slice "$unit")" machine.slice
        assert_lacks "$(berth list --all)" "$(basename "$unit" .scope)"

        start_one
        assert_eq "$unit" "berth-$name.scope"
        assert_eq "$(supervisor_of "$name")" "$pid"
        assert_eq "$(cgroup_of "$pid")" "/machine.slice/$unit"
        leader=$(leader_of "$name")
        assert_eq "$(cgroup_of "$leader")" "/machine.slice/$unit/payload"
        assert_eq "$(scope_property "$name" Description)" "Machine $name"
        assert_eq "$(machine_property "$name" State)" running
        # In every hierarchy where systemd has made the scope, and not where it was born.
        while IFS= read -r line; do
                assert_lacks "$line" berthd.service
        done <"/proc/$leader/cgroup"
        assert_eq "$(berth exec "$name" hostname)" "$name"
        # And there is one for the next.
        wait_until 60 reserved >/dev/null
        berth stop "$name"
        wait_until 60 scope_is_gone "$name"
}

memory_limit_of() {
        cat "$(scope_file "$1" memory.max memory memory.limit_in_bytes)"
}

test_a_scope_of_other_properties_is_not_taken() {
        local pid unit name
        begin_anew
        make_ready
        start_one --memory-max=64M
        assert_ne "$unit" "berth-$name.scope"
        assert_eq "$(memory_limit_of "$name")" $((64 * 1024 * 1024))
        assert_eq "$(reserved)" "$pid"

        begin_anew
        make_ready --memory-max=64M
        start_one --memory-max=64M
        assert_eq "$(supervisor_of "$name")" "$pid"
        assert_eq "$(memory_limit_of "$name")" $((64 * 1024 * 1024))
        assert_status 137 berth run --rm --ephemeral --memory-max=64M "$busybox" sh -c 'x=$(head -c 200000000 /dev/zero | tr "\0" x)'
        wait_until 60 reserved >/dev/null
        start_one
        assert_eq "$(scope_property "$name" MemoryMax)" infinity
}

# A payload that manages controllers, in a scope that was there before its supervisor had it.
test_a_payload_with_controllers_in_a_ready_scope() {
        local pid unit name
        begin_anew
        make_ready
        start_one --nesting
        assert_eq "$(supervisor_of "$name")" "$pid"
        assert_eq "$(cgroup_of "$(leader_of "$name")")" "/machine.slice/$unit/payload"
        if on_cgroup_v2; then
                assert_eq "$(cgroup_of "$pid")" "/machine.slice/$unit/supervisor"
                assert_matches "$(cat "/sys/fs/cgroup/machine.slice/$unit/payload/cgroup.controllers")" memory
        fi
}

# Only on: namespaced namespaced/trixie
test_what_nobody_takes_goes() {
        local pid unit
        begin_anew
        # berthd is not to leave before.
        berth run -d --rm --ephemeral --name stays "$busybox" sleep 1000
        at_end berth kill stays
        make_ready
        check kill -0 "$pid"
        wait_until 60 eval "! kill -0 $pid 2>/dev/null"
        wait_until 60 eval "! systemctl is-active --quiet $unit"
        refute reserved
        assert_eq "$(systemctl show -P Result "$unit")" success

        # One that is stopped goes at once, and the next start needs none.
        make_ready
        check systemctl stop "$unit"
        refute kill -0 "$pid"
        berth run --rm --ephemeral "$busybox" true
}

# Only on: namespaced namespaced/trixie
test_killed_while_it_waits() {
        local pid unit
        begin_anew
        make_ready
        kill -KILL "$pid"
        berth run --rm --ephemeral "$busybox" true
        wait_until 60 eval "! systemctl is-active --quiet $unit"
        make_ready
        check kill -0 "$pid"

        # The manager, too.
        kill_manager
        wait_until 60 eval "! kill -0 $pid 2>/dev/null"
        wait_until 60 eval "! systemctl is-active --quiet $unit"
}

# Only on: namespaced namespaced/trixie
test_a_start_that_fails_gives_it_back() {
        local pid unit name
        begin_anew
        make_ready
        assert_contains "$(error_of berth run --rm --ephemeral --network=nonesuch "$busybox" true)" nonesuch
        assert_eq "$(reserved)" "$pid"
        start_one
        assert_eq "$(supervisor_of "$name")" "$pid"

        # One that fails in it takes it along.
        make_ready
        assert_contains "$(error_of berth run --rm --ephemeral "$busybox" /no/such/program)" /no/such/program
        wait_until 60 eval "! systemctl is-active --quiet $unit"
        refute kill -0 "$pid"
}

# Property= may be RuntimeMaxSec=; a scope must not open what an image needs; a name that is given, or kept, is another.
# Only on: namespaced namespaced/trixie
test_who_takes_none() {
        local pid unit name
        begin_anew
        make_ready
        start_one --property=RuntimeMaxSec=1000
        assert_ne "$unit" "berth-$name.scope"
        start_one --name=given
        start_one --device=/dev/fuse
        assert_ne "$unit" "berth-$name.scope"
        start_one --pid=host --userns=host
        assert_ne "$unit" "berth-$name.scope"
        name=$(berth run -d --ephemeral "$busybox" sleep 1000)
        at_end berth rm --force "$name"
        assert_ne "$unit" "berth-$name.scope"
        # One that writes to its tree is called as it is.
        make_tree own
        assert_eq "$(berth run -d --rm ./own sleep 1000)" own
        at_end berth kill own
        assert_eq "$(reserved)" "$pid"
}

# Only on: namespaced namespaced/trixie
test_crowds_and_killed_managers() {
        local round unit
        begin_anew
        for round in {1..6}; do
                seq 30 | xargs -P 6 -I{} berth run --rm --ephemeral "$busybox" sh -c 'echo {}' >>numbers 2>>errors &
                sleep "0.$((round * 7 % 10))"
                # Some may lose their answer, nobody more than that.
                [[ $round -lt 4 ]] || kill_manager
                wait $! || [[ $round -ge 4 ]] || fail "a start failed: $(cat errors)"
                [[ $round -ge 4 ]] || assert_eq "$(sort -un numbers | wc -l):$(wc -l <numbers)" "30:$((round * 30))"
        done
        systemctl stop berthd.service
        wait_until 60 eval '! reserved'
        berth list >/dev/null
        wait_until 60 eval '[[ -z $(systemctl list-units --no-legend --plain "berth-busybox*.scope") ]]'
}
