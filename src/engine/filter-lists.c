/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-lists.h"

#include <linux/capability.h>

#include "string-util.h"

/* As systemd 252 has them, and calls that came later. */
static const FilterGroup groups[] = {
        { "@aio",
          "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit "
          "io_uring_enter io_uring_register io_uring_setup" },
        { "@basic-io",
          "_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read "
          "readv write writev" },
        { "@chown",
          "chown chown32 fchown fchown32 fchownat lchown lchown32" },
        { "@clock",
          "adjtimex clock_adjtime clock_adjtime64 clock_settime clock_settime64 settimeofday" },
        { "@cpu-emulation",
          "modify_ldt subpage_prot switch_endian vm86 vm86old" },
        { "@debug",
          "lookup_dcookie perf_event_open pidfd_getfd ptrace rtas s390_runtime_instr sys_debug_setcontext" },
        { "@default",
          "arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
          "clock_nanosleep clock_nanosleep_time64 execve exit exit_group futex futex_requeue futex_time64 "
          "futex_wait futex_waitv futex_wake get_robust_list get_thread_area getegid getegid32 geteuid "
          "geteuid32 getgid getgid32 getgroups getgroups32 getpgid getpgrp getpid getppid getrandom getresgid "
          "getresgid32 getresuid getresuid32 getrlimit getsid gettid gettimeofday getuid getuid32 "
          "map_shadow_stack membarrier mmap mmap2 mprotect mseal munmap nanosleep pause prlimit64 "
          "restart_syscall riscv_flush_icache riscv_hwprobe rseq rt_sigreturn sched_getaffinity sched_yield "
          "set_robust_list set_thread_area set_tid_address set_tls sigreturn time ugetrlimit uretprobe" },
        { "@file-system",
          "access cachestat chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod fchmodat "
          "fchmodat2 fcntl fcntl64 fgetxattr file_getattr file_setattr flistxattr fremovexattr fsetxattr fstat "
          "fstat64 fstatat64 fstatfs fstatfs64 ftruncate ftruncate64 futimesat getcwd getdents getdents64 "
          "getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch lgetxattr link "
          "linkat listmount listxattr listxattrat llistxattr lremovexattr lsetxattr lstat lstat64 mkdir mkdirat "
          "mknod mknodat newfstatat oldfstat oldlstat oldstat open openat openat2 readlink readlinkat "
          "removexattr removexattrat rename renameat renameat2 rmdir setxattr setxattrat stat stat64 statfs "
          "statfs64 statmount statx symlink symlinkat truncate truncate64 unlink unlinkat utime utimensat "
          "utimensat_time64 utimes" },
        { "@io-event",
          "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
          "epoll_wait_old eventfd eventfd2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select" },
        { "@ipc",
          "ipc memfd_create mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
          "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd pipe pipe2 process_madvise "
          "process_vm_readv process_vm_writev semctl semget semop semtimedop semtimedop_time64 shmat shmctl "
          "shmdt shmget" },
        { "@keyring",
          "add_key keyctl request_key" },
        { "@memlock",
          "mlock mlock2 mlockall munlock munlockall" },
        { "@module",
          "delete_module finit_module init_module" },
        { "@mount",
          "chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree open_tree_attr "
          "pivot_root umount umount2" },
        { "@network-io",
          "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
          "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socket socketcall "
          "socketpair" },
        { "@obsolete",
          "_sysctl afs_syscall bdflush break create_module ftime get_kernel_syms getpmsg gtty idle lock mpx "
          "prof profil putpmsg query_module security sgetmask ssetmask stime stty sysfs tuxcall ulimit uselib "
          "ustat vserver" },
        { "@pkey",
          "pkey_alloc pkey_free pkey_mprotect" },
        { "@privileged",
          "@chown @clock @module @raw-io @reboot @swap _sysctl acct bpf capset chroot fanotify_init fanotify_mark "
          "nfsservctl open_by_handle_at pivot_root quotactl quotactl_fd setdomainname setfsuid setfsuid32 "
          "setgroups setgroups32 sethostname setresuid setresuid32 setreuid setreuid32 setuid setuid32 vhangup" },
        { "@process",
          "capget clone clone3 execveat fork getrusage kill pidfd_open pidfd_send_signal prctl rt_sigqueueinfo "
          "rt_tgsigqueueinfo setns swapcontext tgkill times tkill unshare vfork wait4 waitid waitpid" },
        { "@raw-io",
          "ioperm iopl pciconfig_iobase pciconfig_read pciconfig_write s390_pci_mmio_read s390_pci_mmio_write" },
        { "@reboot",
          "kexec_file_load kexec_load reboot" },
        { "@resources",
          "ioprio_set mbind migrate_pages move_pages nice sched_setaffinity sched_setattr sched_setparam "
          "sched_setscheduler set_mempolicy set_mempolicy_home_node setpriority setrlimit" },
        { "@sandbox",
          "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp" },
        { "@setuid",
          "setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid setresgid32 setresuid "
          "setresuid32 setreuid setreuid32 setuid setuid32" },
        { "@signal",
          "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 "
          "sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask sigsuspend" },
        { "@swap",
          "swapoff swapon" },
        { "@sync",
          "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs" },
        { "@system-service",
          "@aio @basic-io @chown @default @file-system @io-event @ipc @keyring @memlock @network-io @process "
          "@resources @sandbox @setuid @signal @sync "
          "@timer arm_fadvise64_64 arm_sync_file_range capget capset copy_file_range fadvise64 fadvise64_64 "
          "fanotify_mark flock get_mempolicy getcpu getpriority ioctl ioprio_get kcmp lsm_get_self_attr "
          "lsm_list_modules lsm_set_self_attr madvise memfd_secret mincore mremap name_to_handle_at oldolduname "
          "olduname personality process_madvise process_mrelease readahead readdir remap_file_pages "
          "sched_get_priority_max sched_get_priority_min sched_getattr sched_getparam sched_getscheduler "
          "sched_rr_get_interval sched_rr_get_interval_time64 sched_yield sendfile sendfile64 setfsgid "
          "setfsgid32 setfsuid setfsuid32 setpgid setsid splice sysinfo tee umask uname userfaultfd vmsplice" },
        { "@timer",
          "alarm getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
          "timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime "
          "timerfd_settime64 times" },
};

/*
 * The calls of a service, less those that make namespaces, reach into the kernel's keyrings, or have been the way
 * into the kernel more often than a payload needs them. clone, clone3, personality, socket and ioctl are
 * looked at more closely in filter-policy.c.
 */
const char filter_machine_words[] = "@system-service @pkey ptrace "
                                    "~@keyring ~setns ~unshare ~userfaultfd ~io_uring_setup ~io_uring_enter ~io_uring_register "
                                    "~migrate_pages ~move_pages";

/* mount(2) and its like work only inside a user namespace of the machine, or where the user gave the right for the host's. */
static const struct {
        int capability;
        const char *words;
} by_capability[] = {
        { CAP_SYS_CHROOT, "chroot" },
        { CAP_DAC_READ_SEARCH, "open_by_handle_at" },
        { CAP_SYS_ADMIN, "@mount setns unshare clone clone3 sethostname setdomainname fanotify_init quotactl quotactl_fd" },
        { CAP_SYS_BOOT, "reboot" },
        { CAP_SYS_MODULE, "@module" },
        { CAP_SYS_PACCT, "acct" },
        { CAP_SYS_PTRACE, "pidfd_getfd" },
        { CAP_SYS_RAWIO, "@raw-io" },
        { CAP_SYS_TIME, "@clock stime" },
        { CAP_SYS_TTY_CONFIG, "vhangup" },
        { CAP_SYS_NICE, "migrate_pages move_pages" },
        { CAP_SYSLOG, "syslog" },
        { CAP_BPF, "bpf" },
        { CAP_PERFMON, "perf_event_open" },
};

const char filter_nesting_words[] = "@mount @keyring setns unshare clone clone3 sethostname setdomainname pidfd_getfd";

/* From 403 on numbers are common to all architectures; libseccomp 2.5.4 knows those up to 450. */
enum { NEW_FIRST = 451 };
static const char *const new_calls[] = {
        "cachestat",     "fchmodat2",         "map_shadow_stack",  "futex_wake",       "futex_wait",    "futex_requeue",
        "statmount",     "listmount",         "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal",
        "setxattrat",    "getxattrat",        "listxattrat",       "removexattrat",    "open_tree_attr", "file_getattr",
        "file_setattr",
};

const FilterGroup *filter_group_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (streq(groups[i].name, name))
                        return groups + i;
        return NULL;
}

const char *filter_capability_words(uint64_t capabilities, size_t *position) {
        while (*position < ELEMENTSOF(by_capability)) {
                const size_t i = (*position)++;

                if (capabilities & UINT64_C(1) << by_capability[i].capability)
                        return by_capability[i].words;
        }
        return NULL;
}

int filter_new_call(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(new_calls); i++)
                if (streq(new_calls[i], name))
                        return NEW_FIRST + (int) i;
        return -ENOENT;
}

const char *filter_new_call_name(uint32_t number) {
        return number >= NEW_FIRST && number - NEW_FIRST < ELEMENTSOF(new_calls) ? new_calls[number - NEW_FIRST] : NULL;
}

uint32_t filter_last_call(void) {
        return NEW_FIRST + ELEMENTSOF(new_calls) - 1;
}

static void mix(uint64_t *hash, const char *text) {
        *hash = (*hash ^ str_hash(text)) * UINT64_C(1099511628211);
}

uint64_t filter_lists_hash(void) {
        uint64_t hash = 0;

        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                mix(&hash, groups[i].words);
        for (size_t i = 0; i < ELEMENTSOF(by_capability); i++)
                mix(&hash, by_capability[i].words);
        for (size_t i = 0; i < ELEMENTSOF(new_calls); i++)
                mix(&hash, new_calls[i]);
        mix(&hash, filter_machine_words);
        mix(&hash, filter_nesting_words);
        return hash;
}
