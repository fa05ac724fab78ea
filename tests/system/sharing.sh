# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Namespaces that a machine shares: with the host, with another machine, with whoever has a file of them.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

namespace_of() {
        readlink "/proc/$1/ns/$2"
}

# one_more NAME OPTION…: a machine that goes on.
one_more() {
        local name=$1
        shift
        berth run -d --rm --ephemeral --name "$name" "$@" "$busybox" sleep 1000
}

test_host_namespaces() {
        local kind option
        while read -r kind option; do
                one_more shared "--$option=host"
                assert_eq "$(namespace_of "$(leader_of shared)" "$kind")" "$(namespace_of 1 "$kind")" "$kind"
                assert_ne "$(namespace_of "$(leader_of shared)" mnt)" "$(namespace_of 1 mnt)"
                berth stop shared
        done <<<$'ipc ipc\nuts uts\ncgroup cgroupns\nuser userns'

        one_more shared --pid=host --userns=host
        assert_eq "$(namespace_of "$(leader_of shared)" pid)" "$(namespace_of 1 pid)"
        berth stop shared
}

# With the host's processes: it sees them, and all of it ends with its command.
test_host_pids() {
        local out
        sleep 1234 &
        out=$(berth run --rm --ephemeral --pid=host --userns=host "$busybox" sh -c 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " "')
        kill %1
        assert_contains "$out" "sleep 1234"
        assert_status 7 berth run --rm --ephemeral --pid=host --userns=host "$busybox" sh -c '(sleep 4321 &) ; exit 7'
        refute pgrep -f 'sleep 4321'
}

test_supervisor_death_with_host_pids() {
        local leader
        one_more shared --pid=host --userns=host --stop-timeout=1s
        leader=$(leader_of shared)
        kill -KILL "$(supervisor_of shared)"
        wait_until 60 process_is_gone "$leader"
        wait_until 60 scope_is_gone shared
}

process_is_gone() {
        [[ ! -e /proc/$1 ]]
}

test_host_shared_memory() {
        local name=berth-test-$$
        touch "/dev/shm/$name"
        check berth run --rm --ephemeral --ipc=host "$busybox" test -e "/dev/shm/$name"
        refute berth run --rm --ephemeral "$busybox" test -e "/dev/shm/$name"
        rm "/dev/shm/$name"
}

test_host_uts() {
        assert_eq "$(berth run --rm --ephemeral --uts=host "$busybox" hostname)" "$(hostname)"
        # It is shown, not given away.
        refute berth run --rm --ephemeral --uts=host --cap-add sys_admin "$busybox" hostname changed
        assert_contains "$(error_of berth run --rm --ephemeral --uts=host --hostname=x "$busybox" true)" Hostname
}

test_host_cgroups() {
        assert_contains "$(berth run --rm --ephemeral --cgroupns=host --name cgroups "$busybox" cat /proc/self/cgroup)" /machine.slice/berth-cgroups.scope/payload
        assert_lacks "$(berth run --rm --ephemeral --name cgroups "$busybox" cat /proc/self/cgroup)" machine.slice/berth-cgroups.scope/payload
        refute berth run --rm --ephemeral --cgroupns=host --userns=host --cap-add all "$busybox" sh -c 'find /sys/fs/cgroup -name cgroup.procs | while read f; do echo $$ >$f; done 2>/dev/null; mkdir /sys/fs/cgroup/x'
}

# All of another machine's: also its user namespace, so that the rights fit.
test_join_machine() {
        local kind a b
        one_more base
        one_more joined --pid=container:base --ipc=container:base --uts=container:base --cgroupns=container:base
        a=$(leader_of base)
        b=$(leader_of joined)
        for kind in pid ipc uts cgroup user; do
                assert_eq "$(namespace_of "$b" "$kind")" "$(namespace_of "$a" "$kind")" "$kind"
        done
        for kind in mnt net; do
                assert_ne "$(namespace_of "$b" "$kind")" "$(namespace_of "$a" "$kind")" "$kind"
        done
        assert_eq "$(tr -s ' ' <"/proc/$b/uid_map")" "$(tr -s ' ' <"/proc/$a/uid_map")"
        berth stop joined base
}

# Each sees what the other does: processes, shared memory, host name.
test_joined_work_together() {
        berth run -d --rm --ephemeral --name base --hostname=common "$busybox" sh -c 'echo hello >/dev/shm/x; sleep 1000; true'
        wait_until 60 test -e "/proc/$(leader_of base)/root/dev/shm/x"
        assert_eq "$(berth run --rm --ephemeral --ipc=container:base "$busybox" cat /dev/shm/x)" hello
        assert_eq "$(berth run --rm --ephemeral --uts=container:base "$busybox" hostname)" common
        assert_contains "$(berth run --rm --ephemeral --pid=container:base "$busybox" sh -c 'tr "\0" " " </proc/1/cmdline')" "sh -c"
        # Root of the same user namespace may end what it sees.
        berth run --rm --ephemeral --pid=container:base "$busybox" killall sleep || true
        wait_until 60 is_gone base
}

is_gone() {
        ! grep -q "^$1 " <<<"$(berth list)"
}

# With the machine whose processes it shares a machine ends.
test_joined_pids_end_with_their_machine() {
        one_more base
        one_more joined --pid=container:base
        berth stop base
        wait_until 60 is_gone joined
}

# Ids that are in use by one who joined are not given away when their first owner is gone.
test_ids_stay_taken() {
        local base leader
        one_more base
        one_more joined --ipc=container:base
        leader=$(leader_of joined)
        base=$(awk '{ print $2 }' "/proc/$leader/uid_map")
        berth stop base
        one_more base
        assert_ne "$(awk '{ print $2 }' "/proc/$(leader_of base)/uid_map")" "$base"
        assert_contains "$(error_of berth run --rm --ephemeral --private-users="$base" "$busybox" true)" "in use"
        berth stop joined base
        # And then they are free.
        check berth run --rm --ephemeral --private-users="$base" "$busybox" true
}

test_join_path() {
        one_more base
        assert_eq "$(berth run --rm --ephemeral --uts="ns:/proc/$(leader_of base)/ns/uts" "$busybox" hostname)" base
        assert_eq "$(berth run --rm --ephemeral --ipc="ns:/proc/$(leader_of base)/ns/ipc" "$busybox" readlink /proc/self/ns/ipc)" \
                "$(namespace_of "$(leader_of base)" ipc)"
        assert_eq "$(berth run --rm --ephemeral --userns="ns:/proc/$(leader_of base)/ns/user" "$busybox" readlink /proc/self/ns/user)" \
                "$(namespace_of "$(leader_of base)" user)"
        assert_eq "$(berth run --rm --ephemeral --pid="ns:/proc/$(leader_of base)/ns/pid" --userns="ns:/proc/$(leader_of base)/ns/user" "$busybox" readlink /proc/self/ns/pid)" \
                "$(namespace_of "$(leader_of base)" pid)"
        # What it shows is to be mounted, which takes rights over whose it is.
        assert_contains "$(error_of berth run --rm --ephemeral --cgroupns="ns:/proc/$(leader_of base)/ns/cgroup" "$busybox" true)" UserNamespace=
        assert_eq "$(berth run --rm --ephemeral --cgroupns="ns:/proc/$(leader_of base)/ns/cgroup" --userns="ns:/proc/$(leader_of base)/ns/user" \
                "$busybox" readlink /proc/self/ns/cgroup)" \
                "$(namespace_of "$(leader_of base)" cgroup)"
        assert_eq "$(berth run --rm --ephemeral --userns=ns:/proc/1/ns/user "$busybox" readlink /proc/self/ns/user)" "$(namespace_of 1 user)"
        berth stop base
}

# Only on: namespaced
test_each_combination_that_weakens_is_refused() {
        local err
        one_more base
        one_more other
        err=$(error_of berth run --rm --ephemeral --pid=host "$busybox" true)
        assert_contains "$err" "UserNamespace=host"
        err=$(error_of berth run --rm --ephemeral --pid=container:base --ipc=container:other "$busybox" true)
        assert_contains "$err" "two user namespaces"
        err=$(error_of berth run --rm --ephemeral --pid=container:base --userns=host "$busybox" true)
        assert_contains "$err" "its own user namespace alone"
        err=$(error_of berth run --rm --ephemeral --userns=host --private-users=65536 "$busybox" true)
        assert_contains "$err" PrivateUsers
        err=$(error_of berth run --rm --ephemeral --private-users=joined "$busybox" true)
        assert_contains "$err" "whose user namespace"
        err=$(error_of berth run --rm --ephemeral --pid=host --userns=host --as-pid2 "$busybox" true)
        assert_contains "$err" "process 1"
        berth stop base other
}

# Only on: namespaced
test_errors_name_it() {
        local err
        err=$(error_of berth run --rm --ephemeral --ipc=container:nobody "$busybox" true)
        assert_contains "$err" "'nobody': no machine of this name"
        err=$(error_of berth run --rm --ephemeral --ipc=ns:/etc/hostname "$busybox" true)
        assert_contains "$err" "'/etc/hostname': it is no namespace"
        err=$(error_of berth run --rm --ephemeral --ipc=ns:/proc/1/ns/uts "$busybox" true)
        assert_contains "$err" "another kind than ipc"
        err=$(error_of berth run --rm --ephemeral --ipc=maybe "$busybox" true)
        assert_contains "$err" "container:"
}

test_with_clocks_of_its_own() {
        one_more base
        assert_ne "$(berth run --rm --ephemeral --ipc=container:base --boottime-offset=1h "$busybox" readlink /proc/self/ns/time)" "$(namespace_of 1 time)"
        berth stop base
}

# Only on: namespaced
test_status_tells_who_shares() {
        local text
        one_more base
        one_more joined --ipc=container:base --uts=host
        text=$(berth status joined)
        assert_matches "$text" "ipc:\\[[0-9]+\\] +shared with base"
        assert_matches "$text" "uts:\\[[0-9]+\\] +shared with the host"
        assert_contains "$text" "$(namespace_of "$(leader_of joined)" net)"
        assert_matches "$text" "net:\\[[0-9]+\\] +its own"
        berth stop joined base
}

# Pinned, they outlive their machine, and others can join them.
test_pin() {
        local net uts err
        at_end umount "$PWD/net"
        at_end umount "$PWD/uts"
        one_more base --hostname=pinned
        net=$(namespace_of "$(leader_of base)" net)
        uts=$(namespace_of "$(leader_of base)" uts)
        berth pin base net="$PWD/net" uts=./uts
        err=$(error_of berth pin base net="$PWD/net")
        assert_contains "$err" "$PWD/net"
        err=$(error_of berth pin base pid="$PWD/pid")
        assert_contains "$err" "process 1"
        [[ ! -e pid ]] || fail "a file was left behind"
        berth stop base
        wait_until 60 is_gone base

        assert_eq "net:[$(stat -L -c %i net)]" "$net"
        assert_eq "$(berth run --rm --ephemeral --uts=ns:"$PWD/uts" "$busybox" sh -c 'hostname; readlink /proc/self/ns/uts')" $'pinned\n'"$uts"
}

# Each kind that can be.
test_each_kind_is_pinned() {
        local kind
        for kind in ipc cgroup user; do
                at_end umount "$PWD/$kind"
        done
        berth run -d --rm --ephemeral --name base "$busybox" sleep 1000
        for kind in ipc cgroup user; do
                namespace_of "$(leader_of base)" $kind >"$kind-before"
        done
        berth pin base ipc="$PWD/ipc" cgroup="$PWD/cgroup" user="$PWD/user"
        berth stop base
        wait_until 60 is_gone base

        assert_eq "$(berth run --rm --ephemeral "--userns=ns:$PWD/user" "$busybox" readlink /proc/self/ns/user)" "$(cat user-before)"
        assert_eq "$(berth run --rm --ephemeral "--ipc=ns:$PWD/ipc" "$busybox" readlink /proc/self/ns/ipc)" "$(cat ipc-before)"
        # There is such a namespace, but nothing left that it could show.
        assert_eq "cgroup:[$(stat -L -c %i cgroup)]" "$(cat cgroup-before)"
        assert_contains "$(error_of berth run --rm --ephemeral "--userns=ns:$PWD/user" "--cgroupns=ns:$PWD/cgroup" "$busybox" true)" "gone with its machine"
}

test_join_network() {
        one_more base --network=none
        assert_eq "$(berth run --rm --ephemeral --network=container:base "$busybox" readlink /proc/self/ns/net)" "$(namespace_of "$(leader_of base)" net)"
        # What root of the one network may do, root of the other may.
        check berth run --rm --ephemeral --network=container:base --cap-add net_admin "$busybox" ip link set lo down
        assert_lacks "$(nsenter -t "$(leader_of base)" -n ip link show lo)" ,UP
        at_end umount "$PWD/net"
        berth pin base net="$PWD/net"
        berth stop base
        assert_eq "$(berth run --rm --ephemeral --network=ns:"$PWD/net" "$busybox" sh -c 'readlink /proc/self/ns/net; ls /sys/class/net')" "net:[$(stat -L -c %i net)]"$'\nlo'
}

# As a unit of its own, without berthd.
test_keep_unit_joins() {
        one_more base
        assert_eq "$(systemd-run --quiet --wait --pipe --unit=berth-test-join --property=KillMode=mixed --property=Delegate=yes \
                berth run --keep-unit --rm --ephemeral --name joined --uts=container:base "$busybox" hostname)" base
        berth stop base
}
