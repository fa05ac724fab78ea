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

# Only on: namespaced namespaced/trixie
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
        # When it returns, the machine runs, and can be stopped.
        berth enable --now unit-made
        check is_running unit-made
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
        # Likewise the other way round.
        berth enable --now unit-made
        berth disable --now unit-made
        check unit_is_over berth@unit-made.service
        refute is_running unit-made
}

# Only on: namespaced
test_enabled_now_but_unable_to_start() {
        local said
        make_tree tree
        berth create --name unit-bad ./tree /bin/no-such-program >/dev/null
        at_end berth rm -f unit-bad
        at_end berth disable unit-bad
        said=$(error_of berth enable --now unit-bad)
        assert_contains "$said" "waiting for the job of 'berth@unit-bad.service'"
        assert_contains "$said" "it ended with 'failed'; 'systemctl status berth@unit-bad.service' may say why"
        systemctl reset-failed berth@unit-bad.service
}

unit_is_over() {
        [[ $(systemctl show -P ActiveState "$1") == inactive ]]
}

# Only on: namespaced
test_what_cannot_be_enabled() {
        assert_contains "$(error_of berth enable no-such-machine)" 'neither a machine nor an installed tree'
        assert_contains "$(error_of berth disable no-such-machine)" 'neither a machine nor an installed tree'
        assert_contains "$(error_of berth enable 'no/name')" 'a name is letters'
        assert_contains "$(error_of berth start --keep-unit no-such-machine)" no-such-machine
}

has_reloaded() {
        [[ $(systemctl show -P NeedDaemonReload "$1") == no ]]
}

# property_has UNIT PROPERTY WORD
property_has() {
        [[ " $(systemctl show -P "$2" "$1") " == *" $3 "* ]]
}

drop_in_of() {
        echo "/etc/systemd/system/berth@$1.service.d/50-berth.conf"
}

# started_at UNIT: microseconds of the monotonic clock.
started_at() {
        systemctl show -P ActiveEnterTimestampMonotonic "$1"
}

# Only on: namespaced namespaced/trixie
test_machines_in_order() {
        make_tree tree
        # The database takes its time until it is ready.
        cp "$(command -v notify)" tree/bin/
        berth create --name order-db --ephemeral --notify-ready=yes ./tree sh -c 'sleep 1; notify READY=1; exec sleep 1000' >/dev/null
        at_end berth rm -f order-db
        berth create --name order-web --after order-db --requires=order-db --wants 'dbus.socket' --before=machines.target --ephemeral ./tree sleep 1000 >/dev/null
        at_end berth rm -f order-web
        at_end systemctl stop berth@order-web.service berth@order-db.service

        assert_eq "$(sed 1d "$(drop_in_of order-web)")" '[Unit]
After=berth@order-db.service
Before=machines.target
Requires=berth@order-db.service
Wants=dbus.socket'
        check property_has berth@order-web.service After berth@order-db.service
        check property_has berth@order-web.service Requires berth@order-db.service
        assert_contains "$(systemctl list-dependencies --plain berth@order-web.service)" berth@order-db.service
        assert_contains "$(systemctl status --no-pager berth@order-web.service || true)" 50-berth.conf

        # Asked for the one, systemd starts both, and this one once the other is ready.
        systemctl start berth@order-web.service
        check is_running order-db
        check is_running order-web
        (($(started_at berth@order-db.service) <= $(systemctl show -P InactiveExitTimestampMonotonic berth@order-web.service))) ||
                fail "it began before what it comes after was ready"
        # And without it, it does not run.
        systemctl stop berth@order-db.service
        wait_until 60 unit_is_over berth@order-web.service
        refute is_running order-web
}

# Only on: namespaced
test_drop_in_follows_the_settings() {
        make_tree tree
        berth create --name drop-a --after drop-b ./tree sleep 1000 >/dev/null
        at_end berth rm -f drop-a
        check property_has berth@drop-a.service After berth@drop-b.service

        printf '#!/bin/sh\nsed -i "s/^After=.*/After=berth@drop-c.service/" "$1"\n' >editor
        chmod +x editor
        EDITOR=$PWD/editor berth edit drop-a
        assert_contains "$(cat "$(drop_in_of drop-a)")" After=berth@drop-c.service
        wait_until 60 property_has berth@drop-a.service After berth@drop-c.service
        refute property_has berth@drop-a.service After berth@drop-b.service

        berth rename drop-a drop-z
        refute test -e "$(drop_in_of drop-a)"
        assert_contains "$(cat "$(drop_in_of drop-z)")" After=berth@drop-c.service
        berth rm drop-z
        refute test -e "$(dirname "$(drop_in_of drop-z)")"
        wait_until 60 has_reloaded berth@drop-z.service
        refute property_has berth@drop-z.service After berth@drop-c.service

        # One that was run keeps its own, too.
        berth run -d --name drop-a --requires dbus.socket ./tree sleep 1000
        check property_has berth@drop-a.service Requires dbus.socket
        berth stop drop-a
        # What others have put beside it stays.
        mkdir -p "$(dirname "$(drop_in_of drop-a)")"
        echo '[Unit]' >"$(dirname "$(drop_in_of drop-a)")/90-mine.conf"
        at_end rm -rf "$(dirname "$(drop_in_of drop-a)")"
        berth rm drop-a
        refute test -e "$(drop_in_of drop-a)"
        check test -e "$(dirname "$(drop_in_of drop-a)")/90-mine.conf"
}

is_not_enabled() {
        ! systemctl is-enabled --quiet "berth@$1.service" 2>/dev/null
}

links_of() {
        find /etc/systemd/system -name "berth@$1.service*"
}

# Only on: namespaced
test_removed_machine_is_not_enabled() {
        make_tree tree
        at_end berth rm -f going
        at_end eval 'berth disable going gone 2>/dev/null'
        berth create --name going --after=dbus.socket ./tree sleep 1000 >/dev/null
        berth enable --now going
        wait_until 60 is_running going
        # As long as it runs it is not removed, and stays enabled.
        assert_contains "$(error_of berth rm going)" "it is running: stop it first, with 'berth stop going'"
        check systemctl is-enabled --quiet berth@going.service
        check is_running going

        berth rm -f going
        wait_until 60 is_not_enabled going
        # Nor has the unit failed: it was told to end.
        wait_until 60 unit_is_over berth@going.service
        assert_eq "$(links_of going)" ""
        # And one that is made anew by the name is not enabled by that.
        berth create --name going ./tree sleep 1000 >/dev/null
        check is_not_enabled going

        # One that gets another name is enabled by that one.
        berth enable going
        berth rename going gone
        at_end berth rm -f gone
        wait_until 60 systemctl is-enabled --quiet berth@gone.service
        assert_eq "$(links_of going)" ""
        berth rm gone
        wait_until 60 is_not_enabled gone
        assert_eq "$(links_of gone)" ""
}

# berth@.service boots it then.
# Only on: namespaced
test_installed_tree_stays_enabled() {
        installed unit-stays
        berth create --name unit-stays unit-stays sleep 1000 >/dev/null
        berth enable unit-stays
        berth rm unit-stays
        check systemctl is-enabled --quiet berth@unit-stays.service
}

# Only on: namespaced
test_wanted_by_at_enabling() {
        make_tree tree
        berth create --name wanted --wanted-by=berth-test.target ./tree sleep 1000 >/dev/null
        at_end berth rm -f wanted
        at_end berth disable wanted
        printf '[Unit]\nDescription=A test\n' >/run/systemd/system/berth-test.target
        at_end systemctl daemon-reload
        at_end rm -f /run/systemd/system/berth-test.target
        at_end systemctl stop berth-test.target berth@wanted.service
        systemctl daemon-reload

        berth enable wanted
        [[ -L /etc/systemd/system/berth-test.target.wants/berth@wanted.service ]] || fail "the target does not want it"
        systemctl start berth-test.target
        wait_until 60 is_running wanted
        systemctl stop berth@wanted.service
        berth disable wanted
        refute test -e /etc/systemd/system/berth-test.target.wants/berth@wanted.service
}

# Of a tree that is only installed: as its file says when it is enabled.
# Only on: namespaced
test_order_in_a_settings_file() {
        installed order-tree
        mkdir -p /etc/systemd/nspawn
        printf '[Exec]\nBoot=no\nParameters=sleep 1000\n[Unit]\nAfter=dbus.socket other-machine\n' >/etc/systemd/nspawn/order-tree.nspawn
        at_end rm -rf "$(dirname "$(drop_in_of order-tree)")"
        at_end rm -f /etc/systemd/nspawn/order-tree.nspawn
        berth enable order-tree
        check property_has berth@order-tree.service After berth@other-machine.service
        printf '[Exec]\nBoot=no\nParameters=sleep 1000\n' >/etc/systemd/nspawn/order-tree.nspawn
        berth enable order-tree
        refute test -e "$(drop_in_of order-tree)"

        # What lies beside an image cannot say what else is started.
        rm /etc/systemd/nspawn/order-tree.nspawn
        printf '[Unit]\nRequires=dbus.socket\n' >/var/lib/machines/order-tree.nspawn
        at_end rm -f /var/lib/machines/order-tree.nspawn
        berth enable order-tree
        refute test -e "$(drop_in_of order-tree)"
        assert_contains "$(error_of berth create --name bad-order --after 'a b;c' ./nowhere true)" 'the name of a machine, or of a unit'
}

# service NAME LINE…: a unit of its own, forgotten at the end.
service() {
        local name=$1 line
        shift
        printf '%s\n' '[Service]' "$@" >"/run/systemd/system/$name.service"
        at_end systemctl daemon-reload
        at_end rm -f "/run/systemd/system/$name.service"
        at_end eval "systemctl reset-failed $name.service 2>/dev/null"
        at_end systemctl stop "$name.service"
        systemctl daemon-reload
}

# status_of NAME: of its last main process, once the unit is over.
status_of() {
        wait_until 60 eval "[[ \$(systemctl show -P ActiveState $1.service) =~ inactive|failed ]]"
        systemctl show -P ExecMainStatus "$1.service"
}

# Only on: namespaced
test_exec_in_a_unit() {
        make_tree tree
        berth run -d --name unit-exec --ephemeral ./tree sleep 1000
        at_end berth rm -f unit-exec

        # What is written there is not the unit's in the journal, as it is not a process of the unit who writes.
        service berth-test-exec Type=oneshot "StandardOutput=file:$PWD/output" "ExecStart=berth exec unit-exec -- sh -c 'test -t 0 || test -t 1 || echo from inside; exit 5'"
        refute systemctl start berth-test-exec.service
        assert_eq "$(status_of berth-test-exec)" 5
        assert_eq "$(cat output)" 'from inside'
        service berth-test-good Type=oneshot 'ExecStart=berth exec unit-exec -- true'
        systemctl start berth-test-good.service
        assert_eq "$(systemctl show -P Result berth-test-good.service)" success
        service berth-test-none Type=oneshot 'ExecStart=berth exec unit-exec -- no-such-command'
        refute systemctl start berth-test-none.service
        assert_eq "$(status_of berth-test-none)" 127
        service berth-test-nobody Type=oneshot 'ExecStart=berth exec no-such-machine -- true'
        refute systemctl start berth-test-nobody.service
        assert_eq "$(status_of berth-test-nobody)" 125

        # One that runs as long as its unit does: stopped with it, and well.
        service berth-test-long 'ExecStart=berth exec unit-exec -- sleep 3333'
        systemctl start berth-test-long.service
        wait_until 60 pgrep -f '^sleep 3333$'
        systemctl stop berth-test-long.service
        wait_until 60 eval "! pgrep -f '^sleep 3333$'"
        assert_eq "$(systemctl show -P Result berth-test-long.service)" success
        check is_running unit-exec
}

# Only on: namespaced
test_stop_and_wait_in_units() {
        make_tree tree
        printf '%s\n' 'trap "exit 3" TERM' 'touch /ready' 'while :; do sleep 0.1; done' >tree/payload
        berth create --name unit-stop ./tree sh /payload >/dev/null
        at_end berth rm -f unit-stop

        # A unit that starts a machine and waits for it, and another way to stop it.
        service berth-test-wait 'ExecStartPre=berth start unit-stop' 'ExecStart=berth wait unit-stop' 'ExecStop=berth stop unit-stop' SuccessExitStatus=3
        systemctl start berth-test-wait.service
        check is_running unit-stop
        wait_until 60 test -e tree/ready
        systemctl stop berth-test-wait.service
        assert_eq "$(machine_property unit-stop State)" exited
        assert_eq "$(systemctl show -P Result berth-test-wait.service)" success

        # It ends otherwise: what berth wait says is the machine's exit status.
        rm -f tree/ready
        service berth-test-status 'ExecStartPre=berth start unit-stop' 'ExecStart=berth wait unit-stop'
        systemctl start berth-test-status.service
        wait_until 60 test -e tree/ready
        berth stop unit-stop
        assert_eq "$(status_of berth-test-status)" 3
        # And a stop of what does not run is told.
        service berth-test-stop Type=oneshot 'ExecStart=berth stop no-such-machine'
        refute systemctl start berth-test-stop.service
        assert_ne "$(status_of berth-test-stop)" 0
}

# In berth@.service the machine's limits are the unit's, and what somebody has set for the unit counts more.
# Only on: namespaced vm/trixie
test_limits_under_the_template() {
        make_tree tree
        berth create --name unit-limits --ephemeral -m 48M --pids-limit 40 ./tree sleep 1000 >/dev/null
        at_end berth rm -f unit-limits
        at_end systemctl stop berth@unit-limits.service
        systemctl start berth@unit-limits.service
        assert_eq "$(systemctl show -P MemoryMax berth@unit-limits.service)" $((48 << 20))
        assert_eq "$(systemctl show -P TasksMax berth@unit-limits.service)" 40
        systemctl stop berth@unit-limits.service

        mkdir -p /run/systemd/system/berth@unit-limits.service.d
        printf '[Service]\nTasksMax=50\n' >/run/systemd/system/berth@unit-limits.service.d/mine.conf
        at_end systemctl daemon-reload
        at_end rm -rf /run/systemd/system/berth@unit-limits.service.d
        systemctl daemon-reload
        systemctl start berth@unit-limits.service
        assert_eq "$(systemctl show -P MemoryMax berth@unit-limits.service)" $((48 << 20))
        assert_eq "$(systemctl show -P TasksMax berth@unit-limits.service)" 50
        wait_until 60 journal_has berth@unit-limits.service 'sets TasksMax= itself'
}
