/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "file-util.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "kernel.h"
#include "string-util.h"

int file_read_at(int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_size) {
        _cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

        if (fd < 0)
                return negative_errno();
        return fd_read_all(fd, max, ret_data, ret_size);
}

int file_read_line(int dirfd, const char *path, char **ret) {
        char *data;
        int r = file_read_at(dirfd, path, FILE_MAX_DEFAULT, &data, NULL);

        if (r < 0)
                return r;
        data[strcspn(data, "\n")] = '\0';
        *ret = data;
        return 0;
}

int file_write_value(int dirfd, const char *path, const char *value) {
        _cleanup_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        size_t size = strlen(value);
        ssize_t n;

        if (fd < 0)
                return negative_errno();

        n = write(fd, value, size);
        return n < 0 ? negative_errno() : (size_t) n == size ? 0 : -EIO;
}

int file_replace_at(int dirfd, const char *path, const void *data, size_t size, mode_t mode) {
        _cleanup_free_ char *temporary = str_format("%s.new", path);
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (!temporary)
                return -ENOMEM;

        /* A fixed name: there is one writer at a time, and what a dead one left is overwritten, not piled up. */
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return negative_errno();

        r = fd_write_all(fd, data, size);
        if (r >= 0 && (fchmod(fd, mode) < 0 || renameat(dirfd, temporary, dirfd, path) < 0))
                r = negative_errno();
        if (r < 0)
                (void) unlinkat(dirfd, temporary, 0);
        return r;
}

int directory_make(const char *path, mode_t mode) {
        _cleanup_free_ char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;

        for (char *p = copy + 1; (p = strchr(p, '/')); p++) {
                *p = '\0';
                if (mkdir(copy, 0755) < 0 && errno != EEXIST)
                        return negative_errno();
                *p = '/';
        }

        if (mkdir(path, mode) < 0) {
                struct stat st;

                if (errno != EEXIST || stat(path, &st) < 0)
                        return negative_errno();
                return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
        }
        return chmod(path, mode) < 0 ? negative_errno() : 0;
}

/*
 * Each level takes a descriptor and stack, and how deep a tree is was for others to choose: what is too deep is moved to the top
 * of the tree, which is looked through again then.
 */
enum { REMOVE_DEPTH_MAX = 100 };

typedef struct Removal {
        int top;
        unsigned depth, moved;
        const RemovalWatch *watch; /* or NULL */
} Removal;

static int tell(const RemovalWatch *watch, int r, int dirfd, const char *name) {
        if (watch && r < 0)
                watch->failed(r, dirfd, name, watch->userdata);
        else if (watch)
                watch->removed(watch->userdata);
        return r;
}

static int remove_item(Removal *removal, int dirfd, const char *name);

static int remove_content(Removal *removal, int dirfd) {
        int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (!dir) {
                r = negative_errno();
                (void) fd_close(fd);
                return r;
        }
        while ((entry = readdir(dir))) {
                int k;

                if (streq(entry->d_name, ".") || streq(entry->d_name, ".."))
                        continue;
                k = remove_item(removal, dirfd, entry->d_name);
                if (k < 0 && r >= 0)
                        r = k;
        }

        (void) closedir(dir);
        return r;
}

static int move_to_top(Removal *removal, int dirfd, const char *name) {
        for (;;) {
                char place[sizeof(".#removed-") + 3 * sizeof(unsigned)];

                (void) snprintf(place, sizeof(place), ".#removed-%u", removal->moved++);
                if (renameat2(dirfd, name, removal->top, place, RENAME_NOREPLACE) >= 0)
                        return 0;
                if (errno != EEXIST)
                        return negative_errno();
        }
}

static int remove_item(Removal *removal, int dirfd, const char *name) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlinkat(dirfd, name, 0) >= 0 || errno == ENOENT)
                return tell(removal->watch, 0, dirfd, name);
        if (errno != EISDIR && errno != EPERM)
                return tell(removal->watch, negative_errno(), dirfd, name);
        if (removal->depth >= REMOVE_DEPTH_MAX && unlinkat(dirfd, name, AT_REMOVEDIR) < 0)
                return move_to_top(removal, dirfd, name);

        /* RESOLVE_NO_XDEV: what is mounted below is somebody else's, so it stays and the removal fails. */
        fd = kernel_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_XDEV | RESOLVE_BENEATH);
        if (fd < 0)
                /* What is no directory was refused above for what it is. */
                return tell(removal->watch, fd == -ENOENT ? 0 : fd == -ENOTDIR ? -EPERM : fd, dirfd, name);

        removal->depth++;
        r = remove_content(removal, fd);
        removal->depth--;
        if (r < 0)
                return r;
        return tell(removal->watch, unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? negative_errno() : 0, dirfd,
                    name);
}

int directory_remove_at(int dirfd, const char *name) {
        return directory_remove_watched(dirfd, name, NULL);
}

int directory_remove_watched(int dirfd, const char *name, const RemovalWatch *watch) {
        _cleanup_close_ int top = -EBADF;
        int r;

        if (unlinkat(dirfd, name, 0) >= 0 || errno == ENOENT)
                return tell(watch, 0, dirfd, name);
        if (errno != EISDIR && errno != EPERM)
                return tell(watch, negative_errno(), dirfd, name);
        top = kernel_openat2(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, 0, RESOLVE_NO_XDEV | RESOLVE_BENEATH);
        if (top < 0)
                return tell(watch, top, dirfd, name);

        for (Removal removal = { .moved = 1 }; removal.moved > 0;) {
                removal = (Removal){ .top = top, .watch = watch };
                r = remove_content(&removal, top);
                if (r < 0)
                        return r;
        }
        return tell(watch, unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? negative_errno() : 0, dirfd, name);
}

int directory_empty(int dirfd) {
        int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
        DIR *stream = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *item;

        if (!stream) {
                result = negative_errno();
                (void) fd_close(fd);
                return result;
        }
        while ((item = readdir(stream))) {
                int r = streq(item->d_name, ".") || streq(item->d_name, "..") ? 0 : directory_remove_at(dirfd, item->d_name);

                if (r < 0 && result >= 0)
                        result = r;
        }
        (void) closedir(stream);
        return result;
}
