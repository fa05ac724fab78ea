# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whole systems: systemd inside, as its Container Interface (systemd.io/CONTAINER_INTERFACE) has it.

debian=/var/lib/machines/debian

# boot NAME [OPTION…] TREE: in the background, until it runs.
boot() {
        local name=$1
        shift
        berth run --boot --rm --detach --name "$name" "$@" >/dev/null
        at_end stop_quietly "$name"
        assert_eq "$(settled "$name")" running
}

stop_quietly() {
        berth stop "$1" 2>/dev/null
}

# settled NAME: "running" or "degraded", once the jobs of its start are done.
settled() {
        wait_until 120 answers "$1"
        berth exec "$1" systemctl is-system-running --wait || true
}

answers() {
        berth exec "$1" systemctl is-system-running 2>/dev/null | grep -qE 'starting|running|degraded'
}

is_gone() {
        ! berth status "$1" >/dev/null 2>&1
}

test_boots_to_running() {
        boot whole --ephemeral "$debian"
        assert_eq "$(berth exec whole systemctl list-units --failed --plain --no-legend)" ''
        # In a user namespace.
        assert_ne "$(stat -c %u "/proc/$(leader_of whole)")" 0
        assert_matches "$(berth exec whole systemd-detect-virt --container)" 'container-other'
}

# On a host with cgroup v1 the systemd of Debian 13, which takes none, has the unified hierarchy alone.
# Only on: namespaced
test_guest_of_another_release() {
        local release=(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) guest expected=cgroup2fs
        boot other --ephemeral /srv/debian-other
        guest=$(berth exec other "${release[@]}")
        assert_ne "$guest" "$("${release[@]}")"
        assert_eq "$(berth exec other systemctl list-units --failed --plain --no-legend)" ''
        [[ $guest != bookworm ]] || on_cgroup_v2 || expected=tmpfs
        assert_eq "$(berth exec other stat -f -c %T /sys/fs/cgroup)" "$expected"
}

# Only on: namespaced vm
test_container_interface() {
        boot face --ephemeral "$debian"
        local environment
        environment=$(berth exec face sh -c 'tr "\0" "\n" </proc/1/environ')
        assert_contains "$environment" 'container=berth'
        assert_contains "$environment" 'NOTIFY_SOCKET=/run/host/notify'
        assert_eq "$(berth exec face cat /run/systemd/container)" berth
        assert_eq "$(berth exec face cat /run/host/container-manager)" berth
        assert_eq "$(berth exec face cat /run/host/os-release)" "$(cat /etc/os-release)"
        assert_eq "$(berth exec face stat -c %F /run/host/notify)" socket
        refute berth exec face touch /run/host/mine
        # Nothing of it is left behind under the tree.
        refute test -e "$debian/run/host"
}

# Its services have cgroups, below the machine's scope and nowhere else.
test_cgroups_are_its_own() {
        boot delegated --ephemeral "$debian"
        local pid scope=machine.slice/berth-delegated.scope
        berth exec delegated systemd-run --quiet --unit=own -p TasksMax=7 sleep 1000
        # The job of a simple service is done before its process has executed anything.
        wait_until 60 pgrep -f '^(/usr/bin/)?sleep 1000$' >/dev/null
        pid=$(pgrep -f '^(/usr/bin/)?sleep 1000$')
        assert_matches "$(cgroup_of "$pid")" "/$scope/payload/.*system.slice/own.service$"
        if on_cgroup_v2; then
                assert_eq "$(cat "/sys/fs/cgroup$(cgroup_of "$pid")/pids.max")" 7
                assert_contains "$(berth exec delegated cat /sys/fs/cgroup/cgroup.controllers)" memory
        fi
        # Its root shows as the root: what lies above can be neither seen nor written.
        assert_lacks "$(berth exec delegated cat /proc/1/cgroup)" machine.slice
        refute berth exec delegated sh -c "echo \$\$ >/sys/fs/cgroup/../cgroup.procs"
        # And limits that the host set are not the machine's to lift.
        refute berth exec delegated sh -c 'echo max >/sys/fs/cgroup/pids.max || echo max >/sys/fs/cgroup/memory.max'
}

# A tree whose system leaves marks when it starts and stops in order.
make_marking_tree() {
        make_debian_tree "$1"
        local wants=$1/etc/systemd/system/multi-user.target.wants
        mkdir -p "$wants"
        printf '%s\n' '[Service]' Type=oneshot RemainAfterExit=yes "ExecStart=/bin/sh -c 'echo up >>/marks'" \
                "ExecStop=/bin/sh -c 'sleep 0.5; echo down >>/marks'" >"$wants/../marks.service"
        ln -s ../marks.service "$wants/marks.service"
}

test_stop_is_a_poweroff() {
        make_marking_tree tree
        boot poweroff ./tree
        berth stop poweroff
        assert_eq "$(cat tree/marks)" $'up\ndown'
}

# Only on: namespaced
test_scope_stop_is_a_poweroff() {
        make_marking_tree tree
        boot scoped ./tree
        systemctl stop berth-scoped.scope
        assert_eq "$(cat tree/marks)" $'up\ndown'
}

# Only on: namespaced vm
test_poweroff_inside() {
        make_marking_tree tree
        boot inside ./tree
        berth exec inside systemctl poweroff || true
        assert_eq "$(berth wait inside)" 0
        assert_eq "$(cat tree/marks)" $'up\ndown'
}

# The status that the system inside ends with is the machine's.
# Only on: namespaced
test_exit_status() {
        boot exits --ephemeral "$debian"
        berth exec exits systemctl exit 23 || true
        assert_eq "$(berth wait exits)" 23
}

# Only on: namespaced vm
test_exit_status_that_is_told() {
        make_tree tree
        mkdir -p tree/usr/lib/systemd
        cp "$(command -v notify)" tree/usr/bin/
        # As systemd 254 and later do.
        printf '#!/bin/sh\nexec notify --exit=3 EXIT_STATUS=42\n' >tree/usr/lib/systemd/systemd
        chmod +x tree/usr/lib/systemd/systemd
        assert_status 42 berth run --boot --rm --name told ./tree </dev/null
        # Others than the leader are not heard.
        printf '#!/bin/sh\n(notify EXIT_STATUS=42)\nexit 3\n' >tree/usr/lib/systemd/systemd
        assert_status 3 berth run --boot --rm --name told ./tree </dev/null
}

# Only on: namespaced vm
test_reboot_inside() {
        make_marking_tree tree
        boot again ./tree
        local first scope
        first=$(leader_of again)
        scope=$(scope_property again InvocationID)
        wait_until 60 machinectl show again >/dev/null
        berth exec again systemctl reboot || true
        wait_until 120 leader_differs again "$first"
        assert_eq "$(settled again)" running
        assert_eq "$(cat tree/marks)" $'up\ndown\nup'
        # The same scope, and machined knows the new leader.
        assert_eq "$(scope_property again InvocationID)" "$scope"
        wait_until 60 machined_leader_is again "$(leader_of again)"
        # And it reboots as often as it likes.
        first=$(leader_of again)
        berth exec again systemctl reboot || true
        wait_until 120 leader_differs again "$first"
        assert_eq "$(settled again)" running
        berth stop again
        assert_eq "$(cat tree/marks)" $'up\ndown\nup\ndown\nup\ndown'
}

leader_differs() {
        local now
        now=$(leader_of "$1")
        [[ -n $now && $now != 0 && $now != "$2" ]] && is_state "$1" running
}

machined_leader_is() {
        [[ $(machinectl show -p Leader --value "$1") == "$2" ]]
}

# Only on: namespaced
test_foreground_shows_the_console() {
        timeout --signal=TERM 60 berth run --boot --rm --ephemeral --name console "$debian" >out </dev/null &
        local job=$!
        wait_until 120 answers console
        assert_eq "$(settled console)" running
        # What means its end to a program means it to a system, too.
        kill -TERM "$job"
        wait "$job" || true
        wait_until 60 is_gone console
        assert_contains "$(tr -d '\r' <out)" 'Reached target'
        assert_matches "$(tr -d '\r' <out)" 'Halting system|Powering off|Exiting container|All filesystems.* detached'
}

# Only on: namespaced
test_parameters_go_to_the_init() {
        boot rescue --ephemeral "$debian" --unit=basic.target
        assert_eq "$(berth exec rescue systemctl is-active basic.target)" active
        assert_ne "$(berth exec rescue systemctl is-active multi-user.target || true)" active
}

# Only on: namespaced
test_settings_that_do_not_go_with_it() {
        assert_contains "$(error_of berth run --boot --rm --init --ephemeral "$debian")" 'does not go with Boot='
        assert_contains "$(error_of berth run --boot --rm -u daemon --ephemeral "$debian")" 'does not go with Boot='
        # Without a user namespace what a system needs is the host's.
        assert_contains "$(error_of berth run --boot --rm --private-users=no --ephemeral "$debian")" CAP_SYS_ADMIN
        make_tree tree
        rm tree/usr/bin/init
        assert_contains "$(error_of berth run --boot --rm ./tree)" /sbin/init
}

# Only on: namespaced vm
test_in_a_unit() {
        make_marking_tree tree
        printf '%s\n' '[Service]' Type=notify Delegate=yes KillMode=mixed "ExecStart=berth run --keep-unit --rm --boot --name booted-unit $PWD/tree" \
                >/run/systemd/system/booted-unit.service
        at_end systemctl daemon-reload
        at_end rm -f /run/systemd/system/booted-unit.service
        systemctl daemon-reload
        systemctl start booted-unit.service
        assert_eq "$(settled booted-unit)" running
        systemctl stop booted-unit.service
        assert_eq "$(systemctl show -P Result booted-unit.service)" success
        assert_eq "$(cat tree/marks)" $'up\ndown'
}
