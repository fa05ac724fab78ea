# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # inside sets them
#
# What the system call filter costs a payload. Sourced by inside.

# getpid_in OPTION…: microseconds that the loop takes in a machine.
getpid_in() {
        berth run --rm --read-only "$@" "$work/loop" getpid-loop "${CALLS:-3000000}"
}

# The median of the lines of a file.
median_of() {
        sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"
}

# By turns, so that all see the same machine. What a filter that allows everything costs is the kernel's own price of having
# one at all: with its cache of calls that are always allowed (Linux 5.11) no filter is cheaper, so the default one is to be
# measured by that as well.
row_getpid() {
        local round least
        title "a loop of getpid() in a machine, without a filter, with one that allows everything, and with the default one"
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >"$work/all.json"
        cp -a "$busybox_tree" "$work/loop"
        cp "$(command -v getpid-loop)" "$work/loop/bin/"
        for round in {1..9}; do
                getpid_in --security-opt seccomp=unconfined >>"$work/unconfined"
                getpid_in --security-opt seccomp="$work/all.json" >>"$work/allowing"
                getpid_in >>"$work/filtered"
        done
        for kind in unconfined allowing filtered; do
                least=$(sort -n "$work/$kind" | head -n 1)
                printf '%s\t%s\t%s\t%s\t0\n' "$kind" "$(median_of "$work/$kind")" "$(sort -n "$work/$kind" | tail -n 1)" "$least"
        done >"$work/lines"
        figures <"$work/lines"
}
