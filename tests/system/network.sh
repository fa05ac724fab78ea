# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The network of machines, by traffic.

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# Only on: namespaced vm
test_none() {
        local out
        out=$(inside --network=none -- sh -c 'ls /sys/class/net; ping -c 1 -q 127.0.0.1 >/dev/null && echo v4; ping -c 1 -q ::1 >/dev/null && echo v6')
        assert_eq "$out" $'lo\nv4\nv6'
}

# Only on: namespaced vm
test_host() {
        assert_eq "$(inside --network=host -- readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
        assert_eq "$(inside --private-network=no -- readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
}

# Only on: namespaced vm
test_host_to_machine() {
        serve web --network=bridge
        assert_eq "$(get "http://$(address_of web)/")" web
        assert_eq "$(get "http://[$(address6_of web)]/")" web
}

# Only on: namespaced vm
test_machine_to_machine() {
        serve web --network=bridge
        get "http://$(address_of web)/" >/dev/null
        assert_eq "$(inside --network=bridge -- wget -q -O - "http://$(address_of web)/")" web
        assert_eq "$(inside --network=bridge -- wget -q -O - "http://[$(address6_of web)]/")" web
}

# Only on: namespaced vm
test_machine_to_internet() {
        fresh_network
        make_internet
        assert_eq "$(inside --network=bridge -- wget -q -O - http://192.0.2.2/)" internet
        assert_contains "$(cat visitors)" 192.0.2.1
        assert_eq "$(inside --network=bridge -- wget -q -O - 'http://[2001:db8::2]/')" internet
        assert_contains "$(cat visitors)" 2001:db8::1
        assert_lacks "$(cat visitors)" 10.200.
}

# Somebody out there who has a route in is not let in.
# Only on: namespaced vm
test_machine_is_private() {
        make_internet
        serve web --network=bridge
        get "http://$(address_of web)/" >/dev/null
        ip -n internet route add 10.0.0.0/8 via 192.0.2.1
        refute ip netns exec internet timeout 2 busybox wget -q -O - "http://$(address_of web)/"
}

# Where systemd-networkd runs, ve-* is its own: it gives out addresses there, which are not those of this test.
leave_links_alone() {
        systemctl is-active --quiet systemd-networkd.service || return 0
        mkdir -p /run/systemd/network
        printf '[Match]\nName=%s\n[Link]\nUnmanaged=yes\n' "$1" >/run/systemd/network/00-test.network
        at_end networkctl reload
        at_end rm /run/systemd/network/00-test.network
        networkctl reload
}

# Only on: namespaced vm
test_veth() {
        leave_links_alone 've-*'
        serve pair --network=veth --ip=198.51.100.2/24 --ip6=2001:db8:1::2/64 --mac-address=02:00:00:00:00:2a
        ip addr add 198.51.100.1/24 dev ve-pair
        ip -6 addr add 2001:db8:1::1/64 dev ve-pair nodad
        assert_eq "$(get http://198.51.100.2/)" pair
        assert_eq "$(get 'http://[2001:db8:1::2]/')" pair
        assert_contains "$(ip neigh show 198.51.100.2)" 02:00:00:00:00:2a
        assert_eq "$(inside -n -- ls /sys/class/net | tr '\n' ' ')" "host0 lo "
}

# Only on: namespaced vm
test_zone() {
        serve one --network=zone=dmz
        serve two --network-zone=dmz
        get "http://$(address_of one)/" >/dev/null
        assert_eq "$(inside --network=zone=dmz -- wget -q -O - "http://$(address_of two)/")" two
        check test -e /sys/class/net/vz-dmz/brif/vb-one
        check test -e /sys/class/net/vz-dmz/brif/vb-two
        berth terminate one
        berth terminate two
        wait_until 60 network_is_gone vz-dmz
}

# Only on: namespaced vm
test_bridge_of_the_host() {
        ip link add br-own type bridge
        at_end ip link del br-own
        ip addr add 198.51.100.1/24 dev br-own
        ip link set br-own up
        ip -6 addr add 2001:db8:9::1/64 dev br-own nodad
        serve guest --network=bridge=br-own --ip=198.51.100.9/24 --ip6=2001:db8:9::9/64
        assert_eq "$(get http://198.51.100.9/)" guest
        assert_eq "$(get 'http://[2001:db8:9::9]/')" guest
        berth terminate guest
        # It is not ours to take away.
        sleep 4
        check ip link show br-own
        assert_contains "$(error_of inside --network=bridge=uplink -- true)" "no such interface"
}

# Whose network it is answers over the loopback device, and nobody else is there.
# Only on: namespaced vm
test_network_of_another_machine() {
        serve web
        get "http://$(address_of web)/" >/dev/null
        assert_eq "$(inside --network=container:web -- wget -q -O - http://127.0.0.1/)" web
        assert_eq "$(inside --network=container:web -- wget -q -O - 'http://[::1]/')" web
        assert_contains "$(inside --net=container:web -- ip -4 addr show eth0)" "$(address_of web)/"
        assert_contains "$(error_of inside --network=container:nobody -- true)" nobody
}

# Only on: namespaced vm
test_network_namespace_by_path() {
        make_internet
        assert_eq "$(inside --network=ns:/run/netns/internet -- wget -q -O - http://192.0.2.2/)" internet
        assert_eq "$(inside --network-namespace-path=/run/netns/internet -- wget -q -O - 'http://[2001:db8::2]/')" internet
        assert_contains "$(cat visitors)" 192.0.2.2
        assert_contains "$(error_of inside --network=ns:/etc/hostname -- true)" /etc/hostname
}

# Only where a machine needs it, and it is said.
# Only on: namespaced
test_forwarding_is_switched_on_and_said() {
        fresh_network
        echo 0 >/proc/sys/net/ipv4/ip_forward
        echo 0 >/proc/sys/net/ipv6/conf/all/forwarding
        check berth network create inner --internal >/dev/null
        at_end wait_until 60 berth network remove inner
        inside --network=none -- true
        inside --network=host -- true
        inside --network=veth -- true
        inside --network=inner -- true
        assert_eq "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding)" $'0\n0'
        local since
        since=$(date +%s)
        inside -- true
        assert_eq "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding)" $'1\n1'
        journalctl --sync
        assert_contains "$(journalctl --since="@$since" -o cat --no-pager)" \
                "/proc/sys/net/ipv4/ip_forward is 1 from now on, since berth0 needs it"
}

# Only on: namespaced
test_long_names() {
        local long=a-machine-whose-name-is-longer-than-any-interface one two
        serve "$long-1" --network=bridge
        serve "$long-2" --network=bridge
        one=$(link_of "$long-1" host) two=$(link_of "$long-2" host)
        assert_ne "$one" "$two"
        assert_eq "$(cat "/sys/class/net/$one/ifindex")" "$(ip -j link show "vb-$long-1" | jq '.[0].ifindex')"
        get "http://$(address_of "$long-2")/" >/dev/null
        berth terminate "$long-1"
        serve "$long-1" --network=bridge
        assert_eq "$(link_of "$long-1" host)" "$one"
}

# The host's end lives as long as somebody keeps the network namespace of a machine that ended: its name does not.
# Only on: namespaced vm
test_link_of_one_who_ended_gives_its_name_up() {
        local long=a-machine-whose-name-is-longer-than-any-interface host index old
        serve "$long" --network=bridge
        host=$(link_of "$long" host)
        index=$(cat "/sys/class/net/$host/ifindex")
        exec 5<"/proc/$(leader_of "$long")/ns/net"
        berth terminate "$long"
        assert_eq "$(cat "/sys/class/net/$host/ifindex")" "$index"

        serve "$long" --network=bridge
        assert_ne "$(cat "/sys/class/net/$host/ifindex")" "$index"
        assert_eq "$(ip -j link show "vb-$long" | jq '.[0].ifindex')" "$(cat "/sys/class/net/$host/ifindex")"
        assert_eq "$(get "http://$(address_of "$long")/")" "$long"
        old=$(ip -j link | jq -r ".[] | select(.ifindex == $index).ifname")
        assert_matches "$old" '^berth-gone[0-9]+$'
        assert_lacks "$(ip -j link show "$old" | jq -c '.[0].flags')" '"UP"'

        # It goes when the networks are tidied up, whoever keeps what.
        berth terminate "$long"
        wait_until 60 network_is_gone berth0
        wait_until 60 network_is_gone "$old"
        exec 5<&-
}

# Only on: namespaced
test_given_addresses() {
        fresh_network
        local subnet6
        serve web --network=bridge --ip=10.200.0.77
        subnet6=$(link_of web gateway6)
        assert_eq "$(address_of web)" 10.200.0.77
        assert_contains "$(error_of inside --network=bridge --ip=10.200.0.77 -- true)" "another machine's"
        assert_contains "$(error_of inside --network=bridge --ip=10.200.0.1 -- true)" "network's own"
        assert_contains "$(error_of inside --network=bridge --ip=10.200.255.255 -- true)" "network's own"
        assert_contains "$(error_of inside --network=bridge --ip=10.199.0.1 -- true)" "not in 10.200.0.0/16"
        assert_contains "$(error_of inside --network=none --ip=10.199.0.1 -- true)" "no link"
        assert_contains "$(error_of inside --network=veth --ip=10.199.0.1 -- true)" "prefix length"
        assert_contains "$(error_of inside --network=nowhere -- true)" "no such network"
        assert_contains "$(inside --network=bridge "--ip6=${subnet6%1}abc" -- ip -6 addr show eth0)" "${subnet6%1}abc/64"
        # It is free again the moment that its machine is.
        berth terminate web
        assert_contains "$(inside --network=bridge --ip=10.200.0.77 -- ip addr show eth0)" 10.200.0.77/16
}

# Only on: namespaced vm
test_lease_of_the_killed_is_reclaimed() {
        fresh_network
        serve web --network=bridge --ip=10.200.0.78
        kill -KILL "$(supervisor_of web)"
        wait_until 60 scope_is_gone web
        assert_contains "$(inside --network=bridge --ip=10.200.0.78 -- ip addr show eth0)" 10.200.0.78/16
}

# Nobody is there to tidy up; the next manager does.
# Only on: namespaced vm
test_all_killed() {
        serve web --network=bridge
        kill_manager "$(supervisor_of web)"
        wait_until 60 scope_is_gone web
        check berth list
        wait_until 60 network_is_gone berth0
        wait_until 60 filter_is_gone
}

# Only on: namespaced
test_subnet_that_the_host_uses() {
        fresh_network
        ip link add lan type bridge
        at_end ip link del lan
        ip addr add 10.200.3.1/24 dev lan
        ip link set lan up
        serve web --network=bridge
        assert_matches "$(address_of web)" '^10\.201\.'
        assert_eq "$(get "http://$(address_of web)/")" web
}

# A route that came later than the choice of addresses.
# Only on: namespaced
test_subnet_that_the_host_comes_to_use() {
        fresh_network
        serve web --network=bridge
        ip link add lan type bridge
        at_end ip link del lan
        ip link set lan up
        ip addr add 10.200.3.1/24 dev lan
        ip link del berth0
        assert_contains "$(error_of inside --network=bridge -- true)" "10.200.3.0/24 on lan"
}

# Only on: namespaced vm
test_flushed_filter_is_healed() {
        nft add table ip others
        at_end nft delete table ip others
        make_internet
        serve web --network=bridge
        nft flush ruleset
        nft add table ip others
        assert_eq "$(inside --network=bridge -- wget -q -O - http://192.0.2.2/)" internet
        assert_contains "$(nft list tables)" "inet berth"
        assert_contains "$(nft list tables)" "ip others"
}

# Only on: namespaced vm
test_keep_unit_leaves_nothing() {
        assert_eq "$(systemd-run --quiet --pipe --wait --collect -p KillMode=mixed -p Delegate=yes \
                berth run --keep-unit --rm --ephemeral --network=zone=solo "$busybox" sh -c 'ip -4 addr show eth0 | grep -c inet')" 1
        wait_until 60 network_is_gone vz-solo
}

# Only on: namespaced
test_two_hundred_machines() {
        local i pids=()
        for ((i = 0; i < 8; i++)); do
                (
                        for ((j = i; j < 200; j += 8)); do
                                berth run -d --rm --ephemeral --network=bridge --name "crowd-$j" "$busybox" sleep 1000 >/dev/null
                        done
                ) &
                pids+=($!)
        done
        at_end sh -c 'for i in $(seq 0 199); do echo crowd-$i; done | xargs -n 25 berth terminate'
        for i in "${pids[@]}"; do
                wait "$i"
        done
        assert_eq "$(jq -r .link.address /run/berth/machines/crowd-*/spec.json | sort -u | wc -l)" 200
        assert_eq "$(jq -r .link.address6 /run/berth/machines/crowd-*/spec.json | sort -u | wc -l)" 200
        assert_eq "$(ls /sys/class/net/berth0/brif | wc -l)" 200
        # And what the spec says is what they have.
        for i in 0 77 199; do
                assert_eq "$(nsenter -t "$(leader_of "crowd-$i")" -n ip -j -4 addr show eth0 | jq -r '.[0].addr_info[0].local')" \
                        "$(address_of "crowd-$i")"
        done
}

# lan: an interface "wire0" of the host, on whose other end a namespace answers.
make_lan() {
        ip netns add lan
        at_end umount -l /run/netns
        at_end ip netns del lan
        ip link add wire0 type veth peer name far netns lan
        at_end sh -c 'ip link del wire0 2>/dev/null'
        ip link set wire0 up
        ip -n lan link set lo up
        ip -n lan link set far up
        ip -n lan addr add 198.51.100.1/24 dev far
        ip -n lan -6 addr add 2001:db8:5::1/64 dev far nodad
        mkdir -p lanwww
        echo lan >lanwww/index.html
        ip netns exec lan busybox httpd -f -p '[::]:80' -h "$PWD/lanwww" &
        at_end kill $!
        wait_until 30 sh -c 'ip netns exec lan busybox wget -q -O - http://198.51.100.1/ >/dev/null 2>&1'
}

fetch='for i in 1 2 3 4 5 6 7 8 9 10; do timeout 2 wget -q -O - http://198.51.100.1/ && timeout 2 wget -q -O - "http://[2001:db8:5::1]/" && exit; sleep 0.3; done; exit 1'

# Only on: namespaced vm
test_macvlan() {
        make_lan
        assert_eq "$(inside --network=macvlan=wire0 --ip=198.51.100.5/24 --ip6=2001:db8:5::5/64 -- sh -c "$fetch")" $'lan\nlan'
        assert_eq "$(inside --network=macvlan=wire0:lan0 --mac-address=02:00:00:00:00:2b -- cat /sys/class/net/lan0/address)" 02:00:00:00:00:2b
        assert_eq "$(inside --network-macvlan=wire0 -- ls /sys/class/net | tr '\n' ' ')" "lo mv-wire0 "
        # Two of them on one interface reach each other.
        serve first --network=macvlan=wire0 --ip=198.51.100.6/24
        assert_eq "$(inside --network=macvlan=wire0 --ip=198.51.100.7/24 -- sh -c 'for i in 1 2 3 4 5; do timeout 2 wget -q -O - http://198.51.100.6/ && exit; sleep 0.3; done')" first
        assert_contains "$(error_of inside --network=macvlan=nowhere -- true)" "no such interface"
}

# Only on: namespaced vm
test_ipvlan() {
        make_lan
        if ip link add probe link wire0 type ipvlan 2>/dev/null; then
                ip link del probe
                assert_eq "$(inside --network=ipvlan=wire0 --ip=198.51.100.5/24 --ip6=2001:db8:5::5/64 -- sh -c "$fetch")" $'lan\nlan'
        else
                assert_contains "$(error_of inside --network=ipvlan=wire0 --ip=198.51.100.5/24 -- true)" "no ipvlan (CONFIG_IPVLAN)"
        fi
}

# Only on: namespaced vm
test_interface_is_moved_and_comes_back() {
        make_lan
        assert_eq "$(inside --network=interface=wire0:lan0 --ip=198.51.100.5/24 --ip6=2001:db8:5::5/64 -- sh -c "$fetch")" $'lan\nlan'
        wait_until 30 test -e /sys/class/net/wire0
        # It is nowhere else in between, and it is one.
        berth run -d --rm --ephemeral --name has --network=interface=wire0 "$busybox" sleep 1000 >/dev/null
        at_end berth terminate has
        check network_is_gone wire0
        assert_contains "$(error_of inside --network=interface=wire0 -- true)" "no such interface"
        berth stop has
        check test -e /sys/class/net/wire0
        # Also where the start fails after it was moved.
        refute inside --network=interface=wire0 --sysctl net.ipv4.nonsense=1 -- true 2>/dev/null
        wait_until 30 test -e /sys/class/net/wire0
        refute inside --network=interface=wire0 -- /no/such/command 2>/dev/null
        wait_until 30 test -e /sys/class/net/wire0
}

# The kernel makes an end of a virtual one with the namespace that it is in: here that lasts until somebody takes it out.
# Only on: namespaced vm
test_interface_comes_back_from_the_killed() {
        make_lan
        ip link add wire1 type veth peer name far1
        at_end sh -c 'ip link del wire1 2>/dev/null'
        # The supervisor alone: the manager sees to it.
        berth run -d --rm --ephemeral --name has --network=interface=wire0:lan0 --network-interface=wire1 "$busybox" sleep 1000 >/dev/null
        check network_is_gone wire0
        check network_is_gone wire1
        kill -KILL "$(supervisor_of has)"
        wait_until 60 test -e /sys/class/net/wire0
        wait_until 60 test -e /sys/class/net/wire1
        wait_until 60 eval '! test -e /run/berth/remains/has'
        # And the manager, and the machine: the next manager does.
        berth run -d --rm --ephemeral --name has --network=interface=wire0:lan0 "$busybox" sleep 1000 >/dev/null
        kill_manager "$(supervisor_of has)" "$(leader_of has)"
        wait_until 60 scope_is_gone has
        check network_is_gone wire0
        check berth list >/dev/null
        wait_until 60 test -e /sys/class/net/wire0
        # Or the next machine that wants it, whatever its name is.
        berth run -d --rm --ephemeral --name has --network=interface=wire0 "$busybox" sleep 1000 >/dev/null
        kill -KILL "$(supervisor_of has)"
        wait_until 60 scope_is_gone has
        assert_eq "$(inside --network=interface=wire0 --ip=198.51.100.5/24 --ip6=2001:db8:5::5/64 -- sh -c "$fetch")" $'lan\nlan'
        wait_until 60 test -e /sys/class/net/wire0
        wait_until 60 eval '! test -e /run/berth/remains/has'
        assert_eq "$(awk '$5 ~ "^/run/berth/remains"' /proc/1/mountinfo)" ""
}

# In a unit nobody else may be there.
# Only on: namespaced
test_interface_comes_back_from_a_unit() {
        make_lan
        systemd-run --quiet --collect --unit=holder -p KillMode=mixed -p Delegate=yes \
                berth run --keep-unit --rm --ephemeral --name holder --network=interface=wire0 "$busybox" sleep 1000
        at_end systemctl stop holder.service
        wait_until 60 network_is_gone wire0
        wait_until 60 is_state holder running
        systemctl stop holder.service
        wait_until 60 test -e /sys/class/net/wire0
        check eval '! test -e /run/berth/remains/holder'
}

# Only on: namespaced vm
test_links_beside() {
        make_lan
        local out
        berth run -d --rm --ephemeral --name more --network-veth-extra=side0:inner --network-macvlan=wire0:lan0 --network=bridge "$busybox" sleep 1000 >/dev/null
        at_end berth terminate more
        out=$(berth exec more -- ls /sys/class/net | tr '\n' ' ')
        assert_eq "$out" "eth0 inner lan0 lo "
        check test -e /sys/class/net/side0
        ip addr add 203.0.113.1/24 dev side0
        nsenter -t "$(leader_of more)" -n ip addr add 203.0.113.2/24 dev inner
        check ping -c 1 -q -W 5 203.0.113.2 >/dev/null
        berth stop more
        wait_until 60 network_is_gone side0
        assert_contains "$(error_of inside --network=host --network-macvlan=wire0 -- true)" "no network of its own"
}

# Over links of its own a machine may have all rights; over the host's it has none, whatever it is given.
# Only on: namespaced
test_rights_end_at_its_own_network() {
        make_lan
        assert_eq "$(inside --capability=CAP_NET_ADMIN -- sh -c 'ip link set eth0 down && cat /sys/class/net/eth0/flags')" 0x1002
        refute inside -- ip link set eth0 down 2>/dev/null
        refute inside --network=host --capability=CAP_NET_ADMIN -- ip link set wire0 down 2>/dev/null
        refute inside --network=host --nesting -- ip link set wire0 down 2>/dev/null
        assert_eq "$(($(cat /sys/class/net/wire0/flags) & 1))" 1
        # A system inside gets the right to its network where it has one.
        assert_eq "$(((0x$(inside --nesting -- sed -n 's/^CapEff:\t//p' /proc/1/status) >> 12) & 1))" 1
        assert_eq "$(((0x$(inside --nesting --network=host -- sed -n 's/^CapEff:\t//p' /proc/1/status) >> 12) & 1))" 0
}

# Only on: namespaced vm
test_sysctl() {
        local before
        before=$(cat /proc/sys/net/ipv4/ip_default_ttl)
        assert_eq "$(inside --sysctl net.ipv4.ip_default_ttl=33 --sysctl net/ipv4/conf/eth0/rp_filter=2 -- cat /proc/sys/net/ipv4/ip_default_ttl /proc/sys/net/ipv4/conf/eth0/rp_filter)" $'33\n2'
        assert_eq "$(cat /proc/sys/net/ipv4/ip_default_ttl)" "$before"
        assert_contains "$(error_of inside --sysctl kernel.hostname=x -- true)" "below net."
        assert_contains "$(error_of inside --sysctl net.ipv4.nonsense=1 -- true)" "no such setting"
        assert_contains "$(error_of inside --network=host --sysctl net.ipv4.ip_default_ttl=33 -- true)" "Network="
}

# Its own link is no reason for a pinned network to keep its name on the host.
# Only on: namespaced vm
test_pinned_network_keeps_no_link() {
        serve pinned
        local host
        host=$(link_of pinned host)
        berth pin pinned "net=$PWD/net"
        at_end umount "$PWD/net"
        berth stop pinned
        check network_is_gone "$host"
        nsenter --net="$PWD/net" ip link show lo >/dev/null
}
