/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A device of the host that a machine gets (Device=): HOST[:PATH[:ACCESS]], as docker writes it. */

#include "macro.h"

typedef struct Device {
        char *host;              /* its node on the host */
        char *path;              /* where the machine sees it, below /dev */
        char *access;            /* some of "rwm" (cgroups(7), devices): read, write, make nodes */
} Device;

#define DEVICE_NULL (Device){}
void device_done(Device *device);
#define _cleanup_device_ _cleanup_(device_done)

/* Reads TEXT, with what is left out filled in; HOST:ACCESS is taken too. -EINVAL where it is none. */
int device_parse(const char *text, Device *ret);

/* The kind and number of the host's node, behind any links. -ENODEV for a file that is none. */
int device_number(const Device *device, mode_t *ret_type, dev_t *ret_number);
