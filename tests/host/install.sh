# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Builds berth and installs it into a folder, as a package build does. Sourced after lib.sh.
#
#   $BERTH_SETUP  more options for meson setup

build_groups=(build test)

configure_berth() {
        [[ ! -e $build_dir/build.ninja ]] || return 0
        say "Configuring the build in $build_dir"
        mkdir -p "$build_dir"
        # shellcheck disable=SC2086 # BERTH_SETUP is words
        logged "$build_dir/configure.log" meson setup --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
                ${BERTH_SETUP:-} "$build_dir" "$source_dir" || die "meson failed"
}

compile_berth() {
        logged "$build_dir/compile.log" ninja -C "$build_dir" || die "the build failed"
}

build_berth_unlocked() {
        [[ -e $source_dir/meson.build ]] || die "there is no meson.build: --no-install boots a host without berth"
        "$host_dir/deps" "${build_groups[@]}"
        configure_berth
        [[ -e $build_dir/.ninja_log ]] || say "Building berth"
        compile_berth
}

build_berth() {
        with_lock build build_berth_unlocked
}

install_berth_into() {
        local dir=$1
        DESTDIR=$dir logged "$build_dir/install.log" meson install -C "$build_dir" --no-rebuild --quiet ||
                die "meson install failed"
}

# After a package brought new files: what its maintainer scripts would do. Runs in a host that is up already.
post_install='
        systemctl daemon-reload
        systemd-tmpfiles --create
        busctl --quiet call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
        systemctl try-restart berthd.service || true
'
