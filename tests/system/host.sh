# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The host that all other tests stand on.

test_systemd_is_up() {
        assert_eq "$(cat /proc/1/comm)" systemd
        assert_eq "$(systemctl list-units --failed --no-legend --plain | cut -d ' ' -f 1)" ''
        assert_eq "$(systemctl is-system-running)" running
        check busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping
}

test_suite_is_the_chosen_one() {
        # shellcheck source=/dev/null
        source /etc/os-release
        assert_eq "$VERSION_CODENAME" "$BERTH_SUITE"
}

test_mounts_propagate() {
        assert_eq "$(findmnt -n -o PROPAGATION /)" shared
}

test_scopes_take_processes() {
        assert_contains "$(systemd-run --quiet --scope --slice=machine.slice --unit=host-test cat /proc/self/cgroup)" \
                machine.slice/host-test.scope
}

test_trees_can_be_idmapped() {
        # Overlays cannot: then no machine could have a user namespace.
        assert_ne "$(stat -f -c %T /var/lib/machines)" overlayfs
        assert_ne "$(stat -f -c %T .)" overlayfs
        check chroot /var/lib/machines/busybox /bin/sh -c 'exit 0'
        check chroot /var/lib/machines/debian /bin/sh -c 'exit 0'
}

test_loop_devices_work() {
        truncate -s 1M image
        local device
        device=$(losetup --find --show image)
        at_end losetup --detach "$device"
        check test -b "$device"
}

test_user_without_rights_exists() {
        assert_ne "$(as_user id -u)" 0
}
