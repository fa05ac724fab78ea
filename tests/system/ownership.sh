# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Whose files a machine's are on the host, and what other users of the host could do with them.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

# A place that every user of the host can enter.
make_open_place() {
        place=$(mktemp -d /var/tmp/open.XXXXXX)
        at_end rm -rf "$place"
        chmod 755 "$place"
        make_tree "$place/tree"
        chmod 755 "$place/tree"
}

# With mapped owners the payload's files are root's on disk. A second user of the host shows why that is refused, where it
# is allowed, and that a folder of root's above it is enough.
test_set_user_id_program_is_out_of_reach() {
        local place make='cp /id /suid; chmod 4755 /suid'
        make_open_place
        cp /usr/bin/id "$place/tree/id"
        assert_contains "$(error_of berth run --rm "$place/tree" sh -c "$make")" "other users of this host"
        [[ ! -e $place/tree/suid ]] || fail "the machine ran"

        # The danger, with the protection switched off.
        berth run --rm --allow-exposed-tree "$place/tree" sh -c "$make"
        assert_eq "$(stat -c '%u %a' "$place/tree/suid")" "0 4755"
        assert_eq "$(as_user "$place/tree/suid" -u)" 0

        chmod 700 "$place"
        berth run --rm "$place/tree" sh -c "$make"
        refute as_user "$place/tree/suid" -u
}

test_chown_gives_files_to_the_range() {
        local place base
        make_open_place
        cp /usr/bin/id "$place/tree/id"
        chown 33:34 "$place/tree/etc"
        assert_eq "$(berth run --rm --name adopted --private-users=1000013824 --private-users-ownership=chown "$place/tree" sh -c 'stat -c "%u %g" / /etc; cp /id /suid; chmod 4755 /suid')" $'0 0\n33 34'
        base=1000013824
        assert_eq "$(find "$place/tree" -uid -65536 -o -gid -65536)" ""
        assert_eq "$(stat -c '%u %g' "$place/tree/etc")" "$((base + 33)) $((base + 34))"
        # No file is the host root's, so a program that another user runs is not root either.
        assert_eq "$(as_user "$place/tree/suid" -u)" "$base"
        # A second start finds it done; another range takes it over.
        assert_eq "$(berth run --rm --private-users=1000079360 --private-users-ownership=chown "$place/tree" stat -c '%u %a' /suid)" "0 4755"
        assert_eq "$(stat -c %u "$place/tree/etc")" "$((1000079360 + 33))"
        refute berth run --rm --ephemeral --private-users-ownership=chown "$place/tree" true
}

test_off_leaves_files_alone() {
        make_tree tree
        assert_eq "$(berth run --rm --private-users-ownership=off ./tree sh -c 'stat -c %u /etc; touch /x 2>/dev/null || echo refused')" $'65534\nrefused'
        assert_eq "$(stat -c %u tree/etc)" 0
}

# Nodes that an image brings along are nothing to the machine, and out of the host's reach.
test_device_nodes_in_a_tree() {
        make_tree tree
        mknod -m 666 tree/zero c 1 5
        assert_contains "$(berth run --rm ./tree head -c 1 /zero 2>&1 || true)" "Permission denied"
        assert_contains "$(berth run --rm --private-users=no --cap-add all ./tree head -c 1 /zero 2>&1 || true)" "Permission denied"
        refute berth run --rm --cap-add mknod ./tree mknod /made c 1 5
        refute as_user head -c 1 "$PWD/tree/zero"
}

# What a start shows of the host keeps owner and mode, whatever the payload tries.
test_no_inode_of_the_host_changes() {
        local before
        mkdir shared
        touch shared/file
        mknod -m 600 node c 1 5
        before=$(stat -c '%n %u %g %a' shared shared/file node /dev/null /dev/zero /etc/hostname)
        berth run --rm --ephemeral --bind "$PWD/shared:/mnt" --bind "$PWD/node:/dev/bound" --bind /etc/hostname:/etc/hostname "$busybox" \
                sh -c 'chown 5:5 /mnt /mnt/file /dev/bound /dev/null; chmod 777 /mnt /mnt/file /dev/bound /etc/hostname; true' 2>/dev/null
        berth run --rm --ephemeral --device /dev/zero:/dev/mine "$busybox" sh -c 'chmod 600 /dev/mine; chown 5 /dev/mine; true' 2>/dev/null
        assert_eq "$(stat -c '%n %u %g %a' shared shared/file node /dev/null /dev/zero /etc/hostname)" "$before"
}
