/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "oom.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <signal.h>
#include <sys/klog.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "fd-util.h"
#include "file-util.h"
#include "listens.h"
#include "log.h"
#include "parse-util.h"
#include "path-util.h"
#include "string-util.h"

/* The kernel of cgroup v1 tells us before it kills: how often and how long to look for the deed. */
#define LOOK_USEC (20 * USEC_PER_MSEC)
enum { LOOKS = 100 };

/* The kernel counts a kill before it sends the signal: a leader that ends so soon after the count was it. */
#define RECENT_USEC (1 * USEC_PER_SEC)

/* syslog(2) */
enum { SYSLOG_ACTION_READ_ALL = 3, SYSLOG_ACTION_SIZE_BUFFER = 10 };

/*
 * "oom-kill:constraint=…,task_memcg=PATH,task=NAME,pid=N,uid=N" (dump_oom_victim() of mm/oom_kill.c, since Linux 5.0). The
 * name may hold anything, so it is read from behind. The number is that of the first pid namespace.
 */
static char *read_victim(const char *line, size_t n, const char *unit) {
        _cleanup_free_ char *text = strndup(line, n), *name = NULL;
        size_t length = strlen(unit);
        char *cgroup, *task, *pid, *uid;

        cgroup = text ? strstr(text, ",task_memcg=") : NULL;
        cgroup = cgroup ? strstr(cgroup, unit) : NULL;
        if (!cgroup || cgroup[-1] != '/' || (cgroup[length] != ',' && cgroup[length] != '/'))
                return NULL;
        task = strstr(cgroup, ",task=");
        uid = task ? strrchr(task, ',') : NULL;
        if (!uid || !startswith(uid, ",uid="))
                return NULL;
        *uid = '\0';
        pid = strrchr(task, ',');
        if (!pid || !startswith(pid, ",pid="))
                return NULL;
        *pid = '\0';

        name = str_escape(task + strlen(",task="));
        return name ? str_format("%s (%s)", name, pid + strlen(",pid=")) : NULL;
}

/* The last one that the kernel's log names for our unit; NULL where it names none, or may not be read. */
static char *find_victim(const char *unit) {
        int size = klogctl(SYSLOG_ACTION_SIZE_BUFFER, NULL, 0), n;
        _cleanup_free_ char *text = size > 0 ? malloc((size_t) size + 1) : NULL;
        char *victim = NULL;

        n = text ? klogctl(SYSLOG_ACTION_READ_ALL, text, size) : -1;
        if (n < 0)
                return NULL;
        text[n] = '\0';

        for (const char *p = text; (p = strstr(p, "oom-kill:constraint="));) {
                size_t length = strcspn(p, "\n");
                char *found = read_victim(p, length, unit);

                if (found) {
                        free(victim);
                        victim = found;
                }
                p += length;
        }
        return victim;
}

/* Whether SIGKILL has reached it, which may take long to free its memory. The flag is PF_EXITING (linux/sched.h). */
static bool is_dying(pid_t pid) {
        static const uint64_t exiting = 0x4;
        _cleanup_free_ char *path = str_format("/proc/%i/status", pid), *status = NULL;
        uint64_t flags;

        if (!path || file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &status, NULL) < 0 ||
            process_read_stat(pid, STAT_FLAGS, &flags) < 0)
                return true;
        return flags & exiting || status_has_signal(status, "SigPnd", SIGKILL) || status_has_signal(status, "ShdPnd", SIGKILL);
}

bool oom_record(Supervisor *s) {
        uint64_t kills = cgroup_oom_kills(&s->cgroup);
        bool more = kills > s->oom_counted;

        cgroup_read_usage(&s->cgroup, &s->state.memory_peak, &s->state.memory_limit, &s->state.cpu_usec);
        if (!more)
                return false;
        s->state.oom_kills += (uint32_t) (kills - s->oom_counted);
        s->oom_counted = kills;
        s->oom_usec = now_usec();
        s->oom_leader = s->leader.pid > 0 && is_dying(s->leader.pid);
        return true;
}

/* What was seen is told to all. */
static void tell(Supervisor *s) {
        char peak[FORMAT_SIZE_MAX], limit[FORMAT_SIZE_MAX];
        char *victim = find_victim(path_basename(s->cgroup.path));

        free(s->state.oom_victim);
        s->state.oom_victim = victim;
        log_warning("machine '%s' is out of memory: the kernel killed %s (peak %s, limit %s)", s->spec->name,
                    victim ? victim : "one of its processes", format_size(s->state.memory_peak, peak),
                    format_size(s->state.memory_limit, limit));
        supervisor_publish(s);
}

bool oom_killed_leader(Supervisor *s) {
        if (oom_record(s))
                s->state.oom_victim = str_replace(&s->state.oom_victim, NULL) >= 0 ? find_victim(path_basename(s->cgroup.path))
                                                                                   : NULL;
        return s->phase != PHASE_KILLING && s->oom_usec > 0 && (s->oom_leader || now_usec() - s->oom_usec < RECENT_USEC);
}

/* Watching */

static int on_look(sd_event_source *source, uint64_t usec, void *userdata) {
        Supervisor *s = userdata;

        if (oom_record(s)) {
                tell(s);
                s->oom_looks = 0;
        } else if (s->oom_looks > 0)
                s->oom_looks--;
        if (s->oom_looks > 0 && sd_event_source_set_time_relative(source, LOOK_USEC) >= 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static int on_notice(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Supervisor *s = userdata;
        uint64_t count;

        /* An eventfd has to be read, or it goes on; a file of cgroup v2 takes a look for that, which cgroup_oom_kills() is not. */
        if (read(fd, &count, sizeof(count)) < 0)
                log_debug("reading a notice of lack of memory: %s", errno_text(errno));
        (void) lseek(fd, 0, SEEK_SET);
        s->oom_looks = LOOKS;
        return on_look(s->oom_timer, 0, s);
}

/* cgroup v2: the file itself says that it changed (EPOLLPRI). */
static int open_events(int dir, uint32_t *ret_events) {
        int fd = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
        char text[8];

        if (fd < 0)
                return negative_errno();
        /* It is told of changes from the last look on. */
        if (read(fd, text, sizeof(text)) < 0)
                log_debug("reading memory.events: %s, ignoring", errno_text(errno));
        *ret_events = EPOLLPRI;
        return fd;
}

/* cgroup v1: an eventfd that is given to the cgroup (memory controller documentation, "OOM Control"). */
static int open_control(int dir, uint32_t *ret_events) {
        _cleanup_close_ int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                            control = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);
        char value[64];
        int r;

        if (fd < 0 || control < 0)
                return negative_errno();
        (void) snprintf(value, sizeof(value), "%i %i", fd, control);
        r = file_write_value(dir, "cgroup.event_control", value);
        if (r < 0)
                return r;
        *ret_events = EPOLLIN;
        return TAKE_FD(fd);
}

void oom_watch(Supervisor *s) {
        uint32_t events = 0;
        int fd, r;

        if (s->oom_source || s->cgroup.memory < 0)
                return;
        fd = open_events(s->cgroup.memory, &events);
        if (fd == -ENOENT)
                fd = open_control(s->cgroup.memory, &events);
        r = fd < 0 ? fd : sd_event_add_io(s->event, &s->oom_source, fd, events, on_notice, s);
        if (r >= 0)
                r = sd_event_source_set_io_fd_own(s->oom_source, true);
        else
                (void) fd_close(fd);
        if (r >= 0)
                r = sd_event_add_time_relative(s->event, &s->oom_timer, CLOCK_MONOTONIC, 0, /* accuracy= */ 1000, on_look, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->oom_timer, SD_EVENT_OFF);
        if (r < 0)
                log_debug("watching the memory of %s: %s, ignoring", s->spec->name, errno_text(r));
}

void oom_unwatch(Supervisor *s) {
        s->oom_source = sd_event_source_disable_unref(s->oom_source);
        s->oom_timer = sd_event_source_disable_unref(s->oom_timer);
}
