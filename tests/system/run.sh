# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth run: streams, exit status, and what the command finds around it.

debian=/var/lib/machines/debian
busybox=/var/lib/machines/busybox

# Only on: namespaced namespaced/trixie
test_pipeline_with_callers_streams() {
        local out
        out=$(printf 'b\na\nc\n' | berth run --rm --ephemeral "$debian" sh -c 'sort | tr a-z A-Z; echo problem >&2' 2>"err")
        assert_eq "$out" $'A\nB\nC'
        assert_eq "$(cat "err")" problem
}

# A pipe stays the caller's own pipe: no copying process in between.
# Only on: namespaced namespaced/trixie
test_pipe_is_passed_not_copied() {
        local inside
        inside=$(berth run --rm --ephemeral "$busybox" sh -c 'readlink /proc/self/fd/1' | cat)
        assert_contains "$inside" pipe:
        berth run --rm --ephemeral "$busybox" sh -c 'readlink /proc/self/fd/1 >&2' 2>"name" >"file"
        # The file's own inode is what the payload sees.
        berth run --rm --ephemeral "$busybox" stat -L -c %i /proc/self/fd/1 >"inode"
        assert_eq "$(cat "inode")" "$(stat -c %i "inode")"
}

# Only on: namespaced namespaced/trixie
test_large_stream_is_complete() {
        local sum
        sum=$(head -c 20000000 /dev/urandom | tee "data" | berth run --rm --ephemeral "$debian" cat | sha256sum)
        assert_eq "$sum" "$(sha256sum <"data")"
}

# Only on: namespaced
test_exit_status() {
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        assert_status 7 berth run --rm --ephemeral "$busybox" sh -c 'exit 7'
        assert_status 143 berth run --rm --ephemeral --init "$busybox" sh -c 'kill -TERM $$'
        assert_status 137 berth run --rm --ephemeral --init "$busybox" sh -c 'kill -KILL $$'
        assert_status 127 berth run --rm --ephemeral "$busybox" no-such-command
        assert_status 127 berth run --rm --ephemeral "$busybox" /no/such/command
        assert_status 126 berth run --rm --ephemeral "$busybox" /etc
        assert_status 125 berth run --rm --ephemeral --no-such-option "$busybox" true
}

# Only on: namespaced
test_options_reach_the_command() {
        local out
        out=$(berth run --rm --ephemeral -e A=1 -e 'B=two words' -w /usr -h inside "$busybox" \
                sh -c 'echo "$A|$B|$PWD|$(hostname)|$container"')
        assert_eq "$out" "1|two words|/usr|inside|berth"
}

# Only on: namespaced namespaced/trixie
test_user_of_the_machine() {
        assert_eq "$(berth run --rm --ephemeral -u daemon "$debian" id -un)" daemon
        assert_eq "$(berth run --rm --ephemeral -u 1234:4321 "$debian" sh -c 'echo $(id -u):$(id -g):$(id -G)')" 1234:4321:4321
        # No capability is left to a user who is not root.
        assert_contains "$(berth run --rm --ephemeral -u daemon "$debian" grep CapEff /proc/self/status)" 0000000000000000
        assert_status 125 berth run --rm --ephemeral -u nobody-knows "$debian" true
}

# Only on: namespaced
test_directory_option_leaves_the_command_alone() {
        assert_eq "$(berth run --rm --ephemeral -D "$busybox" echo "$busybox" -d --rm)" "$busybox -d --rm"
}

# Only on: namespaced
test_tree_by_name() {
        assert_eq "$(berth run --rm --ephemeral busybox echo found)" found
}

# Only on: namespaced namespaced/trixie
test_detached() {
        local name
        name=$(berth run -d --rm --ephemeral --name detached "$busybox" sleep 1000)
        assert_eq "$name" detached
        assert_contains "$(berth list)" detached
        berth stop detached
        refute berth status detached
}

# Only on: namespaced namespaced/trixie
test_output_of_detached_is_in_the_journal() {
        berth run -d --rm --ephemeral --name talker "$busybox" sh -c 'echo said-by-talker; sleep 1000'
        wait_until 60 journal_has berth-talker.scope said-by-talker
        berth stop talker
}

# Only on: namespaced
test_twenty_in_parallel() {
        local i pids=()
        for i in {1..20}; do
                (echo "line $i" | berth run --rm --ephemeral --name "parallel-$i" "$busybox" sh -c 'read line; echo "$line of $(hostname)"' \
                        >"out-$i") &
                pids+=($!)
        done
        for i in "${pids[@]}"; do
                wait "$i"
        done
        for i in {1..20}; do
                assert_eq "$(cat "out-$i")" "line $i of parallel-$i"
        done
}

# Only on: namespaced
test_name_is_picked() {
        local first second
        first=$(berth run -d --rm --ephemeral "$busybox" sleep 1000)
        second=$(berth run -d --rm --ephemeral "$busybox" sleep 1000)
        assert_ne "$first" "$second"
        berth stop "$first" "$second"
}

# Only on: namespaced
test_wait_gives_the_exit_status() {
        berth run -d --rm --ephemeral --name waited "$busybox" sh -c 'sleep 1; exit 9'
        assert_status 9 berth wait waited
}

# Only on: namespaced namespaced/trixie
test_terminal() {
        # script(1) gives berth a terminal; what it shows comes from the machine's own.
        local out
        out=$(script -qec "berth run -t --rm --ephemeral $busybox sh -c 'tty; test -t 0 && echo is-a-terminal; stty size; ps -o tty,comm | grep ps'" /dev/null </dev/null)
        assert_contains "$out" is-a-terminal
        assert_contains "$out" /dev/console
        assert_status 3 script -qec "berth run -t --rm --ephemeral $busybox sh -c 'exit 3'" /dev/null </dev/null
}

# Only on: namespaced namespaced/trixie
test_signal_reaches_the_foreground_payload() {
        berth run --rm --ephemeral --name fore "$busybox" sh -c 'trap "echo got-int; exit 5" INT; echo ready; while :; do sleep 0.1; done' \
                >"out" &
        local pid=$!
        wait_until 60 grep -q ready "out"
        kill -INT "$pid"
        local status=0
        wait "$pid" || status=$?
        assert_eq "$status" 5
        assert_contains "$(cat "out")" got-int
}

# Only on: namespaced
test_kept_machine_runs_again() {
        make_tree kept-tree
        assert_status 4 berth run --name kept ./kept-tree sh -c 'echo once >> /mark; exit 4'
        assert_contains "$(berth list -a)" exited
        assert_status 125 berth run --name kept ./kept-tree true
        berth start kept
        wait_until 60 is_state kept exited
        assert_eq "$(cat "kept-tree/mark")" $'once\nonce'
        berth rm kept
        refute berth status kept
}


# Only on: namespaced
test_timing_names_the_steps_in_order() {
        local lines begin=-1 total
        berth run --rm --ephemeral --timing "$busybox" sh -c 'echo out' >out 2>timing
        assert_eq "$(cat out)" out
        lines=$(cat timing)
        assert_matches "$lines" 'call read and authorized.*supervisor: clone_leader.*leader: executed.*has the answer'
        while read -r total _; do
                check test "$total" -ge "$begin"
                begin=$total
        done < <(tail -n +2 timing)

        # Nobody else pays for it or sees it.
        berth run --rm --ephemeral "$busybox" true 2>timing
        assert_eq "$(cat timing)" ''
}
