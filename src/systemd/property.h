/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unit properties as they go over the wire. What systemctl(1) and unit files call a property and what the bus
 * does differ: CPUQuota=20% is CPUQuotaPerSecUSec, a percentage of memory is MemoryMaxScale, a time span
 * RuntimeMaxUSec. The table in property.c knows those; what is not in it goes by the type that systemd gives.
 */

#include <systemd/sd-bus.h>

#include "setting.h"
#include "systemd.h"

/* Whether it is a property of a unit of any kind, and not of how berth makes a scope (slice, stop timeout). */
bool property_is_limit(const Setting *s);

/*
 * Appends the (sv) of one NAME=VALUE to the open a(sv), as this host can have it (resource.h). ERROR says what is allowed, why
 * this host can't, or why berth keeps the property to itself.
 */
int property_append(sd_bus_message *m, const Systemd *systemd, const char *assignment, Error *error);

/* Appends all unit properties that SPEC sets: its [Resources], then Property=. */
int property_append_spec(sd_bus_message *m, const Systemd *systemd, const Spec *spec, Error *error);

/*
 * What can be known before anything is started: settings that nobody can do on this host, and devices that are none. Costs
 * nothing for a spec that has neither.
 */
int property_check_spec(const Systemd *systemd, const Spec *spec, Error *error);
/* The same for a value of one property that names a device. */
int property_check_value(const char *name, const char *value, Error *error);

/* Whether systemd_load_types() must come first, for a property or for all of SPEC. */
bool property_needs_types(const Systemd *systemd, const char *name);
bool property_spec_needs_types(const Systemd *systemd, const Spec *spec);
