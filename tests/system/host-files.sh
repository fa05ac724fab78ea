# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the machine is told of the host: resolv.conf and the time zone.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox

give_host_resolv_conf() {
        [[ ! -e /etc/resolv.conf && ! -L /etc/resolv.conf ]] || cp -P /etc/resolv.conf saved-resolv
        at_end sh -c "rm -f /etc/resolv.conf; test ! -e '$PWD/saved-resolv' || cp -P '$PWD/saved-resolv' /etc/resolv.conf"
        rm -f /etc/resolv.conf
        echo 'nameserver 192.0.2.7' >/etc/resolv.conf
}

test_resolv_conf() {
        give_host_resolv_conf
        make_tree tree
        # With a network of its own only when asked for; with the host's, by itself.
        refute berth run --rm ./tree grep 192.0.2.7 /etc/resolv.conf
        assert_eq "$(berth run --rm --resolv-conf copy-host ./tree cat /etc/resolv.conf)" "nameserver 192.0.2.7"
        assert_eq "$(berth run --rm --private-network=no ./tree cat /etc/resolv.conf)" "nameserver 192.0.2.7"
        refute berth run --rm --private-network=no --resolv-conf off ./tree grep 192.0.2.7 /etc/resolv.conf
        # The machine's own copy: neither the host nor the tree sees what it does with it.
        assert_eq "$(berth run --rm --resolv-conf host ./tree sh -c 'echo mine > /etc/resolv.conf; cat /etc/resolv.conf; stat -c %u /etc/resolv.conf')" $'mine\n0'
        assert_eq "$(cat /etc/resolv.conf)" "nameserver 192.0.2.7"
        refute grep -s nameserver tree/etc/resolv.conf
        assert_status 0 berth run --rm --resolv-conf host --read-only "$busybox" true
}

# Where a link in the tree leads, inside of it.
# Only on: namespaced
test_resolv_conf_through_a_link() {
        give_host_resolv_conf
        make_tree tree
        mkdir outside
        rm -f tree/etc/resolv.conf
        ln -s ../run/systemd/resolve/stub-resolv.conf tree/etc/resolv.conf
        assert_eq "$(berth run --rm --resolv-conf host ./tree cat /etc/resolv.conf)" "nameserver 192.0.2.7"
        ln -sf "$PWD/outside/file" tree/etc/resolv.conf
        berth run --rm --resolv-conf host ./tree true
        assert_eq "$(ls outside)" ""
}

# Only on: namespaced
test_time_zone() {
        make_tree tree
        [[ ! -L /etc/localtime && ! -e /etc/localtime ]] || cp -P /etc/localtime saved-localtime
        at_end sh -c "rm -f /etc/localtime; test ! -e '$PWD/saved-localtime' -a ! -L '$PWD/saved-localtime' || cp -P '$PWD/saved-localtime' /etc/localtime"
        mkdir -p tree/usr/share/zoneinfo/Pacific
        printf 'TZif-of-the-tree' >tree/usr/share/zoneinfo/Pacific/Test
        mkdir -p "$PWD/host/zoneinfo/Pacific"
        printf 'TZif-of-the-host' >"$PWD/host/zoneinfo/Pacific/Test"
        ln -sfn "$PWD/host/zoneinfo/Pacific/Test" /etc/localtime
        berth run --rm --timezone symlink ./tree true
        assert_eq "$(readlink tree/etc/localtime)" ../usr/share/zoneinfo/Pacific/Test
        assert_eq "$(stat -c %u tree/etc/localtime)" 0
        berth run --rm --timezone delete ./tree true
        [[ ! -L tree/etc/localtime ]] || fail "it is still there"
        # A zone that the tree does not know.
        rm -f /etc/localtime
        mkdir -p "$PWD/zoneinfo"
        printf 'TZif-of-the-host' >"$PWD/zoneinfo/Own"
        ln -sfn "$PWD/zoneinfo/Own" /etc/localtime
        refute berth run --rm --timezone symlink ./tree true
        assert_eq "$(berth run --rm --timezone auto ./tree cat /etc/localtime)" TZif-of-the-host
        assert_eq "$(berth run --rm --timezone copy --ephemeral ./tree cat /etc/localtime)" TZif-of-the-host
        assert_status 0 berth run --rm --read-only --timezone auto ./tree true
        refute berth run --rm --read-only --timezone copy ./tree true
}
