/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest.h"

#include <dirent.h>
#include <stdio.h>

#include "string-util.h"

enum { LAST_WITH_V1 = 255 };

/* systemd's private library has its version in its name: libsystemd-shared-252.so, libsystemd-shared-257.9-1.so. */
static unsigned version_in(const char *directory) {
        DIR *dir = opendir(directory);
        struct dirent *entry;
        unsigned version = 0;

        while (dir && (entry = readdir(dir))) {
                unsigned found;

                if (sscanf(entry->d_name, "libsystemd-shared-%u", &found) == 1 && found > version)
                        version = found;
        }
        if (dir)
                (void) closedir(dir);
        return version;
}

/* With multiarch there is a folder per architecture in between. */
static unsigned version_below(const char *directory) {
        DIR *dir = opendir(directory);
        struct dirent *entry;
        unsigned version = 0;

        while (dir && version == 0 && (entry = readdir(dir))) {
                _cleanup_free_ char *path = NULL;

                /* "x86_64-linux-gnu" */
                if (entry->d_name[0] == '.' || !strchr(entry->d_name, '-'))
                        continue;
                path = str_format("%s/%s/systemd", directory, entry->d_name);
                version = path ? version_in(path) : 0;
        }
        if (dir)
                (void) closedir(dir);
        return version;
}

bool guest_wants_unified(void) {
        static const char *const directories[] = { "/usr/lib/systemd", "/lib/systemd", "/usr/lib64/systemd" };
        unsigned version = 0;

        for (size_t i = 0; i < ELEMENTSOF(directories) && version == 0; i++)
                version = version_in(directories[i]);
        if (version == 0)
                version = version_below("/usr/lib");
        return version > LAST_WITH_V1;
}
