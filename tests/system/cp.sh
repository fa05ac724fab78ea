# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth cp: files and trees both ways, by the machine's names and ids, and nothing beside them.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

stop_quietly() {
        berth stop "$1" >/dev/null 2>&1
}

# boxed NAME: a machine of a tree of its own, "tree", that sleeps.
boxed() {
        make_tree tree
        berth run -d --rm --name "$1" ./tree sleep 100000 >/dev/null
        at_end stop_quietly "$1"
}

owner_inside() {
        berth exec "$1" stat -c %u:%g "$2"
}

# Only on: namespaced
test_file_both_ways() {
        boxed copier
        head -c 3000000 /dev/urandom >data
        chmod 640 data
        berth cp data copier:/root/
        check cmp data tree/root/data
        assert_eq "$(stat -c %a tree/root/data)" 640
        assert_eq "$(owner_inside copier /root/data)" 0:0
        berth cp copier:/root/data back
        check cmp data back
        berth cp data copier:/root/other-name
        check cmp data tree/root/other-name
        mkdir dir
        berth cp copier:/root/data dir
        check cmp data dir/data
}

test_tree_both_ways() {
        local deep=some-long-name-that-fills-a-header
        boxed forester
        mkdir -p "wood/a/$deep/$deep/$deep" wood/empty
        echo one >"wood/a/$deep/$deep/$deep/a-file-whose-whole-path-is-longer-than-a-hundred-bytes"
        echo two >wood/two
        ln wood/two wood/hard
        ln -s two wood/soft
        ln -s /no/where wood/dangling
        mkfifo wood/pipe
        touch -d '2001-02-03 04:05:06' wood/two
        berth cp wood forester:/root
        check diff -r --no-dereference --exclude pipe wood tree/root/wood
        assert_eq "$(stat -c %h tree/root/wood/two)" 2
        assert_eq "$(stat -c %Y tree/root/wood/two)" "$(stat -c %Y wood/two)"
        check test -p tree/root/wood/pipe
        berth cp forester:/root/wood again
        check diff -r --no-dereference --exclude pipe wood again
        mkdir flat
        berth cp forester:/root/wood/. flat
        check diff -r --no-dereference --exclude pipe wood flat
}

# Only on: namespaced
test_other_spelling_and_a_bar() {
        make_tree tree
        at_end berth rm -f box
        berth run -d --name box ./tree sleep 100000
        mkdir -p in/below tree/srv
        echo text >in/below/file
        check berth copy-to box in/below/file /srv/file
        assert_eq "$(cat tree/srv/file)" text
        check berth copy-from box /srv/file back
        assert_eq "$(cat back)" text
        echo same >"$PWD/same"
        mkdir -p "tree$PWD"
        check berth copy-to box "$PWD/same"
        assert_eq "$(cat "tree$PWD/same")" same
        # A bar is for who sees it.
        head -c 150M /dev/zero >in/large
        script -qec 'berth cp in box:/srv/' /dev/null >typed
        assert_contains "$(cat typed)" 'Copying ['
        assert_eq "$(stat -c %s tree/srv/in/large)" $((150 << 20))
        assert_eq "$(cat tree/srv/in/below/file)" text
        script -qec 'berth cp box:/srv/in out' /dev/null >typed
        assert_contains "$(cat typed)" 'Copying: '
        check cmp in/large out/large
        berth cp in box:/srv/ 2>quiet
        assert_eq "$(cat quiet)" ''
        # What fails is told as without one.
        script -qec 'berth cp in box:/no/such/place' /dev/null >typed || true
        assert_contains "$(cat typed)" '/no/such/place'
}

# Only on: namespaced
test_streams_are_tar() {
        boxed streamer
        mkdir in out
        echo text >in/file
        chown 1000:1000 in/file
        tar -C in -c . | berth cp - streamer:/root
        assert_eq "$(owner_inside streamer /root/file)" 1000:1000
        berth cp streamer:/root - | tar -C out -x
        assert_eq "$(cat out/root/file)" text
        assert_matches "$(berth cp streamer:/root - | tar -t --numeric-owner -v)" '1000/1000[^/]*root/file'
        # GNU's form of long names.
        mkdir -p "in/$(printf 'x%.0s' {1..90})/$(printf 'y%.0s' {1..90})"
        tar --format=gnu -C in -c . | berth cp - streamer:/root
        check test -d "tree/root/$(printf 'x%.0s' {1..90})/$(printf 'y%.0s' {1..90})"
        assert_contains "$(echo no-tar | error_of berth cp - streamer:/root)" "stream"
}

# A link in the machine means what it means there, and a hostile stream stays where it is put.
test_nothing_leads_out() {
        boxed jailed
        echo host >secret
        berth exec jailed ln -s /etc/hostname-of-host /root/link
        berth exec jailed ln -s / /root/root-link
        echo inside >file
        berth cp file jailed:/root/root-link
        check test -e tree/file
        refute test -e /file

        # Out of the machine: a link is copied as one, and what is under it is not written through.
        mkdir box outside
        berth exec jailed sh -c "mkdir /root/evil; ln -s $PWD/outside /root/evil/way"
        berth cp jailed:/root/evil/. box
        check test -L box/way
        berth exec jailed sh -c "rm /root/evil/way; mkdir /root/evil/way; echo x >/root/evil/way/planted"
        refute_quietly berth cp jailed:/root/evil/. box
        refute test -e outside/planted

        # ".." in a name is refused.
        tar -P --transform 's,^,../,' -c file | refute_quietly berth cp - jailed:/root
        refute test -e tree/../root/../file.planted
        assert_contains "$(tar -P --transform 's,^,../up/,' -c file | error_of berth cp - jailed:/root)" "leads out"
        assert_contains "$(error_of berth cp jailed:/no/such/file .)" "/no/such/file"
        assert_contains "$(error_of berth cp no-such-file jailed:/root)" "no-such-file"
        assert_contains "$(error_of berth cp file other)" "NAME:PATH"
}

refute_quietly() {
        ! "$@" >/dev/null 2>&1
}

test_without_a_user_namespace_and_with_ids() {
        make_tree tree
        berth run -d --rm --private-users=no --name plain ./tree sleep 100000 >/dev/null
        at_end stop_quietly plain
        echo text >file
        chown 1234:4321 file
        berth cp -a file plain:/root/
        assert_eq "$(stat -c %u:%g tree/root/file)" 1234:4321
        berth cp file plain:/root/
        assert_eq "$(stat -c %u:%g tree/root/file)" 0:0
}

# Only on: namespaced
test_shell() {
        local out
        boxed sheller
        assert_eq "$(berth shell sheller sh -c 'echo $USER; exit 0')" root
        out=$(script -qec "berth shell sheller" /dev/null < <(echo 'tty; echo in-a-shell; exit 6'; sleep 1) || true)
        assert_contains "$out" in-a-shell
        assert_matches "$out" "/dev/pts/[0-9]+"
        assert_status 6 berth shell sheller sh -c 'exit 6'
        berth exec sheller sh -c 'echo "joe:x:77:77::/tmp:/bin/sh" >>/etc/passwd'
        assert_eq "$(berth shell joe@sheller sh -c 'id -u')" 77
        assert_contains "$(error_of berth login sheller)" terminal
}
