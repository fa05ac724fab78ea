/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Links beside a machine's own, and those on interfaces of the host: MACVLAN=, IPVLAN=, Interface=, VirtualEthernetExtra=, and the
 * modes of Network= that are one of them. All but moved interfaces are gone with the machine's network namespace.
 */

#include "net-util.h"
#include "netlink.h"
#include "spec.h"

typedef enum ExtraLinkKind {
        EXTRA_LINK_MACVLAN,
        EXTRA_LINK_IPVLAN,
        EXTRA_LINK_INTERFACE,    /* the interface itself */
        EXTRA_LINK_VETH,
} ExtraLinkKind;

typedef struct ExtraLink {
        ExtraLinkKind kind;
        char outside[INTERFACE_NAME_MAX + 1]; /* the interface of the host, for a veth its end there */
        char inside[INTERFACE_NAME_MAX + 1];
} ExtraLink;

/* Reads IF[:NAME]. The names inside that nobody chose are systemd-nspawn's: mv-IF, iv-IF, IF. */
void extra_link_read(ExtraLinkKind kind, const char *text, ExtraLink *ret);

/* Calls EACH for every one of a spec's, until it fails. */
int extra_links_foreach(const Spec *spec, int (*each)(const ExtraLink *link, void *userdata), void *userdata);

/* Makes or moves them all. */
int extra_links_attach(Netlink *nl, const Spec *spec, pid_t leader, Error *error);

/* Whether a spec moves interfaces into the machine, which are to come back. */
bool extra_links_are_moved(const Spec *spec);

/* Moves them from the network namespace that the descriptor refers to into ours, by their own names. */
void extra_links_return(const Spec *spec, int namespace);
