# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The scope: made by systemd, limits through systemd, delegated cgroups below.

busybox=/var/lib/machines/busybox

test_scope_is_systemds() {
        berth run -d --rm --ephemeral --name scoped "$busybox" sleep 1000
        assert_eq "$(scope_property scoped ActiveState)" active
        assert_eq "$(scope_property scoped Slice)" machine.slice
        assert_eq "$(scope_property scoped Delegate)" yes
        assert_eq "$(scope_property scoped CollectMode)" inactive-or-failed
        assert_contains "$(scope_property scoped Description)" scoped
        assert_contains "$(systemctl status --no-pager berth-scoped.scope)" payload
        assert_contains "$(systemd-cgls --no-pager /machine.slice 2>/dev/null || systemd-cgls --no-pager)" berth-scoped.scope
        berth stop scoped
}

test_sub_cgroups() {
        berth run -d --rm --ephemeral --name halves "$busybox" sleep 1000
        assert_eq "$(cgroup_of "$(leader_of halves)")" /machine.slice/berth-halves.scope/payload
        assert_eq "$(cgroup_of "$(supervisor_of halves)")" /machine.slice/berth-halves.scope
        berth stop halves
}

# A cgroup v2 that hands controllers down can have no processes of its own.
test_supervisor_makes_way_for_controllers() {
        local unit=/sys/fs/cgroup/machine.slice/berth-quarters.scope
        berth run -d --rm --ephemeral --nesting --name quarters "$busybox" sleep 1000
        if on_cgroup_v2; then
                assert_eq "$(cgroup_of "$(supervisor_of quarters)")" /machine.slice/berth-quarters.scope/supervisor
                assert_matches "$(cat "$unit/cgroup.subtree_control")" memory
        else
                assert_eq "$(cgroup_of "$(supervisor_of quarters)")" /machine.slice/berth-quarters.scope
        fi
        assert_eq "$(cgroup_of "$(leader_of quarters)")" /machine.slice/berth-quarters.scope/payload
        berth stop quarters
}

# A supervisor that systemd was faster than clones the leader in the scope: it has to be out of the way, too.
test_controllers_for_a_leader_born_in_the_scope() {
        local spare unit=/sys/fs/cgroup/machine.slice/berth-late.scope
        berth run --rm --ephemeral "$busybox" true
        wait_until 60 pgrep -f '^berth-supervisor --spare'
        spare=$(pgrep -f '^berth-supervisor --spare')
        kill -STOP "$spare"
        at_end kill -CONT "$spare"
        berth run -d --rm --ephemeral --nesting --name late "$busybox" sleep 1000 &
        wait_until 60 eval '[[ $(cgroup_of '"$spare"') == /machine.slice/berth-late.scope ]]'
        kill -CONT "$spare"
        check wait $!
        assert_eq "$(supervisor_of late)" "$spare"
        if on_cgroup_v2; then
                assert_eq "$(cgroup_of "$spare")" /machine.slice/berth-late.scope/supervisor
                assert_matches "$(cat "$unit/cgroup.subtree_control")" memory
                assert_matches "$(cat "$unit/payload/cgroup.controllers")" memory
        fi
        assert_eq "$(cgroup_of "$(leader_of late)")" /machine.slice/berth-late.scope/payload
        berth stop late
}

# Who shares a unit with others is told what that costs.
# Only on: vm/trixie
test_no_controllers_where_others_are_in_the_unit() {
        local run="berth run --keep-unit --rm --ephemeral --nesting $busybox true"
        on_cgroup_v2 || skip "cgroup v1 minds nobody"
        in_unit() {
                systemd-run --quiet --pipe --wait --collect --property=Delegate=yes "$@" 2>&1
        }
        assert_eq "$(in_unit sh -c "exec $run")" ""
        assert_matches "$(in_unit sh -c "$run; true")" "no controllers of its own: other processes are in the cgroup /system.slice/run-.*.service"
}

# systemd notices late that a scope is empty, and here it never is: who asks for its name again waits for neither.
# Only on: namespaced namespaced/trixie
test_scope_of_one_who_ended_makes_way() {
        local stays pid
        berth run -d --rm --ephemeral --name heir "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name other "$busybox" sleep 1000
        at_end berth kill other
        # Goes as a supervisor does when its unit is stopped.
        perl -e '$SIG{URG} = sub { exit }; sleep 1000' &
        pid=$!
        at_end kill -KILL "$pid"
        wait_until 60 eval "[[ \$(tr '\\0' ' ' </proc/$pid/cmdline) == perl* ]]"
        check busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
                AttachProcessesToUnit ssau berth-heir.scope "" 1 "$pid"
        berth kill heir
        wait_until 60 eval '[[ $(berth list) != *heir* ]]'
        assert_eq "$(systemctl is-active berth-heir.scope)" active
        berth run --rm --ephemeral --name heir "$busybox" true
        check eval '! kill -0 '"$pid"' 2>/dev/null'

        # A name that is taken is nobody's to clear.
        stays=$(leader_of other)
        assert_contains "$(error_of berth run --rm --ephemeral --name other "$busybox" true)" "a machine of this name is running"
        assert_eq "$(leader_of other)" "$stays"
        for _ in {1..20}; do
                berth run --rm --ephemeral --name heir "$busybox" true
        done
        assert_eq "$(systemctl is-active berth-other.scope)" active
}

# Limits hold for the payload only if it is in the scope in every hierarchy that systemd made it in.
test_payload_is_in_the_scope_in_every_hierarchy() {
        local line
        berth run -d --rm --ephemeral --name inside "$busybox" sleep 1000
        while IFS= read -r line; do
                assert_lacks "$line" berthd.service
        done <"/proc/$(leader_of inside)/cgroup"
        assert_eq "$(grep -c berth-inside.scope "/proc/$(leader_of inside)/cgroup")" "$(grep -c berth-inside.scope "/proc/$(supervisor_of inside)/cgroup")"
        berth stop inside
}

# The payload sees its own cgroup as the root, and cannot write to it.
test_cgroup_inside() {
        local out
        out=$(berth run --rm --ephemeral "$busybox" sh -c \
                'grep -E "^0::|name=systemd" /proc/self/cgroup; for d in /sys/fs/cgroup /sys/fs/cgroup/systemd; do mkdir $d/x 2>/dev/null && echo written; done; true')
        assert_lacks "$out" machine.slice
        assert_lacks "$out" written
        assert_contains "$out" ":/"
}

test_memory_limit_is_set_and_kills() {
        berth run -d --rm --ephemeral --name bounded --memory 64M "$busybox" sleep 1000
        assert_eq "$(scope_property bounded MemoryMax)" 67108864
        assert_eq "$(cat "$(scope_file bounded memory.max memory memory.limit_in_bytes)")" 67108864
        berth stop bounded

        make_tree hog-tree
        cp "$(command -v hog)" hog-tree/bin/
        assert_status 0 berth run --rm --memory 64M --property MemorySwapMax=0 ./hog-tree hog 8
        assert_status 137 berth run --name hungry --memory 64M --property MemorySwapMax=0 ./hog-tree hog 200
        assert_contains "$(machine_property hungry Result)" oom-kill
        berth rm hungry
}

test_cpu_shares() {
        berth run -d --rm --ephemeral --name shared --cpu-shares 512 "$busybox" sleep 1000
        if on_cgroup_v2; then
                # The kernel's conversion: shares * 100 / 1024.
                assert_eq "$(scope_property shared CPUWeight)" 50
                assert_eq "$(cat "$(scope_file shared cpu.weight - -)")" 50
        else
                assert_eq "$(scope_property shared CPUShares)" 512
                assert_eq "$(cat "$(scope_file shared - cpu cpu.shares)")" 512
        fi
        berth stop shared
}

test_any_test_property_that_systemd_refuses() {
        local err
        err=$(error_of berth run --rm --ephemeral --name refused --property NoSuchThing=1 "$busybox" true)
        assert_contains "$err" NoSuchThing
        err=$(error_of berth run --rm --ephemeral --name refused --property IPAddressAllow=nonsense "$busybox" true)
        assert_contains "$err" IPAddressAllow
        # Nothing of either is left in the way.
        assert_status 0 berth run --rm --ephemeral --name refused "$busybox" true
}

# What was set through systemd is not undone by a reload; what was written behind its back would be.
test_survives_daemon_reload_and_reexec() {
        local leader
        berth run -d --rm --ephemeral --name steady --memory 64M --cpu-shares 512 "$busybox" sleep 1000
        leader=$(leader_of steady)

        systemctl daemon-reload
        assert_eq "$(cat "$(scope_file steady memory.max memory memory.limit_in_bytes)")" 67108864
        systemctl daemon-reexec
        wait_until 120 systemctl is-active --quiet berth-steady.scope
        assert_eq "$(cat "$(scope_file steady memory.max memory memory.limit_in_bytes)")" 67108864
        assert_eq "$(leader_of steady)" "$leader"
        assert_contains "$(berth list)" steady
        assert_contains "$(machinectl list --no-legend)" steady

        # And starts work after it: the manager has subscribed again.
        assert_eq "$(berth run --rm --ephemeral "$busybox" echo works)" works
        berth stop steady
        wait_until 60 scope_is_gone steady
}

# Under a device cgroup systemd's reload keeps what the machine may open.
test_devices_after_reload() {
        berth run --rm --ephemeral --name dev "$busybox" sh -c 'sleep 3; echo x > /dev/null && head -c 1 /dev/zero | wc -c' >"out" &
        wait_until 60 berth status dev
        systemctl daemon-reload
        wait $!
        assert_eq "$(cat "out")" 1
}

machined_forgot() {
        ! machinectl show "$1" >/dev/null 2>&1
}

test_registered_with_machined() {
        berth run -d --rm --ephemeral --name known "$busybox" sleep 1000
        wait_until 60 machinectl show known
        assert_eq "$(machinectl show -p Unit --value known)" berth-known.scope
        assert_eq "$(machinectl show -p Leader --value known)" "$(leader_of known)"
        assert_eq "$(machinectl show -p Service --value known)" berth
        berth stop known
        wait_until 60 machined_forgot known
}
