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

test_rule_that_drops() {
        nft add table ip picky
        at_end nft delete table ip picky
        nft 'add chain ip picky guard'
        nft 'add chain ip picky in { type filter hook input priority 0; policy accept; }'
        nft add rule ip picky in iifname '"berth*"' jump guard
        nft add rule ip picky guard ct state new drop
        local handle
        handle=$(nft -a list chain ip picky guard | sed -n 's/.*drop # handle //p')
        assert_contains "$(firewall_line)" "what machines ask of the host would be dropped by the rule with handle $handle of its chain guard"
        assert_contains "$(firewall_line)" "table ip picky, chain in"
        # A rule that lets it pass before is seen, too.
        nft insert rule ip picky in iifname berth0 accept
        check berth doctor >/dev/null
}

# What concerns others is no finding.
test_rules_of_others_are_left_alone() {
        nft add table ip mine
        at_end nft delete table ip mine
        nft 'add chain ip mine forward { type filter hook forward priority 0; policy accept; }'
        nft add rule ip mine forward iifname docker0 oifname '!=' docker0 tcp dport 25 drop
        nft add rule ip mine forward ct state invalid drop
        check berth doctor >/dev/null
}
