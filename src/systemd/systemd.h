/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Our view of systemd's manager (org.freedesktop.systemd1(5)) over one bus connection: who waits for which
 * unit, and what types unit properties have. Nothing here waits for an answer.
 */

#include <systemd/sd-bus.h>

#include "error.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"

typedef struct Systemd Systemd;

/*
 * Subscribes to systemd's signals and follows its restarts. BUS must be attached to an event loop. All scopes
 * that were started through it must be freed before it.
 */
int systemd_new(sd_bus *bus, Systemd **ret);
Systemd *systemd_free(Systemd *s);
DEFINE_CLEANUP(Systemd *, systemd_free);

/* Asks systemd to stop UNIT and does not wait; a unit that is not there is fine. */
int systemd_stop_unit(Systemd *s, const char *unit);

/* What a caller of systemd_load_types() is told: R is 0, or a negative errno with ERROR saying why. */
typedef void (*SystemdTypesHandler)(void *userdata, int r, const Error *error);

/*
 * Learns the types of unit properties from systemd itself, by looking at init.scope, and tells HANDLER, now or later. *ret_slot,
 * the caller's, cancels that when it is unreferenced; it is NULL where HANDLER was called already.
 */
int systemd_load_types(Systemd *s, SystemdTypesHandler handler, void *userdata, sd_bus_slot **ret_slot);

/* The D-Bus type of a unit property, or NULL: no such property, or the types were not loaded yet. */
const char *systemd_property_type(const Systemd *s, const char *name);
bool systemd_has_types(const Systemd *s);

/* Whether an error's name means that systemd is not there to answer: it is restarting (daemon-reexec), or this host has none. */
bool systemd_error_is_absence(const sd_bus_error *error);

/* The connection, not referenced. */
sd_bus *systemd_bus(Systemd *s);
