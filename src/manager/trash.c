/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trash.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "kept.h"
#include "layer.h"
#include "log.h"
#include "spawner.h"
#include "string-util.h"

static int open_trash(const Manager *manager) {
        _cleanup_free_ char *path = str_format("%s/trash", manager->places->state);
        int r = path ? directory_make(path, 0700) : -ENOMEM, fd;

        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

static void on_spawned(void *userdata, int pidfd) {
        int *trash = userdata;

        (void) fd_close(*trash);
        free(trash);
        (void) fd_close(pidfd);
}

/* TRASH is taken over. */
static void request_removal(Manager *manager, int trash) {
        int *owned = malloc(sizeof(int));
        int r = owned ? 0 : -ENOMEM;

        if (owned) {
                SpawnRequest request = SPAWN_REQUEST_NULL;

                *owned = trash;
                request.flags = SPAWN_EMPTY;
                request.run_dir = trash;
                r = spawner_request(manager->spawner, &request, on_spawned, owned);
        }
        if (r < 0) {
                log_failure(r, NULL, "removing what is not needed any more");
                (void) fd_close(trash);
                free(owned);
        }
}

int trash_take(Manager *manager, int dir, const char *name) {
        _cleanup_close_ int trash = open_trash(manager);
        _cleanup_free_ char *place = NULL;
        uint64_t number;

        if (trash < 0)
                return trash;
        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
                return -EIO;
        place = str_format("%016llx", (unsigned long long) number);
        if (!place)
                return -ENOMEM;
        if (renameat(dir, name, trash, place) < 0)
                return negative_errno();
        request_removal(manager, TAKE_FD(trash));
        return 0;
}

int kept_discard(Manager *manager, const char *name) {
        _cleanup_close_ int fd = openat(manager->kept_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        /* Without a layer all is ours. */
        if (fd < 0 ||
            (faccessat(fd, "layer", F_OK, AT_SYMLINK_NOFOLLOW) < 0 && faccessat(fd, "layer.img", F_OK, AT_SYMLINK_NOFOLLOW) < 0))
                return kept_remove(manager->kept_dir, name);
        /* First what makes it a machine. */
        if (unlinkat(fd, "spec.json", 0) < 0 && errno != ENOENT)
                return negative_errno();
        return trash_take(manager, manager->kept_dir, name);
}

void kept_sweep(Manager *manager, const char *name) {
        _cleanup_close_ int fd = openat(manager->kept_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        bool layer = fd >= 0 && (faccessat(fd, "layer", F_OK, AT_SYMLINK_NOFOLLOW) >= 0 ||
                                 faccessat(fd, "layer.img", F_OK, AT_SYMLINK_NOFOLLOW) >= 0);

        if (fd >= 0 && (!layer || faccessat(fd, LAYER_REMOVE_MARK, F_OK, AT_SYMLINK_NOFOLLOW) >= 0))
                (void) kept_discard(manager, name);
}

void trash_empty(Manager *manager) {
        _cleanup_free_ char *path = str_format("%s/trash", manager->places->state);
        struct stat st;

        /* Two links: itself and its name, and none for a folder in it. */
        if (path && stat(path, &st) >= 0 && st.st_nlink != 2) {
                int trash = open_trash(manager);

                if (trash >= 0)
                        request_removal(manager, trash);
        }
}
