# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For tests of limits: where the kernel keeps them. Sourced.

# kernel_file NAME CONTROLLER.FILE: of the machine's scope, in whatever hierarchy the controller is.
kernel_file() {
        if on_cgroup_v2; then
                echo "/sys/fs/cgroup/machine.slice/berth-$1.scope/$2"
        elif [[ $2 == cpuset.* ]]; then
                echo "/sys/fs/cgroup/cpuset/berth-$1.scope/$2"
        else
                echo "/sys/fs/cgroup/${2%%.*}/machine.slice/berth-$1.scope/$2"
        fi
}

kernel_value() {
        cat "$(kernel_file "$1" "$2")"
}

# kernel_has NAME FILE VALUE: the value, or a part of it where it is of many lines.
kernel_has() {
        local file
        file=$(kernel_file "$1" "$2")
        [[ -e $file ]] && grep -Fx -- "$3" "$file" >/dev/null
}
