/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "incoming.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <unistd.h>

#include "config.h"
#include "dead-machines.h"
#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

#define FOLDERS BERTH_RUN_DIR "/incoming"
#define LINKS "/run/systemd/nspawn/propagate"

static char *folder_path(const char *machine) {
        return str_format(FOLDERS "/%s", machine);
}

static char *link_path(const char *machine) {
        return str_format(LINKS "/%s", machine);
}

/* The folders above the link have the modes that systemd-nspawn gives them. */
static int make_parents(void) {
        int r = directory_make(FOLDERS, 0700);

        return r < 0 ? r : directory_make(LINKS, 0600);
}

/* A folder that systemd-nspawn left is empty. What is not stays where it is, and the machine does without. */
static int make_link(const char *folder, const char *link) {
        if (symlink(folder, link) >= 0)
                return 0;
        if (errno != EEXIST)
                return negative_errno();
        if (rmdir(link) < 0)
                return -EEXIST;
        return symlink(folder, link) < 0 ? negative_errno() : 0;
}

/* A mount of machined's is one inode, for as long as it is on its way. Shared, also where the host's /run is not. */
static int mount_folder(const char *folder) {
        if (mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=64k,nr_inodes=128") < 0 ||
            mount(NULL, folder, NULL, MS_SHARED, NULL) < 0)
                return negative_errno();
        return 0;
}

/* A clone of a shared mount is its peer, and what the machine mounts there would be the host's: hence the slave. */
static int clone_folder(const char *folder) {
        struct mount_attr slave = { .attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_SLAVE };
        _cleanup_close_ int mount = open_tree(AT_FDCWD, folder, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        if (mount < 0 || mount_setattr(mount, "", AT_EMPTY_PATH, &slave, sizeof(slave)) < 0)
                return negative_errno();
        return TAKE_FD(mount);
}

int incoming_make(const char *machine, Error *error) {
        _cleanup_free_ char *folder = folder_path(machine), *link = link_path(machine);
        int r;

        if (!folder || !link)
                return error_oom(error);
        incoming_remove(machine);
        r = make_parents();
        if (r >= 0)
                r = directory_make(folder, 0700);
        if (r >= 0)
                r = mount_folder(folder);
        if (r >= 0)
                r = make_link(folder, link);
        if (r >= 0)
                r = clone_folder(folder);
        if (r < 0) {
                incoming_remove(machine);
                return error_set_errno(error, r, "making the way in for machinectl bind", link);
        }
        return r;
}

/* Only the link that is ours: a machine of systemd-nspawn that has the name now has a folder there. */
static void remove_link(const char *machine, const char *folder) {
        _cleanup_free_ char *link = link_path(machine), *target = malloc(PATH_MAX);
        ssize_t n = link && target ? readlink(link, target, PATH_MAX - 1) : -1;

        if (n < 0)
                return;
        target[n] = '\0';
        if (streq(target, folder))
                (void) unlink(link);
}

void incoming_remove(const char *machine) {
        _cleanup_free_ char *folder = folder_path(machine);

        if (!folder)
                return;
        remove_link(machine, folder);
        (void) umount2(folder, MNT_DETACH | UMOUNT_NOFOLLOW);
        (void) rmdir(folder);
}

static bool remove_one(const char *machine) {
        incoming_remove(machine);
        return true;
}

void incoming_sweep(void) {
        (void) dead_machines_visit(BERTH_RUN_DIR, "incoming", remove_one);
}

bool incoming_is_left(const char *run) {
        return dead_machines_left(run, "incoming");
}
