# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth@.service: machines that start with the host.

# installed NAME: an installed tree of its own.
installed() {
        cp -a /var/lib/machines/busybox "/var/lib/machines/$1"
        at_end rm -rf "/var/lib/machines/$1"
        at_end berth disable --now "$1"
}

is_running() {
        [[ $(machine_property "$1" State 2>/dev/null) == running ]]
}

test_enabled_tree_is_booted() {
        installed unit-tree
        # An init that does nothing but take the signal that asks it to end.
        mkdir -p /var/lib/machines/unit-tree/usr/lib/systemd
        printf '#!/bin/sh\ntrap "exit 0" RTMIN+3 TERM\nwhile :; do sleep 0.1; done\n' >/var/lib/machines/unit-tree/usr/lib/systemd/systemd
        chmod +x /var/lib/machines/unit-tree/usr/lib/systemd/systemd
        berth enable unit-tree
        assert_eq "$(systemctl is-enabled berth@unit-tree.service)" enabled
        [[ -L /etc/systemd/system/machines.target.wants/berth@unit-tree.service ]] || fail "machines.target does not want it"

        systemctl start berth@unit-tree.service
        assert_eq "$(machine_property unit-tree Unit)" berth@unit-tree.service
        assert_matches "$(cgroup_of "$(leader_of unit-tree)")" '^/machine.slice/(machine-berth.slice/)?berth@unit-tree.service/payload'
        assert_eq "$(systemctl show -P Delegate berth@unit-tree.service)" yes
        assert_contains "$(systemctl status --no-pager berth@unit-tree.service)" berth-supervisor
        systemctl stop berth@unit-tree.service
        assert_eq "$(systemctl show -P Result berth@unit-tree.service)" success

        berth disable unit-tree
        refute systemctl is-enabled --quiet berth@unit-tree.service
}

# Only on: namespaced
test_settings_file_counts_more() {
        installed unit-file
        at_end rm -f /etc/systemd/nspawn/unit-file.nspawn
        mkdir -p /etc/systemd/nspawn
        printf '[Exec]\nBoot=no\nParameters=sleep 1000\n' >/etc/systemd/nspawn/unit-file.nspawn
        berth enable --now unit-file
        wait_until 60 is_running unit-file
        assert_contains "$(tr '\0' ' ' <"/proc/$(leader_of unit-file)/cmdline")" 'sleep 1000'
        # Limits of the unit hold for the machine.
        systemctl set-property --runtime berth@unit-file.service TasksMax=77
        assert_eq "$(systemctl show -P TasksMax berth@unit-file.service)" 77
        berth disable --now unit-file
        wait_until 60 unit_is_over berth@unit-file.service
        refute is_running unit-file
}

# Only on: namespaced
test_created_machine_in_its_unit() {
        make_tree tree
        berth create --name unit-made ./tree sleep 1000 >/dev/null
        at_end berth rm -f unit-made
        at_end berth disable --now unit-made
        berth enable --now unit-made
        wait_until 60 is_running unit-made
        assert_eq "$(machine_property unit-made Unit)" berth@unit-made.service
        berth exec unit-made true
        systemctl restart berth@unit-made.service
        wait_until 60 is_running unit-made
        # Ended by berth, the unit is over as well, and well.
        berth stop unit-made
        wait_until 60 unit_is_over berth@unit-made.service
        assert_eq "$(systemctl show -P Result berth@unit-made.service)" success
        # And the machine is kept.
        assert_contains "$(berth list --all)" unit-made
}

unit_is_over() {
        [[ $(systemctl show -P ActiveState "$1") == inactive ]]
}

# Only on: namespaced
test_what_cannot_be_enabled() {
        assert_contains "$(error_of berth enable no-such-machine)" 'neither a machine nor an installed tree'
        assert_contains "$(error_of berth enable 'no/name')" 'a name is letters'
        assert_contains "$(error_of berth start --keep-unit no-such-machine)" no-such-machine
}
