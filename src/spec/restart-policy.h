/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Whether a machine that has ended begins again, and when: Restart= as docker's restart policies, the waiting twice as
 * long each time until it has run for a while, and no more starts than StartLimitIntervalSec= and StartLimitBurst= allow
 * (systemd.unit(5)).
 */

#include "spec.h"
#include "state.h"

/* After it has run for so long, what was before does not count for the waiting. */
#define RESTART_SETTLED_USEC (10 * USEC_PER_SEC)

/* The starts of the last while. All times are of one clock that does not go back. */
typedef struct RestartHistory {
        uint64_t since_usec;     /* the first start that counts for the limit */
        uint32_t starts;         /* since then, with it */
        uint64_t started_usec;   /* the last one */
        uint64_t delay_usec;     /* how long that one had to wait; 0: not at all */
} RestartHistory;

/* It begins, the first time or again. False: it must not, the limit is reached. */
bool restart_note_start(RestartHistory *history, const Spec *spec, uint64_t now);

/* Whether there may be another life after this one. */
static inline bool restart_is_possible(const Spec *spec) {
        return spec->restart.mode != RESTART_NO || (spec->health_command && spec->health_on_failure == HEALTH_RESTART);
}

/* Whether a machine that ended as STATE says begins again, for all that its policy says. */
bool restart_is_wanted(const Spec *spec, const State *state);

/* How long to wait before it does. */
uint64_t restart_next_delay(RestartHistory *history, const Spec *spec, uint64_t now);
