# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Networks that are created by name: what each option does to packets, and how they are kept, shown and removed.
#
# Only on: namespaced

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# network NAME [OPTION…]: as long as the test.
network() {
        check berth network create "$@" >/dev/null
        at_end wait_until 60 berth network remove "$1"
}

# network_property NAME PROPERTY, as berth network inspect has it.
network_property() {
        berth network inspect "$1" | jq -r ".[0].$2 // empty"
}

# ask FROM URL: in a machine that runs; gives_up FROM URL: nobody answers it there.
ask() {
        nsenter -t "$(leader_of "$1")" -n timeout 3 busybox wget -q -O - "$2"
}

gives_up() {
        refute ask "$@" 2>/dev/null
}

# serve_on_host: port 8099 of all of the host's addresses.
serve_on_host() {
        mkdir -p hostwww
        echo host >hostwww/index.html
        busybox httpd -f -p '[::]:8099' -h "$PWD/hostwww" &
        at_end kill $!
        get 'http://[::1]:8099/' >/dev/null
}

test_created_used_and_removed() {
        network web --subnet=10.250.7.0/24 --subnet=fd00:7:7::/64
        serve one --network=web
        assert_matches "$(address_of one)" '^10\.250\.7\.'
        assert_matches "$(address6_of one)" '^fd00:7:7::'
        assert_eq "$(get "http://$(address_of one)/")" one
        assert_eq "$(get "http://[$(address6_of one)]/")" one
        assert_eq "$(berth network list --json=short | jq -c '.[] | select(.network == "web") | [.kind, .bridge, .subnet, .subnet6, .machines]')" \
                '["created","br-web","10.250.7.0/24","fd00:7:7::/64",1]'
        assert_eq "$(inside --network=web -- wget -q -O - "http://$(address_of one)/")" one
        assert_contains "$(error_of berth network remove web)" "the machine 'one' is on it"
        berth stop one
        wait_until 60 berth network remove web
        # All that was on the host is gone when that has returned.
        check network_is_gone br-web
        assert_contains "$(error_of inside --network=web -- true)" "no such network"
        check berth network create web >/dev/null
}

test_addresses_are_kept() {
        local subnet
        network kept
        subnet=$(network_property kept Subnet)
        kill_manager
        assert_eq "$(network_property kept Subnet)" "$subnet"
        serve one --network=kept
        assert_eq "$(nsenter -t "$(leader_of one)" -n ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local')" "$(address_of one)"
        assert_eq "$(network_property kept 'Machines[0]')" one
}

test_gateway_and_mtu() {
        network small --subnet=10.250.8.0/24 --gateway=10.250.8.200 --mtu=1400
        assert_contains "$(inside --network=small -- ip route show)" "default via 10.250.8.200 dev eth0"
        assert_eq "$(inside --network=small -- cat /sys/class/net/eth0/mtu)" 1400
        assert_eq "$(cat /sys/class/net/br-small/mtu)" 1400
        assert_eq "$(network_property small MTU)" 1400
}

test_without_ipv6() {
        network four --ipv6=no
        assert_eq "$(network_property four Subnet6)" ""
        assert_lacks "$(inside --network=four -- ip -6 addr show eth0)" "scope global"
}

# No way out, and none in; among themselves and with the host they talk.
test_internal() {
        make_internet
        network closed --internal
        serve one --network=closed
        assert_eq "$(get "http://$(address_of one)/")" one
        serve two --network=closed
        get "http://$(address_of two)/" >/dev/null
        assert_eq "$(ask one "http://$(address_of two)/")" two
        gives_up one http://192.0.2.2/
        gives_up one 'http://[2001:db8::2]/'
        # Not even where the machine makes itself a route.
        nsenter -t "$(leader_of one)" -n ip route add default via "$(network_property closed Gateway)"
        gives_up one http://192.0.2.2/
        ip -n internet route add 10.0.0.0/8 via 192.0.2.1
        refute ip netns exec internet timeout 2 busybox wget -q -O - "http://$(address_of one)/"
        # Nor by a port that a machine of another network publishes, which another one still reaches.
        serve three -p 8080:80
        get http://127.0.0.1:8080/ >/dev/null
        assert_eq "$(inside -- wget -q -O - http://192.0.2.1:8080/)" three
        gives_up one http://192.0.2.1:8080/
        gives_up one "http://$(address_of three)/"
        assert_contains "$(error_of inside --network=closed -p 8081:80 -- true)" "'closed' is internal"
        refute ip netns exec internet timeout 2 busybox wget -q -O - http://192.0.2.1:8081/
}

# As a counter-proof, two networks without the option talk.
test_isolated() {
        network open-a
        network open-b
        network apart --isolated
        serve a --network=open-a
        serve b --network=open-b
        serve c --network=apart
        get "http://$(address_of a)/" >/dev/null
        get "http://$(address_of b)/" >/dev/null
        get "http://$(address_of c)/" >/dev/null
        assert_eq "$(ask a "http://$(address_of b)/")" b
        assert_eq "$(ask a "http://[$(address6_of b)]/")" b
        gives_up a "http://$(address_of c)/"
        gives_up a "http://[$(address6_of c)]/"
        gives_up c "http://$(address_of a)/"
        gives_up c "http://[$(address6_of b)]/"
        # Its own machines do.
        serve d --network=apart
        get "http://$(address_of d)/" >/dev/null
        assert_eq "$(ask c "http://$(address_of d)/")" d
}

test_icc() {
        make_internet
        network strangers --icc=no
        serve one --network=strangers
        serve two --network=strangers
        assert_eq "$(get "http://$(address_of one)/")" one
        assert_eq "$(get "http://$(address_of two)/")" two
        gives_up one "http://$(address_of two)/"
        gives_up one "http://[$(address6_of two)]/"
        # Nor by the host, with a route that makes it the way.
        nsenter -t "$(leader_of one)" -n ip route add "$(address_of two)/32" via "$(network_property strangers Gateway)"
        gives_up one "http://$(address_of two)/"
        # The way out is open.
        assert_eq "$(ask one http://192.0.2.2/)" internet
}

test_host_access() {
        make_internet
        serve_on_host
        network guests --host-access=no
        network friends
        serve guest --network=guests
        serve friend --network=friends
        # The host asks, and is answered.
        assert_eq "$(get "http://$(address_of guest)/")" guest
        assert_eq "$(get "http://[$(address6_of guest)]/")" guest
        get "http://$(address_of friend)/" >/dev/null
        assert_eq "$(ask friend "http://$(network_property friends Gateway):8099/")" host
        assert_eq "$(ask friend http://192.0.2.1:8099/)" host
        gives_up guest "http://$(network_property guests Gateway):8099/"
        gives_up guest "http://[$(network_property guests Gateway6)]:8099/"
        gives_up guest http://192.0.2.1:8099/
        assert_eq "$(ask guest http://192.0.2.2/)" internet
        assert_eq "$(ask guest 'http://[2001:db8::2]/')" internet
}

test_refused() {
        network taken --subnet=10.250.9.0/24
        assert_contains "$(error_of berth network create taken)" "one of this name"
        assert_contains "$(error_of berth network create other --subnet=10.250.0.0/16)" "the network 'taken' has a part"
        make_internet
        assert_contains "$(error_of berth network create other --subnet=192.0.2.0/25)" "192.0.2.0/24 on uplink"
        assert_contains "$(error_of berth network create other --subnet=10.250.10.1)" "prefix length"
        assert_contains "$(error_of berth network create other --subnet=10.250.10.0/24 --gateway=10.250.11.1)" "in no subnet"
        assert_contains "$(error_of berth network create other --mtu=60)" "68 to 65535"
        assert_contains "$(error_of berth network create other --mtu=1000)" "IPv6 needs"
        assert_contains "$(error_of berth network create none)" "something else"
        assert_contains "$(error_of berth network create 'a b')" "a name is"
        assert_contains "$(error_of berth network remove nobody)" "no such network"
        assert_contains "$(error_of berth network remove berth0)" "nobody created it"
        assert_contains "$(error_of berth network inspect nobody)" "no such network"
        assert_contains "$(error_of berth network create)" "create with a name"
        assert_contains "$(error_of busctl call org.berth1 /org/berth1 org.berth1.Manager CreateNetwork 'sa{sv}' x 1 Nonsense b true)" \
                "no such option"
}

test_needs_a_right() {
        network mine
        assert_contains "$(error_of as_user berth network create theirs)" denied
        assert_contains "$(error_of as_user berth network remove mine)" denied
        assert_contains "$(error_of as_user berth network reload)" denied
        assert_contains "$(as_user berth network list -q)" mine
        assert_contains "$(as_user berth network inspect mine)" br-mine
}

test_on_the_bus() {
        busctl call org.berth1 /org/berth1 org.berth1.Manager CreateNetwork 'sa{sv}' bus-made 3 \
                Subnet as 1 10.250.12.0/24 Internal b true MTU u 1300
        at_end berth network remove bus-made
        local path=/org/berth1/network/bus_2dmade
        assert_eq "$(busctl get-property org.berth1 $path org.berth1.Network Subnet)" 's "10.250.12.0/24"'
        assert_eq "$(busctl get-property org.berth1 $path org.berth1.Network Internal)" 'b true'
        assert_contains "$(busctl tree --list org.berth1)" "$path"
        assert_contains "$(busctl call org.berth1 /org/berth1 org.freedesktop.DBus.ObjectManager GetManagedObjects)" "$path"
        # Who comes and who goes is told, of the network and of the machine.
        busctl monitor --json=short --match "type='signal',member='PropertiesChanged'" --match "type='signal',member='InterfacesRemoved'" \
                org.berth1 >signals 2>/dev/null &
        at_end kill $!
        at_end berth rm --force keeper
        berth create --name keeper --network=bus-made --ephemeral /var/lib/machines/busybox sleep 1000
        wait_until 60 eval 'berth start keeper && berth stop keeper; [[ -s signals ]]'
        wait_until 60 eval '[[ $(berth ps -q) != *keeper* ]]'
        : >signals
        berth start keeper
        wait_until 60 grep -aq "\"path\":\"$path\".*\"Machines\"" signals
        wait_until 60 grep -aq '"path":"/org/berth1/machine/keeper".*"Addresses"' signals
        : >signals
        berth stop keeper
        wait_until 60 grep -aq "\"path\":\"$path\".*\"Machines\"" signals
        wait_until 60 grep -aq '"path":"/org/berth1/machine/keeper".*"Network"' signals
        berth rm keeper
        busctl call org.berth1 $path org.berth1.Network Remove
        wait_until 60 grep -aq "InterfacesRemoved.*\"$path\".*org.berth1.Network" signals
        refute busctl get-property org.berth1 $path org.berth1.Network Subnet
}

test_reload() {
        make_internet
        network again
        serve one --network=again -p 8080:80
        get "http://$(address_of one)/" >/dev/null
        nft flush ruleset
        gives_up one http://192.0.2.2/
        check berth network reload
        assert_eq "$(ask one http://192.0.2.2/)" internet
        assert_contains "$(nft list map inet berth ports4)" "8080 : $(address_of one) . 80"
}

# One that is not in use keeps its addresses from those that are picked.
test_zone_leaves_them_alone() {
        network first
        serve one --network=zone=first
        assert_ne "$(link_of one gateway)" "$(network_property first Gateway)"
}
