/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "range.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-pass.h"
#include "fd-util.h"
#include "file-util.h"
#include "lock-file.h"
#include "string-util.h"

enum { SLOT_NAME_MAX = sizeof("4294967295"), SLOTS_MAX = 256 };

static const char step[] = "taking a range of user ids";

static int open_directory(const char *path, Error *error) {
        int fd, r;

        r = directory_make(path, 0755);
        if (r < 0)
                return error_set_errno(error, r, step, path);

        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_set_errno(error, negative_errno(), step, path) : fd;
}

static const char *slot_name(uint32_t slot, char buffer[static SLOT_NAME_MAX]) {
        (void) snprintf(buffer, SLOT_NAME_MAX, "%" PRIu32, slot);
        return buffer;
}

/*
 * Locks LENGTH ids from FIRST of a slot. systemd's locks are of the same kind (F_OFD_SETLK), so they see each other;
 * and nspawn removes its file when it ends. -EAGAIN where somebody holds one of the ids, or has joined a user namespace
 * with ids of the slot: those hold what comes behind the ids.
 */
static int slot_lock(int directory, uint32_t slot, uint32_t first, uint32_t length) {
        char name[SLOT_NAME_MAX];
        _cleanup_close_ int fd = lock_file_try_part(directory, slot_name(slot, name), first, length);
        int r;

        if (fd < 0)
                return TAKE_FD(fd);
        r = lock_file_part_is_held(fd, USER_NAMESPACE_COUNT, 0);
        return r < 0 ? r : r > 0 ? -EAGAIN : TAKE_FD(fd);
}

/* Says that ids of the slot are in use, whoever has them. */
static int slot_join(int directory, uint32_t slot) {
        char name[SLOT_NAME_MAX];

        return lock_file_share_part(directory, slot_name(slot, name), USER_NAMESPACE_COUNT, 1);
}

/* How many ids from 0 on we have ourselves: all, or in a machine those of its map (user_namespaces(7)). */
static uint64_t ids_at_hand(void) {
        _cleanup_free_ char *line = NULL;
        uint64_t inside, outside, count;

        if (file_read_line(AT_FDCWD, "/proc/self/uid_map", &line) < 0 ||
            sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &count) != 3 || inside != 0)
                return UINT32_MAX;
        return count;
}

int range_pick(const char *directory, const char *seed, UserNamespace *ret, int *ret_lock, Error *error) {
        const uint64_t end = ids_at_hand(), last = end > USER_NAMESPACE_LAST ? USER_NAMESPACE_LAST : end - USER_NAMESPACE_COUNT;
        _cleanup_close_ int fd = open_directory(directory, error);
        uint32_t slots, start;

        if (fd < 0)
                return fd;
        if (end < USER_NAMESPACE_FIRST + USER_NAMESPACE_COUNT)
                return error_set(error, ERROR_NO_RANGE, ERANGE, step, NULL,
                                 "this host is a machine itself and has only the ids below %" PRIu64
                                 "; give it more (--private-users=BASE:%" PRIu32
                                 " on its host), or use --private-users=identity here",
                                 end, USER_NAMESPACE_FIRST + 16 * USER_NAMESPACE_COUNT);
        slots = (uint32_t) ((last - USER_NAMESPACE_FIRST) / USER_NAMESPACE_COUNT + 1);
        start = (uint32_t) (str_hash(seed) % slots);

        for (uint32_t i = 0; i < slots; i++) {
                uint32_t base = USER_NAMESPACE_FIRST + (start + i) % slots * USER_NAMESPACE_COUNT;
                int lock = slot_lock(fd, base, 0, USER_NAMESPACE_COUNT);

                if (lock == -EAGAIN)
                        continue;
                if (lock < 0)
                        return error_set_errno(error, lock, step, directory);

                *ret = (UserNamespace){ .mode = USER_NAMESPACE_FIXED, .base = base, .count = USER_NAMESPACE_COUNT };
                *ret_lock = lock;
                return 0;
        }

        return error_set(error, ERROR_NO_RANGE, EBUSY, step, NULL,
                         "all %" PRIu32 " ranges between %" PRIu32 " and %" PRIu64 " are in use", slots, USER_NAMESPACE_FIRST,
                         last + USER_NAMESPACE_COUNT - 1);
}

/*
 * One descriptor that keeps N others open: the end of a socket in which they lie unread (unix(7), SCM_RIGHTS).
 * Whoever holds it holds all the locks, and they go with it.
 */
static int bundle(const int *fds, size_t n) {
        _cleanup_close_ int keep = -EBADF, fill = -EBADF;
        int pair[2];

        if (n == 1)
                return fd_dup(fds[0]);

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
                return negative_errno();
        keep = pair[0];
        fill = pair[1];

        for (size_t i = 0; i < n; i += FD_PASS_MAX) {
                int r = fd_pass_send(fill, "", 1, fds + i, n - i < FD_PASS_MAX ? n - i : FD_PASS_MAX);

                if (r < 0)
                        return r;
        }
        return TAKE_FD(keep);
}

typedef struct Slots {
        int fds[SLOTS_MAX];
        size_t n;
} Slots;

static void slots_done(Slots *slots) {
        fd_close_many(slots->fds, slots->n);
}

/* The part of a range that lies in the slot which ID is in: its first id there and how many. */
static uint32_t part_in_slot(const UserNamespace *range, uint32_t id, uint32_t *ret_length) {
        uint32_t first = id % USER_NAMESPACE_COUNT, left = range->base + range->count - id;

        *ret_length = left < USER_NAMESPACE_COUNT - first ? left : USER_NAMESPACE_COUNT - first;
        return first;
}

static int lock_slots(int directory, const UserNamespace *range, bool join, Slots *slots, Error *error) {
        uint32_t length;

        for (uint32_t id = range->base; id < range->base + range->count; id += length) {
                uint32_t first = part_in_slot(range, id, &length);
                int fd;

                if (slots->n >= SLOTS_MAX)
                        return error_set(error, ERROR_INVALID_VALUE, ERANGE, step, NULL, "at most %" PRIu32 " ids can be taken",
                                         (SLOTS_MAX - 1) * USER_NAMESPACE_COUNT);

                fd = join ? slot_join(directory, id - first) : slot_lock(directory, id - first, first, length);
                if (fd == -EAGAIN)
                        return error_set(error, ERROR_NO_RANGE, EBUSY, step, NULL,
                                         "ids %" PRIu32 " to %" PRIu32 " are in use by another machine", id, id + length - 1);
                if (fd < 0)
                        return error_set_errno(error, fd, step, NULL);
                slots->fds[slots->n++] = fd;
        }
        return 0;
}

static int lock_or_join(const char *directory, const UserNamespace *ranges, size_t n, bool join, int *ret_lock, Error *error) {
        _cleanup_close_ int fd = open_directory(directory, error);
        _cleanup_(slots_done) Slots slots = {};
        int r = 0;

        if (fd < 0)
                return fd;
        for (size_t i = 0; i < n && r >= 0; i++) {
                assert(ranges[i].count > 0 && ranges[i].count <= UINT32_MAX - ranges[i].base);
                r = lock_slots(fd, &ranges[i], join, &slots, error);
        }
        if (r < 0)
                return r;

        r = bundle(slots.fds, slots.n);
        if (r < 0)
                return error_set_errno(error, r, step, NULL);
        *ret_lock = r;
        return 0;
}

int range_lock(const char *directory, const UserNamespace *range, int *ret_lock, Error *error) {
        return lock_or_join(directory, range, 1, /* join= */ false, ret_lock, error);
}

int range_lock_all(const char *directory, const UserNamespace *ranges, size_t n, int *ret_lock, Error *error) {
        return lock_or_join(directory, ranges, n, /* join= */ false, ret_lock, error);
}

int range_join(const char *directory, const UserNamespace *range, int *ret_lock, Error *error) {
        /* Nobody has it any more: then it is ours. */
        if (range_lock(directory, range, ret_lock, NULL) >= 0)
                return 0;
        return lock_or_join(directory, range, 1, /* join= */ true, ret_lock, error);
}

void range_sweep(const char *directory, const UserNamespace *range) {
        _cleanup_close_ int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char name[SLOT_NAME_MAX];
        uint32_t length;

        for (uint32_t id = range->base; fd >= 0 && id < range->base + range->count; id += length) {
                uint32_t first = part_in_slot(range, id, &length);
                _cleanup_close_ int lock = slot_lock(fd, id - first, 0, USER_NAMESPACE_COUNT);

                /* Under the lock: whoever opened it before sees that it is removed, and makes a new one. */
                if (lock >= 0)
                        (void) unlinkat(fd, slot_name(id - first, name), 0);
        }
}
