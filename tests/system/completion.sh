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
        # A disk image goes by its name, too.
        truncate -s 1M /var/lib/machines/a-disk.raw
        at_end rm -f /var/lib/machines/a-disk.raw
        assert_contains "$(complete_line 'berth run a-di')" a-disk
        assert_contains "$(complete_line 'berth rmi a-di')" a-disk
        assert_eq "$(complete_line 'berth run --working-directory=/us')" /usr
        assert_eq "$(complete_line 'berth run busybox /usr/bin/busyb')" /usr/bin/busybox

        assert_eq "$(complete_line 'berth-nspawn --eph')" --ephemeral
        assert_contains "$(complete_line 'berth-nspawn -M b')" busybox
        assert_eq "$(complete_line 'berth-nspawn --bind=/us')" /usr

        # Machines, images and properties by their names.
        assert_eq "$(complete_line 'berth set-property completed MemoryM')" $'MemoryMin=\nMemoryMax='
        assert_eq "$(complete_line 'berth set-property completed MemoryMax=1M RuntimeM')" RuntimeMaxSec=
        assert_eq "$(complete_line 'berth run --property=CPUQuotaP')" CPUQuotaPeriodSec=
        assert_eq "$(complete_line 'berth run --property TasksA')" TasksAccounting=
        assert_contains "$(complete_line 'berth rmi bus')" busybox
        assert_contains "$(complete_line 'berth clone deb')" debian
        assert_eq "$(complete_line 'berth image-status busy')" busybox
        # Each that is offered is known as one: it is the value that is wrong.
        assert_contains "$(error_of berth set-property completed Nonsense=1)" "no such"
        local name offered=0
        while read -r name; do
                assert_lacks "$(berth set-property --runtime completed "$name=?" 2>&1 || true)" "no such"
                offered=$((offered + 1))
        done < <(berth __complete set-property completed '' | cut -d = -f 1)
        ((offered >= 40)) || fail "only $offered properties are offered"

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
