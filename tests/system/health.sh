# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Health checks: what they see, and what is done about it.

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

is_health() {
        [[ $(machine_property "$1" Health) == "$2" ]]
}

# Only on: namespaced namespaced/trixie
test_healthy_and_unhealthy() {
        make_tree tree
        at_end forget patient
        watch_events events patient
        berth run -d --name patient --health-cmd='echo looked; test ! -e /ill' --health-interval=200ms --health-retries=2 \
                ./tree sleep 100000
        wait_until 60 is_health patient healthy
        assert_contains "$(berth status patient)" "Health: healthy: looked"
        touch tree/ill
        wait_until 60 is_health patient unhealthy
        (($(machine_property patient HealthFailures) >= 2)) || fail "unhealthy after $(machine_property patient HealthFailures)"
        # Nothing is done about it; and it can recover.
        is_state patient running
        assert_eq "$(berth inspect patient | jq -r '.[0].state.health')" unhealthy
        wait_until 60 grep -q '"event":"unhealthy"' events
        rm tree/ill
        wait_until 60 is_health patient healthy
        assert_eq "$(machine_property patient HealthFailures)" 0
        # A manager that comes new knows it.
        kill_manager
        is_health patient healthy
        berth stop patient
        assert_eq "$(jq -r 'select(.event | endswith("healthy")) | .event' events | uniq | head -3 | tr '\n' ' ')" \
                "healthy unhealthy healthy "
}

# Only on: namespaced
test_failures_in_the_beginning_do_not_count() {
        make_tree tree
        at_end forget slow
        berth run -d --name slow --health-cmd='echo x >>/looks; test -e /well' --health-interval=100ms --health-retries=1 \
                --health-start-period=1h ./tree sleep 100000
        wait_until 60 eval '[[ -e tree/looks && $(wc -l <tree/looks) -ge 4 ]]'
        is_health slow starting
        touch tree/well
        wait_until 60 is_health slow healthy
        # From then on they do.
        rm tree/well
        wait_until 60 is_health slow unhealthy
}

# Only on: namespaced
test_a_check_that_hangs_fails() {
        make_tree tree
        at_end forget hung
        berth run -d --name hung --health-cmd='sleep 100000' --health-interval=100ms --health-timeout=300ms --health-retries=1 ./tree \
                sleep 200000
        wait_until 60 is_health hung unhealthy
        assert_contains "$(machine_property hung HealthOutput)" "HealthTimeoutSec"
        # No check is left behind: at most the one that runs.
        (($(berth exec hung ps | grep -c 'sleep 100000') <= 2)) || fail "$(berth exec hung ps)"
}

# Only on: namespaced namespaced/trixie
test_nothing_is_checked_while_it_is_paused() {
        local looks
        make_tree tree
        at_end forget frozen
        berth run -d --name frozen --health-cmd='echo x >>/looks' --health-interval=100ms ./tree sleep 100000
        wait_until 60 test -s tree/looks
        berth pause frozen
        looks=$(wc -l <tree/looks)
        sleep 1
        assert_eq "$(wc -l <tree/looks)" "$looks"
        assert_ne "$(machine_property frozen Health)" unhealthy
        berth unpause frozen
        wait_until 60 eval '(($(wc -l <tree/looks) > looks))'
}

# Only on: namespaced namespaced/trixie
test_unhealthy_is_killed() {
        make_tree tree
        at_end forget doomed
        berth run -d --name doomed --health-cmd=false --health-interval=100ms --health-retries=1 --health-on-failure=kill ./tree \
                sleep 100000
        wait_until 60 is_state doomed exited
        assert_eq "$(machine_property doomed Result)" signal
        assert_eq "$(machine_property doomed ExitStatus)" 9
}

# Only on: namespaced namespaced/trixie
test_unhealthy_begins_again() {
        local supervisor
        make_tree tree
        at_end forget reborn
        # In order: it is asked to end first, and cleans up.
        berth run -d --name reborn --health-cmd='test ! -e /ill' --health-interval=100ms --health-retries=1 \
                --health-on-failure=restart ./tree sh -c 'rm -f /ill; echo life >>/lives; trap "echo ended >>/lives; exit 0" TERM; while :; do sleep 0.1; done'
        supervisor=$(supervisor_of reborn)
        wait_until 60 is_health reborn healthy
        touch tree/ill
        wait_until 60 eval '[[ $(tr "\n" " " <tree/lives) == "life ended life "* ]]'
        wait_until 60 is_health reborn healthy
        assert_eq "$(supervisor_of reborn)" "$supervisor"
        berth stop reborn
        wait_until 60 is_state reborn exited
        assert_eq "$(tr '\n' ' ' <tree/lives)" "life ended life ended "
}

# Only on: namespaced
test_health_in_the_list() {
        make_tree tree
        berth run -d --name sound --ephemeral ./tree sleep 1000
        at_end forget_machine sound
        assert_lacks "$(berth list)" HEALTH
        assert_eq "$(berth list --json | jq -r '.[] | select(.machine == "sound") | .health')" null

        berth run -d --name sick --ephemeral --health-cmd 'test ! -e /ill' --health-interval 200ms --health-retries 1 ./tree sleep 1000
        at_end forget_machine sick
        wait_until 60 lists_health sick healthy
        assert_matches "$(berth list)" 'MACHINE +STATE +HEALTH +LEADER'
        assert_matches "$(berth list)" 'sound +running +- '
        berth exec sick touch /ill
        wait_until 60 lists_health sick unhealthy
        assert_contains "$(berth status sick)" 'Health: unhealthy'
        assert_eq "$(berth list --json | jq -r '.[] | select(.machine == "sick") | .health')" unhealthy
}

lists_health() {
        [[ $(berth list) =~ $1\ +running\ +$2\  ]]
}

forget_machine() {
        berth rm -f "$1" 2>/dev/null
}
