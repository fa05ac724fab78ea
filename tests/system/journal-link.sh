# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# LinkJournal=: what the machine's own journal records, seen by the host's journalctl.

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian
id=5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e

# The host's journal stays what it is; only the folder that links are made in is there for the test.
with_host_journal() {
        [[ -d /var/log/journal ]] || at_end rmdir /var/log/journal
        mkdir -p /var/log/journal
        at_end rm -rf /var/lib/berth/journal
        at_end rm -f "/var/log/journal/$id"
}

# journald is not to see it, for it would begin another file, and lose what is said until it has found the folder again.
without_host_journal() {
        local journald
        [[ ! -d /var/log/journal ]] || {
                journald=$(systemctl show -P MainPID systemd-journald.service)
                kill -STOP "$journald"
                at_end kill -CONT "$journald"
                mv /var/log/journal /var/log/journal.aside
                at_end mv /var/log/journal.aside /var/log/journal
        }
}

# What a booted machine says, found from outside.
says_and_is_heard() {
        local name=$1 word=$2
        shift 2
        berth run --boot --rm --detach --name "$name" --machine-id "$id" "$@" >/dev/null
        at_end eval "berth stop $name 2>/dev/null"
        wait_until 120 eval "berth exec $name systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'"
        berth exec "$name" sh -c "echo $word | systemd-cat -t speaker; journalctl --sync; journalctl --flush"
        wait_until 60 heard "$word" -m
        heard "$word" --directory="/var/log/journal/$id" || fail "not found in the directory"
        berth stop "$name"
        heard "$word" -m || fail "gone with the machine"
}

heard() {
        local word=$1
        shift
        grep -qx "$word" <<<"$(journalctl --no-pager -o cat -t speaker "$@" _MACHINE_ID="$id" 2>/dev/null)"
}

# Only on: namespaced namespaced/trixie
test_host_has_the_journal_of_a_machine() {
        with_host_journal
        says_and_is_heard scribe from-host-mode --layer --link-journal=host "$debian"
        assert_eq "$(readlink "/var/log/journal/$id")" /var/lib/berth/journal/scribe
        # Root's in the machine is root's on disk, where no other user of the host comes.
        assert_eq "$(stat -c %u /var/lib/berth/journal/scribe)" 0
        assert_eq "$(find /var/lib/berth/journal/scribe -name '*.journal' ! -uid 0)" ""
        refute as_user ls /var/lib/berth/journal/scribe
        refute as_user ls "/var/log/journal/$id/"

        # Who was linked once is linked on, by default; and only who has that name.
        assert_matches "$(berth run --rm --layer --name scribe --machine-id "$id" "$busybox" ls "/var/log/journal/$id")" 'system.*journal'
        refute berth run --rm --layer --name other --machine-id "$id" "$busybox" test -e "/var/log/journal/$id"
        assert_contains "$(error_of berth run --rm --layer --name other --machine-id "$id" --link-journal=host "$busybox" true)" "journal of another machine"
        refute berth run --rm --layer --name scribe --machine-id "$id" --link-journal=no "$busybox" test -e "/var/log/journal/$id"
}

# Only on: namespaced namespaced/trixie
test_link_leads_into_the_tree() {
        with_host_journal
        make_tree ./tree
        echo "$id" >tree/etc/machine-id
        berth run --rm --name guest --link-journal=guest ./tree sh -c "touch /var/log/journal/$id/mark"
        assert_eq "$(readlink "/var/log/journal/$id")" "$PWD/tree/var/log/journal/$id"
        check test -e "/var/log/journal/$id/mark"
        # Again is fine, and another's is not.
        berth run --rm --name guest --link-journal=try-guest ./tree true
        cp -a tree second
        assert_contains "$(error_of berth run --rm --link-journal=guest ./second true)" "journal of another machine"
        assert_contains "$(berth run --rm --link-journal=try-guest ./second echo fine)" fine
        # Into memory there is no way from outside.
        assert_contains "$(error_of berth run --rm --volatile=overlay --link-journal=guest ./tree true)" "in no directory of the host"
        assert_contains "$(error_of berth run --rm --ephemeral --link-journal=host ./tree true)" "Ephemeral"
}

# Only on: namespaced
test_link_in_the_machines_layer() {
        with_host_journal
        at_end berth rm -f layered
        berth create --name layered --layer --machine-id "$id" --link-journal=guest "$busybox" sh -c "touch /var/log/journal/$id/mark"
        berth start layered
        wait_until 60 test -e "/var/log/journal/$id/mark"
}

# Only on: namespaced
test_whose_journal_is_refused() {
        with_host_journal
        make_tree ./tree
        assert_contains "$(error_of berth run --rm --link-journal=host ./tree true)" "no machine id yet"
        assert_contains "$(error_of berth run --rm --link-journal=host --machine-id "$(cat /etc/machine-id)" ./tree true)" "id of the host"
        mkdir "/var/log/journal/$id"
        assert_contains "$(error_of berth run --rm --link-journal=host --machine-id "$id" ./tree true)" "not one that berth has linked"
        rmdir "/var/log/journal/$id"
        # An image's own word, which may be anything, links nothing and leads nowhere.
        printf '../../../etc\n' >tree/etc/machine-id
        assert_contains "$(error_of berth run --rm --link-journal=host ./tree true)" "no machine id yet"
        printf '[Exec]\nLinkJournal=host\n' >tree.nspawn
        echo "$id" >tree/etc/machine-id
        berth run --rm ./tree true
        refute test -L "/var/log/journal/$id"
}

# Only on: namespaced
test_host_without_a_journal() {
        without_host_journal
        assert_contains "$(error_of berth run --rm --layer --link-journal=host --machine-id "$id" "$busybox" true)" "keeps no journal"
        assert_eq "$(berth run --rm --layer --link-journal=try-host --machine-id "$id" "$busybox" echo fine)" fine
        refute test -e /var/log/journal
}
