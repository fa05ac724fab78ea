# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Images whose blocks are checked by a root hash (dm-verity). Whether the kernel has device-mapper is the kernel's matter:
# where it has none, an image that is to be checked is refused, and never shown unchecked.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox
root_type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709
verity_type=2c7357ed-ebd2-46d9-aec1-23d437ec2bf5

needs_device_mapper() {
        modprobe dm-verity 2>/dev/null || true
        [[ -c /dev/mapper/control ]] && dmsetup targets 2>/dev/null | grep -q '^verity ' && return
        skip "this kernel has no dm-verity"
}

# make_data FILE: a file system, and what mounts it should find there.
make_data() {
        truncate -s 24M "$1"
        # As large as the blocks that are checked, or the kernel does not mount it.
        mkfs.ext4 -b 4096 -q -F -O ^has_journal -d "$busybox" "$1"
}

# make_hashes DATA HASHES: prints the root hash.
make_hashes() {
        veritysetup format "$1" "$2" | sed -n 's/^Root hash:[[:space:]]*//p'
}

# uuid DIGITS: the first 32 of them as one.
uuid() {
        sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/' <<<"$1"
}

# A GPT with root and hashes by the specification, after an older root of other content.
make_gpt() {
        local hash
        make_data root.fs
        hash=$(make_hashes root.fs hashes)
        truncate -s 96M "$1"
        sfdisk -q "$1" <<END
label: gpt
start=2048, size=49152, type=$root_type, name=os_1, uuid=$(uuid "$hash")
start=51200, size=4096, type=$verity_type, name=os_1, uuid=$(uuid "${hash: -32}")
start=57344, size=49152, type=$root_type, name=os_2
END
        dd if=root.fs of="$1" bs=512 seek=2048 conv=notrunc status=none
        dd if=hashes of="$1" bs=512 seek=51200 conv=notrunc status=none
        echo "$hash"
}

no_mapped_devices() {
        [[ -z $(dmsetup ls 2>/dev/null | grep '^berth-') ]]
}

test_unchecked_where_there_is_no_device_mapper_is_refused() {
        local hash
        [[ ! -c /dev/mapper/control ]] || skip "this kernel has device-mapper"
        make_data disk.raw
        hash=$(make_hashes disk.raw disk.verity)
        assert_contains "$(error_of berth run --rm --root-hash="$hash" ./disk.raw true)" "device-mapper, which there is none of"
        echo "$hash" >disk.roothash
        assert_contains "$(error_of berth run --rm ./disk.raw true)" "device-mapper, which there is none of"
        rm disk.roothash
        assert_eq "$(berth run --rm ./disk.raw echo unchecked)" unchecked
}

test_what_does_not_fit_is_refused() {
        local hash
        make_data disk.raw
        hash=$(make_hashes disk.raw hashes)
        assert_contains "$(error_of berth run --rm --root-hash="$hash" ./disk.raw true)" "no hashes in it or beside it"
        assert_contains "$(error_of berth run --rm --root-verity="$PWD/hashes" ./disk.raw true)" "no root hash"
        assert_contains "$(error_of berth run --rm --root-hash=1234 ./disk.raw true)" "hexadecimal digits"
        assert_contains "$(error_of berth run --rm --root-hash="$hash$hash" --root-verity="$PWD/hashes" ./disk.raw true)" "sha256"
        assert_contains "$(error_of berth run --rm --root-hash="$hash" "$busybox" true)" "for disk images"
        head -c 8192 /dev/zero >nothing
        assert_contains "$(error_of berth run --rm --root-hash="$hash" --root-verity="$PWD/nothing" ./disk.raw true)" "no verity superblock"
        echo nonsense >disk.roothash
        assert_contains "$(error_of berth run --rm ./disk.raw true)" "disk.roothash"
        rm disk.roothash

        make_gpt parts.raw >/dev/null
        assert_contains "$(error_of berth run --rm --root-hash="${hash//[0-9]/a}" ./parts.raw true)" "no root partition of this root hash"
}

test_files_beside_the_image() {
        local hash out
        needs_device_mapper
        make_data disk.raw
        hash=$(make_hashes disk.raw disk.verity)
        echo "$hash" >disk.roothash
        out=$(berth run --rm ./disk.raw sh -c 'echo fine; touch /x 2>&1 || true; grep " / " /proc/mounts')
        assert_contains "$out" fine
        assert_contains "$out" "Read-only file system"
        assert_contains "$out" /dev/dm-
        # A layer over it is written to.
        assert_eq "$(berth run --rm --ephemeral ./disk.raw sh -c 'echo new >/x; cat /x')" new
        wait_until 30 no_mapped_devices
}

test_partitions_by_their_ids() {
        local hash
        needs_device_mapper
        hash=$(make_gpt disk.raw)
        assert_eq "$(berth run --rm --root-hash="$hash" ./disk.raw echo fine)" fine
        wait_until 30 no_mapped_devices
}

test_changed_block_is_not_read() {
        local hash
        needs_device_mapper
        make_data disk.raw
        hash=$(make_hashes disk.raw disk.verity)
        assert_eq "$(berth run --rm --root-hash="$hash" ./disk.raw cat /etc/passwd | head -n 1)" "$(head -n 1 "$busybox/etc/passwd")"
        wait_until 30 no_mapped_devices
        # Of a file's own blocks one byte is another: the file system is whole, and the file cannot be read.
        local block
        block=$(debugfs -R "blocks /etc/passwd" disk.raw 2>/dev/null | tr -d ' ')
        printf X | dd of=disk.raw bs=1 seek=$((block * $(dumpe2fs -h disk.raw 2>/dev/null | sed -n 's/^Block size: *//p'))) conv=notrunc status=none
        refute berth run --rm --root-hash="$hash" ./disk.raw cat /etc/passwd
        assert_contains "$(berth run --rm ./disk.raw cat /etc/passwd)" X
        # And with another root hash nothing can.
        refute berth run --rm --root-hash="${hash//[0-9]/a}" ./disk.raw true
        wait_until 30 no_mapped_devices
}
