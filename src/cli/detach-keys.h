/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Keys of one's own that leave a terminal and what runs in it, beside ^] three times: written as docker(1) has them, and
 * like there held back until it is clear that they are something else.
 */

#include "options.h"

enum { DETACH_KEYS_MAX = 32 };

typedef struct DetachKeys {
        char keys[DETACH_KEYS_MAX]; /* what a terminal sends for them */
        size_t n;                /* 0: there are none */
} DetachKeys;

/* Keys on their way: the first MATCHED of them were typed, and are held. */
typedef struct DetachMatch {
        const DetachKeys *keys;  /* borrowed; NULL: none */
        size_t matched;
} DetachMatch;

/* "ctrl-a,d": a key is a letter or another character, or ctrl- with a letter or one of @[\]^_. */
extern const SettingType type_detach_keys;

/* The row of a verb, whose STRUCT has a DetachKeys named detach_keys. */
#define DETACH_KEYS_OPTION(STRUCT)                                                                                                 \
        { "detach-keys", &type_detach_keys, offsetof(STRUCT, detach_keys),                                                        \
          "Keys that leave the terminal, beside ^]^]^]: ctrl-p,ctrl-q" }

/* What counts where the option did not say any: BERTH_DETACH_KEYS= of the environment. */
int detach_keys_default(DetachKeys *keys, Error *error);

/*
 * Goes through what was typed: SIZE bytes at BYTES, behind which there is room for DETACH_KEYS_MAX more. What is not held
 * is left there, and *SIZE says how much that is. Whether the keys were typed; what came behind them is dropped.
 */
bool detach_match(DetachMatch *match, char *bytes, size_t *size);

/* Takes back what is held, of which nothing more will come. As above; *SIZE is 0 before. */
void detach_match_release(DetachMatch *match, char *bytes, size_t *size);
