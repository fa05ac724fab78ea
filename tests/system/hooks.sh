# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Hooks: programs of the host at points of a machine's life.

busybox=/var/lib/machines/busybox

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

# make_hook NAME: a program that writes what it is told to NAME.POINT, and its point to "order".
make_hook() {
        cat >"$1" <<EOF2
#!/bin/sh
cat >$PWD/$1.\$BERTH_HOOK
echo "\$BERTH_HOOK \$BERTH_MACHINE \$*" >>$PWD/order
EOF2
        chmod +x "$1"
}

# Only on: namespaced namespaced/trixie
test_each_point() {
        make_tree tree
        make_hook note
        at_end forget hooked
        berth run -d --name hooked --hook="stopped:$PWD/note a 'b c'" --hook="prestart:$PWD/note 1" --hook="prestart:$PWD/note 2" \
                --hook="started:$PWD/note" --hook="stopping:$PWD/note" ./tree \
                sh -c 'trap "touch /asked; exit 0" TERM; while :; do sleep 0.1; done'
        wait_until 60 grep -q started order
        assert_eq "$(jq -r '"\(.id) \(.status)"' note.prestart)" "hooked created"
        assert_eq "$(jq -r .pid note.started)" "$(leader_of hooked)"
        assert_eq "$(jq -r .pid note.prestart)" "$(leader_of hooked)"
        berth stop hooked
        # The command that ends it returns when they have run.
        assert_eq "$(cat order)" $'prestart hooked 1\nprestart hooked 2\nstarted hooked \nstopping hooked \nstopped hooked a b c'
        assert_eq "$(jq -r .status note.stopped)" stopped
        test -e tree/asked || fail "it was not asked to end"
}

# Only on: namespaced namespaced/trixie
test_prestart_that_fails_fails_the_start() {
        local text
        make_tree tree
        printf '#!/bin/sh\necho no luck today >&2\nexit 3\n' >unlucky
        chmod +x unlucky
        text=$(error_of berth run --rm --name luckless --hook="prestart:$PWD/unlucky" --hook="prestart:/bin/touch $PWD/later" ./tree touch /ran)
        assert_contains "$text" "no luck today"
        assert_contains "$text" "status 3"
        assert_contains "$text" "$PWD/unlucky"
        refute test -e later
        refute test -e tree/ran
        wait_until 60 scope_is_gone luckless
        assert_contains "$(error_of berth run --rm --hook=prestart:/no/such/hook ./tree true)" "No such file"
        # Of another point it is a line in the journal.
        assert_eq "$(berth run --rm --name luckless --hook="started:$PWD/unlucky" ./tree sh -c 'sleep 1; echo fine')" fine
        wait_until 60 journal_has berth-luckless.scope "'started:$PWD/unlucky'"
}

# Only on: namespaced
test_hook_that_hangs() {
        make_tree tree
        printf '#!/bin/sh\nsleep 12345\n' >lazy
        chmod +x lazy
        assert_contains "$(error_of berth run --rm --hook-timeout=500ms --hook="prestart:$PWD/lazy" ./tree true)" "HookTimeoutSec"
        wait_until 60 eval '! pgrep -f "sleep 12345" >/dev/null'

        # A machine whose hook is at it can be stopped.
        berth run --rm --name hanging --hook="prestart:$PWD/lazy" ./tree true 2>err &
        wait_until 60 pgrep -f "sleep 12345" >/dev/null
        berth stop hanging
        refute wait $!
        assert_contains "$(cat err)" "stopped meanwhile"
        wait_until 60 eval '! pgrep -f "sleep 12345" >/dev/null'

        # One before the stop has the time of the stop.
        berth run -d --rm --name hanging --stop-timeout=1s --hook="stopping:$PWD/lazy" ./tree sleep 100000
        berth stop hanging
        wait_until 60 scope_is_gone hanging
        wait_until 60 eval '! pgrep -f "sleep 12345" >/dev/null'
}

# Only on: namespaced
test_hooks_are_the_hosts_affair() {
        local text
        make_tree tree
        text=$(error_of as_user berth run --rm --hook=started:/bin/true "$busybox" true)
        assert_matches "$text" "denied|not allowed|uthori"
        # The word of who made the image does not count.
        printf '[Exec]\nHook=prestart:/bin/touch %s/owned\nParameters=true\n' "$PWD" >tree.nspawn
        text=$(berth run --rm ./tree true 2>&1)
        assert_contains "$text" "Hook"
        refute test -e owned
        assert_contains "$(error_of berth run --rm --hook=sometimes:/bin/true ./tree true)" "prestart"
}

# Only on: namespaced namespaced/trixie
test_hooks_of_each_life() {
        make_tree tree
        make_hook note
        at_end forget lives
        berth run -d --name lives --restart=on-failure:1 --hook="prestart:$PWD/note" --hook="stopped:$PWD/note" ./tree \
                sh -c 'echo life >>/lives; exit 1'
        wait_until 60 is_state lives exited
        wait_until 60 eval '[[ $(wc -l <order) == 4 ]]'
        assert_eq "$(cut -d " " -f 1 order | tr "\n" " ")" "prestart stopped prestart stopped "
}
