/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a host's packet filter would do with a packet. The rule set is as nft(8) lists it as JSON (libnftables-json(5)), which has
 * nftables' own rules, firewalld's and those of iptables-nft, and a packet is led through each chain of a hook that can drop
 * it. A condition that is not understood is taken as one that does not hold: better to name a policy too many.
 */

#include <jansson.h>

#include "macro.h"

/* The first packet of a connection. */
typedef struct RulePacket {
        const char *hook;        /* "forward", "input" */
        const char *in, *out;    /* interfaces; NULL: one that no rule names */
        bool published;          /* its destination was changed to a machine's */
} RulePacket;

typedef struct RuleFinding {
        json_t *chain;           /* of the hook, in which the packet's way ends */
        json_t *rule;            /* that drops it, or NULL: the chain's policy does */
        bool certain;            /* no: the listing does not say whether the rule drops it */
} RuleFinding;

/* Calls FOUND for each chain of others in LISTING that drops the packet. How many there were. */
unsigned rules_follow(json_t *listing, const RulePacket *packet, void (*found)(const RuleFinding *finding, void *userdata),
                      void *userdata);

/* A text in an object of such a listing, or "". */
const char *rules_text(json_t *object, const char *key);
