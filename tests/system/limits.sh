# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the kernel keeps per process, as the payload sees it: resource limits, score, CPUs, personality, clocks.

busybox=/var/lib/machines/busybox

# limit_of NAME-IN-PROC OPTION…: soft and hard limit in a machine that is run with the options.
limit_of() {
        local name=$1
        shift
        berth run --rm --ephemeral "$@" "$busybox" sed -n "s/^$name  *\([^ ]*\)  *\([^ ]*\).*/\1 \2/p" /proc/self/limits
}

test_limits_from_each_face() {
        assert_eq "$(limit_of 'Max open files' --rlimit=NOFILE=100:200)" "100 200"
        assert_eq "$(limit_of 'Max open files' --rlimit=RLIMIT_NOFILE=100)" "100 100"
        assert_eq "$(limit_of 'Max open files' --ulimit nofile=64:128)" "64 128"

        busctl --quiet call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' limited "$busybox" 2 sleep 1000 \
                3 LimitNOFILE s 300:400 Ephemeral b true Remove b true
        assert_matches "$(grep 'open files' "/proc/$(leader_of limited)/limits")" '300 +400'
        berth stop limited
}

# Each kind of value, and each limit that a payload could feel.
test_each_limit() {
        assert_eq "$(limit_of 'Max cpu time' --rlimit=CPU=1min:2min)" "60 120"
        assert_eq "$(limit_of 'Max file size' --rlimit=FSIZE=1M)" "1048576 1048576"
        assert_eq "$(limit_of 'Max data size' --rlimit=DATA=256M)" "268435456 268435456"
        assert_eq "$(limit_of 'Max stack size' --rlimit=STACK=1M:2M)" "1048576 2097152"
        assert_eq "$(limit_of 'Max core file size' --rlimit=CORE=0)" "0 0"
        assert_eq "$(limit_of 'Max resident set' --rlimit=RSS=1G)" "1073741824 1073741824"
        assert_eq "$(limit_of 'Max address space' --rlimit=AS=1G:2G)" "1073741824 2147483648"
        assert_eq "$(limit_of 'Max processes' --rlimit=NPROC=20)" "20 20"
        assert_eq "$(limit_of 'Max locked memory' --rlimit=MEMLOCK=4K)" "4096 4096"
        assert_eq "$(limit_of 'Max file locks' --rlimit=LOCKS=7)" "7 7"
        assert_eq "$(limit_of 'Max pending signals' --rlimit=SIGPENDING=9)" "9 9"
        assert_eq "$(limit_of 'Max msgqueue size' --rlimit=MSGQUEUE=1K)" "1024 1024"
        assert_eq "$(limit_of 'Max nice priority' --rlimit=NICE=0)" "0 0"
        assert_eq "$(limit_of 'Max realtime priority' --rlimit=RTPRIO=0)" "0 0"
        assert_eq "$(limit_of 'Max realtime timeout' --rlimit=RTTIME=200ms:1s)" "200000 1000000"
}

# It is in force: the kernel refuses what goes beyond.
test_limit_holds() {
        local err
        assert_eq "$(berth run --rm --ephemeral --rlimit=FSIZE=1K "$busybox" sh -c 'trap "" XFSZ; head -c 4096 /dev/zero >/tmp/x 2>/dev/null; wc -c </tmp/x')" 1024
        # So few that the leader could not have got ready with them.
        assert_eq "$(berth run --rm --ephemeral --rlimit=NOFILE=3 "$busybox" sh -c 'true < /dev/null || echo no' 2>/dev/null)" no
        assert_eq "$(berth run --rm --ephemeral --as-pid2 --rlimit=NOFILE=40 "$busybox" sh -c 'ulimit -n; ulimit -Hn')" $'40\n40'
        err=$(error_of berth run --rm --ephemeral --rlimit=NOFILE=20:10 "$busybox" true)
        assert_contains "$err" 20:10
        err=$(error_of berth run --rm --ephemeral --rlimit=FILES=20 "$busybox" true)
        assert_contains "$err" NOFILE
}

# A hard limit is raised where berth may; where it may not, the error says what would be possible.
test_raising_takes_a_right() {
        local hard now err
        berth list >/dev/null # berthd is there
        now=$(sed -n 's/^Max locked memory  *[^ ]*  *\([^ ]*\).*/\1/p' "/proc/$(systemctl show -P MainPID berthd)/limits")
        [[ $now != unlimited ]] || skip "nothing is above the limit that berthd has"
        hard=$((now + 4096))
        if capsh_has_resource; then
                assert_eq "$(limit_of 'Max locked memory' "--rlimit=MEMLOCK=4096:$hard")" "4096 $hard"
        else
                err=$(error_of berth run --rm --ephemeral "--rlimit=MEMLOCK=4096:$hard" "$busybox" true)
                assert_contains "$err" LimitMEMLOCK
                assert_contains "$err" "$now"
                assert_contains "$err" CAP_SYS_RESOURCE
        fi
        # More than any kernel gives anybody.
        err=$(error_of berth run --rm --ephemeral --rlimit=NOFILE=8589934592 "$busybox" true)
        assert_contains "$err" LimitNOFILE
}

# CAP_SYS_RESOURCE is number 24.
capsh_has_resource() {
        ((0x$(sed -n 's/^CapBnd:\t*//p' /proc/self/status) >> 24 & 1))
}

test_oom_score() {
        local err
        assert_eq "$(berth run --rm --ephemeral --oom-score-adjust=500 "$busybox" cat /proc/self/oom_score_adj)" 500
        assert_eq "$(berth run --rm --ephemeral --oom-score-adj=7 "$busybox" cat /proc/self/oom_score_adj)" 7
        # Once up, it does not come down again by the payload's own hand.
        refute berth run --rm --ephemeral --oom-score-adjust=500 --cap-add all "$busybox" sh -c 'echo -1000 >/proc/self/oom_score_adj'
        if capsh_has_resource; then
                assert_eq "$(berth run --rm --ephemeral --oom-score-adjust=-900 "$busybox" cat /proc/self/oom_score_adj)" -900
        else
                err=$(error_of berth run --rm --ephemeral --oom-score-adjust=-1000 "$busybox" true)
                assert_contains "$err" CAP_SYS_RESOURCE
        fi
}

test_cpu_affinity() {
        local err
        assert_eq "$(berth run --rm --ephemeral --cpu-affinity=0 "$busybox" sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" 0
        assert_eq "$(berth run --rm --ephemeral --cpu-affinity=0,8000-8100 "$busybox" sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)" 0
        err=$(error_of berth run --rm --ephemeral --cpu-affinity=8191 "$busybox" true)
        assert_contains "$err" CPUAffinity
}

test_personality() {
        [[ $(uname -m) == x86_64 ]] || skip "the names are x86's"
        assert_eq "$(berth run --rm --ephemeral --personality=x86 "$busybox" uname -m)" i686
        assert_eq "$(berth run --rm --ephemeral --personality=x86-64 "$busybox" uname -m)" x86_64
        assert_status 125 berth run --rm --ephemeral --personality=vax "$busybox" true
}

# uptime_in OPTION…: whole seconds since boot in the machine.
uptime_in() {
        berth run --rm --ephemeral "$@" "$busybox" sed 's/\..*//' /proc/uptime
}

test_clocks() {
        local host inside err
        host=$(sed 's/\..*//' /proc/uptime)
        inside=$(uptime_in --boottime-offset=7days)
        ((inside >= host + 604800 && inside < host + 604800 + 3600)) || fail "$inside is not a week after $host"

        # Each machine has its own, and the host and its next machine have the host's.
        assert_ne "$(berth run --rm --ephemeral --monotonic-offset=1h "$busybox" readlink /proc/self/ns/time)" "$(readlink /proc/self/ns/time)"
        assert_eq "$(berth run --rm --ephemeral "$busybox" readlink /proc/self/ns/time)" "$(readlink /proc/self/ns/time)"
        assert_matches "$(berth run --rm --ephemeral --monotonic-offset=1h --boottime-offset=-1ms "$busybox" cat /proc/self/timens_offsets | tr -s ' ')" \
                'monotonic 3600 0.*boottime -1 999000000'

        err=$(error_of berth run --rm --ephemeral --boottime-offset=-50000days "$busybox" true)
        assert_contains "$err" "time namespace"
}

test_plan_shows_them() {
        local plan
        plan=$(berth run --plan --rlimit=NOFILE=1024:4096 --oom-score-adjust=5 --cpu-affinity=0-1 --personality=x86-64 --boottime-offset=1h "$busybox" true)
        assert_contains "$plan" "LimitNOFILE=1024:4096"
        assert_contains "$plan" "OOMScoreAdjust=5"
        assert_contains "$plan" "CPUAffinity=0-1"
        assert_contains "$plan" "BoottimeOffsetSec=3600s"
        assert_matches "$plan" 'namespaces.* time'
}
