/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hosts.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "lock-file.h"
#include "network-config.h"
#include "pool.h"
#include "spec-json.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "writing the machine's /etc/hosts";

bool hosts_are_shared(const Spec *spec) {
        return spec->link.network && !streq(spec->link.network, NETWORK_DEFAULT);
}

bool hosts_are_shown(const Spec *spec) {
        return (spec->link.network && !spec->boot) || hosts_are_shared(spec) || spec->add_host;
}

char *hosts_path(const Spec *spec) {
        return str_format(BERTH_RUN_DIR "/machines/%s/hosts", spec->name);
}

/* Text */

static void print_address(FILE *f, const char *prefix, const char *name, const char *alias) {
        if (prefix)
                fprintf(f, "%.*s\t%s%s%s\n", (int) strcspn(prefix, "/"), prefix, name, alias ? " " : "", strempty(alias));
}

static void print_machine(FILE *f, const Spec *spec, bool own) {
        const char *alias = own && spec->hostname && !streq(spec->hostname, spec->name) ? spec->hostname : NULL;

        print_address(f, spec->link.address, spec->name, alias);
        print_address(f, spec->link.address6, spec->name, alias);
}

/* NAME:ADDRESS, with docker's word for the host. */
static void print_added(FILE *f, const Spec *spec, const char *entry) {
        size_t n = strcspn(entry, ":");
        const char *address = entry + n + 1;

        if (!streq(address, "host-gateway")) {
                fprintf(f, "%s\t%.*s\n", address, (int) n, entry);
                return;
        }
        if (spec->link.gateway)
                fprintf(f, "%s\t%.*s\n", spec->link.gateway, (int) n, entry);
        if (spec->link.gateway6)
                fprintf(f, "%s\t%.*s\n", spec->link.gateway6, (int) n, entry);
}

char *hosts_render(const Spec *spec, const char *host_file, char *const *others) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        /* With the host's network, what is called so there is called so in the machine. */
        fputs(host_file ? host_file : "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n", f);
        print_machine(f, spec, /* own= */ true);
        STRV_FOREACH(entry, spec->add_host)
                print_added(f, spec, *entry);
        STRV_FOREACH(line, others)
                fputs(*line, f);
        return fclose(f) == 0 ? text : (free(text), NULL);
}

/* Who is there */

typedef struct Neighbours {
        Spec **specs;
        char **lines;            /* one for each, both families in it */
        size_t n;
} Neighbours;

static void neighbours_done(Neighbours *all) {
        for (size_t i = 0; i < all->n; i++)
                spec_free(all->specs[i]);
        free(all->specs);
        strv_free(all->lines);
}
#define _cleanup_neighbours_ _cleanup_(neighbours_done)

static char *line_of(const Spec *spec) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        print_machine(f, spec, /* own= */ false);
        return fclose(f) == 0 ? text : (free(text), NULL);
}

/* Takes SPEC over. */
static int add_neighbour(Neighbours *all, Spec *spec) {
        Spec **grown = reallocarray(all->specs, all->n + 1, sizeof(*grown));

        if (!grown) {
                spec_free(spec);
                return -ENOMEM;
        }
        all->specs = grown;
        grown[all->n++] = spec;
        return strv_consume(&all->lines, line_of(spec));
}

/* One that lives and is on NETWORK, or with NULL on any that has names. */
static int look_at(int machines, const char *name, const char *network, Neighbours *all) {
        _cleanup_free_ char *lock = str_format("%s/lock", name), *path = str_format("%s/spec.json", name), *text = NULL;
        _cleanup_spec_ Spec *spec = NULL;

        if (!lock || !path)
                return -ENOMEM;
        if (lock_file_is_held(machines, lock) <= 0 || file_read_at(machines, path, FILE_MAX_DEFAULT, &text, NULL) < 0)
                return 0;
        /* Reading it as JSON takes much longer than seeing that the network is not even mentioned. */
        if (network && !strstr(text, network))
                return 0;
        if (spec_from_json(text, &spec, NULL) < 0 || !hosts_are_shared(spec) || (network && !streq(spec->link.network, network)))
                return 0;
        return add_neighbour(all, TAKE_PTR(spec));
}

static int find_neighbours(const char *network, const char *leaving, Neighbours *ret) {
        DIR *stream = opendir(BERTH_RUN_DIR "/machines");
        struct dirent *item;
        int r = 0;

        if (!stream)
                return negative_errno();
        while (r >= 0 && (item = readdir(stream)))
                if (item->d_name[0] != '.' && !(leaving && streq(item->d_name, leaving)))
                        r = look_at(dirfd(stream), item->d_name, network, ret);
        (void) closedir(stream);
        return r;
}

/* Files */

/*
 * One after the other: what a later one writes is from a later look at the registry. A lock of its own on the file of the lock of
 * all networks (flock(2) and this kind know nothing of each other): that one is needed for things that take less time.
 */
static int lock_names(void) {
        _cleanup_close_ int directory = pool_open_directory(POOL_DIRECTORY);
        _cleanup_close_ int fd = directory < 0 ? directory
                                               : openat(directory, ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fd < 0)
                return directory < 0 ? directory : negative_errno();
        while (fcntl(fd, F_OFD_SETLKW, &all) < 0)
                if (errno != EINTR)
                        return negative_errno();
        return TAKE_FD(fd);
}

/* In place, since the machine shows this inode: the text first, in one piece, then what was longer before is cut off. */
static int write_text(int fd, const char *text) {
        size_t size = strlen(text);
        ssize_t n = pwrite(fd, text, size, 0);

        if (n < 0)
                return negative_errno();
        if ((size_t) n != size)
                return -EIO;
        return ftruncate(fd, (off_t) size) < 0 ? negative_errno() : 0;
}

static int write_hosts(const Spec *spec, int flags, const char *host_file, const Neighbours *all) {
        _cleanup_strv_free_ char **others = NULL;
        _cleanup_free_ char *path = hosts_path(spec), *text = NULL;
        _cleanup_close_ int fd = -EBADF;

        for (size_t i = 0; i < all->n; i++)
                if (streq(all->specs[i]->link.network, strempty(spec->link.network)) && !streq(all->specs[i]->name, spec->name) &&
                    strv_append(&others, all->lines[i]) < 0)
                        return -ENOMEM;
        text = hosts_render(spec, host_file, others);
        if (!path || !text)
                return -ENOMEM;

        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
        if (fd < 0)
                return negative_errno();
        /* Whatever our umask is, the machine's users read it. */
        if (flags & O_CREAT && fchmod(fd, 0644) < 0)
                return negative_errno();
        return write_text(fd, text);
}

int hosts_make(const Spec *spec, Error *error) {
        _cleanup_neighbours_ Neighbours all = {};
        _cleanup_close_ int lock = -EBADF;
        _cleanup_free_ char *host_file = NULL;
        int r = 0;

        if (hosts_are_shared(spec)) {
                lock = lock_names();
                r = lock < 0 ? lock : find_neighbours(spec->link.network, NULL, &all);
        }
        if (r >= 0 && spec->network.mode == NETWORK_HOST)
                r = file_read_at(AT_FDCWD, "/etc/hosts", FILE_MAX_DEFAULT, &host_file, NULL);
        if (r == -ENOENT)
                r = 0;
        if (r >= 0)
                r = write_hosts(spec, O_CREAT, host_file, &all);
        return r < 0 ? error_set_errno(error, r, step, spec->name) : 0;
}

static void tell(const char *network, const char *leaving) {
        _cleanup_neighbours_ Neighbours all = {};
        _cleanup_close_ int lock = lock_names();

        if (lock < 0 || find_neighbours(network, leaving, &all) < 0)
                return;
        /* One that has none yet makes it from the same registry, and one that has none any more needs none. */
        for (size_t i = 0; i < all.n; i++)
                (void) write_hosts(all.specs[i], 0, NULL, &all);
}

void hosts_tell(const Spec *spec, bool leaving) {
        if (hosts_are_shared(spec))
                tell(spec->link.network, leaving ? spec->name : NULL);
}

void hosts_tell_all(void) {
        tell(NULL, NULL);
}
