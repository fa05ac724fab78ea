# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# berth doctor: says what is wrong with the host, and is right about it.

# shellcheck source=tests/lib/network.sh
source "$(dirname "${BASH_SOURCE[0]}")/../lib/network.sh"

# firewall_line: what it says about the packet filter, whatever it says about the rest.
firewall_line() {
        berth doctor | grep '^[A-Za-z]*  *firewall' || true
}

# Only on: namespaced vm/trixie
test_host_that_is_well() {
        local out
        check berth doctor >/dev/null
        out=$(berth doctor)
        assert_matches "$out" 'ok +systemd'
        assert_matches "$out" 'ok +berthd'
        assert_matches "$out" 'ok +machined'
        assert_matches "$out" 'ok +polkit'
        assert_matches "$out" 'ok +user namespaces'
        assert_matches "$out" 'ok +firewall'
        assert_matches "$out" 'forwarding +of IPv4 is o'
        if on_cgroup_v2; then
                assert_matches "$out" 'cgroups +.*(version 2|controller)'
        else
                assert_matches "$out" 'note +cgroups +version 1'
        fi
        assert_contains "$(as_user berth doctor || true)" "only root can read"
}

# A policy that drops: it is true (nothing comes out), it is named, and what is advised mends it.
# Only on: namespaced vm/trixie
test_policy_that_drops() {
        make_internet
        nft add table inet strict
        at_end nft delete table inet strict
        nft 'add chain inet strict forward { type filter hook forward priority 10; policy drop; }'
        nft add rule inet strict forward ct state established,related accept
        refute inside -- sh -c 'timeout 3 wget -q -O - http://192.0.2.2/ || exit 1'
        assert_status 1 berth doctor >/dev/null
        assert_contains "$(firewall_line)" "the policy in table inet strict, chain forward"
        eval "$(firewall_line | sed -n 's/.*what machines send out.*let it pass: //p')"
        assert_lacks "$(firewall_line)" "what machines send out"
        assert_eq "$(inside -- wget -q -O - http://192.0.2.2/)" internet
        eval "$(firewall_line | sed -n 's/.*let it pass: //p')"
        check berth doctor >/dev/null
}

# Only on: namespaced vm/trixie
test_rule_that_drops() {
        nft add table ip picky
        at_end nft delete table ip picky
        nft 'add chain ip picky guard'
        nft 'add chain ip picky in { type filter hook input priority 0; policy accept; }'
        nft add rule ip picky in iifname '"berth*"' jump guard
        nft add rule ip picky guard ct state new drop
        local handle
        handle=$(nft -a list chain ip picky guard | sed -n 's/.*drop # handle //p')
        assert_contains "$(firewall_line)" "what machines ask of the host on berth0 would be dropped by the rule with handle $handle of its chain guard"
        assert_contains "$(firewall_line)" "table ip picky, chain in"
        # A rule that lets it pass before is seen, too.
        nft insert rule ip picky in iifname berth0 accept
        check berth doctor >/dev/null
}

# What concerns others is no finding.
# Only on: namespaced vm/trixie
test_rules_of_others_are_left_alone() {
        nft add table ip mine
        at_end nft delete table ip mine
        nft 'add chain ip mine forward { type filter hook forward priority 0; policy accept; }'
        nft add rule ip mine forward iifname docker0 oifname '!=' docker0 tcp dport 25 drop
        nft add rule ip mine forward ct state invalid drop
        check berth doctor >/dev/null
}

# Networks beside the default one, a zone among them; one that nothing goes through the host from has nothing to lose.
# Only on: namespaced
test_other_networks() {
        check berth network create office >/dev/null
        at_end wait_until 60 berth network remove office
        check berth network create vault --internal >/dev/null
        at_end wait_until 60 berth network remove vault
        serve one --network=zone=dmz
        nft add table inet strict
        at_end nft delete table inet strict
        nft 'add chain inet strict forward { type filter hook forward priority 10; policy accept; }'
        nft add rule inet strict forward iifname '{ "br-office", "vz-dmz", "br-vault" }' drop
        local lines
        lines=$(firewall_line)
        assert_contains "$lines" "what machines send out of br-office would be dropped"
        assert_contains "$lines" "what machines send out of vz-dmz would be dropped"
        assert_lacks "$lines" berth0
        assert_lacks "$lines" br-vault
        nft add chain inet strict input '{ type filter hook input priority 10; policy accept; }'
        nft add rule inet strict input iifname br-vault drop
        assert_contains "$(firewall_line)" "what machines ask of the host on br-vault would be dropped"
}

# As iptables-nft has its tables: the advice is in its words.
# Only on: namespaced
test_tables_of_iptables() {
        nft add table ip6 filter
        at_end nft delete table ip6 filter
        nft 'add chain ip6 filter FORWARD { type filter hook forward priority 0; policy drop; }'
        assert_contains "$(firewall_line)" "let it pass: ip6tables -I FORWARD -i berth0 -j ACCEPT"
        assert_contains "$(firewall_line)" "let it pass: ip6tables -I FORWARD -o berth0 -j ACCEPT"
}

# What nft does not show: it is true that nothing comes out, it is named, and a rule before it is seen.
# Only on: namespaced
test_legacy_tables() {
        make_internet
        check legacy-filter ACCEPT
        at_end legacy-filter ACCEPT
        check berth doctor >/dev/null
        check legacy-filter DROP
        refute inside -- sh -c 'timeout 3 wget -q -O - http://192.0.2.2/ || exit 1'
        assert_contains "$(firewall_line)" "what machines send out of berth0 would be dropped by the policy of iptables-legacy's chain FORWARD"
        assert_contains "$(firewall_line)" "let it pass: iptables-legacy -I FORWARD -o berth0 -j ACCEPT"
        check legacy-filter ACCEPT berth0 DROP
        assert_contains "$(firewall_line)" "what machines send out of berth0 would be dropped by rule 1 of iptables-legacy's chain FORWARD"
        assert_lacks "$(firewall_line)" "what comes in"
        check legacy-filter ACCEPT eth7 DROP
        check berth doctor >/dev/null
        check legacy-filter DROP berth0 ACCEPT
        assert_lacks "$(firewall_line)" "what machines send out of berth0"
        assert_contains "$(firewall_line)" "what comes in for published ports on berth0 would be dropped by the policy"
}

# network_file TEXT: a file of systemd-networkd's that comes before its own.
network_file() {
        mkdir -p /run/systemd/network
        printf '%b' "$1" >/run/systemd/network/20-all.network
        networkctl reload
}

forget_network_file() {
        rm -f /run/systemd/network/20-all.network
        networkctl reload
}

networkd_line() {
        berth doctor | grep '^[A-Za-z]*  *networkd' || true
}

# A file that matches every link is named, and what is advised mends it. (This host has no udev, without which networkd does nothing.)
# Only on: namespaced
test_networkd_that_takes_every_link() {
        if ! systemctl is-active --quiet systemd-networkd.service; then
                assert_eq "$(networkd_line)" ""
                systemctl start systemd-networkd.service
                at_end systemctl stop systemd-networkd.service systemd-networkd.socket
        fi
        assert_matches "$(networkd_line)" '^ok '
        at_end forget_network_file
        network_file '[Match]\nType=ether\n[Network]\nLinkLocalAddressing=no\n'
        assert_matches "$(networkd_line)" '^BAD .*/run/systemd/network/20-all.network matches vb-\*'
        assert_status 1 berth doctor >/dev/null
        printf '[Match]\nName=vb-*\n[Link]\nUnmanaged=yes\n' >/run/systemd/network/10-machines.network
        at_end rm /run/systemd/network/10-machines.network
        networkctl reload
        assert_matches "$(networkd_line)" '^ok '
        # Every link by its name takes the bridge's address, too; one that leaves what it finds does not.
        network_file '[Match]\nName=*\n[Network]\nDHCP=no\n'
        assert_matches "$(networkd_line)" '^BAD .*matches berth0'
        network_file '[Match]\nName=*\n[Network]\nKeepConfiguration=yes\n'
        assert_matches "$(networkd_line)" '^ok '
        network_file '[Match]\nName=!vb-* berth0\n[Network]\nDHCP=no\n'
        assert_matches "$(networkd_line)" '^ok '
}

# Only on: namespaced
test_json() {
        local out
        out=$(berth doctor --json=short)
        assert_eq "$(jq -r '[.[] | select(.what == "systemd")][0].health' <<<"$out")" ok
        assert_eq "$(jq -r '[.[] | .health] | unique - ["ok", "note"] | length' <<<"$out")" 0
        assert_eq "$(jq length <<<"$out")" "$(berth doctor | wc -l)"
        nft add table inet strict
        at_end nft delete table inet strict
        nft 'add chain inet strict forward { type filter hook forward priority 10; policy drop; }'
        assert_status 1 berth doctor --json=pretty >out
        assert_contains "$(jq -r '.[] | select(.health == "bad") | .text' out)" "the policy in table inet strict"
}
