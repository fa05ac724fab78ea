/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "sandbox-filter.h"

#ifndef PR_SET_MDWE /* linux/prctl.h since Linux 6.3 */
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static const char step[] = "sandboxing berthd";

/*
 * What stays: trees may lie below folders that root could not enter without it. All else that berthd does, it does
 * as root's uid to what is root's (the registry, its supervisors, the bus), which needs no capability.
 */
static const cap_value_t kept_capabilities[] = { CAP_DAC_READ_SEARCH };

static int drop_capabilities(void) {
        cap_t caps;
        int r = 0;

        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++) {
                bool keep = false;

                for (size_t i = 0; i < ELEMENTSOF(kept_capabilities); i++)
                        keep = keep || kept_capabilities[i] == cap;

                /* One that is newer than this kernel, or that a container manager took away already, can't be dropped. */
                if (!keep && cap_get_bound(cap) > 0 && cap_drop_bound(cap) < 0 && errno != EPERM)
                        return negative_errno();
        }

        caps = cap_init();
        if (!caps)
                return -ENOMEM;
        if (cap_set_flag(caps, CAP_PERMITTED, ELEMENTSOF(kept_capabilities), kept_capabilities, CAP_SET) < 0 ||
            cap_set_flag(caps, CAP_EFFECTIVE, ELEMENTSOF(kept_capabilities), kept_capabilities, CAP_SET) < 0 ||
            cap_set_proc(caps) < 0)
                r = negative_errno();
        cap_free(caps);
        return r;
}

/*
 * Each machine that runs has a pidfd and a connection here. Our own limit, not the unit's: LimitNOFILE= would be
 * the payloads', too.
 */
static int raise_descriptor_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return negative_errno();
        limit.rlim_cur = limit.rlim_max;
        return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? negative_errno() : 0;
}

int sandbox_enter(Error *error) {
        int r;

        r = raise_descriptor_limit();
        if (r < 0)
                return error_set_errno(error, r, step, "RLIMIT_NOFILE");

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_set_errno(error, negative_errno(), step, "no_new_privs");
        r = drop_capabilities();
        if (r < 0)
                return error_set_errno(error, r, step, "capabilities");

        /* No memory that is writable becomes executable. Linux before 6.3 has no such thing. */
        if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) < 0)
                log_debug("this kernel has no PR_SET_MDWE");

        r = sandbox_load_filter();
        return r < 0 ? error_set_errno(error, r, step, "system call filter") : 0;
}
