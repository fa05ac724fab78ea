/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Images as they lie in the folders that trees are installed in (stores.h): a directory, a btrfs subvolume, or a disk image
 * NAME.raw. Nothing is kept of them: each look is one at the file system, and none looks into a tree, however large.
 */

#include "error.h"

typedef enum ImageType {
        IMAGE_DIRECTORY,
        IMAGE_SUBVOLUME,
        IMAGE_RAW,
        _IMAGE_TYPE_MAX,
} ImageType;

const char *image_type_to_string(ImageType type);

typedef struct Image {
        char *name;
        char *path;              /* as it is called in its folder: may be a symbolic link */
        ImageType type;
        bool read_only;
        uint64_t made_usec;      /* 0 where the file system does not tell */
        uint64_t changed_usec;
        uint64_t usage;          /* bytes on disk; UINT64_MAX of a tree, which would have to be walked */
        dev_t device;            /* of what it is, links followed: what two paths can be told apart by */
        ino_t inode;
} Image;

void image_done(Image *image);
#define _cleanup_image_ _cleanup_(image_done)

/* Letters of any script and signs, without a slash, control characters, or a dot in the beginning. */
bool image_name_is_valid(const char *name);

/* The image of that name, in the first folder that has one. -ENOENT: there is none. */
int image_find(const char *name, Image *ret);

/* The names of all images, sorted, each once. */
int image_list(char ***ret);
