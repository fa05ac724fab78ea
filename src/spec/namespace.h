/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which of the kernel's namespaces a machine has for itself, and whose it shares (namespaces(7)). */

#include "error.h"

typedef enum NamespaceKind {
        NAMESPACE_USER,
        NAMESPACE_PID,
        NAMESPACE_IPC,
        NAMESPACE_UTS,
        NAMESPACE_NET,
        NAMESPACE_CGROUP,
        _NAMESPACE_KIND_MAX,
} NamespaceKind;

typedef enum NamespaceMode {
        NAMESPACE_PRIVATE,       /* one of its own */
        NAMESPACE_HOST,
        NAMESPACE_MACHINE,       /* that of another machine */
        NAMESPACE_PATH,          /* the one that a file refers to: /proc/PID/ns/…, or one that is pinned */
} NamespaceMode;

typedef struct NamespaceChoice {
        NamespaceMode mode;
        char *name;              /* of the machine, or the path */
} NamespaceChoice;

/* "net", the file in /proc/PID/ns; and its CLONE_NEW* flag. */
const char *namespace_kind_name(NamespaceKind kind);
uint64_t namespace_kind_flag(NamespaceKind kind);
/* -EINVAL for what is none. */
int namespace_kind_from_name(const char *name, NamespaceKind *ret);

/* Whether it is to be entered, and not made or left alone. */
static inline bool namespace_is_joined(const NamespaceChoice *choice) {
        return choice->mode == NAMESPACE_MACHINE || choice->mode == NAMESPACE_PATH;
}

/* Those that a machine joins, as descriptors. */
typedef struct Namespaces {
        int fds[_NAMESPACE_KIND_MAX]; /* setns(2) takes each with the kind's flag; -EBADF: not joined */
} Namespaces;

#define NAMESPACES_NULL (Namespaces){ .fds = { -EBADF, -EBADF, -EBADF, -EBADF, -EBADF, -EBADF } }
void namespaces_done(Namespaces *namespaces);
#define _cleanup_namespaces_ _cleanup_(namespaces_done)

typedef struct Spec Spec;

/* Whose network namespace the machine has follows from Network=, which is to be resolved already. 0 or -ENOMEM. */
int spec_take_network_namespace(Spec *spec);

/*
 * Completes and checks what is said about namespaces: whoever joins one of a machine joins that machine's user
 * namespace too, and what would weaken the machine or another without anybody having said so is refused, with the reason.
 */
int spec_resolve_namespaces(Spec *spec, Error *error);
