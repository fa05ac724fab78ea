/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the verbs that begin a machine share. */

#include "client.h"
#include "detach-keys.h"
#include "setting.h"

/* --settings=, into a SettingsMode. */
extern const SettingType type_settings_mode;

/*
 * RunMachine. *RET_NAME is the machine's, the caller's to free, and *RET_SESSION the descriptor of a session with it. With
 * PASS_STDIO the standard descriptors are the command's.
 */
int run_start(sd_bus *bus, const Spec *spec, bool pass_stdio, char **ret_name, int *ret_session, Error *error);

/* Entries of the a{sv} that are no settings. Standard descriptors go along where there is no terminal and somebody stays. */
int run_append_extras(sd_bus_message *message, bool terminal, bool remove, uint64_t timing, bool pass_stdio);

/* Stays with a machine that has just been started over BUS, which is closed: a waiting client holds no connection. TERMINAL as with
 * foreground_run(). */
int run_stay(sd_bus **bus, const char *name, int session_fd, int signals, const DetachKeys *terminal, uint64_t timing,
             Error *error);
