# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Machines that serve, an internet that asks, for the tests of networks. Sourced by them.
#
# "The internet" is a network namespace behind a link of the host: it has no route to the machines, so that what comes back
# from it was sent from the host's address.

busybox=/var/lib/machines/busybox

# link_of NAME PART: what the resolved spec of a running machine says of its link.
link_of() {
        jq -r ".link.$2 // empty" "/run/berth/machines/$1/spec.json"
}

# address_of NAME, address6_of NAME: without the prefix length.
address_of() {
        local address
        address=$(link_of "$1" address)
        echo "${address%/*}"
}

address6_of() {
        local address
        address=$(link_of "$1" address6)
        echo "${address%/*}"
}

# serve NAME [OPTION…]: a machine that answers its own name over HTTP on port 80.
serve() {
        local name=$1
        shift
        berth run -d --rm --ephemeral --name "$name" "$@" "$busybox" \
                sh -c 'mkdir /tmp/www; hostname > /tmp/www/index.html; exec httpd -f -h /tmp/www -p 80' >/dev/null
        at_end berth terminate "$name"
}

# get URL: from the host, as soon as there is somebody who answers.
get() {
        local i
        for ((i = 0; i < 100; i++)); do
                timeout 5 busybox wget -q -O - "$1" 2>/dev/null && return
                sleep 0.1
        done
        fail "no answer from $1"
}

# inside OPTION… -- COMMAND: in a machine of its own.
inside() {
        local options=()
        while [[ $1 != -- ]]; do
                options+=("$1")
                shift
        done
        shift
        berth run --rm --ephemeral "${options[@]}" "$busybox" "$@"
}

# make_internet: 192.0.2.2 and 2001:db8::2 out there, .1 and ::1 the host; serves "internet" and logs who asks.
make_internet() {
        ip netns add internet
        at_end umount -l /run/netns
        at_end ip netns del internet
        ip link add uplink type veth peer name wire netns internet
        at_end ip link del uplink
        ip addr add 192.0.2.1/24 dev uplink
        ip -6 addr add 2001:db8::1/64 dev uplink nodad
        ip link set uplink up
        ip -n internet link set lo up
        ip -n internet addr add 192.0.2.2/24 dev wire
        ip -n internet -6 addr add 2001:db8::2/64 dev wire nodad
        ip -n internet link set wire up
        mkdir -p www
        echo internet >www/index.html
        ip netns exec internet busybox httpd -f -vv -p '[::]:80' -h "$PWD/www" 2>visitors &
        at_end kill $!
        get 'http://[2001:db8::2]/' >/dev/null
}

network_is_gone() {
        ! ip link show "$1" >/dev/null 2>&1
}

filter_is_gone() {
        ! nft list table inet berth >/dev/null 2>&1
}

# The default network stays for a moment after its last machine: wait for a new one, where its addresses matter.
fresh_network() {
        wait_until 60 network_is_gone berth0
}
