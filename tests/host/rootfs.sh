# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Debian trees, made by mmdebstrap from the mirrors that apt is configured for, and kept in the cache. Sourced after lib.sh.
#
#   rootfs/SUITE-KIND   what a host of that kind boots
#   trees/SUITE         machine trees: debian, busybox

# shellcheck source=tests/host/packages.sh
source "$host_dir/packages.sh"

# What a package list, these scripts or a suite contain decides whether a cached tree is still the right one.
cache_key() {
        {
                printf '%s\n' "$@"
                cat "$host_dir/rootfs.sh" "$host_dir/packages.sh"
        } | sha256sum | cut -c -16
}

# cached DIR KEY COMMAND…: DIR as COMMAND makes it (given a temporary folder as last argument), unless it is there already.
cached() {
        local dir=$1 key=$2
        shift 2
        [[ -d $dir && -e $dir.key && $(<"$dir.key") == "$key" ]] && return

        # The old one goes when the new one is there: without a network it is better than none.
        rm -rf --one-file-system "$dir.new"
        mkdir -p "${dir%/*}"
        "$@" "$dir.new"
        rm -rf --one-file-system "$dir" "$dir.key"
        mv "$dir.new" "$dir"
        echo "$key" >"$dir.key"
}

# sources SUITE: the system's own Debian mirrors; for another suite than its own, the same main mirror.
sources() {
        local suite=$1 uri release codename component own
        own=$(. /etc/os-release && echo "$VERSION_CODENAME")

        # shellcheck disable=SC2016 # apt expands these
        apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' | sort -u |
                while read -r uri release component; do
                        codename=${release%%-*}
                        [[ $codename == "$own" && $component == main ]] || continue
                        if [[ $suite == "$own" ]]; then
                                echo "deb $uri $release main"
                        elif [[ $release == "$own" ]]; then
                                echo "deb $uri $suite main"
                        fi
                done
}

# apt's proxies, certificates and the like; mmdebstrap reads none of the system's configuration by itself.
apt_options() {
        apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-Valid-Until|Check-Date|ForceIPv)' |
                grep -v ' "";$' | sed 's/^/--aptopt=/'
}

# bootstrap SUITE VARIANT PACKAGES HOOK DIR: HOOK is a shell command; in it $1 is DIR.
bootstrap() {
        local suite=$1 variant=$2 packages=$3 hook=$4 dir=$5
        local options mirrors

        mapfile -t options < <(apt_options)
        mapfile -t mirrors < <(sources "$suite")
        [[ ${#mirrors[@]} -gt 0 ]] || die "apt is configured for no Debian mirror that a $suite tree could come from"

        # shellcheck disable=SC2016 # mmdebstrap's shell expands the hooks
        options+=(
                --mode=root --format=directory --variant="$variant"
                --include="${packages//[[:space:]]/,}"
                --keyring=/usr/share/keyrings/debian-archive-keyring.gpg
                --dpkgopt=force-unsafe-io
                --dpkgopt='path-exclude=/usr/share/man/*'
                --dpkgopt='path-exclude=/usr/share/info/*'
                --dpkgopt='path-exclude=/usr/share/doc/*'
                --dpkgopt='path-exclude=/usr/share/locale/*'
                --customize-hook="$hook"
                # What served the making must not stay: the options above, and the name servers of this machine.
                --customize-hook='rm -f "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/resolv.conf'
        )
        logged "$cache_dir/mmdebstrap-$suite.log" mmdebstrap "${options[@]}" "$suite" "$dir" "${mirrors[@]}" ||
                die "making the Debian $suite tree failed"
}

make_host() {
        local suite=$1 kind=$2 dir=$3
        say "Making a Debian $suite root file system for the $kind host (about a minute)"
        bootstrap "$suite" essential "$(host_packages "$kind")" "'$host_dir/configure-host' '$kind' \"\$1\"" "$dir"
}

make_debian_tree() {
        local suite=$1 dir=$2
        say "Making a Debian $suite tree to run as a machine (about half a minute)"
        # shellcheck disable=SC2016 # mmdebstrap's shell expands the hook
        bootstrap "$suite" minbase "$(tree_packages)" ': >"$1"/etc/machine-id' "$dir"
}

# A tree that is copied in no time: one static program.
make_busybox_tree() {
        local dir=$1 applet
        mkdir -p "$dir"/{usr/bin,etc,dev,proc,sys,run,tmp,var,root}
        chmod 1777 "$dir/tmp"
        ln -s usr/bin "$dir/bin"
        ln -s usr/bin "$dir/sbin"
        install -m 755 /bin/busybox "$dir/usr/bin/busybox"
        for applet in $(/bin/busybox --list); do
                [[ $applet == busybox ]] || ln -s busybox "$dir/usr/bin/$applet"
        done
        echo 'root:x:0:0:root:/root:/bin/sh' >"$dir/etc/passwd"
        echo 'root:x:0:' >"$dir/etc/group"
        printf '%s\n' 'ID=busybox' 'NAME=BusyBox' 'PRETTY_NAME="BusyBox"' >"$dir/etc/os-release"
}

# host_rootfs SUITE KIND, machine_trees SUITE: the cached folder; the first call makes it.
host_rootfs() {
        local dir=$cache_dir/rootfs/$1-$2
        with_lock "rootfs-$1-$2" cached "$dir" \
                "$(cache_key "$(<"$host_dir/configure-host")")" make_host "$1" "$2"
        echo "$dir"
}

machine_trees() {
        local dir=$cache_dir/trees/$1
        with_lock "trees-$1" cached "$dir/debian" "$(cache_key)" make_debian_tree "$1"
        with_lock "trees-$1" cached "$dir/busybox" "$(cache_key)" make_busybox_tree
        echo "$dir"
}
