# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The vm host: Debian with its own kernel, in qemu's software emulation. Sourced after lib.sh.
#
# Everything that differs from boot to boot (what is installed, the key that opens the door) comes in the initrd, which
# adds it to the root file system before systemd starts; what is written there goes to a snapshot that ends with qemu.
#
# In its state folder, beside what every host has there (see keeper):
#   console     what the kernel and systemd say on the serial port
#   initrd      busybox, the modules that reach the disk, install.tar
#   key         opens the guest's ssh, as its root
#   port        where its ssh is on the loopback interface

vm_packages() {
        echo host vm
}

vm_deadline() {
        echo 900
}

# No cx16: qemu 7.2 gets the flags after a cmpxchg16b wrong, and the kernel's allocator runs on that instruction; an
# interrupt right there then ends in a panic. The others are features that software emulation pays for with each call or
# page (stac and clac end a translated block, a string instruction is a loop), and that nothing here tests.
vm_processor=max,-cx16,-la57,-smap,-smep,-umip,-pku,-erms

# What makes emulation three times as fast. A translated block belongs to an address: with the same addresses in each
# process, libraries are translated once instead of once per process. No mitigations of what an emulated processor does
# not do; no clearing of pages twice; a grace period of the kernel's does not wait for the next tick.
vm_fast='norandmaps mitigations=off init_on_alloc=0 clearcpuid=rep_good rcupdate.rcu_expedited=1'

# The security module that it boots with.
vm_lsm='apparmor=1 security=apparmor'

# --- the image ---

# Image and kernel of a suite, made from its root file system and machine trees.
make_vm_image() {
        local suite=$1 rootfs=$2 trees=$3 dir=$4
        say "Making a disk image for the Debian $suite virtual machine"

        # Hard links: one tree of all that belongs on the disk, in no time and no space.
        mkdir -p "$dir"
        cp -al "$rootfs" "$dir/root"
        cp -al "$trees"/{debian,busybox} "$dir/root/var/lib/machines/"
        cp "$rootfs/boot/vmlinuz" "$dir/vmlinuz"

        truncate -s 6G "$dir/disk"
        mkfs.ext4 -q -L berth-host -E lazy_itable_init=1,lazy_journal_init=1 -O ^metadata_csum_seed \
                -d "$dir/root" "$dir/disk"
        rm -rf "$dir/root"
}

# vm_image SUITE ROOTFS TREES [VARIANT]
vm_image() {
        local suite=$1 rootfs=$2 trees=$3 dir=$cache_dir/images/$1${4:+-$4}
        with_lock "image-${dir##*/}" cached "$dir" \
                "$(cache_key "$(<"$host_dir/vm.sh")" "$(<"$rootfs.key")" "$(<"$trees/debian.key")")" \
                make_vm_image "$suite" "$rootfs" "$trees"
        echo "$dir"
}

# --- the initrd ---

# What the kernel cannot reach its disk without. Debian 13 has most of it built in.
initrd_modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk crc32c_generic libcrc32c
        crc16 mbcache jbd2 ext4'

# shellcheck disable=SC2016 # the guest's shell expands it
initrd_init='#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/list); do
        insmod "/modules/$module"
done
until [ -b /dev/vda ]; do
        sleep 0.1
done
mount -t ext4 -o rw,noatime /dev/vda /root || exec sh
chroot /root tar -C / -x --keep-directory-symlink --no-overwrite-dir </install.tar
rm /install.tar
mount --move /dev /root/dev
umount /proc /sys
exec switch_root /root /sbin/init
'

# copy_modules ROOTFS DIR: uncompressed, since busybox insmod does not know every compression.
copy_modules() {
        local rootfs=$1 dir=$2 name file
        : >"$dir/list"
        for name in $initrd_modules; do
                file=$(find "$rootfs/usr/lib/modules" -name "$name.ko*" -print -quit)
                [[ -n $file ]] || continue
                if [[ $file == *.xz ]]; then
                        xz -dc "$file" >"$dir/$name.ko"
                else
                        cp "$file" "$dir/$name.ko"
                fi
                echo "$name.ko" >>"$dir/list"
        done
}

make_initrd() {
        local state=$1 rootfs=$2 dir=$1/initrd.d
        mkdir -p "$dir"/{bin,dev,proc,sys,root,modules}
        cp /bin/busybox "$dir/bin/busybox"
        ln -s busybox "$dir/bin/sh"
        printf '%s' "$initrd_init" >"$dir/init"
        chmod 755 "$dir/init"
        copy_modules "$rootfs" "$dir/modules"
        tar -C "$state/install" -c . >"$dir/install.tar"
        (cd "$dir" && find . | cpio --quiet -o -H newc) >"$state/initrd"
        rm -r "$dir"
}

# --- the door ---

# The guest's host key and root's key are made for this one boot.
make_keys() {
        local state=$1 install=$1/install
        ssh-keygen -q -t ed25519 -N '' -C berth-host -f "$state/key"
        ssh-keygen -q -t ed25519 -N '' -C berth-host -f "$state/host_key"
        mkdir -p "$install/etc/ssh"
        mkdir -p "$install/root/.ssh"
        chmod 700 "$install/root" "$install/root/.ssh"
        cp "$state/key.pub" "$install/root/.ssh/authorized_keys"
        cp "$state/host_key" "$install/etc/ssh/ssh_host_ed25519_key"
        cp "$state/host_key.pub" "$install/etc/ssh/ssh_host_ed25519_key.pub"
        echo "berth-host $(<"$state/host_key.pub")" >"$state/known_hosts"
}

# ssh_options STATE: one word a line. All commands go over one connection: its opening is what takes time.
ssh_options() {
        local state=$1
        printf '%s\n' -F none -o LogLevel=ERROR -o BatchMode=yes -o IdentitiesOnly=yes -i "$state/key" \
                -o UserKnownHostsFile="$state/known_hosts" -o HostKeyAlias=berth-host -o ConnectTimeout=60 \
                -o ControlMaster=auto -o ControlPersist=yes -o ControlPath="$state/ssh" \
                -p "$(<"$state/port")" root@127.0.0.1
}

# A port that nobody listens on now. qemu fails if somebody was faster; then this boot fails.
free_port() {
        local port
        while port=$((20000 + RANDOM % 12000)); do
                (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null || break
        done
        echo "$port"
}

# --- what run and keeper call for every kind of host ---

vm_prepare() {
        local state=$1 suite=$2
        host_rootfs "$suite" vm >"$state/rootfs"
        vm_image "$suite" "$(<"$state/rootfs")" "$(machine_trees "$suite")" >"$state/base"
}

# Becomes the process whose end is the end of the host.
vm_exec() {
        local state=$1 image
        image=$(<"$state/base")
        make_keys "$state"
        make_initrd "$state" "$(<"$state/rootfs")"
        free_port >"$state/port"

        # The snapshot is a file without a name in TMPDIR.
        TMPDIR=$state exec setpriv --pdeathsig SIGKILL qemu-system-x86_64 \
                -accel tcg,thread=multi -machine q35 -cpu "$vm_processor" -smp 2 -m 2048 \
                -nodefaults -no-user-config -display none -no-reboot \
                -serial "file:$state/console" \
                -kernel "$image/vmlinuz" -initrd "$state/initrd" \
                -append "console=ttyS0 quiet loglevel=4 panic=-1 $vm_lsm systemd.show_status=no $vm_fast" \
                -drive "file=$image/disk,format=raw,if=virtio,snapshot=on,cache=unsafe" \
                -netdev "user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:$(<"$state/port")-:22" \
                -device virtio-net-pci,netdev=net0,romfile= \
                -device virtio-rng-pci
}

vm_fill() {
        :
}

vm_is_up() {
        local state=$1 options
        [[ -e $state/port ]] || return 1
        mapfile -t options < <(ssh_options "$state")
        ssh "${options[@]}" true </dev/null 2>/dev/null
}

# vm_ssh STATE OPTION COMMAND…: becomes COMMAND in the guest.
vm_ssh() {
        local state=$1 option=$2 options
        shift 2
        mapfile -t options < <(ssh_options "$state")
        # A shell stays in between: it makes an exit status of a signal, which ssh cannot, and says nothing about it.
        exec ssh "$option" "${options[@]}" "exec 3>&2 2>/dev/null; $(printf '%q ' "$@") 2>&3 3>&-; exit"
}

vm_raw() {
        local state=$1
        shift
        vm_ssh "$state" -T "$@"
}

vm_enter() {
        local state=$1 environment option=-T
        shift
        [[ -t 0 && -t 1 && -t 2 ]] && option=-tt
        mapfile -t environment < <(host_environment "$state")
        vm_ssh "$state" "$option" "${environment[@]}" \
                systemd-run --quiet --scope --collect -- sh -c 'exec "$@"' sh "$@"
}

vm_clean() {
        :
}
