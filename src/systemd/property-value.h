/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How values of unit properties are written on the wire, one function per form. Each appends whole (sv)
 * entries for the property NAME. 0, -EINVAL or -ERANGE for a bad value, or another negative errno.
 */

#include <systemd/sd-bus.h>

#include "macro.h"

int value_append_boolean(sd_bus_message *m, const char *name, const char *value);
int value_append_string(sd_bus_message *m, const char *name, const char *value);
int value_append_strings(sd_bus_message *m, const char *name, const char *value);   /* words, as */
int value_append_u32(sd_bus_message *m, const char *name, const char *value);
int value_append_i32(sd_bus_message *m, const char *name, const char *value);
int value_append_number(sd_bus_message *m, const char *name, const char *value);    /* t: a size, or infinity */
int value_append_timespan(sd_bus_message *m, const char *name, const char *value);  /* t: NAMESec becomes NAMEUSec */

int value_append_size(sd_bus_message *m, const char *name, const char *value);      /* t, or a percentage as NAMEScale u */
int value_append_scale(sd_bus_message *m, const char *name, const char *value);     /* a percentage as u */
int value_append_weight(sd_bus_message *m, const char *name, const char *value);    /* t; "idle" and "" */
int value_append_quota(sd_bus_message *m, const char *name, const char *value);     /* percent of a CPU as CPUQuotaPerSecUSec t */
int value_append_cpus(sd_bus_message *m, const char *name, const char *value);      /* "0-3,5" as bits, ay */

int value_append_bandwidth(sd_bus_message *m, const char *name, const char *value); /* "DEVICE BYTES", a(st) */
int value_append_device_weight(sd_bus_message *m, const char *name, const char *value);
int value_append_latency(sd_bus_message *m, const char *name, const char *value);   /* "DEVICE TIME", …Sec becomes …USec */
int value_append_device(sd_bus_message *m, const char *name, const char *value);    /* "DEVICE rwm", a(ss) */
int value_append_addresses(sd_bus_message *m, const char *name, const char *value); /* prefixes, a(iayu) */
