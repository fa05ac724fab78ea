/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/* The memory of our command line, which ps(1) and systemctl status show. */
typedef struct Title {
        char *start;
        size_t size;
} Title;

Title title_of(int argc, char *argv[]);

/* Shows "berth-supervisor NAME", or as much of it as there is room for. argv is not to be read after it. */
void title_set(const Title *title, const char *name);
