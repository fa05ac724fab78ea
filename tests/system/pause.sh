# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# A pause: processes stand still, the machine is there, and all but running a command in it works.

busybox=/var/lib/machines/busybox

# A payload that counts, in a file of its tree.
run_counter() {
        make_tree tree
        berth run -d --name "$1" "${@:2}" ./tree sh -c 'trap "echo trapped > /mark; exit 3" TERM; n=0; while :; do n=$((n + 1)); echo $n > /n.new; mv /n.new /n; sleep 0.02; done'
        wait_until 60 test -e tree/n
}

count_is_not() {
        [[ $(cat tree/n) != "$1" ]]
}

# It stands still: nothing is counted for a while in which hundreds would be.
expect_still() {
        local n
        n=$(cat tree/n)
        sleep 1
        assert_eq "$(cat tree/n)" "$n"
}

# Only on: namespaced namespaced/trixie
test_pause_and_unpause() {
        run_counter still --rm
        berth pause still
        check is_state still paused
        expect_still
        assert_contains "$(berth list)" paused
        assert_contains "$(berth status still)" paused

        berth unpause still
        check is_state still running
        wait_until 60 count_is_not "$(cat tree/n)"
        berth stop still
}

# Only on: namespaced namespaced/trixie
test_the_state_is_announced() {
        run_counter told --rm
        busctl monitor --match "type='signal',path='/org/berth1/machine/told'" org.berth1 >signals 2>/dev/null &
        at_end kill "$!"
        sleep 1
        berth pause told
        wait_until 60 grep -q '"paused"' signals
        berth unpause told
        wait_until 60 grep -q '"running"' signals
        berth stop told
}

# Only on: namespaced namespaced/trixie
test_survives_the_manager() {
        run_counter stays --rm
        berth pause stays
        systemctl kill --signal=KILL --kill-whom=main berthd.service
        wait_until 60 is_state stays paused
        expect_still
        berth unpause stays
        wait_until 60 count_is_not "$(cat tree/n)"
        berth stop stays
}

# Only on: namespaced namespaced/trixie
test_stop_and_kill_while_paused() {
        run_counter ends
        berth pause ends
        berth stop ends
        assert_eq "$(cat tree/mark)" trapped
        assert_eq "$(machine_property ends ExitStatus)" 3
        berth rm ends

        berth run -d --name ends ./tree sleep 1000
        berth pause ends
        berth kill --signal=KILL ends
        assert_eq "$(machine_property ends Result)" signal
        berth rm ends

        # As systemd does it.
        berth run -d --rm --name ends ./tree sleep 1000
        berth pause ends
        systemctl stop berth-ends.scope
        wait_until 60 scope_is_gone ends
}

# Only on: namespaced namespaced/trixie
test_what_does_not_go() {
        local err
        run_counter no --rm
        err=$(error_of berth unpause no)
        assert_contains "$err" "not paused"
        berth pause no
        err=$(error_of berth pause no)
        assert_contains "$err" "paused already"
        err=$(error_of berth exec no true)
        assert_contains "$err" paused
        berth unpause no
        assert_status 0 berth exec no true
        berth stop no
        assert_contains "$(error_of berth pause no)" no
}

# A whole scope that is frozen, supervisor and all: its own calls wait, those on others do not.
# Only on: namespaced namespaced/trixie
test_a_frozen_scope_stalls_itself_alone() {
        local unified=/sys/fs/cgroup begin
        on_cgroup_v2 || unified=/sys/fs/cgroup/unified
        run_counter frozen --rm
        berth run -d --rm --ephemeral --name free "$busybox" sleep 1000
        if on_cgroup_v2; then
                systemctl freeze berth-frozen.scope
        else
                # systemd 252 does not do it on such a host; the kernel does.
                echo 1 >"$unified/machine.slice/berth-frozen.scope/cgroup.freeze"
        fi
        expect_still

        berth stop frozen 2>stop-said &
        at_end kill "$!"
        sleep 0.5
        begin=$SECONDS
        berth pause free
        berth unpause free
        check berth status frozen
        assert_eq "$(berth exec free echo hello)" hello
        ((SECONDS - begin < 60)) || fail "calls on another machine had to wait"
        check is_state frozen running

        if on_cgroup_v2; then
                systemctl thaw berth-frozen.scope
        else
                echo 0 >"$unified/machine.slice/berth-frozen.scope/cgroup.freeze"
        fi
        wait_until 60 scope_is_gone frozen || true
        berth stop free
}
