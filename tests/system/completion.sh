# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Only on: namespaced

# What bash would offer for a line, as it calls a completion function (bash(1), "Programmable Completion").
complete_line() {
        (
                # As in an interactive shell.
                set +eE
                trap - ERR
                # shellcheck disable=SC1091 # what was installed
                source /usr/share/bash-completion/completions/berth
                COMP_LINE=$1 COMP_POINT=${#1}
                local current=${1##*[ =]}
                _berth "${1%% *}" "$current" ''
                printf '%s\n' "${COMPREPLY[@]}"
        )
}

test_bash_completes_what_there_is() {
        make_tree completion-tree
        berth run --detach --name completed --ephemeral ./completion-tree sleep 1000

        assert_contains "$(complete_line 'berth ')" terminate
        assert_eq "$(complete_line 'berth termin')" terminate
        assert_eq "$(complete_line 'berth stop compl')" completed
        assert_eq "$(complete_line 'berth run --read-only=')" $'yes\nno'
        assert_contains "$(complete_line 'berth run --detach b')" busybox
        assert_eq "$(complete_line 'berth run --working-directory=/us')" /usr
        assert_eq "$(complete_line 'berth run busybox /usr/bin/busyb')" /usr/bin/busybox

        assert_eq "$(complete_line 'berth-nspawn --eph')" --ephemeral
        assert_contains "$(complete_line 'berth-nspawn -M b')" busybox
        assert_eq "$(complete_line 'berth-nspawn --bind=/us')" /usr

        # Nobody is told of a wrong word while he types it.
        assert_eq "$(complete_line 'berth nonsense ')" ''
        berth terminate completed
        wait_until 60 is_state completed exited
        berth rm completed
}

test_zsh_file_asks_berth() {
        # No zsh in this host: that it names its command and asks the same program is all that can be seen.
        assert_eq "$(head -n 1 /usr/share/zsh/site-functions/_berth)" '#compdef berth berth-nspawn'
        assert_contains "$(cat /usr/share/zsh/site-functions/_berth)" 'berth __complete'
}
