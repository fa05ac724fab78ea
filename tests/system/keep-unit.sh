# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth run --keep-unit: the unit is the machine's unit.

busybox=/var/lib/machines/busybox

# unit NAME LINE…: writes a service of its own and forgets it at the end.
unit() {
        local name=$1 line
        shift
        {
                printf '[Service]\nType=notify\nDelegate=yes\nKillMode=mixed\n'
                for line; do
                        printf '%s\n' "$line"
                done
        } >"/run/systemd/system/$name.service"
        at_end remove_unit "$name"
        systemctl daemon-reload
}

remove_unit() {
        systemctl stop "$1.service"
        rm -f "/run/systemd/system/$1.service"
        systemctl daemon-reload
        systemctl reset-failed "$1.service" 2>/dev/null || true
}

# Only on: namespaced vm/trixie
test_unit_is_the_machines_unit() {
        unit kept-a "ExecStart=berth run --keep-unit --rm --name in-unit --ephemeral $busybox sleep 1000" "MemoryMax=64M"
        systemctl start kept-a.service
        assert_eq "$(machine_property in-unit Unit)" kept-a.service
        assert_contains "$(berth list)" in-unit
        assert_eq "$(cgroup_of "$(leader_of in-unit)")" /system.slice/kept-a.service/payload
        assert_eq "$(systemctl show -P MainPID kept-a.service)" "$(supervisor_of in-unit)"
        wait_until 60 machinectl show in-unit >/dev/null
        assert_eq "$(machinectl show -p Unit --value in-unit)" kept-a.service

        systemctl stop kept-a.service
        assert_eq "$(systemctl show -P Result kept-a.service)" success
        wait_until 60 refute_quietly berth status in-unit
}

refute_quietly() {
        ! "$@" >/dev/null 2>&1
}

# Only on: namespaced vm/trixie
test_without_any_manager() {
        systemctl stop berthd.service
        unit kept-b "ExecStart=berth run --keep-unit --rm --name no-manager --ephemeral $busybox sleep 1000"
        systemctl start kept-b.service
        assert_eq "$(systemctl is-active berthd.service || true)" inactive
        [[ -e /run/berth/machines/no-manager/state.json ]] || fail "it is not in the registry"

        # A manager that comes later sees it.
        assert_contains "$(berth list)" no-manager
        systemctl stop kept-b.service
        wait_until 60 refute_quietly berth status no-manager
}

# Each of them ends by cgroup.kill, which the kernel remembers of a cgroup: none may be born in what another one left.
# Only on: namespaced vm/trixie
test_one_unit_can_run_one_machine_after_another() {
        local command="berth run --keep-unit --rm --name after-another --ephemeral $busybox echo has run"

        assert_eq "$(systemd-run --quiet --pipe --wait --collect --property=Delegate=yes sh -c "$command && $command && $command")" \
                $'has run\nhas run\nhas run'
}

# Only on: namespaced
test_exit_status_is_the_payloads() {
        unit kept-c "ExecStart=berth run --keep-unit --rm --name status --ephemeral $busybox sh -c 'sleep 1; exit 23'"
        systemctl start kept-c.service
        wait_until 60 test "$(systemctl show -P ActiveState kept-c.service)" != activating
        wait_until 60 unit_has_failed kept-c
        assert_eq "$(systemctl show -P ExecMainStatus kept-c.service)" 23
}

unit_has_failed() {
        [[ $(systemctl show -P ActiveState "$1.service") == failed ]]
}

fails_and_says_why() {
        refute systemctl start kept-d.service
        assert_eq "$(systemctl show -P ExecMainStatus kept-d.service)" 127
        journal_has kept-d.service no-such-command
}

# Only on: namespaced
test_failed_start_fails_the_unit() {
        unit kept-d "ExecStart=berth run --keep-unit --rm --name nothing --ephemeral $busybox no-such-command"
        # Once more where journald has lost it: late in a run of all tests one of systemd 252 was seen to lose all that was said within
        # some seconds, before it went on with its next file.
        wait_until 60 fails_and_says_why
}

# Only on: namespaced vm/trixie
test_stop_runs_the_payloads_trap() {
        make_tree tree
        unit kept-e "ExecStart=berth run --keep-unit --rm --name trapper $PWD/tree sh -c 'trap \"echo trapped > /mark; exit 0\" TERM; while :; do sleep 0.1; done'"
        systemctl start kept-e.service
        sleep 0.5
        systemctl stop kept-e.service
        assert_eq "$(cat tree/mark)" trapped
        assert_eq "$(systemctl show -P Result kept-e.service)" success
}

# Only on: namespaced vm/trixie
test_restart_by_systemd() {
        unit kept-f "ExecStart=berth run --keep-unit --rm --name phoenix --ephemeral $busybox sleep 1000" Restart=always RestartSec=0
        systemctl start kept-f.service
        local first
        first=$(leader_of phoenix)
        kill -KILL "$(supervisor_of phoenix)"
        wait_until 60 leader_has_changed phoenix "$first"
        systemctl stop kept-f.service
}

leader_has_changed() {
        local now
        now=$(leader_of "$1" 2>/dev/null) && [[ -n $now && $now != 0 && $now != "$2" ]]
}

# What a payload finds about itself must not depend on who started it.
# Only on: namespaced vm/trixie
test_payload_inherits_the_same() {
        local probe
        probe='grep -E "^(NoNewPrivs|Seccomp|Cap|SigIgn|SigBlk|Umask)" /proc/self/status; ulimit -a; cut -d" " -f5- /proc/self/mountinfo | sed "s/ [^ ]*uid=[0-9]*[^ ]*//"; cat /proc/self/oom_score_adj; env | sort; ls /proc/self/fd'
        make_tree tree
        printf '%s\n' "$probe" >tree/probe
        berth run --rm --read-only --name same "$PWD/tree" sh /probe >by-manager </dev/null
        unit kept-g "ExecStart=berth run --keep-unit --rm --read-only --name same $PWD/tree sh /probe" "StandardOutput=file:$PWD/by-unit"
        systemctl start kept-g.service
        wait_until 60 unit_is_inactive kept-g
        check diff by-manager by-unit
        assert_contains "$(cat by-unit)" NoNewPrivs
}

unit_is_inactive() {
        [[ $(systemctl show -P ActiveState "$1.service") == inactive ]]
}

# The machine's limits are the unit's. What the unit says itself counts more; what an earlier start has sent does not.
# Only on: namespaced vm/trixie
test_limits_are_the_units() {
        local run="ExecStart=berth run --keep-unit --rm --name limited --ephemeral"
        unit kept-limits "$run -m 48M --pids-limit 40 $busybox sleep 1000" "TasksMax=50"
        systemctl start kept-limits.service
        assert_eq "$(systemctl show -P MemoryMax kept-limits.service)" $((48 << 20))
        assert_eq "$(systemctl show -P TasksMax kept-limits.service)" 50
        local cgroup=system.slice/kept-limits.service
        assert_eq "$(cat /sys/fs/cgroup/{$cgroup/memory.max,memory/$cgroup/memory.limit_in_bytes} 2>/dev/null)" $((48 << 20))
        wait_until 60 journal_has kept-limits.service "kept-limits.service sets TasksMax= itself"
        systemctl stop kept-limits.service

        unit kept-limits "$run -m 56M --cpu-shares 2048 $busybox sleep 1000"
        systemctl start kept-limits.service
        assert_eq "$(systemctl show -P MemoryMax kept-limits.service)" $((56 << 20))
        systemctl stop kept-limits.service

        unit kept-limits "$run $busybox sleep 1000"
        systemctl start kept-limits.service
        assert_eq "$(systemctl show -P MemoryMax kept-limits.service)" infinity
        assert_eq "$(systemctl show -P CPUShares -P CPUWeight kept-limits.service | sort -u)" '[not set]'
        [[ ! -e /run/berth/units/kept-limits.service ]] || fail "there is a record of nothing"
        systemctl stop kept-limits.service
}

# Only on: namespaced vm/trixie
test_limit_that_systemd_refuses() {
        unit kept-refused "ExecStart=berth run --keep-unit --rm --name refused --ephemeral --property=NoSuchThing=1 $busybox true"
        refute systemctl start kept-refused.service
        wait_until 60 journal_has kept-refused.service NoSuchThing
        refute berth status refused
}

# Sockets of the unit are the payload's, by the numbers and names that it had them by, and nobody else's.
# Only on: namespaced vm/trixie
test_sockets_of_the_unit() {
        local debian=/var/lib/machines/debian served
        # shellcheck disable=SC2016 # it is Perl's
        served='use Socket; open(S, "+<&=", $ENV{LISTEN_FDS} + 2); accept(C, S); opendir(D, "/proc/self/fd");
                syswrite(C, join(" ", "$ENV{LISTEN_FDS} $ENV{LISTEN_FDNAMES}", $ENV{LISTEN_PID} == $$ ? "mine" : "not mine",
                        grep({ /\d/ && readlink("/proc/self/fd/$_") =~ /^socket/ && $_ > 2 } sort(readdir(D))))); close(C); sleep'
        printf '%s\n' "$served" >serve.pl
        printf '[Socket]\nListenStream=%s/first\nListenStream=%s/second\nFileDescriptorName=door\nService=kept-s.service\n' "$PWD" "$PWD" \
                >/run/systemd/system/kept-s.socket
        at_end rm -f /run/systemd/system/kept-s.socket
        at_end systemctl stop kept-s.socket
        unit kept-s "ExecStart=berth run --keep-unit --rm --name sockets --ephemeral --bind-ro $PWD/serve.pl:/serve.pl $debian perl /serve.pl"
        systemctl start kept-s.socket
        # The last of them; beside them the payload has the connection and the folder that it reads.
        assert_eq "$(nc -N -U "$PWD/second" </dev/null)" "2 door:door mine 3 4 5"
        assert_eq "$(systemctl is-active kept-s.service)" active
        assert_eq "$(berth exec sockets sh -c 'echo $LISTEN_FDS; ls /proc/self/fd | tr "\n" " "')" $'\n0 1 2 3 '
        systemctl stop kept-s.service

        # Also behind an init of berth's, which keeps none.
        unit kept-i "Sockets=kept-s.socket" \
                "ExecStart=berth run --keep-unit --rm --name sockets --init --ephemeral --bind-ro $PWD/serve.pl:/serve.pl $debian perl /serve.pl"
        systemctl start kept-i.service
        assert_eq "$(nc -N -U "$PWD/second" </dev/null)" "2 door:door mine 3 4 5"
        assert_eq "$(ls -l "/proc/$(leader_of sockets)/fd" | grep -c socket: || true)" 0
        systemctl stop kept-i.service
}
