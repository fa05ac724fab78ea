# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Many rounds of a machine's life with the manager killed at any moment. BERTH_ROUNDS= says how many: 60, or 1000 for a night.
#
# Only on: namespaced

# What a call says whose manager was killed.
lost="gave no answer|manager died|disconnected|it was not started"

busybox=/var/lib/machines/busybox

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

# What kills the manager again and again, at moments that nobody chose, until its folder's "over" is there.
harass() {
        local pid
        until [[ -e over ]]; do
                sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
                pid=$(systemctl show -P MainPID berthd.service)
                [[ $pid == 0 ]] || kill -KILL "$pid" 2>/dev/null || true
        done
}

# insist COMMAND…: a call whose manager was killed may be made again; every other failure is one.
insist() {
        local text try
        for ((try = 0; try < 40; try++)); do
                if text=$("$@" 2>&1); then
                        printf '%s\n' "$text"
                        return 0
                fi
                [[ $text =~ $lost ]] || fail "in round $round: $*: $text"
                sleep 0.1
        done
        fail "in round $round, again and again: $*: $text"
}

lives() {
        [[ $(machine_property "$1" State 2>/dev/null) == running ]]
}

# One whose answer was lost may have started it all the same.
start_it() {
        local text
        until lives hardy; do
                text=$(berth start hardy 2>&1) || [[ $text =~ $lost || $text =~ "is running"|"is starting" ]] ||
                        fail "in round $round: $text"
        done
}

test_rounds_with_the_manager_killed() {
        local rounds=${BERTH_ROUNDS:-60} round harasser
        make_tree tree
        at_end forget hardy
        insist berth create --name hardy ./tree sh -c 'echo life >>/lives; exec sleep 100000'
        harass &
        harasser=$!
        at_end kill "$harasser"

        for ((round = 0; round < rounds; round++)); do
                # A start that was answered is a start; one that was not may be one all the same.
                start_it
                assert_eq "$(insist berth exec hardy echo "round $round")" "round $round"
                insist berth stop hardy >/dev/null
                wait_until 60 is_state hardy exited
        done

        touch over
        wait "$harasser"
        wait_until 60 eval 'berth list >/dev/null 2>&1'
        # Every round had a life of its own, and the machine is as it was.
        (($(wc -l <tree/lives) >= rounds)) || fail "$(wc -l <tree/lives) lives in $rounds rounds"
        assert_eq "$(berth inspect hardy | jq -r '.[0].settings.Parameters[0]')" sh
        wait_until 60 scope_is_gone hardy
        berth start hardy
        assert_eq "$(berth exec hardy echo still)" still
        berth stop hardy
}

test_rounds_of_runs_with_the_manager_killed() {
        local rounds=$((${BERTH_ROUNDS:-60} / 3)) round harasser status=0 done=0
        harass &
        harasser=$!
        at_end kill "$harasser"

        # What runs in the foreground either ends as its command does, or says that it did not start.
        for ((round = 0; round < rounds; round++)); do
                status=0
                berth run --rm --ephemeral "$busybox" sh -c "echo $round; sleep 0.1; exit 7" >out 2>err || status=$?
                case $status in
                7)
                        assert_eq "$(cat out)" "$round"
                        done=$((done + 1))
                        ;;
                125) [[ -s err ]] || fail "round $round failed without a word" ;;
                *) fail "round $round ended with $status: $(cat err)" ;;
                esac
        done
        touch over
        wait "$harasser"
        ((done > 0)) || fail "no round at all"
        wait_until 60 eval '[[ -z $(berth list -q 2>/dev/null) ]]'
}
