# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# No call and no client keeps the manager from serving others.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

# Five users, since the bus gives each 256 connections.
test_a_thousand_clients() {
        local user pids=() pid
        chmod 711 .
        : >answers && chmod 666 answers
        for user in root tester daemon nobody bin; do
                runuser -u "$user" -- crowd ask 200 >>answers &
                pids+=($!)
        done
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        for pid in "${pids[@]}"; do
                check wait "$pid"
        done
        assert_eq "$(sort -u answers)" '200 answers'
        assert_eq "$(wc -l <answers)" 5
}

# It asks for the longest answer that there is, again and again, and reads none.
test_client_that_never_reads() {
        local before after
        berth list >/dev/null
        before=$(manager_memory)
        runuser -u tester -- crowd deaf 2000 >deaf &
        at_end kill $!
        wait_until 120 grep -q sent deaf
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        assert_status 0 berth list
        after=$(manager_memory)
        ((after - before < 20000)) || fail "berthd grew from $before to $after kB"
}

manager_memory() {
        awk '/^VmRSS/ { print $2 }' "/proc/$(systemctl show -P MainPID berthd.service)/status"
}

# A start whose caller is gone goes on, or is undone; the suite looks that nothing is left.
test_client_that_dies_in_the_middle() {
        local i
        for i in 1 2 3 4 5; do
                check crowd leave 4 "$busybox"
        done
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        wait_until 60 eval '[[ -z $(berth list -q) ]]'
}

test_supervisor_that_hangs() {
        local supervisor stopping
        berth run -d --rm --ephemeral --name hanging "$busybox" sleep 1000
        supervisor=$(supervisor_of hanging)
        kill -STOP "$supervisor"
        at_end kill -CONT "$supervisor"
        berth stop hanging &
        stopping=$!
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        assert_contains "$(berth list)" hanging
        berth run -d --rm --ephemeral --name lively "$busybox" sleep 1000
        berth stop lively
        wait_until 60 scope_is_gone lively
        check kill -0 "$stopping"
        kill -CONT "$supervisor"
        check wait "$stopping"
        wait_until 60 scope_is_gone hanging
}

# A systemd that has the name and answers nothing, on a bus of its own: one start waits, all others are served.
test_systemd_that_answers_late() {
        local bus=/run/berth-late-bus stand_in starting
        cat >bus.conf <<CONF
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path=$bus</listen>
  <policy context="default"><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/><allow user="*"/></policy>
</busconfig>
CONF
        cat >stand-in.py <<'PYTHON'
import os, signal
from dasbus.connection import SystemMessageBus
bus = SystemMessageBus()
bus.register_service('org.freedesktop.systemd1')
open('has-name', 'w').close()
os.kill(os.getpid(), signal.SIGSTOP)
from dasbus.loop import EventLoop
EventLoop().run()
PYTHON
        systemctl stop berthd.service
        dbus-daemon --config-file="$PWD/bus.conf" --nofork &
        at_end rm -f "$bus"
        at_end kill $!
        wait_until 60 test -S "$bus"
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$bus
        python3 stand-in.py &
        stand_in=$!
        at_end kill -KILL "$stand_in"
        wait_until 60 test -e has-name
        /usr/libexec/berth/berthd &
        at_end kill $!
        wait_until 60 berth list

        berth run --rm --ephemeral --name late "$busybox" true 2>why &
        starting=$!
        wait_until 60 eval '[[ $(berth list --all -q) == late ]]'
        assert_status 0 berth images
        assert_status 0 berth settings
        assert_contains "$(error_of berth status nobody)" "no such machine"
        berth create --name kept "$busybox" true
        berth rm kept
        check runuser -u tester -- crowd ask 200
        check kill -0 "$starting"
        assert_contains "$(berth list)" starting

        # Its answer comes late, and is no: then the start ends, with the reason.
        kill -CONT "$stand_in"
        refute wait "$starting"
        assert_matches "$(cat why)" 'systemd1|StartTransientUnit|late'
        wait_until 60 eval '[[ -z $(berth list -aq) ]]'
        unset DBUS_SYSTEM_BUS_ADDRESS
}

# While berth waits, attaches or follows it is no client of the bus.
test_no_connection_while_waiting() {
        local pid verb
        berth run -d -t --rm --ephemeral --name waited "$busybox" sh -c 'echo begun; sleep 1000'
        at_end berth terminate waited
        for verb in 'wait waited' 'wait --condition exited waited' 'logs -f waited' events 'events waited' 'exec waited sleep 1000' \
                'stats --interval=1h' 'stats --interval=1h waited'; do
                # shellcheck disable=SC2086
                berth $verb >/dev/null &
                pid=$!
                at_end kill "$pid"
                wait_until 60 has_no_bus "$pid"
        done
        script -qec 'berth attach waited' /dev/null >/dev/null </dev/null &
        at_end kill $!
        wait_until 60 eval '[[ -n $(pgrep -x berth -a | grep attach) ]]'
        wait_until 60 eval 'has_no_bus "$(pgrep -x -f "berth attach waited")"'
        berth run --rm --ephemeral --name foreground "$busybox" sleep 1000 &
        pid=$!
        wait_until 60 is_state foreground running
        wait_until 60 has_no_bus "$pid"
        berth terminate foreground
        wait "$pid" || true

        # Copying, as long as what is copied from does not end.
        mkfifo archive
        sleep 1000 >archive &
        at_end kill $!
        berth cp - waited:/tmp <archive &
        pid=$!
        at_end kill "$pid"
        wait_until 60 has_no_bus "$pid"
        berth explain waited -- sleep 1000 >/dev/null 2>&1 &
        pid=$!
        at_end kill "$pid"
        wait_until 60 has_no_bus "$pid"
        for verb in shell login; do
                script -qec "berth $verb waited" /dev/null >/dev/null < <(sleep 1000) &
                at_end kill $!
                wait_until 60 eval "has_no_bus \"\$(pgrep -x -f 'berth $verb waited')\""
        done
}

# Nor while it waits for an end that does not come.
test_no_connection_while_stopping() {
        local pid
        berth run -d --rm --name slow --ephemeral --timeout-stop=1000 "$busybox" sh -c 'trap : TERM; touch /tmp/up; while :; do sleep 1; done'
        at_end berth kill --signal=KILL slow
        wait_until 60 berth exec slow test -e /tmp/up
        berth stop slow &
        pid=$!
        at_end kill "$pid"
        wait_until 60 is_state slow stopping
        wait_until 60 has_no_bus "$pid"
        check kill -0 "$pid"
}

# More than one user may have connections, and each hears of what happens.
test_three_hundred_follow_at_once() {
        local i pids=()
        for i in {1..300}; do
                berth events crowded >"events-$i" &
                pids+=($!)
        done
        at_end kill "${pids[@]}"
        for i in "${pids[@]}"; do
                wait_until 120 holds_a_pipe "$i"
        done
        assert_eq "$(busctl list --no-legend | awk '$3 == "berth"' | wc -l)" 0
        berth run --rm --ephemeral --name crowded "$busybox" true
        for i in {1..300}; do
                wait_until 60 grep -q 'crowded removed' "events-$i"
        done
        # They keep berthd, and it goes once they have gone.
        kill "${pids[@]}"
        wait_until 60 eval '[[ $(systemctl is-active berthd.service) == inactive ]]'
}

# Who follows and does not read costs what the pipe holds, and is told what he missed.
test_follower_that_never_reads() {
        local pid before after
        at_end berth rm --force stays
        berth run -d --name stays --ephemeral "$busybox" sleep 1000
        watch_events deaf
        pid=$(pgrep -x -f 'berth events --json')
        before=$(manager_memory)
        kill -STOP "$pid"
        cat >many.py <<'PYTHON'
import sys
from dasbus.connection import SystemMessageBus
manager = SystemMessageBus().get_proxy('org.berth1', '/org/berth1')
name = 'a-name-as-long-as-the-name-of-a-machine-can-be-and-not-any-longer'[:63]
for _ in range(1600):
    manager.CreateMachine(name, sys.argv[1], ['true'], {})
    manager.RemoveMachine(name)
manager.CreateMachine('last', sys.argv[1], ['true'], {})
PYTHON
        at_end berth rm last
        check python3 many.py "$busybox"
        after=$(manager_memory)
        ((after - before < 2000)) || fail "berthd grew from $before to $after kB"
        kill -CONT "$pid"
        wait_until 60 eval '[[ $(jq -r "select(.event == \"lost\").count" deaf) -gt 0 ]]'
        # And what is there is known again.
        wait_until 60 eval '[[ -n $(jq -c "select(.machine == \"last\" and .event == \"created\")" deaf) ]]'
        berth stop stays
        wait_until 60 eval '[[ -n $(jq -c "select(.machine == \"stays\" and .event == \"exited\")" deaf) ]]'
        assert_eq "$(jq -c 'select(.survey)' deaf)" ''
}

# What happens while no manager is there is told by what the next one finds.
test_events_go_on_with_the_next_manager() {
        at_end berth rm --force before after
        berth run -d --name before --ephemeral "$busybox" sleep 1000
        watch_events events
        kill_manager
        berth run -d --name after --ephemeral "$busybox" sh -c 'exit 3'
        wait_until 60 eval '[[ $(jq -r "select(.machine == \"after\" and .event == \"exited\").status" events) == 3 ]]'
        berth stop before
        wait_until 60 eval '[[ -n $(jq -c "select(.machine == \"before\" and .event == \"exited\")" events) ]]'
        assert_eq "$(jq -r 'select(.machine == "before") | .event' events | head -1)" stopping
        # Who waits for a state is not disturbed either.
        berth wait --condition removed before &
        kill_manager
        berth rm before
        check wait $!
        assert_contains "$(error_of berth wait --condition running nobody)" "there is no such machine"
}

# has_no_bus PID: it runs berth, has something open, and the bus knows no connection of it.
has_no_bus() {
        local name
        [[ $(cat "/proc/$1/comm") == berth ]] || return 1
        # Where it sleeps it is past its calls.
        [[ $(awk '/^State/ { print $2 }' "/proc/$1/status") == S ]] || return 1
        for name in $(busctl list --no-legend | awk -v pid="$1" '$2 == pid { print $1 }'); do
                [[ -z $name ]] || return 1
        done
}

# A message that is larger than the bus takes, and one with more settings than anybody has, are refused and harm nobody.
test_huge_messages() {
        local reply
        reply=$(error_of crowd big "$busybox" 3000000)
        assert_ne "$reply" ''
        assert_status 0 berth run --rm --ephemeral "$busybox" true
}

# One call may be so large, and all that one user waits for may be twice that: others are served, and nothing is kept of the rest.
test_calls_that_wait_are_bounded_in_bytes() {
        local polkit before after waiting piles=()
        as_user berth run --rm --ephemeral "$busybox" true 2>/dev/null && fail "tester may run machines"
        assert_contains "$(error_of crowd big "$busybox" 9000000)" "larger than 8 MB"
        before=$(manager_memory)
        polkit=$(systemctl show -P MainPID polkit.service)
        kill -STOP "$polkit"
        at_end kill -CONT "$polkit"
        chmod 711 .
        as_user crowd pile 60 1000000 >answers &
        waiting=$!
        wait_until 120 eval '(($(wc -l <answers) >= 44))'
        assert_eq "$(sort answers | uniq -c | tr -s ' ')" ' 44 org.berth1.Error.LimitReached'
        after=$(manager_memory)
        ((after - before < 120000)) || fail "berthd grew from $before to $after kB"
        # Others, whom nobody has to be asked for, are served.
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        assert_status 0 as_user berth list
        # When they are refused there is room again.
        kill -CONT "$polkit"
        check wait "$waiting"
        assert_eq "$(sort answers | uniq -c | tr -s ' ')" $' 16 org.berth1.Error.AccessDenied\n 44 org.berth1.Error.LimitReached'
        as_user crowd pile 10 1000000 >answers
        assert_eq "$(sort -u answers)" org.berth1.Error.AccessDenied
        # Nor may one user have any number of them. The bus allows a connection 128.
        kill -STOP "$polkit"
        : >answers && chmod 666 answers
        for _ in {1..6}; do
                as_user crowd pile 100 10 >>answers &
                piles+=($!)
        done
        wait_until 120 eval '(($(wc -l <answers) >= 88))'
        assert_eq "$(sort answers | uniq -c | tr -s ' ')" ' 88 org.berth1.Error.LimitReached'
        kill -CONT "$polkit"
        for waiting in "${piles[@]}"; do
                check wait "$waiting"
        done
        assert_eq "$(sort answers | uniq -c | tr -s ' ')" $' 512 org.berth1.Error.AccessDenied\n 88 org.berth1.Error.LimitReached'
}
