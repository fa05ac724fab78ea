# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The manager is a view: it comes when it is called, goes when nothing runs, and nothing is lost without it.

busybox=/var/lib/machines/busybox

manager_pid() {
        systemctl show -P MainPID berthd.service
}

manager_is_gone() {
        [[ $(manager_pid) == 0 ]]
}

# Only on: namespaced
test_activated_by_the_bus_and_leaves_when_idle() {
        systemctl stop berthd.service
        check busctl call org.berth1 /org/berth1 org.berth1.Manager ListMachines >/dev/null
        assert_eq "$(systemctl is-active berthd.service)" active
        wait_until 120 manager_is_gone
        assert_eq "$(systemctl show -P Result berthd.service)" success
        check berth list
}

# Only on: namespaced
test_stays_while_a_machine_runs() {
        berth run -d --rm --ephemeral --name keeps "$busybox" sleep 1000
        sleep 15
        assert_ne "$(manager_pid)" 0
        berth stop keeps
        wait_until 120 manager_is_gone
}

# Only on: namespaced vm/trixie
test_killed_manager_loses_nothing() {
        local before leader
        berth run -d --name survivor --ephemeral -m 64M "$busybox" sh -c 'sleep 1000; exit 1'
        leader=$(leader_of survivor)
        before=$(busctl --json=short call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ListNames >/dev/null; properties survivor)

        kill_manager
        check kill -0 "$leader"
        assert_eq "$(properties survivor)" "$before"
        assert_eq "$(leader_of survivor)" "$leader"
        assert_contains "$(berth list)" survivor

        # The new one can do all that the old one could.
        berth kill survivor
        wait_until 60 is_state survivor exited
        assert_eq "$(machine_property survivor ExitStatus)" 9
        berth rm survivor
}

properties() {
        busctl --json=short call org.berth1 "/org/berth1/machine/$1" org.freedesktop.DBus.Properties GetAll s org.berth1.Machine
}

# Only on: namespaced namespaced/trixie
test_killed_manager_does_not_end_a_foreground_run() {
        berth run --rm --ephemeral --name fore "$busybox" sh -c 'read line; echo "got $line"; exit 6' < <(wait_for go; echo text) >out &
        local pid=$! status=0
        wait_until 60 is_state fore running
        kill_manager
        touch go
        wait "$pid" || status=$?
        assert_eq "$status" 6
        assert_eq "$(cat out)" "got text"
        berth list >/dev/null
        wait_until 60 scope_is_gone fore
}

wait_for() {
        until [[ -e $1 ]]; do
                sleep 0.1
        done
}

# What ended while no manager was there is known to the next one, and told.
# Only on: namespaced namespaced/trixie
test_end_without_a_manager() {
        berth run -d --name alone --ephemeral "$busybox" sh -c 'sleep 2; exit 8'
        systemctl stop berthd.service
        wait_until 60 scope_is_gone alone
        assert_eq "$(machine_property alone State)" exited
        assert_eq "$(machine_property alone ExitStatus)" 8
        berth rm alone
}

# Clients that were told of a machine are told of its end, by whichever manager learns of it.
# Only on: namespaced
test_tells_what_changed_while_it_was_away() {
        local monitor
        berth run -d --rm --ephemeral --name left "$busybox" sh -c 'sleep 2'
        berth run -d --name stays --ephemeral "$busybox" sh -c 'sleep 2; exit 8'
        systemctl stop berthd.service
        wait_until 60 scope_is_gone left
        wait_until 60 scope_is_gone stays

        stdbuf -oL busctl monitor --match "type='signal',path_namespace='/org/berth1'" >signals 2>&1 &
        monitor=$!
        at_end kill "$monitor"
        wait_until 60 grep -q Monitoring signals
        berth list >/dev/null
        wait_until 120 grep -q 'Member=MachineRemoved' signals
        wait_until 120 grep -q exited signals
        assert_contains "$(cat signals)" 'STRING "left"'
        assert_eq "$(machine_property stays ExitStatus)" 8
        berth rm stays
}

# Only on: namespaced namespaced/trixie
test_restart_and_upgrade() {
        berth run -d --rm --ephemeral --name upgraded "$busybox" sleep 1000
        systemctl restart berthd.service
        assert_contains "$(berth list)" upgraded
        systemctl daemon-reexec
        systemctl restart berthd.service
        assert_contains "$(berth list)" upgraded
        berth stop upgraded
        wait_until 60 scope_is_gone upgraded
}

# Killed at any moment of a start: the start fails or succeeds, and nothing is left of it (the suite checks that).
# Only on: namespaced namespaced/trixie
test_killed_in_the_middle_of_starts() {
        local i pid
        for i in {1..15}; do
                timeout 60 berth run --rm --ephemeral --name "moment-$i" "$busybox" true >/dev/null 2>&1 &
                pid=$!
                sleep "0.0$((RANDOM % 90 + 10))"
                kill_any_manager
                wait "$pid" || true
        done
        wait_until 120 no_scope_left
        assert_status 0 berth run --rm --ephemeral --name moment-1 "$busybox" true
}

# There may be none at this moment; and kill(1) takes 0 for the whole process group.
kill_any_manager() {
        local pid
        pid=$(manager_pid)
        [[ $pid == 0 ]] || kill -KILL "$pid" 2>/dev/null || true
}

no_scope_left() {
        # The next manager clears what a killed start left.
        berth list >/dev/null
        [[ -z $(systemctl list-units --no-legend --plain 'berth-moment-*.scope') && -z $(ls /run/berth/machines) ]]
}

# Only on: namespaced namespaced/trixie
test_manager_is_sandboxed_its_spawner_is_not() {
        local manager pid spawner
        berth run -d --rm --ephemeral --name boxed "$busybox" sleep 1000
        manager=$(manager_pid)
        spawner=$(pgrep -P "$manager" -f 'berth-supervisor --spawner|berth-spawner')
        # It has a helper, too, which has no more rights than itself.
        for pid in "$manager" $(pgrep -P "$manager" | grep -vx "$spawner"); do
                assert_eq "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$pid/status")" 1
                assert_ne "$(sed -n 's/^CapBnd:\t//p' "/proc/$pid/status")" "$(sed -n 's/^CapBnd:\t//p' /proc/1/status)"
                assert_eq "$(sed -n 's/^Seccomp:\t//p' "/proc/$pid/status")" 2
        done

        assert_eq "$(sed -n 's/^NoNewPrivs:\t//p' "/proc/$spawner/status")" 0
        assert_eq "$(sed -n 's/^CapBnd:\t//p' "/proc/$spawner/status")" "$(sed -n 's/^CapBnd:\t//p' /proc/1/status)"
        assert_eq "$(sed -n 's/^Seccomp:\t//p' "/proc/$spawner/status")" "$(sed -n 's/^Seccomp:\t//p' /proc/1/status)"
        berth stop boxed
}

# What runs in a machine's namespaces before the payload can be reached by /proc/PID/exe: once nothing executes it any
# more, only a read-only mount keeps it from being written through a descriptor that was kept (CVE-2019-5736).
# Only on: namespaced namespaced/trixie
test_supervisors_program_cannot_be_written_through_proc() {
        local program
        program=$(command -v /usr/libexec/berth/berth-supervisor)
        berth run -d --rm --ephemeral --name exe "$busybox" sleep 1000
        exec 5<"/proc/$(supervisor_of exe)/exe"
        berth stop exe
        systemctl stop berthd.service
        assert_eq "$(stat -L -c %i /proc/self/fd/5)" "$(stat -c %i "$program")"
        assert_contains "$(error_of sh -c 'echo x >>/proc/self/fd/5')" "Read-only file system"
        exec 5<&-
        # One that was stopped before it saw the supervisor end leaves the entry to the next one.
        berth list >/dev/null
}

# Its moves are the only writes of the helper for grace periods.
moves_of_the_helper() {
        sed -n 's/^syscw: //p' "/proc/$(pgrep -P "$(manager_pid)" -x berthd-grace)/io"
}

moves_are_over() {
        local moves
        moves=$(moves_of_the_helper)
        sleep 1.5
        [[ $(moves_of_the_helper) == "$moves" ]]
}

# A start that follows nothing keeps moves of cgroups from waiting for 100 ms, starts that follow each other for a second: a move
# each 5 ms. Then it is silent.
# Only on: namespaced namespaced/trixie
test_keeps_moves_from_waiting_for_a_while() {
        local before after
        at_end berth rm --force alone
        berth run -d --name alone --ephemeral "$busybox" sleep 1000
        wait_until 60 moves_are_over

        before=$(moves_of_the_helper)
        berth run --rm --ephemeral --name one "$busybox" true
        wait_until 60 moves_are_over
        after=$(moves_of_the_helper)
        ((after > before && after <= before + 21)) || fail "$((after - before)) moves for one start"

        before=$after
        berth run --rm --ephemeral --name one "$busybox" true &
        check berth run --rm --ephemeral --name two "$busybox" true
        check wait $!
        wait_until 60 moves_are_over
        after=$(moves_of_the_helper)
        ((after > before + 42)) || fail "$((after - before)) moves for starts that follow each other"
}
