/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "fd-util.h"
#include "kernel.h"
#include "parse-util.h"
#include "string-util.h"
#include "strv.h"
#include "tar-format.h"
#include "tar.h"

static const char step[] = "extracting";

enum { TEXT_MAX = 1024 * 1024, CHUNK = 64 * 1024 };

typedef struct Reader {
        int fd;
        int root;
        const char *rename;
        TarFlags flags;
        Error *error;

        /* Of the next entry, as headers before it say. */
        char *path, *link;
        uint64_t size, uid, gid;
        bool has_size, has_uid, has_gid;
} Reader;

static int malformed(Reader *r, const char *what) {
        return error_set(r->error, ERROR_INVALID_VALUE, EBADMSG, step, "the stream", "%s", what);
}

/* Exactly SIZE bytes. 0 at the end of the stream, where that is before the first. */
static int get(Reader *r, void *data, size_t size) {
        size_t done = 0;

        while (done < size) {
                ssize_t n = read(r->fd, (char *) data + done, size - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return error_set_errno(r->error, negative_errno(), step, "the stream");
                if (n == 0)
                        return done == 0 ? 0 : malformed(r, "it ends in the middle");
                done += (size_t) n;
        }
        return 1;
}

static int skip(Reader *r, uint64_t size) {
        char block[TAR_BLOCK];

        for (uint64_t left = size; left > 0;) {
                size_t n = left < sizeof(block) ? (size_t) left : sizeof(block);
                int q = get(r, block, n);

                if (q <= 0)
                        return q < 0 ? q : malformed(r, "it ends in the middle");
                left -= n;
        }
        return 0;
}

/* Octal digits, or with its first bit set a big number (GNU's base-256). */
static uint64_t number(const char *field, size_t size) {
        uint64_t value = 0;

        if (field[0] & 0x80) {
                for (size_t i = 1; i < size; i++)
                        value = value << 8 | (unsigned char) field[i];
                return value;
        }
        for (size_t i = 0; i < size && field[i]; i++)
                if (field[i] >= '0' && field[i] <= '7')
                        value = value << 3 | (uint64_t) (field[i] - '0');
        return value;
}

static int read_text(Reader *r, uint64_t size, char **ret) {
        _cleanup_free_ char *text = NULL;
        int q;

        if (size > TEXT_MAX)
                return malformed(r, "a header is too big");
        text = malloc(size + 1);
        if (!text)
                return error_oom(r->error);
        q = size > 0 ? get(r, text, size) : 1;
        if (q <= 0)
                return q < 0 ? q : malformed(r, "it ends in the middle");
        text[size] = '\0';
        q = skip(r, tar_padded(size) - size);
        if (q < 0)
                return q;
        *ret = TAKE_PTR(text);
        return 0;
}

static int take_record(Reader *r, const char *keyword, const char *value) {
        const struct {
                const char *keyword;
                uint64_t *value;
                bool *has;
        } numbers[] = { { "size", &r->size, &r->has_size }, { "uid", &r->uid, &r->has_uid }, { "gid", &r->gid, &r->has_gid } };

        if (streq(keyword, "path"))
                return str_replace(&r->path, value);
        if (streq(keyword, "linkpath"))
                return str_replace(&r->link, value);
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (streq(keyword, numbers[i].keyword)) {
                        *numbers[i].has = true;
                        return parse_u64(value, numbers[i].value);
                }
        return 0;
}

static int read_pax(Reader *r, uint64_t size) {
        _cleanup_free_ char *text = NULL;
        int q = read_text(r, size, &text);

        for (char *p = text; q >= 0 && p && *p;) {
                char *end, *keyword, *equals;
                unsigned long length = strtoul(p, &end, 10);

                if (end == p || *end != ' ' || length < 4 || length > size - (uint64_t) (p - text) || p[length - 1] != '\n')
                        return malformed(r, "a record of a pax header is damaged");
                keyword = end + 1;
                p[length - 1] = '\0';
                equals = strchr(keyword, '=');
                if (!equals)
                        return malformed(r, "a record of a pax header is damaged");
                *equals = '\0';
                if (take_record(r, keyword, equals + 1) < 0)
                        return malformed(r, "a record of a pax header is damaged");
                p += length;
        }
        return q;
}

static void forget(Reader *r) {
        free(r->path);
        free(r->link);
        r->path = r->link = NULL;
        r->has_size = r->has_uid = r->has_gid = false;
}

/* Opens the directory that PARTS but the last lead to, and makes what is missing of it. */
static int open_parent(Reader *r, char *const *parts, size_t n) {
        int fd = openat(r->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        fd = fd < 0 ? negative_errno() : fd;
        for (size_t i = 0; i + 1 < n && fd >= 0; i++) {
                int next;

                if (mkdirat(fd, parts[i], 0755) < 0 && errno != EEXIST)
                        next = negative_errno();
                else
                        next = kernel_openat2(fd, parts[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0,
                                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
                (void) fd_close(fd);
                fd = next;
        }
        return fd;
}

static int split_path(Reader *r, const char *path, char ***ret) {
        _cleanup_strv_free_ char **parts = NULL, **whole = NULL;

        if (strv_split(path, "/", &parts) < 0)
                return error_oom(r->error);
        STRV_FOREACH(part, parts) {
                if (streq(*part, "."))
                        continue;
                if (streq(*part, ".."))
                        return malformed(r, "a name in it leads out of the directory");
                if (strv_append(&whole, !whole && r->rename ? r->rename : *part) < 0)
                        return error_oom(r->error);
        }
        *ret = TAKE_PTR(whole);
        return 0;
}

static int write_content(Reader *r, int fd, uint64_t size) {
        _cleanup_free_ char *chunk = malloc(CHUNK);
        uint64_t left = size;
        int q = chunk ? 0 : -ENOMEM;

        while (left > 0 && q >= 0) {
                size_t n = left < CHUNK ? (size_t) left : CHUNK;

                q = get(r, chunk, n);
                if (q == 0)
                        return malformed(r, "it ends in the middle");
                if (q > 0)
                        q = fd_write_all(fd, chunk, n);
                left -= n;
        }
        return q < 0 ? q : skip(r, tar_padded(size) - size);
}

/* What is in the way goes, but for a directory. */
static int make_room(int dir, const char *name) {
        return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? negative_errno() : 0;
}

static int extract_file(Reader *r, const TarHeader *h, int dir, const char *name, mode_t mode, uint64_t size) {
        _cleanup_close_ int fd = -EBADF;
        int q = make_room(dir, name);

        if (q < 0)
                return q;
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return negative_errno();
        q = write_content(r, fd, size);
        if (q >= 0 && (r->flags & TAR_KEEP_OWNER) && fchown(fd, (uid_t) r->uid, (gid_t) r->gid) < 0 && errno != EPERM &&
            errno != EINVAL)
                q = negative_errno();
        if (q >= 0 && fchmod(fd, mode) < 0)
                q = negative_errno();
        if (q >= 0)
                (void) futimens(fd, (const struct timespec[]){ { .tv_nsec = UTIME_OMIT },
                                                               { .tv_sec = (time_t) number(h->mtime, sizeof(h->mtime)) } });
        return q;
}

/* The target of a hard link is a name of this stream: it is found as any other. */
static int extract_hard_link(Reader *r, int dir, const char *name, const char *target) {
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_close_ int parent = -EBADF;
        int q = split_path(r, target, &parts);

        if (q < 0)
                return q;
        if (!parts)
                return malformed(r, "a link in it leads nowhere");
        parent = open_parent(r, parts, strv_length(parts));
        if (parent < 0)
                return parent;
        q = make_room(dir, name);
        return q < 0 ? q : linkat(parent, parts[strv_length(parts) - 1], dir, name, 0) < 0 ? negative_errno() : 0;
}

static int extract_directory(int dir, const char *name, mode_t mode) {
        struct stat st;

        if (mkdirat(dir, name, mode) >= 0)
                return fchmodat(dir, name, mode, 0) < 0 ? negative_errno() : 0;
        if (errno != EEXIST)
                return negative_errno();
        return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? negative_errno() : S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static int extract_node(Reader *r, const TarHeader *h, int dir, const char *name, mode_t mode, const char *link) {
        dev_t device = makedev((unsigned) number(h->major, sizeof(h->major)), (unsigned) number(h->minor, sizeof(h->minor)));
        int q;

        if (h->type == '5')
                return extract_directory(dir, name, mode);
        q = make_room(dir, name);
        if (q < 0)
                return q;
        switch (h->type) {
        case '2': return symlinkat(link, dir, name) < 0 ? negative_errno() : 0;
        case '3': return mknodat(dir, name, S_IFCHR | mode, device) < 0 ? negative_errno() : 0;
        case '4': return mknodat(dir, name, S_IFBLK | mode, device) < 0 ? negative_errno() : 0;
        default:  return mkfifoat(dir, name, mode) < 0 ? negative_errno() : 0;
        }
}

/* Its own name, or the one that a header before it gave, with the prefix that splits long ones. */
static char *name_of(const Reader *r, const TarHeader *h) {
        if (r->path)
                return strdup(r->path);
        if (memcmp(h->magic, "ustar", 6) == 0 && h->prefix[0])
                return str_format("%.155s/%.100s", h->prefix, h->name);
        return strndup(h->name, sizeof(h->name));
}

static int extract_below(Reader *r, const TarHeader *h, int dir, const char *name, const char *link, uint64_t size) {
        mode_t mode = (mode_t) number(h->mode, sizeof(h->mode)) & 07777;
        int q;

        if (h->type == '0' || h->type == '\0' || h->type == '7')
                return extract_file(r, h, dir, name, mode, size);
        if (h->type == '1')
                q = extract_hard_link(r, dir, name, link);
        else if (h->type >= '2' && h->type <= '6')
                q = extract_node(r, h, dir, name, mode, link);
        else
                return skip(r, tar_padded(size));
        if (q >= 0 && h->type != '1' && (r->flags & TAR_KEEP_OWNER) &&
            fchownat(dir, name, (uid_t) r->uid, (gid_t) r->gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM && errno != EINVAL)
                q = negative_errno();
        return q < 0 ? q : skip(r, tar_padded(size));
}

static int extract_entry(Reader *r, const TarHeader *h, uint64_t size) {
        _cleanup_free_ char *path = name_of(r, h), *link = r->link ? strdup(r->link) : strndup(h->link, sizeof(h->link));
        _cleanup_strv_free_ char **parts = NULL;
        _cleanup_close_ int dir = -EBADF;
        int q;

        if (!path || !link)
                return error_oom(r->error);
        if (!r->has_uid)
                r->uid = number(h->uid, sizeof(h->uid));
        if (!r->has_gid)
                r->gid = number(h->gid, sizeof(h->gid));

        q = split_path(r, path, &parts);
        if (q < 0)
                return q;
        /* "./": the directory itself. */
        if (!parts)
                return skip(r, tar_padded(size));
        dir = open_parent(r, parts, strv_length(parts));
        q = dir < 0 ? dir : extract_below(r, h, dir, parts[strv_length(parts) - 1], link, size);
        return q < 0 ? error_set_errno(r->error, q, step, path) : 0;
}

/* 0 at the end. */
static int extract_next(Reader *r) {
        static const TarHeader zeros;
        uint64_t size;
        TarHeader h;
        int q = get(r, &h, sizeof(h));

        if (q <= 0 || memcmp(&h, &zeros, sizeof(h)) == 0)
                return q < 0 ? q : 0;
        if (number(h.checksum, sizeof(h.checksum)) != tar_checksum(&h))
                return malformed(r, "it is no tar stream, or damaged");

        size = r->has_size ? r->size : number(h.size, sizeof(h.size));
        if (size > INT64_MAX)
                return malformed(r, "a size in it is not possible");
        switch (h.type) {
        case 'x': q = read_pax(r, size); break;
        case 'g': q = skip(r, tar_padded(size)); break;
        case 'L': q = read_text(r, size, &r->path); break;
        case 'K': q = read_text(r, size, &r->link); break;
        default:
                q = extract_entry(r, &h, size);
                forget(r);
                break;
        }
        return q < 0 ? q : 1;
}

int tar_extract(int fd, int dirfd, const char *rename, TarFlags flags, Error *error) {
        Reader r = { .fd = fd, .root = dirfd, .rename = rename, .flags = flags, .error = error };
        char rest[4096];
        int q;

        do
                q = extract_next(&r);
        while (q > 0);
        forget(&r);
        /* What pads the end: a writer that can't get rid of it would fail. */
        while (q >= 0 && read(fd, rest, sizeof(rest)) > 0)
                ;
        return q;
}
