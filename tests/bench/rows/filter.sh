# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # inside sets them
#
# What the system call filter costs a payload. Sourced by inside.

# getpid_in OPTION…: microseconds that the loop takes in a machine.
getpid_in() {
        berth run --rm --read-only "$@" "$work/loop" getpid-loop "${CALLS:-3000000}"
}

# By turns, so that all see the same machine. What a filter that allows everything costs is the kernel's own price of having
# one at all: with its cache of calls that are always allowed (Linux 5.11) no filter is cheaper, so the default one is to be
# measured by that as well.
row_getpid() {
        local kind
        title "a loop of getpid() in a machine, without a filter, with one that allows everything, and with the default one"
        echo '{"defaultAction":"SCMP_ACT_ALLOW"}' >"$work/all.json"
        cp -a "$busybox_tree" "$work/loop"
        cp "$(command -v getpid-loop)" "$work/loop/bin/"
        for _ in {1..9}; do
                getpid_in --security-opt seccomp=unconfined >>"$work/unconfined"
                getpid_in --security-opt seccomp="$work/all.json" >>"$work/allowing"
                getpid_in >>"$work/filtered"
        done
        for kind in unconfined allowing filtered; do
                line_of "$kind" "$work/$kind"
        done >"$work/lines"
        figures <"$work/lines"
}
