# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What each process of a machine is given by itself: limits (setrlimit(2)), CPUs, a score for the OOM killer, an architecture
# to report, and clocks.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

# SETTING|VALUE|NAME IN /proc/PID/limits|SOFT|HARD
limits() {
        cat <<'END'
LimitCPU|100:200|Max cpu time|100|200
LimitFSIZE|1M:2M|Max file size|1048576|2097152
LimitDATA|256M|Max data size|268435456|268435456
LimitSTACK|1M:2M|Max stack size|1048576|2097152
LimitCORE|0:1K|Max core file size|0|1024
LimitRSS|64M|Max resident set|67108864|67108864
LimitNOFILE|77:88|Max open files|77|88
LimitAS|512M|Max address space|536870912|536870912
LimitNPROC|500:600|Max processes|500|600
LimitMEMLOCK|4K:8K|Max locked memory|4096|8192
LimitLOCKS|50|Max file locks|50|50
LimitSIGPENDING|30:40|Max pending signals|30|40
LimitMSGQUEUE|1K:2K|Max msgqueue size|1024|2048
LimitNICE|10|Max nice priority|10|10
LimitRTPRIO|5|Max realtime priority|5|5
LimitRTTIME|1s:2s|Max realtime timeout|1000000|2000000
END
}

# To raise what is zero takes CAP_SYS_RESOURCE, which root of the namespaced host may not have.
may_raise() {
        prlimit --rtprio=5:5 true 2>/dev/null
}

# The rows that this host may have.
possible_limits() {
        if may_raise; then
                limits
        else
                limits | grep -v '^LimitNICE\|^LimitRTPRIO'
        fi
}

# line_of NAME: soft and hard, in what /proc/PID/limits says.
line_of() {
        sed -n "s/^$1  *\([^ ]*\)  *\([^ ]*\) .*/\1 \2/p"
}

test_every_limit_has_a_row() {
        assert_eq "$(limits | cut -d'|' -f1 | sort)" "$(berth settings --json=short | jq -r '.[] | select(.section == "Exec") | .setting' | grep '^Limit' | sort)"
}

# By the command line and its alias, by a settings file and by the bus: the command has them, and what joins it.
test_limits_of_the_command() {
        local setting value name soft hard out word values=() options=() aliases=() file=/etc/systemd/nspawn/limited.nspawn
        make_tree limited
        mkdir -p "${file%/*}"
        at_end rm -f "$file"
        echo '[Exec]' >"$file"
        while IFS='|' read -r setting value name soft hard; do
                word=${setting#Limit}
                options+=(--rlimit "$word=$value")
                aliases+=(--ulimit "${word,,}=$value")
                values+=("$setting" s "$value")
                echo "$setting=$value" >>"$file"
        done < <(possible_limits)

        berth run --rm --settings=no "${options[@]}" ./limited cat /proc/self/limits >by-option
        berth run --rm --settings=no "${aliases[@]}" ./limited cat /proc/self/limits >by-alias
        berth run --rm ./limited cat /proc/self/limits >by-file
        rm "$file"
        busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' other "$PWD/limited" 2 sleep 1000 \
                $((${#values[@]} / 3 + 1)) Remove b true "${values[@]}" >/dev/null
        wait_until 60 is_state other running
        cat "/proc/$(leader_of other)/limits" >by-bus
        berth exec other cat /proc/self/limits >by-exec
        berth stop other

        for out in by-option by-alias by-file by-bus by-exec; do
                while IFS='|' read -r setting value name soft hard; do
                        assert_eq "$(line_of "$name" <$out)" "$soft $hard" "$setting, $out"
                done < <(possible_limits)
        done
}

test_limits_hold() {
        make_tree tree
        # No signal ends process 1, so it is another one.
        assert_status $((128 + $(kill -l XFSZ))) berth run --rm --rlimit FSIZE=1M ./tree sh -c 'dd if=/dev/zero of=/big bs=1M count=2; exit $?'
        assert_eq "$(stat -c %s tree/big)" 1048576
        assert_status $((128 + $(kill -l XCPU))) berth run --rm --rlimit CPU=1:5 ./tree sh -c 'sh -c "while :; do :; done"; exit $?'
        assert_contains "$(berth run --rm --rlimit NOFILE=20 ./tree sh -c 'for n in $(seq 3 30); do eval "exec $n</dev/null" || exit; done' 2>&1 || true)" "open files"
}

test_limits_that_cannot_be() {
        may_raise || assert_contains "$(error_of berth run --rm --ephemeral --rlimit RTPRIO=5 "$busybox" true)" CAP_SYS_RESOURCE
        assert_contains "$(error_of berth run --rm --ephemeral --rlimit NOFILE=9:8 "$busybox" true)" NOFILE
        assert_contains "$(error_of berth run --rm --ephemeral --rlimit NOTHING=1 "$busybox" true)" NOTHING
        assert_contains "$(error_of berth run --rm --ephemeral --rlimit NOFILE=many "$busybox" true)" NOFILE
}

test_cpu_affinity() {
        local cpu allowed='grep Cpus_allowed_list /proc/self/status'
        for cpu in 0 1; do
                berth run -d --rm --ephemeral --name pinned --cpu-affinity=$cpu "$busybox" sleep 1000
                assert_eq "$(grep Cpus_allowed_list "/proc/$(leader_of pinned)/status")" $'Cpus_allowed_list:\t'"$cpu"
                assert_eq "$(berth exec pinned sh -c "$allowed")" $'Cpus_allowed_list:\t'"$cpu"
                # It is where the command begins, and no limit.
                check berth exec pinned taskset 3 true
                berth stop pinned
        done
        assert_contains "$(error_of berth run --rm --ephemeral --cpu-affinity=1000 "$busybox" true)" CPUAffinity
        assert_contains "$(error_of berth run --rm --ephemeral --cpu-affinity=some "$busybox" true)" cpu-affinity
}

test_oom_score() {
        berth run -d --rm --ephemeral --name scored --oom-score-adjust=500 "$busybox" sleep 1000
        assert_eq "$(cat "/proc/$(leader_of scored)/oom_score_adj")" 500
        assert_eq "$(berth exec scored cat /proc/self/oom_score_adj)" 500
        berth stop scored
        assert_contains "$(error_of berth run --rm --ephemeral --oom-score-adjust=1001 "$busybox" true)" 1000
}

test_personality() {
        [[ $(uname -m) == x86_64 ]] || skip "only x86-64 has another one"
        berth run -d --rm --ephemeral --name smaller --personality=x86 "$busybox" sleep 1000
        assert_eq "$(berth exec smaller uname -m)" i686
        berth stop smaller
        assert_eq "$(berth run --rm --ephemeral --personality=x86 "$busybox" uname -m)" i686
        assert_eq "$(berth run --rm --ephemeral --personality=x86-64 "$busybox" uname -m)" x86_64
        assert_contains "$(error_of berth run --rm --ephemeral --personality=vax "$busybox" true)" vax
}

# In whole seconds, monotonic and boottime.
clocks='use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC); open(U, "/proc/uptime"); <U> =~ /^(\d+)/; printf("%d %d\n", clock_gettime(CLOCK_MONOTONIC), $1)'

# between OFFSET BEFORE NOW AFTER: a clock of the machine is between what the host's was before and after it was looked at.
between() {
        check test "$3" -ge $(($2 + $1))
        check test "$3" -le $(($4 + $1))
}

test_clock_offsets() {
        local before inside joined after
        read -r -a before < <(perl -e "$clocks")
        berth run -d --rm --ephemeral --name later --monotonic-offset=1h --boottime-offset=2d "$debian" sleep 1000
        read -r -a inside < <(nsenter -t "$(leader_of later)" --all perl -e "$clocks")
        read -r -a joined < <(berth exec later perl -e "$clocks")
        read -r -a after < <(perl -e "$clocks")
        between 3600 "${before[0]}" "${inside[0]}" "${after[0]}"
        between 3600 "${before[0]}" "${joined[0]}" "${after[0]}"
        between 172800 "${before[1]}" "${inside[1]}" "${after[1]}"
        between 172800 "${before[1]}" "${joined[1]}" "${after[1]}"
        berth stop later
        # Each by itself, also back to when the host was younger; not to before its start.
        read -r -a inside < <(berth run --rm --ephemeral --monotonic-offset=-1s "$debian" perl -e "$clocks")
        read -r -a after < <(perl -e "$clocks")
        between -1 "${before[0]}" "${inside[0]}" "${after[0]}"
        between 0 "${before[1]}" "${inside[1]}" "${after[1]}"
        assert_contains "$(error_of berth run --rm --ephemeral --boottime-offset=-30y "$debian" true)" "before the start of the host"
        assert_contains "$(error_of berth run --rm --ephemeral --boottime-offset=later "$debian" true)" boottime-offset
}
