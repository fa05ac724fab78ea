# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Trees that are btrfs subvolumes: --ephemeral runs from a snapshot, on disk, and leaves none.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

snapshots() {
        find "${1:-fs}" -maxdepth 1 -name '.#*'
}

no_snapshots() {
        [[ -z $(snapshots "$@") ]]
}

root_type='stat -f -c %t /'
btrfs=9123683e
overlay=794c7630

test_ephemeral_is_a_snapshot() {
        with_btrfs tree
        # To the machine the root is the file system itself, and the tree never sees what is written.
        assert_eq "$(berth run --rm --ephemeral "$PWD/fs/tree" sh -c "echo x >/mark; cat /mark; rm /etc/passwd; $root_type")" $'x\n'$btrfs
        refute test -e fs/tree/mark
        check test -e fs/tree/etc/passwd
        wait_until 30 no_snapshots

        # Two at a time, each with its own.
        berth run -d --rm --ephemeral --name one "$PWD/fs/tree" sh -c 'echo one >/mark; sleep 1000'
        berth run -d --rm --ephemeral --name two "$PWD/fs/tree" sh -c 'echo two >/mark; sleep 1000'
        wait_until 30 eval "[[ \$(berth exec one cat /mark) == one && \$(berth exec two cat /mark) == two ]]"
        assert_eq "$(snapshots | wc -l)" 2
        berth stop one two
        wait_until 30 no_snapshots
}

test_read_only_subvolume_is_a_template() {
        with_btrfs tree
        btrfs -q property set fs/tree ro true
        assert_eq "$(berth run --rm --ephemeral "$PWD/fs/tree" sh -c "echo x >/mark; cat /mark; $root_type")" $'x\n'$btrfs
        wait_until 30 no_snapshots
}

test_killed_supervisor_leaves_none_for_long() {
        with_btrfs tree
        berth run -d --rm --ephemeral --name one "$PWD/fs/tree" sleep 1000
        berth run -d --rm --ephemeral --name two "$PWD/fs/tree" sleep 1000
        kill -KILL "$(supervisor_of one)"
        wait_until 60 scope_is_gone one
        assert_eq "$(snapshots | wc -l)" 2
        # The next start there removes the dead one's, and leaves the living alone.
        berth run --rm --ephemeral "$PWD/fs/tree" true
        assert_eq "$(snapshots | wc -l)" 1
        assert_eq "$(berth exec two echo alive)" alive
        berth stop two
        wait_until 30 no_snapshots
}

test_failed_start_leaves_none() {
        with_btrfs tree
        refute berth run --rm --ephemeral "$PWD/fs/tree" /no/such/command
        wait_until 30 no_snapshots
}

# What a snapshot would not be right for is written to memory, as elsewhere.
test_where_there_is_no_snapshot() {
        with_btrfs tree
        mkdir fs/plain
        cp -a "$busybox/." fs/plain/
        assert_eq "$(berth run --rm --ephemeral "$PWD/fs/plain" sh -c "echo x >/mark; $root_type")" $overlay
        # Subvolumes in it would be left out.
        mkdir -p fs/tree/srv
        btrfs -q subvolume create fs/tree/srv/inner
        echo there >fs/tree/srv/inner/file
        assert_eq "$(berth run --rm --ephemeral "$PWD/fs/tree" sh -c "cat /srv/inner/file; $root_type")" $'there\n'$overlay
        btrfs -q subvolume delete fs/tree/srv/inner >/dev/null
        # A limit is the overlay's.
        assert_eq "$(berth run --rm --ephemeral --volatile=overlay "$PWD/fs/tree" sh -c "$root_type")" $overlay
        # Others could run what a machine leaves there.
        chmod 755 fs
        local above=$PWD mode
        mode=$(stat -c %a "$above")
        chmod 755 "$above"
        at_end chmod "$mode" "$above"
        if ! as_user ls "$PWD/fs" >/dev/null 2>&1; then
                return
        fi
        assert_eq "$(berth run --rm --ephemeral "$PWD/fs/tree" sh -c "$root_type")" $overlay
}

test_each_life_has_its_own() {
        with_btrfs tree
        berth run -d --ephemeral --restart=on-failure:2 --name again "$PWD/fs/tree" sh -c 'echo life >>/mark; wc -l </mark; exit 1' || true
        at_end berth rm -f again
        # Three lives, and each finds no mark of the one before.
        wait_until 60 eval "[[ \$(berth logs again | grep -c '^1\$') == 3 ]]"
        wait_until 60 no_snapshots
        assert_eq "$(berth logs again | grep -c '^[2-9]' || true)" 0
}
