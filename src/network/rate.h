/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * NetRate=: how much a machine's link carries. Both directions are kept on the host, where nobody in the machine can lift
 * them, by queues that send no faster (tc-tbf(8)): what goes in leaves the link's end on the host, and what comes out is led
 * through an interface of its own (an ifb) before anybody else sees it.
 */

#include "netlink.h"
#include "spec.h"

/* Sets the rates of a link that is there and has none. */
int rate_set(Netlink *nl, const Spec *spec, Error *error);

/* Takes away what does not go with the link, and is there. */
void rate_withdraw(Netlink *nl, const Spec *spec);
