# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# --nesting: what makes machines runs in a machine.

busybox=/var/lib/machines/busybox

# A small tree with what podman needs: the host's own files, with a place of its own to write to.
make_host_tree() {
        mkdir -p "$1"
        tar -C / --one-file-system -cf - bin sbin lib lib64 usr etc 2>/dev/null | tar -C "$1" -xf -
        mkdir -p "$1"/{root,var/lib/containers,var/tmp,tmp,run,proc,sys,dev}
}

# Only on: namespaced vm
test_what_nesting_opens() {
        local out
        out=$(berth run --rm --ephemeral --nesting "$busybox" sh -c '
                mkdir -p /tmp/p && unshare -p -f -m sh -c "mount -t proc proc /tmp/p && echo a-proc-of-its-own"
                for d in /sys/fs/cgroup /sys/fs/cgroup/unified; do mkdir $d/inner 2>/dev/null && echo writable-cgroup && break; done
                cat /proc/self/status' 2>&1)
        assert_contains "$out" a-proc-of-its-own
        assert_contains "$out" writable-cgroup
        assert_contains "$out" $'Seccomp:\t2'

        # And nothing else does that.
        out=$(berth run --rm --ephemeral --cap-add sys_admin "$busybox" sh -c '
                mkdir -p /tmp/p && unshare -p -f -m sh -c "mount -t proc proc /tmp/p && echo a-proc-of-its-own"
                for d in /sys/fs/cgroup /sys/fs/cgroup/unified; do mkdir $d/inner 2>/dev/null && echo writable-cgroup && break; done' 2>&1 || true)
        assert_lacks "$out" a-proc-of-its-own
        assert_lacks "$out" writable-cgroup
}

# Only on: namespaced
test_nesting_needs_a_user_namespace() {
        assert_contains "$(error_of berth run --rm --ephemeral --nesting --private-users=no "$busybox" true)" Nesting
}

# Only on: namespaced
test_nesting_is_not_for_everybody() {
        assert_contains "$(error_of as_user berth run --rm --ephemeral --nesting "$busybox" true)" denied
}

# Only on: namespaced vm/trixie
test_podman_with_crun() {
        [[ -x /usr/bin/podman && -x /usr/bin/crun ]] || skip "this host has no podman"
        make_host_tree host
        cp -a "$busybox" host/busybox
        assert_contains "$(berth run --rm --nesting ./host podman --runtime crun --cgroup-manager cgroupfs --storage-driver vfs \
                run --rm --network none --cgroups disabled --rootfs /busybox echo from-inside-of-inside 2>&1)" from-inside-of-inside
}

# Its own networks, with a bridge, packet filter and names of its own (netavark, aardvark-dns): all of it in the machine's network.
# Only on: namespaced
test_podman_with_its_default_network() {
        local out
        [[ -x /usr/lib/podman/netavark && -x /usr/lib/podman/aardvark-dns ]] || fail "this host lacks netavark or aardvark-dns"
        make_host_tree host
        cp -a "$busybox" host/busybox
        cat >host/networks.sh <<'END'
podman() {
        timeout 300 /usr/bin/podman --runtime crun --cgroup-manager cgroupfs --storage-driver vfs "$@"
}
podman run --rm --cgroups disabled --rootfs /busybox sh -c 'ip -4 addr show eth0; ip route'
podman network create inner
podman run -d --name web --network inner --cgroups disabled --rootfs /busybox sh -c 'while :; do echo served | nc -l -p 80; done'
podman run --rm --network inner --cgroups disabled --rootfs /busybox sh -c 'until nc web 80 </dev/null; do sleep 0.2; done'
podman rm -f -t 0 web
END
        out=$(berth run --rm --nesting ./host bash /networks.sh 2>&1)
        assert_contains "$out" "inet 10.88.0."
        assert_contains "$out" "default via 10.88.0.1"
        assert_contains "$out" served
        # The host has nothing of it.
        assert_eq "$(ip -o link | cut -d ' ' -f 2 | grep -c podman || true)" 0
        assert_lacks "$(nft list tables)" podman
        assert_lacks "$(nft list ruleset)" 10.88.0
}

# boot_outer OPTION…: a machine that boots the host's own files, with berth in them and a tree to run.
boot_outer() {
        make_host_tree host
        mkdir -p -m 700 host/var/lib/machines
        mkdir -p host/var/log/journal
        cp -a "$busybox" host/var/lib/machines/busybox
        at_end eval 'berth stop outer 2>/dev/null'
        start_outer "$@"
}

start_outer() {
        berth run --boot --detach --rm --name outer --nesting --network none "$@" ./host >/dev/null
        wait_until 120 eval "berth exec outer systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'"
}

# A tree without systemd has a legacy hierarchy to nspawn (252), which nothing but root of the host can mount.
# And where nspawn has no user namespace of its own, that of 257 takes the outer procfs away before it mounts one, which the
# kernel allows in a user namespace only where another is visible: it runs in nobody's.
nspawn=(systemd-nspawn --quiet --register=no --keep-unit)
! on_cgroup_v2 || nspawn=(env SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 "${nspawn[@]}")

# Only on: namespaced
test_nspawn_inside() {
        make_host_tree host
        cp -a "$busybox" host/busybox
        assert_contains "$(berth run --rm --nesting ./host "${nspawn[@]}" -D /busybox /bin/echo from-nspawn 2>&1)" from-nspawn
}

# Only on: namespaced vm
test_berth_and_nspawn_in_a_system_inside() {
        boot_outer
        assert_eq "$(berth exec outer berth run --rm --ephemeral --network none --private-users=identity busybox sh -c 'echo x >/dev/null; id -u')" 0
        assert_eq "$(berth exec outer berth run --detach --rm --ephemeral --network none --private-users=identity --name inner busybox sleep 1000)" inner
        assert_contains "$(berth exec outer berth list)" inner
        assert_matches "$(berth exec outer systemctl show -P ControlGroup berth-inner.scope)" /machine.slice/berth-inner.scope
        assert_eq "$(berth exec outer berth exec inner echo joined)" joined
        # To the host it is some process of the outer machine's, and no machine.
        refute berth status inner
        berth exec outer berth stop inner
        # A range of ids of its own takes more than one range's worth of them.
        assert_contains "$(error_of berth exec outer berth run --rm --ephemeral --network none busybox true)" "has only the ids below 65536"
        assert_contains "$(berth exec outer "${nspawn[@]}" --private-users=no -D /var/lib/machines/busybox /bin/echo from-nspawn 2>&1)" from-nspawn
}

# With more ids than one range has, machines in the machine have ranges of their own. Owners can't be mapped in there: they are changed.
#
# Only on: namespaced vm
test_ranges_inside() {
        boot_outer --private-users=1000000000:2097152
        berth exec outer sh -c 'mkdir -m 700 -p /srv/own && cp -a /var/lib/machines/busybox /srv/own/one && cp -a /srv/own/one /srv/own/two'
        berth exec outer berth run --detach --rm --network none --private-users-ownership=chown --name one /srv/own/one sleep 1000
        berth exec outer berth run --detach --rm --network none --private-users-ownership=chown --name two /srv/own/two sleep 1000
        # As the machine inside sees its ids, and as its own host does: two ranges, with neither's root that of the other.
        assert_eq "$(berth exec outer berth exec one id -u)" 0
        local one two
        one=$(berth exec outer sh -c 'read -r _ base count </proc/$(pgrep -xof "sleep 1000")/uid_map; echo $base $count')
        two=$(berth exec outer sh -c 'read -r _ base count </proc/$(pgrep -xnf "sleep 1000")/uid_map; echo $base $count')
        assert_ne "$one" "$two"
        assert_eq "${one#* } ${two#* }" "65536 65536"
        assert_ne "$(berth exec outer stat -c %u /srv/own/one)" 0
        berth exec outer berth stop one two
}

# in_outer COMMAND…: on the host that is a machine.
in_outer() {
        berth exec outer "$@"
}

# What systemd of that host calls the time of its start: another one after a reboot.
start_of_outer() {
        in_outer systemctl show -P UserspaceTimestampMonotonic
}

has_rebooted() {
        local now
        now=$(start_of_outer 2>/dev/null) && [[ $now != "$1" ]] &&
                grep -qE 'running|degraded' <<<"$(in_outer systemctl is-system-running 2>/dev/null)"
}

# make_inner VERB OPTION… NAME: of a tree of its own, that says at each start which one it is, and goes on.
make_inner() {
        local name=${*: -1}
        in_outer cp -a /var/lib/machines/busybox "/srv/own/$name"
        in_outer berth "${@:1:$#-1}" --network none --private-users=identity --name "$name" "/srv/own/$name" \
                sh -c 'echo life >>/lives; echo "this is life $(wc -l </lives)"; exec sleep 100000' >/dev/null
}

# What runs in a unit writes where its unit does.
said_in_unit() {
        in_outer journalctl --no-pager --output=cat --unit="berth@$1.service"
}

state_of_inner() {
        in_outer berth list --all --json | jq -r ".[] | select(.machine == \"$1\") | .state"
}

# A host that is shut down in order and boots again, with nothing in its /run: what was enabled runs, what was not is as it
# was left, and files and logs of both are there.
# Only on: namespaced
test_reboot_of_a_host() {
        local before
        boot_outer
        in_outer mkdir -m 700 /srv/own
        make_inner create wanted
        in_outer berth enable --now wanted
        make_inner run --detach --restart=always unwanted
        make_inner run --detach --rm passing
        make_inner create idle
        wait_until 60 eval '[[ $(said_in_unit wanted) == *"life 1"* && $(in_outer berth logs unwanted) == *"life 1"* ]]'

        before=$(start_of_outer)
        in_outer systemctl reboot || true
        wait_until 300 has_rebooted "$before"

        # Started by systemd, in its unit, with its files as they were.
        wait_until 120 eval '[[ $(state_of_inner wanted) == running ]]'
        assert_eq "$(in_outer berth inspect wanted | jq -r '.[0].state.unit')" berth@wanted.service
        assert_eq "$(in_outer berth exec wanted cat /lives)" $'life\nlife'
        # The first thing that is asked of berth finds the whole picture. What ran is no running machine, and how it ended is known.
        assert_eq "$(state_of_inner unwanted)" exited
        assert_eq "$(state_of_inner idle)" created
        assert_eq "$(state_of_inner passing)" ""
        assert_eq "$(in_outer cat /srv/own/unwanted/lives)" life
        # What they said before is there beside what they say now.
        wait_until 60 eval '[[ $(said_in_unit wanted) == *"life 1"*"life 2"* ]]'
        assert_contains "$(in_outer berth logs unwanted)" "this is life 1"
        assert_contains "$(in_outer berth logs passing)" "this is life 1"
        # And it is a machine like before.
        in_outer berth start unwanted
        assert_eq "$(in_outer berth exec unwanted cat /lives)" $'life\nlife'
        in_outer berth stop unwanted wanted
        wait_until 60 eval '[[ $(state_of_inner wanted) != running ]]'
        in_outer berth rm wanted
        wait_until 60 is_not_enabled_inside wanted
}

is_not_enabled_inside() {
        ! in_outer systemctl is-enabled --quiet "berth@$1.service" 2>/dev/null
}

# And one that goes down without a word.
# Only on: namespaced
test_power_cut_of_a_host() {
        boot_outer
        in_outer mkdir -m 700 /srv/own
        make_inner create wanted
        in_outer berth enable --now wanted
        make_inner run --detach unwanted
        make_inner create idle
        berth terminate outer
        wait_until 60 eval '! berth status outer >/dev/null 2>&1'

        start_outer
        wait_until 120 eval '[[ $(state_of_inner wanted) == running ]]'
        assert_eq "$(in_outer berth exec wanted cat /lives)" $'life\nlife'
        assert_eq "$(state_of_inner unwanted)" failed
        assert_contains "$(in_outer berth inspect unwanted | jq -r '.[0].state.reason')" "the host went down"
        assert_eq "$(state_of_inner idle)" created
        in_outer berth start unwanted
        assert_eq "$(state_of_inner unwanted)" running
}
