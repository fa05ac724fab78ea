/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fd-util.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

int fd_close(int fd) {
        if (fd >= 0) {
                int saved = errno;

                /* close() must not be repeated on EINTR on Linux: the descriptor is gone either way (close(2)). */
                (void) close(fd);
                errno = saved;
        }
        return -EBADF;
}

void fd_close_many(int *fds, size_t n) {
        for (size_t i = 0; i < n; i++)
                fds[i] = fd_close(fds[i]);
}

int fd_close_others(int first, const int *kept, size_t n) {
        for (;;) {
                int next = -1;

                /* Up to the next one that is kept, and then from behind it. */
                for (size_t i = 0; i < n; i++)
                        if (kept[i] >= first && (next < 0 || kept[i] < next))
                                next = kept[i];
                if (next != first && close_range((unsigned) first, next < 0 ? ~0u : (unsigned) next - 1, 0) < 0)
                        return negative_errno();
                if (next < 0)
                        return 0;
                first = next + 1;
        }
}

int fd_dup(int fd) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        return copy < 0 ? negative_errno() : copy;
}

int fd_write_all(int fd, const void *data, size_t size) {
        const char *p = data;

        while (size > 0) {
                ssize_t n = write(fd, p, size);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return negative_errno();
                }
                p += n;
                size -= (size_t) n;
        }
        return 0;
}

int fd_read_all(int fd, size_t max, char **ret_data, size_t *ret_size) {
        _cleanup_free_ char *data = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (room - size < 2) {
                        char *grown;

                        room = room ? room * 2 : 4096;
                        grown = realloc(data, room);
                        if (!grown)
                                return -ENOMEM;
                        data = grown;
                }

                n = read(fd, data + size, room - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return negative_errno();
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        data[size] = '\0';
        *ret_data = TAKE_PTR(data);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int fd_wait(int fd, short events, uint64_t timeout_usec) {
        struct pollfd pollfd = { .fd = fd, .events = events };
        struct timespec ts = {
                .tv_sec = (time_t) (timeout_usec / USEC_PER_SEC),
                .tv_nsec = (long) (timeout_usec % USEC_PER_SEC) * 1000,
        };
        int r = ppoll(&pollfd, 1, timeout_usec == USEC_INFINITY ? NULL : &ts, NULL);

        return r < 0 ? negative_errno() : r == 0 ? 0 : pollfd.revents;
}

const char *fd_path(int fd, char buffer[static FD_PATH_MAX]) {
        (void) snprintf(buffer, FD_PATH_MAX, "/proc/self/fd/%i", fd);
        return buffer;
}

int fd_from_data(const char *name, const void *data, size_t size) {
        _cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        int r;

        if (fd < 0)
                return negative_errno();

        r = fd_write_all(fd, data, size);
        if (r < 0)
                return r;
        if (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return negative_errno();

        return TAKE_FD(fd);
}
