# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The selinux host: the vm with Debian's SELinux policy, and SELinux in place of AppArmor. Sourced after vm.sh, which it is but for
# what it boots with. Its files have no labels: the domains of the host itself are permissive, which tests/system/selinux.sh sees to.

selinux_packages() {
        vm_packages
}

selinux_deadline() {
        vm_deadline
}

# The policy, and what modules for it are compiled with.
selinux_host_packages='selinux-policy-default selinux-policy-dev make'

make_selinux_host() {
        local suite=$1 dir=$2
        say "Making a Debian $suite root file system for the selinux host (about a minute)"
        bootstrap "$suite" essential "$(host_packages vm) $selinux_host_packages" \
                "'$host_dir/configure-host' vm \"\$1\" && '$host_dir/configure-selinux' \"\$1\"" "$dir"
}

selinux_rootfs() {
        local dir=$cache_dir/rootfs/$1-selinux
        with_lock "rootfs-$1-selinux" cached "$dir" \
                "$(cache_key "$(<"$host_dir/configure-host")" "$(<"$host_dir/configure-selinux")" "$selinux_host_packages")" make_selinux_host "$1"
        echo "$dir"
}

selinux_prepare() {
        local state=$1 suite=$2
        selinux_rootfs "$suite" >"$state/rootfs"
        vm_image "$suite" "$(<"$state/rootfs")" "$(machine_trees "$suite")" selinux >"$state/base"
}

selinux_exec() {
        vm_lsm='selinux=1 security=selinux enforcing=0'
        vm_exec "$@"
}

selinux_fill() {
        vm_fill "$@"
}

selinux_is_up() {
        vm_is_up "$@"
}

selinux_raw() {
        vm_raw "$@"
}

selinux_enter() {
        vm_enter "$@"
}

selinux_clean() {
        vm_clean "$@"
}
