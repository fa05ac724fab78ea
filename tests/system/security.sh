# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth-security(7), row by row: each default is tried from inside and holds. Where something lifts it, that is shown to
# work as well, so that no row holds by accident.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

# in_machine OPTION… -- COMMAND: a script in a machine of its own.
in_machine() {
        local options=()
        while [[ $1 != -- ]]; do
                options+=("$1")
                shift
        done
        berth run --rm --ephemeral "${options[@]}" "$busybox" sh -c "$2"
}

namespace_of() {
        readlink "/proc/$1/ns/$2"
}

# with_attempt: ./tree has the program that tries system calls.
with_attempt() {
        make_tree tree
        cp "$(command -v attempt)" tree/bin/
}

# Only on: namespaced vm
test_user_ids() {
        berth run -d --rm --ephemeral --name secure "$busybox" sleep 1000
        assert_ne "$(stat -c %u "/proc/$(leader_of secure)")" 0
        assert_eq "$(berth exec secure -- id -u)" 0
        berth stop secure
        berth run -d --rm --ephemeral --name secure --private-users=no "$busybox" sleep 1000
        assert_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$(leader_of secure)/status")" 0
        berth stop secure
}

test_id_ranges() {
        local base
        berth run -d --rm --ephemeral --name one "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name other "$busybox" sleep 1000
        base=$(awk '{ print $2 }' "/proc/$(leader_of one)/uid_map")
        assert_ne "$(awk '{ print $2 }' "/proc/$(leader_of other)/uid_map")" "$base"
        # Not even when it is asked for: whole, in part, or from within.
        refute in_machine --private-users="$base" -- true
        refute in_machine --private-users="$((base + 65000)):1000" -- true
        check in_machine --userns=container:one -- true
        berth stop one other
}

test_capabilities() {
        refute in_machine -- 'mount -t tmpfs x /tmp'
        refute in_machine -- 'ip link set lo down'
        check in_machine --cap-add sys_admin -- 'mount -t tmpfs x /tmp'
        check in_machine --cap-add net_admin -- 'ip link set lo down'
}

test_new_privileges() {
        assert_contains "$(in_machine -- 'grep NoNewPrivs /proc/self/status')" 1
        assert_contains "$(in_machine --no-new-privileges=no -- 'grep NoNewPrivs /proc/self/status')" 0
}

# Only on: namespaced vm
test_system_calls() {
        with_attempt
        assert_eq "$(berth run --rm ./tree attempt bpf io_uring clone-newuser kexec_load | tr '\n' ' ')" \
                "bpf EPERM io_uring EPERM clone-newuser EPERM kexec_load EPERM "
        assert_contains "$(berth run --rm --system-call-filter=@keyring ./tree attempt keyctl)" ok
}

# Only on: namespaced vm
test_apparmor() {
        if [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]]; then
                berth run -d --rm --ephemeral --name labelled "$busybox" sleep 1000
                assert_matches "$(berth status labelled)" 'AppArmor: off'
                berth stop labelled
                assert_contains "$(error_of berth run --rm --ephemeral --apparmor-profile=berth-machine "$busybox" true)" "AppArmor is not on"
                check berth run --rm --ephemeral --security-opt apparmor=unconfined "$busybox" true
                skip "AppArmor is not on here"
        fi
        # What loads profiles at boot finds berth's as well.
        systemctl restart apparmor.service
        at_end apparmor_parser -R /etc/apparmor.d/berth-machine
        assert_contains "$(cat /sys/kernel/security/apparmor/profiles)" "berth-machine (enforce)"
        assert_eq "$(in_machine -- 'cat /proc/self/attr/current')" "berth-machine (enforce)"
        berth run -d --rm --ephemeral --name labelled "$busybox" sleep 1000
        assert_contains "$(berth status labelled)" "berth-machine (enforce)"
        assert_eq "$(berth exec labelled -- cat /proc/self/attr/current)" "berth-machine (enforce)"
        berth stop labelled

        # All else is lifted: then it is the profile that denies.
        local lifted=(--private-users=no --cap-add all --unmask all --security-opt seccomp=unconfined)
        local attempt='cat /proc/sys/kernel/core_pattern >/tmp/p && cat /tmp/p >/proc/sys/kernel/core_pattern'
        refute in_machine "${lifted[@]}" -- "$attempt"
        check in_machine "${lifted[@]}" --security-opt apparmor=unconfined -- "$attempt"
        assert_eq "$(in_machine --privileged -- 'cat /proc/self/attr/current')" unconfined
        assert_contains "$(error_of berth run --rm --ephemeral --apparmor-profile=nothing "$busybox" true)" "no profile of this name"
}

test_keyrings() {
        with_attempt
        assert_eq "$(berth run --rm ./tree attempt keyctl add_key request_key | tr '\n' ' ')" "keyctl EPERM add_key EPERM request_key EPERM "
        assert_eq "$(berth run --rm --private-users=no ./tree attempt keyctl)" "keyctl EPERM"
}

test_processes() {
        local out
        sleep 4711 &
        out=$(in_machine -- 'cat /proc/[0-9]*/cmdline | tr "\0" " "')
        assert_lacks "$out" "sleep 4711"
        refute in_machine --private-users=no --cap-add all -- "kill -0 $!"
        out=$(in_machine --pid=host --userns=host -- 'cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" " "')
        kill %1
        assert_contains "$out" "sleep 4711"
}

test_shared_memory() {
        local name=berth-secure-$$
        at_end rm -f "/dev/shm/$name"
        touch "/dev/shm/$name"
        refute in_machine -- "test -e /dev/shm/$name"
        check in_machine --ipc=host -- "test -e /dev/shm/$name"
        assert_ne "$(in_machine -- 'readlink /proc/self/ns/ipc')" "$(namespace_of 1 ipc)"
}

test_host_name() {
        local before
        before=$(hostname)
        refute in_machine -- 'hostname changed'
        check in_machine --cap-add sys_admin -- 'hostname changed'
        refute in_machine --uts=host --cap-add sys_admin -- 'hostname changed'
        assert_eq "$(hostname)" "$before"
}

test_network() {
        assert_lacks "$(in_machine --network=none -- 'cat /proc/net/unix')" /run/systemd
        assert_eq "$(in_machine --network=none -- 'ls /sys/class/net')" lo
        assert_eq "$(in_machine --network=host -- 'readlink /proc/self/ns/net')" "$(namespace_of 1 net)"
}

test_control_groups() {
        assert_lacks "$(in_machine -- 'cat /proc/self/cgroup')" berth-
        refute in_machine --private-users=no --cap-add all -- 'mkdir "$(find /sys/fs/cgroup -name cgroup.procs | head -n 1 | xargs dirname)/x"'
        # Without a mount that can be written to there is no release_agent (CVE-2022-0492).
        refute in_machine -- 'mkdir /tmp/c && mount -t cgroup -o memory x /tmp/c'
        refute in_machine --private-users=no --cap-add all -- 'for f in $(find /sys/fs/cgroup -name release_agent); do echo /x >$f && exit; done; false'
}

test_devices() {
        refute in_machine -- 'exec 3</dev/fuse'
        refute in_machine --private-users=no --cap-add all -- 'mknod /dev/fuse c 10 229 && exec 3</dev/fuse'
        check in_machine --device=/dev/fuse -- 'exec 3</dev/fuse'
}

# Only on: namespaced vm
test_device_nodes() {
        refute in_machine -- 'mknod /dev/x c 1 3'
        refute in_machine --cap-add all -- 'mknod /tmp/x c 1 3'
        make_tree tree
        mknod -m 666 tree/null c 1 3
        refute berth run --rm ./tree sh -c 'exec 3</null'
        refute berth run --rm --private-users=no --cap-add all ./tree sh -c 'exec 3</null'
}

# Only on: namespaced vm
test_kernel_settings() {
        local file
        for file in /proc/sys/kernel/panic /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory /proc/sysrq-trigger; do
                refute in_machine -- "echo 0 >$file"
                refute in_machine --private-users=no --cap-add all -- "echo 0 >$file"
        done
        refute in_machine -- 'mkdir /sys/x'
        refute in_machine --private-users=no --cap-add all -- 'echo 0 >/sys/kernel/mm/ksm/run'
        check in_machine -- 'grep -q " /proc/sys proc ro" /proc/self/mounts'
        refute in_machine --privileged -- 'grep -q " /proc/sys proc ro" /proc/self/mounts'
}

# Only on: namespaced vm
test_kernel_secrets() {
        assert_eq "$(in_machine -- 'for f in kcore keys timer_list kallsyms; do cat /proc/$f 2>/dev/null | wc -c; done | sort -u')" 0
        assert_eq "$(in_machine --private-users=no --cap-add all -- 'for f in kcore keys timer_list kallsyms; do head -c 100 /proc/$f 2>/dev/null | wc -c; done | sort -u')" 0
        assert_eq "$(in_machine -- 'ls /sys/firmware /proc/scsi /proc/acpi 2>/dev/null | grep -v : | grep -c .' || true)" 0
        assert_ne "$(in_machine --privileged -- 'head -c 100 /proc/kallsyms | wc -c')" 0
}

# Only on: namespaced vm
test_covers() {
        refute in_machine --cap-add all -- 'umount /proc/kallsyms'
        refute in_machine --cap-add all -- 'umount /proc/sys'
        refute in_machine --cap-add all -- 'umount /proc'
        refute in_machine --cap-add all -- 'mount -o remount,rw,bind /proc/sys && echo 0 >/proc/sys/kernel/panic'
        check in_machine --cap-add all -- 'mount -t tmpfs x /tmp && umount /tmp'
}

# Only on: namespaced vm
test_mounts() {
        local before
        before=$(sort /proc/1/mountinfo)
        berth run -d --rm --ephemeral --name neighbour "$busybox" sleep 1000
        berth run -d --rm --ephemeral --name mounter --cap-add sys_admin "$busybox" sh -c 'mkdir -p /mnt && mount -t tmpfs inside /mnt && echo ok >/mnt/mark && sleep 1000'
        wait_until 60 test -e "/proc/$(leader_of mounter)/root/mnt/mark"
        assert_eq "$(sort /proc/1/mountinfo)" "$before"
        assert_lacks "$(cat "/proc/$(leader_of neighbour)/mountinfo")" inside
        check berth exec --privileged mounter -- umount /mnt
        berth stop mounter neighbour
}

# The caller has more open than it should: a directory, a socket, a file.
test_descriptors() {
        exec 7</etc/hostname 8</ 9<>/dev/null
        assert_eq "$(in_machine -- 'ls /proc/self/fd; true' | tr '\n' ' ')" "0 1 2 3 "
        refute in_machine -- 'ls /proc/self/fd/8/etc/shadow'
        refute in_machine -- 'for n in 3 4 5 6 7 8 9 10 11 12; do cat /proc/1/fd/$n/etc/hostname && exit 0; done 2>/dev/null; false'
        exec 7<&- 8<&- 9<&-
}

test_terminal() {
        local pts
        with_attempt
        assert_contains "$(berth run --rm -t ./tree attempt tiocsti </dev/null)" EPERM
        # Its terminal is in a devpts of its own, and the host's are not there.
        pts=$(in_machine -t -- 'ls /dev/pts' </dev/null | tr -d '\r')
        assert_matches "$pts" '^0 +ptmx$'
        assert_eq "$(in_machine -- 'cut -d" " -f6 /proc/1/stat')" 1
}

test_runtime() {
        local supervisor before
        supervisor=$(readlink -f /usr/libexec/berth/berth-supervisor)
        before=$(sha256sum <"$supervisor")
        make_tree tree
        # What the runtime would execute is a way back to the runtime; and the way is tried for as long as it is there.
        ln -sf /proc/self/exe tree/bin/loop
        cat >tree/bin/overwrite <<'END'
#!/proc/self/exe
END
        chmod 755 tree/bin/overwrite
        refute berth run --rm ./tree /bin/loop
        refute berth run --rm ./tree /bin/overwrite
        berth run -d --rm --name runtime --private-users=no --cap-add all ./tree sh -c \
                'while :; do for p in /proc/[0-9]*; do [ "$p" = /proc/1 ] || echo evil >$p/exe; done 2>/dev/null; done'
        for _ in 1 2 3 4 5; do
                berth exec runtime -- true || true
        done
        berth stop runtime
        assert_eq "$(sha256sum <"$supervisor")" "$before"
}

test_links() {
        local part
        for part in dev proc sys run tmp; do
                make_tree tree
                rm -rf "tree/$part"
                ln -s "$PWD/outside" "tree/$part"
                mkdir -p outside
                berth run --rm ./tree true || true
                assert_eq "$(ls -A outside)" "" "$part"
                rm -rf tree
        done
        make_tree tree
        rm -rf tree/etc
        ln -s /etc tree/etc
        # The link means the machine's own folder, which is not there.
        refute berth run --rm ./tree cat /etc/shadow
}

test_working_directory() {
        assert_eq "$(in_machine -- 'readlink /proc/1/cwd')" /
        refute in_machine --workdir=/proc/self/fd/7 -- true
        refute in_machine --workdir=/proc/1/cwd/../../../root/.ssh -- true
        assert_eq "$(cd /root && in_machine -- 'ls -A . | sort')" "$(in_machine -- 'ls -A / | sort')"
}

# Only on: namespaced vm
test_exposed_trees() {
        local err
        make_tree tree
        chmod 755 . tree
        err=$(cd / && error_of berth run --rm "$OLDPWD/tree" true || true)
        mkdir -p /var/tmp/berth-exposed
        at_end rm -rf /var/tmp/berth-exposed
        chmod 755 /var/tmp/berth-exposed
        cp -a "$busybox" /var/tmp/berth-exposed/tree
        err=$(error_of berth run --rm /var/tmp/berth-exposed/tree true)
        assert_contains "$err" allow-exposed-tree
        check berth run --rm --allow-exposed-tree /var/tmp/berth-exposed/tree true
        check berth run --rm --read-only /var/tmp/berth-exposed/tree true
}

test_end() {
        local leader
        berth run -d --rm --ephemeral --name ending "$busybox" sh -c 'trap "" TERM INT HUP; while :; do sleep 1; done'
        leader=$(leader_of ending)
        kill -KILL "$(supervisor_of ending)"
        wait_until 60 test ! -e "/proc/$leader"
        wait_until 60 scope_is_gone ending
}

test_settings_files() {
        local image=/var/lib/machines/berth-secure
        at_end rm -rf "$image" "$image.nspawn"
        cp -a "$busybox" "$image"
        printf '[Exec]\nCapability=CAP_SYS_ADMIN\nPrivateUsers=no\nHostname=kept\n[Files]\nBindReadOnly=/etc:/given\nDevice=/dev/fuse\n' >"$image.nspawn"
        assert_eq "$(berth run --rm --ephemeral "$image" sh -c 'hostname; mount -t tmpfs x /tmp 2>/dev/null || echo no; ls /dev/fuse /given 2>/dev/null || echo none; cut -c1-20 /proc/self/uid_map | grep -c " 0 *0 " || true' 2>warnings)" \
                $'kept\nno\nnone\n0'
        assert_contains "$(cat warnings)" Capability
        check berth run --rm --ephemeral --settings=trusted "$image" sh -c 'mount -t tmpfs x /tmp'
}

# What the right takes in full is in authorization/; without any right there is nothing.
test_rights() {
        assert_contains "$(error_of as_user berth run --rm --ephemeral "$busybox" true)" denied
        assert_contains "$(error_of as_user berth run --rm --ephemeral --private-users=no --cap-add all / true)" denied
        refute as_user cat /run/berth/machines
        check as_user berth list
}

test_secrets() {
        at_end berth rm secretive
        berth create --name secretive --ephemeral --set-credential=key:hunter2 "$busybox" true >/dev/null
        assert_lacks "$(as_user busctl get-property org.berth1 /org/berth1/machine/secretive org.berth1.Machine Settings)" hunter2
        assert_lacks "$(as_user berth inspect secretive)" hunter2
        assert_eq "$(stat -c %a /var/lib/berth/machines/secretive/spec.json 2>/dev/null || echo 600)" 600
        refute as_user grep -r hunter2 /var/lib/berth /run/berth
}
