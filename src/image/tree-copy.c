/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree-copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/xattr.h>
#include <search.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd-util.h"
#include "kernel.h"
#include "string-util.h"

static const char step[] = "copying the tree";

/* Each level takes stack and descriptors: more than any system has, and less than somebody can make on purpose. */
enum { DEPTH_MAX = 400, CHUNK = 256 * 1024, PIECE = 16 * 1024 * 1024 };

/* A file with several names, under the first that was copied. */
typedef struct Inode {
        dev_t device;
        ino_t number;
        char *path;              /* below the copy's root */
} Inode;

typedef struct Copy {
        int root;                /* the copy's */
        dev_t device;            /* and which one that is: it may lie below the source */
        ino_t number;
        uint64_t mount;          /* that the source is on */
        void *inodes;            /* tsearch(3) */
        unsigned depth;
        const char *source;
        Progress *progress;
        Error *error;
} Copy;

/* Where it was: the first to say so is told (error.h). */
static int fail(const Copy *c, const char *path, int r) {
        _cleanup_free_ char *object = str_format("%s%s", c->source, path);

        return error_set_errno(c->error, r, step, object ? object : c->source);
}

/* Content */

static int write_range(int from, int to, off_t offset, off_t end, Progress *progress) {
        _cleanup_free_ char *chunk = NULL;

        while (offset < end) {
                off_t in = offset, out = offset;
                ssize_t n = chunk ? -1
                                  : copy_file_range(from, &in, to, &out, end - offset < PIECE ? (size_t) (end - offset) : PIECE,
                                                    0);

                if (n < 0 && !chunk) {
                        /* Between some file systems the kernel does not copy by itself. */
                        if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
                                return negative_errno();
                        chunk = malloc(CHUNK);
                        if (!chunk)
                                return -ENOMEM;
                }
                if (chunk) {
                        n = pread(from, chunk, end - offset < CHUNK ? (size_t) (end - offset) : CHUNK, offset);
                        if (n > 0)
                                n = pwrite(to, chunk, (size_t) n, offset);
                        if (n < 0)
                                return negative_errno();
                }
                /* It became shorter meanwhile. */
                if (n == 0)
                        break;
                offset += n;
                progress_add(progress, (uint64_t) n);
        }
        return 0;
}

static int copy_content(int from, int to, off_t size, Progress *progress) {
        int r = 0;

        if (size == 0 || ioctl(to, FICLONE, from) >= 0) {
                progress_add(progress, (uint64_t) size);
                return 0;
        }
        /* Holes stay holes. */
        for (off_t end = 0; r >= 0 && end < size;) {
                off_t begin = lseek(from, end, SEEK_DATA);

                if (begin < 0 && errno == ENXIO)
                        break;
                end = begin < 0 ? -1 : lseek(from, begin, SEEK_HOLE);
                if (end < 0)
                        return negative_errno();
                r = write_range(from, to, begin, end < size ? end : size, progress);
        }
        return r < 0 ? r : ftruncate(to, size) < 0 ? negative_errno() : 0;
}

/* All else. Both are open with O_PATH, so that it is done to symbolic links, too: by their names in /proc. */

static int copy_attribute(const char *from, const char *to, const char *name) {
        _cleanup_free_ char *value = NULL;
        ssize_t size = getxattr(from, name, NULL, 0);

        if (size < 0)
                return errno == ENODATA ? 0 : negative_errno();
        value = malloc(size > 0 ? (size_t) size : 1);
        if (!value)
                return -ENOMEM;
        size = getxattr(from, name, value, (size_t) size);
        if (size < 0)
                return errno == ENODATA ? 0 : negative_errno();
        if (setxattr(to, name, value, (size_t) size, 0) >= 0)
                return 0;
        /* A label is what the host takes a file for: it is no loss where that cannot be said. */
        return streq(name, XATTR_NAME_SELINUX) && errno == EOPNOTSUPP ? 0 : negative_errno();
}

static int copy_attributes(const char *from, const char *to) {
        _cleanup_free_ char *names = NULL;
        ssize_t size = listxattr(from, NULL, 0);
        int r = 0;

        if (size <= 0)
                return size == 0 || errno == EOPNOTSUPP ? 0 : negative_errno();
        names = malloc((size_t) size);
        if (!names)
                return -ENOMEM;
        size = listxattr(from, names, (size_t) size);
        if (size < 0)
                return negative_errno();
        for (const char *name = names; r >= 0 && name < names + size; name += strlen(name) + 1)
                r = copy_attribute(from, to, name);
        return r;
}

/* In this order: chown(2) takes set-user-id bits and capabilities away, and an ACL is more than a mode. */
static int finish(int from, int to, const struct stat *st) {
        const struct timespec times[] = { st->st_atim, st->st_mtim };
        char from_path[FD_PATH_MAX], to_path[FD_PATH_MAX];
        int r;

        (void) fd_path(from, from_path);
        (void) fd_path(to, to_path);
        if (fchownat(to, "", st->st_uid, st->st_gid, AT_EMPTY_PATH) < 0)
                return negative_errno();
        if (!S_ISLNK(st->st_mode) && chmod(to_path, st->st_mode & 07777) < 0)
                return negative_errno();
        r = copy_attributes(from_path, to_path);
        if (r < 0)
                return r;
        return utimensat(AT_FDCWD, to_path, times, 0) < 0 ? negative_errno() : 0;
}

/* FROM is O_PATH. */
static int copy_opened_file(int from, int to, const struct stat *st, Progress *progress) {
        char path[FD_PATH_MAX];
        _cleanup_close_ int readable = open(fd_path(from, path), O_RDONLY | O_CLOEXEC | O_NOCTTY);
        int r;

        if (readable < 0)
                return negative_errno();
        r = copy_content(readable, to, st->st_size, progress);
        return r < 0 ? r : finish(from, to, st);
}

/* Files with several names */

static int compare_inodes(const void *a, const void *b) {
        const Inode *x = a, *y = b;

        if (x->device != y->device)
                return x->device < y->device ? -1 : 1;
        return x->number < y->number ? -1 : x->number > y->number;
}

static void free_inode(void *data) {
        Inode *inode = data;

        free(inode->path);
        free(inode);
}

/* 1: it was copied under another name, and is now under this one, too. 0: it is to be copied. */
static int link_inode(Copy *c, const struct stat *st, int to, const char *name, const char *path) {
        Inode key = { .device = st->st_dev, .number = st->st_ino }, **found, *inode;
        _cleanup_close_ int first = -EBADF;
        char first_path[FD_PATH_MAX];

        if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
                return 0;
        found = (Inode **) tfind(&key, &c->inodes, compare_inodes);
        if (found) {
                first = kernel_openat2(c->root, (*found)->path + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0,
                                       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
                if (first < 0)
                        return first;
                return linkat(AT_FDCWD, fd_path(first, first_path), to, name, AT_SYMLINK_FOLLOW) < 0 ? negative_errno() : 1;
        }

        inode = malloc(sizeof(Inode));
        if (!inode)
                return -ENOMEM;
        *inode = (Inode){ .device = st->st_dev, .number = st->st_ino, .path = strdup(path) };
        if (!inode->path || !tsearch(inode, &c->inodes, compare_inodes)) {
                free_inode(inode);
                return -ENOMEM;
        }
        return 0;
}

/* Items */

static int copy_below(Copy *c, int from, int to, const char *path);

static int copy_directory(Copy *c, int from, const struct stat *st, int to, const char *name, const char *path) {
        _cleanup_close_ int made = -EBADF;
        int r;

        if (c->depth >= DEPTH_MAX)
                return -ELOOP;
        if (mkdirat(to, name, 0700) < 0)
                return negative_errno();
        made = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (made < 0)
                return negative_errno();
        c->depth++;
        r = copy_below(c, from, made, path);
        c->depth--;
        return r < 0 ? r : finish(from, made, st);
}

static int copy_file(Copy *c, int from, const struct stat *st, int to, const char *name) {
        _cleanup_close_ int made = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        return made < 0 ? negative_errno() : copy_opened_file(from, made, st, c->progress);
}

static int copy_link(int from, int to, const char *name, size_t size) {
        _cleanup_free_ char *target = malloc(size + 1);
        ssize_t n;

        if (!target)
                return -ENOMEM;
        n = readlinkat(from, "", target, size + 1);
        if (n < 0)
                return negative_errno();
        if ((size_t) n > size)
                return -ESTALE;
        target[n] = '\0';
        return symlinkat(target, to, name) < 0 ? negative_errno() : 0;
}

static int copy_other(int from, const struct stat *st, int to, const char *name) {
        _cleanup_close_ int made = -EBADF;
        int r = 0;

        if (S_ISLNK(st->st_mode))
                r = copy_link(from, to, name, (size_t) st->st_size);
        else if (mknodat(to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) < 0)
                r = negative_errno();
        if (r < 0)
                return r;
        made = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        return made < 0 ? negative_errno() : finish(from, made, st);
}

static int mount_of(int fd, uint64_t *ret) {
        struct statx stx;

        if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_MNT_ID, &stx) < 0)
                return negative_errno();
        *ret = stx.stx_mnt_id;
        return 0;
}

static int copy_item(Copy *c, int from, int to, const char *name, const char *path) {
        _cleanup_close_ int item = openat(from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        uint64_t mount;
        int r;

        /* Removed meanwhile. */
        if (item < 0 && errno == ENOENT)
                return 0;
        if (item < 0 || fstat(item, &st) < 0)
                return negative_errno();
        if (st.st_dev == c->device && st.st_ino == c->number)
                return 0;
        r = mount_of(item, &mount);
        if (r < 0)
                return r;
        /* Something is mounted there: what it covers is not to be had, but the place for it. */
        if (mount != c->mount)
                return S_ISDIR(st.st_mode) ? mkdirat(to, name, 0755) < 0 ? negative_errno() : 0
                       : mknodat(to, name, S_IFREG | 0600, 0) < 0 ? negative_errno()
                                                                  : 0;

        r = link_inode(c, &st, to, name, path);
        if (r != 0)
                return r;
        if (S_ISDIR(st.st_mode))
                return copy_directory(c, item, &st, to, name, path);
        return S_ISREG(st.st_mode) ? copy_file(c, item, &st, to, name) : copy_other(item, &st, to, name);
}

static int copy_below(Copy *c, int from, int to, const char *path) {
        int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!stream) {
                r = negative_errno();
                (void) fd_close(fd);
                return fail(c, path, r);
        }
        while (r >= 0 && (errno = 0, entry = readdir(stream))) {
                _cleanup_free_ char *below = NULL;

                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                below = str_format("%s/%s", path, entry->d_name);
                r = below ? copy_item(c, from, to, entry->d_name, below) : -ENOMEM;
                if (r < 0)
                        r = fail(c, strempty(below), r);
        }
        if (r >= 0 && !entry && errno != 0)
                r = fail(c, path, negative_errno());
        (void) closedir(stream);
        return r < 0 ? r : 0;
}

int tree_copy(int from, int to, const char *path, Progress *progress, Error *error) {
        Copy c = { .root = to, .source = path, .progress = progress, .error = error };
        struct stat st, own;
        int r = fstat(from, &st) < 0 || fstat(to, &own) < 0 ? negative_errno() : mount_of(from, &c.mount);

        if (r >= 0) {
                c.device = own.st_dev;
                c.number = own.st_ino;
                r = copy_below(&c, from, to, "");
        }
        if (r >= 0)
                r = finish(from, to, &st);
        tdestroy(c.inodes, free_inode);
        return r < 0 ? fail(&c, "", r) : 0;
}

int tree_copy_file(int from, int to, const char *path, Progress *progress, Error *error) {
        struct stat st;
        int r = fstat(from, &st) < 0 ? negative_errno() : copy_opened_file(from, to, &st, progress);

        return r < 0 ? error_set_errno(error, r, step, path) : 0;
}
