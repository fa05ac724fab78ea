# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a payload may do: its capabilities and its system call filter.

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

# capability_sets OPTION…: the five sets of the command in a machine, inheritable to ambient.
capability_sets() {
        berth run --rm --ephemeral "$@" "$debian" sed -n 's/^Cap[A-Z][a-z]*:\t0*\(.\)/\1/p' /proc/self/status | tr '\n' ' '
}

test_capability_sets_of_root() {
        # CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE NET_RAW SYS_CHROOT SETFCAP
        assert_eq "$(capability_sets)" "0 800424fb 800424fb 800424fb 0 "
        # On the host's network no raw sockets.
        assert_eq "$(capability_sets --private-network=no)" "0 800404fb 800404fb 800404fb 0 "
        assert_eq "$(capability_sets --cap-drop all)" "0 0 0 0 0 "
        assert_eq "$(capability_sets --cap-drop all --cap-add chown)" "0 0 0 0 0 "
        assert_eq "$(capability_sets --cap-add CAP_NET_ADMIN)" "0 800434fb 800434fb 800434fb 0 "
}

# A user who is not root has none; files with capabilities of their own could give those of the bounding set.
test_capability_sets_of_others() {
        assert_eq "$(capability_sets -u daemon)" "0 0 0 800424fb 0 "
        assert_eq "$(capability_sets -u daemon --ambient-capability net_bind_service)" "400 400 400 800424fb 400 "
        assert_eq "$(capability_sets --ambient-capability net_bind_service)" "400 800424fb 800424fb 800424fb 400 "
}

test_ambient_capability_must_be_kept() {
        local err
        err=$(error_of berth run --rm --ephemeral -u daemon --ambient-capability sys_time "$busybox" true)
        assert_contains "$err" AmbientCapability
        assert_status 0 berth run --rm --ephemeral -u 1 --cap-add sys_time --ambient-capability sys_time "$busybox" true
}

# The working directory is entered with the user's own rights.
test_working_directory_is_the_users() {
        assert_contains "$(error_of berth run --rm --ephemeral -u daemon --workdir /root "$debian" true)" /root
        assert_status 0 berth run --rm --ephemeral --workdir /root "$debian" true
}
