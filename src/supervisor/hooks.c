/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hooks.h"

#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "birth.h"
#include "fd-util.h"
#include "hook.h"
#include "log.h"
#include "parse-util.h"
#include "process-limits.h"
#include "string-util.h"
#include "strv.h"

/* Of what a hook printed, in an error. */
enum { SHOWN_MAX = 1024 };

struct Hooks {
        Supervisor *supervisor;
        unsigned points;         /* a bit for each that is to be run, the lowest first */
        size_t next;             /* of the settings, in the lowest point */
        sd_event_source *child, *timer;
        pid_t pid;
        const char *command;     /* borrowed from the spec */
        int output;              /* a file in memory */
        bool late;
};

static const char step[] = "running the hook";

static HookPoint current(const Hooks *h) {
        return (HookPoint) __builtin_ctz(h->points);
}

/* With what it started, which has its session. */
static void kill_hook(const Hooks *h) {
        (void) kill(-h->pid, SIGKILL);
        (void) kill(h->pid, SIGKILL);
}

static void forget_child(Hooks *h) {
        h->child = sd_event_source_disable_unref(h->child);
        h->timer = sd_event_source_disable_unref(h->timer);
        h->output = fd_close(h->output);
        h->pid = 0;
}

Hooks *hooks_free(Hooks *h) {
        if (!h)
                return NULL;
        if (h->pid > 0) {
                kill_hook(h);
                (void) waitpid(h->pid, NULL, 0);
        }
        forget_child(h);
        free(h);
        return NULL;
}

/* The state of runtime-spec, runtime.md; with the host's number of the process, as /proc has it. */
static int make_state(const Supervisor *s, HookPoint point) {
        static const char *const status[] = { [HOOK_PRESTART] = "created",
                                              [HOOK_STARTED] = "running",
                                              [HOOK_STOPPING] = "running",
                                              [HOOK_STOPPED] = "stopped" };
        pid_t pid = s->birth ? birth_leader(s->birth)->pid : point == HOOK_STOPPED ? 0 : s->leader.pid;
        _cleanup_free_ char *bundle = str_format(BERTH_RUN_DIR "/machines/%s", s->spec->name), *text = NULL;
        json_auto_t *object = bundle ? json_pack("{s:s, s:s, s:s, s:i, s:s, s:{s:s, s:s}}", "ociVersion", "1.0.2", "id",
                                                 s->spec->name, "status", status[point], "pid", (int) pid, "bundle", bundle,
                                                 "annotations", "org.berth1.root", s->spec->root, "org.berth1.unit",
                                                 strempty(s->state.unit))
                                     : NULL;

        text = object ? json_dumps(object, JSON_COMPACT) : NULL;
        return text ? fd_from_data("state", text, strlen(text)) : -ENOMEM;
}

_Noreturn static void execute(const Supervisor *s, char *const *argv, char *const *environment, int input, int output) {
        sigset_t none;

        sigemptyset(&none);
        (void) oom_score_set(s->oom_score);
        (void) signal(SIGPIPE, SIG_DFL);
        if (setsid() < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0 || dup2(input, STDIN_FILENO) < 0 ||
            dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0 || chdir("/") < 0)
                _exit(EXIT_FAILURE);
        (void) execve(argv[0], argv, environment);
        (void) dprintf(STDERR_FILENO, "%s", errno_text(errno));
        _exit(127);
}

static int make_environment(const Supervisor *s, HookPoint point, char ***ret) {
        int r = strv_append(ret, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");

        if (r >= 0)
                r = strv_consume(ret, str_format("BERTH_MACHINE=%s", s->spec->name));
        return r < 0 ? r : strv_consume(ret, str_format("BERTH_HOOK=%s", hook_point_to_string(point)));
}

static void advance(Hooks *h);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Hooks *h = userdata;

        h->late = true;
        kill_hook(h);
        return 0;
}

/* As much of what it printed as fits into a line of people's. */
static char *read_output(const Hooks *h) {
        char text[SHOWN_MAX + 1];
        ssize_t n = pread(h->output, text, SHOWN_MAX, 0);

        text[n > 0 ? n : 0] = '\0';
        for (ssize_t i = n; i > 0 && (text[i - 1] == '\n' || text[i - 1] == ' '); i--)
                text[i - 1] = '\0';
        return str_escape(text);
}

static void fail(Hooks *h, const char *why) {
        _cleanup_free_ char *output = h->output >= 0 ? read_output(h) : NULL;
        Supervisor *s = h->supervisor;
        _cleanup_error_ Error error = ERROR_NULL;

        (void) error_set(current(h) == HOOK_PRESTART ? &s->error : &error, ERROR_START_FAILED, ECANCELED, step, h->command,
                         "%s%s%s", why, isempty(output) ? "" : ": ", strempty(output));
        if (current(h) != HOOK_PRESTART) {
                (void) log_failure(-ECANCELED, &error, NULL);
                return;
        }
        /* The others of that point are not for a machine that does not start. */
        h->next = SIZE_MAX;
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        _cleanup_free_ char *why = NULL;
        char buffer[SIGNAL_NAME_MAX];
        Hooks *h = userdata;

        h->pid = 0;
        if (h->late) {
                char span[FORMAT_USEC_MAX];

                why = str_format("it did not end within %s (HookTimeoutSec=)",
                                 format_usec(h->supervisor->spec->hook_timeout_usec, span));
        } else if (info->si_code != CLD_EXITED)
                why = str_format("it was ended by %s", signal_name(info->si_status, buffer));
        else if (info->si_status != 0)
                why = str_format("it exited with status %i", info->si_status);
        if (why)
                fail(h, why);
        forget_child(h);
        advance(h);
        return 0;
}

static int start(Hooks *h, const char *setting) {
        _cleanup_strv_free_ char **argv = NULL, **environment = NULL;
        _cleanup_close_ int input = -EBADF;
        Supervisor *s = h->supervisor;
        HookPoint point;
        int r = hook_parse(setting, &point, &argv);

        h->late = false;
        if (r >= 0)
                r = make_environment(s, point, &environment);
        if (r >= 0)
                r = input = make_state(s, point);
        if (r >= 0)
                r = h->output = memfd_create("output", MFD_CLOEXEC);
        if (r < 0)
                return r;

        h->pid = fork();
        if (h->pid == 0)
                execute(s, argv, environment, input, h->output);
        if (h->pid < 0)
                return negative_errno();
        r = sd_event_add_child(s->event, &h->child, h->pid, WEXITED, on_child, h);
        if (r >= 0 && s->spec->hook_timeout_usec != USEC_INFINITY)
                r = sd_event_add_time_relative(s->event, &h->timer, CLOCK_MONOTONIC, s->spec->hook_timeout_usec, 0, on_timer, h);
        if (r < 0) {
                kill_hook(h);
                (void) waitpid(h->pid, NULL, 0);
        }
        return r;
}

/* The next one that there is. */
static void advance(Hooks *h) {
        Supervisor *s = h->supervisor;
        size_t n = strv_length(s->spec->hook);

        while (h->points != 0) {
                for (; h->next < n; h->next++) {
                        int r;

                        h->command = s->spec->hook[h->next];
                        if (hook_point_of(h->command) != current(h))
                                continue;
                        h->next++;
                        r = start(h, h->command);
                        if (r >= 0)
                                return;
                        fail(h, errno_text(r));
                        forget_child(h);
                        if (h->next == SIZE_MAX)
                                break;
                        h->next--;
                }
                h->points &= h->points - 1;
                h->next = 0;
        }
        s->hooks = hooks_free(h);
        supervisor_dispatch(s, EVENT_HOOKS_DONE);
}

static int on_defer(sd_event_source *source, void *userdata) {
        Hooks *h = userdata;

        h->child = sd_event_source_disable_unref(h->child);
        advance(h);
        return 0;
}

bool hooks_run(Supervisor *s, HookPoint point) {
        bool any = false;

        STRV_FOREACH(hook, s->spec->hook)
                any = any || hook_point_of(*hook) == point;
        if (!any)
                return false;
        if (s->hooks) {
                s->hooks->points |= 1u << point;
                return true;
        }

        s->hooks = malloc(sizeof(Hooks));
        if (!s->hooks)
                return false;
        *s->hooks = (Hooks){ .supervisor = s, .points = 1u << point, .output = -EBADF };
        /* From the loop: the event is never dispatched before the caller is done. */
        if (sd_event_add_defer(s->event, &s->hooks->child, on_defer, s->hooks) < 0) {
                s->hooks = hooks_free(s->hooks);
                return false;
        }
        return true;
}
