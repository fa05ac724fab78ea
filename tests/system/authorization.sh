# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# polkit decides what users other than root may do; the right to run is not the right to be root.

busybox=/var/lib/machines/busybox
rules=/etc/polkit-1/rules.d/10-berth-test.rules

# rule SCRIPT: the body of a polkit rule for the user "tester" and berth's actions.
rule() {
        mkdir -p "${rules%/*}"
        at_end rm -f "$rules"
        cat >"$rules" <<END
polkit.addRule(function(action, subject) {
        if (subject.user != "tester" || action.id.indexOf("org.berth1.") != 0)
                return polkit.Result.NOT_HANDLED;
        $1
});
END
        # polkitd reads its rules again when it is told that they changed; a restart is the sure way.
        systemctl reset-failed polkit.service 2>/dev/null || true
        systemctl restart polkit.service
        systemctl is-active --quiet polkit.service || skip "polkit does not run on this host"
}

test_right_to_run() {
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" true)" denied
        rule 'if (action.id == "org.berth1.run-machine") return polkit.Result.YES;'
        assert_eq "$(as_user berth run --rm --ephemeral --name theirs "$busybox" sh -c 'id -u; hostname')" $'0\ntheirs'
        assert_status 5 as_user berth run --rm --ephemeral "$busybox" sh -c 'exit 5'
        # It is not the right to manage: not even their own machine's end is theirs to order.
        berth run -d --rm --ephemeral --name others "$busybox" sleep 1000
        refute as_user berth stop others
        berth stop others
}

# Whatever reaches the host wants its own right. A row of the settings table that does and is missing here is found below.
test_settings_that_reach_the_host_are_refused() {
        local option
        rule 'if (action.id == "org.berth1.run-machine") return polkit.Result.YES;'
        for option in --private-users=no --private-users=identity --private-users=1000000000:65536 --private-network=no \
                --cap-add=sys_admin --allow-exposed-tree --slice=system.slice --property=CPUAccounting=no; do
                assert_contains "$(error_of as_user berth run --rm --ephemeral "$option" "$busybox" true)" denied
        done
        cp -a "$busybox" tree
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$PWD/tree" true)" denied
        assert_contains "$(error_of as_user berth run --rm --ephemeral / true)" denied

        rule 'return polkit.Result.YES;'
        assert_status 0 as_user berth run --rm --ephemeral --private-users=identity --cap-add=sys_admin "$busybox" true
}

# By the table itself: each setting that reaches the host, with a value that does.
# Only on: namespaced
test_each_setting_that_reaches_the_host() {
        local name value n=0 reply
        rule 'if (action.id == "org.berth1.run-machine") return polkit.Result.YES;'
        host-settings >settings
        while read -r name value; do
                reply=$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' "" "$busybox" \
                        1 true 3 "$name" s "$value" Ephemeral b true Remove b true </dev/null)
                [[ $reply == *[Dd]enied* ]] || fail "$name=$value: $reply"
                n=$((n + 1))
        done <settings
        ((n > 20)) || fail "only $n settings were tried"
}

# Only on: namespaced
test_one_machine_for_one_user() {
        rule 'if (action.id == "org.berth1.manage-machines" && action.lookup("machine") == "mine") return polkit.Result.YES;'
        berth run -d --rm --ephemeral --name mine "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name yours "$busybox" sleep 1000
        refute as_user berth stop yours
        assert_eq "$(machine_property yours State)" running
        as_user berth stop mine
        wait_until 60 scope_is_gone mine
        berth stop yours
}

# Who may start a machine that reaches the host may not have it do what he likes.
# Only on: namespaced
test_privileged_machine_is_started_as_it_is() {
        local machine call=(busctl --quiet call org.berth1 /org/berth1 org.berth1.Manager StartMachine)
        for machine in strong weak; do
                at_end berth rm -f "$machine"
        done
        berth create --name strong --ephemeral --cap-add sys_admin "$busybox" true >/dev/null
        berth create --name weak --ephemeral "$busybox" true >/dev/null
        rule 'if (action.id == "org.berth1.manage-machines") return polkit.Result.YES;'

        assert_contains "$(error_of as_user "${call[@]}" 'sa{sv}' strong 1 Parameters as 2 sleep 0)" denied
        check as_user "${call[@]}" 'sa{sv}' strong 0
        check as_user "${call[@]}" 'sa{sv}' weak 1 Parameters as 2 sleep 0
        wait_until 60 is_state strong exited
        wait_until 60 is_state weak exited
}

# Only on: namespaced
test_command_is_a_detail() {
        rule 'if (action.id == "org.berth1.run-machine" && action.lookup("command") == "true") return polkit.Result.YES;'
        assert_status 0 as_user berth run --rm --ephemeral "$busybox" true
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" id)" denied
}

# Only on: namespaced
test_without_polkit() {
        systemctl mask --runtime --now polkit.service
        at_end systemctl unmask --runtime polkit.service
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" true)" denied
        assert_status 0 berth run --rm --ephemeral "$busybox" true
        check as_user berth list
}

# The bus lets nobody else be berth.
# Only on: namespaced
test_name_is_roots() {
        local reply
        reply=$(error_of as_user busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus RequestName su org.berth1 0)
        assert_matches "$reply" "[Dd]enied|not allowed"
}

# Who may run machines may not thereby run a command of his own in what the administrator opened for another.
# Only on: namespaced
test_settings_files_take_their_right() {
        local file=/etc/systemd/nspawn/opened.nspawn
        rule 'if (action.id == "org.berth1.run-machine") return polkit.Result.YES;'
        mkdir -p "${file%/*}"
        at_end rm -f "$file"
        printf '[Exec]\nCapability=CAP_SYS_ADMIN\n' >"$file"
        assert_contains "$(error_of as_user berth run --rm --ephemeral --name opened "$busybox" true)" denied
        assert_status 0 as_user berth run --rm --ephemeral --name opened --settings=no "$busybox" true
        assert_contains "$(error_of as_user berth run --rm --ephemeral --settings=trusted "$busybox" true)" denied
        printf '[Exec]\nHostname=harmless\n' >"$file"
        assert_eq "$(as_user berth run --rm --ephemeral --name opened "$busybox" hostname)" harmless
}
