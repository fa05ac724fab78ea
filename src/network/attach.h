/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The host's side of a machine's network: what its supervisor does, with privileges. */

#include "spec.h"

/*
 * Makes the machine's links, one end of each in the network namespace of process LEADER (a number in our own pid
 * namespace). A network that is in use for the first time gets its bridge, and the packet filter is put right where
 * somebody changed it.
 */
int network_attach(const Spec *spec, pid_t leader, Error *error);

/*
 * Where interfaces of the host are to be moved into the machine: keeps its network namespace until they are back, whoever is
 * killed. To be called in the host's mount namespace, before network_attach().
 */
int network_keep(const Spec *spec, int namespace, Error *error);

/* Takes the machine's link away, for where its network namespace outlives it. */
void network_detach(const Spec *spec);

/* Takes away what no machine uses any more: bridges, files of networks, the packet filter's table. */
int network_sweep(Error *error);

/* Makes the packet filter anew from what is in use, and the names that machines know. */
int network_reload(Error *error);

/*
 * Adds elements "SET { KEY : VALUE }" to the packet filter's table, or takes them away, in one transaction. Where adding
 * fails, as it does where a dead machine left one of the keys, the filter is made anew from the registry.
 */
int network_add_elements(char *const *elements, Error *error);
void network_delete_elements(char *const *elements);

/* In the machine's own network namespace: gives its link the addresses and routes that the spec says. */
int network_configure(const Spec *spec, Error *error);
