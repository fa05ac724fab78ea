/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Names: each machine on a network of berth's has an /etc/hosts (hosts(5)) that berth writes. It lies in the machine's entry of
 * the registry and is shown read-only, so that it can be written anew while the machine runs. On networks that have a
 * name it holds the machines of that network, each as the registry says: nobody has to be asked or to live for that.
 */

#include "spec.h"

/* Whether the machine is shown an /etc/hosts of berth's. */
bool hosts_are_shown(const Spec *spec);

/* Whether names of other machines are in it. */
bool hosts_are_shared(const Spec *spec);

/* The file of a machine, as the host sees it; the caller's; NULL without memory. */
char *hosts_path(const Spec *spec);

/* What is in it: OTHERS are lines for the machines beside it. NULL without memory; the caller's. */
char *hosts_render(const Spec *spec, const char *host_file, char *const *others);

/* Makes the machine's file. */
int hosts_make(const Spec *spec, Error *error);

/* Writes those of all machines on SPEC's network anew: it has come, or is LEAVING. */
void hosts_tell(const Spec *spec, bool leaving);

/* The same for all networks. */
void hosts_tell_all(void);
