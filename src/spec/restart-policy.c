/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "restart-policy.h"

bool restart_note_start(RestartHistory *history, const Spec *spec, uint64_t now) {
        /* As systemd's rate limits: a new interval begins with the first start after the last one is over. */
        if (history->starts == 0 || now - history->since_usec >= spec->start_limit_usec) {
                history->since_usec = now;
                history->starts = 0;
        }
        if (history->starts >= spec->start_limit_burst)
                return false;
        history->starts++;
        history->started_usec = now;
        return true;
}

bool restart_is_wanted(const Spec *spec, const State *state) {
        bool failed = state->result != RESULT_EXITED || state->status != 0;

        switch (spec->restart.mode) {
        case RESTART_ON_FAILURE:
                return failed && (spec->restart.most == 0 || state->restarts < spec->restart.most);
        case RESTART_ALWAYS:
        case RESTART_UNLESS_STOPPED:
                return true;
        case RESTART_NO:
        case _RESTART_MODE_MAX:
                break;
        }
        return false;
}

uint64_t restart_next_delay(RestartHistory *history, const Spec *spec, uint64_t now) {
        uint64_t first = spec->restart_usec, most = spec->restart_max_usec, last = history->delay_usec, delay;

        if (now - history->started_usec >= RESTART_SETTLED_USEC)
                last = 0;
        delay = last == 0 ? first : last > UINT64_MAX / 2 ? UINT64_MAX : last * 2;
        /* A first time to wait that is longer than the longest is meant as it is said. */
        if (delay > most && delay > first)
                delay = most > first ? most : first;
        history->delay_usec = delay;
        return delay;
}
