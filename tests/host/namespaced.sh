# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# The namespaced host: systemd as PID 1 in namespaces of its own, on the machine's kernel. Sourced after lib.sh.
#
# In its state folder, beside what every host has there (see keeper):
#   cgroups           the cgroup made for it in each hierarchy, one a line: TYPE PATH
#   upper, work, root its root: an overlay over the cached tree
#   var/              plain folders for what must not lie on an overlay (overlays cannot be idmapped)

# The hierarchies that are mounted on the machine, as: MOUNTPOINT TYPE OWN-CGROUP.
cgroup_hierarchies() {
        local point type options own
        while read -r _ point type options _; do
                case $type in
                cgroup2)
                        own=$(sed -n 's/^0:://p' /proc/self/cgroup)
                        ;;
                cgroup)
                        own=$(own_v1_cgroup "$options")
                        ;;
                *)
                        continue
                        ;;
                esac
                echo "$point $type ${own:-/}"
        done </proc/self/mounts
}

# The options of a v1 mount name its controllers, in the order in which /proc/self/cgroup has them.
own_v1_cgroup() {
        awk -F: -v options=",$1," '
                $2 != "" && index(options, "," $2 ",") {
                        sub(/^[^:]*:[^:]*:/, "")
                        print
                        exit
                }' /proc/self/cgroup
}

# A machine whose controllers are on v2 passes them on only from a cgroup that has no processes of its own. That is the
# keeper's scope (see keeper_command), once what is in there moved aside; the root of all cgroups is exempt.
delegate_controllers() {
        local parent=$1 pid controller
        if [[ $parent == */berth-host-*.scope ]]; then
                mkdir -p "$parent/berth-runner"
                for pid in $(<"$parent/cgroup.procs"); do
                        echo "$pid" >"$parent/berth-runner/cgroup.procs" || true
                done
        elif [[ -e $parent/cgroup.type ]]; then
                return
        fi
        for controller in $(<"$parent/cgroup.controllers"); do
                echo "+$controller" >"$parent/cgroup.subtree_control" || true
        done
} 2>/dev/null

make_cgroup() {
        local point=$1 type=$2 own=$3 name=$4
        local parent=$point${own%/}
        # A cgroup namespace shows what is above its root as /..; then the mount's root is all there is.
        [[ -d $parent && $own != *..* ]] || parent=$point

        if [[ $type == cgroup2 && " $(<"$parent/cgroup.controllers") " == *' memory '* ]]; then
                delegate_controllers "$parent"
        fi
        mkdir "$parent/$name"
        # A cpuset without processors and memory takes no process.
        local file
        for file in cpuset.cpus cpuset.mems; do
                if [[ $type == cgroup && -e $parent/$name/$file ]]; then
                        cat "$parent/$file" >"$parent/$name/$file"
                fi
        done
        echo "$type $parent/$name"
}

namespaced_make_cgroups() {
        local state=$1 point type own
        : >"$state/cgroups"
        while read -r point type own; do
                make_cgroup "$point" "$type" "$own" "berth-host-${state##*/}-$(stat -c %i "$state")" >>"$state/cgroups"
        done < <(cgroup_hierarchies)
}

# enter_cgroups STATE [TYPE]: moves the calling shell in, into all or those of the type cgroup or cgroup2.
enter_cgroups() {
        local state=$1 wanted=${2:-} type cgroup
        while read -r type cgroup; do
                [[ -z $wanted || $type == "$wanted" ]] || continue
                # On v2 no process may be where the controllers are passed on.
                [[ ! -d $cgroup/init.scope ]] || cgroup=$cgroup/init.scope
                echo "$BASHPID" >"$cgroup/cgroup.procs"
        done <"$state/cgroups"
}

# leave_cgroups STATE PID: unshare and nsenter make a process in the host, but have no PID in there themselves, so they must
# not be seen in the host's cgroups. Waits for that process.
leave_cgroups() {
        local state=$1 pid=$2 cgroup
        until [[ $(<"/proc/$pid/comm") == @(unshare|nsenter) && -n $(<"/proc/$pid/task/$pid/children") ]]; do
                sleep 0.01
        done
        while read -r _ cgroup; do
                cgroup=${cgroup%/*}
                [[ ! -d $cgroup/berth-runner ]] || cgroup=$cgroup/berth-runner
                echo "$pid" >"$cgroup/cgroup.procs"
        done <"$state/cgroups"
} 2>/dev/null

remove_cgroups() {
        local state=$1 cgroup
        [[ -e $state/cgroups ]] || return 0
        while read -r _ cgroup; do
                [[ -d $cgroup ]] && find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
                [[ ! -d $cgroup ]] || return 1
        done <"$state/cgroups"
        return 0
}

# --- what run and keeper call for every kind of host ---

namespaced_packages() {
        echo host
}

namespaced_prepare() {
        local state=$1 suite=$2
        host_rootfs "$suite" namespaced >"$state/base"
        machine_trees "$suite" >"$state/trees"
        # Of the other release: a guest need not be as old as its host.
        machine_trees "$([[ $suite == bookworm ]] && echo trixie || echo bookworm)" >"$state/other-trees"
}

# Becomes the process whose end is the end of the host.
namespaced_exec() {
        local state=$1 suite=$2
        mkdir -p "$state"/{upper,work,root,var/machines,var/berth,var/tmp}
        chmod 700 "$state"/var/{machines,berth}
        chmod 1777 "$state"/var/tmp

        namespaced_make_cgroups "$state"
        enter_cgroups "$state"
        exec setpriv --pdeathsig SIGKILL \
                unshare -muinpC --fork --kill-child --propagation private "$host_dir/namespaced-init" "$state" "$suite"
}

# The host's PID 1 as the machine sees it: the one child of unshare.
namespaced_leader() {
        local pid
        pid=$(recorded_process "$1/pid") || return 1
        [[ $(<"/proc/$pid/comm") == unshare ]] || return 1
        pid=$(<"/proc/$pid/task/$pid/children")
        [[ -n $pid ]] && echo "${pid%% *}"
}

# What goes on while systemd boots: the pristine machine trees are copied.
namespaced_fill() {
        local state=$1
        leave_cgroups "$state" "$(host_pid "$state")"
        cp -a --reflink=auto "$(<"$state/trees")"/{debian,busybox} "$state/var/machines/"
}

# The first thing a process that comes from outside does in the host: it joins PID 1's cgroups.
# shellcheck disable=SC2016 # the host's shell expands it
join_cgroups='
        hierarchies=/sys/fs/cgroup
        [ -e "$hierarchies/cgroup.procs" ] || hierarchies=$(echo /sys/fs/cgroup/*)
        for dir in $hierarchies; do
                [ -e "$dir/cgroup.procs" ] || continue
                [ ! -d "$dir/init.scope" ] || dir=$dir/init.scope
                echo 0 >"$dir/cgroup.procs"
        done
        exec "$@"
'

# namespaced_raw STATE COMMAND…: becomes COMMAND in the host's namespaces and cgroups, but in no unit.
namespaced_raw() {
        local state=$1 leader self
        shift
        leader=$(namespaced_leader "$state") || die "the host is gone"
        if grep -q '^[^ ]* [^ ]* cgroup2 .*nsdelegate' /proc/self/mounts; then
                # Then nothing crosses the border of a cgroup namespace from within. The helper is nobody's child.
                self=$BASHPID
                (leave_cgroups "$state" "$self" </dev/null >/dev/null 2>&1 &)
                enter_cgroups "$state"
        elif [[ ! -d /proc/$leader/root/sys/fs/cgroup/unified ]]; then
                # A host without v1 cannot reach the v1 hierarchies that it is in.
                enter_cgroups "$state" cgroup
        fi
        exec nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wdns=/root \
                sh -c "$join_cgroups" sh "$@"
}

# namespaced_enter STATE COMMAND…: becomes COMMAND in a scope of the host.
namespaced_enter() {
        local state=$1 environment
        shift
        # With a terminal the command gets one of the host's own: the machine's has no name in there.
        if [[ -t 0 && -t 1 && -t 2 ]]; then
                set -- script --quiet --return --command "$(printf '%q ' "$@")" /dev/null
        fi
        mapfile -t environment < <(host_environment "$state")
        namespaced_raw "$state" "${environment[@]}" systemd-run --quiet --scope --collect -- sh -c 'exec "$@"' sh "$@"
}

namespaced_is_up() {
        local leader
        leader=$(namespaced_leader "$1") &&
                [[ $(readlink "/proc/$leader/exe") == */systemd && -S /proc/$leader/root/run/systemd/private ]]
}

namespaced_deadline() {
        echo 120
}

namespaced_clean() {
        local state=$1 tries
        for ((tries = 0; tries < 100; tries++)); do
                remove_cgroups "$state" && return
                sleep 0.05
        done
        echo "cannot remove the cgroups of $state" >&2
        return 1
}
