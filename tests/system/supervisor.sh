# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A supervisor's death takes its machine with it, by the kernel's hand.

busybox=/var/lib/machines/busybox

no_stubborn_process() {
        ! pgrep -x stubborn >/dev/null
}

stubborn_tree() {
        make_tree tree
        cp "$(command -v stubborn)" tree/bin/
}

# Only on: namespaced namespaced/trixie
test_killed_supervisor_takes_its_machine_along() {
        stubborn_tree
        berth run -d --name doomed ./tree stubborn
        wait_until 60 pgrep -x stubborn >/dev/null
        kill -KILL "$(supervisor_of doomed)"
        wait_until 60 no_stubborn_process
        wait_until 60 is_state doomed failed
        assert_contains "$(machine_property doomed Reason)" supervisor
        wait_until 60 scope_is_gone doomed
        [[ ! -e /run/berth/machines/doomed ]] || fail "the registry still has it"
        berth rm doomed
}

# Only on: namespaced namespaced/trixie
test_foreground_run_says_so() {
        stubborn_tree
        berth run --rm --name doomed ./tree stubborn >out 2>err &
        local pid=$! status=0
        wait_until 60 grep -q ready out
        kill -KILL "$(supervisor_of doomed)"
        wait "$pid" || status=$?
        assert_eq "$status" 125
        assert_contains "$(cat err)" supervisor
        wait_until 60 no_stubborn_process
}

# With the manager gone as well.
# Only on: namespaced namespaced/trixie
test_all_killed_at_once() {
        local supervisor
        stubborn_tree
        berth run -d --name doomed ./tree stubborn
        supervisor=$(supervisor_of doomed)
        kill_manager "$supervisor"
        wait_until 60 no_stubborn_process
        wait_until 60 is_state doomed failed
        wait_until 60 scope_is_gone doomed
        berth rm doomed
}

# Only on: namespaced namespaced/trixie
test_stop_kills_the_stubborn() {
        stubborn_tree
        berth run -d --rm --name doomed --stop-timeout 1s ./tree stubborn
        wait_until 60 pgrep -x stubborn >/dev/null
        berth stop doomed
        wait_until 60 no_stubborn_process
}

# systemd sends its KillSignal to every process of the scope: only the supervisor acts on it.
# Only on: namespaced namespaced/trixie
test_payload_does_not_notice_the_scopes_signal() {
        make_tree tree
        berth run -d --name quiet ./tree sh -c 'sh -c "while :; do sleep 0.1; done" & echo $! > /child; trap "kill -0 $(cat /child) && echo alive > /mark; exit" TERM; touch /ready; while :; do sleep 0.1; done'
        wait_until 60 test -e tree/ready
        systemctl stop berth-quiet.scope
        assert_eq "$(cat tree/mark)" alive
        wait_until 60 is_state quiet exited
        berth rm quiet
}

# Nothing keeps a connection to the system bus per machine: dbus-daemon allows 256 per user.
# Only on: namespaced namespaced/trixie
test_supervisor_has_no_bus_connection() {
        local inode
        berth run -d --rm --ephemeral --name busless "$busybox" sleep 1000
        inode=$(ss -xpH | grep "pid=$(supervisor_of busless)," | grep -c dbus/system_bus_socket || true)
        assert_eq "$inode" 0
        berth stop busless
}

# Only on: namespaced
test_control_socket_speaks_dbus_to_root() {
        local address=unix:path=/run/berth/machines/talks/control
        berth run -d --rm --ephemeral --name talks "$busybox" sleep 1000
        assert_contains "$(busctl --address=$address call org.berth1 /org/berth1/supervisor org.berth1.Supervisor GetState)" running
        assert_eq "$(stat -c %a /run/berth/machines/talks/control)" 600
        assert_eq "$(stat -c %a /run/berth/machines/talks)" 700
        check busctl --address=$address call org.berth1 /org/berth1/supervisor org.berth1.Supervisor Stop
        wait_until 60 scope_is_gone talks
}

# resident PID: in kB.
resident() {
        sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

is_half_of() {
        (($(resident "$1") * 2 < $(resident "$2")))
}

# The spawner has all that a start needs, and so has a supervisor, until its machine lasts.
# Only on: namespaced namespaced/trixie vm
test_memory_of_the_start_is_given_back() {
        local supervisor spawner
        berth run -d --rm --ephemeral --name lasting "$busybox" sleep 1000
        supervisor=$(supervisor_of lasting)
        spawner=$(pgrep -f '^berth-supervisor --spawner')
        wait_until 60 is_half_of "$supervisor" "$spawner"
        # And it still knows what to do.
        assert_eq "$(berth exec lasting sh -c 'echo hello; exit 3' || echo $?)" $'hello\n3'
        berth pause lasting
        berth unpause lasting
        berth stop lasting
        wait_until 60 scope_is_gone lasting
}
