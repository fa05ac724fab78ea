# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Errors a person can act on: each names the thing and what is allowed, and leaves nothing (the suite checks that).

busybox=/var/lib/machines/busybox

# expect STATUS PART COMMAND…: ends with the status and says PART.
expect() {
        local status=$1 part=$2 actual=0 text
        shift 2
        text=$("$@" 2>&1 >/dev/null) || actual=$?
        [[ $actual == "$status" ]] || fail "expected exit status $status, got $actual from: $* ($text)"
        assert_contains "$text" "$part"
}

# Only on: namespaced
test_no_such_tree() {
        expect 125 /no/such/tree berth run --rm /no/such/tree true
        expect 125 no-such-name berth run --rm no-such-name true
}

# Only on: namespaced
test_not_a_tree() {
        mkdir empty
        expect 125 /usr berth run --rm ./empty true
        touch file
        expect 125 file berth run --rm ./file true
}

# Only on: namespaced namespaced/trixie
test_exposed_tree() {
        # Not in the test's own folder, which only root can enter.
        local place
        place=$(mktemp -d /var/tmp/exposed.XXXXXX)
        at_end rm -rf "$place"
        chmod 755 "$place"
        make_tree "$place/tree"

        expect 125 "$place/tree" berth run --rm "$place/tree" true
        expect 125 --allow-exposed-tree berth run --rm "$place/tree" true
        assert_status 0 berth run --rm --allow-exposed-tree "$place/tree" true
        assert_status 0 berth run --rm --read-only "$place/tree" true
        assert_status 0 berth run --rm --ephemeral "$place/tree" true
        chmod 700 "$place"
        assert_status 0 berth run --rm "$place/tree" true
}

# Only on: namespaced
test_command_missing() {
        expect 127 no-such-command berth run --rm --ephemeral "$busybox" no-such-command
        expect 126 /etc/passwd berth run --rm --ephemeral "$busybox" /etc/passwd
        make_tree tree
        printf '#!/no/interpreter\n' >tree/bin/script
        chmod 755 tree/bin/script
        expect 126 interpreter berth run --rm ./tree script
}

# Only on: namespaced
test_name_taken() {
        berth run -d --rm --ephemeral --name taken "$busybox" sleep 1000
        expect 125 taken berth run --rm --ephemeral --name taken "$busybox" true
        berth stop taken
}

# Only on: namespaced
test_bad_name() {
        expect 125 "at most 64" berth run --rm --ephemeral --name 'no spaces' "$busybox" true
        expect 125 "letters, digits" berth run --rm --ephemeral --name ../../etc "$busybox" true
        expect 125 "letters, digits" berth run --rm --ephemeral --name "$(printf 'a%.0s' {1..65})" "$busybox" true
        expect 125 "letters, digits" berth run --rm --ephemeral --name -x "$busybox" true
}

# Only on: namespaced
test_unknown_setting() {
        expect 125 memmory berth run --memmory 64M "$busybox" true
        expect 125 MemoryMax busctl_run MemoryMaxx s 64M
        expect 125 NoSuchSetting busctl_run NoSuchSetting s 1
}

busctl_run() {
        busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' wrong "$busybox" 1 true 1 "$@" || return 125
}

# Only on: namespaced
test_bad_values() {
        expect 125 "a size in bytes" berth run --rm --ephemeral --memory lots "$busybox" true
        expect 125 "between 2 and 262144" berth run --rm --ephemeral --cpu-shares 1 "$busybox" true
        expect 125 "a signal" berth run --rm --ephemeral --stop-signal NOPE "$busybox" true
        expect 125 "a time span" berth run --rm --ephemeral --stop-timeout soon "$busybox" true
        expect 125 "absolute path" berth run --rm --ephemeral -w relative "$busybox" true
        expect 125 "NAME=VALUE" berth run --rm --ephemeral -e 1=2 "$busybox" true
        expect 125 "no, pick, identity" berth run --rm --ephemeral --private-users=some "$busybox" true
        expect 125 "a boolean" busctl_run Ephemeral s perhaps
        expect 125 "D-Bus type" busctl_run Ephemeral 'a{ss}' 0
}

# Only on: namespaced
test_no_such_machine() {
        local verb
        for verb in status stop kill rm; do
                expect 1 nobody berth "$verb" nobody
        done
        # Their exit status can be the payload's, so that a failure of their own needs another one.
        for verb in wait start; do
                expect 125 nobody berth "$verb" nobody
        done
}

# Only on: namespaced
test_no_such_user_or_directory() {
        expect 125 somebody berth run --rm --ephemeral -u somebody "$busybox" true
        expect 125 /nowhere berth run --rm --ephemeral -w /nowhere "$busybox" true
}

# Only on: namespaced
test_no_such_verb() {
        expect 1 "did you mean" berth lst
        expect 1 nonsense berth nonsense
}

# Only on: namespaced
test_machine_name_that_is_near() {
        berth run -d --rm --ephemeral --name database "$busybox" sleep 1000
        expect 1 "did you mean database?" berth status databse
        expect 1 "did you mean database?" berth stop datbase
        assert_lacks "$(error_of berth stop something-else)" 'did you mean'
        berth stop database
}

# Only on: namespaced
test_no_bus() {
        # A mount namespace without the socket: what a client finds where no bus runs.
        expect 1 /run/dbus/system_bus_socket unshare -m sh -c 'mount -t tmpfs none /run/dbus && exec berth list'
}

# Only on: namespaced
test_no_systemd() {
        expect 1 systemd unshare -m sh -c 'mount -t tmpfs none /run/systemd && mount -t tmpfs none /run/dbus && exec berth list'
}

# Only on: namespaced
test_ranges_used_up() {
        berth run -d --rm --ephemeral --private-users=1000013824:65536 --name first "$busybox" sleep 1000
        expect 125 1000013824 berth run --rm --ephemeral --private-users=1000013824:65536 --name second "$busybox" true
        berth stop first
}

# The error of a failed start is the caller's own, word for word the same over D-Bus.
# Only on: namespaced
test_error_reaches_dbus_callers() {
        local text
        text=$(error_of busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' wrong "$busybox" 1 no-such-command 1 Ephemeral b true)
        assert_contains "$text" "$(berth run --rm --ephemeral --name wrong "$busybox" no-such-command 2>&1 | sed 's/^berth: //')"
}

# Only on: namespaced
test_running_machine_is_not_removed() {
        berth run -d --ephemeral --name busy "$busybox" sleep 1000
        expect 1 busy berth rm busy
        berth rm -f busy
        expect 1 busy berth status busy
}

# A kernel without a feature: clone3() is answered with ENOSYS for the whole manager.
# Only on: namespaced vm/trixie
test_kernel_lacks_namespaces() {
        local limit=/proc/sys/user/max_net_namespaces old
        old=$(cat $limit)
        echo 0 2>/dev/null >$limit || skip "this host may not lower user.max_net_namespaces"
        at_end sh -c "echo $old >$limit"
        expect 125 max_ berth run --rm --ephemeral "$busybox" true
}
