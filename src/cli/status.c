/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth status: one page per machine. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "file-util.h"
#include "machine.h"
#include "output.h"
#include "parse-util.h"
#include "spec-bus.h"
#include "status-line.h"
#include "string-util.h"
#include "strv.h"
#include "usage.h"
#include "verbs.h"

enum { LABEL = 12 };

void status_line(const char *label, const char *format, ...) {
        _cleanup_free_ char *text = NULL, *escaped = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        escaped = text ? str_escape(text) : NULL;
        printf("%*s%s %s\n", LABEL, label, *label ? ":" : " ", strempty(escaped));
}

static void print_time(const char *label, const char *what, uint64_t usec) {
        uint64_t now = clock_usec(CLOCK_REALTIME);
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        char date[64], ago[FORMAT_AGE_MAX];
        struct tm tm;

        if (usec == 0) {
                status_line(label, "%s", what);
                return;
        }
        if (!localtime_r(&seconds, &tm) || strftime(date, sizeof(date), "%a %Y-%m-%d %H:%M:%S %Z", &tm) == 0)
                date[0] = '\0';
        status_line(label, "%s since %s; %s ago", what, date, format_age(now, usec, ago));
}

static void print_restarts(const MachineInfo *info) {
        uint64_t now = clock_usec(CLOCK_REALTIME);
        char span[FORMAT_USEC_MAX];

        if (info->next_restart > now)
                status_line("Restarts", "%" PRIu32 ", the next life begins in %s", info->restarts,
                            format_usec(info->next_restart - now, span));
        else if (info->restarts > 0)
                status_line("Restarts", "%" PRIu32, info->restarts);
}

static void print_health(const MachineInfo *info) {
        const char *output = strempty(info->health_output);

        if (isempty(info->health))
                return;
        if (info->health_failures > 0)
                status_line("Health", "%s, failed %" PRIu32 " times in a row%s%s", info->health, info->health_failures,
                            *output ? ": " : "", output);
        else
                status_line("Health", "%s%s%s", info->health, *output ? ": " : "", output);
}

static void print_state(const MachineInfo *info) {
        bool alive = machine_state_is_alive(machine_state_from_string(info->state));
        char signal[SIGNAL_NAME_MAX];

        print_time("State", info->state, alive ? info->started : info->finished);

        switch (machine_result_from_string(info->result)) {
        case RESULT_EXITED:
                status_line("Result", "exited with status %i", info->exit_status);
                break;
        case RESULT_SIGNAL:
                status_line("Result", "ended by %s", signal_name(info->exit_status, signal));
                break;
        case RESULT_OOM_KILL:
                status_line("Result", "killed for lack of memory");
                break;
        case RESULT_FAILED:
                status_line("Result", "failed: %s", isempty(info->reason) ? "the reason is not known" : info->reason);
                return;
        case RESULT_NONE:
        case _MACHINE_RESULT_MAX:
        case _MACHINE_RESULT_INVALID:
                break;
        }
        if (streq(info->state, "failed") && !isempty(info->reason))
                status_line("Reason", "%s", info->reason);
}

static void print_process(const char *label, uint32_t pid) {
        _cleanup_free_ char *command = pid > 0 ? status_read_command(pid) : NULL;

        if (command && *command)
                status_line(label, "%" PRIu32 " (%s)", pid, command);
        else if (pid > 0)
                status_line(label, "%" PRIu32, pid);
}

static int read_settings(sd_bus *bus, const MachineInfo *info, Spec *spec, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        int r = machine_read_settings(bus, info, &message, error);

        return r < 0 ? r : spec_read_bus(spec, message, NULL, NULL, error);
}

/* Values can be files' contents: as much of them as a page bears. */
static int print_settings(const Spec *spec, Error *error) {
        enum { SHOWN_MAX = 1000 };
        _cleanup_spec_ Spec *defaults = spec_new();
        const char *label = "Settings";

        if (!defaults)
                return error_oom(error);

        FOREACH_SETTING(s) {
                _cleanup_free_ char *text = setting_format(s, spec, " "), *usual = setting_format(s, defaults, " ");

                if (!text || !usual)
                        return error_oom(error);
                if (streq(text, usual))
                        continue;
                status_line(label, "%s=%.*s%s", s->name, SHOWN_MAX, text, strlen(text) > SHOWN_MAX ? "…" : "");
                label = "";
        }
        return 0;
}

static void print_living(sd_bus *bus, const MachineInfo *info, const Spec *spec) {
        print_process("Leader", info->leader);
        print_process("Supervisor", info->supervisor);
        if (!isempty(info->unit))
                status_line("Unit", "%s%s", info->unit, info->keep_unit ? " (not berth's own)" : "");
        if (info->uid_count > 0)
                status_line("User ids", "%" PRIu32 "…%" PRIu32, info->uid_shift, info->uid_shift + info->uid_count - 1);
        status_print_namespaces(bus, info->name, info->leader);
        status_print_confinement(info->leader, spec);
}

static void print_network(const MachineInfo *info) {
        const char *label = "Address";

        if (!isempty(info->network))
                status_line("Network", "%s", info->network);
        STRV_FOREACH(address, info->addresses) {
                status_line(label, "%s", *address);
                label = "";
        }
}

/* "12M (peak 20M, max 64M)" of one that runs, "peak 20M (max 64M)" of one that has ended. */
static void print_memory(uint64_t now, uint64_t peak, uint64_t max) {
        char now_text[FORMAT_SIZE_MAX], peak_text[FORMAT_SIZE_MAX], max_text[FORMAT_SIZE_MAX];
        bool has_peak = peak != 0 && peak != USAGE_NONE, has_max = max != USAGE_NONE;

        if (now != USAGE_NONE)
                status_line("Memory", "%s (peak %s, max %s)", format_size(now, now_text),
                            has_peak ? format_size(peak, peak_text) : "unknown", format_size(max, max_text));
        else if (has_peak)
                status_line("Memory", "peak %s%s%s", format_size(peak, peak_text), has_max ? ", max " : "",
                            has_max ? format_size(max, max_text) : "");
}

/* What the kernel says now, or said last. */
static void print_usage(sd_bus *bus, const MachineInfo *info, bool alive) {
        char span[FORMAT_USEC_MAX];
        Usage usage;

        usage_clear(&usage);
        if (!alive || machine_read_usage(bus, info, &usage) < 0) {
                usage.values[USAGE_MEMORY_PEAK] = info->memory_peak;
                usage.values[USAGE_MEMORY_MAX] = info->memory_limit;
                usage.values[USAGE_CPU] = info->cpu_usec > 0 ? info->cpu_usec : USAGE_NONE;
        }

        print_memory(usage.values[USAGE_MEMORY], usage.values[USAGE_MEMORY_PEAK], usage.values[USAGE_MEMORY_MAX]);
        if (usage.values[USAGE_CPU] != USAGE_NONE)
                status_line("CPU", "%s", format_usec(usage.values[USAGE_CPU], span));
        if (usage.values[USAGE_TASKS] != USAGE_NONE && usage.values[USAGE_TASKS_MAX] != USAGE_NONE)
                status_line("Tasks", "%" PRIu64 " (max %" PRIu64 ")", usage.values[USAGE_TASKS], usage.values[USAGE_TASKS_MAX]);
        else if (usage.values[USAGE_TASKS] != USAGE_NONE)
                status_line("Tasks", "%" PRIu64, usage.values[USAGE_TASKS]);
        if (info->oom_kills > 0)
                status_line("Out of memory", "%" PRIu32 " killed%s%s", info->oom_kills,
                            isempty(info->oom_victim) ? "" : ", the last was ", strempty(info->oom_victim));
}

typedef struct StatusOptions {
        uint32_t lines;
} StatusOptions;

static const Option status_options[] = {
        { "lines|n", &type_count, offsetof(StatusOptions, lines), "So many of the last lines that it wrote (default: 10)" },
        {},
};

typedef struct Status {
        sd_bus *bus;
        bool styled;
        uint32_t lines;
} Status;

static int print_machine(const char *name, void *userdata, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        const Status *status = userdata;
        sd_bus *bus = status->bus;
        Style style;
        bool alive;
        int r = machine_info_read(bus, name, &info, error);

        if (r >= 0 && !spec)
                r = error_oom(error);
        if (r >= 0)
                r = read_settings(bus, &info, spec, error);
        if (r < 0)
                return r;

        alive = machine_state_is_alive(machine_state_from_string(info.state));
        style = style_of_state(info.state);
        printf("%s%s%s %s\n", style_begin(status->styled, style), alive ? "●" : "○", style_end(status->styled, style), info.name);
        print_state(&info);
        print_restarts(&info);
        print_health(&info);
        if (alive && !isempty(info.survivors))
                status_line("Survivors", "%s", info.survivors);
        if (alive && !isempty(info.status_text))
                status_line("Status", "\"%s\"", info.status_text);
        /* Of a machine that has ended these are only memories: the numbers may be others' by now. */
        if (alive)
                print_living(bus, &info, spec);
        if (alive)
                print_network(&info);
        print_usage(bus, &info, alive);
        status_print_os(alive ? info.leader : 0, info.root);
        status_line("Root", "%s", strempty(info.root));
        r = print_settings(spec, error);
        if (r >= 0 && alive)
                status_print_cgroup(info.leader, info.unit);
        if (r >= 0)
                status_print_log(info.name, info.log, status->lines);
        return r;
}

static int status_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r < 0)
                return r;
        return call_each(call, print_machine, &(Status){ bus, call->styled, ((const StatusOptions *) call->options)->lines });
}

const Verb verb_status = {
        .names = "status",
        .operands = "NAME…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_PAGED,
        .options = status_options,
        .size = sizeof(StatusOptions),
        .initial = &(const StatusOptions){ .lines = 10 },
        .help = "Show what there is to know about machines",
        .details =
                "Its state and since when, how healthy it is, what it may do and uses, its addresses and its operating system, the "
                "processes in its cgroups, and the last lines that it wrote. What only root may see is left out for others.",
        .run = status_verb,
};
