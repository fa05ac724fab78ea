# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What hosts of every kind have in common: how they come up, and how they end. Sourced after lib.sh.
# A kind is the file KIND.sh with the functions KIND_packages, _prepare, _exec, _fill, _is_up, _deadline, _raw, _enter,
# _clean; _exec, _raw and _enter do not return.

host_kinds=(namespaced vm selinux)
host_suites=(bookworm trixie)

# shellcheck source=tests/host/namespaced.sh
source "$host_dir/namespaced.sh"
# shellcheck source=tests/host/vm.sh
source "$host_dir/vm.sh"
# shellcheck source=tests/host/selinux.sh
source "$host_dir/selinux.sh"

# host_environment STATE: the start of a command line, one word a line. A command in the host sees nothing of the caller's
# environment but the kind of its terminal, and how much it is to do.
host_environment() {
        local kind suite
        IFS=- read -r kind suite _ <<<"${1##*/}"
        printf '%s\n' env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root \
                SHELL=/bin/bash LANG=C.UTF-8 "TERM=${TERM:-dumb}" "BERTH_HOST=$kind" "BERTH_SUITE=$suite" ${BERTH_ROUNDS:+"BERTH_ROUNDS=$BERTH_ROUNDS"}
}

# keeper_command: what to start a keeper with. Where systemd runs the machine, it gives a keeper a cgroup tree of its own.
keeper_command() {
        echo setsid
        if [[ -d /run/systemd/system ]]; then
                printf '%s\n' systemd-run --quiet --scope --collect --property=Delegate=yes --unit="berth-host-$$.scope"
        fi
        echo "$host_dir/keeper"
}

host_pid() {
        recorded_process "$1/pid"
}

# wait_for_host KIND STATE SECONDS: until its systemd has started all it has to start.
wait_for_host() {
        local kind=$1 state=$2 deadline=$((SECONDS + $3)) answer

        until "${kind}_is_up" "$state"; do
                host_pid "$state" >/dev/null || { echo "it ended while booting" && return 1; }
                ((SECONDS < deadline)) || { echo "it did not come up in $3 seconds" && return 1; }
                sleep 0.05
        done

        answer=$("${kind}_raw" "$state" systemctl is-system-running --wait) || true
        case $answer in
        running)
                echo ready
                ;;
        degraded)
                echo ready
                echo "these units of the host failed:" \
                        "$("${kind}_raw" "$state" systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1 | tr '\n' ' ')"
                ;;
        *)
                echo "its systemd says '$answer'"
                return 1
                ;;
        esac
}

# stop_host KIND STATE: from whatever state it is in; only ever kills what STATE has recorded. Its folder stays.
stop_host() {
        local kind=$1 state=$2 pid
        while pid=$(host_pid "$state"); do
                kill -KILL "$pid" 2>/dev/null || true
                sleep 0.02
        done
        "${kind}_clean" "$state"
}

end_host() {
        stop_host "$@" && rm -rf --one-file-system "$2"
}

# What a killed keeper could not remove. A state folder says in its name of which kind it is.
end_stale_hosts() {
        local state kind
        for state in "$cache_dir"/run/*/; do
                state=${state%/}
                [[ -d $state ]] || continue
                recorded_process "$state/keeper" >/dev/null && continue
                kind=${state##*/}
                end_host "${kind%%-*}" "$state" || say "Could not remove what is left of $state"
        done
}
