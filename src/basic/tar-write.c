/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd-util.h"
#include "string-util.h"
#include "tar-format.h"
#include "tar.h"

static const char step[] = "copying";

enum { DEPTH_MAX = 256, CHUNK = 64 * 1024 };

/* A file with several names: the first one was written, others are links to it. */
typedef struct Seen {
        dev_t device;
        ino_t inode;
        char *as;
        struct Seen *next;
} Seen;

typedef struct Writer {
        int fd;
        Seen *seen;
        Error *error;
} Writer;

static int put(Writer *w, const void *data, size_t size) {
        int r = fd_write_all(w->fd, data, size);

        return r < 0 ? error_set_errno(w->error, r, step, "the stream") : 0;
}

static int put_padding(Writer *w, uint64_t size) {
        static const char zeros[TAR_BLOCK];

        return put(w, zeros, (size_t) (tar_padded(size) - size));
}

static void octal(char *field, size_t size, uint64_t value) {
        field[size - 1] = '\0';
        for (size_t i = size - 1; i-- > 0; value >>= 3)
                field[i] = (char) ('0' + (value & 7));
}

static void finish_header(TarHeader *h) {
        memcpy(h->magic, "ustar", sizeof(h->magic));
        memcpy(h->version, "00", sizeof(h->version));
        (void) snprintf(h->checksum, sizeof(h->checksum) - 1, "%06o", tar_checksum(h));
        h->checksum[7] = ' ';
}

/* "LENGTH KEYWORD=VALUE\n", where LENGTH counts itself. */
static int add_record(char **text, const char *keyword, const char *value) {
        size_t rest = strlen(keyword) + strlen(value) + 3, length = rest + 1;
        _cleanup_free_ char *old = *text;

        for (size_t digits = 1, power = 10; length >= power; digits++, power *= 10)
                length = rest + digits + 1;
        *text = str_format("%s%zu %s=%s\n", strempty(old), length, keyword, value);
        return *text ? 0 : -ENOMEM;
}

/* What the header has no room for, in a header of its own before it. */
static int put_pax(Writer *w, const char *as, const char *link, const struct stat *st) {
        const struct {
                const char *keyword;
                uint64_t value, most;
        } numbers[] = {
                { "uid", st->st_uid, 07777777 },
                { "gid", st->st_gid, 07777777 },
                { "size", (uint64_t) st->st_size, 077777777777 },
        };
        TarHeader h = { .type = 'x', .name = "pax" };
        _cleanup_free_ char *text = NULL;
        int r = 0;

        if (strlen(as) >= sizeof(h.name))
                r = add_record(&text, "path", as);
        if (r >= 0 && link && strlen(link) >= sizeof(h.link))
                r = add_record(&text, "linkpath", link);
        for (size_t i = 0; i < ELEMENTSOF(numbers) && r >= 0; i++) {
                char value[32];

                (void) snprintf(value, sizeof(value), "%" PRIu64, numbers[i].value);
                if (numbers[i].value > numbers[i].most)
                        r = add_record(&text, numbers[i].keyword, value);
        }
        if (r < 0)
                return error_oom(w->error);
        if (!text)
                return 0;

        octal(h.mode, sizeof(h.mode), 0644);
        octal(h.uid, sizeof(h.uid), 0);
        octal(h.gid, sizeof(h.gid), 0);
        octal(h.size, sizeof(h.size), strlen(text));
        octal(h.mtime, sizeof(h.mtime), 0);
        finish_header(&h);
        r = put(w, &h, sizeof(h));
        if (r >= 0)
                r = put(w, text, strlen(text));
        return r < 0 ? r : put_padding(w, strlen(text));
}

static int put_header(Writer *w, char type, const char *as, const char *link, const struct stat *st) {
        TarHeader h = { .type = type };
        int r = put_pax(w, as, link, st);

        if (r < 0)
                return r;
        memcpy(h.name, as, strnlen(as, sizeof(h.name) - 1));
        if (link)
                memcpy(h.link, link, strnlen(link, sizeof(h.link) - 1));
        octal(h.mode, sizeof(h.mode), st->st_mode & 07777);
        octal(h.uid, sizeof(h.uid), st->st_uid > 07777777 ? 0 : st->st_uid);
        octal(h.gid, sizeof(h.gid), st->st_gid > 07777777 ? 0 : st->st_gid);
        octal(h.size, sizeof(h.size), type == '0' && (uint64_t) st->st_size <= 077777777777 ? (uint64_t) st->st_size : 0);
        octal(h.mtime, sizeof(h.mtime), st->st_mtime > 0 ? (uint64_t) st->st_mtime : 0);
        if (type == '3' || type == '4') {
                octal(h.major, sizeof(h.major), major(st->st_rdev));
                octal(h.minor, sizeof(h.minor), minor(st->st_rdev));
        }
        finish_header(&h);
        return put(w, &h, sizeof(h));
}

/* Exactly as much as the header said, whatever becomes of the file meanwhile. */
static int put_content(Writer *w, int fd, uint64_t size, const char *as) {
        _cleanup_free_ char *chunk = malloc(CHUNK);
        uint64_t left = size;

        if (!chunk)
                return error_oom(w->error);
        while (left > 0) {
                ssize_t n = read(fd, chunk, left < CHUNK ? left : CHUNK);
                int r;

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return error_set(w->error, ERROR_FAILED, n < 0 ? errno : EIO, step, as,
                                         n < 0 ? NULL : "it became shorter");
                r = put(w, chunk, (size_t) n);
                if (r < 0)
                        return r;
                left -= (uint64_t) n;
        }
        return put_padding(w, size);
}

static const Seen *find_seen(const Writer *w, const struct stat *st) {
        for (const Seen *s = w->seen; s; s = s->next)
                if (s->device == st->st_dev && s->inode == st->st_ino)
                        return s;
        return NULL;
}

static int write_file(Writer *w, int dirfd, const char *name, const char *as) {
        _cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        const Seen *first;
        struct stat st;
        Seen *seen;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set_errno(w->error, negative_errno(), step, as);
        if (!S_ISREG(st.st_mode))
                return 0;
        first = st.st_nlink > 1 ? find_seen(w, &st) : NULL;
        if (first)
                return put_header(w, '1', as, first->as,
                                  &(struct stat){ .st_mode = st.st_mode,
                                                  .st_uid = st.st_uid,
                                                  .st_gid = st.st_gid,
                                                  .st_mtime = st.st_mtime });
        if (st.st_nlink > 1) {
                seen = calloc(1, sizeof(Seen));
                if (!seen)
                        return error_oom(w->error);
                *seen = (Seen){ .device = st.st_dev, .inode = st.st_ino, .as = strdup(as), .next = w->seen };
                w->seen = seen;
                if (!seen->as)
                        return error_oom(w->error);
        }
        r = put_header(w, '0', as, NULL, &st);
        return r < 0 ? r : put_content(w, fd, (uint64_t) st.st_size, as);
}

static int write_link(Writer *w, int dirfd, const char *name, const char *as, const struct stat *st) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(dirfd, name, target, sizeof(target) - 1);
        struct stat empty = *st;

        if (n < 0)
                return error_set_errno(w->error, negative_errno(), step, as);
        target[n] = '\0';
        empty.st_size = 0;
        return put_header(w, '2', as, target, &empty);
}

static int write_any(Writer *w, int dirfd, const char *name, const char *as, unsigned depth);

static int write_directory(Writer *w, int dirfd, const char *name, const char *as, const struct stat *st, unsigned depth) {
        _cleanup_free_ char *with_slash = str_format("%s/", as);
        struct stat empty = *st;
        struct dirent *entry;
        int fd, r;
        DIR *list;

        if (!with_slash)
                return error_oom(w->error);
        if (depth >= DEPTH_MAX)
                return error_set(w->error, ERROR_LIMIT_REACHED, ELOOP, step, as, "it is too deep");
        empty.st_size = 0;
        r = put_header(w, '5', with_slash, NULL, &empty);
        if (r < 0)
                return r;

        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        list = fd >= 0 ? fdopendir(fd) : NULL;
        if (!list) {
                r = error_set_errno(w->error, negative_errno(), step, as);
                (void) fd_close(fd);
                return r;
        }
        while (r >= 0 && (entry = readdir(list))) {
                _cleanup_free_ char *below = NULL;

                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                below = str_format("%s/%s", as, entry->d_name);
                r = below ? write_any(w, fd, entry->d_name, below, depth + 1) : error_oom(w->error);
        }
        (void) closedir(list);
        return r;
}

static int write_any(Writer *w, int dirfd, const char *name, const char *as, unsigned depth) {
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                /* One that went away meanwhile; what was asked for itself has to be there. */
                return depth > 0 && errno == ENOENT ? 0 : error_set_errno(w->error, negative_errno(), step, as);

        switch (st.st_mode & S_IFMT) {
        case S_IFREG: return write_file(w, dirfd, name, as);
        case S_IFDIR: return write_directory(w, dirfd, name, as, &st, depth);
        case S_IFLNK: return write_link(w, dirfd, name, as, &st);
        case S_IFIFO: return put_header(w, '6', as, NULL, &st);
        case S_IFCHR: return put_header(w, '3', as, NULL, &st);
        case S_IFBLK: return put_header(w, '4', as, NULL, &st);
        default:      return 0;
        }
}

int tar_write(int fd, int dirfd, const char *name, const char *as, Error *error) {
        Writer w = { .fd = fd, .error = error };
        int r = write_any(&w, dirfd, name, as, 0);

        while (w.seen) {
                Seen *seen = w.seen;

                w.seen = seen->next;
                free(seen->as);
                free(seen);
        }
        return r;
}

int tar_write_end(int fd, Error *error) {
        static const char end[2 * TAR_BLOCK];
        int r = fd_write_all(fd, end, sizeof(end));

        return r < 0 ? error_set_errno(error, r, step, "the stream") : 0;
}
