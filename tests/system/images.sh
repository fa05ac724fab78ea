# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Disk images as trees: bare file systems, GPT by the Discoverable Partitions Specification, MBR, squashfs, erofs. None of
# them needs udev or the kernel's partition tables.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

root_type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709
home_type=933ac7e1-2eb4-4f13-b844-0e14e2aef915
srv_type=3b8f8425-20e0-4f3b-907f-1a25a76f98e8
var_type=4d21b016-b534-45c2-a9fb-5c16e091fd2d
tmp_type=7ec6f557-3bc5-4aca-b293-16ef5df639d1

loops() {
        local device
        for device in /sys/block/loop*/loop/backing_file; do
                [[ -e $device ]] && cat "$device"
        done
        true
}

no_loops_here() {
        [[ $(loops) != *"$PWD"* ]]
}

# make_ext4 FILE SIZE [TREE]
make_ext4() {
        truncate -s "$2" "$1"
        mkfs.ext4 -q -F ${3:+-d "$3"} "$1"
}

# Puts file systems into the partitions of an image: put IMAGE START-SECTOR FILE
put() {
        dd if="$3" of="$1" bs=512 seek="$2" conv=notrunc status=none
}

make_gpt() {
        make_ext4 root.fs 24M "$busybox"
        make_ext4 home.fs 8M
        make_ext4 srv.fs 8M
        make_ext4 var.fs 8M
        truncate -s 64M "$1"
        sfdisk -q "$1" <<END
label: gpt
start=2048, size=49152, type=$root_type, name=root
start=51200, size=16384, type=$home_type
start=67584, size=16384, type=$srv_type, attrs=GUID:60
start=83968, size=16384, type=$var_type
END
        put "$1" 2048 root.fs
        put "$1" 51200 home.fs
        put "$1" 67584 srv.fs
        put "$1" 83968 var.fs
}

test_gpt_with_several_partitions() {
        local out
        make_gpt disk.raw
        out=$(berth run --rm ./disk.raw sh -c 'echo h > /home/mark; echo v > /var/mark; echo r > /mark; touch /srv/x 2>/dev/null || echo srv is read-only; stat -c %u /mark /home/mark; id -u')
        assert_eq "$out" $'srv is read-only\n0\n0\n0'
        out=$(berth run --rm ./disk.raw sh -c 'cat /mark /home/mark /var/mark; for d in / /home /srv /var; do stat -f -c %T $d; done; ls /dev | grep loop; true')
        assert_contains "$out" $'r\nh\nv'
        assert_lacks "$out" loop
        wait_until 30 no_loops_here

        # The host never saw it, and the files are root's in the image.
        at_end umount "$PWD/mnt"
        mkdir mnt
        mount -o loop,offset=$((51200 * 512)) disk.raw mnt
        assert_eq "$(cat mnt/mark; stat -c %u mnt/mark)" $'h\n0'
}

# The others of the specification: programs by themselves, and what is temporary but stays, which is /var/tmp.
test_gpt_with_programs_and_temporary_files() {
        local usr_type
        case $(uname -m) in
        x86_64) usr_type=8484680c-9521-48c6-9c11-b0720656f69e ;;
        aarch64) usr_type=b0e01050-ee5f-4390-949a-9101b17104e9 ;;
        *) skip "this test does not know the partition types of this architecture" ;;
        esac
        make_tree tree
        mv tree/usr programs
        mkdir -p tree/usr tree/var
        make_ext4 root.fs 8M tree
        make_ext4 usr.fs 16M programs
        mkdir -p variable/tmp
        make_ext4 var.fs 4M variable
        make_ext4 tmp.fs 4M
        truncate -s 48M disk.raw
        sfdisk -q disk.raw <<END
label: gpt
start=2048, size=8192, type=$tmp_type
start=10240, size=32768, type=$usr_type
start=43008, size=16384, type=$root_type
start=59392, size=8192, type=$var_type
END
        put disk.raw 2048 tmp.fs
        put disk.raw 10240 usr.fs
        put disk.raw 43008 root.fs
        put disk.raw 59392 var.fs
        assert_eq "$(berth run --rm ./disk.raw sh -c 'echo kept >/var/tmp/mark; echo gone >/tmp/mark; stat -f -c %T /tmp')" tmpfs
        assert_eq "$(berth run --rm ./disk.raw sh -c 'cat /var/tmp/mark; ls /tmp; for d in /usr /var /var/tmp; do grep -c " $d ext4 " /proc/mounts; done')" \
                $'kept\n1\n1\n1'
        assert_eq "$(berth run --rm --ephemeral ./disk.raw sh -c 'echo x >>/var/tmp/mark && cat /var/tmp/mark')" $'kept\nx'
        wait_until 30 no_loops_here
}

# Only on: namespaced
test_newest_version_wins() {
        make_ext4 root.fs 24M "$busybox"
        truncate -s 64M disk.raw
        sfdisk -q disk.raw <<END
label: gpt
start=2048, size=49152, type=$root_type, name=os_9
start=51200, size=49152, type=$root_type, name=os_10
END
        put disk.raw 51200 root.fs
        assert_eq "$(berth run --rm ./disk.raw echo fine)" fine
}

# Only on: namespaced
test_generic_linux_partition() {
        make_ext4 root.fs 24M "$busybox"
        truncate -s 32M disk.raw
        echo 'start=2048, size=49152, type=0fc63daf-8483-4772-8e79-3d69d8477de4' | sfdisk -q --label gpt disk.raw
        put disk.raw 2048 root.fs
        assert_eq "$(berth run --rm ./disk.raw echo fine)" fine
}

# Only on: namespaced
test_mbr() {
        make_ext4 root.fs 24M "$busybox"
        truncate -s 64M disk.raw
        printf 'start=2048, size=49152, type=83\n' | sfdisk -q --label dos disk.raw
        put disk.raw 2048 root.fs
        assert_eq "$(berth run --rm ./disk.raw echo fine)" fine
        # Of two the active one; of two without one there is no telling.
        printf 'start=2048, size=49152, type=83, bootable\nstart=51200, size=49152, type=83\n' | sfdisk -q --label dos disk.raw
        put disk.raw 2048 root.fs
        assert_eq "$(berth run --rm ./disk.raw echo fine)" fine
        printf 'start=2048, size=49152, type=83\nstart=51200, size=49152, type=83\n' | sfdisk -q --label dos disk.raw
        assert_contains "$(error_of berth run --rm ./disk.raw true)" "several Linux partitions"
}

test_bare_file_system() {
        make_ext4 bare.raw 24M "$busybox"
        berth run --rm ./bare.raw sh -c 'echo kept > /mark'
        assert_eq "$(berth run --rm ./bare.raw cat /mark)" kept
        # Not written to where nothing is to be kept.
        berth run --rm --ephemeral ./bare.raw sh -c 'echo gone > /mark; cat /mark'
        refute berth run --rm --read-only ./bare.raw touch /x
        assert_eq "$(berth run --rm ./bare.raw cat /mark)" kept
        wait_until 30 no_loops_here
}

test_ephemeral_with_partitions() {
        make_gpt disk.raw
        assert_eq "$(berth run --rm --ephemeral ./disk.raw sh -c 'echo x > /home/mark; echo y > /mark; cat /home/mark /mark')" $'x\ny'
        assert_eq "$(berth run --rm --ephemeral ./disk.raw sh -c 'ls /home /mark 2>/dev/null; true' | grep -c mark || true)" 0
}

# Read-only file systems by themselves. Linux 6.1 cannot id-map squashfs.
test_squashfs_and_erofs() {
        local options=--ephemeral out
        mksquashfs "$busybox" tree.squashfs -quiet -no-progress >/dev/null
        if ! out=$(berth run --rm ./tree.squashfs echo fine 2>&1); then
                assert_contains "$out" "cannot be id-mapped by this kernel"
                options=--private-users=identity
        fi
        assert_eq "$(berth run --rm $options ./tree.squashfs sh -c 'touch /x 2>/dev/null; stat -c %u /bin; echo fine')" $'0\nfine'
        refute berth run --rm --private-users=identity ./tree.squashfs touch /x
        mkfs.erofs --quiet tree.erofs "$busybox" 2>/dev/null || mkfs.erofs tree.erofs "$busybox" >/dev/null 2>&1
        assert_eq "$(berth run --rm --ephemeral ./tree.erofs sh -c 'touch /x && echo fine')" fine
        wait_until 30 no_loops_here
}

test_btrfs_image() {
        truncate -s 128M tree.raw
        mkfs.btrfs -q --rootdir "$busybox" tree.raw 2>/dev/null
        assert_eq "$(berth run --rm ./tree.raw sh -c 'touch /x && stat -c %u /x')" 0
}

test_image_is_locked() {
        make_ext4 bare.raw 24M "$busybox"
        berth run -d --rm --name writer ./bare.raw sleep 1000
        at_end berth terminate writer
        assert_contains "$(error_of berth run --rm ./bare.raw true)" "another machine uses it"
        assert_contains "$(error_of berth run --rm --read-only ./bare.raw true)" "another machine uses it"
        berth terminate writer
        wait_until 30 no_loops_here
        berth run -d --rm --name reader-a --ephemeral ./bare.raw sleep 1000
        berth run -d --rm --name reader-b --ephemeral ./bare.raw sleep 1000
        at_end berth terminate reader-a reader-b
        assert_contains "$(error_of berth run --rm ./bare.raw true)" "another machine uses it"
}

# A killed supervisor takes its loop devices along.
test_nothing_is_left() {
        local supervisor
        make_ext4 bare.raw 24M "$busybox"
        berth run -d --rm --name killed ./bare.raw sleep 1000
        supervisor=$(supervisor_of killed)
        assert_contains "$(loops)" "$PWD/bare.raw"
        kill -KILL "$supervisor"
        wait_until 60 no_loops_here
        wait_until 60 scope_is_gone killed
}

# Only on: namespaced
test_image_in_the_store() {
        make_ext4 /var/lib/machines/store-test.raw 24M "$busybox"
        at_end rm -f /var/lib/machines/store-test.raw
        berth run -d --rm --ephemeral store-test sleep 1000
        assert_eq "$(machine_property store-test State)" running
        berth terminate store-test
        wait_until 30 scope_is_gone store-test
}

# Only on: namespaced
test_what_is_no_image() {
        truncate -s 1M empty.raw
        assert_contains "$(error_of berth run --rm ./empty.raw true)" "neither a file system nor a partition table"
        make_ext4 empty-fs.raw 4M
        assert_contains "$(error_of berth run --rm ./empty-fs.raw true)" "no /usr"
        truncate -s 8M swap.raw
        mkswap -q swap.raw 2>/dev/null || mkswap swap.raw >/dev/null
        assert_contains "$(error_of berth run --rm ./swap.raw true)" "swap"
        truncate -s 16M disk.raw
        echo 'start=2048, size=8192, type=0657fd6d-a4ab-43c4-84e5-0933c84b4f4f' | sfdisk -q --label gpt disk.raw
        assert_contains "$(error_of berth run --rm ./disk.raw true)" "no root partition"
        wait_until 30 no_loops_here
}

# What a payload could do with a file system, it cannot do with the device below it.
test_device_is_out_of_reach() {
        make_ext4 bare.raw 24M "$busybox"
        assert_eq "$(berth run --rm --cap-add all ./bare.raw sh -c 'mknod /x b 7 0 2>/dev/null || echo refused; ls /dev | grep -c loop')" $'refused\n0'
}

test_keep_unit_runs_an_image() {
        make_ext4 bare.raw 24M "$busybox"
        assert_eq "$(systemd-run -q --wait --pipe -p Delegate=yes berth run --keep-unit --ephemeral "$PWD/bare.raw" echo fine)" fine
}


# Each life has the same file systems, with the owners of its own user namespace.
test_image_begins_again() {
        local scope= round
        make_gpt disk.raw
        berth run -d --name phoenix --restart=always ./disk.raw \
                sh -c 'echo life >>/home/lives; stat -c %u:%g /home/lives; exec sleep 100000' >/dev/null
        at_end berth rm --force phoenix
        for round in 1 2 3; do
                wait_until 60 eval '[[ $(berth exec phoenix wc -l /home/lives 2>/dev/null) == "'"$round"' "* ]]'
                assert_eq "$(berth exec phoenix stat -c %u:%g /home/lives)" 0:0
                scope=${scope:-$(scope_property phoenix InvocationID)}
                # Not by berth, which would end it for good.
                kill -KILL "$(leader_of phoenix)"
        done
        wait_until 60 eval '[[ $(berth exec phoenix wc -l /home/lives 2>/dev/null) == "4 "* ]]'
        assert_eq "$(scope_property phoenix InvocationID)" "$scope"
        assert_eq "$(machine_property phoenix NRestarts)" 3
        berth restart phoenix
        wait_until 60 eval '[[ $(berth exec phoenix wc -l /home/lives 2>/dev/null) == "5 "* ]]'
        berth stop phoenix
        wait_until 60 no_loops_here

        # What an ephemeral one wrote is gone with each life, and a layer stays.
        berth run -d --name moth --ephemeral --restart=always ./disk.raw \
                sh -c 'echo life >>/home/moths; exec sleep 100000' >/dev/null
        at_end berth rm --force moth
        wait_until 60 eval '[[ $(berth exec moth wc -l /home/moths 2>/dev/null) == "1 "* ]]'
        kill -9 "$(leader_of moth)"
        wait_until 60 eval '[[ $(machine_property moth NRestarts) == 1 && $(berth exec moth wc -l /home/moths 2>/dev/null) == "1 "* ]]'
        berth stop moth
}

leader_is_not() {
        local now
        now=$(leader_of "$1") && [[ $now != 0 && $now != "$2" && $(machine_property "$1" State) == running ]]
}

# Only on: namespaced
test_reboot_inside_an_image() {
        local first
        make_ext4 system.raw 1G /var/lib/machines/debian
        berth run -d --boot --name reborn ./system.raw >/dev/null
        at_end berth rm --force reborn
        wait_until 120 eval 'berth exec reborn systemctl is-system-running 2>/dev/null | grep -qE "running|degraded"'
        berth exec reborn touch /var/kept
        first=$(leader_of reborn)
        berth exec reborn systemctl reboot || true
        wait_until 120 leader_is_not reborn "$first"
        wait_until 120 eval '[[ $(berth exec reborn systemctl is-system-running 2>/dev/null) == running ]]'
        check berth exec reborn test -e /var/kept
        berth stop reborn
        wait_until 60 no_loops_here
}
