/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Libraries that are loaded when they are needed: so that a supervisor stays small, and runs where one is not installed. */

#include "macro.h"

typedef struct LibrarySymbol {
        const char *name;
        void **slot;             /* where its address goes */
} LibrarySymbol;

/* What dlopen(3) gives, with all N symbols found. NULL where it is not there, or lacks one. */
void *library_open(const char *file, const LibrarySymbol *symbols, size_t n);

/* Accepts NULL, and returns it. */
void *library_close(void *library);
