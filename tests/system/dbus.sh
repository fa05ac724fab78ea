# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The D-Bus interface: as busctl and as a client on libdbus see it.

busybox=/var/lib/machines/busybox

call() {
        busctl call org.berth1 /org/berth1 org.berth1.Manager "$@"
}

# Only on: namespaced
test_client_on_libdbus() {
        local out
        out=$(dbus-client by-libdbus "$busybox" sh -c 'echo hello from $(hostname)')
        assert_contains "$out" "hello from by-libdbus"
        assert_contains "$out" "running by-libdbus /org/berth1/machine/by_2dlibdbus"
        assert_contains "$out" "MachineNew /org/berth1/machine/by_2dlibdbus"
        assert_contains "$out" "MachineRemoved /org/berth1/machine/by_2dlibdbus"
}

# Only on: namespaced vm/trixie
test_run_with_busctl() {
        call RunMachine 'ssasa{sv}' by-busctl "$busybox" 2 sleep 1000 3 Ephemeral b true MemoryMax s 64M Remove b true >/dev/null
        assert_contains "$(call ListMachines)" by-busctl
        assert_eq "$(call GetMachine s by-busctl)" 'o "/org/berth1/machine/by_2dbusctl"'
        assert_eq "$(call GetMachineByPID u "$(leader_of by-busctl)")" 'o "/org/berth1/machine/by_2dbusctl"'
        assert_eq "$(machine_property by-busctl RootDirectory)" "$busybox"
        assert_contains "$(error_of call GetMachine s nobody)" nobody
        call KillMachine ssi by-busctl leader 9
        wait_until 60 scope_is_gone by-busctl
}

# Only on: namespaced
test_error_names() {
        local name
        name=$(dbus-send --system --print-reply --dest=org.berth1 /org/berth1 org.berth1.Manager.GetMachine string:nobody 2>&1 | head -n 1) || true
        assert_contains "$name" org.berth1.Error.NoSuchMachine
}

# Only on: namespaced
test_properties_changed() {
        # By path, not by sender: nobody has the name while the manager is idle. And by the line, into a file.
        stdbuf -oL busctl monitor --match "type='signal',path_namespace='/org/berth1'" >signals 2>&1 &
        local monitor=$!
        at_end kill "$monitor"
        wait_until 60 grep -q Monitoring signals
        berth run -d --name changing --ephemeral "$busybox" sh -c 'sleep 1; exit 2' >/dev/null
        wait_until 120 grep -q MachineNew signals
        wait_until 60 is_state changing exited
        wait_until 120 grep -q PropertiesChanged signals
        wait_until 120 grep -q exited signals
        berth rm changing
        wait_until 120 grep -q MachineRemoved signals
}

# Only on: namespaced
test_object_manager() {
        berth run -d --rm --ephemeral --name managed "$busybox" sleep 1000
        assert_contains "$(busctl call org.berth1 /org/berth1 org.freedesktop.DBus.ObjectManager GetManagedObjects)" /org/berth1/machine/managed
        berth stop managed
}

# The installed description is what the service says.
# Only on: namespaced vm/trixie
test_introspection_is_the_installed_one() {
        berth run -d --rm --ephemeral --name described "$busybox" sleep 1000
        busctl introspect --xml-interface org.berth1 /org/berth1 >manager.xml
        busctl introspect --xml-interface org.berth1 /org/berth1/machine/described >machine.xml
        busctl introspect --xml-interface org.berth1 /org/berth1/image/busybox >image.xml
        busctl introspect --xml-interface org.berth1 /org/berth1/network/berth0 >network.xml
        berth stop described
        local interface
        for interface in Manager Machine Image Network; do
                interface_of "org.berth1.$interface" "${interface,}.xml" >said
                interface_of "org.berth1.$interface" "/usr/share/dbus-1/interfaces/org.berth1.$interface.xml" >installed
                [[ -s said ]] || fail "the service says nothing of org.berth1.$interface"
                check diff installed said
        done
}

# One interface of a file of introspection, without white space at the ends of lines.
interface_of() {
        sed -n "/<interface name=\"$1\">/,/<\/interface>/p" "$2" | sed 's/^[[:space:]]*//; s/[[:space:]]*$//' | grep -v '^$\|^<!--'
}

# Only on: namespaced
test_settings_table_is_there() {
        assert_contains "$(call GetSettings)" MemoryMax
}

# Only on: namespaced
test_user_without_rights() {
        local err
        err=$(error_of as_user berth run --rm --ephemeral "$busybox" true)
        assert_matches "$err" "[Dd]enied|not authorized|[Aa]ccess"
        # Looking is allowed to everybody.
        berth run -d --rm --ephemeral --name visible "$busybox" sleep 1000
        assert_contains "$(as_user berth list)" visible
        assert_status 1 as_user berth stop visible
        assert_eq "$(machine_property visible State)" running
        assert_status 1 as_user berth kill visible
        refute as_user busctl --address=unix:path=/run/berth/machines/visible/control call org.berth1 /org/berth1/supervisor org.berth1.Supervisor Stop
        assert_eq "$(machine_property visible State)" running
        berth stop visible
}
