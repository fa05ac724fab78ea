/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth stats and top: what machines use, and their processes. */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "machine.h"
#include "output.h"
#include "string-util.h"
#include "usage.h"
#include "verbs.h"

typedef struct StatsOptions {
        bool no_stream, no_legend;
        JsonMode json;
        uint64_t interval;
} StatsOptions;

static const Option stats_options[] = {
        { "no-stream", &type_boolean, offsetof(StatsOptions, no_stream), "Once, and not again and again" },
        { "interval|i", &type_timespan, offsetof(StatsOptions, interval), "Time between two looks (default: 1s)" },
        { "json", &type_json_mode, offsetof(StatsOptions, json), "JSON, an object a line (short), pretty or off" },
        { "no-legend", &type_boolean, offsetof(StatsOptions, no_legend), "No titles" },
        {},
};

/* One machine at one moment; the name is borrowed from the reply. */
typedef struct Sample {
        const char *name;
        Usage usage;
} Sample;

typedef struct Look {
        sd_bus_message *reply;
        Sample *samples;
        size_t n;
} Look;

static void look_done(Look *look) {
        (void) sd_bus_message_unref(look->reply);
        free(look->samples);
        *look = (Look){};
}
#define _cleanup_look_ _cleanup_(look_done)

static int read_samples(Look *look) {
        int r = sd_bus_message_enter_container(look->reply, 'a', "{sa{st}}");

        while (r >= 0 && (r = sd_bus_message_enter_container(look->reply, 'e', "sa{st}")) > 0) {
                Sample *grown = reallocarray(look->samples, look->n + 1, sizeof(Sample));

                if (!grown)
                        return -ENOMEM;
                look->samples = grown;
                r = sd_bus_message_read_basic(look->reply, 's', &grown[look->n].name);
                if (r >= 0)
                        r = usage_read_bus(look->reply, &grown[look->n].usage);
                if (r >= 0)
                        r = sd_bus_message_exit_container(look->reply);
                look->n++;
        }
        return r;
}

/* With a connection for this look alone: between two of them none is held. */
static int look_at(char *const *names, Look *ret, Error *error) {
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_look_ Look look = {};
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_new_call(bus, &message, "GetStats", error);

        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(message, (char **) names);
        if (r < 0)
                return error_set_errno(error, r, "writing the call", "GetStats");
        r = client_call(bus, message, &look.reply, error);
        if (r < 0)
                return r;
        r = read_samples(&look);
        if (r < 0)
                return client_bad_reply(r, error);

        *ret = look;
        look = (Look){};
        return 0;
}

static const Usage *find(const Look *look, const char *name) {
        for (size_t i = 0; i < look->n; i++)
                if (streq(look->samples[i].name, name))
                        return &look->samples[i].usage;
        return NULL;
}

/* Hundredths of a percent of one CPU between two moments; USAGE_NONE where there is no earlier one. */
static uint64_t cpu_share(const Usage *now, const Usage *before) {
        uint64_t used, passed;

        if (!before || now->values[USAGE_CPU] == USAGE_NONE || before->values[USAGE_CPU] > now->values[USAGE_CPU])
                return USAGE_NONE;
        used = now->values[USAGE_CPU] - before->values[USAGE_CPU];
        passed = now->values[USAGE_TIMESTAMP] - before->values[USAGE_TIMESTAMP];
        return passed == 0 ? USAGE_NONE : used * 10000 / passed;
}

/* Cells */

static void add_text(Table *table, char *text) {
        table_add(table, text ? text : "?", json_null());
        free(text);
}

static char *percent_text(uint64_t hundredths) {
        return hundredths == USAGE_NONE ? strdup("-")
                                        : str_format("%" PRIu64 ".%" PRIu64 "%%", hundredths / 100, hundredths % 100 / 10);
}

static const char *size_text(uint64_t bytes, char buffer[static FORMAT_SIZE_MAX]) {
        return bytes == USAGE_NONE ? strcpy(buffer, "-") : format_size(bytes, buffer);
}

/* "12M/64M"; one of both alone where the other is not there. */
static char *pair_text(uint64_t a, uint64_t b) {
        char first[FORMAT_SIZE_MAX], second[FORMAT_SIZE_MAX];

        if (a == USAGE_NONE && b == USAGE_NONE)
                return strdup("-");
        return str_format("%s/%s", size_text(a, first), size_text(b, second));
}

static char *number_pair_text(uint64_t a, uint64_t b) {
        if (a == USAGE_NONE)
                return strdup("-");
        return b == USAGE_NONE ? str_format("%" PRIu64, a) : str_format("%" PRIu64 "/%" PRIu64, a, b);
}

static char *pressure_text(const Usage *usage) {
        _cleanup_free_ char *cpu = percent_text(usage->values[USAGE_CPU_PRESSURE]);
        _cleanup_free_ char *memory = percent_text(usage->values[USAGE_MEMORY_PRESSURE]);
        _cleanup_free_ char *io = percent_text(usage->values[USAGE_IO_PRESSURE]);

        return cpu && memory && io ? str_format("%s %s %s", cpu, memory, io) : NULL;
}

static void add_row(Table *table, const Sample *sample, const Usage *before) {
        const uint64_t *v = sample->usage.values;

        table_add_string(table, sample->name);
        add_text(table, percent_text(cpu_share(&sample->usage, before)));
        add_text(table, pair_text(v[USAGE_MEMORY], v[USAGE_MEMORY_MAX]));
        add_text(table, pair_text(v[USAGE_SWAP], v[USAGE_SWAP_MAX]));
        add_text(table, pair_text(v[USAGE_IO_READ], v[USAGE_IO_WRITE]));
        add_text(table, pair_text(v[USAGE_NETWORK_RECEIVE], v[USAGE_NETWORK_TRANSMIT]));
        add_text(table, number_pair_text(v[USAGE_TASKS], v[USAGE_TASKS_MAX]));
        add_text(table, pressure_text(&sample->usage));
}

static int print_table(const Look *now, const Look *before, bool legend) {
        static const Column columns[] = {
                { "MACHINE", "machine" },       { "CPU", "cpu" }, { "MEMORY/MAX", "memory" },
                { "SWAP/MAX", "swap" },         { "IO READ/WRITTEN", "io" }, { "NET RECEIVED/SENT", "network" },
                { "TASKS", "tasks" },           { "PRESSURE CPU MEMORY IO", "pressure" },
        };
        _cleanup_table_ Table table = TABLE(columns);

        for (size_t i = 0; i < now->n; i++)
                add_row(&table, &now->samples[i], find(before, now->samples[i].name));
        return table_print(&table, JSON_OFF, legend);
}

static int print_object(const Sample *sample, const Usage *before, JsonMode mode) {
        json_auto_t *object = json_pack("{s:s}", "machine", sample->name);
        uint64_t share = cpu_share(&sample->usage, before);
        _cleanup_free_ char *text = NULL;

        if (object && share != USAGE_NONE)
                (void) json_object_set_new(object, "CPUPercent", json_real((double) share / 100));
        for (UsageKey key = 0; object && key < _USAGE_KEY_MAX; key++)
                if (sample->usage.values[key] != USAGE_NONE)
                        (void) json_object_set_new(object, usage_key_name(key),
                                                   json_integer((json_int_t) sample->usage.values[key]));
        text = object ? json_dumps(object, (mode == JSON_PRETTY ? JSON_INDENT(4) : JSON_COMPACT) | JSON_REAL_PRECISION(6)) : NULL;
        if (!text)
                return -ENOMEM;
        puts(text);
        return 0;
}

static int print_look(const Look *now, const Look *before, const StatsOptions *options) {
        int r = 0;

        if (options->json == JSON_OFF)
                return print_table(now, before, !options->no_legend);
        for (size_t i = 0; i < now->n && r >= 0; i++)
                r = print_object(&now->samples[i], find(before, now->samples[i].name), options->json);
        return r;
}

static void wait_for(uint64_t usec) {
        struct timespec ts = { .tv_sec = (time_t) (usec / USEC_PER_SEC), .tv_nsec = (long) (usec % USEC_PER_SEC) * 1000 };

        (void) nanosleep(&ts, NULL);
}

static int stats_verb(const Call *call, Error *error) {
        const StatsOptions *options = call->options;
        bool in_place = options->json == JSON_OFF && isatty(STDOUT_FILENO);
        _cleanup_look_ Look before = {};
        /* How much of a CPU something uses takes two looks. */
        int r = look_at(call->operands, &before, error);

        while (r >= 0) {
                _cleanup_look_ Look now = {};

                wait_for(options->interval);
                r = look_at(call->operands, &now, error);
                if (r < 0)
                        break;
                if (in_place && !options->no_stream)
                        (void) fputs("\033[H\033[2J", stdout);
                if (print_look(&now, &before, options) < 0)
                        return error_oom(error);
                if (fflush(stdout) != 0)
                        return error_set_errno(error, negative_errno(), "writing to standard output", NULL);
                if (options->no_stream)
                        break;
                look_done(&before);
                before = now;
                now = (Look){};
        }
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_stats = {
        .names = "stats",
        .operands = "[NAME…]",
        .most = SIZE_MAX,
        .options = stats_options,
        .size = sizeof(StatsOptions),
        .initial = &(const StatsOptions){ .interval = USEC_PER_SEC },
        .help = "Show what machines use, as it changes",
        .details =
                "CPU is in percent of one. IO is what reached devices; on a host with cgroup v1 controllers it is counted only "
                "where a limit of IO, or IOAccounting=yes, is set. Pressure is the share of the last 10 seconds in which some "
                "task had to wait for CPU, memory and IO.",
        .run = stats_verb,
};

typedef struct TopOptions {
        bool no_legend;
        JsonMode json;
} TopOptions;

static const Option top_options[] = {
        { "no-legend", &type_boolean, offsetof(TopOptions, no_legend), "No titles" },
        { "json", &type_json_mode, offsetof(TopOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

/* One row of GetMachineProcesses(). */
static int add_process(Table *table, sd_bus_message *reply, const MachineInfo *info) {
        uint32_t pid, inside, uid, threads;
        const char *state, *command;
        uint64_t cpu, memory;
        char size[FORMAT_SIZE_MAX], number[3 * sizeof(uid)];
        bool mapped;
        int r = sd_bus_message_read(reply, "(uuusutts)", &pid, &inside, &uid, &state, &threads, &cpu, &memory, &command);

        if (r <= 0)
                return r;
        /* As the machine numbers its users. */
        mapped = info->uid_count > 0 && uid >= info->uid_shift && uid - info->uid_shift < info->uid_count;
        uid = mapped ? uid - info->uid_shift : uid;
        (void) snprintf(number, sizeof(number), "%" PRIu32, uid);

        table_add_number(table, pid);
        table_add_number(table, inside);
        table_add(table, number, json_integer(uid));
        table_add_string(table, state);
        table_add_number(table, threads);
        table_add_span(table, cpu);
        table_add(table, format_size(memory, size), json_integer((json_int_t) memory));
        table_add_string(table, command);
        return 1;
}

static int top_verb(const Call *call, Error *error) {
        static const Column columns[] = {
                { "PID", "pid" },         { "INSIDE", "pid_inside" }, { "UID", "uid" },       { "STATE", "state" },
                { "THREADS", "threads" }, { "CPU", "cpu_usec" },      { "MEMORY", "memory" }, { "COMMAND", "command" },
        };
        const TopOptions *options = call->options;
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_table_ Table table = STYLED_TABLE(columns, call->styled);
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = machine_info_read(bus, call->operands[0], &info, error);
        if (r >= 0)
                r = client_call_simple(bus, &reply, error, "GetMachineProcesses", "s", call->operands[0]);
        if (r < 0)
                return r;

        r = sd_bus_message_enter_container(reply, 'a', "(uuusutts)");
        while (r >= 0 && (r = add_process(&table, reply, &info)) > 0)
                ;
        if (r < 0)
                return client_bad_reply(r, error);
        return table_print(&table, options->json, !options->no_legend) < 0 ? error_oom(error) : EXIT_SUCCESS;
}

const Verb verb_top = {
        .names = "top",
        .operands = "NAME",
        .least = 1,
        .most = 1,
        .options = top_options,
        .size = sizeof(TopOptions),
        .help = "List the processes of a machine",
        .details = "PID is the host's number of a process, INSIDE the machine's own, UID the user in the machine.",
        .run = top_verb,
};
