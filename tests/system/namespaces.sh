# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Seven namespaces of its own, user ids, and a tree that is shown, not changed.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

test_seven_namespaces() {
        local leader kind
        berth run -d --rm --ephemeral --name seven "$busybox" sleep 1000
        leader=$(leader_of seven)
        for kind in mnt uts ipc pid net user cgroup; do
                assert_ne "$(readlink "/proc/$leader/ns/$kind")" "$(readlink "/proc/1/ns/$kind")"
        done
        berth stop seven
}

test_network_is_private_and_loopback_up() {
        local out
        out=$(berth run --rm --ephemeral --network=none "$busybox" sh -c 'ls /sys/class/net; ip addr show lo')
        assert_contains "$out" 127.0.0.1
        assert_eq "$(berth run --rm --ephemeral --network=none "$busybox" ls /sys/class/net)" lo
        assert_eq "$(berth run --rm --ephemeral --private-network=no "$busybox" ls /sys/class/net)" "$(ls /sys/class/net)"
}

map_of() {
        tr -s ' ' <"/proc/$(leader_of "$1")/uid_map" | sed 's/^ //'
}

test_ranges_are_picked_apart() {
        local a b
        berth run -d --rm --ephemeral --name range-a "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name range-b "$busybox" sleep 1000
        a=$(map_of range-a)
        b=$(map_of range-b)
        assert_ne "$a" "$b"
        read -r _ base count <<<"$a"
        assert_eq "$count" 65536
        assert_eq $((base % 65536)) 0
        ((base >= 524288 && base <= 1878982656)) || fail "base $base is outside of systemd's container range"
        berth stop range-a range-b
}

# A name gets the range that it had, unless it is taken.
test_range_repeats_and_respects_nspawns_lock() {
        local first second
        berth run -d --rm --ephemeral --name again "$busybox" sleep 1000
        first=$(map_of again | cut -d' ' -f2)
        berth stop again
        berth run -d --rm --ephemeral --name again "$busybox" sleep 1000
        assert_eq "$(map_of again | cut -d' ' -f2)" "$first"
        berth stop again

        # nspawn holds the range while it runs: so does a lock taken as nspawn takes it.
        mkdir -p /run/systemd/nspawn-uid
        hold-lock "/run/systemd/nspawn-uid/$first" locked &
        local holder=$!
        wait_until 60 test -e locked
        berth run -d --rm --ephemeral --name again "$busybox" sleep 1000
        second=$(map_of again | cut -d' ' -f2)
        kill "$holder"
        berth stop again
        assert_ne "$second" "$first"
}

# lines_at BASE: options. Each machine of the test has its own base: one that ends holds its ids for a moment longer.
lines_at() {
        echo "--uidmap=0:$1:1000 --uidmap=1000:$(($1 + 1000)):10 --gidmap=0:$1:1000 --gidmap=2000:$(($1 + 1100))"
}

# Lines of one's own: what is in none of them is nobody, on disk too.
# shellcheck disable=SC2046 # the options are words
test_id_map_lines() {
        local err
        assert_eq "$(berth run --rm --ephemeral $(lines_at 1000000000) "$busybox" sh -c 'cat /proc/self/uid_map /proc/self/gid_map' | tr -s ' ')" \
                $' 0 1000000000 1000\n 1000 1000001000 10\n 0 1000000000 1000\n 2000 1000001100 1'
        assert_eq "$(berth run --rm --ephemeral $(lines_at 1000002000) -u 1009:2000 "$busybox" sh -c 'id -u; id -g; touch /tmp/x; stat -c "%u %g" /tmp/x')" \
                $'1009\n2000\n1009 2000'
        refute berth run --rm --ephemeral $(lines_at 1000004000) -u 1010 "$busybox" true
        # Without GIDMap= groups are mapped as users are.
        assert_eq "$(berth run --rm --ephemeral --uidmap=0:1000006000:5 "$busybox" cat /proc/self/gid_map | tr -s ' ')" " 0 1000006000 5"

        # They are as much the machine's own as a range is.
        berth run -d --rm --ephemeral --name lines $(lines_at 1000008000) "$busybox" sleep 1000
        err=$(error_of berth run --rm --ephemeral --uidmap=0:1000009009:1 "$busybox" true)
        assert_contains "$err" "in use"
        err=$(error_of berth run --rm --ephemeral --uidmap=0:1000009100:1 "$busybox" true)
        assert_contains "$err" "in use"
        check berth run --rm --ephemeral --uidmap=0:1000009010:1 "$busybox" true
        berth stop lines

        assert_contains "$(error_of berth run --rm --ephemeral --uidmap=1:1000000000:5 "$busybox" true)" "needs a root"
        assert_contains "$(error_of berth run --rm --ephemeral --uidmap=0:1000000000:5 --uidmap=4:1000000100:5 "$busybox" true)" "in common"
        assert_contains "$(error_of berth run --rm --ephemeral --uidmap=0:1000000000:5 --private-users=65536 "$busybox" true)" PrivateUsers
        assert_contains "$(error_of berth run --rm --ephemeral --uidmap=0:1000000000:5 --gidmap=0:1000000100:5 "$busybox" true)" "same id"
        assert_status 125 berth run --rm --ephemeral --uidmap=0:0:5 "$busybox" true
}

test_no_file_is_chowned() {
        make_tree owners
        find ./owners -printf '%p %U %G %m\n' | sort >before
        assert_eq "$(berth run --rm ./owners sh -c 'stat -c %u /bin/busybox; id -u')" $'0\n0'
        find ./owners -printf '%p %U %G %m\n' | sort >after
        check diff before after

        # And what root of the machine writes is root's on disk: the map is of the mount, not of the file.
        berth run --rm ./owners touch /written
        assert_eq "$(stat -c %u "owners/written")" 0
}

test_private_users_modes() {
        assert_contains "$(berth run --rm --ephemeral --private-users=no "$busybox" cat /proc/self/uid_map)" 4294967295
        assert_eq "$(berth run --rm --ephemeral --private-users=identity "$busybox" cat /proc/self/uid_map | tr -s ' ')" " 0 0 65536"
        assert_eq "$(berth run --rm --ephemeral --private-users=1000000000:65536 "$busybox" cat /proc/self/uid_map | tr -s ' ')" " 0 1000000000 65536"
        assert_status 125 berth run --rm --ephemeral --private-users=0:5 "$busybox" true
        assert_status 125 berth run --rm --ephemeral --private-users=maybe "$busybox" true
}

# overlayfs cannot be id-mapped by any kernel so far.
test_file_system_that_cannot_be_mapped() {
        local err
        mkdir -p lower upper work ./merged
        cp -a "$busybox/." lower/
        mount -t overlay overlay -o "lowerdir=lower,upperdir=upper,workdir=work" ./merged ||
                skip "an overlay cannot be mounted on the test directory"
        at_end umount "$PWD/merged"
        err=$(error_of berth run --rm --allow-exposed-tree ./merged true)
        assert_status 0 berth run --rm --allow-exposed-tree --private-users=identity ./merged true
        assert_contains "$err" "overlay at $PWD/merged"
        assert_contains "$err" "--private-users=no"
}

# One mounted below the tree is named, and not taken for the tree.
test_mount_below_that_cannot_be_mapped() {
        local err
        make_tree tree
        mkdir -p tree/mnt
        mount -t proc proc tree/mnt
        at_end umount "$PWD/tree/mnt"
        err=$(error_of berth run --rm ./tree true)
        assert_contains "$err" "proc at $PWD/tree/mnt"
        assert_status 0 berth run --rm --ephemeral ./tree true
}

test_device_nodes_and_links() {
        local out
        out=$(berth run --rm --ephemeral "$busybox" sh -c '
                for n in null zero full random urandom tty; do test -c /dev/$n && echo "$n"; done
                for l in fd stdin stdout stderr ptmx; do test -L /dev/$l && echo "$l"; done
                for d in pts shm mqueue; do test -d /dev/$d && echo "$d"; done
                echo x > /dev/null && head -c 4 /dev/zero | wc -c')
        assert_eq "$(tr '\n' ' ' <<<"$out")" "null zero full random urandom tty fd stdin stdout stderr ptmx pts shm mqueue 4 "
}

test_own_devpts() {
        local host
        host=$(ls /dev/pts | grep -c '[0-9]' || true)
        assert_eq "$(berth run --rm --ephemeral "$busybox" ls /dev/pts)" ptmx
        assert_eq "$(ls /dev/pts | grep -c '[0-9]' || true)" "$host"
}

test_api_file_systems() {
        local out
        out=$(berth run --rm --ephemeral "$busybox" sh -c 'for m in /proc /sys /dev /dev/shm /run /tmp; do grep " $m " /proc/self/mounts | head -n 1 | cut -d" " -f2,3; done')
        assert_eq "$out" $'/proc proc\n/sys sysfs\n/dev tmpfs\n/dev/shm tmpfs\n/run tmpfs\n/tmp tmpfs'
        refute berth run --rm --ephemeral "$busybox" sh -c 'echo 1 > /proc/sys/kernel/panic'
        refute berth run --rm --ephemeral "$busybox" touch /sys/x
        assert_eq "$(berth run --rm --ephemeral "$busybox" sh -c 'wc -c < /proc/kallsyms')" 0
}

test_read_only_tree() {
        make_tree fixed
        refute berth run --rm --read-only ./fixed touch /mark
        assert_status 0 berth run --rm --read-only ./fixed touch /tmp/mark
        [[ ! -e fixed/mark ]] || fail "the read-only tree was written to"
}

test_ephemeral_tree() {
        make_tree base
        assert_eq "$(berth run --rm --ephemeral ./base sh -c 'echo changed > /etc/mark; rm /bin/busybox.copy 2>/dev/null; cat /etc/mark; stat -c %u /etc/mark')" $'changed\n0'
        [[ ! -e base/etc/mark ]] || fail "the tree below was written to"
}

# Mounts of the payload, and the ones that make it, are seen by nobody else; and the host's do not come in.
test_mount_events_do_not_travel() {
        local before
        make_tree mounts
        before=$(sort /proc/1/mountinfo)
        berth run -d --rm --name private --cap-add sys_admin ./mounts sh -c 'mkdir -p /mnt && mount -t tmpfs inside /mnt && echo ok > /mnt/mark && sleep 1000'
        wait_until 60 test -e "/proc/$(leader_of private)/root/mnt/mark"
        assert_eq "$(sort /proc/1/mountinfo)" "$before"

        mkdir -p "mounts/opt"
        mount -t tmpfs outside "mounts/opt"
        touch "mounts/opt/mark"
        [[ ! -e /proc/$(leader_of private)/root/opt/mark ]] || { umount "mounts/opt"; fail "a mount of the host came in"; }
        umount "mounts/opt"
        berth stop private
}

# What covers parts of the machine cannot be taken off, even with CAP_SYS_ADMIN.
test_mounts_are_locked() {
        local out
        out=$(berth run --rm --ephemeral --cap-add all "$busybox" sh -c '
                for m in /proc/kallsyms /proc/sys /proc /sys /dev; do umount $m 2>/dev/null && echo "came off: $m"; done
                mount -o remount,rw,bind /proc/sys 2>/dev/null && echo "writable again"
                wc -c < /proc/kallsyms')
        assert_eq "$out" 0
}

test_descriptors() {
        exec 7</etc/hostname
        assert_eq "$(berth run --rm --ephemeral "$busybox" sh -c 'ls /proc/$$/fd; true' | tr '\n' ' ')" "0 1 2 "
        exec 7<&-
}

test_nothing_of_the_host_in_mountinfo() {
        local out
        out=$(berth run --rm --ephemeral "$busybox" cat /proc/self/mountinfo)
        assert_lacks "$out" devtmpfs
        assert_lacks "$out" /run/systemd
}
