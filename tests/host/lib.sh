# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What all scripts of tests/host share: places, messages, locks. Sourced.
#
#   $BERTH_BUILD       the build folder, default: build
#   $BERTH_HOST_CACHE  root file systems, images and running hosts, default: $BERTH_BUILD/host

shopt -s inherit_errexit

source_dir=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
host_dir=$source_dir/tests/host
build_dir=$(realpath -m "${BERTH_BUILD:-$source_dir/build}")
cache_dir=$(realpath -m "${BERTH_HOST_CACHE:-$build_dir/host}")
quiet=${quiet:-0}

say() {
        [[ $quiet == 1 ]] || printf '==> %s\n' "$*" >&2
}

die() {
        printf '%s: %s\n' "${0##*/}" "$*" >&2
        exit "${die_status:-1}"
}

# The trees in the cache have root's files, some setuid: nobody else has any business in there.
make_cache_dir() {
        mkdir -p "$cache_dir"
        chmod 700 "$cache_dir"
}

# with_lock NAME COMMAND…: one at a time; what COMMAND starts does not hold the lock.
with_lock() {
        local name=$1
        shift
        make_cache_dir
        (
                flock 9
                "$@" 9>&-
        ) 9>"$cache_dir/$name.lock"
}

# logged LOG COMMAND…: the output goes to LOG, and is shown when COMMAND fails.
logged() {
        local log=$1 status=0
        shift
        "$@" >"$log" 2>&1 </dev/null || status=$?
        if [[ $status != 0 ]]; then
                printf '%s\n' "--- $log" >&2
                tail -n 60 "$log" >&2
        fi
        return "$status"
}

# start_time PID: tells a living process from a later one of the same number.
start_time() {
        local stat fields
        stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
        # The name in the second field may contain blanks and parentheses.
        read -ra fields <<<"${stat##*) }"
        [[ ${fields[0]} != Z ]] && echo "${fields[19]}"
}

# record_process FILE PID: at once, for others may be reading.
record_process() {
        echo "$2 $(start_time "$2")" >"$1.new"
        mv "$1.new" "$1"
}

# recorded_process FILE: the PID in FILE, if that process still lives.
recorded_process() {
        local pid time
        read -r pid time 2>/dev/null <"$1" || return 1
        [[ $(start_time "$pid") == "$time" ]] || return 1
        echo "$pid"
}

# wait_for_end FILE: until the process that FILE names now is gone; it may remove FILE before.
wait_for_end() {
        local pid time
        read -r pid time 2>/dev/null <"$1" || return 0
        while [[ $(start_time "$pid") == "$time" ]]; do
                sleep 0.02
        done
}
