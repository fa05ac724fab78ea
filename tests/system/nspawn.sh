# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth-nspawn: systemd-nspawn's command line, and what it comes to.

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

is_known() {
        berth status "$1" >/dev/null 2>&1
}

is_unknown() {
        ! is_known "$1"
}

# in_background NAME WORD…: berth-nspawn with these, until the machine NAME runs; $client is its process.
in_background() {
        local name=$1
        shift
        berth-nspawn -q -M "$name" "$@" >out 2>errors </dev/null &
        client=$!
        at_end stop_quietly "$name"
        wait_until 60 runs "$name"
}

runs() {
        is_state "$1" running 2>/dev/null
}

stop_quietly() {
        berth terminate "$1" 2>/dev/null
}

# Only on: namespaced namespaced/trixie
test_command_runs_in_a_tree() {
        make_tree tree
        local status=0
        assert_eq "$(berth-nspawn -q -D tree -P sh -c 'echo "$1 in $(hostname)"; cat' sh hello <<<input)" $'hello in tree\ninput'
        berth-nspawn -D "$PWD/tree" -P sh -c 'exit 23' || status=$?
        assert_eq "$status" 23
        # What it writes is in the tree, and no record is left.
        berth-nspawn -q -D tree -M writer -P sh -c 'echo here >/mark'
        assert_eq "$(cat tree/mark)" here
        wait_until 60 is_unknown writer
        # Without any tree, the folder that we are in is one.
        (cd tree && assert_eq "$(berth-nspawn -q -P cat /mark)" here)
        # An installed one by the machine's name.
        assert_eq "$(berth-nspawn -q -M busybox --read-only -P hostname)" busybox
}

# Only on: namespaced
test_own_failures_are_1() {
        make_tree tree
        assert_status 1 berth-nspawn -q -D tree -P no-such-command
        assert_status 1 berth-nspawn -q -D nowhere true
        assert_contains "$(error_of berth-nspawn --oci-bundle=/x)" '--oci-bundle'\'': it is not done: Its root file system goes with'
        assert_contains "$(error_of berth-nspawn --directori=tree)" 'did you mean --directory?'
        # A label is berth's to set, where the kernel has SELinux.
        [[ -e /sys/fs/selinux/status ]] ||
                assert_contains "$(error_of berth-nspawn -q -D tree -P -Z system_u:object_r:some_t:s0 true)" 'SELinux is not on'
        assert_contains "$(error_of berth-nspawn -D tree -i tree)" 'does not go with --directory'
        assert_contains "$(error_of berth-nspawn -i tree true)" '--directory'
        assert_contains "$(error_of berth-nspawn -D / true)" '--ephemeral'
        assert_contains "$(error_of as_user berth-nspawn -D / -x true)" 'is root'
        # Left out, and said so, unless it is to be quiet.
        assert_contains "$(berth-nspawn -D tree --background=44 -P true 2>&1)" '--background is left out'
        assert_eq "$(berth-nspawn -q -D tree --background=44 -P true 2>&1)" ''
}

# Only on: namespaced namespaced/trixie
test_nothing_of_an_ephemeral_one_is_left() {
        make_tree tree
        assert_matches "$(berth-nspawn -q -x -D tree -P sh -c 'echo x >/mark; cat /mark; hostname')" $'^x\ntree-[0-9a-f]{8}$'
        assert_eq "$(berth-nspawn -q -x -D tree -M tree -P hostname)" tree
        refute test -e tree/mark
        # There may be several at once: each has a name of its own.
        berth-nspawn -q -x -D tree -P sleep 1000 </dev/null &
        local first=$!
        berth-nspawn -q -x -D tree -P sleep 1000 </dev/null &
        wait_until 60 eval '[[ $(berth list | grep -c "^tree-") == 2 ]]'
        kill "$first" $!
        wait_until 60 eval '! berth list | grep "^tree-"'
}

# Only on: namespaced namespaced/trixie
test_binds_users_and_environment() {
        make_tree tree
        mkdir shown
        echo content >shown/file
        echo 'someone:x:1234:1234::/:/bin/sh' >>tree/etc/passwd
        echo 'someone:x:1234:' >>tree/etc/group
        # A relative path is relative to where we are.
        assert_eq "$(berth-nspawn -q -D tree --bind=shown:/mnt -P sh -c 'cat /mnt/file; echo new >/mnt/new')" content
        assert_eq "$(cat shown/new)" new
        assert_status 1 berth-nspawn -q -D tree --bind-ro=shown:/mnt -P sh -c 'echo new >/mnt/other' 2>/dev/null
        assert_eq "$(berth-nspawn -q -D tree -u someone -P id -u)" 1234
        assert_eq "$(FROM_US=a berth-nspawn -q -D tree -E FROM_US -E B=c --chdir=/bin -P sh -c 'echo $FROM_US $B $(pwd -P)')" 'a c /usr/bin'
        assert_contains "$(berth-nspawn -q -D tree --tmpfs=/srv:size=1M -P grep /srv /proc/mounts)" size=1024k
        assert_eq "$(berth-nspawn -q -D tree --rlimit=NOFILE=77 -P sh -c 'ulimit -n')" 77
}

# nspawn's default is the host's network and user ids, and no more than one option away from others.
# Only on: namespaced namespaced/trixie
test_networks_and_users() {
        make_tree tree
        assert_eq "$(berth-nspawn -q -D tree -P readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
        assert_eq "$(berth-nspawn -q -D tree --private-network -P ls /sys/class/net)" lo
        assert_contains "$(berth-nspawn -q -D tree -n -P ls /sys/class/net)" host0
        assert_eq "$(berth-nspawn -q -D tree -P readlink /proc/self/ns/user)" "$(readlink /proc/self/ns/user)"
        assert_matches "$(berth-nspawn -q -D tree -U -P cat /proc/self/uid_map)" '^ *0 +[1-9][0-9]+ +65536$'
        assert_matches "$(berth-nspawn -q -D tree --private-users -P cat /proc/self/uid_map)" '^ *0 +0 +65536$'
        chown 655360 tree
        assert_matches "$(berth-nspawn -q -D tree --private-users -P cat /proc/self/uid_map)" '^ *0 +655360 +65536$'
}

# Only on: namespaced
test_capabilities_and_privileges() {
        make_tree tree
        local mask='sed -n "s/^CapBnd:\t//p" /proc/self/status' bits
        bits=0x$(berth-nspawn -q -D tree -P sh -c "$mask")
        (((bits >> 21) & 1)) || fail "no CAP_SYS_ADMIN in $bits"
        (((bits >> 12) & 1)) && fail "CAP_NET_ADMIN in $bits, in the host's network"
        bits=0x$(berth-nspawn -q -D tree --private-network --drop-capability=CAP_SYS_ADMIN -P sh -c "$mask")
        (((bits >> 21) & 1)) && fail "CAP_SYS_ADMIN in $bits"
        (((bits >> 12) & 1)) || fail "no CAP_NET_ADMIN in $bits"
        assert_eq "$(berth-nspawn -q -D tree -P sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)" 0
        assert_eq "$(berth-nspawn -q -D tree --no-new-privileges=yes -P sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)" 1
}

# Only on: namespaced namespaced/trixie
test_settings_files() {
        make_tree filed-tree
        mkdir -p /etc/systemd/nspawn
        printf '%s\n' '[Exec]' 'Environment=A=file' 'Hostname=from-file' '[Network]' 'Private=yes' >/etc/systemd/nspawn/filed-tree.nspawn
        at_end rm -f /etc/systemd/nspawn/filed-tree.nspawn
        local show='echo $A $(hostname); ls /sys/class/net'
        assert_eq "$(berth-nspawn -q -D filed-tree -P sh -c "$show")" $'file from-file\nlo'
        assert_eq "$(berth-nspawn -q -D filed-tree --hostname=cli -P sh -c 'hostname')" cli
        assert_eq "$(berth-nspawn -q -D filed-tree --hostname=cli --settings=override -P sh -c 'hostname')" from-file
        assert_eq "$(berth-nspawn -q -D filed-tree --settings=no -P sh -c 'echo $A; hostname')" $'\nfiled-tree'
        # Found by the tree's name also where the machine has digits behind it.
        assert_eq "$(berth-nspawn -q -x -D filed-tree -P sh -c 'hostname')" from-file
}

# Only on: namespaced namespaced/trixie
test_consoles() {
        make_tree tree
        # Neither end is a terminal: the command has one, of which we see what it says and to which we say nothing.
        assert_eq "$(berth-nspawn -q -D tree sh -c 'test -t 0 && echo terminal; sleep 1' <<<'input' | tr -d '\r')" terminal
        assert_eq "$(berth-nspawn -q -D tree --console=autopipe sh -c 'test -t 0 || cat' <<<'input')" input
        assert_eq "$(berth-nspawn -q -D tree --console=passive sh -c 'test -t 0 && echo terminal; exit 0' <<<'input')" ''
        # A terminal of ours is the command's.
        assert_contains "$(script -qec 'berth-nspawn -q -D tree sh -c "read line; echo got \$line; tty"' /dev/null <<<typed | tr -d '\r')" 'got typed'
}

# A SIGTERM to nspawn is the end of its machine: what a unit without --keep-unit relies on.
# Only on: namespaced namespaced/trixie
test_sigterm_ends_the_machine() {
        make_tree tree
        local client status=0
        in_background asked -D tree --kill-signal=SIGUSR1 -P sh -c 'trap "exit 9" USR1; while :; do sleep 0.1; done'
        sleep 0.3
        kill "$client"
        wait "$client" || status=$?
        assert_eq "$status" 9
        # As process 1 without a handler it would not hear of SIGTERM at all.
        in_background deaf -D tree -P sleep 1000
        kill "$client"
        status=0
        wait "$client" || status=$?
        assert_eq "$status" 137
        wait_until 60 is_unknown deaf
}

# Only on: namespaced namespaced/trixie
test_boots_to_running_and_powers_off() {
        local client status=0
        in_background booted -b -x -U -n -D "$debian"
        wait_until 120 berth exec booted true 2>/dev/null
        wait_until 120 eval '[[ $(berth exec booted systemctl is-system-running --wait 2>/dev/null) =~ running|degraded ]]'
        assert_eq "$(berth exec booted systemctl is-system-running)" running
        wait_until 60 machinectl show booted >/dev/null
        # The read-only console is shown.
        wait_until 60 grep -qa 'login:' out
        kill "$client"
        wait "$client" || status=$?
        assert_eq "$status" 0
        wait_until 60 is_unknown booted
}

# The line of systemd-nspawn@.service.
# Only on: namespaced namespaced/trixie
test_unit_in_the_shape_of_nspawns() {
        cat >/run/systemd/system/berth-test-nspawn@.service <<'END'
[Service]
ExecStart=berth-nspawn --quiet --keep-unit --boot --link-journal=try-guest --network-veth -U --settings=override --machine=%i --ephemeral --directory=/var/lib/machines/debian
KillMode=mixed
Type=notify
RestartForceExitStatus=133
SuccessExitStatus=133
Slice=machine.slice
Delegate=yes
TasksMax=16384
END
        at_end systemctl daemon-reload
        at_end rm -f /run/systemd/system/berth-test-nspawn@.service
        at_end systemctl stop berth-test-nspawn@uncle.service
        systemctl daemon-reload
        systemctl start berth-test-nspawn@uncle.service
        assert_eq "$(machine_property uncle Unit)" berth-test-nspawn@uncle.service
        wait_until 120 eval '[[ $(berth exec uncle systemctl is-system-running --wait 2>/dev/null) == running ]]'
        assert_contains "$(berth exec uncle ls /sys/class/net)" host0
        wait_until 60 machinectl show uncle >/dev/null
        systemctl stop berth-test-nspawn@uncle.service
        assert_eq "$(systemctl show -P Result berth-test-nspawn@uncle.service)" success
        wait_until 60 is_unknown uncle
}

# Without --keep-unit: the machine has its scope, the unit the client, which says when it is ready and ends both.
# Only on: namespaced namespaced/trixie
test_unit_without_keep_unit() {
        make_tree tree
        printf '[Service]\nType=notify\nExecStart=berth-nspawn -q -M beside -D %s sleep 1000\n' "$PWD/tree" \
                >/run/systemd/system/berth-test-beside.service
        at_end systemctl daemon-reload
        at_end rm -f /run/systemd/system/berth-test-beside.service
        at_end systemctl reset-failed berth-test-beside.service
        at_end systemctl stop berth-test-beside.service
        systemctl daemon-reload
        systemctl start berth-test-beside.service
        check is_state beside running
        assert_eq "$(machine_property beside Unit)" berth-beside.scope
        systemctl stop berth-test-beside.service
        wait_until 60 is_unknown beside
}

# both LINE…: what the payload says, and the exit status, are the same with systemd-nspawn.
both() {
        local theirs ours their_status=0 our_status=0
        theirs=$(systemd-nspawn -q "$@" 2>their-errors </dev/null) || their_status=$?
        ours=$(berth-nspawn -q "$@" 2>our-errors </dev/null) || our_status=$?
        assert_eq "$ours" "$theirs" "$*: $(cat our-errors)"
        assert_eq "$our_status" "$their_status" "$*: $(cat our-errors)"
        assert_ne "$ours$our_status" 0 "nothing was seen of: $*"
}

# Only on: namespaced
test_payload_sees_what_nspawns_does() {
        command -v systemd-nspawn >/dev/null || skip "there is no systemd-nspawn in this host"
        make_tree tree
        mkdir shown lower upper
        echo content >shown/file
        local -a at=(-D "$PWD/tree" --register=no -P)

        both "${at[@]}" sh -c 'echo out; exit 7'
        both "${at[@]}" nonsense
        both "${at[@]}" sh -c 'hostname; pwd; id; umask; cat /proc/sys/kernel/hostname'
        both "${at[@]}" sh -c 'grep -E "^(CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs)" /proc/self/status'
        both "${at[@]}" --capability=CAP_SYS_TIME --drop-capability=CAP_MKNOD,CAP_CHOWN sh -c 'grep CapBnd /proc/self/status'
        both "${at[@]}" --private-network sh -c 'ls /sys/class/net; grep CapBnd /proc/self/status'
        # It wants a getent inside, to look the user up.
        both -D "$debian" --read-only --register=no -P -u daemon sh -c 'id; echo $HOME $USER $LOGNAME; grep CapEff /proc/self/status'
        both "${at[@]}" -E A=b --setenv=C=d sh -c 'echo $A $C $HOME $USER $LOGNAME $PATH'
        both "${at[@]}" --chdir=/bin pwd
        both "${at[@]}" --hostname=other hostname
        both "${at[@]}" -M named hostname
        both "${at[@]}" --bind="$PWD/shown:/mnt" sh -c 'cat /mnt/file; echo x >/mnt/file2; ls /mnt'
        both "${at[@]}" --bind-ro="$PWD/shown:/mnt" sh -c 'echo x >/mnt/file3 || echo no; ls /mnt'
        both "${at[@]}" --tmpfs=/srv:size=1M sh -c 'df -k /srv | tail -n 1 | awk "{ print \$2 }"'
        both "${at[@]}" --inaccessible=/etc/passwd sh -c 'cat /etc/passwd | wc -c'
        both "${at[@]}" --overlay-ro="$PWD/lower:$PWD/shown:/mnt" ls /mnt
        both "${at[@]}" --read-only sh -c 'echo x >/mark || echo no'
        both "${at[@]}" -a sh -c 'echo $$'
        both "${at[@]}" sh -c 'echo $$'
        both "${at[@]}" --rlimit=NOFILE=100:200 sh -c 'ulimit -Sn; ulimit -Hn'
        both "${at[@]}" --oom-score-adjust=100 cat /proc/self/oom_score_adj
        both "${at[@]}" --no-new-privileges=yes grep NoNewPrivs /proc/self/status
        both "${at[@]}" --private-users=655360:65536 --private-users-ownership=map sh -c 'cat /proc/self/uid_map; id -u'
        both "${at[@]}" --set-credential=id:value sh -c 'cat $CREDENTIALS_DIRECTORY/id'
        both "${at[@]}" --personality=x86 uname -m
        both "${at[@]}" sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/user'
        both -x "${at[@]}" sh -c 'echo x >/mark && cat /mark'
        refute test -e tree/mark
}

# Only on: namespaced
test_template() {
        assert_eq "$(berth-nspawn -q -D ./copy --template="$busybox" -P sh -c 'echo mine >/mark; hostname')" copy
        assert_eq "$(cat copy/mark)" mine
        refute test -e "$busybox/mark"
        # It is there now, so it is left as it is.
        assert_eq "$(berth-nspawn -q -D ./copy --template="$busybox" -P cat /mark)" mine
}

# Only on: namespaced
test_completion_and_help() {
        assert_contains "$(berth-nspawn --help)" '--private-users-ownership'
        assert_eq "$(berth __complete berth-nspawn --link-j | cut -f 1)" --link-journal
        assert_contains "$(berth __complete berth-nspawn -M '' | cut -f 1)" busybox
        assert_eq "$(berth __complete berth-nspawn -D)" "$(berth __complete berth-nspawn -D | grep '^-D')"
        assert_eq "$(berth __complete berth-nspawn -D '')" :directories
        assert_eq "$(berth __complete berth-nspawn --bind=/e)" ':files --bind='
        assert_lacks "$(berth __complete berth-nspawn --)" --oci-bundle
}

# An init that has the streams of a pipeline and no console, as with systemd-nspawn.
# Only on: namespaced
test_pipe_of_a_system_that_boots() {
        local program
        make_tree tree
        mkdir -p tree/usr/lib/systemd
        printf '%s\n' '#!/bin/sh' 'read -r word' 'test -t 0 || test -e /dev/console || echo "no terminal, but $word"' 'echo aside >&2' 'exit 3' \
                >tree/usr/lib/systemd/systemd
        chmod +x tree/usr/lib/systemd/systemd
        for program in berth-nspawn systemd-nspawn; do
                assert_status 3 eval "echo input | $program -q -b -P -x -D tree >out 2>err"
                assert_eq "$(cat out)" 'no terminal, but input'
                assert_contains "$(cat err)" aside
        done
        assert_status 3 eval "echo input | berth-nspawn -q -b --console=autopipe -x -D tree >out 2>err"
        assert_eq "$(cat out)" 'no terminal, but input'
}
