/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "store.h"
#include "string-util.h"
#include "strv.h"
#include "subnet.h"

static const char step[] = "taking an address of the network";

int pool_open_directory(const char *path) {
        int fd, r = directory_make(path, 0700);

        if (r < 0)
                return r;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? negative_errno() : fd;
}

/* Locks */

/* IPv6 has a half of all offsets to itself; of its 64 bits the upper two are dropped. */
static off_t lock_offset(const IpAddress *a) {
        uint64_t number = ip_number(a);

        return (off_t) (a->family == AF_INET ? number : UINT64_C(1) << 62 | (number & ((UINT64_C(1) << 62) - 1)));
}

/* LENGTH 0 is all of it. -EAGAIN where somebody holds a part. */
static int lock_part(int fd, off_t start, off_t length) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = length };

        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
                return errno == EACCES ? -EAGAIN : negative_errno();
        return 0;
}

static int unlock_part(int fd, off_t start) {
        struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = 1 };

        return fcntl(fd, F_OFD_SETLK, &lock) < 0 ? negative_errno() : 0;
}

/* Whether somebody holds all of it: then it is being forgotten, and will be gone at once. */
static bool is_being_forgotten(int fd) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        return fcntl(fd, F_OFD_GETLK, &lock) >= 0 && lock.l_type != F_UNLCK && lock.l_start == 0 && lock.l_len == 0;
}

static bool is_linked(int fd) {
        struct stat st;

        return fstat(fd, &st) >= 0 && st.st_nlink > 0;
}

/* The files */

static int open_network(int directory, const char *name) {
        int fd = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

        return fd < 0 ? negative_errno() : fd;
}

static int read_config(int fd, NetworkConfig *ret, Error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_set_errno(error, negative_errno(), "reading the network", NULL);
        r = fd_read_all(fd, FILE_MAX_DEFAULT, &text, NULL);
        return r < 0 ? error_set_errno(error, r, "reading the network", NULL) : network_config_from_json(text, ret, error);
}

int pool_read(int directory, const char *name, NetworkConfig *ret, Error *error) {
        _cleanup_close_ int fd = open_network(directory, name);

        return fd < 0 ? fd : read_config(fd, ret, error);
}

int pool_list(int directory, char ***names) {
        int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return r;
        }
        while (r >= 0 && (item = readdir(stream)))
                if (item->d_name[0] != '.')
                        r = strv_append(names, item->d_name);
        (void) closedir(stream);
        return r;
}

char *pool_find_overlap(int directory, const IpAddress *subnet) {
        _cleanup_strv_free_ char **names = NULL;

        if (pool_list(directory, &names) < 0)
                return NULL;
        STRV_FOREACH(name, names) {
                _cleanup_network_config_ NetworkConfig other = {};

                if (pool_read(directory, *name, &other, NULL) >= 0 &&
                    (ip_overlap(&other.subnet, subnet) || ip_overlap(&other.subnet6, subnet)))
                        return strdup(*name);
        }
        return NULL;
}

/* Where the networks are that have addresses already. */
typedef struct Others {
        int directory;
        const char *state;
} Others;

static bool is_in_use(const IpAddress *subnet, void *userdata) {
        const Others *others = userdata;
        _cleanup_free_ char *used = pool_find_overlap(others->directory, subnet),
                            *kept = used || !others->state ? NULL : store_find_overlap(others->state, subnet);

        return used || kept;
}

/* Appears with all that it says, or not at all: who comes second uses what the first one wrote. */
static int make_network(int directory, const NetworkConfig *wanted, const char *state, Error *error) {
        Others others = { directory, state };
        NetworkConfig config = *wanted; /* its name is borrowed */
        _cleanup_free_ char *text = NULL, *temporary = str_format(".%s.%i", wanted->name, gettid());
        int r = subnet_pick(&config, is_in_use, &others, error);

        if (r < 0)
                return r;
        r = temporary ? network_config_to_json(&config, &text) : -ENOMEM;
        if (r >= 0)
                r = file_replace_at(directory, temporary, text, strlen(text), 0600);
        if (r >= 0 && linkat(directory, temporary, directory, wanted->name, 0) < 0 && errno != EEXIST)
                r = negative_errno();
        if (temporary)
                (void) unlinkat(directory, temporary, 0);
        return r < 0 ? error_set_errno(error, r, step, wanted->name) : 0;
}

static int open_or_make_network(int directory, const NetworkConfig *wanted, const char *state, Error *error) {
        for (;;) {
                int fd = open_network(directory, wanted->name), r;

                if (fd != -ENOENT)
                        return fd < 0 ? error_set_errno(error, fd, step, wanted->name) : fd;
                r = make_network(directory, wanted, state, error);
                if (r < 0)
                        return r;
        }
}

/* Addresses */

static int taken(const NetworkConfig *config, const IpAddress *a, const char *why, Error *error) {
        char buffer[IP_TEXT_MAX];

        return error_set(error, ERROR_ADDRESS_TAKEN, EADDRINUSE, step, config->name, "%s %s", ip_format(a, buffer), why);
}

/* One that was asked for must be a station's in this subnet. With the subnet's prefix length then. */
static int check_wish(const NetworkConfig *config, const IpAddress *subnet, const IpAddress *gateway, IpAddress *a,
                      Error *error) {
        char buffer[IP_TEXT_MAX], range[IP_TEXT_MAX];
        uint64_t number;

        if (!ip_is_set(a))
                return 0;
        if (!ip_overlap(subnet, a))
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, config->name, "%s is not in %s", ip_format(a, buffer),
                                 ip_is_set(subnet) ? ip_format_prefix(subnet, range) : "it, since it has no such addresses");
        a->prefix = subnet->prefix;
        number = ip_number(a);
        if (number == 0 || (a->family == AF_INET && number == ip_count(subnet) - 1) || ip_equal(a, gateway))
                return taken(config, a, "is the network's own", error);
        return 0;
}

/* Both, or none. -EAGAIN where one is leased. */
static int lock_pair(int fd, const IpAddress *a, const IpAddress *b) {
        int r = ip_is_set(a) ? lock_part(fd, lock_offset(a), 1) : 0;

        if (r < 0 || !ip_is_set(b))
                return r;
        r = lock_part(fd, lock_offset(b), 1);
        if (r < 0 && ip_is_set(a))
                (void) unlock_part(fd, lock_offset(a));
        return r;
}

/* The same number in both families, where both are free to choose. */
static int take_any(int fd, const NetworkConfig *config, const PoolWish *wish, PoolLease *lease) {
        const IpAddress *smaller = ip_is_set(&config->subnet) && !ip_is_set(&wish->address) ? &config->subnet : &config->subnet6;
        uint64_t count = ip_count(smaller), begin;

        /* Neither the network's own address nor, in IPv4, that of all of it. */
        if (count < 4)
                return -ENOSPC;
        count -= 2;
        begin = str_hash(wish->seed) % count;

        for (uint64_t i = 0; i < count; i++) {
                uint64_t number = 1 + (begin + i) % count;
                int r;

                lease->address = wish->address;
                lease->address6 = wish->address6;
                if (ip_is_set(&config->subnet) && !ip_is_set(&wish->address))
                        lease->address = ip_nth(&config->subnet, number);
                if (ip_is_set(&config->subnet6) && !ip_is_set(&wish->address6))
                        lease->address6 = ip_nth(&config->subnet6, number);
                if (ip_equal(&lease->address, &config->gateway) || ip_equal(&lease->address6, &config->gateway6))
                        continue;

                r = lock_pair(fd, &lease->address, &lease->address6);
                if (r != -EAGAIN)
                        return r;
        }
        return -ENOSPC;
}

static bool wants_any(const NetworkConfig *config, const PoolWish *wish) {
        return (ip_is_set(&config->subnet) && !ip_is_set(&wish->address)) ||
               (ip_is_set(&config->subnet6) && !ip_is_set(&wish->address6));
}

static int take_wished(int fd, const NetworkConfig *config, PoolWish *wish, PoolLease *lease, Error *error) {
        int r = check_wish(config, &config->subnet, &config->gateway, &wish->address, error);

        if (r >= 0)
                r = check_wish(config, &config->subnet6, &config->gateway6, &wish->address6, error);
        if (r < 0)
                return r;

        /* Those that were named first, so that the error says which one it is. */
        r = ip_is_set(&wish->address) ? lock_part(fd, lock_offset(&wish->address), 1) : 0;
        if (r == -EAGAIN)
                return taken(config, &wish->address, "is another machine's", error);
        if (r >= 0 && ip_is_set(&wish->address6))
                r = lock_part(fd, lock_offset(&wish->address6), 1);
        if (r == -EAGAIN)
                return taken(config, &wish->address6, "is another machine's", error);

        lease->address = wish->address;
        lease->address6 = wish->address6;
        if (r >= 0 && wants_any(config, wish))
                r = take_any(fd, config, wish, lease);
        if (r == -ENOSPC)
                return error_set(error, ERROR_NO_RANGE, ENOSPC, step, config->name, "all of its addresses are in use");
        return r < 0 ? error_set_errno(error, r, step, config->name) : 0;
}

int pool_take(int directory, const NetworkConfig *wanted, const PoolWish *wish, NetworkConfig *ret_config, PoolLease *ret,
              Error *error) {
        for (;;) {
                _cleanup_close_ int fd = open_or_make_network(directory, wanted, wish->state, error);
                _cleanup_network_config_ NetworkConfig config = {};
                _cleanup_error_ Error trouble = ERROR_NULL;
                PoolWish want = *wish;
                PoolLease lease = {};
                int r;

                if (fd < 0)
                        return fd;
                r = read_config(fd, &config, error);
                if (r < 0)
                        return r;
                r = take_wished(fd, &config, &want, &lease, &trouble);
                /* Somebody forgets it right now: the next round makes a new one. */
                if (!is_linked(fd) || is_being_forgotten(fd)) {
                        (void) sched_yield();
                        continue;
                }
                if (r < 0)
                        return error_set(error, trouble.kind, -r, step, wanted->name, "%s",
                                         trouble.reason ? trouble.reason : errno_text(r));

                lease.lock = TAKE_FD(fd);
                *ret = lease;
                *ret_config = config;
                config = (NetworkConfig){};
                return 0;
        }
}

int pool_is_leased(int directory, const char *name) {
        _cleanup_close_ int fd = open_network(directory, name);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
                return negative_errno();
        return lock.l_type != F_UNLCK;
}

int pool_forget(int directory, const char *name) {
        _cleanup_close_ int fd = open_network(directory, name);
        int r;

        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;
        r = lock_part(fd, 0, 0);
        if (r < 0)
                return r == -EAGAIN ? -EBUSY : r;
        return unlinkat(directory, name, 0) < 0 ? negative_errno() : 1;
}
