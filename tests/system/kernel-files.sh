# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Files of the kernel that are covered or read-only by default, and the settings that lift it. Credentials and the machine id.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox

run() {
        berth run --rm --ephemeral "$@"
}

# Each one that this kernel has: shows nothing, and no directory has anything in it.
test_masked_files() {
        local path
        for path in /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug /proc/kallsyms; do
                [[ -e $path ]] || continue
                assert_eq "$(run "$busybox" sh -c "head -c 16 $path 2>/dev/null | wc -c")" 0 "$path"
        done
        for path in /proc/scsi /proc/acpi /sys/firmware /sys/devices/virtual/powercap; do
                [[ -d $path ]] || continue
                assert_eq "$(run "$busybox" sh -c "ls -A $path 2>/dev/null | wc -l")" 0 "$path"
        done
}

# Also with all capabilities, where the mounts alone protect them.
test_read_only_files() {
        local path
        for path in /proc/sys /proc/sysrq-trigger /proc/irq /proc/bus /proc/fs /sys; do
                [[ -e $path ]] || continue
                assert_contains "$(run --cap-add all "$busybox" sh -c "grep ' $path ' /proc/self/mounts | tail -n 1 | cut -d' ' -f4")" ro "$path"
        done
        refute run --cap-add all --private-users=no "$busybox" sh -c 'echo 1 > /proc/sys/kernel/panic'
        refute run --cap-add all --private-users=no "$busybox" sh -c 'echo h > /proc/sysrq-trigger'
}

test_unmask() {
        local counts="grep -c ' /proc/kallsyms ' /proc/self/mounts; grep -c ' /proc/keys ' /proc/self/mounts; true"
        assert_eq "$(run "$busybox" sh -c "$counts")" $'1\n1'
        assert_eq "$(run --unmask /proc/kallsyms "$busybox" sh -c "$counts")" $'0\n1'
        assert_eq "$(run --security-opt unmask=/proc/kallsyms:/proc/keys "$busybox" sh -c "$counts")" $'0\n0'
        assert_eq "$(run --security-opt unmask=ALL "$busybox" sh -c 'grep -c " /proc/" /proc/self/mounts; true')" 0
        refute run --unmask /etc/passwd "$busybox" true
}

test_privileged() {
        local out
        berth run -d --rm --ephemeral --name bold --privileged "$busybox" sleep 1000
        at_end berth terminate bold
        assert_eq "$(berth exec bold sh -c 'grep -c " /proc/" /proc/self/mounts; true')" 0
        out=$(berth exec bold grep CapBnd /proc/1/status)
        assert_eq "${out##*[[:space:]]}" "$(sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$(supervisor_of bold)/status")"
        assert_matches "$(berth status bold)" "Privileged"
        berth run -d --rm --ephemeral --name lifted --unmask /proc/kcore "$busybox" sleep 1000
        at_end berth terminate lifted
        assert_matches "$(berth status lifted)" "Unmask.*/proc/kcore"
        assert_contains "$(error_of as_user berth run --rm --ephemeral --privileged "$busybox" true)" denied
        assert_contains "$(error_of as_user berth run --rm --ephemeral --unmask all "$busybox" true)" denied
}

test_credentials() {
        local out
        printf 'from a file' >secret
        out=$(run --set-credential user:joe --set-credential empty: --load-credential "key:$PWD/secret" "$busybox" \
                sh -c 'echo $CREDENTIALS_DIRECTORY; cd $CREDENTIALS_DIRECTORY && ls && cat user key && stat -c "%a %u" . key; echo x 2>/dev/null > new || echo refused')
        assert_eq "$out" $'/run/host/credentials\nempty\nkey\nuser\njoefrom a file500 0\n400 0\nrefused'
        # Nobody else of the machine reads them.
        refute run --user 5 --set-credential a:b "$busybox" cat /run/host/credentials/a
        assert_contains "$(error_of run --load-credential "key:$PWD/none" "$busybox" true)" "$PWD/none"
        refute run --set-credential ../x:y "$busybox" true
}

test_credentials_are_secret() {
        berth run -d --ephemeral --name keeper --set-credential "token:s3cr3t-value" --env TOKEN=s3cr3t-value "$busybox" sleep 1000
        at_end berth rm -f keeper
        assert_lacks "$(berth status keeper; berth inspect keeper; berth list -a)" s3cr3t-value
        assert_lacks "$(busctl introspect org.berth1 /org/berth1/machine/keeper; busctl get-property org.berth1 /org/berth1/machine/keeper org.berth1.Machine Settings)" s3cr3t-value
        assert_lacks "$(berth run --plan --ephemeral --set-credential "token:s3cr3t-value" "$busybox" true)" s3cr3t-value
        assert_lacks "$(cat "/proc/$(supervisor_of keeper)/cmdline" "/proc/$(supervisor_of keeper)/environ" | tr '\0' '\n')" s3cr3t-value
        assert_eq "$(stat -c %a /run/berth/machines/keeper/spec.json /var/lib/berth/machines/keeper/spec.json)" $'600\n600'
        refute as_user cat /run/berth/machines/keeper/spec.json
        assert_lacks "$(cat /proc/1/mountinfo)" /run/host
}

test_machine_id() {
        assert_eq "$(run --uuid 0123456789ABCDEF0123456789abcdef "$busybox" sh -c 'echo $container_uuid')" 01234567-89ab-cdef-0123-456789abcdef
        refute run --machine-id 0 "$busybox" true
}

# A system with a network of its own sets it up; the rest of /proc/sys stays as it is. And its credentials are where they are looked for.
test_network_of_a_booted_machine() {
        berth run -d --rm --ephemeral --boot --name system --set-credential my.secret:value /var/lib/machines/debian
        at_end berth terminate system
        assert_status 0 berth exec system sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
        refute berth exec --privileged system sh -c 'echo 1 > /proc/sys/kernel/panic'
        assert_eq "$(berth exec system cat /run/host/credentials/my.secret)" value
}
