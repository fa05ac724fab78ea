/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "confinement.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Every bit that the kernel knows and CAPABILITIES lacks goes, for good. */
static int drop_bounding(uint64_t capabilities) {
        for (int cap = 0; cap < 64; cap++) {
                if (capabilities & UINT64_C(1) << cap)
                        continue;
                if (prctl(PR_CAPBSET_DROP, cap) < 0)
                        return errno == EINVAL ? 0 : negative_errno();
        }
        return 0;
}

static int set_capabilities(uint64_t permitted, uint64_t inheritable) {
        struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct data[2] = {};

        for (size_t i = 0; i < 2; i++) {
                data[i].effective = data[i].permitted = (uint32_t) (permitted >> (32 * i));
                data[i].inheritable = (uint32_t) (inheritable >> (32 * i));
        }
        return syscall(SYS_capset, &header, data) < 0 ? negative_errno() : 0;
}

static int set_ambient(uint64_t ambient) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return negative_errno();
        for (int cap = 0; cap < 64; cap++)
                if ((ambient & UINT64_C(1) << cap) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
                        return negative_errno();
        return 0;
}

static int become_user(const Credentials *user, Error *error) {
        if (setgroups(user->n_groups, user->groups) < 0)
                return error_set_errno(error, negative_errno(), "setting the supplementary groups", NULL);
        if (setresgid(user->gid, user->gid, user->gid) < 0 || setresuid(user->uid, user->uid, user->uid) < 0)
                return error_set(error, ERROR_FAILED, errno, "becoming the user", user->name,
                                 "ids %u:%u are outside of the machine's range (%s)", user->uid, user->gid, errno_text(errno));
        return 0;
}

int confinement_apply(const Confinement *c, const Credentials *user, const char *directory, Error *error) {
        /* Root has them all; another user those that it is to have in any case (capabilities(7), ambient). */
        uint64_t permitted = user->uid == 0 ? c->capabilities : c->ambient;
        int r = drop_bounding(c->capabilities);

        if (r < 0)
                return error_set_errno(error, r, "dropping capabilities", NULL);

        /* The change of ids would take what the ambient set is made of. The exec resets it. */
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), "keeping capabilities", NULL);
        r = become_user(user, error);
        if (r < 0)
                return r;

        /* What is inheritable is what is ambient: more would come back by executing a file with capabilities of its own. */
        r = set_capabilities(permitted, c->ambient);
        if (r >= 0)
                r = set_ambient(c->ambient);
        if (r < 0)
                return error_set_errno(error, r, "setting the capabilities", NULL);

        if (directory && chdir(directory) < 0)
                return error_set_errno(error, negative_errno(), "entering the working directory", directory);
        if (c->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), "forbidding new privileges", NULL);
        return 0;
}
