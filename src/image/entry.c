/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "entry.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "lock-file.h"
#include "string-util.h"

void entry_done(Entry *entry) {
        entry->dir = fd_close(entry->dir);
        entry->lock = fd_close(entry->lock);
}

/* Whether NAME is still the directory that was opened: a dead entry is renamed away before it is removed. */
static int entry_is_current(int machines, const char *name, int dir) {
        struct stat there, ours;

        if (fstat(dir, &ours) < 0)
                return negative_errno();
        if (fstatat(machines, name, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        return there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

int entry_take(int machines, const char *name, Entry *ret) {
        for (;;) {
                _cleanup_entry_ Entry entry = ENTRY_NULL;
                int r;

                entry.dir = openat(machines, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (entry.dir < 0)
                        return negative_errno();

                entry.lock = lock_file_try(entry.dir, "lock");
                if (entry.lock == -ENOENT)
                        continue; /* removed since it was opened */
                if (entry.lock < 0)
                        return entry.lock;

                r = entry_is_current(machines, name, entry.dir);
                if (r < 0)
                        return r;
                if (r > 0) {
                        *ret = entry;
                        entry = ENTRY_NULL;
                        return 0;
                }
        }
}

/* All that a dead owner left, but the lock that we hold. */
static int entry_clear(int dir) {
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return r;
        }

        while (r >= 0 && (item = readdir(stream)))
                if (!streq(item->d_name, ".") && !streq(item->d_name, "..") && !streq(item->d_name, "lock"))
                        r = directory_remove_at(dir, item->d_name);

        (void) closedir(stream);
        return r;
}

int entry_make(int machines, const char *name, Entry *ret) {
        for (;;) {
                _cleanup_entry_ Entry entry = ENTRY_NULL;
                int r;

                if (mkdirat(machines, name, 0700) < 0 && errno != EEXIST)
                        return negative_errno();

                r = entry_take(machines, name, &entry);
                if (r == -ENOENT)
                        continue; /* removed between the two */
                if (r >= 0)
                        r = entry_clear(entry.dir);
                if (r < 0)
                        return r;

                *ret = entry;
                entry = ENTRY_NULL;
                return 0;
        }
}

int entry_remove(int machines, const char *name, Entry *entry) {
        /* No machine's name begins with a dot, so this can only meet what a killed remover left. */
        _cleanup_free_ char *doomed = str_format(".%s", name);
        int r;

        if (!doomed)
                return -ENOMEM;

        r = directory_remove_at(machines, doomed);
        if (r < 0)
                return r;
        if (renameat(machines, name, machines, doomed) < 0)
                return errno == ENOENT ? 0 : negative_errno();

        entry_done(entry);
        return directory_remove_at(machines, doomed);
}
