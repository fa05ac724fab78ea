/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Who does what a setting of [Resources] says, on each kind of host: systemd, or berth in the kernel's own file, or
 * nobody. systemd takes properties and shows them back that a host with cgroup v1 controllers has nothing for; here
 * is which those are. The table of the manual is made from this one.
 */

#include "setting.h"

typedef enum HostKind {
        HOST_UNIFIED,    /* cgroup v2 alone */
        HOST_HYBRID,     /* the controllers are on cgroup v1 */
        _HOST_KIND_MAX,
} HostKind;

/* Which kind this host is. A negative errno where it has no cgroups. */
int host_kind(void);

typedef enum ResourceBy {
        RESOURCE_BY_SYSTEMD,
        RESOURCE_TRANSLATED, /* systemd does it under another name */
        RESOURCE_BY_BERTH,
        RESOURCE_REFUSED,    /* nobody can: the note says why */
} ResourceBy;

typedef struct ResourceWay {
        ResourceBy by;
        const char *files;   /* the kernel's: each is tried, separated by '|'; NULL where there is none */
        const char *note;    /* what else there is to know, or why it is refused; may be NULL */
} ResourceWay;

typedef struct Resource {
        const char *name;
        bool live;           /* can be changed while the machine runs */
        const char *as;      /* the property that it is translated to, where it is */
        ResourceWay ways[_HOST_KIND_MAX];
} Resource;

extern const Resource resources[];
extern const size_t resources_count;

#define FOREACH_RESOURCE(r) for (const Resource *r = resources; r < resources + resources_count; r++)

/* The row of a setting or unit property; NULL where systemd is simply asked. */
const Resource *resource_by_name(const char *name);

/*
 * VALUE of the property of the row in the form that its translation takes (row->as); the caller frees it. 0, -EINVAL for
 * a bad value, or -ENOMEM.
 */
int resource_translate(const Resource *row, const char *value, char **ret);
