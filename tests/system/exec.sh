# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth exec: a command joins all of a machine that runs, and nothing of the host comes along.

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

# start_machine NAME OPTION…: one that only sleeps.
start_machine() {
        berth run -d --rm --ephemeral --name "$@" "$busybox" sleep 100000 >/dev/null
        at_end stop_quietly "$1"
}

stop_quietly() {
        berth stop "$1" >/dev/null 2>&1
}

# over_the_bus COMMAND…: as berthd is asked, which the command line of root does only where it must.
over_the_bus() {
        busctl call org.berth1 /org/berth1 org.berth1.Manager ExecMachine 'sasa{sv}' "$@"
}

test_joins_each_namespace() {
        local leader name inside
        start_machine joined
        leader=$(leader_of joined)
        for name in mnt uts ipc pid net user cgroup; do
                inside=$(berth exec joined readlink "/proc/self/ns/$name")
                assert_eq "$inside" "$(readlink "/proc/$leader/ns/$name")" "$name"
        done
        # It sees the machine's processes and they see it.
        assert_contains "$(berth exec joined ps -o pid,args)" "sleep 100000"
        assert_ne "$(berth exec joined sh -c 'echo $$')" 1
}

exec_pid() {
        pgrep -f "^sleep $1\$"
}

test_joins_the_cgroup() {
        local pid
        start_machine grouped --memory 64M
        berth exec -d grouped sleep 77001
        wait_until 60 exec_pid 77001 >/dev/null
        pid=$(exec_pid 77001)
        assert_eq "$(cgroup_of "$pid")" "$(cgroup_of "$(leader_of grouped)")"
        assert_contains "$(cat "$(scope_file grouped payload/cgroup.procs memory cgroup.procs)")" "$pid"
        # The machine's end is its end.
        berth stop grouped
        refute exec_pid 77001
}

test_is_confined_as_the_leader() {
        local field
        start_machine held --rlimit NOFILE=77:88
        for field in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
                assert_eq "$(berth exec held grep "^$field:" /proc/self/status)" "$(grep "^$field:" "/proc/$(leader_of held)/status")"
        done
        assert_eq "$(berth exec held sh -c 'ulimit -n; ulimit -Hn')" $'77\n88'
}

test_more_capabilities() {
        start_machine capped
        refute berth exec capped sh -c 'mount -t tmpfs x /tmp 2>/dev/null'
        berth exec --cap-add=sys_admin capped sh -c 'mount -t tmpfs x /tmp && umount /tmp' || fail "cap-add gave nothing"
        berth exec --privileged capped sh -c 'mount -t tmpfs x /tmp && umount /tmp' || fail "privileged gave nothing"
        assert_eq "$(berth exec --cap-drop=all capped grep CapEff /proc/self/status | tr -d '[:space:]')" CapEff:0000000000000000
        # Not for the others.
        refute berth exec capped sh -c 'mount -t tmpfs x /tmp 2>/dev/null'
}

# Only on: namespaced
test_streams_and_exit_status() {
        start_machine piped
        assert_eq "$(printf 'b\na\n' | berth exec piped sh -c 'sort; echo problem >&2' 2>err)" $'a\nb'
        assert_eq "$(cat err)" problem
        head -c 5000000 /dev/urandom >data
        assert_eq "$(berth exec piped cat <data | sha256sum)" "$(sha256sum <data)"
        assert_status 0 berth exec piped true
        assert_status 9 berth exec piped sh -c 'exit 9'
        assert_status 143 berth exec piped sh -c 'kill -TERM $$'
        assert_status 127 berth exec piped no-such-command
        assert_status 126 berth exec piped /etc
        assert_status 125 berth exec -u nobody-knows piped true
        assert_status 125 berth exec no-such-machine true
        assert_status 3 berth exec piped -- sh -c 'exit 3'
}

# Only on: namespaced
test_environment_user_and_directory() {
        berth run -d --rm --ephemeral --name around -e A=machine -e B=machine -w /usr -u daemon "$debian" sleep 100000
        at_end stop_quietly around
        assert_eq "$(berth exec around sh -c 'echo "$A $B $PWD $(id -un) $container"')" "machine machine /usr daemon berth"
        assert_eq "$(berth exec -e B=own -w /etc -u root around sh -c 'echo "$A $B $PWD $(id -un) $HOME"')" "machine own /etc root /root"
        assert_eq "$(berth exec -u 1234:4321 around sh -c 'echo $(id -u):$(id -g)')" 1234:4321
}

test_no_descriptor_of_the_host() {
        start_machine bare
        assert_eq "$(berth exec bare sh -c 'ls /proc/self/fd | wc -l' 9</etc/passwd)" 4
        # Standard streams are the caller's, and the fourth is the list's own.
        assert_eq "$(berth exec -e X=1 bare sh -c 'readlink /proc/self/cwd')" /
}

# Until it has executed, nobody in the machine can look into the process that joins: neither with the machine's ids nor as
# the same user as on the host.
test_cannot_be_seen_before_the_exec() {
        local option i
        for option in pick no; do
                make_tree "tree-$option"
                berth run -d --rm --name prowled --private-users="$option" "./tree-$option" sh -c \
                        'touch /ready; while :; do for p in /proc/[0-9]*; do
                                e=$(readlink $p/exe) && case $e in *berth*|*supervisor*) echo "$p $e" >>/seen;; esac
                                ls $p/fd >/dev/null 2>&1 && cat $p/environ 2>/dev/null | grep -q -a NOTIFY_SOCKET && echo "$p environ" >>/seen
                        done; done'
                at_end stop_quietly prowled
                wait_until 60 test -e "tree-$option/ready"
                for i in {1..100}; do
                        berth exec prowled true
                done
                berth stop prowled
                refute test -e "tree-$option/seen"
        done
}

test_terminal() {
        local out
        start_machine typed
        out=$(script -qec "stty rows 33 cols 77; berth exec -it typed sh -c 'tty; stty size; test -t 0 && echo is-a-terminal; echo \$TERM'" /dev/null </dev/null) || fail "it said: $out"
        assert_matches "$out" "/dev/pts/[0-9]+"
        assert_contains "$out" "33 77"
        assert_contains "$out" is-a-terminal
        assert_status 4 script -qec "berth exec -t typed sh -c 'exit 4'" /dev/null </dev/null
        # All of it comes, in order; script(1) types a NUL at the end of its input, which the terminal echoes.
        script -qec "berth exec -t typed sh -c 'echo; seq 1 40000'" /dev/null </dev/null | tr -d '\r' | sed 's/\^@//' | grep -E '^[0-9]+$' >lines
        assert_eq "$(sha256sum <lines)" "$(seq 1 40000 | sha256sum)"
}

# A user who is not root can open its own terminal again.
# Only on: namespaced
test_terminal_belongs_to_the_user() {
        start_machine owned
        assert_contains "$(script -qec "berth exec -t -u 1000 owned sh -c 'echo again >/dev/stdout; echo more >\$(tty)'" /dev/null </dev/null)" more
}

is_dead() {
        ! kill -0 "$1" 2>/dev/null
}

# Only on: namespaced
test_client_that_dies() {
        local client pid
        start_machine orphaned
        script -qec "berth exec -t orphaned sh -c 'sleep 77002'" /dev/null </dev/null >/dev/null &
        wait_until 60 exec_pid 77002 >/dev/null
        pid=$(exec_pid 77002)
        client=$(pgrep -f '^berth exec -t orphaned')
        kill -9 "$client"
        wait_until 60 is_dead "$pid"

        # Without a terminal it goes on, as with docker.
        berth exec orphaned sleep 77003 &
        wait_until 60 exec_pid 77003 >/dev/null
        kill -9 $!
        wait $! || true
        pid=$(exec_pid 77003)
        sleep 0.5
        refute is_dead "$pid"
}

# Only on: namespaced
test_signals_are_passed_on() {
        local status=0
        start_machine signalled
        berth exec signalled sh -c 'trap "echo got-it; exit 6" TERM; echo ready; while :; do sleep 0.1; done' >out &
        wait_until 60 grep -q ready out
        kill -TERM $!
        wait $! || status=$?
        assert_eq "$status" 6
        assert_contains "$(cat out)" got-it
}

# Only on: namespaced
test_machine_that_does_not_run() {
        make_tree tree
        assert_status 0 berth run --name ended ./tree true
        wait_until 60 is_state ended exited
        assert_contains "$(error_of berth exec ended true)" "not running"
        berth rm ended
}

# Only on: namespaced
test_in_units() {
        start_machine unitary
        assert_status 5 systemd-run --quiet --wait --collect berth exec unitary sh -c 'exit 5'
        assert_status 0 systemd-run --quiet --wait --property=ExecStartPre="berth exec unitary -- true" berth exec unitary -- true
        # A stop of the unit ends the command, and is no failure of the unit.
        systemd-run --quiet --unit exec-test berth exec unitary sleep 77004
        wait_until 60 exec_pid 77004 >/dev/null
        systemctl stop exec-test.service
        refute exec_pid 77004
        assert_ne "$(systemctl show -P ActiveState exec-test.service)" failed
}

# Only on: namespaced
test_over_the_bus() {
        start_machine bussed
        assert_matches "$(over_the_bus bussed 2 touch /tmp/by-bus 1 User s root)" "^h "
        wait_until 60 test -e "/proc/$(leader_of bussed)/root/tmp/by-bus"
        assert_contains "$(error_of over_the_bus bussed 1 true 1 MemoryMax s 1M)" "MemoryMax"
        # Without a command it is the user's shell.
        assert_matches "$(over_the_bus bussed 0 0)" "^h "
        assert_contains "$(error_of over_the_bus bussed 1 no-such 0)" "no-such"
        refute as_user berth exec bussed true
}

# The supervisor does it: no manager is needed, and one that dies in between loses nothing.
# Only on: namespaced
test_without_a_manager() {
        start_machine alone
        kill_manager
        assert_eq "$(berth exec alone echo still)" still
        wait_until 60 systemctl is-active --quiet berthd.service
        assert_eq "$(berth exec alone echo again)" again
}

descriptors_of() {
        find "/proc/$1/fd" -mindepth 1 | wc -l
}

has_at_most() {
        [[ $(descriptors_of "$2") -le $1 ]]
}

# Only on: namespaced
test_hundred_leave_nothing() {
        local i supervisor before
        start_machine rounds
        supervisor=$(supervisor_of rounds)
        berth exec rounds true
        before=$(descriptors_of "$supervisor")
        for i in {1..100}; do
                assert_status $((i % 3)) berth exec rounds sh -c "exit $((i % 3))"
        done
        for i in {1..30}; do
                berth exec rounds sh -c 'sleep 0.$(($$ % 10))' &
        done
        wait
        wait_until 60 has_at_most "$before" "$supervisor"
        assert_eq "$(ps --ppid "$supervisor" -o stat= | grep -c Z || true)" 0
}

test_in_a_unit_of_its_own() {
        systemd-run --quiet --unit exec-kept --property=Type=notify --property=Delegate=yes --property=KillMode=mixed \
                berth run --keep-unit --rm --ephemeral --name kept-unit "$busybox" sleep 100000
        at_end systemctl stop exec-kept.service
        assert_eq "$(berth exec kept-unit sh -c 'echo in; ls -d /proc/1')" $'in\n/proc/1'
        assert_eq "$(berth exec kept-unit cat /proc/1/comm)" sleep
}
