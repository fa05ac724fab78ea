/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* with-key COMMAND…: executes it with a session keyring that has a key "berth-test" in it. */

#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char *argv[]) {
        if (argc < 2 || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ||
            syscall(SYS_add_key, "user", "berth-test", "secret", 6, KEY_SPEC_SESSION_KEYRING) < 0) {
                perror("with-key");
                return EXIT_FAILURE;
        }
        (void) execvp(argv[1], argv + 1);
        perror(argv[1]);
        return EXIT_FAILURE;
}
