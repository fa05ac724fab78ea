# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What machines use, as numbers that move with what they do.

busybox=/var/lib/machines/busybox

# shellcheck source=tests/lib/resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/resources.sh"

# stat_of NAME KEY: a number of berth stats; null where nobody counts it.
stat_of() {
        berth stats --no-stream --json --interval=300ms "$1" | jq ".$2"
}

# Only on: namespaced vm/trixie
test_numbers_follow_what_is_done() {
        local cpu
        berth run -d --rm --ephemeral --name busy -m 64M --pids-limit=33 "$busybox" sh -c \
                'while [ ! -e /stop ]; do :; done; dd if=/dev/zero of=/tmp/x bs=1M count=20 2>/dev/null; touch /filled; sleep 1000'
        cpu=$(stat_of busy CPUPercent)
        # The loop has all that it can get, which on a busy host is not much.
        jq -e '. > 2' <<<"$cpu" >/dev/null || fail "a busy loop used $cpu % of a CPU"
        assert_eq "$(stat_of busy MemoryMax)" 67108864
        assert_eq "$(stat_of busy MemorySwapMax)" 67108864
        assert_eq "$(stat_of busy TasksMax)" 33
        jq -e '. >= 1 and . < 10' <<<"$(stat_of busy TasksCurrent)" >/dev/null || fail "TasksCurrent is $(stat_of busy TasksCurrent)"
        # The pressure of the whole host's load is no bound, but it is counted.
        assert_ne "$(stat_of busy CPUPressure)" null
        assert_ne "$(stat_of busy NetworkReceiveBytes)" null

        berth exec busy touch /stop
        wait_until 60 berth exec busy test -e /filled
        jq -e '. > 20000000' <<<"$(stat_of busy MemoryCurrent)" >/dev/null || fail "20M in a tmpfs are no memory"
        jq -e '. > 20000000' <<<"$(stat_of busy MemoryPeak)" >/dev/null || fail "there is no peak"
        jq -e '. < 50' <<<"$(stat_of busy CPUPercent)" >/dev/null || fail "a sleeper uses CPU"
        berth stop busy
}

# What goes over a machine's links is counted, and nobody else's traffic.
# Only on: namespaced
test_network_is_its_own() {
        local before
        berth run -d --rm --ephemeral --name counted "$busybox" sleep 1000 >/dev/null
        berth run -d --rm --ephemeral --name beside --network=container:counted "$busybox" sleep 1000 >/dev/null
        berth run -d --rm --ephemeral --name on-host --network=host "$busybox" sleep 1000 >/dev/null
        berth run -d --rm --ephemeral --name alone --network=none "$busybox" sleep 1000 >/dev/null
        before=$(stat_of counted NetworkReceiveBytes)
        ping -q -c 4 -i 0.2 -s 1400 "$(jq -r .link.address /run/berth/machines/counted/spec.json | cut -d / -f 1)" >/dev/null
        jq -e ". >= $((before + 5600))" <<<"$(stat_of counted NetworkReceiveBytes)" >/dev/null
        jq -e '. >= 5600' <<<"$(stat_of counted NetworkTransmitBytes)" >/dev/null
        assert_eq "$(stat_of alone NetworkReceiveBytes)" 0
        assert_eq "$(stat_of on-host NetworkReceiveBytes)" null
        assert_eq "$(stat_of on-host NetworkTransmitBytes)" null
        assert_eq "$(stat_of beside NetworkReceiveBytes)" null
        berth terminate counted beside on-host alone
}

# Only on: namespaced vm/trixie
test_limits_are_those_of_now() {
        berth run -d --rm --ephemeral --name now -m 64M "$busybox" sleep 1000
        systemctl set-property --runtime berth-now.scope MemoryMax=128M
        wait_until 60 kernel_has now "$(on_cgroup_v2 && echo memory.max || echo memory.limit_in_bytes)" 134217728
        assert_eq "$(stat_of now MemoryMax)" 134217728
        berth stop now
}

# Only on: namespaced
test_table_and_json() {
        local out
        berth run -d --rm --ephemeral --name one "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name two "$busybox" sleep 1000
        out=$(berth stats --no-stream --interval=100ms)
        assert_contains "$out" MACHINE
        assert_matches "$out" 'one +[0-9.]+%'
        assert_contains "$out" two
        assert_eq "$(berth stats --no-stream --interval=100ms --json | jq -r .machine | sort | tr '\n' ' ')" "one two "
        assert_lacks "$(berth stats --no-stream --interval=100ms one)" two
        assert_contains "$(error_of berth stats --no-stream none)" none

        # As a stream it goes on, and in a terminal in place.
        timeout 3 berth stats --interval=100ms --no-legend one >stream || true
        (($(grep -c one stream) > 2)) || fail "the stream has no more than $(grep -c one stream) lines"
        timeout 3 script -qec "berth stats --interval=100ms one" /dev/null >terminal </dev/null || true
        check grep -q $'\033\[H' terminal
        berth stop one two
}

# Only on: namespaced
test_free_to_all_and_for_programs() {
        berth run -d --rm --ephemeral --name open "$busybox" sleep 1000
        assert_contains "$(as_user busctl call org.berth1 /org/berth1 org.berth1.Manager GetStats as 1 open)" '"MemoryCurrent"'
        assert_contains "$(busctl call org.berth1 /org/berth1/machine/open org.berth1.Machine GetStats)" '"CPUUsageUSec"'
        # Command lines may hold secrets.
        refute as_user busctl call org.berth1 /org/berth1 org.berth1.Manager GetMachineProcesses s open
        berth stop open
}

# Only on: namespaced vm/trixie
test_io_is_counted_where_asked_for() {
        make_tree tree
        # With a limit, however far: cgroup v1 counts for no device that never had any (blk-throttle is set up then, since Linux 6.10).
        berth run -d --rm --name writer --property=IOAccounting=yes --io-write-bandwidth-max="$PWD/tree 100G" ./tree sh -c \
                'dd if=/dev/zero of=/file bs=1M count=8 conv=fsync 2>/dev/null; touch /done; sleep 1000'
        wait_until 120 test -e tree/done
        jq -e '. >= 4000000' <<<"$(stat_of writer IOWriteBytes)" >/dev/null || fail "IOWriteBytes is $(stat_of writer IOWriteBytes)"
        berth stop writer
}

# Only on: namespaced
test_top() {
        local out
        berth run -d --rm --ephemeral --name many "$busybox" sh -c 'sleep 4711 & sleep 4712 & wait'
        wait_until 60 has_process many 'sleep 4712'
        out=$(berth top many)
        assert_contains "$out" COMMAND
        assert_contains "$out" 'sleep 4711'
        assert_eq "$(berth top --json=short many | jq -r '[.[] | select(.pid_inside == 1)][0].pid')" "$(leader_of many)"
        # Numbers of users are the machine's.
        assert_eq "$(berth top --json=short many | jq -r '[.[].uid] | unique | join(",")')" 0
        assert_lacks "$out" berth-supervisor
        berth stop many
        assert_contains "$(error_of berth top many)" many
}

has_process() {
        berth top "$1" | grep -F -- "$2" >/dev/null
}
