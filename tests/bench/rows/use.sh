# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2086,SC2154 # inside sets them; an option that may be none
#
# What is done with machines that run, and what a start costs beyond the least one. Sourced by inside.

row_bridge() {
        title 'start to exit with a link on the default bridge'
        compare --shuffle "$rounds" 0 \
                'berth run --rm, no link' berth run --rm --ephemeral $no_network "$busybox_tree" /bin/true ';' \
                'berth run --rm, bridge' berth run --rm --ephemeral "$busybox_tree" /bin/true
}

row_exec() {
        local leader
        title 'a command in a machine that runs'
        prepare_sleep_bundle
        start_one berth exec
        start_one crun exec-crun
        podman "${podman_store[@]}" run --quiet --detach --name=bench-exec --network=none --rootfs "$busybox_tree:O" sleep infinity >/dev/null
        lxc_start exec-lxc
        leader=$(busctl get-property org.berth1 /org/berth1/machine/bench_2dexec org.berth1.Machine Leader | cut -d ' ' -f 2)
        compare --shuffle "$rounds" 0 \
                'nsenter' nsenter --target "$leader" --all /bin/true ';' \
                'berth exec' berth exec bench-exec /bin/true ';' \
                'crun exec' crun exec bench-exec-crun /bin/true ';' \
                'lxc-attach' lxc-attach --lxcpath="$work/lxc" --name=bench-exec-lxc -- /bin/true ';' \
                'podman exec' podman "${podman_store[@]}" exec bench-exec /bin/true
        berth_end >/dev/null
        crun_end >/dev/null 2>&1
        podman "${podman_store[@]}" rm --time=0 --force bench-exec >/dev/null 2>&1
        lxc-stop --kill --lxcpath="$work/lxc" --name=bench-exec-lxc
}

row_list() {
        local many=${MANY:-100}
        title "the list of $many machines"
        start_many berth "$many" 8
        compare --shuffle "$rounds" 0 \
                'berth list' berth list ';' \
                'busctl call ListMachines' busctl call org.berth1 /org/berth1 org.berth1.Manager ListMachines ';' \
                'busctl call GetId of the bus' busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetId ';' \
                'machinectl list' machinectl list
        berth_end >/dev/null
}

# How large it is must not matter: nothing is copied.
row_tree_size() {
        title 'start to exit from a tree of 2 MB and from one of 2 GB'
        cp -a "$busybox_tree" "$work/small"
        cp -a "$busybox_tree" "$work/large"
        mkdir -p "$work/large/opt"
        fallocate -l 2G "$work/large/opt/data"
        compare --shuffle "$rounds" 0 \
                '2 MB' berth run --rm --ephemeral $no_network "$work/small" /bin/true ';' \
                '2 GB' berth run --rm --ephemeral $no_network "$work/large" /bin/true
}

# cpu_of NAME: microseconds.
cpu_of() {
        busctl --json=short call org.berth1 "/org/berth1/machine/bench_2d$1" org.berth1.Machine GetStats | jq '.data[0].CPUUsageUSec'
}

# Both in a slice of their own, so that nothing else of the host has a share: 1024 of 1280 are four times 256.
row_cpu_shares() {
        local name few many seconds=${SECONDS_OF_CPU:-10}
        printf '\n%s: %s\n%-34s %10s %10s %8s\n' "$row" "CPU time of CPUShares=1024 against 256 on one CPU in $seconds s" '' 'ms' '' 'ratio'
        for name in many few; do
                [[ $name == many ]] && few=1024 || few=256
                berth run --detach --rm --name "bench-$name" --slice=bench.slice --ephemeral $no_network --cpu-shares="$few" \
                        --cpu-affinity=0 "$busybox_tree" sh -c 'while :; do :; done' >/dev/null
        done
        # From when both run.
        many=$(cpu_of many) few=$(cpu_of few)
        sleep "$seconds"
        many=$(($(cpu_of many) - many)) few=$(($(cpu_of few) - few))
        figure '256' "$(jq -n "$few / 1000")" 0 1
        figure '1024' "$(jq -n "$many / 1000")" 0 "$(jq -n "$many / $few")"
        berth_end >/dev/null
}
