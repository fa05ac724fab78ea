# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# systemd-machined knows berth's machines, and its verbs work on them.

debian=/var/lib/machines/debian

is_registered() {
        machinectl show "$1" >/dev/null 2>&1
}

is_unregistered() {
        ! is_registered "$1"
}

boots() {
        berth exec "$1" systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'
}

test_registered_and_not() {
        berth run -d --rm --ephemeral --name known /var/lib/machines/busybox sleep 1000
        berth run -d --rm --ephemeral --register=no --name unknown /var/lib/machines/busybox sleep 1000
        wait_until 60 is_registered known
        assert_contains "$(machinectl list --no-legend)" known
        assert_lacks "$(machinectl list --no-legend)" unknown
        assert_eq "$(machinectl show -P Service known 2>/dev/null || machinectl show -p Service --value known)" berth
        assert_eq "$(machinectl show -p Unit --value known)" berth-known.scope
        berth stop known unknown
        wait_until 60 is_unregistered known
}

test_its_interface_is_told() {
        berth run -d --rm --ephemeral --network-veth --name linked /var/lib/machines/busybox sleep 1000
        at_end berth stop linked
        wait_until 60 is_registered linked
        local index
        index=$(busctl get-property org.freedesktop.machine1 "$(busctl call org.freedesktop.machine1 /org/freedesktop/machine1 \
                org.freedesktop.machine1.Manager GetMachine s linked | sed 's/^o "\(.*\)"$/\1/')" \
                org.freedesktop.machine1.Machine NetworkInterfaces | sed -n 's/^ai 1 //p')
        assert_matches "$index" '^[0-9]+$'
        grep -q "^$index: " <<<"$(ip -o link)" || fail "there is no interface $index on the host"
}

test_restart_loses_none() {
        berth run -d --rm --ephemeral --name lasting /var/lib/machines/busybox sleep 1000
        wait_until 60 is_registered lasting
        systemctl restart systemd-machined.service
        check is_registered lasting
        systemctl daemon-reload
        check is_registered lasting
        berth stop lasting
        wait_until 60 is_unregistered lasting
}

test_without_machined() {
        systemctl mask --runtime --now systemd-machined.service
        at_end systemctl unmask --runtime systemd-machined.service
        assert_eq "$(berth run --rm --ephemeral --name alone /var/lib/machines/busybox echo fine)" fine
}

test_verbs_on_a_system() {
        berth run --boot -d --rm --ephemeral --name whole "$debian" >/dev/null
        at_end berth stop whole
        wait_until 120 boots whole
        wait_until 60 is_registered whole
        assert_contains "$(machinectl status --no-pager whole)" systemd-journald
        assert_eq "$(systemctl -M whole is-active systemd-journald.service)" active
        assert_contains "$(machinectl --quiet shell whole /bin/echo from-the-shell </dev/null)" from-the-shell
        echo carried >file
        # machined 252 does not copy into a machine with a user namespace (it says so); later ones do.
        if machinectl copy-to whole "$PWD/file" /root/file 2>error; then
                assert_eq "$(berth exec whole cat /root/file)" carried
        else
                assert_matches "$(cat error)" '[Uu]ser namespac|supported'
        fi
        machinectl terminate whole
        wait_until 60 is_unregistered whole
}
