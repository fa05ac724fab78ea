# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Limits: each is set at a start, read back from systemd and from the kernel.

busybox=/var/lib/machines/busybox

# shellcheck source=tests/lib/resources.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/resources.sh"

test_docker_memory() {
        berth run -d --rm --ephemeral --name total -m 64M "$busybox" sleep 1000
        assert_eq "$(scope_property total MemoryMax)" 67108864
        assert_eq "$(scope_property total MemorySwapMax)" 67108864
        if on_cgroup_v2; then
                assert_eq "$(kernel_value total memory.swap.max)" 67108864
        else
                assert_eq "$(kernel_value total memory.memsw.limit_in_bytes)" 134217728
        fi
        berth stop total

        berth run -d --rm --ephemeral --name total -m 64M --memory-swap=64M "$busybox" sleep 1000
        assert_eq "$(scope_property total MemorySwapMax)" 0
        if ! on_cgroup_v2; then
                assert_eq "$(kernel_value total memory.memsw.limit_in_bytes)" 67108864
        fi
        berth stop total
}

test_allowed_cpus_are_seen_inside() {
        assert_eq "$(berth run --rm --ephemeral "$busybox" nproc)" "$(nproc)"
        assert_eq "$(berth run --rm --ephemeral --allowed-cpus=0 "$busybox" nproc)" 1
        assert_eq "$(berth run --rm --ephemeral --cpuset-cpus=1 "$busybox" grep Cpus_allowed_list /proc/self/status | tr -d '\t')" Cpus_allowed_list:1
        berth run -d --rm --ephemeral --name pinned --allowed-cpus=1 --allowed-memory-nodes=0 "$busybox" sleep 1000
        assert_eq "$(scope_property pinned AllowedCPUs)" 1
        assert_eq "$(kernel_value pinned cpuset.cpus)" 1
        assert_eq "$(kernel_value pinned cpuset.mems)" 0
        berth stop pinned
        wait_until 60 scope_is_gone pinned
        refute test -e "/sys/fs/cgroup/cpuset/berth-pinned.scope"
}

# A supervisor that was killed could not take its cpuset along.
test_no_cpuset_is_left_by_a_kill() {
        berth run -d --rm --ephemeral --name pinned --allowed-cpus=0 "$busybox" sleep 1000
        kill -KILL "$(supervisor_of pinned)"
        wait_until 60 scope_is_gone pinned
        wait_until 60 test ! -e /sys/fs/cgroup/cpuset/berth-pinned.scope
}

test_what_this_host_cannot_do_is_refused() {
        local err
        if on_cgroup_v2; then
                [[ $(systemd_version) -lt 253 ]] || skip "this host can do all"
                err=$(error_of berth run --rm --ephemeral --name no --memory-zswap-max=1M "$busybox" true)
                assert_contains "$err" MemoryZSwapMax
        else
                err=$(error_of berth run --rm --ephemeral --name no --memory-high=64M "$busybox" true)
                assert_contains "$err" MemoryHigh
                assert_contains "$err" "cgroup v1"
                err=$(error_of berth run --rm --ephemeral --name no --property=ManagedOOMSwap=kill "$busybox" true)
                assert_contains "$err" systemd-oomd
                err=$(error_of berth run --rm --ephemeral --name no --memory-swap-max=1M "$busybox" true)
                assert_contains "$err" MemoryMax
        fi
        assert_status 0 berth run --rm --ephemeral --name no "$busybox" true
}

test_a_path_without_a_device() {
        local err
        mkdir memory
        mount -t tmpfs tmpfs memory
        at_end umount "$PWD/memory"
        err=$(error_of berth run --rm --ephemeral --io-write-bandwidth-max="$PWD/memory 1M" "$busybox" true)
        assert_contains "$err" "no block device"
        err=$(error_of berth run --rm --ephemeral --io-read-iops-max="/nowhere 10" "$busybox" true)
        assert_contains "$err" /nowhere
}

test_kill_mode() {
        make_tree tree
        # Both write down what they get: with mixed the command alone does.
        for mode in mixed control-group; do
                rm -f tree/got-*
                berth run -d --rm --name modes --kill-mode="$mode" ./tree sh -c \
                        '(trap "echo x > /got-child" TERM; : > /got-ready; while :; do sleep 0.1; done) & trap "sleep 1; echo x > /got-leader; exit 0" TERM; while :; do sleep 0.1; done'
                wait_until 60 test -e tree/got-ready
                berth stop modes
                wait_until 60 scope_is_gone modes
                check test -e tree/got-leader
                if [[ $mode == mixed ]]; then
                        refute test -e tree/got-child
                else
                        check test -e tree/got-child
                fi
        done
}
