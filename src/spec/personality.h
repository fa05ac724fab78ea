/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Execution domains (personality(2)) by the names of architectures as systemd has them (systemd.exec(5), Personality=). */

#include "macro.h"

/* The names that this machine knows, for messages. */
#if defined(__x86_64__)
#define PERSONALITIES "x86-64 or x86"
#elif defined(__aarch64__)
#define PERSONALITIES "arm64 or arm"
#elif defined(__s390x__)
#define PERSONALITIES "s390x or s390"
#elif defined(__powerpc64__)
#define PERSONALITIES "ppc64-le or ppc-le"
#else
#define PERSONALITIES "native"
#endif

/* PER_LINUX or PER_LINUX32; -EINVAL for a name that is not among them. */
int personality_from_name(const char *name, unsigned long *ret);
