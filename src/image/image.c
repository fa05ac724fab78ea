/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd-util.h"
#include "stores.h"
#include "string-util.h"
#include "strv.h"
#include "subvolume.h"

#define RAW_SUFFIX ".raw"

static const char *const type_names[_IMAGE_TYPE_MAX] = {
        [IMAGE_DIRECTORY] = "directory",
        [IMAGE_SUBVOLUME] = "subvolume",
        [IMAGE_RAW] = "raw",
};

const char *image_type_to_string(ImageType type) {
        return type_names[type];
}

void image_done(Image *image) {
        free(image->name);
        free(image->path);
        *image = (Image){};
}

bool image_name_is_valid(const char *name) {
        return *name && name[0] != '.' && strlen(name) <= 255 - strlen(RAW_SUFFIX) && !strchr(name, '/') &&
               !str_is_unprintable(name, "");
}

static uint64_t usec_of(const struct statx_timestamp *t) {
        return (uint64_t) t->tv_sec * USEC_PER_SEC + t->tv_nsec / 1000;
}

/* As machinectl(1) has it: the attribute "immutable" of a tree, the mode of a file, and what the file system allows. */
static bool is_read_only(const char *path, const struct statx *st, ImageType type) {
        struct statvfs fs;

        if (st->stx_attributes & STATX_ATTR_IMMUTABLE || (type == IMAGE_RAW && !(st->stx_mode & 0222)) ||
            (type == IMAGE_SUBVOLUME && subvolume_is_read_only(path)))
                return true;
        return statvfs(path, &fs) >= 0 && fs.f_flag & ST_RDONLY;
}

/* Whether PATH, links followed, is what an image of that kind is. */
static int look_at(const char *path, bool raw, Image *image) {
        const unsigned mask = STATX_BASIC_STATS | STATX_BTIME;
        struct statx st;

        if (statx(AT_FDCWD, path, 0, mask, &st) < 0)
                return negative_errno();
        if (raw ? !S_ISREG(st.stx_mode) : !S_ISDIR(st.stx_mode))
                return -ENOENT;
        image->type = raw ? IMAGE_RAW : subvolume_is_at(path, st.stx_ino) ? IMAGE_SUBVOLUME : IMAGE_DIRECTORY;
        image->read_only = is_read_only(path, &st, image->type);
        image->made_usec = st.stx_mask & STATX_BTIME ? usec_of(&st.stx_btime) : 0;
        image->changed_usec = usec_of(&st.stx_mtime);
        image->usage = raw ? st.stx_blocks * 512 : UINT64_MAX;
        image->device = makedev(st.stx_dev_major, st.stx_dev_minor);
        image->inode = st.stx_ino;
        return 0;
}

int image_find(const char *name, Image *ret) {
        if (!image_name_is_valid(name))
                return -ENOENT;

        /* A directory before a file beside it, as berth run looks them up. */
        for (size_t i = 0; i < 2 * stores_count; i++) {
                _cleanup_image_ Image image = { .name = strdup(name) };
                bool raw = i % 2;
                int r;

                image.path = str_format("%s/%s%s", stores[i / 2], name, raw ? RAW_SUFFIX : "");
                if (!image.name || !image.path)
                        return -ENOMEM;
                r = look_at(image.path, raw, &image);
                if (r >= 0) {
                        *ret = image;
                        image = (Image){};
                        return 0;
                }
                /* A link to nowhere, or in a circle, is no image. */
                if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP)
                        return r;
        }
        return -ENOENT;
}

/* The name that a file of a folder would be an image by; NULL where it can't be one. */
static char *name_of(const struct dirent *item) {
        size_t n = strlen(item->d_name), suffix = strlen(RAW_SUFFIX);
        bool may_be_file = item->d_type != DT_DIR;

        if (may_be_file && n > suffix && streq(item->d_name + n - suffix, RAW_SUFFIX))
                return strndup(item->d_name, n - suffix);
        return item->d_type == DT_REG ? NULL : strdup(item->d_name);
}

static int list_folder(const char *folder, char ***names) {
        DIR *dir = opendir(folder);
        const struct dirent *item;
        int r = 0;

        if (!dir)
                return errno == ENOENT ? 0 : negative_errno();
        while (r >= 0 && (item = readdir(dir))) {
                char *name = name_of(item);
                Image image = {};

                if (name && image_name_is_valid(name) && !strv_contains(*names, name) && image_find(name, &image) >= 0)
                        r = strv_consume(names, TAKE_PTR(name));
                image_done(&image);
                free(name);
        }
        (void) closedir(dir);
        return r;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int image_list(char ***ret) {
        _cleanup_strv_free_ char **names = NULL;
        int r = 0;

        for (size_t i = 0; i < stores_count && r >= 0; i++)
                r = list_folder(stores[i], &names);
        if (r < 0)
                return r;
        if (names)
                qsort(names, strv_length(names), sizeof(char *), compare_names);
        *ret = TAKE_PTR(names);
        return 0;
}
