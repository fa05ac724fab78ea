/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* berthd as its clients see it: the connection, calls of org.berth1.Manager, and errors in words. */

#include <systemd/sd-bus.h>

#include "error.h"

#define _cleanup_bus_ _cleanup_(sd_bus_flush_close_unrefp)
#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_bus_error_ _cleanup_(sd_bus_error_free)

/* Connects to the system bus. ERROR tells a host without systemd from one whose bus is down. */
int client_open(sd_bus **ret, Error *error);

/* For calls that start a machine: it may take as long as its settings say until it is ready. */
int client_open_patient(sd_bus **ret, Error *error);

/* A call of one of the manager's methods, to be filled. */
int client_new_call(sd_bus *bus, sd_bus_message **ret, const char *method, Error *error);

/* Sends MESSAGE and waits for the reply. */
int client_call(sd_bus *bus, sd_bus_message *message, sd_bus_message **ret_reply, Error *error);

/* What berthd had to say about a call that has been answered: its signals Warning, to standard error. */
void client_print_warnings(sd_bus *bus);

/* The whole of it for arguments of basic types (sd_bus_message_append(3)). RET_REPLY may be NULL. */
int client_call_simple(sd_bus *bus, sd_bus_message **ret_reply, Error *error, const char *method, const char *types, ...);

/* Reads the variant at M's position, which is the property NAME; or skips it. */
typedef int (*ClientPropertyReader)(const char *name, sd_bus_message *m, void *userdata);

/*
 * Reads all properties of an object on INTERFACE ("org.berth1.Image"), whose path the manager's method GET has for NAME. *RET_PATH (may
 * be NULL) is the caller's. What READ finds stays in *RET_REPLY, which is the caller's, too.
 */
int client_read_object(sd_bus *bus, const char *get, const char *interface, const char *name, ClientPropertyReader read,
                       void *userdata, char **ret_path, sd_bus_message **ret_reply, Error *error);

/* The descriptor at the reply's position, the caller's from now on. */
int client_read_fd(sd_bus_message *reply, int *ret, Error *error);

/* OpenSession() of a machine: the session's descriptor, the caller's. */
int client_open_session(sd_bus *bus, const char *name, int *ret, Error *error);

/* Fills ERROR from what a call gave back: E, or where that is not set, R. Returns a negative errno. */
int client_failure(const sd_bus_error *e, int r, Error *error);

/* A reply that is not of the type that it has to be. */
int client_bad_reply(int r, Error *error);
