# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What looking costs: the CPU time of berthd for the stats of many machines. Sourced by inside.

# cpu_ns PID: the time that it has run (schedstat), in nanoseconds.
cpu_ns() {
        cut -d' ' -f1 "/proc/$1/schedstat"
}

row_stats() {
        local many=${MANY:-500} pid before i cost
        start_many berth "$many" 8
        pid=$(systemctl show -P MainPID berthd.service)
        # The first time finds the cgroups.
        busctl call --quiet org.berth1 /org/berth1 org.berth1.Manager GetStats as 0
        printf '\n%s: CPU time in ms of one look at %s machines, mean of 10\n' "$row" "$(berth list --quiet | grep -c '^bench-')"
        before=$(cpu_ns "$pid")
        for ((i = 0; i < 10; i++)); do
                busctl call --quiet org.berth1 /org/berth1 org.berth1.Manager GetStats as 0
        done
        cost=$(jq -n "($(cpu_ns "$pid") - $before) / 10000000")
        figure "berthd, GetStats" "$cost" 0 1
        berth_end >/dev/null
}
