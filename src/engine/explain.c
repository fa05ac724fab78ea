/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "explain.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "filter-names.h"
#include "string-util.h"
#include "strv.h"

/* A payload can make as many different calls as it likes; what is of use to a person is soon said. */
enum { TASKS_MAX = 512, LINES_MAX = 256, PATH_SHOWN_MAX = 256 };

/* One thread of the command: the call that it is in. */
typedef struct Task {
        pid_t tid;
        bool inside;
        struct seccomp_data data;
        char *path;
} Task;

typedef struct Tracer {
        const Plan *plan;
        const Confinement *confinement;
        pid_t process;
        int report;
        bool live;               /* the command was executed: what comes now is its own doing */
        FilterNames names;
        Task tasks[TASKS_MAX];
        size_t n_tasks;
        char **lines;            /* each once */
} Tracer;

/* Which argument is a path. */
static const struct {
        const char *name;
        int argument;
} paths[] = {
        { "open", 0 },      { "openat", 1 },    { "openat2", 1 },    { "access", 0 },     { "faccessat", 1 },  { "faccessat2", 1 },
        { "stat", 0 },      { "lstat", 0 },     { "newfstatat", 1 }, { "statx", 1 },      { "mkdir", 0 },      { "mkdirat", 1 },
        { "unlink", 0 },    { "unlinkat", 1 },  { "chmod", 0 },      { "fchmodat", 1 },   { "chown", 0 },      { "lchown", 0 },
        { "fchownat", 1 },  { "mknod", 0 },     { "mknodat", 1 },    { "chdir", 0 },      { "readlink", 0 },   { "readlinkat", 1 },
        { "execve", 0 },    { "mount", 1 },     { "umount2", 0 },    { "truncate", 0 },   { "rename", 0 },     { "chroot", 0 },
        { "swapon", 0 },    { "creat", 0 },     { "utimensat", 1 },  { "statfs", 0 },     { "getxattr", 0 },   { "setxattr", 0 },
};

static Task *find_task(Tracer *t, pid_t tid) {
        for (size_t i = 0; i < t->n_tasks; i++)
                if (t->tasks[i].tid == tid)
                        return t->tasks + i;
        if (t->n_tasks == TASKS_MAX)
                return NULL;
        t->tasks[t->n_tasks] = (Task){ .tid = tid };
        return t->tasks + t->n_tasks++;
}

static void forget_task(Tracer *t, pid_t tid) {
        for (size_t i = 0; i < t->n_tasks; i++)
                if (t->tasks[i].tid == tid) {
                        free(t->tasks[i].path);
                        t->tasks[i] = t->tasks[--t->n_tasks];
                        return;
                }
}

/* A string of the traced process, as much as there is room for; NULL where it can't be read. */
static char *read_string(pid_t tid, uint64_t address) {
        char buffer[PATH_SHOWN_MAX];
        /* Up to the end of the page, and then on: what is behind may not be there. */
        size_t first = 4096 - address % 4096, size = first < sizeof(buffer) ? first : sizeof(buffer);
        struct iovec local = { buffer, size }, remote = { (void *) (uintptr_t) address, size };
        ssize_t n = process_vm_readv(tid, &local, 1, &remote, 1, 0), more = 0;

        if (n <= 0)
                return NULL;
        if ((size_t) n == first && !memchr(buffer, 0, (size_t) n) && first < sizeof(buffer)) {
                local = (struct iovec){ buffer + n, sizeof(buffer) - (size_t) n };
                remote = (struct iovec){ (char *) remote.iov_base + n, local.iov_len };
                more = process_vm_readv(tid, &local, 1, &remote, 1, 0);
        }
        return strndup(buffer, (size_t) (n + (more > 0 ? more : 0)));
}

static int path_argument(const char *name) {
        for (size_t i = 0; name && i < ELEMENTSOF(paths); i++)
                if (streq(paths[i].name, name))
                        return paths[i].argument;
        return -1;
}

static char *render(const RefusedCall *call, const char *reason) {
        _cleanup_free_ char *path = call->path ? str_escape(call->path) : NULL, *name = NULL;

        name = call->name ? strdup(call->name) : str_format("system call %i", call->data.nr);
        if (!name)
                return NULL;
        if (path)
                return str_format("%s(\"%s\") = %s: %s", name, path, strerrorname_np(call->error), reason);
        return str_format("%s(0x%llx, 0x%llx, 0x%llx) = %s: %s", name, (unsigned long long) call->data.args[0],
                          (unsigned long long) call->data.args[1], (unsigned long long) call->data.args[2],
                          strerrorname_np(call->error), reason);
}

static void note(Tracer *t, const Task *task, int error) {
        _cleanup_free_ char *name = filter_names_of_number(&t->names, task->data.arch, (uint32_t) task->data.nr), *line = NULL;
        RefusedCall call = { .data = task->data, .name = name, .path = task->path, .error = error };
        _cleanup_free_ char *reason = NULL;

        if (!explain_concerns(t->plan, &call) || strv_length(t->lines) >= LINES_MAX)
                return;
        reason = explain_reason(t->plan, t->confinement, &call);
        line = reason ? render(&call, reason) : NULL;
        if (line && !strv_contains(t->lines, line))
                (void) strv_append(&t->lines, line);
}

static void on_call(Tracer *t, pid_t tid) {
        struct __ptrace_syscall_info info;
        Task *task = find_task(t, tid);

        if (!task || ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) < 0)
                return;

        if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
                _cleanup_free_ char *name = filter_names_of_number(&t->names, info.arch, (uint32_t) info.entry.nr);
                int argument = path_argument(name);

                free(task->path);
                task->path = NULL;
                task->inside = true;
                task->data = (struct seccomp_data){ .nr = (int) info.entry.nr, .arch = info.arch };
                memcpy(task->data.args, info.entry.args, sizeof(task->data.args));
                if (argument >= 0)
                        task->path = read_string(tid, info.entry.args[argument]);
        } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && task->inside) {
                task->inside = false;
                if (t->live && info.exit.is_error)
                        note(t, task, (int) -info.exit.rval);
        }
}

/* What to go on with: the signal that the process stopped for, or none. */
static int on_stop(Tracer *t, pid_t tid, int status) {
        const int signal = WSTOPSIG(status), event = status >> 16;

        if (signal == (SIGTRAP | 0x80)) {
                on_call(t, tid);
                return 0;
        }
        if (event == PTRACE_EVENT_EXEC) {
                t->live = true;
                return 0;
        }
        /* Ours: a new thread or process begins, or the one that was interrupted to begin with. */
        if (event != 0)
                return event == PTRACE_EVENT_STOP &&
                                       (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
                               ? -1
                               : 0;
        return signal;
}

static void write_report(const Tracer *t) {
        _cleanup_free_ char *text = strv_join(t->lines, "\n");

        if (!text || !t->lines) {
                (void) fd_write_all(t->report, "nothing was refused that a setting would grant\n", 47);
                return;
        }
        (void) fd_write_all(t->report, text, strlen(text));
        (void) fd_write_all(t->report, "\n", 1);
}

/* Until the command ends. With the tracer's own end, whatever it started goes on untraced. */
static void trace(Tracer *t) {
        for (;;) {
                int status, signal;
                pid_t tid = waitpid(-1, &status, __WALL);

                if (tid < 0 && errno == EINTR)
                        continue;
                if (tid < 0)
                        return;
                if (!WIFSTOPPED(status)) {
                        if (tid == t->process)
                                return;
                        forget_task(t, tid);
                        continue;
                }

                signal = on_stop(t, tid, status);
                if (signal < 0)
                        (void) ptrace(PTRACE_LISTEN, tid, NULL, NULL);
                else
                        (void) ptrace(PTRACE_SYSCALL, tid, NULL, (void *) (intptr_t) signal);
        }
}

/* Its first stop; from then on every call is seen. */
static int seize(pid_t process) {
        const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                             PTRACE_O_TRACEEXEC;

        if (ptrace(PTRACE_SEIZE, process, NULL, (void *) options) < 0 || ptrace(PTRACE_INTERRUPT, process, NULL, NULL) < 0)
                return negative_errno();
        return 0;
}

/* Not the machine's sockets, nor its lock: so we are in nobody's way. */
enum { REPORT = 3, READY };

static int keep_descriptors(int report, int ready) {
        enum { HIGH = 64 };
        sigset_t none;

        sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);

        report = fcntl(report, F_DUPFD_CLOEXEC, HIGH);
        ready = fcntl(ready, F_DUPFD_CLOEXEC, HIGH);
        if (dup2(report, REPORT) < 0 || dup2(ready, READY) < 0 || close_range(READY + 1, ~0u, 0) < 0)
                return negative_errno();
        return 0;
}

static _noreturn_ void run(Tracer *t, int ready) {
        int32_t r;

        (void) prctl(PR_SET_NAME, "berth-explain");
        r = filter_names_load(&t->names, NULL);
        if (r >= 0)
                r = seize(t->process);
        (void) fd_write_all(ready, &r, sizeof(r));
        (void) fd_close(ready);
        if (r < 0)
                _exit(EXIT_FAILURE);
        trace(t);
        write_report(t);
        _exit(EXIT_SUCCESS);
}

int explain_begin(const Plan *plan, const Confinement *confinement, pid_t process, int report, pid_t *ret, Error *error) {
        static const char step[] = "tracing the command";
        _cleanup_free_ Tracer *tracer = calloc(1, sizeof(Tracer));
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        int32_t r = -EPIPE;
        int pair[2];
        pid_t pid;

        if (!tracer)
                return error_oom(error);
        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), step, NULL);
        ours = pair[0];
        theirs = pair[1];
        *tracer = (Tracer){ .plan = plan, .confinement = confinement, .process = process, .report = report };

        pid = fork();
        if (pid < 0)
                return error_set_errno(error, negative_errno(), step, NULL);
        if (pid == 0) {
                if (keep_descriptors(report, theirs) < 0)
                        _exit(EXIT_FAILURE);
                tracer->report = REPORT;
                run(tracer, READY);
        }

        theirs = fd_close(theirs);
        if (read(ours, &r, sizeof(r)) != sizeof(r))
                r = -EPIPE;
        if (r < 0) {
                (void) waitpid(pid, NULL, 0);
                return error_set_errno(error, r, step, NULL);
        }
        *ret = pid;
        return 0;
}
