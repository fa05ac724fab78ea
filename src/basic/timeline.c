/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t timeline_now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

void timeline_add(Timeline *timeline, const char *what, uint64_t usec) {
        TimelineMark *grown;
        char *copy;

        if (timeline->begin == 0)
                return;
        copy = strdup(what);
        grown = copy ? reallocarray(timeline->marks, timeline->n + 1, sizeof(TimelineMark)) : NULL;
        if (!grown) {
                free(copy);
                return;
        }
        grown[timeline->n++] = (TimelineMark){ .what = copy, .usec = usec };
        timeline->marks = grown;
}

void timeline_mark(Timeline *timeline, const char *what) {
        if (timeline->begin != 0)
                timeline_add(timeline, what, timeline_now());
}

void timeline_done(Timeline *timeline) {
        for (size_t i = 0; i < timeline->n; i++)
                free(timeline->marks[i].what);
        free(timeline->marks);
        *timeline = TIMELINE_NULL;
}

static int compare(const void *a, const void *b) {
        const TimelineMark *x = a, *y = b;

        return (x->usec > y->usec) - (x->usec < y->usec);
}

void timeline_print(Timeline *timeline, FILE *f) {
        uint64_t last = timeline->begin;

        qsort(timeline->marks, timeline->n, sizeof(TimelineMark), compare);
        fprintf(f, "%9s %9s  %s\n", "total us", "step us", "done");
        for (size_t i = 0; i < timeline->n; i++) {
                const TimelineMark *m = &timeline->marks[i];

                fprintf(f, "%9" PRIu64 " %9" PRIu64 "  %s\n", m->usec - timeline->begin, m->usec - last, m->what);
                last = m->usec;
        }
}
