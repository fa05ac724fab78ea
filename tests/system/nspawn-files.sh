# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Settings files: found, trusted as far as their place is, and in effect.

# settings FILE LINE…: writes a settings file or drop-in and forgets it at the end.
settings() {
        local file=$1
        shift
        mkdir -p "${file%/*}"
        printf '%s\n' "$@" >"$file"
        at_end rm -f "$file"
        [[ $file != *.d/* ]] || at_end rmdir --ignore-fail-on-non-empty "${file%/*}"
}

etc=/etc/systemd/nspawn
run=/run/systemd/nspawn

# Only on: namespaced vm/trixie
test_file_of_the_administrator() {
        make_tree filed
        settings $etc/filed.nspawn '[Exec]' "Parameters=sh -c 'echo \$WHO in \$(hostname); grep CapEff /proc/self/status'" 'Environment=WHO=file' \
                'Hostname=from-file' 'Capability=CAP_NET_ADMIN' '[Resources]' 'MemoryMax=48M'
        local out
        out=$(berth run --rm ./filed 2>errors)
        assert_contains "$out" 'file in from-file'
        assert_eq "$(cat errors)" ''
        # CAP_NET_ADMIN is bit 12.
        local mask
        mask=$(sed -n 's/^CapEff:\t//p' <<<"$out")
        (((0x$mask >> 12) & 1)) || fail "no CAP_NET_ADMIN in $mask"

        berth run --rm -d ./filed sleep 1000
        assert_eq "$(scope_property filed MemoryMax)" $((48 << 20))
        berth stop filed
}

# Only on: namespaced
test_caller_counts_more() {
        make_tree filed
        settings $etc/filed.nspawn '[Exec]' 'Environment=A=file' 'Hostname=file'
        assert_eq "$(berth run --rm --hostname cli ./filed sh -c 'echo $A $(hostname)')" 'file cli'
        assert_eq "$(berth run --rm --hostname cli --settings=override ./filed sh -c 'echo $A $(hostname)')" 'file file'
        assert_eq "$(berth run --rm --settings=no ./filed sh -c 'echo $A $(hostname)')" 'filed'
        assert_contains "$(error_of berth run --rm --settings=some ./filed true)" 'yes, no, override or trusted'
}

# What is beside an image is its author's word.
# Only on: namespaced
test_file_beside_the_image() {
        make_tree vendor
        settings "$PWD/vendor.nspawn" '[Exec]' 'Hostname=vendor-says' 'Capability=CAP_SYS_ADMIN' '[Network]' 'Private=no'
        local out bit21='echo $(( (0x$(sed -n "s/^CapEff:\t//p" /proc/self/status) >> 21) & 1 )) $(hostname)'
        out=$(berth run --rm ./vendor sh -c "$bit21" 2>errors)
        assert_eq "$out" '0 vendor-says'
        assert_contains "$(cat errors)" 'vendor.nspawn:3: Capability= is ignored'
        assert_contains "$(cat errors)" 'vendor.nspawn:5: Private= is ignored'

        out=$(berth run --rm --settings=trusted ./vendor sh -c "$bit21" 2>errors)
        assert_eq "$out" '1 vendor-says'
        assert_eq "$(cat errors)" ''

        # With one in /etc it is not read at all.
        settings $etc/vendor.nspawn '[Exec]' 'Environment=A=1'
        assert_eq "$(berth run --rm ./vendor hostname 2>errors)" vendor
        assert_eq "$(cat errors)" ''
}

# All ways to the host that a file could open, with a warning for each, and what is harmless in it is in effect all the same.
# Only on: namespaced
test_file_beside_the_image_reaches_nothing() {
        local key
        make_tree vendor
        printf '#!/bin/sh\ntouch %s/hooked\n' "$PWD" >hook
        chmod 755 hook
        mkdir shown
        settings "$PWD/vendor.nspawn" '[Exec]' "Hook=prestart:$PWD/hook" 'Environment=KEPT=yes' "LoadCredential=passwords:/etc/shadow" \
                '[Files]' 'Device=/dev/fuse' "Bind=$PWD/shown:/shown" 'BindReadOnly=/etc:/given' \
                '[Resources]' 'Property=Description=from the image' 'DeviceAllow=/dev/fuse rw' 'Slice=system.slice'
        berth run -d --rm ./vendor sleep 1000 2>errors
        for key in Hook LoadCredential Device Bind BindReadOnly Property DeviceAllow Slice; do
                assert_contains "$(cat errors)" " $key= is ignored"
        done
        assert_eq "$(berth exec vendor sh -c 'ls -d /dev/fuse /shown /given /run/host/credentials/passwords 2>/dev/null; echo $KEPT')" yes
        refute test -e hooked
        assert_ne "$(scope_property vendor Description)" "from the image"
        assert_eq "$(scope_property vendor Slice)" machine.slice
        berth stop vendor

        # It is the place of the file that takes it away: who trusts it has it all.
        berth run -d --rm --settings=trusted ./vendor sleep 1000 2>errors
        assert_eq "$(cat errors)" ''
        assert_eq "$(berth exec vendor sh -c 'ls -d /dev/fuse /shown /given /run/host/credentials/passwords; echo $KEPT')" \
                $'/dev/fuse\n/given\n/run/host/credentials/passwords\n/shown\nyes'
        check test -e hooked
        assert_eq "$(scope_property vendor Description)" "from the image"
        assert_eq "$(scope_property vendor Slice)" system.slice
        systemctl stop berth-vendor.scope
}

# Only on: namespaced
test_template_and_drop_ins() {
        make_tree tree
        settings "$run/many@.nspawn" '[Exec]' 'Environment=INSTANCE=%i' 'Hostname=%p.%i'
        settings "$etc/many@.nspawn.d/10-more.conf" '[Exec]' 'Environment=MORE=%n'
        settings "$run/many-2.nspawn.d/20-own.conf" '[Exec]' 'Hostname=two'
        assert_eq "$(berth run --rm --name many-1 ./tree sh -c 'echo $INSTANCE $MORE $(hostname)')" '1 many-1 many.1'
        assert_eq "$(berth run --rm --name many-2 ./tree sh -c 'echo $INSTANCE $MORE $(hostname)')" '2 many-2 two'
}

# Only on: namespaced
test_keys_that_are_not_there() {
        make_tree keys
        settings $etc/keys.nspawn '[Exec]' 'Hostnam=x' '[Exex]' 'A=b'
        check berth run --rm ./keys true 2>errors
        assert_contains "$(cat errors)" 'keys.nspawn:2: Hostnam= is ignored: there is no such setting; did you mean Hostname?'
        assert_contains "$(cat errors)" 'keys.nspawn:3: there is no section [Exex]'
        settings $etc/keys.nspawn '[Exec]' 'Hostname=-'
        assert_contains "$(error_of berth run --rm ./keys true)" "keys.nspawn:2': Hostname=: '-' is not a host name"
        settings $etc/keys.nspawn '[Files]' 'BindUser=root'
        assert_contains "$(error_of berth run --rm ./keys true)" "keys.nspawn:2': BindUser= is not done"
}

# Kept is what the caller said; files are read again at each start.
# Only on: namespaced
test_kept_machine_reads_them_again() {
        make_tree again
        settings $etc/again.nspawn '[Exec]' 'Environment=A=one' 'Capability=CAP_SYS_TIME'
        assert_eq "$(berth run --name again -u 7:7 ./again sh -c 'echo $A $(id -u)')" 'one 7'
        at_end berth rm -f again
        settings $etc/again.nspawn '[Exec]' 'Environment=C=two'
        assert_eq "$(berth start --attach again)" 7
        assert_lacks "$(cat /var/lib/berth/machines/again/spec.json)" one
        assert_contains "$(cat /var/lib/berth/machines/again/spec.json)" 7:7
}

# Only on: namespaced
test_in_a_unit() {
        make_tree kept
        settings $etc/kept.nspawn '[Exec]' 'Environment=A=unit' 'Nonsense=1'
        systemd-run --quiet --unit=kept-files --wait -p Type=notify -p Delegate=yes -p KillMode=mixed \
                -p "StandardOutput=file:$PWD/out" -p StandardError=journal berth run --keep-unit --rm --settings=yes "$PWD/kept" sh -c 'echo $A; sleep 0.2'
        assert_eq "$(cat out)" unit
        wait_until 60 journal_has kept-files.service 'Nonsense= is ignored'
}
