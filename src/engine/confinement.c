/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "confinement.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fd-util.h"
#include "label.h"
#include "weaken.h"

void confinement_done(Confinement *confinement) {
        filter_done(&confinement->filter);
}

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

/* Logged where the kernel can (Linux 4.14): with audit on, or in the kernel's own log. */
static int load_filter(const Filter *filter) {
        struct sock_fprog program = { .len = (unsigned short) filter->n, .filter = filter->instructions };

        if (filter->n == 0 || weakened("filter") ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) >= 0)
                return 0;
        if (errno == EINVAL && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) >= 0)
                return 0;
        return negative_errno();
}

static int load_filter_now(const Confinement *c, Error *error) {
        int r = load_filter(&c->filter);

        if (r == -ENOSYS || r == -EINVAL)
                return error_set(error, ERROR_NOT_SUPPORTED, -r, "loading the system call filter", NULL,
                                 "this kernel takes none; SeccompProfile=unconfined does without");
        return r < 0 ? error_set_errno(error, r, "loading the system call filter", NULL) : 0;
}

/* Ours is shared with whoever else our own service runs. As root, who may have many; whoever comes after owns it by having it. */
static int leave_keyring(const Confinement *c, Error *error) {
        const struct seccomp_data call = { .nr = SYS_keyctl, .arch = FILTER_NATIVE };

        if (weakened("keyring") || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 || errno == ENOSYS)
                return 0;
        /* There are 200 keys per user, by default. Whoever can't name a key can't use one. */
        if (errno == EDQUOT && c->filter.n > 0 && filter_evaluate(&c->filter, &call) != SECCOMP_RET_ALLOW)
                return 0;
        return error_set_errno(error, negative_errno(), "making a session keyring", NULL);
}

int confinement_apply(const Confinement *c, const Credentials *user, const char *directory, int *proc, Error *error) {
        /* Root has them all; another user those that it is to have in any case (capabilities(7), ambient). */
        uint64_t permitted = user->uid == 0 ? c->capabilities : c->ambient;
        int r = label_on_exec(&c->labels, *proc, error);

        *proc = fd_close(*proc);
        if (r < 0)
                return r;
        r = drop_bounding(c->capabilities);
        if (r < 0)
                return error_set_errno(error, r, "dropping capabilities", NULL);

        /* The change of ids would take what the ambient set is made of. The exec resets it. */
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), "keeping capabilities", NULL);
        r = leave_keyring(c, error);
        if (r >= 0)
                r = become_user(user, error);
        if (r < 0)
                return r;
        if (directory && chdir(directory) < 0)
                return error_set_errno(error, negative_errno(), "entering the working directory", directory);

        /* A filter may be loaded by whoever gives up new privileges, or still has CAP_SYS_ADMIN (seccomp(2)). */
        if (!c->no_new_privileges) {
                r = set_capabilities(permitted | UINT64_C(1) << CAP_SYS_ADMIN, 0);
                if (r < 0)
                        return error_set_errno(error, r, "setting the capabilities", NULL);
                r = load_filter_now(c, error);
                if (r < 0)
                        return r;
        }

        /* What is inheritable is what is ambient: more would come back by executing a file with capabilities of its own. */
        r = set_capabilities(permitted, c->ambient);
        if (r >= 0)
                r = set_ambient(c->ambient);
        if (r < 0)
                return error_set_errno(error, r, "setting the capabilities", NULL);

        if (!c->no_new_privileges)
                return 0;
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), "forbidding new privileges", NULL);
        return load_filter_now(c, error);
}
