# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The ways to end a machine: each is the same ordered one, and leaves the name free at once.

busybox=/var/lib/machines/busybox

# A payload whose TERM trap leaves a mark in the tree, then ends with status 3.
run_trapper() {
        make_tree tree
        berth run -d --name "$1" "${@:2}" ./tree sh -c 'trap "echo trapped > /mark; exit 3" TERM; touch /ready; while :; do sleep 0.1; done'
        wait_until 60 test -e tree/ready
}

expect_trapped() {
        wait_until 60 is_state "$1" exited
        assert_eq "$(cat tree/mark)" trapped
        assert_eq "$(machine_property "$1" ExitStatus)" 3
        wait_until 60 scope_is_gone "$1"
        berth rm "$1"
}

# Only on: namespaced namespaced/trixie
test_berth_stop() {
        run_trapper trap-a
        berth stop trap-a
        expect_trapped trap-a
}

# Only on: namespaced namespaced/trixie
test_systemctl_stop() {
        run_trapper trap-b
        systemctl stop berth-trap-b.scope
        expect_trapped trap-b
}

# Only on: namespaced namespaced/trixie
test_machinectl_terminate() {
        run_trapper trap-c
        wait_until 60 machinectl show trap-c >/dev/null
        machinectl terminate trap-c
        expect_trapped trap-c
}

# With an init in front the command is PID 2 and still gets the signal.
# Only on: namespaced namespaced/trixie
test_stop_with_init() {
        run_trapper trap-d --init
        berth stop trap-d
        expect_trapped trap-d
}

# Only on: namespaced namespaced/trixie
test_init_reaps_and_is_pid_1() {
        local out
        # An orphan that ends is reaped by the init: no zombie is left in the list.
        out=$(berth run --rm --ephemeral --init "$busybox" sh -c 'echo $$; (sleep 0.2 &) ; sleep 1; ps -o stat,comm | grep -c "^Z" || true')
        assert_eq "$out" $'2\n0'
}

# Only on: namespaced
test_stop_signal() {
        make_tree tree
        berth run -d --name custom --stop-signal USR1 ./tree sh -c 'trap "echo usr1 > /mark; exit" USR1; trap "" TERM; touch /ready; while :; do sleep 0.1; done'
        wait_until 60 test -e tree/ready
        berth stop custom
        assert_eq "$(cat tree/mark)" usr1
        berth rm custom
}

# What takes the signal and does not end is killed after the time-out, in one command.
# Only on: namespaced namespaced/trixie
test_stubborn_payload_is_killed() {
        berth run -d --name deaf --ephemeral --stop-timeout 1s "$busybox" sh -c 'trap : TERM; touch /tmp/up; while :; do sleep 0.1; done'
        wait_until 60 test -e "/proc/$(leader_of deaf)/root/tmp/up"
        local before=$SECONDS
        berth stop deaf
        ((SECONDS - before >= 1)) || fail "it was not given its time"
        wait_until 60 is_state deaf exited
        assert_eq "$(machine_property deaf Result)" signal
        assert_eq "$(machine_property deaf ExitStatus)" 9
        berth rm deaf
}

# PID 1 of a machine that has no handler never sees the signal (pid_namespaces(7)): nobody waits for nothing.
# Only on: namespaced namespaced/trixie
test_payload_without_a_handler_is_not_waited_for() {
        berth run -d --rm --ephemeral --name plain --stop-timeout 1h "$busybox" sleep 1000
        check timeout 300 berth stop plain
}

# Only on: namespaced namespaced/trixie
test_kill() {
        berth run -d --name victim --ephemeral "$busybox" sleep 1000
        berth kill victim
        wait_until 60 is_state victim exited
        assert_eq "$(machine_property victim ExitStatus)" 9
        berth rm victim

        berth run -d --name victim --ephemeral "$busybox" sh -c 'trap "exit 11" USR2; while :; do sleep 0.1; done'
        sleep 0.5
        berth kill -s USR2 victim
        assert_status 11 berth wait victim
        wait_until 60 is_state victim exited
        berth rm victim
        assert_status 1 berth kill -s NOSUCH victim
}

# Everything in the machine is dead when its PID 1 is, and the name is free at once.
# Only on: namespaced
test_hundred_rounds_of_one_name() {
        local i
        for i in {1..100}; do
                berth run -d --rm --ephemeral --name round "$busybox" sleep 1000 >/dev/null
                berth stop round
        done
        for i in {1..20}; do
                assert_status 127 berth run --rm --ephemeral --name round "$busybox" no-such-command
                assert_status "$((i % 5))" berth run --rm --ephemeral --name round "$busybox" sh -c "exit $((i % 5))"
        done
}

# By the time that the order arrives it may be running, ending, or gone: all the same to who wants it gone.
# Only on: namespaced
test_remove_a_machine_that_just_ends() {
        local i
        for i in {1..60}; do
                berth run -d --ephemeral --name fleeting "$busybox" sleep "0.0$((i % 6))" >/dev/null
                check berth rm -f fleeting
                refute berth status fleeting 2>/dev/null
        done
}

# Only on: namespaced namespaced/trixie
test_start_right_after_out_of_memory() {
        local i status
        make_tree tree
        cp "$(command -v hog)" tree/bin/
        # Only the next start matters here. Whom the kernel takes is for oom.sh: once in a while it is the supervisor (125).
        for i in {1..10}; do
                status=0
                berth run --rm --name greedy --memory 32M --property MemorySwapMax=0 ./tree hog 100 || status=$?
                [[ $status == 137 || $status == 125 ]] || fail "round $i ended with $status"
        done
        assert_status 0 berth run --rm --name greedy ./tree hog 1
}

# systemd's own stop at shutdown uses the same signal; a slow payload gets its time from the scope.
# Only on: namespaced namespaced/trixie
test_scope_gives_the_stop_its_time() {
        berth run -d --rm --ephemeral --name slow --stop-timeout 33s "$busybox" sleep 1000
        assert_eq "$(scope_property slow KillSignal)" 23
        assert_eq "$(scope_property slow TimeoutStopUSec)" 43s
        berth stop slow
}

# A process that waits in the kernel where no signal reaches it: it writes to a file system that is frozen.
# Only on: namespaced namespaced/trixie
test_what_survives_being_killed_is_named() {
        local text
        make_tree tree
        truncate -s 32M disk
        mkfs.ext4 -q disk
        mkdir place
        mount -o loop disk place
        at_end umount place
        at_end berth rm --force stuck
        at_end fsfreeze --unfreeze place
        berth run -d --name stuck --stop-timeout=1s --bind="$PWD/place:/place" --private-users=no ./tree sleep 100000
        fsfreeze --freeze place
        berth exec --detach stuck touch /place/file
        wait_until 60 eval 'berth top stuck | grep -q "touch /place/file"'
        text=$(error_of berth stop stuck)
        assert_contains "$text" "touch"
        assert_contains "$text" "state D"
        assert_contains "$(berth status stuck)" "touch"
        # Who comes later is told the same, and other machines are nobody's concern.
        assert_contains "$(error_of berth stop stuck)" "touch"
        assert_eq "$(berth run --rm --ephemeral /var/lib/machines/busybox echo meanwhile)" meanwhile
        fsfreeze --unfreeze place
        wait_until 60 is_state stuck exited
        assert_eq "$(machine_property stuck Survivors)" ""
}

# Only on: namespaced
test_slow_stop_delays_nobody() {
        local stopper
        make_tree tree
        # It hears what it is asked, and does nothing about it.
        printf '%s\n' 'trap : TERM' 'touch /ready' 'while :; do sleep 0.1; done' >tree/payload
        berth run -d --name sluggish --stop-timeout 40s ./tree sh /payload
        at_end berth rm -f sluggish
        wait_until 60 test -e tree/ready
        berth stop sluggish &
        stopper=$!
        wait_until 60 is_state sluggish stopping

        assert_eq "$(berth run --rm --ephemeral "$busybox" echo meanwhile)" meanwhile
        berth run -d --rm --ephemeral --name brisk "$busybox" sleep 1000
        at_end eval 'berth terminate brisk 2>/dev/null'
        assert_eq "$(berth exec brisk echo inside)" inside
        assert_contains "$(berth status sluggish)" stopping
        berth stop brisk
        assert_contains "$(berth list)" sluggish
        # All of that was done while the one stop was still waited for.
        check kill -0 "$stopper"
        check is_state sluggish stopping
        berth kill -s KILL sluggish
        check wait "$stopper"
}
