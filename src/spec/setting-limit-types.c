/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a process is given by the kernel: resource limits, scheduling, personality, clocks. Syntax of systemd.exec(5). */

#include <ctype.h>
#include <inttypes.h>

#include "parse-util.h"
#include "personality.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

/* resource limits: a Limit */

typedef int (*ParseValue)(const char *text, uint64_t *ret);

static int parse_limit(void *field, const char *text, ParseValue parse) {
        _cleanup_free_ char *soft = NULL;
        const char *colon = strchr(text, ':');
        Limit limit = { .set = true };
        int r;

        soft = colon ? strndup(text, (size_t) (colon - text)) : strdup(text);
        if (!soft)
                return -ENOMEM;
        r = parse(soft, &limit.soft);
        if (r >= 0)
                r = parse(colon ? colon + 1 : soft, &limit.hard);
        if (r < 0)
                return r;
        if (limit.soft > limit.hard)
                return -EINVAL;

        *(Limit *) field = limit;
        return 0;
}

static char *limit_text(uint64_t value) {
        return value == UINT64_MAX ? strdup("infinity") : str_format("%" PRIu64, value);
}

static int format_limit(const void *field, char **ret) {
        const Limit *limit = field;
        _cleanup_free_ char *soft = NULL, *hard = NULL;

        *ret = NULL;
        if (!limit->set)
                return 0;
        soft = limit_text(limit->soft);
        hard = limit_text(limit->hard);
        if (!soft || !hard)
                return -ENOMEM;
        *ret = limit->soft == limit->hard ? TAKE_PTR(soft) : str_format("%s:%s", soft, hard);
        return *ret ? 0 : -ENOMEM;
}

static void clear_limit(void *field) {
        *(Limit *) field = (Limit){};
}

static int parse_number(const char *text, uint64_t *ret) {
        /* The second is docker's word for it. */
        if (streq(text, "infinity") || streq(text, "-1")) {
                *ret = UINT64_MAX;
                return 0;
        }
        return parse_u64(text, ret);
}

static int parse_limit_number(void *field, const char *text) {
        return parse_limit(field, text, parse_number);
}

const SettingType type_limit_number = {
        .name = "limit-number", .metavar = "SOFT[:HARD]", .signature = "s",
        .allowed = "a number or infinity, or two with a ':' between them: the soft and the hard limit",
        .parse = parse_limit_number, .format = format_limit, .clear = clear_limit,
};

static int parse_bytes(const char *text, uint64_t *ret) {
        return streq(text, "-1") ? parse_number(text, ret) : parse_size(text, ret);
}

static int parse_limit_size(void *field, const char *text) {
        return parse_limit(field, text, parse_bytes);
}

const SettingType type_limit_size = {
        .name = "limit-size", .metavar = "SOFT[:HARD]", .signature = "s",
        .allowed = "a size in bytes, with K, M, G or T behind it, or infinity, or two with a ':' between them",
        .parse = parse_limit_size, .format = format_limit, .clear = clear_limit,
};

/* Rounded up: less than a second is no limit that the kernel could keep. */
static int parse_seconds(const char *text, uint64_t *ret) {
        uint64_t usec;
        int r;

        if (streq(text, "-1"))
                return parse_number(text, ret);
        r = parse_usec(text, &usec);
        if (r < 0)
                return r;
        *ret = usec == USEC_INFINITY ? UINT64_MAX : usec / USEC_PER_SEC + (usec % USEC_PER_SEC > 0);
        return 0;
}

static int parse_limit_seconds(void *field, const char *text) {
        return parse_limit(field, text, parse_seconds);
}

const SettingType type_limit_seconds = {
        .name = "limit-seconds", .metavar = "SOFT[:HARD]", .signature = "s",
        .allowed = "a time span like 30s or 1min, or infinity, or two with a ':' between them",
        .parse = parse_limit_seconds, .format = format_limit, .clear = clear_limit,
};

/* A bare number is what the kernel counts in, microseconds. */
static int parse_microseconds(const char *text, uint64_t *ret) {
        return parse_number(text, ret) >= 0 ? 0 : parse_usec(text, ret);
}

static int parse_limit_usec(void *field, const char *text) {
        return parse_limit(field, text, parse_microseconds);
}

const SettingType type_limit_usec = {
        .name = "limit-usec", .metavar = "SOFT[:HARD]", .signature = "s",
        .allowed = "microseconds, a time span like 500ms, or infinity, or two with a ':' between them",
        .parse = parse_limit_usec, .format = format_limit, .clear = clear_limit,
};

/* "+5" and "-5" are nice levels, which the kernel has as 20 less the level. */
static int parse_nice(const char *text, uint64_t *ret) {
        bool negative = text[0] == '-';
        uint64_t value;
        int r;

        if (streq(text, "infinity"))
                return parse_number(text, ret);
        r = parse_u64(text + (negative || text[0] == '+'), &value);
        if (r < 0)
                return r;
        if (value > (negative ? 20u : text[0] == '+' ? 19u : 40u))
                return -ERANGE;
        *ret = negative ? 20 + value : text[0] == '+' ? 20 - value : value;
        return 0;
}

static int parse_limit_nice(void *field, const char *text) {
        return parse_limit(field, text, parse_nice);
}

const SettingType type_limit_nice = {
        .name = "limit-nice", .metavar = "SOFT[:HARD]", .signature = "s",
        .allowed = "a nice level with its sign (-20 … +19), or 0 … 40 as the kernel counts, or two with a ':' between them",
        .parse = parse_limit_nice, .format = format_limit, .clear = clear_limit,
};

const SettingType type_limit_group = {
        .name = "limit", .metavar = "NAME=SOFT[:HARD]",
        .allowed = "the name of a limit like NOFILE, '=' and a value as LimitNOFILE= has it",
};

/* how likely the machine is to be killed for lack of memory: an OomScore */

static int parse_oom_score(void *field, const char *text) {
        bool negative = text[0] == '-';
        uint32_t value;
        int r = parse_u32(text + negative, &value);

        if (r < 0)
                return r;
        if (value > 1000)
                return -ERANGE;
        *(OomScore *) field = (OomScore){ .set = true, .value = negative ? -(int) value : (int) value };
        return 0;
}

static int format_oom_score(const void *field, char **ret) {
        const OomScore *score = field;

        *ret = score->set ? str_format("%i", score->value) : NULL;
        return score->set && !*ret ? -ENOMEM : 0;
}

static void clear_oom_score(void *field) {
        *(OomScore *) field = (OomScore){};
}

const SettingType type_oom_score = {
        .name = "oom-score", .metavar = "SCORE", .signature = "s",
        .allowed = "a number from -1000 (never) to 1000 (first)",
        .parse = parse_oom_score, .format = format_oom_score, .clear = clear_oom_score,
};

/* CPUs: a CpuSet */

enum { LONG_BITS = 8 * sizeof(unsigned long) };

static int add_cpus(CpuSet *set, const char *text) {
        _cleanup_free_ char *first = NULL;
        const char *dash = strchr(text, '-');
        uint32_t from, to;
        int r;

        first = dash ? strndup(text, (size_t) (dash - text)) : strdup(text);
        if (!first)
                return -ENOMEM;
        r = parse_u32(first, &from);
        if (r >= 0)
                r = parse_u32(dash ? dash + 1 : first, &to);
        if (r < 0)
                return r;
        if (from > to || to >= CPUS_MAX)
                return -ERANGE;

        for (uint32_t cpu = from; cpu <= to; cpu++)
                set->bits[cpu / LONG_BITS] |= 1ul << (cpu % LONG_BITS);
        return 0;
}

static int parse_cpus(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        CpuSet set = *(const CpuSet *) field;
        int r = strv_split(text, ", \t", &words);

        if (r < 0)
                return r;
        if (!words)
                return -EINVAL;
        STRV_FOREACH(word, words) {
                r = add_cpus(&set, *word);
                if (r < 0)
                        return r;
        }
        *(CpuSet *) field = set;
        return 0;
}

static int format_cpus(const void *field, char ***ret) {
        _cleanup_strv_free_ char **ranges = NULL;
        const CpuSet *set = field;

        for (unsigned cpu = 0, last; cpu < CPUS_MAX; cpu = last + 1) {
                int r;

                last = cpu;
                if (!cpu_set_has(set, cpu))
                        continue;
                while (last + 1 < CPUS_MAX && cpu_set_has(set, last + 1))
                        last++;
                r = strv_consume(&ranges, cpu == last ? str_format("%u", cpu) : str_format("%u-%u", cpu, last));
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(ranges);
        return 0;
}

static void clear_cpus(void *field) {
        *(CpuSet *) field = (CpuSet){};
}

const SettingType type_cpus = {
        .name = "cpus", .metavar = "CPUS", .signature = "as", .list = true,
        .allowed = "CPU numbers and ranges of them, like 0-3,8",
        .parse = parse_cpus, .format_list = format_cpus, .clear = clear_cpus,
};

/* personality: a char * that personality_from_name() knows */

static int parse_personality(void *field, const char *text) {
        unsigned long unused;

        return personality_from_name(text, &unused) < 0 ? -EINVAL : str_replace(field, text);
}

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

const SettingType type_personality = {
        .name = "personality", .metavar = "ARCHITECTURE", .signature = "s",
        .allowed = "an architecture that this machine can run: " PERSONALITIES,
        .parse = parse_personality, .format = format_text, .clear = clear_text,
};

/* names of security labels: a char * */

static int parse_label(void *field, const char *text) {
        size_t n = strlen(text);

        for (size_t i = 0; i < n; i++)
                if (!isascii(text[i]) || (!isalnum(text[i]) && !strchr("-_./:+,", text[i])))
                        return -EINVAL;
        return n > 255 ? -ERANGE : str_replace(field, text);
}

const SettingType type_label = {
        .name = "label", .metavar = "NAME", .signature = "s",
        .allowed = "a name of letters, digits and the characters -_./:+",
        .parse = parse_label, .format = format_text, .clear = clear_text,
};

/* offsets of clocks: microseconds in an int64_t */

static int parse_offset(void *field, const char *text) {
        bool negative = text[0] == '-';
        uint64_t usec;
        int r = parse_usec(text + (negative || text[0] == '+'), &usec);

        if (r < 0)
                return r;
        /* What the kernel could take at most (KTIME_MAX in microseconds). */
        if (usec > INT64_MAX / 1000)
                return -ERANGE;
        *(int64_t *) field = negative ? -(int64_t) usec : (int64_t) usec;
        return 0;
}

static int format_offset(const void *field, char **ret) {
        int64_t usec = *(const int64_t *) field;
        bool whole = usec % (int64_t) USEC_PER_SEC == 0;

        *ret = NULL;
        if (usec == 0)
                return 0;
        *ret = whole ? str_format("%" PRIi64 "s", usec / (int64_t) USEC_PER_SEC) : str_format("%" PRIi64 "us", usec);
        return *ret ? 0 : -ENOMEM;
}

static void clear_offset(void *field) {
        *(int64_t *) field = 0;
}

const SettingType type_offset = {
        .name = "offset", .metavar = "TIME", .signature = "s",
        .allowed = "a time span like 90s or 7days, with a '-' before it for the past",
        .parse = parse_offset, .format = format_offset, .clear = clear_offset,
};
