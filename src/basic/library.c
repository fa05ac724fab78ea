/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "library.h"

#include <dlfcn.h>

void *library_open(const char *file, const LibrarySymbol *symbols, size_t n) {
        void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

        for (size_t i = 0; library && i < n; i++) {
                *symbols[i].slot = dlsym(library, symbols[i].name);
                if (!*symbols[i].slot)
                        library = library_close(library);
        }
        return library;
}

void *library_close(void *library) {
        if (library)
                (void) dlclose(library);
        return NULL;
}
