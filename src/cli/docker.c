/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "docker.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "reading the option";

/* Types: checked here, and kept as the text of the setting that they come to. */

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

static int parse_docker_memory(void *field, const char *text) {
        return type_unit_size.parse(field, text);
}

static const SettingType type_docker_memory = {
        .name = "docker-memory", .metavar = "BYTES", .signature = "s",
        .allowed = "a size in bytes, with K, M, G or T behind it, a percentage, or infinity",
        .parse = parse_docker_memory, .format = format_text, .clear = clear_text,
};

static int parse_docker_total(void *field, const char *text) {
        uint64_t bytes;
        int r = streq(text, "-1") ? 0 : parse_size(text, &bytes);

        return r < 0 ? r : str_replace(field, text);
}

static const SettingType type_docker_total = {
        .name = "docker-total", .metavar = "BYTES", .signature = "s",
        .allowed = "a size in bytes, with K, M, G or T behind it, or -1 for no limit on swap",
        .parse = parse_docker_total, .format = format_text, .clear = clear_text,
};

/* "1.5" CPUs are 150%: with at most two digits behind the point, since a quota has two behind its own. */
static int parse_docker_cpus(void *field, const char *text) {
        size_t whole = strspn(text, "0123456789");
        const char *fraction = text[whole] == '.' ? text + whole + 1 : "";
        size_t digits = strspn(fraction, "0123456789");
        char hundredths[] = "0000";
        uint64_t cpus = 0;
        _cleanup_free_ char *percent = NULL, *head = strndup(text, whole);

        if (!head)
                return -ENOMEM;
        if ((whole == 0 && digits == 0) || digits > 4 || fraction[digits] || (text[whole] && text[whole] != '.'))
                return -EINVAL;
        if (whole > 0 && (parse_u64(head, &cpus) < 0 || cpus > 8192))
                return -ERANGE;

        (void) memcpy(hundredths, fraction, digits);
        percent = str_format("%" PRIu64 ".%c%c%%",
                             cpus * 100 + (uint64_t) (hundredths[0] - '0') * 10 + (uint64_t) (hundredths[1] - '0'), hundredths[2],
                             hundredths[3]);
        return percent ? type_unit_quota.parse(field, percent) : -ENOMEM;
}

static const SettingType type_docker_cpus = {
        .name = "docker-cpus", .metavar = "CPUS", .signature = "s",
        .allowed = "a number of CPUs above 0, like 1.5",
        .parse = parse_docker_cpus, .format = format_text, .clear = clear_text,
};

static int parse_docker_usec(void *field, const char *text) {
        uint64_t usec;
        int r = streq(text, "-1") ? 0 : parse_u64(text, &usec);

        return r < 0 ? r : str_replace(field, text);
}

static const SettingType type_docker_usec = {
        .name = "docker-usec", .metavar = "MICROSECONDS", .signature = "s",
        .allowed = "a number of microseconds",
        .parse = parse_docker_usec, .format = format_text, .clear = clear_text,
};

static int parse_docker_pids(void *field, const char *text) {
        uint64_t number;

        if (streq(text, "-1") || streq(text, "0"))
                return str_replace(field, "infinity");
        return parse_u64(text, &number) < 0 ? type_unit_tasks.parse(field, text) : str_replace(field, text);
}

static const SettingType type_docker_pids = {
        .name = "docker-pids", .metavar = "NUMBER", .signature = "s",
        .allowed = "a number, or -1 for no limit",
        .parse = parse_docker_pids, .format = format_text, .clear = clear_text,
};

/* "/dev/vda:1mb" as "/dev/vda 1048576": docker counts by 1024 where systemd's settings count by 1000. */
static int parse_docker_rate(void *field, const char *text) {
        const char *colon = strrchr(text, ':');
        size_t n = strlen(text);
        _cleanup_free_ char *rate = NULL, *item = NULL;
        uint64_t bytes;
        int r;

        if (!colon || colon == text)
                return -EINVAL;
        /* "mb" is "m". */
        if (n > 2 && tolower((unsigned char) text[n - 1]) == 'b' && isalpha((unsigned char) text[n - 2]))
                n--;
        rate = strndup(colon + 1, n - (size_t) (colon + 1 - text));
        if (!rate)
                return -ENOMEM;
        r = parse_size(rate, &bytes);
        if (r < 0)
                return r;
        item = str_format("%.*s %" PRIu64, (int) (colon - text), text, bytes);
        return item ? type_unit_bandwidths.parse(field, item) : -ENOMEM;
}

static int format_items(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_items(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

static const SettingType type_docker_rates = {
        .name = "docker-rates", .metavar = "DEVICE:RATE", .signature = "as", .list = true,
        .allowed = "a device and a rate above 0, like /dev/vda:1mb",
        .parse = parse_docker_rate, .format_list = format_items, .clear = clear_items,
};

#define AT(field) offsetof(Docker, field)
const Option docker_options[] = {
        { "memory|m", &type_docker_memory, AT(memory), "MemoryMax=, and MemorySwapMax= the same unless it is given otherwise" },
        { "memory-swap", &type_docker_total, AT(memory_swap),
          "Memory and swap together: MemorySwapMax= is what is above --memory" },
        { "cpus", &type_docker_cpus, AT(cpus), "CPUQuota= in CPUs: 1.5 is 150%" },
        { "cpu-period", &type_docker_usec, AT(cpu_period), "CPUQuotaPeriodSec= in microseconds, for --cpu-quota" },
        { "pids-limit", &type_docker_pids, AT(pids_limit), "TasksMax=, with -1 for no limit" },
        { "device-read-bps", &type_docker_rates, AT(read_bps), "IOReadBandwidthMax= with a colon, counted by 1024" },
        { "device-write-bps", &type_docker_rates, AT(write_bps), "IOWriteBandwidthMax= with a colon, counted by 1024" },
        { "device-read-iops", &type_docker_rates, AT(read_iops), "IOReadIOPSMax= with a colon" },
        { "device-write-iops", &type_docker_rates, AT(write_iops), "IOWriteIOPSMax= with a colon" },
        {},
};

void docker_done(Docker *docker) {
        options_clear(docker_options, docker);
        free(docker->cpu_quota);
        *docker = DOCKER_NULL;
}

bool docker_takes_quota(const char *text) {
        uint64_t usec;

        return streq(text, "-1") || parse_u64(text, &usec) >= 0;
}

static int assign(Spec *spec, const char *name, const char *value, Error *error) {
        const Setting *s = setting_by_name(name);

        return setting_is_assigned(s, spec) ? 0 : setting_assign(s, spec, value, error);
}

static int add_all(Spec *spec, const char *name, char *const *items, Error *error) {
        int r = 0;

        STRV_FOREACH(item, items)
                if (r >= 0)
                        r = setting_assign(setting_by_name(name), spec, *item, error);
        return r;
}

/* The total of memory and swap, less the memory. */
static int apply_total(const Docker *docker, Spec *spec, Error *error) {
        _cleanup_free_ char *swap = NULL;
        uint64_t total, memory;

        if (streq(docker->memory_swap, "-1") || streq(docker->memory_swap, "infinity"))
                return assign(spec, "MemorySwapMax", "infinity", error);
        if (!spec->memory_max || parse_size(spec->memory_max, &memory) < 0 || memory == UINT64_MAX)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "--memory-swap",
                                 "it is the total of memory and swap, so --memory is needed with it, in bytes");
        if (parse_size(docker->memory_swap, &total) < 0 || total < memory)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "--memory-swap",
                                 "it is the total of memory and swap, so it cannot be less than --memory");
        swap = str_format("%" PRIu64, total - memory);
        return swap ? assign(spec, "MemorySwapMax", swap, error) : error_oom(error);
}

static int apply_memory(const Docker *docker, Spec *spec, Error *error) {
        int r = docker->memory ? assign(spec, "MemoryMax", docker->memory, error) : 0;

        if (r < 0)
                return r;
        /* 0 is no value to docker. */
        if (docker->memory_swap && !streq(docker->memory_swap, "0"))
                return apply_total(docker, spec, error);
        return docker->memory ? assign(spec, "MemorySwapMax", docker->memory, error) : 0;
}

/* QUOTA of PERIOD microseconds, as percent of one CPU. */
static int apply_cpu(const Docker *docker, Spec *spec, Error *error) {
        uint64_t quota = 0, period = 100 * USEC_PER_MSEC;
        _cleanup_free_ char *percent = NULL, *span = NULL;
        int r = 0;

        if (docker->cpus && (docker->cpu_period || docker->cpu_quota))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, "--cpus",
                                 "it is what --cpu-period and --cpu-quota say, too");
        if (docker->cpus)
                return assign(spec, "CPUQuota", docker->cpus, error);

        if (docker->cpu_period && parse_u64(docker->cpu_period, &period) >= 0 && period > 0) {
                span = str_format("%" PRIu64 "us", period);
                r = span ? assign(spec, "CPUQuotaPeriodSec", span, error) : error_oom(error);
        }
        /* 0 and -1 are no limit. */
        if (r < 0 || !docker->cpu_quota || parse_u64(docker->cpu_quota, &quota) < 0 || quota == 0 || period == 0)
                return r;
        if (quota > UINT64_MAX / 10000)
                return error_set(error, ERROR_INVALID_VALUE, ERANGE, step, "--cpu-quota", "'%s' is too much", docker->cpu_quota);
        quota = quota * 10000 / period;
        percent = str_format("%" PRIu64 ".%02" PRIu64 "%%", quota / 100, quota % 100);
        return percent ? assign(spec, "CPUQuota", percent, error) : error_oom(error);
}

int docker_apply(const Docker *docker, Spec *spec, Error *error) {
        int r = apply_memory(docker, spec, error);

        if (r >= 0)
                r = apply_cpu(docker, spec, error);
        if (r >= 0 && docker->pids_limit)
                r = assign(spec, "TasksMax", docker->pids_limit, error);
        if (r >= 0)
                r = add_all(spec, "IOReadBandwidthMax", docker->read_bps, error);
        if (r >= 0)
                r = add_all(spec, "IOWriteBandwidthMax", docker->write_bps, error);
        if (r >= 0)
                r = add_all(spec, "IOReadIOPSMax", docker->read_iops, error);
        if (r >= 0)
                r = add_all(spec, "IOWriteIOPSMax", docker->write_iops, error);
        return r;
}
