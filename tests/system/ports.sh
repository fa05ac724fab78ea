# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Published ports, by traffic: from outside, from the host over its own addresses and over 127.0.0.1, from machines.
#
# Only on: namespaced

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# outside URL: asked for in the internet.
outside() {
        local i
        for ((i = 0; i < 50; i++)); do
                ip netns exec internet timeout 5 busybox wget -q -O - "$1" 2>/dev/null && return
                sleep 0.1
        done
        fail "no answer from $1 outside"
}

# port_is_free PORT: a program of the host can have it.
port_is_free() {
        timeout 1 nc -l 127.0.0.1 "$1" </dev/null >/dev/null 2>&1 || [[ $? == 124 ]]
}

elements() {
        nft list map inet berth "$1" | sed -n 's/.*elements = //p'
}

# Only on: namespaced vm
test_from_outside() {
        make_internet
        serve web -p 8080:80
        assert_eq "$(outside http://192.0.2.1:8080/)" web
        assert_eq "$(outside 'http://[2001:db8::1]:8080/')" web
}

# Only on: namespaced vm
test_from_the_host() {
        ip addr add 198.51.100.7/32 dev lo
        at_end ip addr del 198.51.100.7/32 dev lo
        serve web -p 8080:80
        assert_eq "$(get http://127.0.0.1:8080/)" web
        assert_eq "$(get 'http://[::1]:8080/')" web
        assert_eq "$(get http://198.51.100.7:8080/)" web
}

# Hairpin: by the host's address, from another machine of the same network.
# Only on: namespaced vm
test_from_machines() {
        make_internet
        serve web --publish=8080:80
        get http://127.0.0.1:8080/ >/dev/null
        assert_eq "$(inside -- wget -q -O - http://192.0.2.1:8080/)" web
        assert_eq "$(inside -- wget -q -O - 'http://[2001:db8::1]:8080/')" web
}

# asks_itself NAME: by the host's address, IPv4 and IPv6.
asks_itself() {
        local url
        for url in http://192.0.2.1:8080/ 'http://[2001:db8::1]:8080/'; do
                assert_eq "$(nsenter -t "$(leader_of "$1")" -n timeout 5 busybox wget -q -O - "$url")" "$1"
        done
}

# bridges_ask_iptables 0|1: whether the host's packet filter sees what goes from port to port of a bridge, as Docker has it.
bridges_ask_iptables() {
        sysctl -qw net.bridge.bridge-nf-call-iptables="$1" net.bridge.bridge-nf-call-ip6tables="$1"
}

# The packets of a machine to itself leave it by the same link that they come back on.
test_from_the_machine_itself() {
        make_internet
        serve web -p 8080:80
        get http://127.0.0.1:8080/ >/dev/null
        asks_itself web
        # Where it is not there yet it comes switched on, which is nothing for other tests.
        local switch=/proc/sys/net/bridge/bridge-nf-call-iptables before
        before=$(cat $switch 2>/dev/null || echo 0)
        modprobe br_netfilter 2>/dev/null || true
        if [[ -e $switch ]]; then
                at_end bridges_ask_iptables "$before"
                bridges_ask_iptables 1
                asks_itself web
                assert_eq "$(inside -- wget -q -O - http://192.0.2.1:8080/)" web
                bridges_ask_iptables 0
        fi
        berth terminate web
        # Where machines do not reach each other, a machine is no other to itself.
        check berth network create alone --icc=no >/dev/null
        at_end wait_until 60 berth network remove alone
        serve web --network=alone -p 8080:80
        get http://127.0.0.1:8080/ >/dev/null
        asks_itself web
}

# Only on: namespaced
test_one_address_only() {
        make_internet
        serve web -p 127.0.0.1:8080:80 -p 192.0.2.1:8081:80 -p '[::1]:8082:80'
        assert_eq "$(get http://127.0.0.1:8080/)" web
        assert_eq "$(outside http://192.0.2.1:8081/)" web
        assert_eq "$(get 'http://[::1]:8082/')" web
        refute ip netns exec internet timeout 2 busybox wget -q -O - http://192.0.2.1:8080/
        refute timeout 2 busybox wget -q -O - http://127.0.0.1:8081/
        refute timeout 2 busybox wget -q -O - http://127.0.0.1:8082/
        assert_contains "$(error_of inside -p 203.0.113.1:9000:80 -- true)" "no address of the host"
}

# Only on: namespaced
test_range() {
        local port
        make_internet
        berth run -d --rm --ephemeral --name many -p 9000-9003:80-83 "$busybox" sh -c '
                for p in 80 81 82 83; do mkdir -p /tmp/$p; echo port-$p > /tmp/$p/index.html; httpd -h /tmp/$p -p $p; done; sleep 1000'
        at_end berth terminate many
        for port in 0 1 2 3; do
                assert_eq "$(outside "http://192.0.2.1:900$port/")" "port-8$port"
                assert_eq "$(get "http://127.0.0.1:900$port/")" "port-8$port"
        done
}

# ask_udp ADDRESS PORT, from where COMMAND… leads: the answer to one datagram.
ask_udp() {
        local address=$1 port=$2 i answer
        shift 2
        for ((i = 0; i < 50; i++)); do
                answer=$(echo question | "$@" timeout 2 nc -u -w 1 "$address" "$port") || true
                if [[ $answer ]]; then
                        echo "$answer"
                        return
                fi
        done
        fail "no answer from $address:$port/udp"
}

# Only on: namespaced vm
test_datagrams() {
        make_internet
        make_tree tree
        cp "$(command -v udp-answer)" tree/bin/
        berth run -d --rm --name answers -p 5300:53/udp ./tree udp-answer 53
        at_end berth terminate answers
        assert_eq "$(ask_udp 192.0.2.1 5300 ip netns exec internet)" "answer to question"
        assert_eq "$(ask_udp 127.0.0.1 5300)" "answer to question"
        assert_eq "$(ask_udp ::1 5300)" "answer to question"
}

# The first packets of an association, there and back, with a range; and no other port is open for them.
# Only on: namespaced
test_sctp() {
        make_internet
        make_tree tree
        cp "$(command -v sctp-init)" tree/bin/
        berth run -d --rm --name assoc -p 6000-6001:70-71/sctp ./tree sctp-init answer
        at_end berth terminate assoc
        assert_eq "$(ip netns exec internet sctp-init ask 192.0.2.1 6000)" "answered from 6000"
        assert_eq "$(ip netns exec internet sctp-init ask 192.0.2.1 6001)" "answered from 6001"
        assert_eq "$(ip netns exec internet sctp-init ask 2001:db8::1 6001)" "answered from 6001"
        refute ip netns exec internet timeout 3 sctp-init ask 192.0.2.1 6002
        refute timeout 3 nc -z 192.0.2.1 6000
        assert_eq "$(berth port assoc 70/sctp)" $'0.0.0.0:6000\n[::]:6000'
}

test_port_that_a_program_has() {
        nc -l -k 127.0.0.1 8080 >/dev/null &
        at_end kill $!
        wait_until 60 sh -c 'ss -ltnH | grep -q :8080'
        assert_contains "$(error_of inside -p 8080:80 -- true)" "8080/tcp"
        assert_status 0 inside -p 8081:80 -- true
}

# Only on: namespaced
test_port_that_a_machine_has() {
        local error
        serve web -p 8080:80
        error=$(error_of inside -p 8080:80 -- true)
        assert_contains "$error" "8080/tcp"
        assert_contains "$error" "in use"
        assert_contains "$(busctl call org.berth1 /org/berth1 org.berth1.Manager RunMachine 'ssasa{sv}' late "$busybox" 1 true \
                2 Port as 1 8080:80 Ephemeral b true 2>&1 || true)" "8080/tcp"
        # It is free as soon as the machine has ended, and not before.
        berth stop web
        assert_status 0 inside -p 8080:80 -- true
}

test_elements_come_and_go() {
        serve keeper
        serve web -p 8080:80
        assert_contains "$(elements ports4)" ". 8080 : $(address_of web) . 80"
        assert_contains "$(elements ports6)" ". 8080 : $(address6_of web) . 80"
        berth stop web
        assert_eq "$(elements ports4)" ""
        assert_eq "$(elements ports6)" ""
}

# A supervisor that was killed could not take its ports back: who comes next gets them, and nothing else of it stays.
test_ports_of_the_killed() {
        make_internet
        serve keeper
        serve web -p 8080:80 -p 8081:80
        kill -KILL "$(supervisor_of web)"
        wait_until 60 scope_is_gone web
        serve other -p 8080:80
        assert_eq "$(outside http://192.0.2.1:8080/)" other
        assert_lacks "$(elements ports4)" 8081
}

test_flush_is_healed() {
        make_internet
        serve web -p 8080:80
        assert_eq "$(outside http://192.0.2.1:8080/)" web
        nft flush ruleset
        # The supervisor's socket serves even so; the next start brings the rules back.
        assert_eq "$(outside http://192.0.2.1:8080/)" web
        assert_status 0 inside -- true
        assert_contains "$(elements ports4)" ". 8080 : $(address_of web) . 80"
}

# Only on: namespaced
test_large_stream() {
        local sum
        head -c 20000000 /dev/urandom >data
        sum=$(sha256sum <data)
        berth run -d --rm --ephemeral --name sink -p 8080:80 "$busybox" \
                sh -c 'nc -l -p 80 -e sh -c "head -c 20000000 | sha256sum"; sleep 1000'
        at_end berth terminate sink
        sleep 0.5
        assert_eq "$(nc -q 30 127.0.0.1 8080 <data)" "$sum"
}

# Only on: namespaced
test_refused() {
        assert_contains "$(error_of inside --network=none -p 80 -- true)" "no address"
        assert_contains "$(error_of inside --network=host -p 80 -- true)" "no address"
        assert_contains "$(error_of inside -p 0:80 -- true)" "ports from 1"
        assert_contains "$(error_of inside -p 80-81:80 -- true)" "ports from 1"
}
