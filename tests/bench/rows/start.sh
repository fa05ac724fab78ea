# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2086,SC2154 # inside sets and reads them; an option that may be none
#
# What a start costs, from the command line and over D-Bus. Sourced by inside.

# oci_bundle DIR PROFILE: for crun; PROFILE is none, or a seccomp profile in docker's form.
oci_bundle() {
        local dir=$1 profile=$2
        mkdir -p "$dir"
        rm -f "$dir/config.json"
        (cd "$dir" && crun spec)
        jq --arg root "$busybox_tree" '.process.terminal = false | .process.args = ["/bin/true"] | .root = { path: $root, readonly: true }
                | del(.linux.seccomp)' "$dir/config.json" >"$dir/new"
        if [[ $profile != none ]]; then
                # Only what a machine without further capabilities gets of it, as podman does.
                jq --slurpfile p "$profile" '.linux.seccomp = ($p[0] | { defaultAction, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
                        syscalls: [.syscalls[] | select((.includes // {} | del(.arches)) == {} and (.excludes // {}) == {}
                                        and ((.includes.arches // ["amd64"]) | index("amd64")))
                                | { names, action } + if (.args // []) == [] then {} else { args } end] })' "$dir/new" >"$dir/config.json"
        else
                mv "$dir/new" "$dir/config.json"
        fi
}

# compare_starts HOW ROUNDS GAP-MS
compare_starts() {
        oci_bundle "$work/plain" none
        oci_bundle "$work/seccomp" /usr/share/containers/seccomp.json
        compare "$@" \
                'systemd-run --scope' systemd-run --quiet --scope /bin/true ';' \
                'berth run --rm' berth run --rm --ephemeral $no_network "$busybox_tree" /bin/true ';' \
                'unshare' unshare --mount --uts --ipc --net --pid --fork --user --map-root-user --cgroup /bin/true ';' \
                'bwrap' bwrap --unshare-all --ro-bind "$busybox_tree" / --dev /dev --proc /proc /bin/true ';' \
                'crun --systemd-cgroup' crun --systemd-cgroup run --bundle "$work/plain" bench ';' \
                'crun, seccomp' crun --systemd-cgroup run --bundle "$work/seccomp" bench ';' \
                'runc --systemd-cgroup' runc --systemd-cgroup run --bundle "$work/plain" bench ';' \
                'systemd-nspawn' systemd-nspawn --quiet --directory="$busybox_tree" --ephemeral --private-network /bin/true
}

# Without a network link, as none of the peers above makes one.
export no_network=
if berth run --help | grep -q -- --network; then
        no_network=--network=none
fi

row_start() {
        title 'start to exit, one command after the other'
        compare_starts --shuffle "$rounds" 0
}

row_start_spaced() {
        title 'start to exit, one command after the other, spaced by 60 ms'
        compare_starts --shuffle "$rounds" 60
}

# What a script that calls nothing else waits for: what one command does for those after it, or leaves them to do, is its own.
row_start_alone() {
        title 'start to exit, each in a loop of its own'
        compare_starts --alone $(((rounds + 4) / 5)) 0
}

row_start_alone_spaced() {
        title 'start to exit, each in a loop of its own, spaced by 60 ms'
        compare_starts --alone $(((rounds + 4) / 5)) 60
}

# In a unit of its own: there is no scope to make.
row_keep_unit() {
        title 'the supervisor alone, in the unit it is started in'
        systemd-run --quiet --pipe --wait --collect --setenv=PATH="$PATH" --property=Delegate=yes --property=KillMode=mixed \
                "$here/interleave" --shuffle "$rounds" 0 \
                'kernel price' kernel-price "$busybox_tree" /bin/true ';' \
                'berth run --keep-unit' berth run --rm --keep-unit --ephemeral $no_network "$busybox_tree" /bin/true ';' \
                'bwrap' bwrap --unshare-all --ro-bind "$busybox_tree" / --dev /dev --proc /proc /bin/true >"$work/lines" || true
        figures <"$work/lines"
}

row_bus() {
        title 'on an open connection: RunMachine until its reply'
        bus-starts "$rounds" 0 "$busybox_tree" >"$work/lines"
        figures <"$work/lines"
}
