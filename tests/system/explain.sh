# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth explain: what was refused to a command, and which setting would grant it.
#
# Only on: namespaced

debian=/var/lib/machines/debian

stop_quietly() {
        berth terminate "$1" >/dev/null 2>&1
}

start_machine() {
        at_end stop_quietly "$1"
        berth run -d --rm --name "$1" --ephemeral "${@:2}" "$debian" sleep infinity
}

# explanation NAME COMMAND…: what explain says, of a command that may well fail.
explanation() {
        berth explain "$@" 2>&1 >/dev/null || true
}

test_a_system_call() {
        cp -a "$debian" ./tree
        cp "$(command -v attempt)" tree/usr/bin/
        at_end stop_quietly why
        berth run -d --rm --name why ./tree sleep infinity
        assert_contains "$(explanation why -- attempt keyctl)" "keyctl(0x0, 0x"
        assert_contains "$(explanation why -- attempt keyctl)" "= EPERM: the system call filter denies it: SystemCallFilter=keyctl"
        assert_contains "$(explanation why -- attempt personality)" "with these arguments: SystemCallFilter=personality"
        assert_contains "$(explanation why -- attempt unknown)" "system call 9999"
        # Children are looked at as well.
        assert_contains "$(explanation why -- sh -c 'sh -c "attempt request_key; true"; true')" SystemCallFilter=request_key
        berth stop why

        # And it is so: what it says grants it.
        assert_eq "$(berth run --rm --system-call-filter=keyctl ./tree attempt keyctl)" "keyctl ok"
}

test_a_capability() {
        start_machine why
        assert_contains "$(explanation why mknod /tmp/null c 1 3)" "mknodat(\"/tmp/null\") = EPERM: a capability is missing: Capability=CAP_MKNOD"
        assert_contains "$(explanation why hostname other)" "Capability=CAP_SYS_ADMIN"
        assert_contains "$(explanation why mount -t tmpfs tmpfs /mnt)" "without its capability: Capability=CAP_SYS_ADMIN"
        assert_contains "$(berth explain --drop-capability chown why chown daemon /root 2>&1 || true)" "Capability=CAP_CHOWN"
        berth stop why
        assert_status 0 berth run --rm --ephemeral --cap-add sys_admin "$debian" hostname other
}

test_a_device() {
        start_machine why
        assert_contains "$(explanation why dd if=/dev/fuse of=/dev/null count=1)" "openat(\"/dev/fuse\") = ENOENT: the machine does not have the device: Device=/dev/fuse"
        berth stop why
}

test_a_masked_path() {
        start_machine why
        assert_contains "$(explanation why sh -c 'echo 1 >/proc/sys/kernel/panic')" "openat(\"/proc/sys/kernel/panic\") = EROFS: /proc/sys is read-only"
        local masked
        masked=$(berth exec why sh -c 'for d in /sys/firmware /proc/acpi /proc/scsi; do if test -d $d; then echo $d; break; fi; done')
        [[ -n $masked ]] || skip "this kernel has none of the folders that are masked"
        assert_contains "$(berth explain -u daemon why ls "$masked" 2>&1 || true)" "$masked is masked: --security-opt unmask=$masked"
        berth stop why
}

# Only on: namespaced
test_nothing_was_refused() {
        start_machine why
        assert_contains "$(berth explain why -- true 2>&1)" "nothing was refused"
        assert_eq "$(berth explain why -- echo hello 2>/dev/null)" hello
        assert_status 7 berth explain why -- sh -c 'exit 7'
        assert_status 127 berth explain why -- no-such-command
        berth stop why
}

# A command with threads, children, signals and a stop in between does what it does untraced.
# Only on: namespaced
test_the_command_is_not_disturbed() {
        start_machine why
        assert_eq "$(berth explain why -- sh -c 'trap "echo usr1" USR1; (kill -STOP $$; sleep 0.2; kill -CONT $$; kill -USR1 $$) & wait; wait; seq 1000 | sort -n | tail -n 1' 2>/dev/null | tail -n 1)" 1000
        assert_lacks "$(ps -e -o comm=)" berth-explain
        berth stop why
}

# What the command leaves behind goes on, and nobody traces it.
test_what_goes_on_is_let_go() {
        start_machine why
        timeout 60 berth explain why -- sh -c 'sleep 77003 >/dev/null 2>&1 & true' 2>/dev/null
        assert_contains "$(berth exec why grep TracerPid "/proc/$(berth exec why pidof sleep | cut -d ' ' -f 1)/status")" $'TracerPid:\t0'
        berth stop why
}

# From a user it goes by way of the bus, where polkit is asked as for any exec.
# Only on: namespaced
test_over_the_bus() {
        local rules=/etc/polkit-1/rules.d/10-berth-explain.rules
        start_machine why
        assert_contains "$(error_of as_user berth explain why hostname other)" denied

        mkdir -p "${rules%/*}"
        printf '%s\n' 'polkit.addRule(function(a, s) {' \
                '        if (a.id.indexOf("org.berth1.") == 0 && s.user == "tester") return polkit.Result.YES; });' >"$rules"
        at_end rm -f "$rules"
        systemctl try-restart polkit.service
        assert_contains "$(as_user berth explain why hostname other 2>&1 || true)" "Capability=CAP_SYS_ADMIN"
        berth stop why
}
