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
