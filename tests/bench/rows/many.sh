# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2046,SC2086,SC2154,SC2206 # inside sets them; an option that may be none; read by name
#
# Many machines: the time to start them, and the memory that they keep. Sourced by inside.

now_ms() {
        date +%s%3N
}

# What ended a moment ago is still being taken down: its network namespaces, its cgroups, its units; what began is not idle yet.
settle() {
        sleep 2
}

# wall COMMAND…: microseconds.
wall() {
        local begin
        begin=$(now_ms)
        "$@" >/dev/null 2>&1 || true
        echo $((($(now_ms) - begin) * 1000))
}

# How one is started, with {} for its name. No shell in between: it would cost each of them as much as half of a start.
start_commands() {
        berth_command=(berth run --detach --rm --name 'bench-{}' --ephemeral $no_network "$busybox_tree" sleep infinity)
        # A name is not needed, and one that berth picks costs less: its scope can be made ahead (berth-internals(7)).
        nameless_command=(berth run --detach --rm --ephemeral $no_network "$busybox_tree" sleep infinity)
        crun_command=(crun --systemd-cgroup run --detach --bundle "$work/sleep" 'bench-{}')
        podman_command=(podman "${podman_store[@]}" run --quiet --detach --name 'bench-{}' --network none --rootfs "$busybox_tree:O"
                sleep infinity)
        # But here the end of a start must be waited for.
        nspawn_command=(bash -c 'nspawn_start {}')
        export -f nspawn_start
}

nspawn_start() {
        systemd-run --quiet --collect --unit="bench-nspawn-$1" systemd-nspawn --quiet --keep-unit --directory="$busybox_tree" --ephemeral --machine="bench-$1" \
                --private-network sleep infinity
        # One that failed is never known.
        until machinectl show "bench-$1" >/dev/null 2>&1 || ! systemctl is-active --quiet "bench-nspawn-$1"; do sleep 0.01; done
}

# Of a copy: it makes its root writable for others to see.
lxc_start() {
        local config=$work/lxc/bench-$1.conf
        mkdir -p "$work/lxc"
        [[ -d $work/lxc-tree ]] || cp -a "$busybox_tree" "$work/lxc-tree"
        printf 'lxc.rootfs.path = dir:%s\nlxc.uts.name = bench\nlxc.net.0.type = empty\n' "$work/lxc-tree" >"$config"
        lxc-start --lxcpath="$work/lxc" --name="bench-$1" --rcfile="$config" -- /bin/sleep infinity
}

# start_many KIND N PARALLEL
start_many() {
        local -n command=$1_command
        start_commands
        seq "$2" | xargs -P "$3" -I{} "${command[@]}" >/dev/null 2>&1
}

# start_one KIND NAME
start_one() {
        local -n command=$1_command
        start_commands
        "${command[@]//'{}'/$2}" </dev/null >/dev/null 2>&1
}

berth_end() {
        berth kill --signal KILL $(berth list --quiet)
}

nameless_end() {
        berth_end
}

crun_end() {
        local n
        for n in $(crun list --quiet); do crun delete --force "$n"; done
}

podman_end() {
        podman "${podman_store[@]}" rm --all --force --time 0
}

nspawn_end() {
        systemctl stop 'bench-nspawn-*'
}

prepare_sleep_bundle() {
        oci_bundle "$work/sleep" none
        jq '.process.args = ["/bin/sleep", "infinity"]' "$work/sleep/config.json" >"$work/sleep/new"
        mv "$work/sleep/new" "$work/sleep/config.json"
}

# time_many KIND PARALLEL
time_many() {
        wall start_many "$1" "${MANY:-100}" "$2" >>"$work/$1.times"
        "${1}_end" >/dev/null 2>&1 || true
        settle
}

# Those that are near each other by turns, the others once.
compare_many() {
        local parallel=$1 kind
        prepare_sleep_bundle
        rm -f "$work"/*.times
        for _ in 1 2 3; do
                time_many crun "$parallel"
                time_many berth "$parallel"
                time_many nameless "$parallel"
        done
        time_many nspawn "$parallel"
        time_many podman "$parallel"
        for kind in crun nameless berth nspawn podman; do
                line_of "$kind" "$work/$kind.times"
        done | sed 's/^berth\t/berth, given names\t/; s/^nameless/berth/' >"$work/lines"
        figures <"$work/lines"
}

row_hundred_one_by_one() {
        title "wall time of ${MANY:-100} machines, one by one"
        compare_many 1
}

row_hundred_8_at_a_time() {
        title "wall time of ${MANY:-100} machines, 8 at a time"
        compare_many 8
}

# The scale that is promised: what the manager keeps, what a list costs, and what the last machines cost that the first
# did not. Systemd's own price grows too, and is measured at the same places.
row_thousand() {
        local many=${MANY:-1000} rounds=$((rounds / 2))
        title 'a start while no other machine runs'
        bus-starts "$rounds" 0 "$busybox_tree" | figures
        start_many berth "$many" 8
        title "a start while $(berth list --quiet | grep -c '^bench-') machines run"
        bus-starts "$rounds" 0 "$busybox_tree" | figures
        title 'their list, on an open connection and as a command'
        {
                bus-starts "$rounds" 0
                interleave "$rounds" 0 'berth list' berth list
        } | figures
        printf '\n%s: PSS in kB\n' "$row"
        figure 'berthd and its helpers' "$(manager_pss)" 0 1
        berth_end >/dev/null
}

# pss_of PATTERN: the mean of the processes whose command line matches, in kB.
pss_of() {
        local pid
        for pid in $(pgrep -f -- "$1"); do
                awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null || true
        done | awk '{ sum += $1; n++ } END { printf "%.1f", n ? sum / n : 0 }'
}

# In kB: berthd itself, its spawner with the next supervisor, and what it begins grace periods with.
manager_pss() {
        local pid
        for pid in $(pgrep -f -- '/berthd$|^berth-supervisor --(sp|reserved)'); do
                awk '/^Pss:/ { print $2 }' "/proc/$pid/smaps_rollup"
        done | awk '{ sum += $1 } END { print sum + 0 }'
}

row_memory() {
        printf '\n%s: PSS in kB per idle machine, with 50 of them\n' "$row"
        start_many berth 50 8
        settle
        figure berth-supervisor "$(pss_of '^berth-supervisor .*bench-')" 0 1
        figure 'berthd and its helpers, for all' "$(manager_pss)" 0 1
        berth_end >/dev/null
        start_many podman 50 8
        settle
        figure conmon "$(pss_of '/conmon .*bench-')" 0 1
        podman_end >/dev/null 2>&1
        start_many nspawn 50 1
        settle
        figure systemd-nspawn "$(pss_of '/systemd-nspawn .*bench-')" 0 1
        nspawn_end
}
