# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# SELinux: machines in a domain of their own, by berth's policy (policy/selinux).
#
# Only on: selinux

test_machine_is_confined_by_the_policy() {
        local context=system_u:system_r:berth_machine_t:s0:c1,c2 files=system_u:object_r:berth_file_t:s0:c1,c2 users leader
        [[ -e /sys/fs/selinux/enforce ]] || skip "SELinux is not on here"

        # It compiles against the headers of the host's policy, and is taken.
        cp /usr/share/berth/selinux/berth.* .
        make -f /usr/share/selinux/devel/Makefile NAME=default berth.pp >output 2>&1 || fail "$(tail -n 20 output)"
        # It stays: to take it out again would take as long, and the host ends with its one test.
        semodule --install=berth.pp
        setenforce 1
        at_end setenforce 0

        make_tree tree
        chcon -R "$files" tree
        echo public >tree/public
        echo secret >tree/secret
        echo theirs >tree/theirs
        chmod 644 tree/{public,secret,theirs}
        chcon "$files" tree/public
        # A file of the host's, and one of another machine's.
        chcon system_u:object_r:shadow_t:s0 tree/secret
        chcon system_u:object_r:berth_file_t:s0:c3 tree/theirs

        for users in pick no; do
                confined=(--rm --private-users="$users" -Z "$context" --selinux-apifs-context="$files" ./tree)
                assert_eq "$(berth run "${confined[@]}" cat /proc/self/attr/current | tr -d '\0')" "$context"
                # Without the label all is to be read, with it what is the machine's.
                assert_eq "$(berth run --rm --private-users="$users" ./tree cat /public /secret /theirs | tr '\n' ' ')" "public secret theirs "
                assert_eq "$(berth run "${confined[@]}" cat /public)" public
                assert_contains "$(error_of berth run "${confined[@]}" cat /secret)" "Permission denied"
                assert_contains "$(error_of berth run "${confined[@]}" cat /theirs)" "Permission denied"

                # What is executed in it later has the same; its own file systems have the other.
                berth run -d --name labelled "${confined[@]}" sh -c 'echo x >/run/file; sleep 1000'
                assert_eq "$(berth exec labelled cat /proc/self/attr/current | tr -d '\0')" "$context"
                assert_contains "$(error_of berth exec labelled cat /secret)" "Permission denied"
                leader=$(leader_of labelled)
                assert_eq "$(tr -d '\0' <"/proc/$leader/attr/current")" "$context"
                wait_until 60 test -e "/proc/$leader/root/run/file"
                assert_eq "$(stat -c %C "/proc/$leader/root/run/file")" "$files"
                assert_contains "$(berth status labelled)" "$context"
                berth stop labelled
        done
        assert_contains "$(error_of berth run --rm -Z system_u:system_r:no_such_t:s0 ./tree true)" "knows no such context"
}
