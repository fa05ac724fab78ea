# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Trees that are made from others: --template=.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

# Removes the tree of NAME in the store when the test is over.
tree_at_end() {
        at_end rm -rf "/var/lib/machines/$1"
}

no_unfinished() {
        [[ -z $(find "${1:-.}" -maxdepth 1 -name '.#*') ]]
}

test_tree_is_made_once() {
        assert_eq "$(berth run --rm --template="$busybox" --directory=./new sh -c 'echo mine >/mark; cat /mark')" mine
        assert_eq "$(cat new/mark)" mine
        refute test -e "$busybox/mark"
        # From then on it is the machine's own.
        assert_eq "$(berth run --rm --template="$busybox" --directory=./new cat /mark)" mine
        check no_unfinished
}

test_tree_is_named_after_the_machine() {
        tree_at_end made
        assert_eq "$(berth run --rm --template=busybox --name=made sh -c 'echo x >/mark; hostname')" made
        check test -e /var/lib/machines/made/mark
        assert_contains "$(error_of berth run --rm --template=busybox true)" "--name"
        assert_contains "$(error_of berth run --rm --template=no-such-tree --name=made2 true)" no-such-tree
        refute test -e /var/lib/machines/made2
}

# attributes set FILE NAME HEX; attributes list FILE…
attributes() {
        python3 -c '
import os, sys
if sys.argv[1] == "set":
    os.setxattr(sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4]))
else:
    for file in sys.argv[2:]:
        for name in sorted(os.listxattr(file)):
            print(os.path.basename(file), name, os.getxattr(file, name).hex())
' "$@"
}

# What a file is, and not only what is in it.
test_all_of_a_file_is_copied() {
        make_tree base
        echo x >base/file
        chown 1234:5678 base/file
        chmod 4751 base/file
        ln base/file base/other
        ln -s /nowhere base/link
        chown -h 12:34 base/link
        mkfifo -m 640 base/fifo
        mkdir -m 1777 base/shared
        touch -d '2001-02-03 04:05:06.789' base/file base/shared
        # Besides one of anybody's making: a file capability (CAP_NET_RAW), and an ACL (acl(5)) with one user more, as the kernel takes them.
        attributes set base/file trusted.berth 76616c7565
        attributes set base/file security.capability 0100000200200000000000000000000000000000
        attributes set base/shared system.posix_acl_access \
                0200000001000700ffffffff02000400d204000004000500ffffffff10000500ffffffff20000100ffffffff
        truncate -s 64M base/sparse
        berth run --rm --template=./base --directory=./new true
        assert_eq "$(cd new && find file other link fifo shared -printf '%p %U:%G %m %y %l\n')" \
                "$(cd base && find file other link fifo shared -printf '%p %U:%G %m %y %l\n')"
        assert_eq "$(stat -c %y new/file)" "$(stat -c %y base/file)"
        assert_eq "$(stat -c %y new/shared)" "$(stat -c %y base/shared)"
        assert_eq "$(stat -c %i new/file)" "$(stat -c %i new/other)"
        assert_contains "$(attributes list base/file base/shared)" posix_acl
        assert_eq "$(attributes list new/file new/shared)" "$(attributes list base/file base/shared)"
        check test "$(stat -c %b new/sparse)" -lt 1000
        assert_eq "$(stat -c %s new/sparse)" $((64 * 1024 * 1024))
}

test_kept_machine_has_its_tree_from_the_first_start() {
        berth create --template="$busybox" --directory="$PWD/new" --name=kept sleep 1000
        at_end berth rm -f kept
        refute test -e new
        berth start kept
        berth exec kept sh -c 'echo there >/mark'
        berth stop kept
        berth start kept
        assert_eq "$(berth exec kept cat /mark)" there
}

test_image_is_a_template() {
        mkfs.ext4 -q -d "$busybox" disk.raw 64M 2>/dev/null
        berth run --rm --template=./disk.raw --directory=./new.raw sh -c 'echo x >/mark'
        check test -f new.raw
        assert_eq "$(berth run --rm ./new.raw cat /mark)" x
        refute berth run --rm ./disk.raw cat /mark 2>/dev/null
}

test_template_in_a_unit() {
        assert_eq "$(systemd-run --quiet --wait --pipe --collect -p Delegate=yes --working-directory="$PWD" --setenv="PATH=$PATH" \
                berth run --keep-unit --rm --template="$busybox" --directory=./new sh -c 'echo x >/mark; echo ran')" ran
        check test -e new/mark
}

test_template_from_the_bus_and_from_a_file() {
        tree_at_end by-file
        at_end rm -f /run/systemd/nspawn/by-file.nspawn
        mkdir -p /run/systemd/nspawn
        printf '[Files]\nTemplate=%s\n' "$busybox" >/run/systemd/nspawn/by-file.nspawn
        assert_eq "$(berth run --rm --name=by-file --directory=/var/lib/machines/by-file echo ran)" ran
        check test -e /var/lib/machines/by-file/usr

        busctl call org.berth1 /org/berth1 org.berth1.Manager CreateMachine 'ssasa{sv}' by-bus "$PWD/bus" 1 true 1 Template s "$busybox" >/dev/null
        at_end berth rm by-bus
        berth start by-bus
        wait_until 60 test -e bus/usr
}

test_what_does_not_go_together() {
        assert_contains "$(error_of berth run --rm --ephemeral --template="$busybox" --directory=./new true)" Ephemeral
        assert_contains "$(error_of berth run --rm --template=/etc --directory=./new true)" "/usr"
        assert_contains "$(error_of berth run --rm --template="$busybox" --directory=./no/such/folder true)" "No such file"
        refute test -e new
        # A plan makes nothing.
        assert_contains "$(berth run --plan --template="$busybox" --directory=./new true)" "$busybox"
        refute test -e new
}

test_failed_copy_leaves_nothing() {
        make_tree base
        mkdir small
        mount -t tmpfs -o size=64k,mode=700 tmpfs small
        at_end umount "$PWD/small"
        assert_contains "$(error_of berth run --rm --template=./base --directory=./small/new true)" "No space left"
        check no_unfinished small
        refute test -e small/new
        assert_eq "$(berth list --all --no-legend | grep -c new || true)" 0
}

# One that was killed leaves what the next one there removes.
test_killed_copy_is_swept_away() {
        mkdir store
        mkdir -p store/.#old.berth-0123abcd/usr
        berth run --rm --template="$busybox" --directory=./store/new true
        check no_unfinished store
}

# A mount below the template is not of it, and nothing leads out of it.
test_only_the_template_is_copied() {
        make_tree base
        mkdir base/mounted
        mount -t tmpfs tmpfs base/mounted
        at_end umount "$PWD/base/mounted"
        touch base/mounted/secret
        ln -s /etc base/way-out
        berth run --rm --template=./base --directory=./new true
        refute test -e new/mounted/secret
        check test -d new/mounted
        check test -L new/way-out
}

test_btrfs_template_is_a_snapshot() {
        with_btrfs base
        btrfs -q property set fs/base ro true
        assert_eq "$(berth run --rm --template=./fs/base --directory=./fs/new sh -c 'echo x >/mark; cat /mark')" x
        check btrfs subvolume show fs/new >/dev/null
        assert_contains "$(btrfs subvolume show fs/new)" "$(btrfs subvolume show fs/base | sed -n 's/^\s*UUID:\s*//p')"
        # Other subvolumes in it would be left out: then it is copied.
        btrfs -q property set fs/base ro false
        btrfs -q subvolume create fs/base/inner
        echo there >fs/base/inner/file
        berth run --rm --template=./fs/base --directory=./fs/copy true
        assert_eq "$(cat fs/copy/inner/file)" there
        refute btrfs subvolume show fs/copy >/dev/null 2>&1
        check no_unfinished fs
}
