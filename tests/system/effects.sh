# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Limits by what comes of them, seen from the inside. Bounds are so wide that no noise of a busy host is outside of them.

busybox=/var/lib/machines/busybox

# shellcheck source=tests/lib/resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/resources.sh"

# A number of GetStats() of a machine.
stat_now() {
        busctl --json=short call org.berth1 "/org/berth1/machine/$1" org.berth1.Machine GetStats | jq ".data[0].$2"
}

# Only on: namespaced vm/trixie
test_shares_divide_a_cpu() {
        local many few
        berth run -d --rm --ephemeral --name many --cpu-shares=1024 --allowed-cpus=0 "$busybox" sh -c 'while :; do :; done'
        berth run -d --rm --ephemeral --name few --cpu-shares=256 --allowed-cpus=0 "$busybox" sh -c 'while :; do :; done'
        many=$(stat_now many CPUUsageUSec) few=$(stat_now few CPUUsageUSec)
        sleep 8
        many=$(($(stat_now many CPUUsageUSec) - many)) few=$(($(stat_now few CPUUsageUSec) - few))
        echo "1024 shares had $many us, 256 shares $few us"
        ((many > 2 * few)) || fail "1024 shares had $many us, 256 shares $few us"
        berth stop many few
}

# Only on: namespaced vm/trixie
test_quota_bounds_cpu() {
        local used begin
        berth run -d --rm --ephemeral --name slow --cpu-quota=20% "$busybox" sh -c 'while :; do :; done'
        begin=$(stat_now slow Timestamp) used=$(stat_now slow CPUUsageUSec)
        sleep 6
        used=$(($(stat_now slow CPUUsageUSec) - used)) begin=$(($(stat_now slow Timestamp) - begin))
        ((used * 3 <= begin)) || fail "with 20% of a CPU it used $used us of $begin us"
        ((used > 0)) || fail "it did nothing"
        berth stop slow
}

# Only on: namespaced vm/trixie
test_allowed_cpus() {
        assert_eq "$(berth run --rm --ephemeral --allowed-cpus=0 "$busybox" nproc)" 1
        berth run -d --rm --ephemeral --name moved "$busybox" sh -c 'sleep 1000 & sleep 1000'
        assert_eq "$(berth exec moved nproc)" "$(nproc)"
        berth set-property moved AllowedCPUs=1
        assert_eq "$(berth exec moved nproc)" 1
        # The processes that were there as well as those that join.
        assert_eq "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(leader_of moved)/status")" 1
        assert_eq "$(berth exec moved sh -c "grep -h Cpus_allowed_list /proc/[0-9]*/status | sort -u" | tr -d '\t')" Cpus_allowed_list:1
        berth set-property moved AllowedCPUs=
        wait_until 60 sees_all_cpus moved
        berth stop moved
}

sees_all_cpus() {
        [[ $(berth exec "$1" nproc) == "$(nproc)" ]]
}

# Only on: namespaced vm/trixie
test_memory_high_slows_down() {
        on_cgroup_v2 || skip "cgroup v1 has no such limit"
        local seconds
        make_tree tree
        cp "$(command -v hog)" tree/bin/
        seconds=$SECONDS
        berth run --rm ./tree hog 96
        seconds=$((SECONDS - seconds))
        berth run -d --rm --name held --memory-high=32M --memory-swap-max=0 ./tree sh -c 'hog 96; echo done > /done; sleep 1000'
        sleep $((seconds + 10))
        refute test -e tree/done
        (($(awk '$1 == "high" { print $2 }' "$(kernel_file held memory.events)") > 0)) || fail "the kernel never held it up"
        (($(stat_now held MemoryCurrent) < 96000000)) || fail "it has all its memory"
        # Lifted, it goes on.
        berth set-property held MemoryHigh=infinity
        wait_until 300 test -e tree/done
        berth stop held
}

# A kernel that swaps for real is a whole machine's affair.
# Only on: namespaced vm/trixie
test_swap_max() {
        [[ $BERTH_HOST == vm ]] || skip "the swap of this kernel is not this host's own"
        make_tree tree
        cp "$(command -v hog)" tree/bin/
        dd if=/dev/zero of=swap bs=1M count=256 status=none
        chmod 600 swap
        mkswap -q swap
        swapon "$PWD/swap"
        at_end swapoff "$PWD/swap"
        assert_status 137 berth run --name swapping --memory-max=64M --memory-swap-max=0 ./tree hog 128
        assert_eq "$(machine_property swapping Result)" oom-kill
        berth rm swapping
        assert_status 0 berth run --rm --memory-max=64M --memory-swap-max=200M ./tree hog 128
        # As docker has it: 64M of memory and as much of swap are not enough for 160M, and are for 96M.
        assert_status 137 berth run --rm -m 64M ./tree hog 160
        assert_status 0 berth run --rm -m 64M ./tree hog 96
}

# A disk of our own, with a tree on it whose machine may be slowed down without anybody else.
make_disk() {
        truncate -s 320M disk
        device=$(losetup -f --show disk)
        at_end losetup -d "$device"
        mkfs.ext4 -q "$device"
        mkdir -m 700 mount
        mount "$device" mount
        at_end umount "$PWD/mount"
        make_tree mount/tree
}

# took SECONDS COMMAND…: at least as long.
took() {
        local least=$1 begin=$SECONDS
        shift
        "$@"
        ((SECONDS - begin >= least)) || fail "it took $((SECONDS - begin)) seconds, not $least: $*"
}

# Only on: namespaced vm/trixie
test_io_limits() {
        local device
        make_disk
        berth run --rm mount/tree dd if=/dev/zero of=/file bs=1M count=8 oflag=direct conv=fsync status=none
        took 6 berth run --rm --io-write-bandwidth-max="$device 1M" mount/tree dd if=/dev/zero of=/file bs=1M count=8 oflag=direct conv=notrunc status=none
        # By a path on it, and by docker's name.
        took 6 berth run --rm --io-read-bandwidth-max="$PWD/mount/tree 1M" mount/tree dd if=/file of=/dev/null bs=1M count=8 iflag=direct status=none
        took 6 berth run --rm --device-read-bps="$device:1mb" mount/tree dd if=/file of=/dev/null bs=1M count=8 iflag=direct status=none
        took 4 berth run --rm --io-read-iops-max="$device 10" mount/tree dd if=/file of=/dev/null bs=4k count=120 iflag=direct status=none
        took 4 berth run --rm --io-write-iops-max="$PWD/mount 10" mount/tree dd if=/dev/zero of=/file bs=4k count=120 oflag=direct conv=notrunc status=none
}

is_written() {
        [[ -e mount/tree/written ]]
}

# Two hundred seconds of writing, were it not let free; and one that was free is held up.
# Only on: namespaced vm/trixie
test_io_limits_change_live() {
        local device size
        make_disk
        berth run -d --rm --name writer --io-write-bandwidth-max="$device 1M" mount/tree sh -c \
                'dd if=/dev/zero of=/file bs=1M count=200 oflag=direct 2>/dev/null; touch /written; while [ ! -e /again ]; do sleep 0.1; done; dd if=/dev/zero of=/file bs=1M count=8 oflag=direct conv=notrunc 2>/dev/null; touch /twice; sleep 1000'
        sleep 4
        size=$(stat -c %s mount/tree/file)
        ((size < 50000000)) || fail "$size bytes in 4 seconds"
        berth set-property writer "IOWriteBandwidthMax=$device infinity"
        wait_until 150 is_written

        berth set-property writer "IOWriteBandwidthMax=$device 1M"
        touch mount/tree/again
        took 6 wait_until 300 test -e mount/tree/twice
        berth stop writer
}

# Where the machine had no limit of IO at its start, its cgroup comes later.
# Only on: namespaced vm/trixie
test_io_limit_that_comes_later() {
        local device
        make_disk
        berth run -d --rm --name later mount/tree sh -c \
                'while [ ! -e /go ]; do sleep 0.1; done; dd if=/dev/zero of=/file bs=1M count=8 oflag=direct 2>/dev/null; touch /written; sleep 1000'
        berth set-property later "IOWriteBandwidthMax=$device 1M"
        touch mount/tree/go
        took 6 wait_until 300 is_written
        berth stop later
}

was_refused_forks() {
        [[ $(awk '$1 == "max" { print $2 }' "$(kernel_file "$1" pids.events)") -gt 0 ]]
}

# Only on: namespaced vm/trixie
test_tasks_max_stops_a_fork_bomb() {
        local i
        berth run -d --rm --ephemeral --name bomb --tasks-max=30 "$busybox" sleep 1000
        for ((i = 0; i < 3; i++)); do
                berth exec bomb sh -c 'f() { f & f & sleep 5; }; f' 2>/dev/null || true &
        done
        wait_until 60 was_refused_forks bomb
        (($(stat_now bomb TasksCurrent) <= 30)) || fail "there are $(stat_now bomb TasksCurrent) tasks"
        # The host goes on forking.
        assert_eq "$(seq 200 | xargs -n 1 -P 8 sh -c 'true && echo ok' | grep -c ok)" 200
        berth kill --signal=KILL bomb
        wait
}

can_write() {
        berth exec "$1" sh -c ': > /dev/node' 2>/dev/null
}

cannot_write() {
        ! can_write "$1"
}

# The kernel's log (1:11), which anybody may open for writing whom its mode lets. The node stays where it is all the time.
# Only on: namespaced vm/trixie
test_devices() {
        mknod -m 666 node c 1 11
        berth run -d --rm --ephemeral --name opener --device="$PWD/node:/dev/node" "$busybox" sleep 1000
        check can_write opener
        berth set-property opener DeviceAllow=
        wait_until 60 cannot_write opener
        check berth exec opener test -c /dev/node
        berth set-property opener 'DeviceAllow=/dev/char/1:11 rw'
        wait_until 60 can_write opener
        berth set-property opener DeviceAllow=
        wait_until 60 cannot_write opener
        # As systemctl does it.
        systemctl set-property --runtime berth-opener.scope 'DeviceAllow=/dev/char/1:11 rw'
        wait_until 60 can_write opener
        # Policy strict takes even the standard ones.
        check berth exec opener sh -c 'echo x > /dev/null'
        berth set-property opener DevicePolicy=strict DeviceAllow= 'DeviceAllow=/dev/char/1:11 rw'
        wait_until 60 cannot_write_null opener
        check can_write opener
        berth stop opener
}

cannot_write_null() {
        ! berth exec "$1" sh -c ': > /dev/null' 2>/dev/null
}

can_ping() {
        berth exec "$1" ping -c 1 -W 2 "${2:-127.0.0.1}" >/dev/null 2>&1
}

cannot_ping() {
        ! can_ping "$@"
}

# Only on: namespaced vm/trixie
test_addresses() {
        berth run -d --rm --ephemeral --name talks "$busybox" sleep 1000
        check can_ping talks
        berth set-property talks IPAddressDeny=any
        wait_until 60 cannot_ping talks
        berth set-property talks IPAddressAllow=127.0.0.1
        wait_until 60 can_ping talks
        berth set-property talks IPAddressAllow= IPAddressDeny=
        wait_until 60 can_ping talks ::1
        check can_ping talks
        berth set-property talks IPAddressDeny=::1
        wait_until 60 cannot_ping talks ::1
        check can_ping talks
        systemctl set-property --runtime berth-talks.scope IPAddressDeny=127.0.0.0/8
        wait_until 60 cannot_ping talks
        berth stop talks

        berth run -d --rm --ephemeral --name talks --ip-address-deny=any --ip-accounting=yes "$busybox" sleep 1000
        check cannot_ping talks
        berth set-property talks IPAddressAllow=localhost
        wait_until 60 can_ping talks
        (($(scope_property talks IPEgressBytes) > 0)) || fail "no bytes are counted: $(scope_property talks IPEgressBytes)"
        berth stop talks
}
