/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What comes to the sockets of published ports (ports.h) is carried to the machine, as long as the supervisor lives. */

#include <systemd/sd-event.h>

#include "ports.h"

typedef struct Publisher Publisher;

/* Serves the sockets of PORTS, which stay the caller's and must outlive it. Without sockets, *ret is NULL. */
int publisher_new(sd_event *event, const Ports *ports, Publisher **ret);
Publisher *publisher_free(Publisher *publisher);
