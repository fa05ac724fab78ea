/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the tables of iptables-legacy(8), that nft(8) does not list, would do with a packet. They are read from the kernel as
 * iptables-legacy does it, by getsockopt(2) on a raw socket (linux/netfilter_ipv4/ip_tables.h).
 */

#include "doctor-rules.h"

/* Whether there is a table of filters. One is made by whoever asks for it: nothing else may be called where there is none. */
bool legacy_is_there(bool six);

/*
 * Whether it drops the packet: 1 with the number in the hook's chain of the rule that did or led to it (0: the chain's policy), or 0,
 * or a negative errno.
 */
int legacy_follow(bool six, const RulePacket *packet, unsigned *ret_rule);
