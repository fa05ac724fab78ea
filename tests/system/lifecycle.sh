# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Machines that are kept: made, run, run again, renamed, changed, removed.

busybox=/var/lib/machines/busybox

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

is_removed() {
        ! berth inspect "$1" >/dev/null 2>&1
}

# Only on: namespaced vm/trixie
test_create_start_stop() {
        make_tree tree
        at_end forget made
        assert_eq "$(berth create --name made -e A=kept ./tree sh -c 'echo "$A" >>/mark; exec sleep 100000')" made
        assert_eq "$(machine_property made State)" created
        refute test -e tree/mark
        assert_contains "$(berth list -a)" created
        assert_lacks "$(berth list)" made

        berth start made
        assert_eq "$(machine_property made State)" running
        wait_until 60 test -e tree/mark
        assert_contains "$(error_of berth rm made)" "running"
        assert_contains "$(error_of berth create --name made ./tree true)" "made"
        berth stop made
        wait_until 60 is_state made exited

        # Its files are as they were.
        berth start made
        wait_until 60 grep -q -z 'kept.kept' tree/mark
        berth rm --force made
        wait_until 60 is_removed made
        assert_eq "$(find /var/lib/berth/machines -name made)" ""
}

# Only on: namespaced
test_name_is_picked_and_tree_is_checked() {
        local first second
        first=$(berth create --ephemeral "$busybox" true)
        second=$(berth create --ephemeral "$busybox" true)
        assert_ne "$first" "$second"
        berth rm "$first" "$second"
        assert_contains "$(error_of berth create /no/such/tree true)" "/no/such/tree"
        assert_contains "$(error_of berth create --name 'not valid' "$busybox" true)" "not valid"
}

# Only on: namespaced vm/trixie
test_restart() {
        local before
        make_tree tree
        at_end forget again
        berth run -d --name again ./tree sh -c 'trap "echo ended >>/mark; exit 0" TERM; echo begun >>/mark; while :; do sleep 0.1; done'
        wait_until 60 test -e tree/mark
        before=$(leader_of again)
        sleep 0.3
        berth restart again
        assert_ne "$(leader_of again)" "$before"
        wait_until 60 grep -q -z 'begun.ended.begun' tree/mark
        berth stop again
        berth restart again
        assert_eq "$(machine_property again State)" running

        berth run -d --rm --ephemeral --name once "$busybox" sleep 1000
        assert_contains "$(error_of berth restart once)" once
        assert_eq "$(machine_property once State)" running
        berth stop once
}

# Only on: namespaced
test_rename() {
        make_tree tree
        at_end forget new-name
        berth run --name old-name ./tree sh -c 'exit 3' || true
        wait_until 60 is_state old-name exited
        berth rename old-name new-name
        refute_quietly berth inspect old-name
        assert_eq "$(machine_property new-name ExitStatus)" 3
        berth start new-name
        wait_until 60 is_state new-name exited
        # The next manager finds it as it is.
        systemctl restart berthd.service
        assert_eq "$(machine_property new-name ExitStatus)" 3
        assert_contains "$(error_of berth rename new-name 'no name')" "no name"
        berth run -d --name busy --ephemeral "$busybox" sleep 1000
        at_end forget busy
        assert_contains "$(error_of berth rename busy idle)" running
        assert_contains "$(error_of berth rename new-name busy)" running
}

refute_quietly() {
        ! "$@" >/dev/null 2>&1
}

# Only on: namespaced
test_inspect() {
        local out
        berth run -d --name shown --ephemeral -e SECRET=hidden-word -m 64M "$busybox" sleep 1000
        at_end forget shown
        out=$(berth inspect shown)
        assert_eq "$(jq -r '.[0].name' <<<"$out")" shown
        assert_eq "$(jq -r '.[0].state.state' <<<"$out")" running
        assert_eq "$(jq -r '.[0].state.leader' <<<"$out")" "$(leader_of shown)"
        assert_eq "$(jq -r '.[0].settings.MemoryMax' <<<"$out")" 64M
        assert_eq "$(jq -c '.[0].settings.Parameters' <<<"$out")" '["sleep","1000"]'
        assert_lacks "$out" hidden-word
        assert_status 1 berth inspect no-such-machine >/dev/null
        # Everybody may ask; secrets are for who manages.
        check as_user berth inspect shown >/dev/null
        assert_contains "$(error_of as_user berth cat shown)" denied
        assert_contains "$(berth cat shown)" hidden-word
}

# Only on: namespaced
test_cat_and_edit() {
        local text
        make_tree tree
        at_end forget edited
        berth create --name edited -e A=1 --memory-max 64M ./tree sh -c 'echo "$A" >/mark' >/dev/null
        text=$(berth cat edited)
        assert_contains "$text" "[Exec]"
        assert_contains "$text" "Environment=A=1"
        assert_contains "$text" "MemoryMax=64M"

        printf '#!/bin/sh\nsed -i "s/A=1/A=2/; /Memory/d" "$1"\n' >editor
        chmod +x editor
        EDITOR=$PWD/editor berth edit edited
        text=$(berth cat edited)
        assert_contains "$text" "Environment=A=2"
        assert_lacks "$text" MemoryMax
        berth start edited
        wait_until 60 is_state edited exited
        assert_eq "$(cat tree/mark)" 2

        # What is not valid changes nothing.
        printf '#!/bin/sh\necho "[Resources]\nMemoryMax=lots" >>"$1"\n' >editor
        assert_contains "$(EDITOR=$PWD/editor error_of berth edit edited)" MemoryMax
        rm -f /tmp/berth-edit-*.nspawn
        assert_eq "$(berth cat edited)" "$text"

        # Of one that runs nothing is typed for nothing.
        at_end forget editing
        berth run -d --name editing ./tree sleep 1000
        printf '#!/bin/sh\ntouch %s\n' "$PWD/typed" >editor
        assert_contains "$(EDITOR=$PWD/editor error_of berth edit editing)" "it is running: stop it first, with 'berth stop editing'"
        check test ! -e typed
}

# Only on: namespaced
test_wait_for_a_condition() {
        make_tree tree
        at_end forget awaited
        berth create --name awaited ./tree sh -c 'sleep 1; exit 4' >/dev/null
        berth wait --condition running awaited &
        sleep 0.2
        berth start awaited
        check wait $!
        check berth wait --condition exited awaited
        berth wait --condition removed awaited &
        sleep 0.2
        berth rm awaited
        check wait $!
        check berth wait --condition removed awaited
        assert_contains "$(error_of berth wait --condition purple awaited)" purple
}

# Only on: namespaced
test_events() {
        berth events --json >events &
        at_end kill $!
        berth events noisy >text &
        at_end kill $!
        sleep 0.5
        berth run -d --name noisy --ephemeral "$busybox" sh -c 'sleep 0.3; exit 7'
        wait_until 60 is_state noisy exited
        berth rm noisy
        wait_until 60 grep -q removed events
        assert_eq "$(jq -r 'select(.machine == "noisy") | .event' events | tr '\n' ' ')" "new running exited removed "
        assert_eq "$(jq -r 'select(.event == "exited") | "\(.result) \(.status)"' events)" "exited 7"
        assert_contains "$(cat text)" "noisy exited result=exited status=7"
}

# Only on: namespaced vm/trixie
test_attach() {
        local out
        berth run -d -t --rm --ephemeral --name tty "$busybox" sh -c 'echo hello-there; read line; echo "got $line"; exit 5'
        out=$(printf 'word\n' | (sleep 0.5; cat) | script -qec "berth attach tty" /dev/null || echo "status $?")
        assert_contains "$out" hello-there
        assert_contains "$out" "got word"
        assert_contains "$out" "status 5"
        berth run -d --rm --ephemeral --name plain "$busybox" sleep 1000
        assert_contains "$(error_of berth attach plain)" terminal
        berth stop plain
}

global_address() {
        berth exec "$1" ip -4 -o addr show scope global | sed 's/.*inet \([0-9.]*\).*/\1/'
}

# The page of machinectl status: processes in their cgroups, addresses, the system in the tree, and what was written last.
# Only on: namespaced vm/trixie
test_status_page() {
        local page leader supervisor
        make_tree tree
        mkdir -p tree/etc
        printf 'NAME=x\nPRETTY_NAME="Test OS 7"\n' >tree/etc/os-release
        printf '%s\n' 'echo first line' 'printf "second \033[31mline\n"' 'sleep 1000 &' 'exec sleep 2000' >tree/payload
        berth run -d --name paged --ephemeral ./tree sh /payload
        at_end forget paged
        wait_until 60 eval '[[ $(berth logs paged) == *second* ]]'
        # Each is what it was before until its program is executed.
        wait_until 60 eval '[[ $(berth status paged) == *"sleep 1000"* && $(berth status paged) == *"sleep 2000"* ]]'
        page=$(berth status paged)
        leader=$(leader_of paged)
        supervisor=$(supervisor_of paged)

        assert_contains "$page" 'OS: Test OS 7'
        assert_matches "$page" 'State: running since .*ago'
        assert_contains "$page" 'CGroup: /machine.slice/berth-paged.scope'
        assert_matches "$page" '[├└]─payload'
        assert_contains "$page" "─$leader sleep 2000"
        assert_matches "$page" '─[0-9]+ sleep 1000'
        assert_contains "$page" "─$supervisor "
        # The address is the one that the machine has itself.
        assert_contains "$page" "$(global_address paged)"
        # The last lines, in which nothing is left that a terminal would take for a command.
        assert_matches "$page" $'\n[A-Z][a-z]{2} [0-9: ]+ first line'
        assert_lacks "$page" $'\033[31m'
        assert_lacks "$(berth status -n 1 paged)" 'first line'
        assert_contains "$(berth status -n 1 paged)" 'second'
        assert_lacks "$(berth status -n 0 paged)" 'second'
        # Who may not look into the tree gets the rest.
        assert_contains "$(as_user berth status paged)" berth-paged.scope

        # No link of the machine's leads to the host's file, and a pipe holds up nobody.
        berth exec paged ln -sf /../../../../../../etc/os-release /etc/os-release
        assert_lacks "$(berth status paged)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release)"
        berth exec paged sh -c 'rm /etc/os-release; mkfifo /etc/os-release'
        assert_contains "$(berth status paged)" berth-paged.scope

        berth stop paged
        page=$(berth status paged)
        assert_lacks "$page" CGroup
        assert_contains "$page" 'first line'
}

# Only on: namespaced
test_inspect_is_whole() {
        local state
        make_tree tree
        berth run -d --name inspected --ephemeral -m 64M ./tree sleep 1000
        at_end forget inspected
        state=$(berth inspect inspected | jq -c '.[0].state')
        assert_eq "$(jq -r .log <<<"$state")" journal
        assert_eq "$(jq -r .owner <<<"$state")" 0
        assert_eq "$(jq -r .oom_kills <<<"$state")" 0
        assert_contains "$(jq -r '.addresses[]' <<<"$state")" "$(global_address inspected)"
        berth stop inspected
        state=$(berth inspect inspected | jq -c '.[0].state')
        assert_eq "$(jq -r .state <<<"$state")" exited
        assert_eq "$(jq -c .addresses <<<"$state")" '[]'
}
