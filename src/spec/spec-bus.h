/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings in D-Bus dictionaries: a{sv} with the settings' names. A value comes as the type that the table
 * names (b, s, as), or as a string in the setting's own syntax, which is handy from busctl; numbers are taken
 * where text of the same digits would be.
 */

#include <systemd/sd-bus.h>

#include "setting.h"

/* What the caller of spec_read_bus() does with keys that are no setting: 1 it has read the value, 0 not, or a negative errno. */
typedef int (*SpecBusExtra)(const char *key, sd_bus_message *message, void *userdata, Error *error);

/* Reads one a{sv} at the message's position into SPEC. EXTRA may be NULL. ERROR names the key and what is allowed. */
int spec_read_bus(Spec *spec, sd_bus_message *message, SpecBusExtra extra, void *userdata, Error *error);

/* Appends {sv} entries for what a user set, for an a{sv} that the caller has opened. */
int spec_append_bus(const Spec *spec, sd_bus_message *message);

/* Reads the content of a variant into a field of TYPE that is no spec's. */
int field_read_bus(const SettingType *type, const char *name, void *field, sd_bus_message *message, Error *error);
