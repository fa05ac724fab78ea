# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The machine's own writable layer: it lasts, it leaves the tree alone, it has a limit; and directories below the tree.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

files_of() {
        find "$1" -printf '%p %U %G %m %s\n' | sort
}

no_loop_of() {
        ! grep -qs "/var/lib/berth/machines/$1/" /sys/block/loop*/loop/backing_file
}

# What it wrote is there when it starts again, and the tree is as it was; also within reach of others, since it is not written to.
test_layer_lasts() {
        local before out
        make_tree tree
        before=$(files_of ./tree)
        out=$(berth run --name layered --layer ./tree sh -c 'cat /count 2>/dev/null; echo x >> /count; rm -f /bin/halt; stat -c %u /count /bin/busybox')
        at_end berth rm -f layered
        assert_eq "$out" $'0\n0'
        assert_eq "$(berth start -a layered)" $'x\n0\n0'
        assert_eq "$(berth start -a layered)" $'x\nx\n0\n0'
        assert_eq "$(files_of ./tree)" "$before"
        # On disk its files are root's, whatever range it had.
        assert_eq "$(stat -c %u /var/lib/berth/machines/layered/layer/upper/count)" 0
        assert_eq "$(stat -c %a /var/lib/berth/machines)" 700
}

test_two_machines_share_a_tree() {
        make_tree tree
        berth run --name first --layer ./tree sh -c 'echo first > /who'
        berth run --name second --layer ./tree sh -c 'echo second > /who'
        at_end berth rm -f first second
        assert_eq "$(cat /var/lib/berth/machines/first/layer/upper/who /var/lib/berth/machines/second/layer/upper/who)" $'first\nsecond'
        [[ ! -e tree/who ]] || fail "the tree was written to"
}

# Whatever the payload left, of whatever owner, in directories that it closed.
# Only on: namespaced
test_removed_with_the_machine() {
        make_tree tree
        berth run --name doomed --layer ./tree sh -c 'mkdir /closed; touch /closed/file; chown -R 33:33 /closed; chmod 000 /closed'
        [[ -d /var/lib/berth/machines/doomed/layer ]]
        berth rm doomed
        [[ ! -e /var/lib/berth/machines/doomed ]] || fail "it is still there"
        wait_until 30 sh -c 'test -z "$(ls -A /var/lib/berth/trash)"'
        berth run --rm --name brief --layer ./tree touch /x
        wait_until 30 sh -c '! test -e /var/lib/berth/machines/brief'
        wait_until 30 sh -c 'test -z "$(ls -A /var/lib/berth/trash)"'
}

# A limit: full is the machine, and nothing else; and it goes on with what it had.
test_disk_max() {
        local out before after
        make_tree tree
        before=$(df --output=avail -k /var/lib/berth | tail -n 1)
        out=$(berth run --name small --disk-max 64M ./tree sh -c 'echo kept > /kept; dd if=/dev/zero of=/big bs=1M count=200 2>&1; rm /big; echo alive; df -m / | tail -n 1 | tr -s " " | cut -d" " -f2')
        at_end berth rm -f small
        assert_contains "$out" "No space left on device"
        assert_contains "$out" alive
        ((${out##*$'\n'} <= 64)) || fail "there was more room than asked for: $out"
        assert_eq "$(stat -c %s /var/lib/berth/machines/small/layer.img)" $((64 * 1024 * 1024))
        wait_until 30 no_loop_of small
        assert_contains "$(berth start -a small)" "No space left on device"
        after=$(df --output=avail -k /var/lib/berth | tail -n 1)
        ((before - after < 200 * 1024)) || fail "it took more than its limit from the host"
        [[ ! -e tree/big && ! -e tree/kept ]] || fail "the tree was written to"
        wait_until 30 no_loop_of small
}

test_disk_max_of_what_does_not_last() {
        local out
        out=$(berth run --rm --ephemeral --disk-max 16M "$busybox" sh -c 'dd if=/dev/zero of=/big bs=1M count=40 2>&1; rm /big; echo alive')
        assert_contains "$out" "No space left on device"
        assert_contains "$out" alive
        assert_contains "$(berth run --rm --disk-max 32M "$busybox" sh -c 'dd if=/dev/zero of=/big bs=1M count=64 2>&1')" "No space left on device"
        refute berth run --rm --disk-max 1M "$busybox" true
}

# Nothing of the tree is copied: a tree of many megabytes costs a start no more disk than one of few.
# Only on: namespaced
test_start_copies_nothing() {
        local used
        [[ -d $debian ]] || skip "there is no Debian tree"
        berth run --name light --layer "$debian" /bin/true
        at_end berth rm -f light
        used=$(du -sk /var/lib/berth/machines/light | cut -f1)
        ((used < 1024)) || fail "the start took $used kB"
}

test_stack_of_directories() {
        local out
        mkdir low low2
        cp -a "$busybox/." low/
        mkdir -p low2/etc tree/usr tree/etc
        echo low >low/etc/a
        echo low >low/etc/b
        echo low2 >low2/etc/b
        echo low2 >low2/etc/c
        echo top >tree/etc/c
        out=$(berth run --rm --ephemeral --lower "$PWD/low" --lower "$PWD/low2" ./tree sh -c 'cat /etc/a /etc/b /etc/c; echo new > /etc/a')
        assert_eq "$out" $'low\nlow2\ntop'
        refute berth run --rm --read-only --lower "$PWD/low" ./tree touch /x
        # Written to, it has a layer of its own: none of the stack changes.
        berth run --name stacked --lower "$PWD/low" --lower "$PWD/low2" ./tree sh -c 'echo new > /etc/a; rm /etc/b'
        at_end berth rm -f stacked
        assert_eq "$(cat low/etc/a low2/etc/b)" $'low\nlow2'
        assert_eq "$(cat /var/lib/berth/machines/stacked/layer/upper/etc/a)" new
        [[ ! -e tree/etc/a ]] || fail "the tree was written to"
        assert_contains "$(error_of as_user berth run --rm --lower /etc busybox true)" denied
}

# has_begun NAME TIMES: as often as it wrote a line.
has_begun() {
        [[ $(berth exec "$1" cat /x 2>/dev/null | wc -l) == "$2" ]]
}

# An image is not written to either, so that several machines can have it at once.
test_layer_over_an_image() {
        truncate -s 24M bare.raw
        mkfs.ext4 -q -F -d "$busybox" bare.raw
        local before
        before=$(sha256sum bare.raw)
        berth run -d --name over-a --layer ./bare.raw sh -c 'echo a >> /x; sleep 1000'
        at_end berth rm -f over-a
        wait_until 60 has_begun over-a 1
        assert_eq "$(berth run --rm --ephemeral ./bare.raw sh -c 'test -e /x || echo clean')" clean
        berth stop over-a
        berth start over-a
        wait_until 60 has_begun over-a 2
        assert_eq "$(sha256sum bare.raw)" "$before"
}
