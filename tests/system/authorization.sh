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

# Only on: namespaced namespaced/trixie
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
# Only on: namespaced namespaced/trixie
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
        # What is there to run machines from may be copied to be one's own; nothing else of the host may.
        assert_contains "$(error_of as_user berth run --rm --template=/srv/base --name=theirs true)" denied
        at_end rm -rf /var/lib/machines/theirs
        assert_status 0 as_user berth run --rm --template=busybox --name=theirs true

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

# A shell is more than the commands that a rule may name, so it is a right of its own.
# Only on: namespaced
test_shell_is_a_right_of_its_own() {
        berth run -d --rm --ephemeral --name shelled "$busybox" sleep 1000
        at_end berth terminate shelled
        rule 'if (action.id == "org.berth1.exec") return polkit.Result.YES;'
        assert_eq "$(as_user berth exec shelled id -u)" 0
        assert_contains "$(error_of as_user berth shell shelled </dev/null)" denied
        rule 'if (action.id == "org.berth1.shell") return polkit.Result.YES;'
        assert_contains "$(error_of as_user berth exec shelled id -u)" denied
        assert_contains "$(error_of as_user berth shell shelled id)" denied
        assert_eq "$(echo 'echo $0 $(id -u)' | as_user berth shell shelled)" '/bin/sh 0'
}

# Only on: namespaced
test_volumes_are_a_right_of_their_own() {
        rule 'if (action.id == "org.berth1.manage-machines") return polkit.Result.YES;'
        assert_contains "$(error_of as_user berth volume create theirs)" denied
        rule 'if (action.id == "org.berth1.manage-volumes") return polkit.Result.YES;'
        check as_user berth volume create theirs
        check as_user berth volume rm theirs
}

# As the manual shows it, but for the user.
# Only on: namespaced
test_rule_of_the_manual() {
        rule ''
        sed 's/"alice"/"tester"/' /usr/share/doc/berth/examples/50-berth-web.rules >"$rules"
        check grep -q '"tester"' "$rules"
        systemctl restart polkit.service
        berth run -d --ephemeral --name web "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name other "$busybox" sleep 1000
        at_end berth rm -f web
        refute as_user berth stop other
        assert_contains "$(error_of as_user berth shell other </dev/null)" denied
        assert_eq "$(echo 'hostname' | as_user berth shell web)" web
        as_user berth stop web
        wait_until 60 is_state web exited
        as_user berth start web
        assert_eq "$(machine_property web State)" running
        refute as_user berth run --rm --ephemeral "$busybox" true
        assert_eq "$(machine_property other State)" running
        berth stop other web
        wait_until 60 is_state web exited
}

# What is there and what is not gives the same answer.
# Only on: namespaced
test_denial_tells_nothing() {
        local there not
        berth run -d --rm --ephemeral --name secret "$busybox" sleep 1000
        for call in 'StopMachine s' 'KillMachine ssi' 'ExecMachine sasa{sv}' 'GetMachineProcesses s'; do
                local arguments=()
                case $call in
                Kill*) arguments=(all 9) ;;
                Exec*) arguments=(1 true 0) ;;
                esac
                # shellcheck disable=SC2086 # method and signature
                there=$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager $call secret "${arguments[@]}")
                # shellcheck disable=SC2086
                not=$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager $call no-such "${arguments[@]}")
                assert_contains "$there" denied
                assert_eq "$there" "$not"
        done
        berth stop secret
}

# One user's machines do not use up what all have; root's are not counted.
# Only on: namespaced
test_machines_per_user() {
        local dropin=/run/systemd/system/berthd.service.d/machines.conf reply
        mkdir -p "${dropin%/*}"
        printf '[Service]\nEnvironment=BERTH_MACHINES_PER_USER=2\n' >"$dropin"
        at_end systemctl restart berthd.service
        at_end systemctl daemon-reload
        at_end rm -f "$dropin"
        systemctl daemon-reload
        systemctl restart berthd.service
        rule 'return polkit.Result.YES;'
        at_end berth terminate mine-1 mine-2

        as_user berth run -d --rm --ephemeral --name mine-1 "$busybox" sleep 1000
        as_user berth run -d --rm --ephemeral --name mine-2 "$busybox" sleep 1000
        assert_eq "$(machine_property mine-1 Owner)" "$(id -u tester)"
        reply=$(error_of as_user berth run --rm --ephemeral "$busybox" true)
        assert_contains "$reply" '2 machines of this user run'
        assert_status 0 berth run --rm --ephemeral "$busybox" true

        # The next manager counts them as well.
        kill_manager
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" true)" '2 machines of this user run'
        as_user berth stop mine-2
        wait_until 60 scope_is_gone mine-2
        assert_status 0 as_user berth run --rm --ephemeral "$busybox" true
}

# type_password WORD: what berth says to a user on a terminal who types that when asked for a password, whether it asked, and its exit status.
type_password() {
        cat >type-password.py <<'PYTHON'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp('runuser', ['runuser', '-u', 'tester', '--', 'berth', 'run', '--rm', '--ephemeral', 'busybox', 'echo', 'it-ran'])
text = b''
asked = 0
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    text += data
    if text.count(b'assword:') > asked:
        asked += 1
        os.write(fd, sys.argv[1].encode() + b'\n')
print(text.decode(), 'asked', asked, 'status', os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
        python3 type-password.py "$1"
}

# A user who has no right, but knows a password, on a terminal: berth has an agent ask, and goes on.
# Only on: namespaced
test_password_is_asked_for_on_a_terminal() {
        local said
        rule 'if (action.id == "org.berth1.run-machine") return polkit.Result.AUTH_SELF;'
        at_end usermod -p '!' tester
        echo tester:secret-word | chpasswd
        said=$(type_password secret-word)
        assert_contains "$said" it-ran
        assert_contains "$said" 'asked 1 status 0'
        said=$(type_password wrong-word)
        assert_lacks "$said" it-ran
        assert_contains "$said" 'Access denied'
        assert_contains "$said" 'asked 1 status 125'
        # Nobody is asked where there is no terminal, and the agent has gone with berth.
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" true)" 'Access denied'
        wait_until 60 eval '! pgrep -x pkttyagent'
}

# Neither what there is nor what stands in files of the host is told before the right is known.
# Only on: namespaced
test_errors_are_told_to_who_has_the_right() {
        local method
        mkdir hidden
        cp -a /var/lib/machines/busybox hidden/tree
        printf '[Exec]\nHostname=the secret\n' >hidden/tree.nspawn
        assert_contains "$(error_of berth run --rm --settings=trusted "$PWD/hidden/tree" true)" "the secret"
        for method in "StartMachine sa{sv} nobody 0" "RestartMachine sa{sv} nobody 0" "SetMachineSettings sa{sv} nobody 0" \
                "RemoveImage sa{sv} nobody 0" "RemoveNetwork s nobody" "RemoveVolume s ../x" "ExecMachine sasa{sv} nobody 0 0"; do
                # shellcheck disable=SC2086
                set -- $method
                assert_contains "$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager "$@")" "Access denied"
        done
        assert_contains "$(error_of as_user busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' x "$PWD/hidden/tree" 0 0)" \
                "Access denied"
}
