# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What settings mount: binds with their owners, tmpfs, overlays, covers, volatile trees. Each seen from inside and on the host.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

run() {
        berth run --rm --ephemeral "$@"
}

test_bind_shows_and_writes() {
        mkdir ./shared
        echo host >shared/file
        chmod 777 shared
        assert_eq "$(run --bind "$PWD/shared:/opt/deep/er" "$busybox" sh -c 'cat /opt/deep/er/file; echo machine > /opt/deep/er/back')" host
        assert_eq "$(cat shared/back)" machine
        # A relative source is relative to where we are, and the target is by default the same path.
        assert_eq "$(run --bind ./shared:/mnt "$busybox" cat /mnt/file)" host
        assert_eq "$(run --bind "$PWD/shared" "$busybox" cat "$PWD/shared/file")" host
}

# Only on: namespaced
test_bind_of_a_file() {
        echo content >one
        assert_eq "$(run --bind "$PWD/one:/etc/new/one" --bind-ro "$PWD/one:/etc/passwd" "$busybox" sh -c 'cat /etc/new/one; cat /etc/passwd')" $'content\ncontent'
        assert_contains "$(error_of run --bind "$PWD/one:/usr" "$busybox" true)" "a file over a file"
        assert_contains "$(error_of run --bind "$PWD/none:/mnt" "$busybox" true)" "$PWD/none"
}

test_bind_read_only() {
        mkdir ./shared ./shared/below
        chmod 777 shared shared/below
        mount -t tmpfs below shared/below
        at_end umount "$PWD/shared/below"
        refute run --bind-ro "$PWD/shared:/mnt" "$busybox" touch /mnt/x
        refute run --bind-ro "$PWD/shared:/mnt" "$busybox" touch /mnt/below/x
        refute run -v "$PWD/shared:/mnt:ro" "$busybox" touch /mnt/x
        assert_status 0 run -v "$PWD/shared:/mnt" "$busybox" touch /mnt/x
}

test_bind_recursive_or_not() {
        mkdir -p shared/below
        mount -t tmpfs below shared/below
        at_end umount "$PWD/shared/below"
        touch shared/below/mark
        assert_eq "$(run --bind "$PWD/shared:/mnt" "$busybox" ls /mnt/below)" mark
        assert_eq "$(run --bind "$PWD/shared:/mnt:norbind" "$busybox" ls /mnt/below)" ""
}

test_bind_owners() {
        local out
        mkdir ./shared
        echo 1 >shared/root
        echo 2 >shared/user
        chown 1234:1234 shared/user
        # As they are: ids of the host that the machine does not have.
        assert_eq "$(run --bind "$PWD/shared:/mnt" "$busybox" stat -c %u /mnt/root /mnt/user)" $'65534\n65534'
        # idmap: the host's root is the machine's root.
        assert_eq "$(run --bind "$PWD/shared:/mnt:idmap" "$busybox" sh -c 'touch /mnt/made; stat -c %u /mnt/root /mnt/user')" $'0\n1234'
        assert_eq "$(stat -c %u shared/made)" 0
        # rootidmap: the owner of what is bound is root; nobody else has an id.
        chown 1234:1234 shared
        out=$(run --bind "$PWD/shared:/mnt:rootidmap" "$busybox" sh -c 'touch /mnt/second; stat -c %u /mnt /mnt/user /mnt/root')
        assert_eq "$out" $'0\n0\n65534'
        assert_eq "$(stat -c %u:%g shared/second)" 1234:1234
        # owneridmap: the owner of what is bound is the owner of what it covers.
        make_tree tree
        mkdir tree/mnt2
        chown 33:33 tree/mnt2
        assert_eq "$(berth run --rm --user 33 --bind "$PWD/shared:/mnt2:owneridmap" ./tree sh -c 'touch /mnt2/third; stat -c %u /mnt2 /mnt2/user')" $'33\n33'
        assert_eq "$(stat -c %u:%g shared/third)" 1234:1234
        # No inode of the host was given another owner or mode.
        assert_eq "$(stat -c '%u %a' shared shared/root shared/user)" $'1234 755\n0 644\n1234 644'
}

test_bind_of_the_tree_and_of_nothing() {
        make_tree tree
        mkdir tree/data
        echo inside >tree/data/file
        assert_eq "$(berth run --rm --bind +/data:/opt ./tree cat /opt/file)" inside
        # A link in the tree leads to where it leads the machine.
        ln -s /../../../../data tree/link
        assert_eq "$(berth run --rm --bind +/link:/opt ./tree cat /opt/file)" inside
        assert_eq "$(berth run --rm --bind :/opt/scratch ./tree sh -c 'touch /opt/scratch/x; ls /opt/scratch; stat -c %u /opt/scratch')" $'x\n0'
        [[ -d tree/opt/scratch ]] || fail "the mount point was not made in the tree"
        assert_eq "$(ls tree/opt/scratch)" ""
}

test_bind_escapes() {
        mkdir "a:b"
        touch "a:b/mark"
        assert_eq "$(run --bind "$PWD/a\\:b:/mnt/c\\:d" "$busybox" ls /mnt/c:d)" mark
}

# The tree is the machine's: no link in it leads a mount out, or over the kernel's files.
test_targets_stay_inside() {
        make_tree tree
        mkdir -p shared outside tree/opt "tree/$PWD/outside"
        touch shared/mark
        ln -s "$PWD/outside" tree/out
        ln -s /proc/sys tree/trap
        ln -s ../../../../../../proc tree/opt/trap
        assert_eq "$(berth run --rm --bind "$PWD/shared:/out/sub" ./tree ls "$PWD/outside/sub")" mark
        assert_eq "$(ls outside)" ""
        assert_contains "$(error_of berth run --rm --bind "$PWD/shared:/trap/kernel" ./tree true)" "kernel's own files"
        assert_contains "$(error_of berth run --rm --tmpfs /opt/trap/fs ./tree true)" "kernel's own files"
}

# Only on: namespaced
test_bind_that_others_could_reach_is_refused() {
        local open
        open=$(mktemp -d /var/tmp/exposed.XXXXXX)
        at_end rm -rf "$open"
        mkdir "$open/data"
        chmod 755 "$open"
        assert_contains "$(error_of run --bind "$open/data:/mnt:idmap" "$busybox" true)" "$open/data"
        assert_contains "$(error_of run --private-users=no --bind "$open/data:/mnt" "$busybox" true)" "--allow-exposed-tree"
        # What the machine cannot write to as root is no danger.
        assert_status 0 run --bind "$open/data:/mnt" "$busybox" true
        assert_status 0 run --bind-ro "$open/data:/mnt:idmap" "$busybox" true
        assert_status 0 run --allow-exposed-tree --bind "$open/data:/mnt:idmap" "$busybox" true
        chmod 700 "$open"
        assert_status 0 run --bind "$open/data:/mnt:idmap" "$busybox" true
}

# Only on: namespaced
test_same_target_twice() {
        assert_contains "$(error_of run --tmpfs /mnt --bind /etc:/mnt "$busybox" true)" "two settings"
}

test_tmpfs() {
        local out
        out=$(run --tmpfs /mnt/a:size=1m,mode=750,uid=5,gid=6 --tmpfs /srv "$busybox" sh -c 'stat -c "%a %u %g" /mnt/a /srv; df -k /mnt/a | tail -n 1 | tr -s " " | cut -d" " -f2')
        assert_eq "$out" $'750 5 6\n755 0 0\n1024'
        refute run --tmpfs /mnt:ro "$busybox" touch /mnt/x
        refute run --tmpfs /mnt:noexec "$busybox" sh -c 'cp /bin/busybox /mnt/ && /mnt/busybox true'
        refute run --tmpfs /mnt:size=1m "$busybox" dd if=/dev/zero of=/mnt/x bs=1M count=2
        assert_contains "$(error_of run --tmpfs /mnt:uid=70000 "$busybox" true)" "no id that the machine has"
}

test_inaccessible() {
        local out
        make_tree tree
        echo secret >tree/etc/secret
        mkdir -p tree/home
        out=$(berth run --rm --inaccessible /etc/secret --inaccessible /home ./tree sh -c 'cat /etc/secret; ls /home; touch /home/x; umount /home; true' 2>&1)
        assert_matches "$out" "secret.*Permission denied"
        assert_matches "$out" "home.*Permission denied"
        refute berth run --rm --inaccessible /no/such ./tree true
        assert_eq "$(cat tree/etc/secret)" secret
}

test_overlay() {
        mkdir low low2 up
        echo 1 >low/one
        echo 2 >low2/two
        echo 3 >up/three
        assert_eq "$(run --overlay "$PWD/low:$PWD/low2:$PWD/up:/mnt" "$busybox" sh -c 'cat /mnt/*; echo new > /mnt/one; rm /mnt/two; touch /mnt/four; stat -c %u /mnt/one /mnt/four')" $'1\n3\n2\n0\n0'
        assert_eq "$(cat low/one low2/two up/one)" $'1\n2\nnew'
        assert_eq "$(stat -c %u up/four)" 0
        # And what was written is there the next time.
        assert_eq "$(run --overlay "$PWD/low:$PWD/low2:$PWD/up:/mnt" "$busybox" sh -c 'cat /mnt/one; ls /mnt' | tr '\n' ' ')" "new four one three "
}

test_overlay_read_only_and_temporary() {
        mkdir low low2
        echo 1 >low/one
        echo 2 >low2/two
        assert_eq "$(run --overlay-ro "$PWD/low:$PWD/low2:/mnt" "$busybox" sh -c 'cat /mnt/*; touch /mnt/x 2>/dev/null || echo refused')" $'1\n2\nrefused'
        assert_eq "$(run --overlay "$PWD/low::/mnt" "$busybox" sh -c 'echo changed > /mnt/one; cat /mnt/one')" changed
        assert_eq "$(cat low/one)" 1
        make_tree tree
        mkdir tree/data
        echo t >tree/data/t
        assert_eq "$(berth run --rm --overlay +/data::/data ./tree sh -c 'touch /data/x; ls /data' | tr '\n' ' ')" "t x "
        assert_eq "$(ls tree/data)" t
}

# As many layers as images have: more than fit into one option of fsconfig(2).
test_overlay_of_many_layers() {
        local i layers=
        for ((i = 0; i < 60; i++)); do
                mkdir "l$i"
                touch "l$i/f$i"
                layers+="$PWD/l$i:"
        done
        assert_eq "$(run --overlay-ro "$layers/mnt" "$busybox" sh -c 'ls /mnt | wc -l')" 60
}

test_volatile() {
        local debian=/var/lib/machines/debian out
        make_tree tree
        mkdir -p tree/var
        touch tree/var/mark
        out=$(berth run --rm --volatile=state ./tree sh -c 'ls /var; touch /var/x && echo written; touch /etc/x 2>/dev/null || echo refused')
        assert_eq "$out" $'written\nrefused'
        out=$(berth run --rm --volatile=overlay ./tree sh -c 'ls /var; touch /etc/x && echo written')
        assert_eq "$out" $'mark\nwritten'
        [[ ! -e tree/etc/x && ! -e tree/var/x ]] || fail "the tree was written to"
        out=$(berth run --rm --volatile=yes "$debian" /bin/sh -c 'ls /etc 2>/dev/null | wc -l; touch /usr/x 2>/dev/null || echo refused; touch /new && echo written; stat -c %u /usr')
        assert_eq "$out" $'0\nrefused\nwritten\n0'
        assert_contains "$(error_of berth run --rm --read-only --volatile=state ./tree true)" ReadOnly
}

test_pivot_root() {
        make_tree tree
        mkdir -p tree/os
        cp -a /var/lib/machines/busybox tree/os/deploy
        echo new >tree/os/deploy/etc/which
        mkdir tree/os/deploy/sysroot
        echo old >tree/which
        assert_eq "$(berth run --rm --pivot-root /os/deploy ./tree cat /etc/which)" new
        assert_eq "$(berth run --rm --pivot-root /os/deploy:/sysroot ./tree cat /sysroot/which /etc/which)" $'old\nnew'
        refute berth run --rm --pivot-root /none ./tree true
}

# None of this is seen on the host, and none of it can be taken off by the payload.
test_mounts_are_the_machines_own() {
        local before out
        mkdir ./shared
        before=$(sort /proc/1/mountinfo)
        out=$(run --cap-add all --bind "$PWD/shared:/opt" --tmpfs /mnt --inaccessible /etc/passwd "$busybox" sh -c 'umount /opt; umount /mnt; umount /etc/passwd; mount -o remount,rw,bind /etc/passwd; true' 2>&1)
        assert_lacks "$out" succe
        assert_eq "$(run --cap-add all --bind-ro "$PWD/shared:/opt" "$busybox" sh -c 'umount /opt 2>/dev/null && echo off; mount -o remount,rw,bind /opt 2>/dev/null && echo rw; touch /opt/x 2>/dev/null && echo written; echo end')" end
        assert_eq "$(sort /proc/1/mountinfo)" "$before"
}

# Only on: namespaced
test_plan_shows_mounts() {
        local out
        out=$(berth run --plan --ephemeral --bind /etc:/mnt:idmap --tmpfs /srv:size=1m "$busybox" true)
        assert_contains "$out" "bind /mnt from /etc idmap"
        assert_contains "$out" "tmpfs /srv nosuid nodev strictatime mode=755,size=10%,nr_inodes=400k,size=1m"
}
