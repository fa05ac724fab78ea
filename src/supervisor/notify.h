/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the payload tells by sd_notify(3): datagrams of NAME=VALUE lines. Of a booted system only the leader is heard, as the
 * kernel tells who sent them, whatever other processes of the machine may write.
 */

#include <systemd/sd-event.h>

#include "error.h"

typedef struct Notify Notify;

/* For each line of what the leader sends. */
typedef void (*NotifyHandler)(const char *name, const char *value, void *userdata);

/* Takes FD over, also on failure. LEADER is the leader's number in our pid namespace; 0: any process of the machine is heard. */
int notify_new(sd_event *event, int fd, pid_t leader, NotifyHandler handler, void *userdata, Notify **ret, Error *error);
Notify *notify_free(Notify *notify);

/* What is there already: the leader's last words may come with its end. */
void notify_drain(Notify *notify);
