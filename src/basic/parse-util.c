/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parse-util.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>

int parse_boolean(const char *s, bool *ret) {
        static const char *const words[2][6] = {
                { "0", "no", "n", "false", "f", "off" },
                { "1", "yes", "y", "true", "t", "on" },
        };

        for (size_t value = 0; value < 2; value++)
                for (size_t i = 0; i < ELEMENTSOF(words[value]); i++)
                        if (strcasecmp(s, words[value][i]) == 0) {
                                *ret = value;
                                return 0;
                        }
        return -EINVAL;
}

/* The decimal number at *S, which is moved behind it. */
static int read_number(const char **s, uint64_t *ret) {
        uint64_t value = 0;
        const char *p = *s;

        if (!isdigit((unsigned char) *p))
                return -EINVAL;

        for (; isdigit((unsigned char) *p); p++)
                if (__builtin_mul_overflow(value, 10u, &value) || __builtin_add_overflow(value, (uint64_t) (*p - '0'), &value))
                        return -ERANGE;

        *s = p;
        *ret = value;
        return 0;
}

int parse_u64(const char *s, uint64_t *ret) {
        uint64_t value;
        int r = read_number(&s, &value);

        if (r < 0)
                return r;
        if (*s)
                return -EINVAL;
        *ret = value;
        return 0;
}

int parse_u32(const char *s, uint32_t *ret) {
        uint64_t value;
        int r = parse_u64(s, &value);

        if (r < 0)
                return r;
        if (value > UINT32_MAX)
                return -ERANGE;
        *ret = (uint32_t) value;
        return 0;
}

/*
 * The fraction behind a point at *S, which is moved behind it, times UNIT: in whole numbers, since a double
 * loses the low bits of large ones.
 */
static int read_fraction(const char **s, uint64_t unit, uint64_t *ret) {
        uint64_t numerator = 0, denominator = 1;
        const char *p = *s;

        if (!isdigit((unsigned char) *p))
                return -EINVAL;

        /* Eighteen digits fit and are more than any unit has. */
        for (; isdigit((unsigned char) *p); p++)
                if (denominator < UINT64_C(1000000000000000000)) {
                        numerator = numerator * 10 + (uint64_t) (*p - '0');
                        denominator *= 10;
                }

        *s = p;
        *ret = (uint64_t) ((unsigned __int128) unit * numerator / denominator);
        return 0;
}

/* A number with an optional fraction, times UNIT, at *S, which is moved behind it. */
static int read_scaled(const char **s, uint64_t unit, uint64_t *ret) {
        const char *p = *s;
        uint64_t whole, part = 0;
        int r = read_number(&p, &whole);

        if (r < 0)
                return r;
        if (*p == '.') {
                p++;
                r = read_fraction(&p, unit, &part);
                if (r < 0)
                        return r;
        }

        if (__builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(whole, part, &whole))
                return -ERANGE;
        *s = p;
        *ret = whole;
        return 0;
}

/* Skips a number of the form that read_scaled() takes, to see the suffix behind it. */
static const char *skip_number(const char *s) {
        s += strspn(s, "0123456789");
        if (*s == '.')
                s += 1 + strspn(s + 1, "0123456789");
        return s;
}

int parse_size(const char *s, uint64_t *ret) {
        static const char suffixes[] = "BKMGTPE";
        const char *suffix = skip_number(s), *found;
        uint64_t unit = 1, value;
        int r;

        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }

        if (*suffix) {
                found = strchr(suffixes, toupper((unsigned char) *suffix));
                if (!found || suffix[1])
                        return -EINVAL;
                unit = UINT64_C(1) << (10 * (found - suffixes));
        }

        r = read_scaled(&s, unit, &value);
        if (r < 0)
                return r;
        if (s != suffix)
                return -EINVAL;
        if (value == UINT64_MAX)
                return -ERANGE;
        *ret = value;
        return 0;
}

int parse_size_si(const char *s, uint64_t *ret) {
        static const char suffixes[] = "KMGTP";
        size_t n = strlen(s);
        const char *suffix = n > 1 ? strchr(suffixes, s[n - 1]) : NULL;
        _cleanup_free_ char *digits = strndup(s, suffix ? n - 1 : n);
        uint64_t value;
        int r;

        if (streq(s, "infinity")) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (!digits)
                return -ENOMEM;
        r = parse_u64(digits, &value);
        if (r < 0)
                return r;

        for (const char *p = suffixes; suffix && p <= suffix; p++)
                if (__builtin_mul_overflow(value, UINT64_C(1000), &value))
                        return -ERANGE;
        *ret = value;
        return 0;
}

int parse_device_and_rest(const char *s, char **ret_device, const char **ret_rest) {
        const char *space = strrchr(s, ' ');

        if (!space || space == s || !space[1])
                return -EINVAL;
        *ret_device = strndup(s, (size_t) (space - s));
        *ret_rest = space + 1;
        return *ret_device ? 0 : -ENOMEM;
}

/* "3" or "0-3": sets the bits. */
static int add_cpus(uint8_t *bits, size_t *n, const char *word, size_t length) {
        char first_text[16] = "", *dash;
        uint32_t first, last;
        int r;

        if (length >= sizeof(first_text))
                return -ERANGE;
        (void) memcpy(first_text, word, length);
        dash = strchr(first_text, '-');
        if (dash)
                *dash = '\0';
        r = parse_u32(first_text, &first);
        if (r >= 0)
                r = parse_u32(dash ? dash + 1 : first_text, &last);
        if (r < 0)
                return r;
        if (last < first || last >= CPU_SET_BYTES * 8)
                return -ERANGE;

        for (uint32_t i = first; i <= last; i++)
                bits[i / 8] |= (uint8_t) (1 << i % 8);
        if (last / 8 + 1 > *n)
                *n = last / 8 + 1;
        return 0;
}

int parse_cpu_set(const char *s, uint8_t bits[static CPU_SET_BYTES], size_t *ret_n) {
        static const char separators[] = ", \t";
        int r = 0;

        (void) memset(bits, 0, CPU_SET_BYTES);
        *ret_n = 0;
        for (s += strspn(s, separators); *s && r >= 0; s += strspn(s, separators)) {
                size_t length = strcspn(s, separators);

                r = add_cpus(bits, ret_n, s, length);
                s += length;
        }
        return r;
}

int parse_ip_prefix(const char *s, int *ret_family, uint8_t address[static 16], uint32_t *ret_length) {
        const char *slash = strchr(s, '/');
        _cleanup_free_ char *text = slash ? strndup(s, (size_t) (slash - s)) : strdup(s);
        int family = strchr(s, ':') ? AF_INET6 : AF_INET;
        uint32_t most = family == AF_INET6 ? 128 : 32, length = most;

        if (!text)
                return -ENOMEM;
        if (slash && (parse_u32(slash + 1, &length) < 0 || length > most))
                return -EINVAL;
        if (inet_pton(family, text, address) != 1)
                return -EINVAL;
        *ret_family = family;
        *ret_length = length;
        return 0;
}

/* Units of systemd.time(7), greatest first for format_usec(). */
static const struct {
        const char *names[6];
        uint64_t usec;
} time_units[] = {
        { { "y", "year", "years" },                       31557600 * USEC_PER_SEC },
        { { "M", "month", "months" },                     2629800 * USEC_PER_SEC  },
        { { "w", "week", "weeks" },                       604800 * USEC_PER_SEC   },
        { { "d", "day", "days" },                         86400 * USEC_PER_SEC    },
        { { "h", "hr", "hour", "hours" },                 3600 * USEC_PER_SEC     },
        { { "min", "m", "minute", "minutes" },            60 * USEC_PER_SEC       },
        { { "s", "sec", "second", "seconds" },            USEC_PER_SEC            },
        { { "ms", "msec" },                               USEC_PER_MSEC           },
        { { "us", "usec", "µs" },                         1                       },
};

static uint64_t unit_usec(const char *name, size_t length) {
        if (length == 0)
                return USEC_PER_SEC;

        for (size_t i = 0; i < ELEMENTSOF(time_units); i++)
                for (const char *const *p = time_units[i].names; p < time_units[i].names + 6 && *p; p++)
                        if (strlen(*p) == length && strncmp(*p, name, length) == 0)
                                return time_units[i].usec;
        return 0;
}

int parse_usec(const char *s, uint64_t *ret) {
        uint64_t sum = 0, value;
        bool any = false;

        if (streq(s, "infinity")) {
                *ret = USEC_INFINITY;
                return 0;
        }

        for (s += strspn(s, " \t"); *s; s += strspn(s, " \t"), any = true) {
                const char *unit = skip_number(s);
                size_t length;
                uint64_t usec;
                int r;

                unit += strspn(unit, " \t");
                length = strcspn(unit, " \t0123456789");
                usec = unit_usec(unit, length);
                if (usec == 0)
                        return -EINVAL;

                r = read_scaled(&s, usec, &value);
                if (r < 0)
                        return r;
                if (__builtin_add_overflow(sum, value, &sum))
                        return -ERANGE;
                s = unit + length;
        }

        if (!any)
                return -EINVAL;
        if (sum == USEC_INFINITY)
                return -ERANGE;
        *ret = sum;
        return 0;
}

int parse_permyriad(const char *s, bool above, uint32_t *ret) {
        const char *p = s;
        uint64_t value;
        int r = read_scaled(&p, 100, &value);

        if (r < 0)
                return r;
        if (!streq(p, "%"))
                return -EINVAL;
        if (value > (above ? UINT32_MAX : 10000))
                return -ERANGE;
        *ret = (uint32_t) value;
        return 0;
}

int parse_uid(const char *s, uid_t *ret) {
        uint32_t value;
        int r = parse_u32(s, &value);

        if (r < 0)
                return r;
        if (value == UINT16_MAX || value == UINT32_MAX)
                return -EINVAL;
        *ret = value;
        return 0;
}

int parse_signal(const char *s, int *ret) {
        const char *name = s;
        uint32_t number;

        if (parse_u32(s, &number) == 0) {
                if (number < 1 || number > (uint32_t) SIGRTMAX)
                        return -ERANGE;
                *ret = (int) number;
                return 0;
        }

        if (strncasecmp(name, "SIG", 3) == 0)
                name += 3;

        if (strncasecmp(name, "RTMIN", 5) == 0) {
                number = 0;
                if (name[5] && (name[5] != '+' || parse_u32(name + 6, &number) < 0 || number > (uint32_t) (SIGRTMAX - SIGRTMIN)))
                        return -EINVAL;
                *ret = SIGRTMIN + (int) number;
                return 0;
        }

        for (int i = 1; i < SIGRTMIN; i++) {
                const char *known = sigabbrev_np(i);

                if (known && strcasecmp(known, name) == 0) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

const char *signal_name(int signal, char buffer[static SIGNAL_NAME_MAX]) {
        const char *name = sigabbrev_np(signal);

        if (name)
                (void) snprintf(buffer, SIGNAL_NAME_MAX, "SIG%s", name);
        else if (signal >= SIGRTMIN && signal <= SIGRTMAX)
                (void) snprintf(buffer, SIGNAL_NAME_MAX, "SIGRTMIN+%i", signal - SIGRTMIN);
        else
                (void) snprintf(buffer, SIGNAL_NAME_MAX, "%i", signal);
        return buffer;
}

const char *format_usec(uint64_t usec, char buffer[static FORMAT_USEC_MAX]) {
        int written = 0;

        if (usec == USEC_INFINITY)
                return strcpy(buffer, "infinity");

        buffer[0] = '\0';
        for (size_t i = 0, shown = 0; i < ELEMENTSOF(time_units) && shown < 2; i++) {
                uint64_t n = usec / time_units[i].usec;

                /* Weeks and months only clutter what people read: days go up to the year. */
                if (i == 1 || i == 2)
                        continue;
                if (n == 0) {
                        if (shown > 0)
                                break;
                        continue;
                }
                written += snprintf(buffer + written, FORMAT_USEC_MAX - (size_t) written, "%s%" PRIu64 "%s", shown ? " " : "", n,
                                    time_units[i].names[0]);
                usec %= time_units[i].usec;
                shown++;
        }
        return written ? buffer : strcpy(buffer, "0");
}

const char *format_size(uint64_t bytes, char buffer[static FORMAT_SIZE_MAX]) {
        static const char suffixes[] = "BKMGTPE";
        size_t i = 0;
        uint64_t unit = 1;

        if (bytes == UINT64_MAX)
                return strcpy(buffer, "infinity");

        while (i + 1 < sizeof(suffixes) - 1 && bytes / unit >= 1024) {
                unit *= 1024;
                i++;
        }

        if (bytes % unit == 0)
                (void) snprintf(buffer, FORMAT_SIZE_MAX, "%" PRIu64 "%c", bytes / unit, suffixes[i]);
        else
                (void) snprintf(buffer, FORMAT_SIZE_MAX, "%.1f%c", (double) bytes / (double) unit, suffixes[i]);
        return buffer;
}
