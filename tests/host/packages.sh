# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Every Debian package that building, running and testing berth needs, and nothing else. Sourced.

# machine_packages GROUP: what a group of tasks wants on the machine itself.
machine_packages() {
        case $1 in
        build)
                echo gcc libc6-dev meson ninja-build pkg-config git
                echo libsystemd-dev libmount-dev libblkid-dev libseccomp-dev libdbus-1-dev
                echo libjansson-dev libcap-dev scdoc
                # Their pkg-config files say where units and bus services go; systemd's moved after Debian 12.
                echo dbus
                if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then echo systemd; else echo systemd-dev; fi
                ;;
        test)
                echo libcmocka-dev jq
                ;;
        host)
                echo mmdebstrap debian-archive-keyring busybox-static util-linux tar
                ;;
        package)
                echo debhelper dpkg-dev
                ;;
        vm)
                echo qemu-system-x86 e2fsprogs cpio busybox-static xz-utils kmod openssh-client
                ;;
        lint)
                echo clang-format clang-tidy shellcheck
                ;;
        *)
                return 1
                ;;
        esac
}

# host_packages KIND: what the host that berth is tested on consists of. The libraries are those that berth and its test
# programs link; Debian 13 provides the same names.
host_packages() {
        echo systemd systemd-sysv systemd-container libnss-mymachines dbus polkitd
        echo util-linux mount login passwd iproute2 iputils-ping procps nftables e2fsprogs kmod
        echo libglib2.0-bin jq strace tmux busybox-static
        echo libmount1 libblkid1 libseccomp2 libdbus-1-3 libjansson4 libcap2 libarchive13 libcurl4
        echo libmnl0 libnftables1 libcmocka0 libasan8 libubsan1
        # File systems and images to run from, peers to compare with, programs that serve and ask.
        echo squashfs-tools erofs-utils btrfs-progs fdisk dosfstools cryptsetup-bin podman crun netcat-openbsd libsystemd0
        # podman's default network, for what runs in a machine (2.4 MB).
        echo netavark aardvark-dns iptables
        # What the examples of the manual are written with.
        echo python3-dasbus
        # What tests/bench measures against.
        echo bubblewrap runc lxc

        if [[ $1 == vm ]]; then
                echo udev openssh-server apparmor
        fi
}

# The machine tree that tests and ./try run: small, but it also boots.
tree_packages() {
        echo systemd systemd-sysv dbus iproute2 procps
}
