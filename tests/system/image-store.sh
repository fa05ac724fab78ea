# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Only on: namespaced
#
# Images in the folders that trees are installed in: listed, looked at, copied, renamed, marked, removed.

store=/var/lib/machines

# drop NAME…: whatever a test has left of its images.
drop() {
        local name
        for name; do
                chattr -R -i "$store/$name" "$store/$name.raw" 2>/dev/null || true
                rm -rf "${store:?}/$name" "$store/$name.raw" "$store/$name.nspawn"
        done
}

# image_property NAME PROPERTY
image_property() {
        busctl get-property org.berth1 "/org/berth1/image/$1" org.berth1.Image "$2" | sed 's/^[^ ]* //; s/^"\(.*\)"$/\1/'
}

lists() {
        grep -qx -- "$1" <<<"$(berth images -q)"
}

# Nothing that a removal works with is left in the folder.
nothing_hidden() {
        assert_eq "$(find "$store" -maxdepth 1 -name '.#*')" ""
}

test_images_are_listed_with_what_they_are() {
        at_end drop shown disk
        make_tree "$store/shown"
        truncate -s 1M "$store/disk.raw"
        chmod 444 "$store/disk.raw"
        assert_eq "$(berth images --json=short | jq -c '.[] | select(.image == "shown") | [.type, .read_only, .usage]')" \
                '["directory",false,null]'
        assert_eq "$(berth images --json=short | jq -c '.[] | select(.image == "disk") | [.type, .read_only, .usage]')" \
                '["raw",true,0]'
        assert_eq "$(berth list-images --no-legend | grep -c '^shown ')" 1
        check lists debian
        assert_eq "$(image_property disk Path)" "$store/disk.raw"
        assert_eq "$(image_property disk ReadOnly)" true
        # A directory goes before a disk image of the same name, as berth run takes them.
        make_tree "$store/disk"
        assert_eq "$(image_property disk Type)" directory
        assert_eq "$(berth images -q | grep -cx disk)" 1
        # What a tree takes is counted by those who may ask for it.
        (($(berth image-status --json=short shown | jq .usage) > 500000)) || fail "$(berth image-status shown)"
        assert_contains "$(berth image-status shown)" "Path: $store/shown"
        as_user berth image-status shown >text
        assert_lacks "$(cat text)" Usage
        # Names that could not be one, and what is not in the list.
        assert_contains "$(error_of berth image-status showm)" "did you mean shown"
        busctl call org.berth1 /org/berth1 org.berth1.Manager GetImage s ../etc 2>text && fail "../etc is an image"
        assert_contains "$(cat text)" "looking up the image '../etc'"
}

test_an_image_in_use_stays_and_names_its_machines() {
        at_end drop busy
        at_end berth rm --force first second
        make_tree "$store/busy"
        berth run -d --name first busy sleep 100000
        assert_contains "$(error_of berth rmi busy)" "the machine first is made from it"
        berth create --name second busy true
        assert_contains "$(error_of berth rmi busy)" "the machines first, second are made from it"
        assert_contains "$(error_of berth rename-image busy idle)" "first, second"
        assert_eq "$(berth image-status --json=short busy | jq -c .machines)" '["first","second"]'
        # By another path it is the same image.
        berth rm --force first second
        ln -s "$store/busy" here
        berth create --name first --allow-exposed-tree ./here true
        assert_contains "$(error_of berth rmi busy)" "the machine first is made from it"
        berth rm first
        # The lock that systemd-nspawn holds while it runs a tree.
        # shellcheck disable=SC2154
        python3 - "$store/.#busy.lck" <<'PYTHON' &
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(fd, fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
open('locked', 'w').close()
time.sleep(100000)
PYTHON
        local holder=$!
        wait_until 60 test -e locked
        assert_contains "$(error_of berth rmi busy)" "holds its lock"
        kill "$holder"
        wait "$holder" || true
        check test -x "$store/busy/bin/busybox"
        check berth rmi busy
        refute test -e "$store/busy"
        nothing_hidden
}

test_removal_follows_no_link_and_stays_in_the_folder() {
        at_end drop linked alias
        make_tree "$store/linked"
        mkdir outside
        touch outside/kept
        ln -s "$PWD/outside" "$store/linked/out"
        ln -s ../../../../../../../../../../etc "$store/linked/etc-link"
        mkdir "$store/linked/none"
        chmod 0 "$store/linked/none"
        printf 'x' >"$store/linked.nspawn"
        ln -s "$PWD/outside" "$store/alias"
        check berth rmi linked
        refute test -e "$store/linked"
        refute test -e "$store/linked.nspawn"
        check test -e outside/kept
        check test -e /etc/passwd
        # An image that is a link: that alone goes.
        mkdir outside/usr
        check berth rmi alias
        refute test -L "$store/alias"
        check test -e outside/kept
        nothing_hidden
}

test_what_cannot_be_removed_keeps_the_image_whole() {
        at_end drop stuck
        make_tree "$store/stuck"
        mkdir -p "$store/stuck/srv/deep"
        echo text >"$store/stuck/srv/deep/file"
        touch "$store/stuck/aaa"
        if chattr +i "$store/stuck/srv/deep/file" 2>/dev/null; then
                assert_contains "$(error_of berth rmi stuck)" "$store/stuck/srv/deep/file': it is immutable"
                check test -e "$store/stuck/aaa"
                check test -x "$store/stuck/bin/busybox"
                chattr -i "$store/stuck/srv/deep/file"
        fi
        mount -t tmpfs none "$store/stuck/srv/deep"
        at_end umount "$store/stuck/srv/deep"
        assert_contains "$(error_of berth rmi stuck)" "$store/stuck/srv/deep': something is mounted there"
        check test -e "$store/stuck/aaa"
        umount "$store/stuck/srv/deep"
        check berth rmi stuck
        refute test -e "$store/stuck"
}

# Far deeper than a path can be long, or than a process may have descriptors.
test_a_tree_of_any_depth_is_removed() {
        at_end rm -rf "$store/deep"
        make_tree "$store/deep"
        python3 - "$store/deep" <<'PYTHON'
import os, sys
os.chdir(sys.argv[1])
for _ in range(3000):
    os.mkdir('directory-with-a-name')
    os.chdir('directory-with-a-name')
PYTHON
        check berth rmi deep
        refute test -e "$store/deep"
        nothing_hidden
}

test_a_read_only_image_is_marked_and_removed() {
        at_end drop marked disk
        make_tree "$store/marked"
        truncate -s 1M "$store/disk.raw"
        check berth read-only disk
        assert_eq "$(stat -c %a "$store/disk.raw")" 444
        assert_eq "$(image_property disk ReadOnly)" true
        check berth read-only disk no
        assert_eq "$(image_property disk ReadOnly)" false
        assert_contains "$(error_of berth read-only disk maybe)" "neither yes nor no"
        if berth read-only marked 2>text; then
                assert_eq "$(image_property marked ReadOnly)" true
                refute touch "$store/marked/new"
                check berth rename-image marked renamed
                at_end drop renamed
                assert_eq "$(image_property renamed ReadOnly)" true
                check berth rmi renamed
        else
                assert_contains "$(cat text)" "not supported"
        fi
        check berth rmi disk
}

test_a_clone_is_the_same_in_all() {
        at_end drop original copy third
        make_tree "$store/original"
        mkdir "$store/original/things"
        (
                cd "$store/original/things"
                echo one >a
                ln a b
                ln -s a link
                mkfifo pipe
                mknod null c 1 3
                chmod 4755 a
                chown 12:34 pipe
                truncate -s 3M sparse
                printf end >>sparse
                touch -d 2001-02-03 sparse
                setfattr -n user.note -v text sparse 2>/dev/null || true
        )
        chmod 711 "$store/original"
        check berth clone original copy
        describe() {
                (cd "$1" && find . -printf '%p %y %m %U:%G %n %s %l\n' | sort && getfattr -R -d . 2>/dev/null | sort &&
                        find . -type f -exec sha256sum {} + | sort && stat -c %y things/sparse)
        }
        assert_eq "$(describe "$store/copy")" "$(describe "$store/original")"
        (($(stat -c %b "$store/copy/things/sparse") < 1000)) || fail "a hole was filled"
        assert_eq "$(stat -c %t:%T "$store/copy/things/null")" 1:3
        assert_eq "$(berth run --rm --ephemeral copy cat /things/b)" one
        assert_contains "$(error_of berth clone original copy)" "there is an image of this name"
        assert_contains "$(error_of berth clone original a/b)" "no slash"
        assert_contains "$(error_of berth clone origina third)" "did you mean original"
        check berth rename-image copy third
        refute lists copy
        check lists third
        nothing_hidden
}

test_the_bus_hears_of_images_by_whoevers_hand() {
        local listener
        at_end drop news other
        at_end berth rm --force keeper
        # So that berthd stays.
        berth run -d --name keeper --ephemeral busybox sleep 100000
        busctl monitor --json=short --match "type='signal',path='/org/berth1'" >signals 2>/dev/null &
        listener=$!
        at_end kill "$listener"
        wait_until 60 eval 'berth create --name ping busybox true && berth rm ping && [[ -s signals ]]'
        mkdir "$store/news"
        wait_until 60 grep -q '"member":"ImageNew".*"news"' signals
        wait_until 60 grep -q '"member":"InterfacesAdded".*/org/berth1/image/news' signals
        mv "$store/news" "$store/other"
        wait_until 60 grep -q '"member":"ImageRemoved".*"news"' signals
        berth rmi other
        wait_until 60 grep -q '"member":"ImageRemoved".*"other"' signals
        wait_until 60 grep -q '"member":"InterfacesRemoved".*/org/berth1/image/other".*org.berth1.Image' signals
        refute grep -q '\.#' signals
        assert_contains "$(busctl call org.berth1 /org/berth1 org.freedesktop.DBus.ObjectManager GetManagedObjects)" \
                /org/berth1/image/busybox
}

# Only on: namespaced
test_images_take_a_right_of_their_own() {
        local rule=/etc/polkit-1/rules.d/40-test-images.rules
        at_end drop mine yours
        make_tree "$store/mine"
        make_tree "$store/yours"
        assert_contains "$(error_of as_user berth rmi mine)" "Access denied"
        # Who may not is told nothing of what there is.
        assert_contains "$(error_of as_user berth rmi nonsense)" "Access denied"
        at_end rm -f "$rule"
        mkdir -p "${rule%/*}"
        cat >"$rule" <<'RULE'
polkit.addRule(function(action, subject) {
        if (action.id == "org.berth1.manage-images" && action.lookup("image") == "mine" && subject.user == "tester")
                return polkit.Result.YES;
});
RULE
        wait_until 60 as_user berth rmi mine
        refute test -e "$store/mine"
        assert_contains "$(error_of as_user berth rmi yours)" "Access denied"
}

# The caller is off the bus while the work goes on, and a start from the image is refused meanwhile.
test_long_work_goes_on_without_the_caller() {
        local i
        at_end drop large
        make_tree "$store/large"
        mkdir "$store/large/many"
        for i in {1..40}; do
                mkdir "$store/large/many/$i"
                (cd "$store/large/many/$i" && touch {1..500})
        done
        berth rmi large &
        # It has begun: asking by a call would be in its way.
        wait_until 60 eval '[[ ! -e $store/large ]]'
        kill -KILL $! 2>/dev/null || true
        wait $! || true
        wait_until 60 eval '! test -e $store/large && [[ -z $(find $store -maxdepth 1 -name ".#*large*") ]]'
}

# Only on: namespaced
test_progress_is_drawn_on_a_terminal_alone() {
        at_end drop drawn copied
        make_tree "$store/drawn"
        head -c 200M /dev/urandom >"$store/drawn/large"
        # On a terminal: a bar that is taken off again at the end.
        script -qec 'berth clone drawn copied' /dev/null >typed
        assert_contains "$(cat typed)" "Cloning drawn"
        assert_contains "$(cat typed)" "%"
        assert_contains "$(tail -c 4 typed | od -An -c)" "033   [   K"
        script -qec 'berth image-status drawn' /dev/null >typed
        assert_contains "$(cat typed)" "Counting drawn: 1 files"
        assert_matches "$(cat typed)" 'Usage: 2[0-9.]+M'
        script -qec 'berth rmi drawn' /dev/null >typed
        assert_matches "$(cat typed)" 'Removing drawn \[.*\] +[0-9]+% [0-9]+/[0-9]+ files'
        assert_contains "$(tail -c 4 typed | od -An -c)" "033   [   K"
        # Nothing of it where standard error is no terminal.
        berth image-status copied 2>quiet >told
        assert_contains "$(cat told)" "Usage:"
        berth rmi copied 2>>quiet
        assert_eq "$(cat quiet)" ""
}

# Nobody has to be on the bus while an image is counted.
# Only on: namespaced
test_counting_goes_on_without_the_bus() {
        local spawner counting
        at_end drop counted
        make_tree "$store/counted"
        berth run -d --rm --name keeper --ephemeral busybox sleep 100000
        at_end berth terminate keeper
        spawner=$(pgrep -P "$(systemctl show -P MainPID berthd.service)" | head -n 1)
        kill -STOP "$spawner"
        at_end kill -CONT "$spawner"
        berth image-status --json=short counted >told &
        counting=$!
        wait_until 60 eval '[[ $(awk "/^State/ { print \$2 }" /proc/$counting/status) == S ]] && ! busctl list --no-legend | awk "{ print \$2 }" | grep -qx "$counting"'
        check kill -0 "$counting"
        kill -CONT "$spawner"
        check wait "$counting"
        (($(jq .usage told) > 500000)) || fail "$(cat told)"
        # On the bus, the same: without somebody who is told it makes no sense.
        assert_contains "$(error_of busctl call org.berth1 /org/berth1 org.berth1.Manager MeasureImage 'sa{sv}' counted 0)" Progress
        assert_matches "$(busctl call org.berth1 /org/berth1/image/counted org.berth1.Image GetUsage)" '^t [1-9][0-9]{5}'
}
