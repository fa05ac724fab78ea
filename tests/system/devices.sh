# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Devices: none but the standard ones, unless given, and then with the access that was said.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

# opens HOW NODE OPTION…: opens it in a machine of its own; HOW is <, > or <>.
opens() {
        local how=$1 node=$2
        shift 2
        berth run --rm --ephemeral "$@" "$busybox" sh -c "exec 3$how$node" 2>/dev/null
}

test_given_device_opens() {
        opens '<>' /dev/fuse --device=/dev/fuse
        opens '<>' /dev/net/tun --device=/dev/net/tun
        opens '<>' /dev/some/where --device=/dev/fuse:/dev/some/where
        opens '<>' /dev/fuse --device=/dev/fuse --private-users=no
        # With <> the shell would make a file.
        refute opens '<' /dev/fuse
}

test_access() {
        opens '<' /dev/fuse --device=/dev/fuse:r
        refute opens '<>' /dev/fuse --device=/dev/fuse:/dev/fuse:r
        refute opens '<>' /dev/fuse --device=/dev/fuse:r --private-users=no --cap-add all
        opens '>' /dev/fuse --device=/dev/fuse:/dev/fuse:w
        refute opens '<' /dev/fuse --device=/dev/fuse:w
}

# Mode and owner are the host's, as the machine's ids; and the host's own node stays as it is, whatever is done to it inside.
test_owner_is_mapped() {
        local before
        mknod ./node c 10 229
        chown 5:6 node
        chmod 640 node
        before=$(stat -c '%u %g %a %Z' node)
        assert_eq "$(berth run --rm --ephemeral --device="$PWD/node:/dev/node" "$busybox" stat -c '%u %g %a %t:%T' /dev/node)" "5 6 640 a:e5"
        assert_eq "$(berth run --rm --ephemeral --device="$PWD/node:/dev/node" --private-users=no "$busybox" stat -c '%u %g %a' /dev/node)" "5 6 640"
        berth run --rm --ephemeral --device="$PWD/node:/dev/node" "$busybox" sh -c 'chown 1:1 /dev/node && chmod 777 /dev/node'
        assert_eq "$(stat -c '%u %g %a %Z' node)" "$before"
}

# A node in the tree is only a file, also where the payload is the host's root with all capabilities.
test_nodes_of_the_tree_are_inert() {
        make_tree tree
        mknod tree/fuse c 10 229
        mknod tree/null c 1 3
        chmod 666 tree/fuse tree/null
        refute berth run --rm --private-users=no --cap-add all ./tree sh -c 'exec 3<>/fuse'
        refute berth run --rm ./tree sh -c 'exec 3<>/fuse'
        refute berth run --rm --private-users=no --cap-add all ./tree sh -c 'exec 3<>/null'
}

test_no_node_can_be_made() {
        refute berth run --rm --ephemeral --cap-add all "$busybox" mknod /tmp/x c 10 229 2>/dev/null
        refute berth run --rm --ephemeral --cap-add all --private-users=no "$busybox" mknod /tmp/x c 10 229 2>/dev/null
        refute berth run --rm --ephemeral --cap-add all --private-users=no "$busybox" mknod /tmp/x b 7 0 2>/dev/null
        check berth run --rm --ephemeral --cap-add all --private-users=no "$busybox" mknod /tmp/x c 1 3
}

# Terminals are among the standard ones: a machine makes its own.
# Only on: namespaced
test_terminals_open() {
        check berth run --rm --ephemeral "$busybox" sh -c 'exec 3<>/dev/ptmx && ls /dev/pts/0'
        assert_contains "$(berth run --rm --ephemeral -t "$busybox" tty </dev/null)" /dev/
}

test_systemd_tells() {
        berth run -d --rm --ephemeral --name devices --device=/dev/fuse:rw "$busybox" sleep 1000
        assert_eq "$(scope_property devices DevicePolicy)" closed
        assert_contains "$(scope_property devices DeviceAllow)" "/dev/char/10:229 rwm"
        berth stop devices
}

# What the user says of the unit counts.
test_policy_is_the_users() {
        opens '<>' /dev/fuse --device=/dev/fuse --device-policy=strict
        refute opens '<' /dev/zero --device-policy=strict
        opens '<>' /dev/zero --device-policy=auto
        assert_contains "$(berth run --rm --ephemeral -t --device-policy=strict "$busybox" tty </dev/null)" /dev/
        refute berth run --rm --ephemeral --private-users=no --cap-add all "$busybox" sh -c 'mknod /dev/x c 10 229'
}

# Only on: namespaced
test_each_face() {
        busctl --quiet call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' devices "$busybox" 2 sleep 1000 \
                3 Device as 1 /dev/fuse:r Ephemeral b true Remove b true
        check test -c "/proc/$(leader_of devices)/root/dev/fuse"
        berth stop devices
        assert_contains "$(berth run --plan --device=/dev/fuse:r "$busybox" true)" "/dev/fuse:/dev/fuse:r"
}

# Only on: namespaced
test_errors_name_it() {
        local err
        err=$(error_of berth run --rm --ephemeral --device=/etc/hostname:/dev/x "$busybox" true)
        assert_contains "$err" "'/etc/hostname': it is no device"
        err=$(error_of berth run --rm --ephemeral --device=/dev/nothing "$busybox" true)
        assert_contains "$err" "'/dev/nothing': No such file"
        err=$(error_of berth run --rm --ephemeral --device=/dev/fuse:/opt/fuse "$busybox" true)
        assert_contains "$err" "below /dev"
        err=$(error_of berth run --rm --ephemeral --device=/dev/fuse:/dev/x --device=/dev/zero:/dev/x "$busybox" true)
        assert_contains "$err" "two devices"
}

# A link that the tree's author put there leads nowhere: /dev is berth's own.
test_path_is_in_our_own_dev() {
        make_tree tree
        rm -rf tree/dev
        ln -s /tmp tree/dev
        # The mount point itself is looked up inside, so nothing can land on the host.
        berth run --rm --device=/dev/fuse ./tree true || true
        [[ ! -e /tmp/fuse ]] || fail "a node was made on the host"
}
