# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Lack of memory: who is killed, what is said of it, and that nobody else is.

# A tree with something that takes memory: hog MEGABYTES, which ends well once it has it.
make_hog_tree() {
        make_tree tree
        cp "$(command -v hog)" tree/bin/
}

test_leader_is_killed_and_a_neighbour_runs_on() {
        make_hog_tree
        berth run -d --rm --name neighbour --memory-max=64M ./tree sh -c 'while :; do sleep 0.1; done'
        assert_status 137 berth run --name greedy --memory-max=64M --memory-swap-max=0 ./tree hog 128
        assert_eq "$(machine_property greedy Result)" oom-kill
        assert_eq "$(machine_property greedy State)" exited
        assert_ne "$(machine_property greedy OOMKills)" 0
        # It had all that it could get, which is kept with the result.
        (($(machine_property greedy MemoryPeak) > 48000000)) || fail "the peak is $(machine_property greedy MemoryPeak)"
        assert_eq "$(machine_property greedy MemoryLimit)" 67108864
        (($(machine_property greedy CPUUsageUSec) > 0)) || fail "it took no CPU time"
        assert_contains "$(berth status greedy)" "lack of memory"
        assert_matches "$(berth status greedy)" 'Memory: peak [0-9.]+M, max 64M'

        systemctl restart berthd.service
        assert_eq "$(machine_property greedy Result)" oom-kill
        (($(machine_property greedy MemoryPeak) > 48000000)) || fail "a new manager does not know the peak"
        check is_state neighbour running
        assert_eq "$(berth exec neighbour echo alive)" alive
        berth stop neighbour
        berth rm greedy
}

knows_a_kill() {
        [[ $(machine_property "$1" OOMKills) != 0 ]]
}

test_victim_is_told_while_the_machine_runs_on() {
        make_hog_tree
        busctl monitor --match "type='signal',path='/org/berth1/machine/careless'" org.berth1 >signals 2>/dev/null &
        at_end kill "$!"
        berth events careless >events &
        at_end kill "$!"
        sleep 1
        berth run -d --name careless --memory-max=64M --memory-swap-max=0 ./tree sh -c 'hog 128; echo "ended with $?" > /said; sleep 1000'
        wait_until 120 test -s tree/said
        assert_contains "$(cat tree/said)" "ended with 137"
        wait_until 60 knows_a_kill careless
        check is_state careless running

        wait_until 60 grep -q 'Member=OutOfMemory' signals
        wait_until 60 grep -q out-of-memory events
        assert_contains "$(berth status careless)" "Out of memory: 1 killed"
        # Where the kernel's log may be read it names the victim.
        if dmesg -S >/dev/null 2>&1; then
                assert_matches "$(machine_property careless OOMVictim)" '^hog \([0-9]+\)$'
        fi
        wait_until 60 journal_has berth-careless.scope "out of memory"

        # That was another: a leader that is killed by somebody is not the kernel's victim, once a moment has passed.
        sleep 2
        berth kill --signal=KILL careless
        assert_eq "$(machine_property careless Result)" signal
        assert_eq "$(machine_property careless OOMKills)" 1
        berth rm careless
}

test_last_result_has_cpu_and_memory() {
        make_tree tree
        berth run --name done ./tree sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
        (($(machine_property done CPUUsageUSec) > 1000)) || fail "CPU time is $(machine_property done CPUUsageUSec)"
        (($(machine_property done MemoryPeak) > 10000)) || fail "the peak is $(machine_property done MemoryPeak)"
        assert_eq "$(machine_property done OOMKills)" 0
        assert_contains "$(berth status done)" "CPU:"
        berth rm done
}

# Whoever tells how a machine ended is not what the kernel kills for lack of memory, where berth may say so; and nobody in the machine
# can be as safe.
test_supervisor_is_spared() {
        local usual least=-1000
        make_tree tree
        printf '#!/bin/sh\ncat /proc/self/oom_score_adj >"%s/of-hook"\n' "$PWD" >hook
        chmod +x hook
        berth run -d --rm --name spared --hook="started:$PWD/hook" ./tree sleep 1000
        usual=$(cat "/proc/$(systemctl show -P MainPID berthd.service)/oom_score_adj")
        # proc(5): it takes CAP_SYS_RESOURCE, which this host's root may not have.
        (echo "$least" >/proc/self/oom_score_adj) 2>/dev/null || least=$usual
        assert_eq "$(cat "/proc/$(supervisor_of spared)/oom_score_adj")" "$least"
        assert_eq "$(cat "/proc/$(leader_of spared)/oom_score_adj")" "$usual"
        assert_eq "$(berth exec spared cat /proc/self/oom_score_adj)" "$usual"
        wait_until 60 test -s of-hook
        assert_eq "$(cat of-hook)" "$usual"
        refute berth exec --cap-add all spared sh -c "echo $((usual - 1)) >/proc/self/oom_score_adj"
        berth stop spared
        assert_eq "$(berth run --rm --oom-score-adjust=5 ./tree cat /proc/self/oom_score_adj)" 5
}
