# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Sessions at a real terminal, typed into by tmux: a screen is what somebody in front of it would see.

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

# A server of the test's own. screen NAME COMMAND: a terminal of 80 columns and 24 rows.
mux() {
        tmux -S "$PWD/mux" -f /dev/null "$@"
}

screen() {
        mux new-session -d -s "$1" -x 80 -y 24 "$2; echo status \$?; exec sleep 100000"
}

shows() {
        mux capture-pane -p -t "$1" | grep -F -- "$2" >/dev/null
}

type_into() {
        local where=$1
        shift
        mux send-keys -t "$where" "$@"
}

# Only on: namespaced namespaced/trixie
test_window_size_follows() {
        make_tree tree
        at_end mux kill-server
        screen one "berth run --rm -it --name sized $PWD/tree sh"
        type_into one 'echo size: $(stty size)' Enter
        wait_until 60 shows one "size: 24 80"
        type_into one 'trap "echo changed: \$(stty size)" WINCH' Enter
        mux resize-window -t one -x 100 -y 30
        # The shell hears of it, and reads the new size.
        type_into one 'echo now: $(stty size)' Enter
        wait_until 60 shows one "now: 30 100"
        type_into one 'exit 6' Enter
        wait_until 60 shows one "status 6"
}

# Only on: namespaced namespaced/trixie
test_detach_and_attach_again() {
        make_tree tree
        at_end mux kill-server
        at_end forget left
        screen one "berth run -it --name left $PWD/tree sh"
        type_into one 'echo first-$((40 + 2))' Enter
        wait_until 60 shows one first-42
        type_into one C-] C-] C-]
        wait_until 60 shows one "runs on"
        # The terminal is the caller's again: what is typed there is seen, and lines end as they should.
        wait_until 60 shows one "status 0"
        is_state left running

        # Also after the manager was killed.
        kill_manager
        screen two "berth attach left"
        wait_until 60 eval 'type_into two "echo second-\$((40 + 3))" Enter; sleep 0.5; shows two second-43'
        type_into two 'exit 5' Enter
        wait_until 60 shows two "status 5"
}

# Only on: namespaced namespaced/trixie
test_own_keys_detach() {
        make_tree tree
        at_end mux kill-server
        at_end forget keyed
        screen one "berth run -it --detach-keys=ctrl-a,d --name keyed $PWD/tree sh"
        type_into one 'echo first-$((40 + 2))' Enter
        wait_until 60 shows one first-42
        # The first of them alone is the machine's: ^A is the beginning of the line, as soon as it is clear.
        type_into one 'cho x-$((40 + 3))' C-a e Enter
        wait_until 60 shows one x-43
        type_into one C-a d
        wait_until 60 shows one "runs on"
        wait_until 60 shows one "status 0"
        is_state keyed running

        # By the environment; ^]^]^] does it, too.
        screen two "BERTH_DETACH_KEYS=ctrl-x,ctrl-x berth attach keyed"
        wait_until 60 eval 'type_into two "echo second-\$((40 + 4))" Enter; sleep 0.5; shows two second-44'
        type_into two C-x C-x
        wait_until 60 shows two "runs on"
        screen three "BERTH_DETACH_KEYS=ctrl-x,ctrl-x berth exec -it --detach-keys=ctrl-y keyed sleep 77009"
        wait_until 60 pgrep -f '^sleep 77009' >/dev/null
        type_into three C-x C-x C-y
        wait_until 60 shows three "runs on"
        screen four "berth exec -it --detach-keys=q keyed sleep 77010"
        wait_until 60 pgrep -f '^sleep 77010' >/dev/null
        type_into four C-] C-] C-]
        wait_until 60 shows four "runs on"
        check pgrep -f '^sleep 77009' >/dev/null
        check pgrep -f '^sleep 77010' >/dev/null

        assert_contains "$(error_of berth attach --detach-keys=ctrl-1 keyed)" "ctrl- with a letter"
        assert_contains "$(BERTH_DETACH_KEYS=no error_of berth attach keyed)" "BERTH_DETACH_KEYS"
}

# Only on: namespaced namespaced/trixie
test_two_clients_see_the_same() {
        make_tree tree
        at_end mux kill-server
        at_end forget shared
        screen one "berth run -it --name shared $PWD/tree sh"
        type_into one 'echo ready-$((40 + 2))' Enter
        wait_until 60 shows one ready-42
        screen two "berth attach shared"
        # What one types both see, and the other way round.
        wait_until 60 eval 'type_into two "echo from-two-\$((40 + 3))" Enter; sleep 0.5; shows one from-two-43'
        wait_until 60 shows two from-two-43
        type_into one 'echo from-one-$((40 + 4))' Enter
        wait_until 60 shows two from-one-44
        # One that is killed takes nothing along.
        mux kill-session -t two
        type_into one 'echo alone-$((40 + 5))' Enter
        wait_until 60 shows one alone-45
        type_into one 'exit 3' Enter
        wait_until 60 shows one "status 3"
}

# first_size COMMAND…: what the first program in a terminal of 37 rows and 91 columns finds.
first_size() {
        script -qec "stty rows 37 cols 91; $*" /dev/null </dev/null | tr -d '\r\004' | sed 's/\^[@D]//g' | grep -E -m 1 '^[0-9]+ [0-9]+$'
}

# busctl has gone, and the terminal with it, when it has its answer: mostly after the look, and not always.
size_by_the_bus_is() {
        busctl call -- org.berth1 /org/berth1 org.berth1.Manager ExecMachine 'sasa{sv}' looked-at 3 sh -c 'stty size >/size' \
                2 Terminal b true TerminalSize '(uu)' 41 82 >/dev/null
        sleep 0.2
        [[ $(berth exec looked-at cat /size 2>/dev/null) == "$1" ]]
}

# It goes with the call, so there is no moment at which it is another.
# Only on: namespaced namespaced/trixie
test_first_look_finds_the_size() {
        local i
        make_tree tree
        at_end forget kept
        at_end forget looked-at
        berth create --name kept -t ./tree stty size >/dev/null
        berth run -d --name looked-at --ephemeral /var/lib/machines/busybox sleep 100000 >/dev/null
        for i in {1..10}; do
                assert_eq "$(first_size "berth run --rm --ephemeral -t /var/lib/machines/busybox stty size")" "37 91" "run, round $i"
                assert_eq "$(first_size "berth exec -t looked-at stty size")" "37 91" "exec, round $i"
                assert_eq "$(first_size "berth start -at kept")" "37 91" "start, round $i"
        done
        # As berthd does it, which the command line of root does only where it must.
        wait_until 60 size_by_the_bus_is "41 82"
        assert_contains "$(error_of busctl call org.berth1 /org/berth1 org.berth1.Manager ExecMachine 'sasa{sv}' looked-at 1 true \
                1 TerminalSize '(uu)' 41 65536)" "at most 65535"
}

has_marker() {
        grep -a -q 'bytes are missing here' "$1"
}

ends_in() {
        grep -a -q "$2" "$1"
}

# slow_and_quick NAME SCRIPT: two clients of a machine that runs it, "slow", whose process is $slow, and "quick", with their keys.
slow_and_quick() {
        make_tree tree
        at_end forget "$1"
        mkfifo to-slow to-quick
        berth run -d -t --log=none --name "$1" ./tree sh -c 'stty -echo
                while read -r word && [ "$word" != go ]; do echo "heard $word"; done; '"$2" >/dev/null
        # Opened for both ways, so that nobody waits for the other end.
        exec {slow_keys}<>to-slow {quick_keys}<>to-quick
        berth attach "$1" <&"$slow_keys" >slow 2>slow.err &
        slow=$!
        berth attach "$1" <&"$quick_keys" >quick 2>quick.err &
        wait_until 60 eval 'echo hello >&"$quick_keys"; sleep 0.2; ends_in slow "heard hello" && ends_in quick "heard hello"'
}

# got_all_but_the_gap LINES: what "slow" has and what its mark counts is all of seq 1 LINES.
got_all_but_the_gap() {
        local missing got whole
        missing=$(sed -n 's/.*\[berth: \([0-9]*\) bytes are missing.*/\1/p' <(tr -d '\r\030' <slow))
        got=$(tr -d '\030' <slow | sed '/^heard/d; /bytes are missing here/,$d' | wc -c)
        whole=$(seq 1 "$1" | sed 's/$/\r/' | wc -c)
        # The mark begins with an end of line of its own.
        assert_eq "$((got - 2 + missing))" "$whole"
}

# One that stands still gets a gap that is told, and the others everything, at once.
# Only on: namespaced namespaced/trixie
test_slow_client_is_left_behind() {
        local lines=300000 slow slow_keys quick_keys
        slow_and_quick chatty "seq 1 $lines; read -r go; echo and on; read -r go"
        kill -STOP "$slow"
        at_end kill -CONT "$slow"

        printf 'go\n' >&"$quick_keys"
        wait_until 120 ends_in quick "^$lines"
        assert_eq "$(tr -d '\r' <quick | sed '/^heard/d' | head -n "$lines" | sha256sum)" "$(seq 1 "$lines" | sha256sum)"
        # What it had not taken when it was left behind, the socket and some more, it finds; the rest is counted.
        refute ends_in slow "^$lines"
        kill -CONT "$slow"
        wait_until 60 has_marker slow
        got_all_but_the_gap "$lines"
        # And it goes on.
        printf 'go\n' >&"$slow_keys"
        wait_until 60 ends_in slow "and on"
        wait_until 60 ends_in quick "and on"
}

# The same where there is nothing to go on with.
# Only on: namespaced
test_slow_client_of_what_has_ended() {
        local lines=300000 slow slow_keys quick_keys
        slow_and_quick ended "seq 1 $lines; exit 7"
        kill -STOP "$slow"
        at_end kill -CONT "$slow"
        printf 'go\n' >&"$quick_keys"
        wait_until 120 ends_in quick "^$lines"
        wait_until 60 is_state ended exited
        refute has_marker slow
        kill -CONT "$slow"
        assert_status 7 wait "$slow"
        check has_marker slow
        got_all_but_the_gap "$lines"
}

# Who reads slowly and goes on gets everything, also of what has ended long ago.
# Only on: namespaced
test_slow_reader_gets_everything() {
        make_tree tree
        berth run --rm -t --name patient ./tree seq 1 60000 </dev/null 2>err | while IFS= read -r -N 5000 part; do
                printf '%s' "$part"
                sleep 0.15
        done >out
        # The rest is less than a part.
        assert_eq "$(tr -d '\r' <out | head -n 59000 | sha256sum)" "$(seq 1 59000 | sha256sum)"
        assert_lacks "$(cat out)" "are missing"
}

# And for the only one, which held the machine up, when that was stopped.
# Only on: namespaced
test_only_client_is_told() {
        local slow slow_keys quick_keys
        slow_and_quick alone 'trap "exit 8" TERM; while :; do echo more and more; done'
        printf '\035\035\035' >&"$quick_keys"
        wait_until 60 grep -q "runs on" quick.err
        printf 'go\n' >&"$slow_keys"
        wait_until 60 ends_in slow "more and more"
        kill -STOP "$slow"
        at_end kill -CONT "$slow"
        sleep 2
        berth stop alone
        kill -CONT "$slow"
        wait "$slow" || true
        check has_marker slow
        check ends_in slow "more and more"
}

# What the terminal was it is again, whichever way berth ends. kept_mode COMMAND: what stty says before and after.
kept_mode() {
        script -qec "stty -g >before; $1; stty -g >after" /dev/null </dev/null >/dev/null
        assert_eq "$(cat after)" "$(cat before)" "$1"
}

# Only on: namespaced
test_mode_is_restored() {
        make_tree tree
        at_end forget held
        berth run -d -t --name held ./tree sleep 100000 >/dev/null
        kept_mode "berth run --rm --ephemeral -t ./tree true"
        kept_mode "berth run --rm --ephemeral -t ./tree sh -c 'stty raw -echo; exit 3'"
        kept_mode "berth run --rm --ephemeral -t ./tree no-such-command"
        kept_mode "berth exec -t held sh -c 'kill -9 \$\$'"
        kept_mode "berth exec -t held no-such-command"
        kept_mode "berth attach no-such-machine"
        # Its line breaks: the supervisor is killed, and with it the machine.
        kept_mode "(sleep 1; kill -9 $(supervisor_of held)) & berth attach held"
        assert_lacks "$(cat before)" "::"
}

# Only on: namespaced
test_login() {
        at_end mux kill-server
        at_end forget asking
        berth run -d --boot --rm --ephemeral --name asking /var/lib/machines/debian >/dev/null
        wait_until 120 eval 'berth exec asking systemctl is-system-running 2>/dev/null | grep -qE "running|degraded"'
        berth exec asking sh -c 'useradd -m guest; echo guest:word | chpasswd'
        screen one "berth login asking"
        wait_until 60 shows one "login:"
        type_into one guest Enter
        wait_until 60 shows one "Password:"
        type_into one word Enter
        wait_until 60 eval 'type_into one "id -un; echo in-\$((40 + 2))" Enter; sleep 0.5; shows one in-42'
        check shows one guest
        type_into one "exit 4" Enter
        wait_until 60 shows one "status "
}

is_up() {
        berth exec "$1" systemctl is-system-running 2>/dev/null | grep -qE "running|degraded"
}

# has_getty NAME N: a login waits on the Nth terminal.
has_getty() {
        [[ $(berth exec "$1" systemctl is-active "container-getty@$2.service" 2>/dev/null) == active ]]
}

# The Container Interface's container_ttys=.
# Only on: namespaced namespaced/trixie
test_further_terminals() {
        local leader
        at_end mux kill-server
        at_end forget many
        berth run -d --boot --rm --ephemeral --terminals=3 --name many /var/lib/machines/debian >/dev/null
        wait_until 120 is_up many
        assert_contains "$(berth exec many sh -c 'tr "\0" "\n" </proc/1/environ')" "container_ttys=pts/1 pts/2 pts/3"
        wait_until 60 has_getty many 1
        wait_until 60 has_getty many 2
        wait_until 60 has_getty many 3
        refute has_getty many 4
        berth exec many sh -c 'useradd -m guest; echo guest:word | chpasswd'

        # Each is one of its own, with the size of who looks at it.
        screen two "berth attach --terminal=2 many"
        wait_until 60 shows two "login:"
        type_into two guest Enter
        wait_until 60 shows two "Password:"
        type_into two word Enter
        wait_until 60 eval 'type_into two "tty; echo in-\$((40 + 2))" Enter; sleep 0.5; shows two in-42'
        check shows two /dev/pts/2
        wait_until 60 eval 'type_into two "stty size" Enter; sleep 0.5; shows two "24 80"'
        mux resize-window -t two -x 100 -y 30
        wait_until 60 eval 'type_into two "stty size" Enter; sleep 0.5; shows two "30 100"'
        screen one "berth attach --terminal=1 many"
        wait_until 60 shows one "login:"
        refute shows one in-42

        # A second one sees the same, and leaves it.
        screen three "berth attach --terminal=2 --detach-keys=ctrl-x many"
        wait_until 60 eval 'type_into two "echo both-\$((40 + 3))" Enter; sleep 0.5; shows three both-43'
        type_into three C-x
        wait_until 60 shows three "runs on"
        # It is not the console, which alone is recorded.
        assert_lacks "$(berth logs many 2>&1)" both-43

        # Who looks at one sees the next life's.
        mux clear-history -t one
        leader=$(leader_of many)
        type_into one "" Enter
        berth exec many systemctl reboot || true
        wait_until 120 eval '[[ $(leader_of many) != "$leader" ]]'
        wait_until 120 is_up many
        wait_until 60 has_getty many 2
        wait_until 60 eval 'type_into two "" Enter; sleep 0.5; shows two "login:"'
        berth stop many
        wait_until 60 shows one "status 0"
        wait_until 60 shows two "status 0"
}

# Only on: namespaced
test_terminals_that_cannot_be() {
        make_tree tree
        at_end forget plain
        assert_contains "$(error_of berth run --rm --terminals=2 ./tree true)" "Boot="
        assert_contains "$(error_of berth run --rm --boot --terminals=65 ./tree)" "0 to 64"
        berth run -d -t --rm --name plain ./tree sleep 100000 >/dev/null
        assert_contains "$(error_of berth attach --terminal=1 plain)" "no terminal 1"
}

is_dead_process() {
        ! test -e "/proc/$1"
}

# A getty on each of many, a client that is killed, and nothing is left. Written down in a settings file.
# Only on: namespaced
test_many_further_terminals() {
        local fds supervisor
        make_debian_tree crowd
        printf '[Exec]\nBoot=yes\nTerminals=64\n' >crowd.nspawn
        at_end forget crowd
        berth run -d --rm ./crowd >/dev/null
        wait_until 120 is_up crowd
        wait_until 60 has_getty crowd 64
        supervisor=$(supervisor_of crowd)
        fds=$(ls "/proc/$supervisor/fd" | wc -l)
        timeout --signal=KILL 2 berth attach --terminal=64 crowd >out </dev/null || true
        assert_contains "$(cat out)" "login:"
        wait_until 60 eval '[[ $(ls "/proc/$supervisor/fd" | wc -l) == "$fds" ]]'
        berth stop crowd
        wait_until 60 is_dead_process "$supervisor"
}
