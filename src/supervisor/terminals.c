/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminals.h"

#include <stdlib.h>

#include "console.h"
#include "fd-util.h"

/* Takes MASTER over. */
static int take_one(Supervisor *s, int master, Console **console, Error *error) {
        int r;

        if (*console) {
                r = console_replace_master(*console, master);
                return r < 0 ? error_set_errno(error, r, "serving the terminal", NULL) : 0;
        }
        r = console_new(s->event, master, /* hold= */ false, console, error);
        if (r >= 0)
                console_resize(*console, s->terminal_size.ws_row, s->terminal_size.ws_col);
        return r;
}

int terminals_take(Supervisor *s, Error *error) {
        int console = birth_take_master(s->birth), *further = birth_take_terminals(s->birth);
        const uint32_t n = further ? s->spec->terminals : 0;
        uint32_t i = 0;
        int r = console >= 0 ? take_one(s, console, &s->console, error) : 0;

        if (r >= 0 && n > 0 && !s->terminals) {
                s->terminals = calloc(n, sizeof(*s->terminals));
                r = s->terminals ? 0 : error_oom(error);
        }
        for (; i < n && r >= 0; i++)
                r = take_one(s, further[i], &s->terminals[i], error);
        if (further)
                fd_close_many(further + i, n - i);
        free(further);
        return r;
}

void terminals_free(Supervisor *s) {
        s->console = console_free(s->console);
        for (uint32_t i = 0; s->terminals && i < s->spec->terminals; i++)
                console_free(s->terminals[i]);
        free(s->terminals);
        s->terminals = NULL;
}

Console *terminals_get(const Supervisor *s, uint32_t number) {
        if (number == 0)
                return s->console;
        return s->terminals && number <= s->spec->terminals ? s->terminals[number - 1] : NULL;
}

static void on_drained(void *userdata) {
        Supervisor *s = userdata;

        if (--s->draining == 0)
                supervisor_dispatch(s, EVENT_CONSOLE_DONE);
}

void terminals_drain(Supervisor *s) {
        const uint32_t n = s->terminals ? s->spec->terminals : 0;

        s->draining = 0;
        for (uint32_t i = 0; i <= n; i++) {
                Console *console = terminals_get(s, i);

                if (!console)
                        continue;
                s->draining++;
                console_drain(console, on_drained, s);
        }
        if (s->draining == 0)
                supervisor_dispatch(s, EVENT_CONSOLE_DONE);
}
