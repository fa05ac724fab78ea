# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a payload may do: its capabilities and its system call filter.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox
debian=/var/lib/machines/debian

# capability_sets OPTION…: the five sets of the command in a machine, inheritable to ambient.
capability_sets() {
        berth run --rm --ephemeral "$@" "$debian" sed -n 's/^Cap[A-Z][a-z]*:\t0*\(.\)/\1/p' /proc/self/status | tr '\n' ' '
}

test_capability_sets_of_root() {
        # CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID NET_BIND_SERVICE NET_RAW SYS_CHROOT SETFCAP
        assert_eq "$(capability_sets)" "0 800424fb 800424fb 800424fb 0 "
        # On the host's network no raw sockets.
        assert_eq "$(capability_sets --private-network=no)" "0 800404fb 800404fb 800404fb 0 "
        assert_eq "$(capability_sets --cap-drop all)" "0 0 0 0 0 "
        assert_eq "$(capability_sets --cap-drop all --cap-add chown)" "0 0 0 0 0 "
        assert_eq "$(capability_sets --cap-add CAP_NET_ADMIN)" "0 800434fb 800434fb 800434fb 0 "
}

# A user who is not root has none; files with capabilities of their own could give those of the bounding set.
test_capability_sets_of_others() {
        assert_eq "$(capability_sets -u daemon)" "0 0 0 800424fb 0 "
        assert_eq "$(capability_sets -u daemon --ambient-capability net_bind_service)" "400 400 400 800424fb 400 "
        assert_eq "$(capability_sets --ambient-capability net_bind_service)" "400 800424fb 800424fb 800424fb 400 "
}

# Only on: namespaced
test_ambient_capability_must_be_kept() {
        local err
        err=$(error_of berth run --rm --ephemeral -u daemon --ambient-capability sys_time "$busybox" true)
        assert_contains "$err" AmbientCapability
        assert_status 0 berth run --rm --ephemeral -u 1 --cap-add sys_time --ambient-capability sys_time "$busybox" true
}

# The working directory is entered with the user's own rights.
# Only on: namespaced
test_working_directory_is_the_users() {
        assert_contains "$(error_of berth run --rm --ephemeral -u daemon --workdir /root "$debian" true)" /root
        assert_status 0 berth run --rm --ephemeral --workdir /root "$debian" true
}

# make_attempts: a small tree that has the program attempt.
make_attempts() {
        make_tree tree
        cp "$(command -v attempt)" tree/bin/
}

# attempt_in OPTION… -- WHAT…: what attempts in a machine come to, in one line.
attempt_in() {
        local options=()
        while [[ $1 != -- ]]; do
                options+=("$1")
                shift
        done
        shift
        berth run --rm "${options[@]}" ./tree attempt "$@" | tr '\n' ';'
}

blocked=(clock_settime adjtimex finit_module kexec_load kexec_file_load bpf perf_event_open keyctl add_key request_key
        mount umount fsopen open_tree move_mount pivot_root unshare setns clone-newuser tiocsti tiocsti-64 vsock alg personality
        reboot syslog swapon io_uring userfaultfd open_by_handle_at sethostname)

all_blocked() {
        printf '%s EPERM;' "${blocked[@]}"
}

# With a user namespace and without: none of it depends on one.
test_system_calls_that_are_blocked() {
        local users
        make_attempts
        for users in pick no; do
                assert_eq "$(attempt_in --private-users=$users -- "${blocked[@]}")" "$(all_blocked)" "--private-users=$users"
                # A filter that is loaded while root may still: nothing goes by then either.
                assert_eq "$(attempt_in --private-users=$users --no-new-privileges=no -- "${blocked[@]}")" "$(all_blocked)"
                assert_eq "$(attempt_in --private-users=$users --no-new-privileges=no -u 1000 -- "${blocked[@]}")" "$(all_blocked)"
        done
        assert_eq "$(attempt_in --as-pid2 -- "${blocked[@]}")" "$(all_blocked)"
}

test_system_calls_that_are_allowed() {
        make_attempts
        assert_eq "$(attempt_in -- clone personality-ask ptrace-own)" "clone ok;personality-ask ok;ptrace-own ok;"
        # What is newer than the list does not exist, and what a filter cannot look into is to be done the older way.
        assert_eq "$(attempt_in -- unknown clone3)" "unknown ENOSYS;clone3 ENOSYS;"
}

test_other_users_cannot_be_traced() {
        make_attempts
        assert_eq "$(attempt_in -- ptrace-other)" "ptrace-other EPERM;"
        assert_eq "$(attempt_in --private-users=no -- ptrace-other)" "ptrace-other EPERM;"
        assert_eq "$(attempt_in --cap-add sys_ptrace -- ptrace-other)" "ptrace-other ok;"
}

# The other ways into the same kernel: 32 bit calls and x32's numbers.
test_every_abi_is_filtered() {
        [[ $(uname -m) == x86_64 ]] || skip "only x86-64 has these"
        make_attempts
        assert_eq "$(attempt_in -- mount-i386 mount-x32 getpid-i386)" "mount-i386 EPERM;mount-x32 EPERM;getpid-i386 ok;"
}

test_capabilities_open_their_calls() {
        make_attempts
        assert_eq "$(attempt_in --cap-add sys_admin -- mount umount clone-newuser clone3 sethostname)" \
                "mount ok;umount ok;clone-newuser ok;clone3 ok;sethostname ok;"
        # What these would do to the host's kernel is not the capability's to say.
        assert_eq "$(attempt_in --cap-add sys_admin -- keyctl kexec_load bpf tiocsti)" \
                "keyctl EPERM;kexec_load EPERM;bpf EPERM;tiocsti EPERM;"
}

test_system_call_filter() {
        make_attempts
        assert_eq "$(attempt_in --system-call-filter=@keyring -- keyctl mount)" "keyctl ok;mount EPERM;"
        assert_eq "$(attempt_in --system-call-filter='~@process' --system-call-filter='@process ~ptrace' -- clone ptrace-own)" \
                "clone ok;ptrace-own EPERM;"
        assert_eq "$(attempt_in --system-call-filter=mount:ENOSYS --system-call-filter=ptrace:42 -- mount ptrace-own)" \
                "mount ENOSYS;ptrace-own ENOMSG;"
        assert_contains "$(error_of berth run --rm --system-call-filter=@none ./tree true)" "@none"
        assert_contains "$(error_of berth run --rm --system-call-filter=nocall ./tree true)" "nocall"
        assert_contains "$(error_of berth run --rm --system-call-filter=a/b ./tree true)" "--system-call-filter"
}

test_seccomp_profile() {
        make_attempts
        cat >profile.json <<'END'
{
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [
                { "names": [ "personality" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 42,
                  "args": [ { "index": 0, "value": 4194304, "op": "SCMP_CMP_EQ" } ] },
                { "names": [ "keyctl" ], "action": "SCMP_ACT_ERRNO", "excludes": { "caps": [ "CAP_SYSLOG" ] } }
        ]
}
END
        local profile
        profile=$(<profile.json)
        assert_eq "$(attempt_in --seccomp-profile "$profile" -- personality personality-ask keyctl)" \
                "personality ENOMSG;personality-ask ok;keyctl EPERM;"
        assert_eq "$(attempt_in --cap-add syslog --seccomp-profile "$profile" -- keyctl)" "keyctl ok;"
        assert_eq "$(attempt_in --seccomp-profile unconfined -- keyctl clone3)" "keyctl ok;clone3 ok;"
        assert_eq "$(attempt_in --security-opt seccomp=profile.json -- personality)" "personality ENOMSG;"
        assert_eq "$(attempt_in --seccomp-profile profile.json -- personality)" "personality ENOMSG;"
        assert_eq "$(attempt_in --security-opt seccomp=unconfined -- keyctl)" "keyctl ok;"
        assert_contains "$(berth run --rm --security-opt no-new-privileges:false ./tree cat /proc/self/status)" $'NoNewPrivs:\t0'
        assert_contains "$(berth run --rm --security-opt no-new-privileges ./tree cat /proc/self/status)" $'NoNewPrivs:\t1'

        assert_contains "$(error_of berth run --rm --seccomp-profile '{"defaultAction":1}' ./tree true)" "defaultAction"
        assert_contains "$(error_of berth run --rm --security-opt seccomp=none.json ./tree true)" "none.json"
        assert_contains "$(error_of berth run --rm --security-opt nothing=1 ./tree true)" "--security-opt"
}

# Without anybody who asks: in the kernel's log, where no audit daemon takes it.
# Only on: vm
test_blocked_calls_are_logged() {
        local log
        make_attempts
        [[ $(sysctl -n kernel.seccomp.actions_logged) == *errno* ]] || skip "this kernel logs no such calls"
        dmesg --clear
        assert_eq "$(attempt_in -- bpf)" "bpf EPERM;"
        log=$(dmesg)
        assert_matches "$log" 'type=1326 .*comm="attempt" .*syscall=321'
}

# Compiled when settings change, and not by the next start: what was kept is used, as its time of writing shows.
# Only on: namespaced
test_filters_are_kept() {
        local before
        make_tree tree
        berth run --rm --system-call-filter='@keyring ~ptrace' ./tree true
        before=$(ls -l --time-style=full-iso /run/berth/filters)
        assert_eq "$(stat -c '%a %u' /run/berth/filters)" "700 0"
        [[ -n $before ]] || fail "nothing was kept"
        berth run --rm --system-call-filter='@keyring ~ptrace' ./tree true
        assert_eq "$(ls -l --time-style=full-iso /run/berth/filters)" "$before"
        grep -q Seccomp: <(berth run --rm ./tree cat /proc/self/status)
        assert_contains "$(berth run --rm ./tree cat /proc/self/status)" $'Seccomp:\t2'
        assert_contains "$(berth run --rm --seccomp-profile unconfined ./tree cat /proc/self/status)" $'Seccomp:\t0'
}

test_exec_is_confined_alike() {
        make_attempts
        berth run -d --rm --name alike --cap-drop chown --system-call-filter='~ptrace:ENOMSG' ./tree sleep 1000
        assert_eq "$(berth exec alike attempt "${blocked[@]}" | tr '\n' ';')" "$(all_blocked)"
        assert_eq "$(berth exec alike attempt ptrace-own)" "ptrace-own ENOMSG"
        assert_eq "$(berth exec alike sed -n 's/^Cap[A-Z][a-z]*:\t0*\(.\)/\1/p' /proc/self/status | tr '\n' ' ')" \
                "0 800424fa 800424fa 800424fa 0 "
        assert_contains "$(berth exec alike cat /proc/self/status)" $'NoNewPrivs:\t1'
        berth stop alike
}

# What the kernel says of the leader, beside what was asked for.
# Only on: namespaced
test_status_shows_what_a_machine_may_do() {
        local out
        make_tree tree
        berth run -d --rm --name shown --cap-drop all --cap-add '' --system-call-filter=@keyring ./tree sleep 1000
        out=$(berth status shown)
        assert_matches "$out" "Capabilities: none"
        assert_contains "$out" "Privileges: no new ones"
        assert_contains "$out" "Calls: filtered by the default list and @keyring"
        berth stop shown

        berth run -d --rm --name shown --cap-add sys_time --ambient-capability sys_time --no-new-privileges=no \
                --security-opt seccomp=unconfined ./tree sleep 1000
        out=$(berth status shown)
        assert_matches "$out" "Capabilities: cap_chown .*cap_sys_time"
        assert_contains "$out" "Ambient: cap_sys_time"
        assert_contains "$out" "Privileges: new ones"
        assert_contains "$out" "Calls: not filtered"
        berth stop shown
}

# Only on: namespaced
test_selinux_is_not_asked_for_where_it_is_off() {
        [[ ! -e /sys/fs/selinux/enforce ]] || skip "SELinux is on here"
        assert_contains "$(error_of berth run --rm --ephemeral -Z system_u:system_r:berth_machine_t:s0 "$busybox" true)" "SELinux is not on"
        assert_contains "$(error_of berth run --rm --ephemeral --selinux-apifs-context=system_u:object_r:berth_file_t:s0:c1,c2 "$busybox" true)" \
                "SELinux is not on"
        berth run -d --rm --ephemeral --name labelled "$busybox" sleep 1000
        assert_matches "$(berth status labelled)" 'SELinux: off'
        berth stop labelled
}
