# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Limits of a machine that runs: whoever changes them, berth, systemd and the kernel say the same.

busybox=/var/lib/machines/busybox

# shellcheck source=tests/lib/resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/resources.sh"

# expect NAME PROPERTY SYSTEMD-VALUE V2-FILE V2-VALUE V1-FILE V1-VALUE: all agree, as soon as systemd has come to it.
expect() {
        local file=$4 value=$5
        if ! on_cgroup_v2; then
                file=$6 value=$7
        fi
        assert_eq "$(scope_property "$1" "$2")" "$3"
        wait_until 60 kernel_has "$1" "$file" "$value"
}

status_says() {
        berth status "$1" | grep -F -- "$2" >/dev/null
}

# Only on: namespaced vm/trixie
test_each_way_agrees() {
        berth run -d --rm --ephemeral --name ways -m 64M "$busybox" sleep 1000
        expect ways MemoryMax 67108864 memory.max 67108864 memory.limit_in_bytes 67108864

        # Up and down, which on cgroup v1 is in the way of the sum with swap.
        berth set-property ways MemoryMax=128M
        expect ways MemoryMax 134217728 memory.max 134217728 memory.limit_in_bytes 134217728
        check status_says ways MemoryMax=134217728
        if ! on_cgroup_v2; then
                assert_eq "$(kernel_value ways memory.memsw.limit_in_bytes)" 201326592
        fi

        systemctl set-property --runtime berth-ways.scope MemoryMax=256M MemorySwapMax=0 TasksMax=77
        expect ways MemoryMax 268435456 memory.max 268435456 memory.limit_in_bytes 268435456
        expect ways MemorySwapMax 0 memory.swap.max 0 memory.memsw.limit_in_bytes 268435456
        expect ways TasksMax 77 pids.max 77 pids.max 77
        wait_until 60 status_says ways TasksMax=77
        wait_until 60 status_says ways MemorySwapMax=0

        busctl call org.berth1 /org/berth1/machine/ways org.berth1.Machine SetProperties bas true 2 TasksMax=78 CPUQuota=50%
        expect ways TasksMax 78 pids.max 78 pids.max 78
        expect ways CPUQuotaPerSecUSec 500ms cpu.max "50000 100000" cpu.cfs_quota_us 50000
        busctl call org.berth1 /org/berth1 org.berth1.Manager SetMachineProperties sbas ways true 1 MemoryMax=32M
        expect ways MemoryMax 33554432 memory.max 33554432 memory.limit_in_bytes 33554432
        wait_until 60 status_says ways MemoryMax=33554432
        berth stop ways
}

# Only on: namespaced vm/trixie
test_kept_for_the_next_start() {
        make_tree tree
        berth run -d --name keeps ./tree sleep 1000
        berth set-property keeps TasksMax=55
        berth set-property --runtime keeps MemoryMax=64M
        expect keeps TasksMax 55 pids.max 55 pids.max 55
        berth stop keeps
        # One that does not run can be changed, too, and then in all.
        assert_contains "$(error_of berth set-property --runtime keeps TasksMax=1)" --runtime
        berth set-property keeps CPUShares=512 KillMode=control-group
        berth start keeps
        expect keeps TasksMax 55 pids.max 55 pids.max 55
        assert_eq "$(scope_property keeps MemoryMax)" infinity
        if on_cgroup_v2; then
                assert_eq "$(kernel_value keeps cpu.weight)" 50
        else
                assert_eq "$(kernel_value keeps cpu.shares)" 512
        fi
        berth stop keeps
        berth rm keeps
}

# Only on: namespaced vm/trixie
test_after_a_manager_that_was_away() {
        berth run -d --rm --ephemeral --name away -m 64M "$busybox" sleep 1000
        systemctl stop berthd.service
        systemctl set-property --runtime berth-away.scope MemoryMax=128M MemorySwapMax=0 AllowedCPUs=0
        wait_until 60 berth status away
        expect away MemorySwapMax 0 memory.swap.max 0 memory.memsw.limit_in_bytes 134217728
        expect away AllowedCPUs 0 cpuset.cpus 0 cpuset.cpus 0
        assert_eq "$(berth exec away nproc)" 1
        berth stop away
}

# Only on: namespaced vm/trixie
test_refused() {
        local err
        berth run -d --rm --ephemeral --name no "$busybox" sleep 1000
        err=$(error_of berth set-property no NoSuchThing=1)
        assert_contains "$err" NoSuchThing
        err=$(error_of berth set-property no MemoryMax=lots)
        assert_contains "$err" "a size in bytes"
        err=$(error_of berth set-property no Slice=system.slice)
        assert_contains "$err" "while the machine runs"
        err=$(error_of berth set-property no Delegate=no)
        assert_contains "$err" Delegate
        err=$(error_of berth set-property no "IOReadBandwidthMax=/proc 1M")
        assert_contains "$err" "no block device"
        # systemd's own words.
        err=$(error_of berth set-property no Wants=x.service)
        assert_contains "$err" Wants
        if ! on_cgroup_v2; then
                err=$(error_of berth set-property no MemoryHigh=1M)
                assert_contains "$err" "cgroup v1"
        fi
        refute as_user berth set-property no TasksMax=5
        berth stop no
}
