/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "disk.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "loop.h"

static const char step[] = "mounting the image";

void disk_done(Disk *disk) {
        for (size_t i = 0; i < disk->n; i++)
                (void) fd_close(disk->mounts[i].mount);
        disk->n = 0;
}

bool disk_is_image(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode));
}

/*
 * Who mounts a file system that others write to at the same time gets a broken one. The lock is of the open file, which
 * the loop devices hold on to: it ends with the last of them.
 */
static int open_locked(int image, const char *object, bool read_only, int *ret, Error *error) {
        char path[FD_PATH_MAX];
        _cleanup_close_ int fd = open(fd_path(image, path), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return error_set_errno(error, negative_errno(), "opening the image", object);
        if (flock(fd, (read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0) {
                if (errno == EWOULDBLOCK)
                        return error_set(error, ERROR_MACHINE_RUNNING, EBUSY, "locking the image", object,
                                         "another machine uses it; --ephemeral and --read-only go with each other");
                return error_set_errno(error, negative_errno(), "locking the image", object);
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* Those that the kernel's developers keep fit for images that others made, as systemd has them. */
static int check_type(const char *type, const char *target, const char *object, Error *error) {
        static const char *const types[] = { "ext4", "ext3", "ext2", "xfs", "btrfs", "f2fs", "squashfs", "erofs", "vfat" };

        if (!type)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object, "there is no file system in its partition for %s",
                                 target);
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (streq(type, types[i]))
                        return 0;
        if (streq(type, "crypto_LUKS"))
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, object, "its partition for %s is encrypted",
                                 target);
        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, object,
                         "its file system for %s is %s, which is not among those mounted", target, type);
}

static bool type_is_read_only(const char *type) {
        return streq(type, "squashfs") || streq(type, "erofs");
}

static int context_failed(int context, const char *type, const char *object, Error *error) {
        int r = negative_errno();
        char text[256];
        ssize_t n = context < 0 ? -1 : read(context, text, sizeof(text) - 1);

        if (r == -ENODEV)
                return error_set(error, ERROR_NOT_SUPPORTED, ENODEV, step, object, "this kernel has no %s", type);
        if (n <= 2)
                return error_set_errno(error, r, step, object);
        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return error_set(error, ERROR_FAILED, -r, step, object, "%s (%s)", text + 2, errno_text(r));
}

static int mount_device(const char *device, const char *type, bool read_only, const char *object, Error *error) {
        _cleanup_close_ int context = fsopen(type, FSOPEN_CLOEXEC);
        int mount;

        if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
            (read_only && fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0) ||
            /* Copies of one image, all with the same UUID, can be mounted at the same time. */
            (streq(type, "xfs") && fsconfig(context, FSCONFIG_SET_FLAG, "nouuid", NULL, 0) < 0) ||
            fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return context_failed(context, type, object, error);
        mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV | (read_only ? MOUNT_ATTR_RDONLY : 0));
        return mount < 0 ? context_failed(context, type, object, error) : mount;
}

/* A device over the loop device of P, through which each block is checked; -EBADF without an error: P is not checked. */
static int check_partition(int fd, int loop, const Dissection *d, const VerityFiles *verity, const char *object, char **device,
                           Error *error) {
        const Partition *hashes = &d->partitions[PARTITION_ROOT_VERITY];
        _cleanup_free_ char *hash_device = NULL, *checked = NULL;
        _cleanup_close_ int hash_loop = -EBADF;
        int r;

        if (verity->hashes < 0 && !hashes->found)
                return error_set(error, ERROR_NOT_A_TREE, ENXIO, step, object,
                                 "it is to be checked by a root hash, and there are no hashes in it or beside it; "
                                 "--root-verity= says where");
        hash_loop = verity->hashes >= 0 ? loop_attach(verity->hashes, 0, 0, true, &hash_device, error)
                                        : loop_attach(fd, hashes->offset, hashes->size, true, &hash_device, error);
        if (hash_loop < 0)
                return hash_loop;
        r = verity_open(loop, hash_loop, verity, object, &checked, error);
        if (r < 0)
                return r;
        free(*device);
        *device = TAKE_PTR(checked);
        return r;
}

static int mount_partition(int fd, const Dissection *d, PartitionKind kind, const VerityFiles *verity, bool read_only,
                           const char *object, Error *error) {
        const Partition *p = &d->partitions[kind];
        bool is_checked = kind == PARTITION_ROOT && verity && verity->root_hash;
        _cleanup_free_ char *device = NULL;
        _cleanup_close_ int loop = -EBADF, checked = -EBADF;
        int r = check_type(p->type, partition_mount_point(kind), object, error);

        if (r < 0)
                return r;
        read_only = read_only || is_checked || p->read_only || type_is_read_only(p->type);
        loop = loop_attach(fd, p->offset, p->size, read_only, &device, error);
        if (loop < 0)
                return loop;
        if (is_checked) {
                checked = check_partition(fd, loop, d, verity, object, &device, error);
                if (checked < 0)
                        return checked;
        }
        return mount_device(device, p->type, read_only, object, error);
}

int disk_mount(int image, const char *object, bool read_only, const VerityFiles *verity, Disk *ret, Error *error) {
        _cleanup_dissection_ Dissection d = {};
        _cleanup_disk_ Disk disk = {};
        _cleanup_close_ int fd = -EBADF;
        int r = open_locked(image, object, read_only, &fd, error);

        if (r >= 0)
                r = dissect(fd, object, verity ? verity->root_hash : NULL, &d, error);
        if (r < 0)
                return r;

        for (PartitionKind kind = 0; kind < _PARTITION_KIND_MAX; kind++) {
                const char *target = partition_mount_point(kind);
                int mount;

                if (!target || !d.partitions[kind].found)
                        continue;
                mount = mount_partition(fd, &d, kind, verity, read_only, object, error);
                if (mount < 0)
                        return mount;
                disk.mounts[disk.n++] = (DiskMount){ .target = target, .mount = mount };
        }

        *ret = disk;
        disk.n = 0;
        return 0;
}
