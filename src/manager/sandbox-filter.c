/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-filter.h"

#include <seccomp.h>
#include <sys/socket.h>

#include "macro.h"

/*
 * What an intruder would want and berthd never does. A list of what is refused, not of what is allowed: that takes
 * libseccomp a few hundred microseconds to compile instead of many milliseconds, and no libc update can break it.
 *
 * No mount namespace of its own, and none of systemd's settings that make one: the tree's descriptor that a
 * supervisor gets must be of the host's mount namespace, since open_tree(2) clones no mount of another.
 */
static const int refused_calls[] = {
        SCMP_SYS(execve), SCMP_SYS(execveat),
        SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(chroot), SCMP_SYS(pivot_root),
        SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr),
        SCMP_SYS(fsopen), SCMP_SYS(fspick), SCMP_SYS(fsmount), SCMP_SYS(fsconfig),
        SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd),
        SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
        SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
        SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
        SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct),
        SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(syslog), SCMP_SYS(personality),
        SCMP_SYS(setuid), SCMP_SYS(setreuid), SCMP_SYS(setresuid), SCMP_SYS(setgid), SCMP_SYS(setregid), SCMP_SYS(setresgid),
        SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(iopl), SCMP_SYS(ioperm),
        SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(adjtimex), SCMP_SYS(clock_adjtime),
        SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at),
};

int sandbox_load_filter(void) {
        scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
        int r = 0;

        if (!filter)
                return -ENOMEM;

        /* Other ABIs than the native one end the process: SCMP_FLTATR_ACT_BADARCH's default. */
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(refused_calls); i++) {
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0);
                if (r == -EDOM || r == -EFAULT)
                        r = 0; /* not on this architecture */
        }

        /* The bus, the supervisors and the journal are local sockets. */
        if (r >= 0)
                r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_NE, AF_UNIX));
        if (r >= 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r;
}
