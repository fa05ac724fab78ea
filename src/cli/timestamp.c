/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timestamp.h"

#include <time.h>

#include "parse-util.h"

/* Seconds of the day that NOW is in, DAYS later, at its beginning. */
static int day_begin(uint64_t now, int days, struct tm *ret) {
        time_t seconds = (time_t) (now / USEC_PER_SEC);

        if (!localtime_r(&seconds, ret))
                return -ERANGE;
        ret->tm_hour = ret->tm_min = ret->tm_sec = 0;
        ret->tm_mday += days;
        ret->tm_isdst = -1;
        return 0;
}

static int from_calendar(struct tm *tm, bool utc, uint64_t *ret) {
        time_t seconds = utc ? timegm(tm) : mktime(tm);

        if (seconds < 0)
                return -ERANGE;
        *ret = (uint64_t) seconds * USEC_PER_SEC;
        return 0;
}

static int parse_span(const char *text, size_t n, uint64_t now, uint64_t *ret) {
        _cleanup_free_ char *span = strndup(text, n);
        uint64_t usec;
        int r = span ? parse_usec(span, &usec) : -ENOMEM;

        if (r < 0)
                return r;
        *ret = usec > now ? 0 : now - usec;
        return 0;
}

static int parse_calendar(const char *text, uint64_t now, uint64_t *ret) {
        static const char *const forms[] = {
                "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%H:%M:%S", "%H:%M",
        };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                struct tm tm;
                const char *rest;
                int r = day_begin(now, 0, &tm);

                if (r < 0)
                        return r;
                rest = strptime(text, forms[i], &tm);
                if (!rest)
                        continue;
                tm.tm_isdst = -1;
                if (!*rest)
                        return from_calendar(&tm, /* utc= */ false, ret);
                if (streq(rest, "Z") || streq(rest, " UTC"))
                        return from_calendar(&tm, /* utc= */ true, ret);
        }
        return -EINVAL;
}

int timestamp_parse(const char *text, uint64_t now, uint64_t *ret) {
        static const struct {
                const char *word;
                int days;
        } days[] = { { "today", 0 }, { "yesterday", -1 }, { "tomorrow", 1 } };
        size_t n = strlen(text);
        struct tm tm;
        uint64_t seconds;
        int r;

        if (streq(text, "now")) {
                *ret = now;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(days); i++)
                if (streq(text, days[i].word)) {
                        r = day_begin(now, days[i].days, &tm);
                        return r < 0 ? r : from_calendar(&tm, /* utc= */ false, ret);
                }
        if (text[0] == '@') {
                r = parse_u64(text + 1, &seconds);
                if (r < 0 || seconds > UINT64_MAX / USEC_PER_SEC)
                        return -EINVAL;
                *ret = seconds * USEC_PER_SEC;
                return 0;
        }
        if (text[0] == '-')
                return parse_span(text + 1, n - 1, now, ret);
        if (n > 4 && streq(text + n - 4, " ago"))
                return parse_span(text, n - 4, now, ret);
        return parse_calendar(text, now, ret);
}
