# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# How fast a machine's link is: what takes at least as long as the rate says. Nothing here is too slow.

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# can_shape: whether the kernel has what NetRate= needs, as the kernel itself says.
can_shape() {
        local status=0
        ip link add probe-a type veth peer name probe-b
        ip link add probe-i type ifb 2>/dev/null || status=1
        tc qdisc add dev probe-a root tbf rate 1mbit burst 10k limit 100k 2>/dev/null || status=1
        tc qdisc add dev probe-a ingress 2>/dev/null || status=1
        tc filter add dev probe-a parent ffff: protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev probe-i 2>/dev/null || status=1
        ip link del probe-a
        ip link del probe-i 2>/dev/null || true
        return "$status"
}

# needs_shaping: a kernel without it refuses, and says what is missing. That is all that can be seen there.
needs_shaping() {
        can_shape && return
        assert_contains "$(error_of inside --net-rate=1M -- true)" CONFIG_NET_SCH_TBF
        skip "this kernel has not what NetRate= needs"
}

# upload: what sends a megabyte to the HTTP server that its arguments lead to, and prints its answer.
upload() {
        { printf 'POST /cgi-bin/sink HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n'; cat megabyte; } | "$@"
}

# both_ways ADDRESS: the milliseconds that a megabyte takes into the machine, and out of it.
both_ways() {
        local start middle end url=http://$1/megabyte
        [[ $1 != *:* ]] || url="http://[$1]/megabyte"
        start=$(date +%s%3N)
        assert_contains "$(upload nc -w 60 "$1" 80)" "all of it"
        middle=$(date +%s%3N)
        assert_eq "$(busybox wget -q -O - "$url" | wc -c)" 1000000
        end=$(date +%s%3N)
        echo "$((middle - start)) $((end - middle))"
}

# sink NAME [OPTION…]: a machine that takes a megabyte and has one to give.
sink() {
        local name=$1
        shift
        head -c 1000000 /dev/zero >megabyte
        berth run -d --rm --ephemeral --name "$name" "$@" "$busybox" sh -c '
                mkdir -p /tmp/www/cgi-bin
                head -c 1000000 /dev/zero >/tmp/www/megabyte
                printf "#!/bin/sh\nn=\$(head -c 1000000 | wc -c)\nprintf \"Content-Type: text/plain\\r\\n\\r\\n\"\n[ \$n = 1000000 ] && echo all of it\n" >/tmp/www/cgi-bin/sink
                chmod +x /tmp/www/cgi-bin/sink
                exec httpd -f -h /tmp/www -p 80' >/dev/null
        at_end berth terminate "$name"
        wait_until 60 listens "$name"
}

listens() {
        [[ $(nsenter -t "$(leader_of "$1")" -n ss -ltnH) == *:80* ]]
}

# took_at_least WAY MILLISECONDS BOTH
took_at_least() {
        local in out took
        read -r in out <<<"$3"
        [[ $1 == in ]] && took=$in || took=$out
        ((took >= $2)) || fail "a megabyte $1 took $took ms, no $2"
}

# 1,000,000 bytes at 4,000,000 bits per second are 2 seconds, less what passes at once.
# Only on: namespaced vm
test_both_directions() {
        local took
        needs_shaping
        sink slow --net-rate=4M
        took=$(both_ways "$(address_of slow)")
        took_at_least in 1700 "$took"
        took_at_least out 1700 "$took"
        took=$(both_ways "$(address6_of slow)")
        took_at_least in 1700 "$took"
        took_at_least out 1700 "$took"
}

# Each has its own; and the one is not the other.
# Only on: namespaced
test_each_direction() {
        local took in out
        needs_shaping
        sink one --network=bridge --net-rate=in=2mbit,out=8mbit
        took=$(both_ways "$(address_of one)")
        took_at_least in 3500 "$took"
        took_at_least out 700 "$took"
        berth terminate one
        sink two --net-rate=out=2M
        assert_contains "$(tc qdisc show dev vr-two)" "rate 2Mbit"
        assert_lacks "$(tc qdisc show dev "$(link_of two host)")" tbf
        took_at_least out 3500 "$(both_ways "$(address_of two)")"
        sink three --net-rate=in=2M
        check network_is_gone vr-three
        took_at_least in 3500 "$(both_ways "$(address_of three)")"
}

# Also between machines, and with a machine that may change its network as it likes.
# Only on: namespaced
test_machine_cannot_lift_it() {
        local start
        needs_shaping
        sink fast
        berth run -d --rm --ephemeral --name bound --net-rate=out=2M --capability=CAP_NET_ADMIN "$busybox" sleep 1000 >/dev/null
        at_end berth terminate bound
        # With all rights over its network there is nothing of the rate to see, and what it makes there lifts nothing.
        assert_lacks "$(nsenter -t "$(leader_of bound)" -n tc qdisc show)" tbf
        nsenter -t "$(leader_of bound)" -n tc qdisc replace dev eth0 root tbf rate 10gbit burst 1m limit 10m
        start=$(date +%s%3N)
        assert_contains "$(upload berth exec -i bound -- nc "$(address_of fast)" 80)" "all of it"
        (($(date +%s%3N) - start >= 3500)) || fail "a megabyte took $(($(date +%s%3N) - start)) ms"
}

# On links that are not on a network of berth's.
# Only on: namespaced
test_veth() {
        needs_shaping
        sink pair --network=veth --ip=198.51.100.2/24 --net-rate=4M
        ip addr add 198.51.100.1/24 dev ve-pair
        took_at_least out 1700 "$(both_ways 198.51.100.2)"
        assert_eq "$(berth inspect pair | jq -r '.[0].settings.NetRate')" 4M
}

# shaper_is_gone NAME: of the machine, and what is known of it.
shaper_is_gone() {
        network_is_gone "vr-$1" && ! test -e "/run/berth/remains/$1"
}

# Only on: namespaced vm
test_nothing_is_left() {
        needs_shaping
        sink gone --net-rate=4M
        check ip link show vr-gone >/dev/null
        berth stop gone
        check shaper_is_gone gone
        refute inside --name failed --net-rate=4M -- /no/such/command 2>/dev/null
        check shaper_is_gone failed
        sink killed --net-rate=4M
        kill -KILL "$(supervisor_of killed)"
        wait_until 60 shaper_is_gone killed
        sink all --network=veth --net-rate=4M
        kill_manager "$(supervisor_of all)"
        wait_until 60 scope_is_gone all
        check berth list >/dev/null
        wait_until 60 shaper_is_gone all
        assert_eq "$(systemd-run --quiet --pipe --wait --collect -p KillMode=mixed -p Delegate=yes \
                berth run --keep-unit --rm --ephemeral --name kept --net-rate=4M "$busybox" echo ran)" ran
        check shaper_is_gone kept
}

# A machine that a killed one's name is given to does not wait for anybody.
# Only on: namespaced
test_name_of_the_killed() {
        needs_shaping
        sink again --net-rate=4M
        kill -KILL "$(supervisor_of again)"
        wait_until 60 scope_is_gone again
        sink again --net-rate=out=4M
        took_at_least out 1700 "$(both_ways "$(address_of again)")"
}

# Only on: namespaced
test_refused() {
        local mode
        for mode in none host macvlan=lo; do
                assert_contains "$(error_of inside --network=$mode --net-rate=4M -- true)" "no link whose other end"
        done
        assert_contains "$(error_of inside --net-rate=4 -- true)" "bits per second from 8K"
        assert_contains "$(error_of inside --net-rate=10bps -- true)" "bits per second from 8K"
        assert_contains "$(error_of inside --net-rate=up=4M -- true)" "in=RATE"
}
