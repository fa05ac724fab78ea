# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the manual shows as examples, as it shows it.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox
examples=/usr/share/doc/berth/examples

# Every line of berth-busctl(7), in its order; what they say and do is looked at where it can be.
test_busctl_lines() {
        local line n=0
        at_end berth rm -f web
        while IFS= read -r line; do
                [[ -n $line && $line != '#'* ]] || continue
                bash -ec "set -o pipefail; $line" >out 2>&1 || fail "'$line' failed: $(cat out)"
                n=$((n + 1))
                case $line in
                *' PlanMachine '*) assert_contains "$(cat out)" 'machine       web' ;;
                *' ListMachines '*) assert_eq "$(cat out)" 'web running' ;;
                *' tree '*) assert_contains "$(cat out)" /org/berth1/machine/web ;;
                *' get-property '*' State '*) assert_contains "$(cat out)" 's "running"' ;;
                *' GetMachineByPID '*) assert_eq "$(cat out)" 'o "/org/berth1/machine/web"' ;;
                *TasksMax=50) assert_eq "$(scope_property web TasksMax)" 50 ;;
                *' Pause') assert_eq "$(machine_property web State)" paused ;;
                *' Unpause') assert_eq "$(machine_property web State)" running ;;
                *' GetSettings '*) assert_contains "$(cat out)" MemoryMax ;;
                *' GetManagedObjects') assert_contains "$(cat out)" org.berth1.Machine ;;
                *' RunMachine '*) assert_eq "$(tr '\0' '\n' <"/proc/$(leader_of web)/environ" | grep GREETING)" GREETING=hello ;;
                esac
        done <$examples/busctl.txt
        check test "$n" -ge 12
        wait_until 60 is_state web exited
}

test_sd_bus_program() {
        assert_eq "$(echo in | run-sd-bus "$busybox" sh -c 'cat; echo out')" $'in\nout'
        assert_status 7 run-sd-bus "$busybox" sh -c 'exit 7'
        assert_contains "$(error_of run-sd-bus /no/such/tree true)" /no/such/tree
}

test_libdbus_program() {
        local name
        name=$(run-libdbus "$busybox" sleep 1000)
        wait_until 60 is_state "$name" running
        berth terminate "$name"
        assert_contains "$(error_of run-libdbus /no/such/tree true)" /no/such/tree
}

test_python_program() {
        local out
        out=$(python3 $examples/run-machine.py "$busybox" sh -c 'exit 5')
        assert_matches "$out" 'machine busybox.* runs as process [0-9]+'
        assert_contains "$out" 'it ended: exited, status 5'
        assert_eq "$(berth list -a -q | grep -c '^busybox-' || true)" 0
}
