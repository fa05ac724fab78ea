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

# Only on: namespaced namespaced/trixie
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

# Only on: namespaced namespaced/trixie
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

# Only on: namespaced namespaced/trixie
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

# What machined is asked of a system that runs from a tree of its own. Not asked where nobody is at a terminal: machinectl
# login, which waits for one.
# Only on: namespaced vm/trixie
test_tools_with_machine_option() {
        local id
        make_debian_tree tree
        mkdir shown
        echo carried >file
        at_end berth rm --force tooled
        berth run --boot -d --name tooled --network-veth ./tree >/dev/null
        wait_until 120 boots tooled
        wait_until 60 is_registered tooled

        assert_contains "$(machinectl list --no-legend)" "container berth"
        assert_eq "$(machinectl show -p State --value tooled)" running
        assert_eq "$(machinectl show -p Leader --value tooled)" "$(leader_of tooled)"
        assert_eq "$(machinectl show -p RootDirectory --value tooled)" "$PWD/tree"
        assert_contains "$(machinectl status --no-pager tooled)" "berth-tooled.scope"

        assert_eq "$(systemctl -M tooled is-active dbus.service)" active
        assert_contains "$(systemctl -M tooled list-units --no-pager --no-legend)" systemd-journald.service
        check timeout 60 loginctl -M tooled list-sessions --no-pager >/dev/null
        berth exec tooled logger -t inner word-from-inside
        wait_until 60 eval 'grep -q word-from-inside <<<"$(timeout 60 journalctl -M tooled --no-pager -t inner 2>/dev/null)"'
        check timeout 60 machinectl copy-from tooled /usr/lib/os-release "$PWD/os-release"
        check cmp os-release tree/usr/lib/os-release
        # And what nss-mymachines makes of them.
        assert_matches "$(busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager \
                GetMachineAddresses s tooled)" '^a\(iay\) [1-9]'
        check getent -s hosts:mymachines ahosts tooled >/dev/null
        id=$(busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager GetMachineByPID u \
                "$(leader_of tooled)")
        assert_contains "$id" "/machine/tooled"

        # It is known through all of this, and still the same.
        systemctl restart systemd-machined.service
        systemctl daemon-reload
        assert_eq "$(machinectl show -p Leader --value tooled)" "$(leader_of tooled)"
        assert_eq "$(systemctl -M tooled is-active dbus.service)" active
        # machinectl's own way to end a system: SIGRTMIN+4 to its process 1.
        machinectl poweroff tooled
        wait_until 120 is_state tooled exited
        wait_until 60 is_unregistered tooled
}

# Only on: namespaced
test_other_verbs_without_machined() {
        systemctl mask --runtime --now systemd-machined.service
        at_end systemctl unmask --runtime systemd-machined.service
        at_end berth rm --force unseen
        make_tree tree
        berth run -d --name unseen ./tree sleep 1000 >/dev/null
        assert_eq "$(berth exec unseen echo fine)" fine
        assert_contains "$(berth list)" unseen
        berth restart unseen
        check is_state unseen running
        berth stop unseen
        check is_state unseen exited
}

# Only on: namespaced namespaced/trixie
test_without_machined() {
        systemctl mask --runtime --now systemd-machined.service
        at_end systemctl unmask --runtime systemd-machined.service
        assert_eq "$(berth run --rm --ephemeral --name alone /var/lib/machines/busybox echo fine)" fine
}

# Only on: namespaced namespaced/trixie
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

# A machine of the test's own without a user namespace, that machined knows.
run_open_machine() {
        make_tree tree
        at_end berth rm --force "$1"
        berth run -d --name "$1" --private-users=no "${@:2}" ./tree sleep 1000 >/dev/null
        wait_until 60 is_registered "$1"
}

has_no_way_in() {
        [[ ! -e /run/berth/incoming/$1 && ! -L /run/systemd/nspawn/propagate/$1 ]]
}

# Only on: namespaced namespaced/trixie
test_bind_without_a_user_namespace() {
        run_open_machine reached
        mkdir folder
        echo from-the-host >folder/file
        machinectl bind --mkdir reached "$PWD/folder" /srv/deep/folder
        assert_eq "$(berth exec reached cat /srv/deep/folder/file)" from-the-host
        # It is the folder itself, and from both sides.
        berth exec reached sh -c 'echo from-inside >/srv/deep/folder/other'
        assert_eq "$(cat folder/other)" from-inside

        machinectl bind --mkdir --read-only reached "$PWD/folder/file" /srv/file
        assert_eq "$(berth exec reached cat /srv/file)" from-the-host
        assert_contains "$(error_of berth exec reached sh -c 'echo more >>/srv/file')" "Read-only file system"
        # Without --mkdir the place has to be there.
        refute machinectl bind reached "$PWD/folder" /srv/not-there 2>/dev/null
}

# What it comes in by is empty, read-only, and no part of the host's /run.
# Only on: namespaced
test_nothing_else_comes_in_by_the_way_of_bind() {
        run_open_machine narrow --cap-add=sys_admin
        assert_eq "$(berth exec narrow ls -A /run/host/incoming)" ""
        refute berth exec narrow touch /run/host/incoming/file 2>/dev/null
        refute berth exec narrow mkdir -p /run/host/incoming/../incoming/folder 2>/dev/null
        assert_eq "$(find /run/berth/incoming/narrow -mindepth 1)" ""

        # One that may remount has a file system of its own there, and what it mounts is not seen by the host.
        berth exec narrow mount -o remount,bind,rw /run/host/incoming
        berth exec narrow sh -c 'dd if=/dev/zero of=/run/host/incoming/fill bs=1k count=1000 2>/dev/null' || true
        (($(stat -c %s /run/berth/incoming/narrow/fill) <= 65536)) || fail "it can fill the host's memory"
        berth exec narrow mkdir /run/host/incoming/mine
        berth exec narrow mount -t tmpfs -o size=4k tmpfs /run/host/incoming/mine
        assert_lacks "$(cat /proc/1/mountinfo)" /run/berth/incoming/narrow/mine
        berth exec narrow mount -o remount,ro /run/host/incoming
        touch /run/berth/still-writable
        rm /run/berth/still-writable
}

# Only on: namespaced
test_the_way_of_bind_goes_with_the_machine() {
        run_open_machine reached
        refute has_no_way_in reached
        machinectl bind --mkdir reached "$PWD" /srv/before
        berth restart reached
        wait_until 60 is_registered reached
        machinectl bind --mkdir reached "$PWD" /srv/after
        check berth exec reached test -d /srv/after/tree
        berth stop reached
        wait_until 60 has_no_way_in reached

        # One that is not registered has none, and so has one that could not be bound into.
        berth run -d --rm --ephemeral --name hidden --private-users=no --register=no /var/lib/machines/busybox sleep 1000
        check has_no_way_in hidden
        berth stop hidden
        berth run -d --rm --ephemeral --name mapped /var/lib/machines/busybox sleep 1000
        check has_no_way_in mapped
        berth stop mapped
}

# Only on: namespaced
test_the_way_of_bind_is_not_left_by_a_kill() {
        run_open_machine reached
        kill_manager "$(supervisor_of reached)"
        # Not before somebody looks.
        berth list >/dev/null
        wait_until 60 has_no_way_in reached
        assert_lacks "$(cat /proc/1/mountinfo)" /run/berth/incoming

        # And the next run of the name does not mind what it finds.
        berth start reached
        wait_until 60 is_registered reached
        kill_manager "$(supervisor_of reached)"
        berth start reached
        wait_until 60 is_registered reached
        machinectl bind --mkdir reached "$PWD" /srv/folder
        check berth exec reached test -d /srv/folder/tree
}

# Only on: namespaced namespaced/trixie
test_bind_with_a_user_namespace_is_refused_and_berth_does_it() {
        echo carried >file
        chmod 644 file
        berth run -d --rm --ephemeral --name mapped /var/lib/machines/busybox sleep 1000
        at_end berth stop mapped
        wait_until 60 is_registered mapped
        assert_matches "$(error_of machinectl bind --mkdir mapped "$PWD/file" /srv/file)" '[Uu]ser namespac'
        berth bind mapped "$PWD/file:/srv/file"
        assert_eq "$(berth exec mapped cat /srv/file)" carried
}
