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

# While berth waits, attaches or follows it is no client of the bus.
test_no_connection_while_waiting() {
        local pid
        berth run -d --rm --ephemeral --name waited "$busybox" sh -c 'echo begun; sleep 1000'
        at_end berth terminate waited
        berth wait waited >/dev/null &
        pid=$!
        at_end kill "$pid"
        wait_until 60 has_no_bus "$pid"
        berth logs -f waited >/dev/null &
        pid=$!
        at_end kill "$pid"
        wait_until 60 has_no_bus "$pid"
        berth run --rm --ephemeral --name foreground "$busybox" sleep 1000 &
        pid=$!
        wait_until 60 is_state foreground running
        wait_until 60 has_no_bus "$pid"
        berth terminate foreground
        wait "$pid" || true
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
