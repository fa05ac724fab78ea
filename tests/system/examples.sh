# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the manual shows as examples, as it shows it.
#
# Only on: namespaced

busybox=/var/lib/machines/busybox
examples=/usr/share/doc/berth/examples

# Every line of berth-busctl(7), in its order; what they say and do is looked at where it can be.
test_busctl_lines() {
        local line n=0
        at_end berth rm -f web
        while IFS= read -r line; do
                [[ -n $line && $line != '#'* ]] || continue
                bash -ec "set -o pipefail; $line" >out 2>&1 || fail "'$line' failed: $(cat out)"
                n=$((n + 1))
                case $line in
                *' PlanMachine '*) assert_contains "$(cat out)" 'machine       web' ;;
                *' ListMachines '*) assert_eq "$(cat out)" 'web running' ;;
                *' tree '*) assert_contains "$(cat out)" /org/berth1/machine/web ;;
                *' get-property '*' State '*) assert_contains "$(cat out)" 's "running"' ;;
                *' GetMachineByPID '*) assert_eq "$(cat out)" 'o "/org/berth1/machine/web"' ;;
                *TasksMax=50) assert_eq "$(scope_property web TasksMax)" 50 ;;
                *' Pause') assert_eq "$(machine_property web State)" paused ;;
                *' Unpause') assert_eq "$(machine_property web State)" running ;;
                *' GetSettings '*) assert_contains "$(cat out)" MemoryMax ;;
                *' GetManagedObjects') assert_contains "$(cat out)" org.berth1.Machine ;;
                *' RunMachine '*) assert_eq "$(tr '\0' '\n' <"/proc/$(leader_of web)/environ" | grep GREETING)" GREETING=hello ;;
                esac
        done <$examples/busctl.txt
        check test "$n" -ge 12
        wait_until 60 is_state web exited
}

test_sd_bus_program() {
        assert_eq "$(echo in | run-sd-bus "$busybox" sh -c 'cat; echo out')" $'in\nout'
        assert_status 7 run-sd-bus "$busybox" sh -c 'exit 7'
        assert_contains "$(error_of run-sd-bus /no/such/tree true)" /no/such/tree
}

test_libdbus_program() {
        local name
        name=$(run-libdbus "$busybox" sleep 1000)
        wait_until 60 is_state "$name" running
        berth terminate "$name"
        assert_contains "$(error_of run-libdbus /no/such/tree true)" /no/such/tree
}

test_python_program() {
        local out
        out=$(python3 $examples/run-machine.py "$busybox" sh -c 'exit 5')
        assert_matches "$out" 'machine busybox.* runs as process [0-9]+'
        assert_contains "$out" 'it ended: exited, status 5'
        assert_eq "$(berth list -a -q | grep -c '^busybox-' || true)" 0
}

# examples_of PAGE [SECTION]: writes each example of a page of the manual to a file of its own, example-1 and so on, as it is shown.
examples_of() {
        local page section=${2-EXAMPLES}
        page=$(find /usr/share/man -name "$1*" | head -n 1)
        [[ -n $page ]] || fail "the page $1 is not installed"
        rm -f example-*
        { zcat "$page" 2>/dev/null || cat "$page"; } | awk -v section="$section" '/^\.SH/ { on = index($0, section) } on && /^\.nf/ { n++; within = 1; next }
                /^\.fi/ { within = 0 } within && !/^\.RS/ { gsub(/\\&/, ""); gsub(/\\-/, "-"); gsub(/\\\\/, "\\"); print >("example-" n) }'
        [[ -e example-1 ]] || fail "the page $1 has no examples"
}

# Each line as somebody types it. What a machine ended with is no failure of the line that waits for it.
run_example() {
        local line
        while IFS= read -r line; do
                case $line in
                'busctl monitor '*) assert_status 124 timeout 2 bash -c "$line" >/dev/null 2>&1 ;;
                # The command's own status, since it was refused.
                'berth explain '*) assert_contains "$(bash -c "$line" 2>&1 || true)" Capability=CAP_SYS_TIME ;;
                'berth wait '*) assert_matches "$(bash -c "$line" || true)" '^[0-9]+$' ;;
                *' -it '*) check script -qec "$line" /dev/null < <(echo 'echo typed; exit'; sleep 1) >out ;;
                *) bash -ec "set -o pipefail; $line" >out 2>&1 || fail "'$line' failed: $(cat out)" ;;
                esac
        done <"$1"
}

run_unit_example() {
        local unit=/run/systemd/system/berth-example.service
        cp "$1" "$unit"
        at_end systemctl daemon-reload
        at_end rm -f "$unit"
        at_end systemctl stop berth-example.service
        systemctl daemon-reload
        check systemctl start berth-example.service
        assert_eq "$(systemctl is-active berth-example.service)" active
        assert_contains "$(berth list -q)" web
        check systemctl stop berth-example.service
}

# Only on: namespaced
test_examples_of_the_pages() {
        local page example n=0
        at_end berth rm -f web
        printf '%s\n' one two one >words
        for page in berth.1 org.berth1.5; do
                examples_of "$page"
                for example in example-*; do
                        if [[ $(head -c 1 "$example") == '[' ]]; then
                                run_unit_example "$example"
                        else
                                run_example "$example"
                        fi
                        n=$((n + 1))
                done
                if [[ -n $(berth list -aq) ]]; then
                        wait_until 60 eval '[[ -z $(berth list -q) ]]'
                        berth rm web
                fi
        done
        ((n >= 6)) || fail "only $n examples were found"
}

# Only on: namespaced
test_examples_of_the_unit() {
        at_end berth rm -f web
        at_end systemctl stop berth@web.service
        examples_of 'berth@.service'
        run_example example-1
        refute systemctl is-enabled berth@web.service
        assert_eq "$(berth list -aq)" ''
        # The drop-in.
        examples_of 'berth@.service' CHANGES
        mkdir -p /run/systemd/system/berth@web.service.d
        cp example-1 /run/systemd/system/berth@web.service.d/example.conf
        at_end systemctl daemon-reload
        at_end rm -rf /run/systemd/system/berth@web.service.d
        systemctl daemon-reload
        berth create --name web "$busybox" sleep infinity
        check systemctl start berth@web.service
        assert_eq "$(systemctl show -P MemoryMax berth@web.service)" $((2 << 30))
        assert_eq "$(systemctl show -P Restart berth@web.service)" on-failure
        systemctl stop berth@web.service
        berth rm web
}

# Only on: namespaced
test_example_of_an_order() {
        at_end berth rm -f web db
        at_end berth disable web db
        berth create --name db "$busybox" sleep infinity
        examples_of 'berth@.service' ORDER
        run_example example-1
        assert_matches "$(systemctl show -P After berth@web.service)" 'berth@db.service'
        assert_matches "$(systemctl show -P Requires berth@web.service)" 'berth@db.service'
        assert_eq "$(systemctl is-enabled berth@db.service)" enabled
        check berth disable web db
        check berth rm web db
}

# The unit of berth-nspawn(1), as a template, with a whole system.
# Only on: namespaced
test_example_of_an_nspawn_unit() {
        local unit=/run/systemd/system/berth-example@.service
        at_end rm -rf /var/lib/machines/whole
        make_debian_tree /var/lib/machines/whole
        examples_of berth-nspawn.1 'IN A UNIT'
        cp example-1 "$unit"
        at_end systemctl daemon-reload
        at_end rm -f "$unit"
        at_end systemctl stop berth-example@whole.service
        systemctl daemon-reload
        check systemctl start berth-example@whole.service
        assert_eq "$(systemctl is-active berth-example@whole.service)" active
        assert_eq "$(machine_property whole Unit)" berth-example@whole.service
        check systemctl stop berth-example@whole.service
        assert_eq "$(systemctl show -P Result berth-example@whole.service)" success
}

# blocks_of_readme: writes each block of commands of README's tour to a file of its own, example-1 and so on.
blocks_of_readme() {
        rm -f example-*
        awk '/^## / { on = /A tour/ } on && /^```/ { within = !within; n += within; next } within { print >("example-" n) }' \
                /usr/share/doc/berth/README.md
}

# Only on: namespaced
test_tour_of_the_readme() {
        local block n=0
        at_end berth rm -f web
        at_end rm -rf /var/lib/machines/staging /var/lib/machines/old
        blocks_of_readme
        for block in example-*; do
                # What the second one begins with.
                if grep -q '^berth exec web' "$block"; then
                        berth run -d --name web -m 256M --ephemeral debian sh -c 'echo begun; exec sleep 1000'
                fi
                run_example "$block"
                n=$((n + $(wc -l <"$block")))
                [[ -z $(berth list -aq) ]] || berth rm -f web
        done
        ((n >= 20)) || fail "only $n commands were found"
}
