# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth bind and unbind: into a machine that runs and out of it, with a user namespace; and volumes.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

start() {
        berth run -d --rm --ephemeral --name "$1" "${@:2}" "$busybox" sleep 1000
        at_end berth terminate "$1"
}

test_bind_and_unbind() {
        local before
        start live
        mkdir ./shared
        echo host >shared/file
        chmod 755 ./shared
        before=$(sort /proc/1/mountinfo)
        berth bind live ./shared /opt/deep/er
        assert_eq "$(berth exec live cat /opt/deep/er/file)" host
        assert_eq "$(berth exec live stat -c '%u' /opt/deep/er/file)" 65534
        assert_eq "$(sort /proc/1/mountinfo)" "$before"
        berth unbind live /opt/deep/er
        assert_eq "$(berth exec live ls /opt/deep/er)" ""
        assert_contains "$(error_of berth unbind live /opt/deep/er)" "nothing was bound"
}

# Its own owners, as at a start: what root of the machine writes is root's on disk, and no file changes hands.
test_bind_with_owners() {
        start live
        mkdir ./shared
        echo 1 >shared/root
        berth bind --options idmap live ./shared /mnt
        assert_eq "$(berth exec live sh -c 'touch /mnt/made; stat -c %u /mnt/root /mnt/made')" $'0\n0'
        assert_eq "$(stat -c %u shared/root shared/made)" $'0\n0'
        chown 1234:1234 shared
        berth bind -o rootidmap live ./shared /mnt2
        berth exec live touch /mnt2/second
        assert_eq "$(stat -c %u shared/second)" 1234
        assert_eq "$(stat -c %u shared/root shared)" $'0\n1234'
}

test_bind_of_a_file() {
        start live
        echo content >one
        berth bind live ./one /etc/one
        assert_eq "$(berth exec live cat /etc/one)" content
        berth unbind live /etc/one
        assert_eq "$(berth exec live cat /etc/one)" ""
        assert_contains "$(error_of berth bind live ./none /mnt)" "$PWD/none"
}

# What is read-only stays so, also for a payload that may mount.
test_read_only_is_locked() {
        local out
        start live --cap-add all
        mkdir ./shared
        chmod 777 ./shared
        berth bind --read-only live ./shared /mnt
        refute berth exec live touch /mnt/x
        out=$(berth exec --privileged live sh -c 'mount -o remount,rw,bind /mnt 2>/dev/null && echo rw; touch /mnt/x 2>/dev/null && echo written; echo end')
        assert_eq "$out" end
        assert_eq "$(ls shared)" ""
        # But it may take it off, or cover it: what is below is its own tree.
        assert_status 0 berth exec --privileged live umount /mnt
        assert_contains "$(error_of berth unbind live /mnt)" "taken it off already"
}

# Only on: namespaced
test_only_what_was_bound_can_be_unbound() {
        start live
        refute berth unbind live /proc/kcore
        refute berth unbind live /proc
        refute berth unbind live /
        assert_contains "$(error_of berth bind live /etc /proc/sys)" ""
        refute berth bind nobody /etc /mnt
}

# A link in the machine leads neither out of it nor over the kernel's files.
test_target_is_a_link() {
        start live
        mkdir ./shared ./outside
        touch shared/mark
        berth exec live sh -c "mkdir -p $PWD; ln -s $PWD/outside /out; ln -s /proc/sys/kernel /trap; mkdir $PWD/outside"
        berth bind live ./shared /out
        assert_eq "$(ls outside)" ""
        assert_eq "$(berth exec live ls "$PWD/outside")" mark
        assert_contains "$(error_of berth bind live ./shared /trap)" "kernel's own files"
}

test_bind_reaches_the_host() {
        start live
        assert_contains "$(error_of as_user berth bind live /etc /mnt)" denied
        assert_contains "$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager BindMachine ss live /etc:/mnt)" denied
}

# Only on: namespaced
test_bind_over_dbus() {
        start live
        mkdir ./shared
        touch shared/mark
        busctl call org.berth1 /org/berth1/machine/live org.berth1.Machine Bind s "$PWD/shared:/mnt"
        assert_eq "$(berth exec live ls /mnt)" mark
        busctl call org.berth1 /org/berth1/machine/live org.berth1.Machine Unbind s /mnt
        assert_eq "$(berth exec live ls /mnt)" ""
}

test_volumes_keep_data() {
        at_end wait_until 30 berth volume remove test-data
        berth run --rm --ephemeral -v test-data:/data "$busybox" sh -c 'echo kept > /data/file; chown 33 /data/file'
        assert_eq "$(berth run --rm --ephemeral -v test-data:/elsewhere "$busybox" sh -c 'cat /elsewhere/file; stat -c %u /elsewhere/file')" $'kept\n33'
        assert_eq "$(berth volume list -q)" test-data
        assert_eq "$(stat -c %a /var/lib/berth/volumes)" 700
        assert_eq "$(stat -c %u /var/lib/berth/volumes/test-data/_data/file)" 33
        # Read-only, and into a machine that runs.
        refute berth run --rm --ephemeral -v test-data:/data:ro "$busybox" touch /data/x
        start live
        berth bind live test-data:/data
        assert_eq "$(berth exec live cat /data/file)" kept
        berth terminate live
        wait_until 30 scope_is_gone live
}

# As docker does: a new volume belongs to whom the directory belongs that it covers.
# Only on: namespaced
test_new_volume_takes_owner() {
        make_tree tree
        mkdir tree/data
        chown 33:34 tree/data
        chmod 750 tree/data
        at_end wait_until 30 berth volume remove test-owned
        assert_eq "$(berth run --rm -v test-owned:/data ./tree stat -c '%u %g %a' /data)" "33 34 750"
}

# Only on: namespaced
test_volume_create_list_remove() {
        berth volume create test-a test-b
        at_end rm -rf /var/lib/berth/volumes/test-a /var/lib/berth/volumes/test-b
        assert_eq "$(berth volume ls -q | sort)" $'test-a\ntest-b'
        assert_contains "$(berth volume list)" /var/lib/berth/volumes/test-a/_data
        assert_contains "$(berth volume list --json=short)" '"volume":"test-b"'
        refute berth volume create test-a
        refute berth volume create ../x
        refute berth volume remove nothing
        berth volume rm test-a
        assert_eq "$(berth volume list -q)" test-b
        berth run -d --rm --ephemeral --name user -v test-b:/data "$busybox" sleep 1000
        assert_contains "$(error_of berth volume remove test-b)" "the machine 'user' uses it"
        berth terminate user
        wait_until 30 scope_is_gone user
        wait_until 30 berth volume remove test-b
        assert_eq "$(berth volume list -q)" ""
        wait_until 30 test -z "$(ls -A /var/lib/berth/trash)"
        assert_contains "$(error_of as_user berth volume create test-c)" denied
}
