/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dead-machines.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "lock-file.h"
#include "string-util.h"

bool dead_machines_visit(const char *run, const char *folder, bool (*dead)(const char *machine)) {
        _cleanup_free_ char *path = str_format("%s/%s", run, folder);
        DIR *stream = path ? opendir(path) : NULL;
        struct dirent *item;
        bool more = true;

        while (stream && more && (item = readdir(stream))) {
                _cleanup_free_ char *lock = str_format("%s/machines/%s/lock", run, item->d_name);

                if (item->d_name[0] != '.' && lock && lock_file_is_held(AT_FDCWD, lock) == 0)
                        more = dead(item->d_name);
        }
        if (stream)
                (void) closedir(stream);
        return !more;
}

static bool stop_at_first(const char *machine) {
        return false;
}

bool dead_machines_left(const char *run, const char *folder) {
        return dead_machines_visit(run, folder, stop_at_first);
}
