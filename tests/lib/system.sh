# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What system tests are written with. A test file is sourced after this; each function test_NAME in it is one test.
#
# A test runs in a shell of its own, as root on a host with berth, under set -euo pipefail: a command that fails is a
# test that fails. Its working folder is new, on a real file system, only root can enter it, and it is removed at the end.
#
#   $BERTH_HOST   namespaced, vm or selinux
#   $BERTH_SUITE  bookworm or trixie
#   /var/lib/machines/debian, /var/lib/machines/busybox   pristine trees: clone them, or run them with --ephemeral

skip_status=77

fail() {
        trap - ERR
        printf 'failed: %s\n' "$*" >&2
        local depth
        for ((depth = 1; depth < ${#FUNCNAME[@]} - 1; depth++)); do
                printf '  in %s, %s line %s\n' "${FUNCNAME[depth]}" "${BASH_SOURCE[depth]##*/}" "${BASH_LINENO[depth - 1]}" >&2
        done
        exit 1
}

# skip REASON: this host cannot show it. A test that no host can run fails the whole run.
skip() {
        trap - ERR
        printf '%s\n' "$*"
        exit "$skip_status"
}

# What a command that fails says under set -e; with the line of the test, not of a helper.
report_error() {
        local status=$1 command=$2
        trap - ERR
        printf 'failed: exit status %s in %s, line %s: %s\n' "$status" "${FUNCNAME[1]}" "${BASH_LINENO[0]}" "$command" >&2
        exit "$status"
}

# at_end COMMAND…: runs when the test is over, however it ends; the last one first.
end_commands=()
at_end() {
        end_commands+=("$(printf '%q ' "$@")")
}

run_end_commands() {
        local status=$? i
        trap - ERR
        for ((i = ${#end_commands[@]} - 1; i >= 0; i--)); do
                eval "${end_commands[i]}" || true
        done
        return "$status"
}

# check COMMAND…: like the bare command, but says which one failed. Commands can be functions, [[ ]] cannot.
check() {
        "$@" || fail "exit status $? from: $*"
}

# refute COMMAND…: must fail.
refute() {
        if "$@"; then
                fail "should have failed: $*"
        fi
}

assert_eq() {
        [[ $1 == "$2" ]] || fail "expected '$2', got '$1'${3:+ ($3)}"
}

assert_ne() {
        [[ $1 != "$2" ]] || fail "expected anything but '$2'${3:+ ($3)}"
}

# assert_contains TEXT PART, assert_matches TEXT REGEX
assert_contains() {
        [[ $1 == *"$2"* ]] || fail "expected '$2' in: $1"
}

assert_lacks() {
        [[ $1 != *"$2"* ]] || fail "expected no '$2' in: $1"
}

assert_matches() {
        [[ $1 =~ $2 ]] || fail "expected something like '$2', got: $1"
}

# assert_status STATUS COMMAND…: the command ends with this very status.
assert_status() {
        local expected=$1 status=0
        shift
        "$@" || status=$?
        [[ $status == "$expected" ]] || fail "expected exit status $expected, got $status from: $*"
}

# wait_until SECONDS COMMAND…: until COMMAND succeeds. Be generous: the deadline is for what hangs, not for what is slow.
wait_until() {
        local deadline=$((SECONDS + $1))
        shift
        until "$@"; do
                ((SECONDS < deadline)) || fail "never came true: $*"
                sleep 0.05
        done
}

# make_tree DIR: a small tree of the test's own, with a static busybox and nothing else.
make_tree() {
        cp -a /var/lib/machines/busybox "$1"
}

# make_debian_tree DIR: the big one, about 160 MB.
make_debian_tree() {
        cp -a /var/lib/machines/debian "$1"
}

# as_user COMMAND…: as a user without rights, in the test's folder or wherever that user may be.
as_user() {
        runuser -u tester -- "$@"
}

on_cgroup_v2() {
        [[ $(stat -f -c %T /sys/fs/cgroup) == cgroup2fs ]]
}

systemd_version() {
        systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p'
}

# error_of COMMAND…: the command must fail; prints what it wrote to standard error.
error_of() {
        local text
        if text=$("$@" 2>&1 >/dev/null); then
                fail "should have failed: $*"
        fi
        printf '%s\n' "$text"
}

# machine_property NAME PROPERTY: of org.berth1.Machine, without its D-Bus type and quotes.
machine_property() {
        local path=${1//-/_2d}
        busctl get-property org.berth1 "/org/berth1/machine/${path//./_2e}" org.berth1.Machine "$2" | sed 's/^[^ ]* //; s/^"\(.*\)"$/\1/'
}

# watch_events FILE [NAME…]: what happens goes there, a JSON object a line, until the test ends. It is listening when this returns.
watch_events() {
        local file=$1 watcher
        shift
        berth events --json "$@" >"$file" &
        watcher=$!
        at_end kill "$watcher"
        wait_until 60 holds_a_pipe "$watcher"
}

# holds_a_pipe PID: as berth does once berthd has given it one, through which events come.
holds_a_pipe() {
        grep -q "^pipe:" <<<"$(readlink "/proc/$1/fd/"[3-9] 2>/dev/null)"
}

is_state() {
        [[ $(machine_property "$1" State) == "$2" ]]
}

leader_of() {
        machine_property "$1" Leader
}

supervisor_of() {
        machine_property "$1" Supervisor
}

# scope_property NAME PROPERTY: as systemd says.
scope_property() {
        systemctl show -P "$2" "berth-$1.scope"
}

scope_is_gone() {
        [[ $(scope_property "$1" ActiveState) == inactive ]]
}

# The cgroup of a process in systemd's hierarchy.
cgroup_of() {
        if on_cgroup_v2; then
                sed -n 's/^0:://p' "/proc/$1/cgroup"
        else
                sed -n 's/^[0-9]*:name=systemd://p' "/proc/$1/cgroup"
        fi
}

# scope_file NAME V2-FILE V1-CONTROLLER V1-FILE: a file of the machine's scope in the hierarchy that has the controller.
scope_file() {
        if on_cgroup_v2; then
                echo "/sys/fs/cgroup/machine.slice/berth-$1.scope/$2"
        else
                echo "/sys/fs/cgroup/$3/machine.slice/berth-$1.scope/$4"
        fi
}

# journal_has UNIT TEXT. Not a pipe: grep ends at the first match, the writer by SIGPIPE, and then the pipe has failed.
journal_has() {
        journalctl --sync || true
        grep -qF -- "$2" <<<"$(journalctl -u "$1" --no-pager -o cat)"
}

# with_btrfs NAME: a btrfs at ./fs, with the subvolume ./fs/NAME, a tree to run.
with_btrfs() {
        grep -qw btrfs /proc/filesystems || modprobe btrfs 2>/dev/null || skip "this kernel has no btrfs"
        truncate -s 256M disk
        mkfs.btrfs -q disk 2>/dev/null
        mkdir -m 700 fs
        mount -o loop disk fs
        at_end umount "$PWD/fs"
        btrfs -q subvolume create "fs/$1"
        cp -a /var/lib/machines/busybox/. "fs/$1/"
}

# kill_manager [PID…]: it has no process and no name on the bus when this returns.
kill_manager() {
        local pid owner
        pid=$(systemctl show -P MainPID berthd.service)
        owner=$(bus_daemon_says GetNameOwner org.berth1)
        kill -KILL "$pid" "$@"
        wait_until 60 eval "! kill -0 $pid 2>/dev/null"
        # The bus may see the end of the connection later than systemd that of the process, and until then hands it calls.
        wait_until 60 eval "[[ \$(bus_daemon_says NameHasOwner $owner) == false ]]"
}

# bus_daemon_says METHOD NAME: what it answers about the owner of a name; asking starts nobody.
bus_daemon_says() {
        busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus "$1" s "$2" | cut -d ' ' -f 2 | tr -d '"'
}
