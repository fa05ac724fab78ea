/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A connection to a supervisor: D-Bus peer to peer, interface org.berth1.Supervisor. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "state.h"

#define SUPERVISOR_PATH "/org/berth1/supervisor"
#define SUPERVISOR_INTERFACE "org.berth1.Supervisor"

/* How long a supervisor may take over what it should do at once. */
#define LINK_CALL_USEC (10 * USEC_PER_SEC)

typedef struct Link Link;

typedef struct LinkEvents {
        void (*state)(void *userdata, State *state);  /* the supervisor tells what it does; the content may be taken over */
        void (*lost)(void *userdata);                 /* the connection is gone; it may be freed here */
} LinkEvents;

/* Over one end of a socket pair, which it takes over (also on failure). */
int link_new(sd_event *event, int fd, const LinkEvents *events, void *userdata, Link **ret);

/* To the control socket of a machine's directory. */
int link_connect(sd_event *event, int machine_dir, const LinkEvents *events, void *userdata, Link **ret);

/* Closes it. Calls that are not answered are forgotten. */
Link *link_free(Link *link);
DEFINE_CLEANUP(Link *, link_free);

/* Reads what the supervisor has said until now. Its events are called; the link may be freed by them. */
void link_drain(Link *link);

/* A call to be filled and given to link_call(). */
int link_new_call(Link *link, const char *member, sd_bus_message **ret);

/* Sends it. The slot, the caller's, cancels; NULL: nobody cares for the answer, and HANDLER must be NULL. */
int link_call(Link *link, sd_bus_message *call, uint64_t timeout_usec, sd_bus_message_handler_t handler, void *userdata,
              sd_bus_slot **ret_slot);

/* A call without arguments whose answer is not awaited. */
int link_tell(Link *link, const char *member);
