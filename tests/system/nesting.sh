# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# --nesting: what makes machines runs in a machine.

busybox=/var/lib/machines/busybox

# A small tree with what podman needs: the host's own files, with a place of its own to write to.
make_host_tree() {
        mkdir -p "$1"
        tar -C / --one-file-system -cf - bin sbin lib lib64 usr etc 2>/dev/null | tar -C "$1" -xf -
        mkdir -p "$1"/{root,var/lib/containers,var/tmp,tmp,run,proc,sys,dev}
}

test_what_nesting_opens() {
        local out
        out=$(berth run --rm --ephemeral --nesting "$busybox" sh -c '
                mkdir -p /tmp/p && unshare -p -f -m sh -c "mount -t proc proc /tmp/p && echo a-proc-of-its-own"
                for d in /sys/fs/cgroup /sys/fs/cgroup/unified; do mkdir $d/inner 2>/dev/null && echo writable-cgroup && break; done
                cat /proc/self/status' 2>&1)
        assert_contains "$out" a-proc-of-its-own
        assert_contains "$out" writable-cgroup
        assert_contains "$out" $'Seccomp:\t2'

        # And nothing else does that.
        out=$(berth run --rm --ephemeral --cap-add sys_admin "$busybox" sh -c '
                mkdir -p /tmp/p && unshare -p -f -m sh -c "mount -t proc proc /tmp/p && echo a-proc-of-its-own"
                for d in /sys/fs/cgroup /sys/fs/cgroup/unified; do mkdir $d/inner 2>/dev/null && echo writable-cgroup && break; done' 2>&1 || true)
        assert_lacks "$out" a-proc-of-its-own
        assert_lacks "$out" writable-cgroup
}

# Only on: namespaced
test_nesting_needs_a_user_namespace() {
        assert_contains "$(error_of berth run --rm --ephemeral --nesting --private-users=no "$busybox" true)" Nesting
}

# Only on: namespaced
test_nesting_is_not_for_everybody() {
        assert_contains "$(error_of as_user berth run --rm --ephemeral --nesting "$busybox" true)" denied
}

test_podman_with_crun() {
        [[ -x /usr/bin/podman && -x /usr/bin/crun ]] || skip "this host has no podman"
        make_host_tree host
        cp -a "$busybox" host/busybox
        assert_contains "$(berth run --rm --nesting ./host podman --runtime crun --cgroup-manager cgroupfs --storage-driver vfs \
                run --rm --network none --cgroups disabled --rootfs /busybox echo from-inside-of-inside 2>&1)" from-inside-of-inside
}

# boot_outer OPTION…: a machine that boots the host's own files, with berth in them and a tree to run.
boot_outer() {
        make_host_tree host
        mkdir -p -m 700 host/var/lib/machines
        mkdir -p host/var/log
        cp -a "$busybox" host/var/lib/machines/busybox
        berth run --boot --detach --rm --name outer --nesting --network none "$@" ./host >/dev/null
        at_end eval 'berth stop outer 2>/dev/null'
        wait_until 120 eval "berth exec outer systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'"
}

# A tree without systemd has a legacy hierarchy to nspawn (252), which nothing but root of the host can mount.
# And where nspawn has no user namespace of its own, that of 257 takes the outer procfs away before it mounts one, which the
# kernel allows in a user namespace only where another is visible: it runs in nobody's.
nspawn=(systemd-nspawn --quiet --register=no --keep-unit)
! on_cgroup_v2 || nspawn=(env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 "${nspawn[@]}")

# Only on: namespaced vm
test_nspawn_inside() {
        make_host_tree host
        cp -a "$busybox" host/busybox
        assert_contains "$(berth run --rm --nesting ./host "${nspawn[@]}" -D /busybox /bin/echo from-nspawn 2>&1)" from-nspawn
}

# Only on: namespaced vm
test_berth_and_nspawn_in_a_system_inside() {
        boot_outer
        assert_eq "$(berth exec outer berth run --rm --ephemeral --network none --private-users=identity busybox sh -c 'echo x >/dev/null; id -u')" 0
        assert_eq "$(berth exec outer berth run --detach --rm --ephemeral --network none --private-users=identity --name inner busybox sleep 1000)" inner
        assert_contains "$(berth exec outer berth list)" inner
        assert_matches "$(berth exec outer systemctl show -P ControlGroup berth-inner.scope)" /machine.slice/berth-inner.scope
        assert_eq "$(berth exec outer berth exec inner echo joined)" joined
        # To the host it is some process of the outer machine's, and no machine.
        refute berth status inner
        berth exec outer berth stop inner
        # A range of ids of its own takes more than one range's worth of them.
        assert_contains "$(error_of berth exec outer berth run --rm --ephemeral --network none busybox true)" "has only the ids below 65536"
        assert_contains "$(berth exec outer "${nspawn[@]}" --private-users=no -D /var/lib/machines/busybox /bin/echo from-nspawn 2>&1)" from-nspawn
}

# With more ids than one range has, machines in the machine have ranges of their own. Owners can't be mapped in there: they are changed.
#
# Only on: namespaced vm
test_ranges_inside() {
        boot_outer --private-users=1000000000:2097152
        berth exec outer sh -c 'mkdir -m 700 -p /srv/own && cp -a /var/lib/machines/busybox /srv/own/one && cp -a /srv/own/one /srv/own/two'
        berth exec outer berth run --detach --rm --network none --private-users-ownership=chown --name one /srv/own/one sleep 1000
        berth exec outer berth run --detach --rm --network none --private-users-ownership=chown --name two /srv/own/two sleep 1000
        # As the machine inside sees its ids, and as its own host does: two ranges, with neither's root that of the other.
        assert_eq "$(berth exec outer berth exec one id -u)" 0
        local one two
        one=$(berth exec outer sh -c 'read -r _ base count </proc/$(pgrep -xof "sleep 1000")/uid_map; echo $base $count')
        two=$(berth exec outer sh -c 'read -r _ base count </proc/$(pgrep -xnf "sleep 1000")/uid_map; echo $base $count')
        assert_ne "$one" "$two"
        assert_eq "${one#* } ${two#* }" "65536 65536"
        assert_ne "$(berth exec outer stat -c %u /srv/own/one)" 0
        berth exec outer berth stop one two
}
