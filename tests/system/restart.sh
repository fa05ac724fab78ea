# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Machines that begin again by themselves, and machines that say when they are ready.

busybox=/var/lib/machines/busybox

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

has_restarted() {
        (($(machine_property "$1" NRestarts) >= $2))
}

lines_of() {
        [[ -e $1 ]] && wc -l <"$1" || echo 0
}

has_lines() {
        (($(lines_of "$1") >= $2))
}

# Only on: namespaced namespaced/trixie
test_always_begins_again_in_the_same_scope() {
        local supervisor invocation address
        make_tree tree
        at_end forget phoenix
        berth run -d --name phoenix --restart=always ./tree \
                sh -c 'ip -4 -o addr show scope global | tr -s " " | cut -d " " -f 4 >>/addresses; echo "life $$"; exec sleep 100000'
        supervisor=$(supervisor_of phoenix)
        invocation=$(scope_property phoenix InvocationID)
        wait_until 60 has_lines tree/addresses 1

        kill -KILL "$(leader_of phoenix)"
        wait_until 60 has_lines tree/addresses 2
        wait_until 60 is_state phoenix running
        assert_eq "$(machine_property phoenix NRestarts)" 1
        assert_eq "$(machine_property phoenix Result)" none
        assert_eq "$(supervisor_of phoenix)" "$supervisor"
        assert_eq "$(scope_property phoenix InvocationID)" "$invocation"
        # The same network: one address, and it is there in each life.
        address=$(head -1 tree/addresses)
        assert_ne "$address" ""
        assert_eq "$(sort -u tree/addresses)" "$address"
        assert_contains "$(berth status phoenix)" "Restarts: 1"
        assert_eq "$(berth inspect phoenix | jq '.[0].state.restarts')" 1
        # What the lives write goes to one log.
        wait_until 60 eval '[[ $(berth logs phoenix | grep -c "^life") == 2 ]]'
        # And it can be worked with.
        assert_eq "$(berth exec phoenix echo here)" here

        berth stop phoenix
        wait_until 60 is_state phoenix exited
        assert_eq "$(lines_of tree/addresses)" 2
}

# Only on: namespaced
test_on_failure_counts() {
        local status=0
        make_tree tree
        at_end forget trier
        # In the foreground it stays until it is over, and its streams are there for each life.
        berth run --name trier --restart=on-failure:2 --restart-delay=10ms ./tree \
                sh -c 'echo again; exit 3' >out </dev/null || status=$?
        assert_eq "$status" 3
        assert_eq "$(cat out)" $'again\nagain\nagain'
        wait_until 60 is_state trier exited
        assert_eq "$(machine_property trier NRestarts)" 2
        assert_eq "$(machine_property trier ExitStatus)" 3

        # A success is no failure.
        assert_eq "$(berth run --rm --restart=on-failure ./tree echo once)" once
        assert_contains "$(error_of berth run --rm --restart=sometimes ./tree true)" "on-failure"
}

# Only on: namespaced
test_start_limit() {
        make_tree tree
        at_end forget flapping
        berth run -d --name flapping --restart=always --restart-delay=1ms --start-limit-burst=4 --start-limit-interval=1h ./tree \
                sh -c 'echo x >>/lives; exit 5'
        wait_until 60 is_state flapping failed
        assert_eq "$(lines_of tree/lives)" 4
        assert_contains "$(machine_property flapping Reason)" "StartLimitBurst"
        assert_eq "$(machine_property flapping ExitStatus)" 5
        assert_contains "$(berth status flapping)" "StartLimitBurst"
        assert_status 5 berth wait flapping
        wait_until 60 scope_is_gone flapping

        # By hand it starts anew.
        berth start flapping
        wait_until 60 is_state flapping failed
        assert_eq "$(lines_of tree/lives)" 8
}

# Only on: namespaced namespaced/trixie
test_stop_while_it_waits() {
        make_tree tree
        at_end forget waiting
        watch_events events waiting
        berth run -d --name waiting --restart=unless-stopped --restart-delay=1h --restart-max-delay=2h ./tree \
                sh -c 'until test -e /go; do sleep 0.05; done; exit 7'
        touch tree/go
        wait_until 60 is_state waiting starting
        assert_contains "$(berth status waiting)" "exited with status 7"
        assert_contains "$(berth status waiting)" "next life begins in"
        assert_contains "$(error_of berth exec waiting true)" "starting"
        # A manager that comes new knows it, too.
        kill_manager
        is_state waiting starting
        berth stop waiting
        wait_until 60 is_state waiting exited
        assert_eq "$(machine_property waiting ExitStatus)" 7
        wait_until 60 grep -q '"exited"' events
        assert_eq "$(jq -r 'select(.event == "starting" and .result == "exited") | .status' events | sort -u)" 7
}

# Only on: namespaced
test_killed_by_hand_stays_ended() {
        make_tree tree
        at_end forget ended
        berth run -d --name ended --restart=always ./tree sleep 100000
        berth kill ended
        wait_until 60 is_state ended exited
        assert_eq "$(machine_property ended NRestarts)" 0
        # One that was paused, and whose leader was not killed by hand, goes on.
        berth start ended
        berth pause ended
        kill -KILL "$(leader_of ended)"
        wait_until 60 has_restarted ended 1
        wait_until 60 is_state ended running
        systemctl stop berth-ended.scope
        wait_until 60 is_state ended exited
}

# Only on: namespaced
test_terminal_begins_again() {
        make_tree tree
        at_end forget looped
        berth run -d -t --name looped --restart=always ./tree sh -c 'echo life >>/lives; exec sleep 100000'
        wait_until 60 has_lines tree/lives 1
        kill -KILL "$(leader_of looped)"
        wait_until 60 has_lines tree/lives 2
        wait_until 60 is_state looped running
        berth stop looped
}

# Ready

# Only on: namespaced namespaced/trixie
test_notify_ready() {
        local begun
        make_tree tree
        at_end forget herald
        cp "$(command -v notify)" tree/bin/
        mkdir -p tree/run
        begun=$SECONDS
        berth run -d --name herald --notify-ready ./tree \
                sh -c 'notify "STATUS=warming up"; sleep 2; touch /ready; notify READY=1; notify "STATUS=all is well"; exec sleep 100000' &
        wait_until 60 is_state herald starting
        wait_until 60 eval '[[ $(machine_property herald StatusText) == "warming up" ]]'
        # It can be looked into while it is at it.
        assert_eq "$(berth exec herald echo inside)" inside
        check wait $!
        test -e tree/ready || fail "ready before it said so, after $((SECONDS - begun)) s"
        assert_eq "$(machine_property herald State)" running
        wait_until 60 eval '[[ $(machine_property herald StatusText) == "all is well" ]]'
        assert_contains "$(berth status herald)" '"all is well"'
        berth stop herald
}

# Only on: namespaced namespaced/trixie
test_never_ready() {
        local text
        make_tree tree
        text=$(error_of berth run -d --rm --name mute --notify-ready --start-timeout=1s ./tree sleep 100000)
        assert_contains "$text" "READY=1 within 1s"
        wait_until 60 scope_is_gone mute
        text=$(error_of berth run -d --rm --name mute --notify-ready ./tree sh -c 'exit 4')
        assert_contains "$text" "status 4"
        wait_until 60 scope_is_gone mute

        # Stopped meanwhile.
        berth run -d --rm --name mute --notify-ready ./tree sleep 100000 2>err &
        wait_until 60 eval '[[ $(leader_of mute 2>/dev/null) -gt 0 ]]'
        berth stop mute
        refute wait $!
        assert_contains "$(cat err)" "stopped meanwhile"
        wait_until 60 scope_is_gone mute
}
