# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The command line as people and scripts see it: colours, a pager, names and tables.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox
escape=$'\033['

# on_terminal COMMAND…: what it writes to a terminal.
on_terminal() {
        TERM=xterm script -qec "$(printf '%q ' "$@")" /dev/null </dev/null
}

# Only on: namespaced
test_colours_are_for_terminals() {
        berth run -d --rm --ephemeral --name colourful "$busybox" sleep 1000
        at_end berth terminate colourful
        assert_contains "$(on_terminal berth --no-pager list)" "${escape}0;1;32mrunning${escape}0m"
        assert_contains "$(on_terminal berth --no-pager status colourful)" "${escape}0;1;32m●"
        assert_lacks "$(berth list)" "$escape"
        assert_lacks "$(berth status colourful)" "$escape"
        assert_lacks "$(NO_COLOR=1 on_terminal berth --no-pager list)" "$escape"
        assert_lacks "$(SYSTEMD_COLORS=0 on_terminal berth --no-pager list)" "$escape"
        assert_lacks "$(TERM=dumb script -qec 'berth --no-pager list' /dev/null </dev/null)" "$escape"
        assert_contains "$(SYSTEMD_COLORS=1 berth list)" "$escape"
        assert_lacks "$(berth list --json=short)" "$escape"
}

# Only on: namespaced
test_pager_is_for_terminals() {
        local marked='sed s/^/paged:/'
        assert_contains "$(PAGER=$marked on_terminal berth --help)" 'paged:berth VERB'
        assert_contains "$(PAGER=$marked on_terminal berth settings)" 'paged:'
        assert_contains "$(PAGER=$marked on_terminal berth run --help)" 'paged:berth run'
        assert_contains "$(PAGER=cat SYSTEMD_PAGER=$marked on_terminal berth settings)" 'paged:'
        assert_lacks "$(PAGER=$marked on_terminal berth --no-pager settings)" 'paged:'
        assert_lacks "$(PAGER=$marked SYSTEMD_PAGER='' on_terminal berth settings)" 'paged:'
        assert_lacks "$(PAGER=$marked berth settings)" 'paged:'
        # What was asked for is shown where there is no such pager, and its status is berth's.
        assert_contains "$(PAGER=no-such-pager on_terminal berth settings)" MemoryMax
        assert_status 1 script -qec 'PAGER=cat\ - berth status nobody' /dev/null </dev/null
        # One that has seen enough is no failure.
        assert_status 0 script -qec 'PAGER="head -n 1" berth settings' /dev/null </dev/null
}

# Only on: namespaced
test_quiet_and_legend() {
        berth run -d --rm --ephemeral --name one "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name two "$busybox" sleep 1000
        at_end berth terminate one two
        assert_eq "$(berth list -q)" $'one\ntwo'
        assert_eq "$(berth list --no-legend | awk '{ print $1, $2 }')" $'one running\ntwo running'
        assert_matches "$(berth list | head -n 1)" '^MACHINE +STATE +LEADER +UPTIME +ROOT$'
        assert_eq "$(berth ps --json=short | jq -r '.[].machine')" $'one\ntwo'
        assert_eq "$(berth list --json=pretty | jq -c 'map(.state)')" '["running","running"]'
}

# Only on: namespaced
test_other_names_of_verbs() {
        berth run -d --ephemeral --name other "$busybox" sleep 1000
        at_end berth rm -f other
        assert_eq "$(berth ls -q)" other
        assert_eq "$(berth show other | jq -r '.[0].name')" other
        berth poweroff other
        wait_until 60 is_state other exited
        berth start other
        berth terminate other
        wait_until 60 is_state other exited
        berth remove other
        assert_eq "$(berth ps -aq)" ''
        # What others have as verbs and berth has otherwise is said.
        assert_contains "$(error_of berth pull-tar)" "machinectl has it"
        assert_contains "$(error_of berth update other)" "berth set-property"
        assert_contains "$(error_of berth compose up)" "berth@.service"
        assert_contains "$(error_of berth version)" "berth --version"
        assert_contains "$(error_of berth rnu)" "did you mean"
}

# Each verb of machinectl(1) that is installed here is one of berth's, or is told where to find what it does.
test_every_verb_of_machinectl() {
        local verb n=0
        while read -r verb; do
                n=$((n + 1))
                grep -qx -- "$verb" <<<"$(berth __complete '' | cut -f 1)" && continue
                assert_contains "$(error_of berth "$verb")" "machinectl has it"
        done < <(machinectl --help | sed 's/\x1b\[[0-9;]*m//g' | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p')
        ((n >= 25)) || fail "only $n verbs were found"
}

# Only on: namespaced
test_every_verb_has_help() {
        local verb n=0
        while read -r verb; do
                assert_contains "$(berth "$verb" --help)" "berth $verb"
                assert_eq "$(berth help "$verb")" "$(berth "$verb" --help)"
                n=$((n + 1))
        done < <(berth __complete '' | cut -f 1 | grep -v '^-' | while read -r verb; do berth help "$verb" | sed -n '1s/^berth \([^ ]*\).*/\1/p'; done | sort -u)
        ((n > 30)) || fail "only $n verbs have help"
}

# Each verb that lists: as JSON in one line, in several, and not at all; without a heading; and names alone.
test_every_list_in_every_form() {
        local verb text lists
        berth run -d --rm --ephemeral --name listed --publish 8099:80 "$busybox" sleep 1000
        at_end berth terminate listed
        berth volume create listed >/dev/null
        at_end berth volume rm listed
        berth network create listed >/dev/null
        at_end berth network rm listed
        lists=("list" "ps --all" "images" "volume list" "network list" "settings" "port listed" "top listed" "stats --no-stream listed" "doctor")
        for verb in "${lists[@]}"; do
                # shellcheck disable=SC2086
                {
                        text=$(berth $verb --json=short || true)
                        assert_eq "$(wc -l <<<"$text")" 1
                        check jq -e . <<<"$text" >/dev/null
                        assert_eq "$(berth $verb --json=pretty | jq -c 'if type == "array" then (.[0] | keys) else keys end' || true)" \
                                "$(jq -c 'if type == "array" then (.[0] | keys) else keys end' <<<"$text")"
                        (($(berth $verb --json=pretty | wc -l) > 1)) || fail "berth $verb --json=pretty is one line"
                        refute jq . <<<"$(berth $verb --json=off || true)" 2>/dev/null
                        assert_contains "$(error_of berth $verb --json=yaml)" "short, pretty or off"
                }
        done
        for verb in list images "volume list" "network list" settings; do
                # shellcheck disable=SC2086
                assert_eq "$(berth $verb -q)" "$(berth $verb --no-legend | awk -v column="$([[ $verb == settings ]] && echo 2 || echo 1)" '{ print $column }')"
        done
        for verb in list images "volume list" "network list" settings "top listed" "stats --no-stream listed"; do
                # The heading is the first line in capitals, and without it that line is gone.
                # shellcheck disable=SC2086
                {
                        assert_matches "$(berth $verb | head -n 1)" '^[A-Z][A-Z0-9 %/]+$'
                        refute grep -q '^[A-Z][A-Z0-9 %/]*$' <<<"$(berth $verb --no-legend | head -n 1)"
                }
        done
}

# Columns are words to awk: what is missing is a dash, and what a machine could choose has no blanks.
test_columns_do_not_move() {
        berth create --name columns "$busybox" true
        at_end berth rm columns
        assert_eq "$(berth list --all --no-legend | awk '{ print NF }' | sort -u)" "$(berth list --all | head -n 1 | wc -w)"
        assert_eq "$(berth images --no-legend | awk '{ print NF }' | sort -u)" "$(berth images | head -n 1 | wc -w)"
        assert_eq "$(berth volume list --no-legend | awk '{ print NF }' | sort -u)" ""
        assert_eq "$(berth network list --no-legend | awk '{ print NF }' | sort -u)" "$(berth network list | head -n 1 | wc -w)"
}

test_near_misses() {
        assert_contains "$(error_of berth imags)" "did you mean images?"
        assert_contains "$(error_of berth list --no-legnd)" "did you mean --no-legend?"
        assert_contains "$(error_of berth run --memry-max=1M "$busybox" true)" "did you mean --memory-max?"
        berth create --name near "$busybox" true
        at_end berth rm near
        for verb in status start restart inspect rm logs stop kill attach pause cat port; do
                assert_contains "$(error_of berth "$verb" naer)" "did you mean near?"
        done
        assert_contains "$(error_of berth exec naer true)" "did you mean near?"
        assert_contains "$(error_of berth set-property naer TasksMax=1)" "did you mean near?"
        assert_contains "$(error_of berth network rm berth1)" "no such network"
        assert_contains "$(error_of berth image-status busybix)" "did you mean busybox?"
        assert_contains "$(error_of berth run busybix true)" "did you mean busybox?"
        assert_contains "$(error_of berth create --name x busybix true)" "did you mean busybox?"
        assert_contains "$(error_of berth help rnu)" "did you mean"
}
