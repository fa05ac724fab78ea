/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lock-file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd-util.h"

int lock_file_try(int dirfd, const char *path) {
        return lock_file_try_part(dirfd, path, 0, 0);
}

static int try_part(int dirfd, const char *path, short type, off_t start, off_t length) {
        for (;;) {
                _cleanup_close_ int fd = openat(dirfd, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
                struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
                struct stat st;

                if (fd < 0)
                        return negative_errno();
                if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                        return errno == EACCES ? -EAGAIN : negative_errno();
                if (fstat(fd, &st) < 0)
                        return negative_errno();

                /* Somebody may have removed the file between open and lock: then the lock would guard nothing. */
                if (st.st_nlink > 0)
                        return TAKE_FD(fd);
        }
}

int lock_file_try_part(int dirfd, const char *path, off_t start, off_t length) {
        return try_part(dirfd, path, F_WRLCK, start, length);
}

int lock_file_share_part(int dirfd, const char *path, off_t start, off_t length) {
        return try_part(dirfd, path, F_RDLCK, start, length);
}

int lock_file_part_is_held(int fd, off_t start, off_t length) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length };

        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return negative_errno();
        return lock.l_type != F_UNLCK;
}

int lock_file_is_held(int dirfd, const char *path) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fd < 0)
                return errno == ENOENT ? 0 : negative_errno();
        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return negative_errno();
        return lock.l_type != F_UNLCK;
}
