# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What a host has that a machine may have made: host_state prints it, one thing a line, sorted. Sourced.

list_scopes() {
        systemctl list-units --all --plain --no-legend 'berth-*.scope' 'berth@*.service' | awk '{ print "unit " $1 }'
}

list_cgroups() {
        find /sys/fs/cgroup -type d \( -path '*/machine.slice/*' -name '*berth*' -o -name 'berth-*.scope' \) -printf 'cgroup %p\n' 2>/dev/null || true
}

list_mounts() {
        awk '{ for (i = 7; $i != "-"; i++); print "mount " $5 " " $(i + 1) " " $(i + 2) }' /proc/1/mountinfo |
                # Comes and goes with units of the host.
                grep -v ' /run/credentials/'
}

# Loop devices belong to the whole kernel: on a namespaced host those of others are seen as well. A file that this host
# can see under that name and with that inode is its own.
list_loops() {
        local name inode file
        losetup --list --noheadings --raw --output NAME,BACK-INO,BACK-FILE 2>/dev/null |
                while read -r name inode file; do
                        if [[ $BERTH_HOST != namespaced || $file == *'(deleted)' || $(stat -c %i "$file" 2>/dev/null) == "$inode" ]]; then
                                echo "loop $name $file"
                        fi
                done
}

list_links() {
        ip -brief link show | awk '{ sub(/@.*/, "", $1); print "link " $1 }'
}

# Not that of systemd-networkd, which keeps its own once it has masqueraded for a link (ve-*).
list_tables() {
        nft list tables 2>/dev/null | sed '/ io\.systemd\.nat$/d; s/^/nftables /'
}

# What networks in use have, and no network that is not.
list_networks() {
        find /run/berth/network -mindepth 1 -not -name '.lock' -printf 'network %f\n' 2>/dev/null || true
}

list_registry() {
        find /run/berth/remains -mindepth 1 -maxdepth 1 -printf 'remains %f\n' 2>/dev/null || true
        find /run/berth/incoming /run/systemd/nspawn/propagate -mindepth 1 -maxdepth 1 -printf 'incoming %p\n' 2>/dev/null || true
        find /run/berth/machines -mindepth 1 -maxdepth 1 -printf 'registry %p\n' 2>/dev/null || true
        find /run/systemd/machines -mindepth 1 -maxdepth 1 -name '[!:.]*' -not -name 'unit:*' -printf 'machined %f\n' 2>/dev/null || true
}

# All but the one that berthd itself has started, which starts the others, and the next one that it keeps ready.
list_supervisors() {
        local pid parent
        for pid in $(pgrep -f '^[^ ]*berth-supervisor' || true); do
                parent=$(ps -o ppid= -p "$pid" | tr -d ' ') || continue
                [[ $(ps -o comm= -p "$parent"):$(ps -o args= -p "$pid") =~ ^(berthd:|berth-spawner:berth-supervisor --spare) ]] || ps -o 'pid=,args=' -p "$pid" | sed 's/^ */process /'
        done
}

host_state() {
        {
                list_scopes
                list_cgroups
                list_mounts
                list_loops
                list_links
                list_tables
                list_networks
                list_registry
                list_supervisors
        } | sort -u
}

# left_since FILE: what is there now and was not when host_state wrote FILE.
left_since() {
        comm -13 "$1" <(host_state)
}

# The units of supervisors that wait for a start like the last ones.
ready_scopes() {
        local pid
        for pid in $(pgrep -f '^berth-supervisor --reserved'); do
                sed -n 's|.*/\(berth-[^/]*\.scope\)$|\1|p' "/proc/$pid/cgroup" 2>/dev/null || true
        done
}

# The default network stays for a moment, so that one machine after another finds it, and a scope that is ready for the next start,
# too; after all tests they must be gone.
without_what_stays() {
        grep -vxE 'link berth0|network berth0|nftables table inet berth' |
                grep -vF -f <(echo ' berth-supervisor --reserved' && ready_scopes) || true
}

# sweep DIR: ends what a test left, so that the next one is not judged by it; DIR is where tests work.
sweep() {
        local unit point
        for unit in $(systemctl list-units --all --plain --no-legend 'berth-*.scope' | awk '{ print $1 }'); do
                systemctl kill --signal=KILL "$unit" || true
                systemctl stop "$unit" || true
        done
        for point in $(awk -v dir="$1/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac); do
                umount --lazy "$point" || true
        done
} >/dev/null 2>&1
