/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "block-device.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

/* A btrfs has a made-up device number; on one device it is the file system of that. */
static int btrfs_device(const char *path, dev_t *ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        struct btrfs_ioctl_fs_info_args info = {};
        struct btrfs_ioctl_dev_info_args device = {};
        struct stat st;

        if (fd < 0 || ioctl(fd, BTRFS_IOC_FS_INFO, &info) < 0)
                return negative_errno();
        if (info.num_devices != 1)
                return -ENODEV;

        for (device.devid = 1; device.devid <= info.max_id; device.devid++)
                if (ioctl(fd, BTRFS_IOC_DEV_INFO, &device) >= 0) {
                        if (stat((const char *) device.path, &st) < 0 || !S_ISBLK(st.st_mode))
                                return -ENODEV;
                        *ret = st.st_rdev;
                        return 0;
                }
        return -ENODEV;
}

static int read_device(const char *path, dev_t *ret) {
        _cleanup_free_ char *text = NULL;
        unsigned device_major, device_minor;
        int r = file_read_line(AT_FDCWD, path, &text);

        if (r < 0)
                return r;
        if (sscanf(text, "%u:%u", &device_major, &device_minor) != 2)
                return -EINVAL;
        *ret = makedev(device_major, device_minor);
        return 0;
}

/* The only one in FOLDER (of sysfs), as its "dev" says. */
static int single_slave(const char *folder, dev_t *ret) {
        _cleanup_free_ char *name = NULL, *path = NULL;
        DIR *list = opendir(folder);
        struct dirent *entry;
        size_t n = 0;

        if (!list)
                return negative_errno();
        while ((entry = readdir(list)))
                if (entry->d_name[0] != '.' && n++ == 0)
                        name = strdup(entry->d_name);
        (void) closedir(list);
        if (n != 1 || !name)
                return -ENODEV;

        path = str_format("%s/%s/dev", folder, name);
        return path ? read_device(path, ret) : -ENOMEM;
}

/* One step down to the disk: from a mapped device to the one that it is mapped to, from a partition to the whole. */
static int below(dev_t device, dev_t *ret) {
        _cleanup_free_ char *base = str_format("/sys/dev/block/%u:%u", major(device), minor(device)), *path = NULL,
                            *slaves = NULL;
        _cleanup_free_ char *partition = base ? str_format("%s/partition", base) : NULL;

        if (!partition)
                return -ENOMEM;
        if (faccessat(AT_FDCWD, partition, F_OK, 0) >= 0) {
                path = str_format("%s/../dev", base);
                return path ? read_device(path, ret) : -ENOMEM;
        }
        slaves = str_format("%s/slaves", base);
        return slaves ? single_slave(slaves, ret) : -ENOMEM;
}

int block_device_of(const char *path, dev_t *ret) {
        enum { DEPTH_MAX = 8 };
        dev_t device, next;
        struct statfs fs;
        struct stat st;
        int r = 0;

        if (stat(path, &st) < 0)
                return negative_errno();
        device = S_ISBLK(st.st_mode) ? st.st_rdev : st.st_dev;
        if (!S_ISBLK(st.st_mode) && major(st.st_dev) == 0) {
                if (statfs(path, &fs) < 0)
                        return negative_errno();
                r = fs.f_type == BTRFS_SUPER_MAGIC ? btrfs_device(path, &device) : -ENODEV;
        }
        if (r < 0)
                return r;

        for (int depth = 0; depth < DEPTH_MAX && below(device, &next) >= 0; depth++)
                device = next;
        *ret = device;
        return 0;
}
