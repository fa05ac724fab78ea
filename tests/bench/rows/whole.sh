# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # inside sets and reads them
#
# Whole systems: boot to READY=1 and stop; and the peers that take so long that few rounds must do. Sourced by inside.

# Both have a tree of their own, as a machine that is kept has, and a user namespace. The first round, in which the peer
# may have to give the files to it, is not counted.
row_boot() {
        mkdir -m 700 "$work/trees"
        cp -a /var/lib/machines/debian "$work/trees/berth"
        cp -a /var/lib/machines/debian "$work/trees/nspawn"
        cp -a /var/lib/machines/debian "$work/trees/alone"
        at_end+=("rm -f /usr/local/bin/end_by_signal")
        # Until that process is gone: what of an end nobody but the system inside can make shorter.
        cat >/usr/local/bin/end_by_signal <<'END'
#!/bin/bash
leader=$(busctl get-property org.berth1 "/org/berth1/machine/${1/-/_2d}" org.berth1.Machine Leader | cut -d ' ' -f 2)
kill -s RTMIN+3 "$leader"
exec tail --pid="$leader" -s 0.002 -f /dev/null
END
        chmod 755 /usr/local/bin/end_by_signal
        interleave $((rounds / 8 + 2)) 0 \
                'systemd-nspawn' systemd-run --quiet --unit=bench-boot --property=Type=notify --property=KillMode=mixed --property=Delegate=yes \
                systemd-nspawn --quiet --keep-unit --boot --notify-ready=yes -U --private-network --machine=bench-nspawn \
                --directory="$work/trees/nspawn" ';' \
                'berth' berth run --detach --rm --boot --notify-ready --network=none --name=bench-berth "$work/trees/berth" ';' \
                'a machine for the last row' berth run --detach --rm --boot --notify-ready --network=none --name=bench-alone "$work/trees/alone" ';' \
                'systemd-nspawn' systemctl stop bench-boot.service ';' \
                'berth' berth stop bench-berth ';' \
                'its systemd, told by a signal' end_by_signal bench-alone >"$work/lines"
        title 'a Debian tree until READY=1'
        sed -n 1,2p "$work/lines" | figures
        row=stop
        title 'and its end'
        sed -n 4,6p "$work/lines" | figures
}

row_podman() {
        title 'start to exit, without a network link and with one on the default bridge'
        interleave --shuffle $((rounds / 4 + 1)) 0 \
                'podman run --rm' podman "${podman_store[@]}" run --quiet --rm --network=none --rootfs "$busybox_tree:O" /bin/true ';' \
                'berth run --rm' berth run --rm --ephemeral --network=none "$busybox_tree" /bin/true ';' \
                'podman run --rm, bridge' podman "${podman_store[@]}" run --quiet --rm --rootfs "$busybox_tree:O" /bin/true ';' \
                'berth run --rm, bridge' berth run --rm --ephemeral "$busybox_tree" /bin/true >"$work/lines"
        figures <"$work/lines"
}
