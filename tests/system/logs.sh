# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What machines write: recorded by line, there after they are gone, and nothing lost without a word.

busybox=/var/lib/machines/busybox

forget() {
        berth rm --force "$1" >/dev/null 2>&1
}

logs_have() {
        # All of it is read: berth would end by SIGPIPE where the word is not in the last line.
        berth logs "$1" 2>&1 | grep -F -- "$2" >/dev/null
}

# fresh NAME: a name that no earlier run has written under.
fresh() {
        echo "$1-$RANDOM$RANDOM"
}

# Only on: namespaced namespaced/trixie
test_journal_by_line_with_fields() {
        local name entry
        name=$(fresh talker)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'echo to-output; echo to-error >&2; printf "no newline at the end"'
        wait_until 60 logs_have "$name" "no newline"
        # Each stream comes back as what it was.
        assert_contains "$(berth logs "$name" 2>/dev/null)" to-output
        assert_contains "$(berth logs "$name" 2>&1 >/dev/null)" to-error
        # journalctl shows the same.
        assert_contains "$(journalctl --no-pager -o cat BERTH_MACHINE="$name")" to-output
        assert_contains "$(journalctl --no-pager -o cat -t "$name")" to-error
        entry=$(journalctl --no-pager -o json BERTH_MACHINE="$name" BERTH_STREAM=stderr)
        assert_eq "$(jq -r .MESSAGE <<<"$entry")" to-error
        assert_eq "$(jq -r .PRIORITY <<<"$entry")" 3
        assert_eq "$(jq -r ._SYSTEMD_UNIT <<<"$entry")" "berth-$name.scope"
}

# Only on: namespaced
test_terminal_is_recorded() {
        local name
        name=$(fresh typist)
        berth run -d -t --rm --ephemeral --name "$name" "$busybox" sh -c 'echo on-the-terminal; sleep 0.2'
        wait_until 60 logs_have "$name" on-the-terminal
        # Without the terminal's carriage return.
        assert_eq "$(berth logs "$name" | od -c | grep -c '\\r' || true)" 0
}

# Only on: namespaced
test_long_lines_and_bytes_survive() {
        local name
        name=$(fresh binary)
        make_tree tree
        head -c 300000 /dev/urandom | tr -d '\n' >tree/line
        head -c 100000 /dev/urandom >tree/bytes
        printf 'end\n' >>tree/bytes
        berth run -d --rm --name "$name" ./tree sh -c 'cat /line; echo; cat /bytes; echo done-writing'
        wait_until 60 logs_have "$name" done-writing
        berth logs "$name" >out
        { cat tree/line; echo; cat tree/bytes; echo done-writing; } >expected
        check cmp out expected
        # JSON carries them, too.
        berth logs --json "$name" | tail -n 1 | jq -e '.text == "done-writing"' >/dev/null
}

# Only on: namespaced
test_lines_since_until() {
        local name middle
        name=$(fresh counter)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'seq 1 5; sleep 2; seq 6 10'
        wait_until 60 logs_have "$name" 10
        assert_eq "$(berth logs -n 3 "$name" | tr '\n' ' ')" "8 9 10 "
        assert_eq "$(berth logs -n 100 "$name" | wc -l)" 10
        assert_eq "$(berth logs -n 0 "$name")" ""
        middle=$(berth logs --json "$name" | jq -s '(.[4].time_usec + .[5].time_usec) / 2000000 | floor')
        assert_eq "$(berth logs --since "@$middle" "$name" | tr '\n' ' ')" "6 7 8 9 10 "
        assert_eq "$(berth logs --until "@$middle" "$name" | tr '\n' ' ')" "1 2 3 4 5 "
        assert_eq "$(berth logs --since=-1h -n 2 "$name" | tr '\n' ' ')" "9 10 "
        assert_matches "$(berth logs -t -n 1 "$name")" "^20[0-9]+-.* 10$"
        assert_contains "$(error_of berth logs --since purple "$name")" purple
}

# A long line is one line, and the last ones of a time are those before its end: wherever the log is.
# Only on: namespaced
test_last_lines_are_whole() {
        local mode name middle
        for mode in journal file; do
                name=$(fresh "last-$mode")
                at_end rm -f "/var/log/berth/$name.log"
                berth run -d --rm --ephemeral --log="$mode" --name "$name" "$busybox" sh -c \
                        'seq 1 5; sleep 2; seq 6 8; head -c 150000 /dev/zero | tr "\0" x; echo; echo end'
                wait_until 60 logs_have "$name" end
                assert_eq "$(berth logs -n 1 "$name")" end
                assert_eq "$(berth logs -n 2 "$name" | tr -d '\n' | wc -c)" 150003 "$mode"
                assert_eq "$(berth logs -n 3 "$name" | head -n 1)" 8 "$mode"
                assert_eq "$(berth logs -n 0 "$name")" ""
                middle=$(berth logs --json "$name" | jq -s '(.[4].time_usec + .[5].time_usec) / 2000000 | floor')
                assert_eq "$(berth logs --until "@$middle" -n 2 "$name" | tr '\n' ' ')" "4 5 " "$mode"
                assert_eq "$(berth logs --since "@$middle" "$name" | head -n 3 | tr '\n' ' ')" "6 7 8 " "$mode"
                assert_eq "$(berth logs --since "@$middle" -n 4 "$name" | head -n 1)" 7 "$mode"
                assert_eq "$(berth logs --since "@$middle" -n 100 "$name" | head -n 1)" 6 "$mode"
        done
}

# Files change their names while somebody reads them.
# Only on: namespaced
test_follow_goes_through_all_files() {
        local name
        name=$(fresh turning)
        make_tree tree
        at_end rm -f "/var/log/berth/$name.log" "/var/log/berth/$name.log.1" "/var/log/berth/$name.log.2" "/var/log/berth/$name.log.3"
        berth run -d --rm --log=file --name "$name" ./tree sh -c 'echo first; while ! test -e /go; do sleep 0.2; done; seq 1 800000'
        berth logs -f "$name" >out &
        wait_until 60 grep -q first out
        # It stands still while the first file becomes the third.
        kill -STOP $!
        at_end kill -CONT $!
        touch tree/go
        wait_until 60 test -e "/var/log/berth/$name.log.2"
        kill -CONT $!
        wait $! || fail "it ended with status $?"
        assert_eq "$(tail -n +2 out | sha256sum)" "$(seq 1 800000 | sha256sum)"
}

# Only on: namespaced
test_follow_ends_with_the_machine() {
        local name
        name=$(fresh stream)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'for i in 1 2 3 4 5; do echo line-$i; sleep 0.5; done'
        # The deadline is for one that does not.
        timeout 60 berth logs -f "$name" >out || fail "it did not end"
        assert_eq "$(tr '\n' ' ' <out)" "line-1 line-2 line-3 line-4 line-5 "
}

# Only on: namespaced namespaced/trixie
test_survives_restarts() {
        local name
        name=$(fresh survivor)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'i=0; while [ $i -lt 60 ]; do echo n-$i; i=$((i+1)); sleep 0.1; done'
        sleep 1
        kill_manager
        sleep 1
        systemctl restart systemd-journald.service
        wait_until 60 logs_have "$name" n-59
        assert_eq "$(berth logs "$name" | sort -u | grep -c '^n-')" 60
}

# Only on: namespaced
test_file_loses_nothing() {
        local name
        name=$(fresh filer)
        at_end rm -f "/var/log/berth/$name.log" "/var/log/berth/$name.log.1" "/var/log/berth/$name.log.2" "/var/log/berth/$name.log.3"
        berth run -d --rm --ephemeral --log=file --name "$name" "$busybox" sh -c 'seq 1 700000; echo last-one >&2'
        berth wait "$name" >/dev/null 2>&1 || true
        wait_until 60 logs_have "$name" last-one
        check test -e "/var/log/berth/$name.log.1"
        assert_eq "$(stat -c %a /var/log/berth)" 700
        assert_eq "$(berth logs "$name" 2>/dev/null | sha256sum)" "$(seq 1 700000 | sha256sum)"
        # Two pipes: which of their lines is the last is not told.
        assert_eq "$(berth logs -n 2 "$name" 2>/dev/null | tail -n 1)" 700000
        assert_eq "$(journalctl --no-pager -o cat BERTH_MACHINE="$name")" ""
}

# journald_takes LINE…: its settings, until the end of the test.
journald_takes() {
        mkdir -p /run/systemd/journald.conf.d
        printf '[Journal]\n' >/run/systemd/journald.conf.d/50-test.conf
        printf '%s\n' "$@" >>/run/systemd/journald.conf.d/50-test.conf
        at_end systemctl restart systemd-journald.service
        at_end rm -f /run/systemd/journald.conf.d/50-test.conf
        systemctl restart systemd-journald.service
}

journald_pid() {
        systemctl show -P MainPID systemd-journald.service
}

# Many lines go to journald at once, short ones and some that are longer than an entry; and it may stand still for a moment.
# Only on: namespaced namespaced/trixie
test_journal_gets_every_line() {
        local name
        name=$(fresh whole)
        journald_takes RateLimitBurst=0
        make_tree tree
        { seq 1 3000; head -c 200000 /dev/zero | tr '\0' x; echo; echo; seq 3001 4000; head -c 49152 /dev/zero | tr '\0' y; echo; echo end; } >tree/text
        berth run -d -t --rm --name "$name-terminal" ./tree sh -c 'while ! test -e /go; do sleep 0.2; done; cat /text'
        berth run -d --rm --name "$name-pipe" ./tree sh -c 'while ! test -e /go; do sleep 0.2; done; cat /text; printf "no newline"'
        kill -STOP "$(journald_pid)"
        at_end kill -CONT "$(journald_pid)"
        touch tree/go
        sleep 1
        kill -CONT "$(journald_pid)"
        wait_until 120 logs_have "$name-terminal" end
        wait_until 120 logs_have "$name-pipe" "no newline"
        berth logs "$name-terminal" >out 2>err
        check cmp out tree/text
        berth logs "$name-pipe" 2>>err | head -n -1 >out
        check cmp out tree/text
        assert_eq "$(cat err)" ""
}

# Where it stands still for long, what is missing is counted to the line.
# Only on: namespaced
test_what_the_journal_missed_is_counted() {
        local name lost
        name=$(fresh missed)
        journald_takes RateLimitBurst=0
        make_tree tree
        kill -STOP "$(journald_pid)"
        at_end kill -CONT "$(journald_pid)"
        berth run -d --rm --name "$name" ./tree sh -c 'seq 1 400000; echo >/written; while ! test -e /go; do sleep 0.2; done; echo last'
        # It is not held up for ever.
        wait_until 60 test -e tree/written
        kill -CONT "$(journald_pid)"
        journalctl --sync
        touch tree/go
        wait_until 60 logs_have "$name" last
        berth logs --json "$name" >entries
        lost=$(jq -s 'map(.lost // 0) | add' <entries)
        assert_ne "$lost" 0
        assert_eq "$(($(jq -s 'map(select(has("text"))) | length' <entries) + lost))" 400001
}

# A journald that was stopped altogether comes back with another socket.
# Only on: namespaced
test_journald_that_was_gone() {
        local name sockets=(systemd-journald.socket systemd-journald-dev-log.socket)
        name=$(fresh gone)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'i=0; while [ $i -lt 60 ]; do echo n-$i; i=$((i+1)); sleep 0.1; done'
        wait_until 60 logs_have "$name" n-9
        # Its standard error was a stream of the old one's.
        at_end systemctl stop berthd.service
        at_end systemctl start "${sockets[@]}" systemd-journald.service
        systemctl stop "${sockets[@]}" systemd-journald.service 2>/dev/null
        sleep 1
        systemctl start "${sockets[@]}" systemd-journald.service
        wait_until 60 logs_have "$name" n-59
        berth logs --json "$name" >entries
        assert_eq "$(jq -s 'map(.lost // 0) + map(select(has("text")) | 1) | add' <entries)" 60
        assert_contains "$(berth logs "$name" 2>&1 >/dev/null)" "could not be reached"
        # Not before: what a manager that is stopped leaves waits for the next one.
        wait_until 60 eval "! test -e /run/berth/machines/$name"
}

# How many lines berth says to be missing at the end.
missed_last() {
        journalctl --no-pager -o cat -g "the last [0-9]+ lines that machine '$1'" | sed -E 's/.*the last ([0-9]+) lines.*/\1/'
}

# Also those that it missed last: nothing of the machine's follows that could tell.
# Only on: namespaced
test_what_the_journal_missed_at_the_end_is_counted() {
        local name got lost last
        name=$(fresh ending)
        journald_takes RateLimitBurst=0
        make_tree tree
        berth run -d --rm --name "$name" ./tree sh -c 'while ! test -e /go; do sleep 0.2; done; seq 1 400000'
        kill -STOP "$(journald_pid)"
        at_end kill -CONT "$(journald_pid)"
        touch tree/go
        # It ends all the same.
        wait_until 60 is_gone "$name"
        kill -CONT "$(journald_pid)"
        wait_until 60 eval '[[ -n $(missed_last "$name") ]]'
        berth logs --json "$name" >entries
        got=$(jq -s 'map(select(has("text"))) | length' <entries)
        lost=$(jq -s 'map(.lost // 0) | add' <entries)
        last=$(missed_last "$name")
        assert_eq "$((got + lost + last))" 400000
}

is_gone() {
        ! berth status "$1" >/dev/null 2>&1
}

# journald leaves out what exceeds its rate, and that is told; the payload is not held up.
# Only on: namespaced
test_journal_drops_are_told() {
        local name
        name=$(fresh flood)
        journald_takes RateLimitIntervalSec=2s RateLimitBurst=500
        berth run -d --rm --ephemeral --name "$name" "$busybox" sh -c 'seq 1 50000; while :; do sleep 1; echo after-the-flood; done'
        # How long journald goes on leaving out depends on when it got to read the flood.
        wait_until 120 logs_have "$name" after-the-flood
        berth stop "$name"
        assert_contains "$(berth logs "$name" 2>&1 >/dev/null)" "lines are missing here"
        assert_ne "$(berth logs --json "$name" | grep -c '"lost":[1-9]')" 0
}

# Only on: namespaced
test_none_and_passthrough_say_so() {
        berth run -d --rm --ephemeral --log=none --name silent "$busybox" sh -c 'echo nobody-hears; sleep 1000'
        assert_contains "$(berth logs silent 2>&1)" "not recorded"
        assert_contains "$(error_of berth attach silent)" "not recorded"
        berth stop silent

        # A foreground run without a terminal has the caller's own descriptors.
        berth run --rm --ephemeral --name piped "$busybox" sh -c 'echo through-the-pipe; sleep 1000' >out &
        wait_until 60 grep -q through out
        assert_eq "$(machine_property piped Log)" passthrough
        assert_contains "$(berth logs piped 2>&1)" "whoever started it"
        assert_contains "$(error_of berth attach piped)" "whoever started it"
        berth stop piped
        wait || true
}

# Only on: namespaced
test_foreground_that_is_recorded() {
        local name
        name=$(fresh both)
        head -c 3000000 /dev/urandom | base64 >data
        berth run --rm --ephemeral --log=file --name "$name" "$busybox" sh -c 'cat; echo problem >&2; exit 4' <data >out 2>err || assert_eq $? 4
        at_end rm -f "/var/log/berth/$name.log"
        check cmp out data
        assert_eq "$(cat err)" problem
        assert_eq "$(berth logs "$name" 2>/dev/null | sha256sum)" "$(sha256sum <data)"
}

# Only on: namespaced
test_detached_exec_is_recorded() {
        local name
        name=$(fresh host)
        berth run -d --rm --ephemeral --name "$name" "$busybox" sleep 1000
        berth exec -d "$name" sh -c 'echo from-the-exec'
        wait_until 60 logs_have "$name" from-the-exec
        berth stop "$name"
}

# Only on: namespaced
test_files_are_roots() {
        assert_contains "$(error_of berth run -d --rm --ephemeral --log=syslog "$busybox" true)" syslog
}
