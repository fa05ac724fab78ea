# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Names: of machines on a network, of the machine itself, and what its resolver asks.
#
# Only on: namespaced

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

network() {
        check berth network create "$@" >/dev/null
        at_end wait_until 60 berth network remove "$1"
}

# ask FROM URL: in a machine that runs, by its own names.
ask() {
        berth exec "$1" -- timeout 5 wget -q -O - "$2"
}

hosts_of() {
        berth exec "$1" -- cat /etc/hosts
}

# knows MACHINE NAME
knows() {
        berth exec "$1" -- grep -qw "$2" /etc/hosts
}

hosts_lack() {
        ! knows "$1" "$2"
}

test_by_name() {
        network team
        serve one --network=team
        serve two --network=team
        get "http://$(address_of one)/" >/dev/null
        get "http://$(address_of two)/" >/dev/null
        # Both ways: who came first learns of who came later.
        assert_eq "$(ask one http://two/)" two
        assert_eq "$(ask two http://one/)" one
        assert_eq "$(ask one http://one/)" one
        assert_contains "$(hosts_of one)" "$(address6_of two)"
        assert_eq "$(inside --network=team -- wget -q -O - http://one/)" one
}

# Only on: namespaced
test_by_name_in_a_zone() {
        serve one --network=zone=dmz
        serve two --network=zone=dmz
        get "http://$(address_of two)/" >/dev/null
        assert_eq "$(ask one http://two/)" two
}

# Neither the default network nor another one.
# Only on: namespaced
test_names_stay_in_their_network() {
        network here
        network there
        serve one --network=here
        serve two --network=there
        check knows one one
        refute knows one two
        make_tree tree
        touch tree/etc/hosts
        berth run -d --rm --name three ./tree sleep 1000 >/dev/null
        at_end berth terminate three
        serve four
        check knows three three
        refute knows three one
        refute knows three four
}

# Only on: namespaced
test_names_go_with_their_machines() {
        network team
        serve one --network=team
        serve two --network=team
        check knows one two
        berth stop two
        refute knows one two
        # Killed, it can tell nobody: the manager does.
        serve two --network=team
        check knows one two
        kill -KILL "$(supervisor_of two)"
        wait_until 60 hosts_lack one two
}

# No manager is needed, nor one that lived on.
test_names_without_a_manager() {
        network team
        serve one --network=team
        kill_manager
        assert_contains "$(systemd-run --quiet --pipe --wait --collect -p KillMode=mixed -p Delegate=yes \
                berth run --keep-unit --rm --ephemeral --name late --network=team "$busybox" cat /etc/hosts)" \
                "$(address_of one)"$'\t'one
}

# What the machine does with the file is nobody's business, and nobody's harm.
test_machine_cannot_write_it() {
        network team
        serve one --network=team
        serve two --network=team
        refute berth exec one -- sh -c 'echo 192.0.2.66 two > /etc/hosts'
        refute berth exec --privileged one -- sh -c 'echo 192.0.2.66 two > /etc/hosts'
        assert_lacks "$(hosts_of two)" 192.0.2.66
}

# Only on: namespaced
test_own_name() {
        local out
        make_tree tree
        echo tree >tree/etc/hostname
        touch tree/etc/hosts
        out=$(berth run --rm --name own --hostname=called.example ./tree sh -c 'cat /etc/hostname; ping -c 1 -q own >/dev/null && ping -c 1 -q called.example >/dev/null && echo reached')
        assert_eq "$out" $'called.example\nreached'
        assert_eq "$(cat tree/etc/hostname)" tree
        assert_eq "$(stat -c %s tree/etc/hosts)" 0
}

# Only on: namespaced
test_add_host() {
        network team
        local out
        out=$(inside --network=team --add-host=far:192.0.2.9 --add-host=six=[2001:db8::9] --add-host=outside:host-gateway -- cat /etc/hosts)
        assert_contains "$out" $'192.0.2.9\tfar'
        assert_contains "$out" $'2001:db8::9\tsix'
        assert_contains "$out" "$(berth network inspect team | jq -r '.[0].Gateway')"$'\toutside'
        assert_contains "$(inside --network=none --add-host=far:192.0.2.9 -- cat /etc/hosts)" $'192.0.2.9\tfar'
        assert_contains "$(inside --network=host --add-host=far:192.0.2.9 -- cat /etc/hosts)" "$(head -n 1 /etc/hosts)"
        assert_contains "$(error_of inside --add-host=far -- true)" "a host name"
        assert_contains "$(error_of inside --add-host=far:nowhere -- true)" "a host name"
}

# Only on: namespaced
test_dns() {
        make_tree tree
        cp /etc/resolv.conf saved 2>/dev/null || touch saved
        at_end cp "$PWD/saved" /etc/resolv.conf
        printf 'nameserver 192.0.2.7\nsearch host.example\noptions edns0\n' >/etc/resolv.conf
        assert_eq "$(berth run --rm --dns=192.0.2.53 --dns=2001:db8::53 ./tree cat /etc/resolv.conf)" \
                $'nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch host.example\noptions edns0'
        assert_eq "$(berth run --rm --dns-search=a.example --dns-search=b.example --dns-option=ndots:2 ./tree cat /etc/resolv.conf)" \
                $'search a.example b.example\noptions ndots:2\nnameserver 192.0.2.7'
        assert_contains "$(error_of inside --dns=example.org -- true)" "IPv4 or IPv6 address"
}

# nss-mymachines(8) asks machined, which asks the machine's network namespace.
test_host_knows_machines() {
        serve known
        get "http://$(address_of known)/" >/dev/null
        wait_until 30 machinectl status known >/dev/null 2>&1
        assert_contains "$(busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager \
                GetMachineAddresses s known)" "2 4 $(address_of known | tr . ' ')"
        assert_contains "$(getent -s hosts:mymachines ahosts known)" "$(address_of known)"
}

# Only on: namespaced
test_ports_are_listed() {
        serve web -p 8080:80 -p 127.0.0.1:9000-9001:90-91/udp
        assert_eq "$(berth port web)" $'80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n90/udp -> 127.0.0.1:9000\n91/udp -> 127.0.0.1:9001'
        assert_eq "$(berth port web 80)" $'0.0.0.0:8080\n[::]:8080'
        assert_eq "$(berth port web 91/udp)" 127.0.0.1:9001
        assert_eq "$(berth port web --json=short | jq -c '.[0]')" '{"machine":"80/tcp","address":"0.0.0.0","host":8080}'
        assert_contains "$(error_of berth port web 81)" "does not publish"
        assert_contains "$(error_of berth port web 80/udp)" "does not publish"
        assert_contains "$(error_of berth port web x)" "a number from 1"
        assert_contains "$(error_of berth port nobody)" "no such machine"
        serve plain
        assert_eq "$(berth port plain)" ""
}

# kill -9 of everything: what comes next finds nothing of it.
test_nothing_of_the_killed_is_known() {
        network team
        serve keeper --network=team
        serve web --network=team -p 8080:80
        kill_manager "$(supervisor_of web)"
        wait_until 60 scope_is_gone web
        check berth list >/dev/null
        wait_until 60 hosts_lack keeper web
        wait_until 60 eval '! grep -q 8080 <<<"$(nft list map inet berth ports4)"'
}
