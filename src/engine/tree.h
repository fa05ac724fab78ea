/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine's root directory as a mount of our own mount namespace. */

#include "plan.h"
#include "scratch.h"

/* A file system that belongs to the tree, of an image with several: detached. */
typedef struct TreePart {
        const char *target;
        int mount;
        char *upper, *work;      /* its own directories in the layer */
} TreePart;

enum { TREE_PARTS_MAX = 8, TREE_LOWERS_MAX = 100 };

/* What the tree is made from. All descriptors are borrowed. */
typedef struct TreeSource {
        char *upper, *work;      /* the tree's own directories in the layer */
        int tree;                /* a directory of the host (O_PATH), or where IS_MOUNT, a detached mount */
        bool is_mount;
        TreePart parts[TREE_PARTS_MAX];
        size_t n_parts;
        int lowers[TREE_LOWERS_MAX]; /* directories of the host (O_PATH) below it, the lowest first */
        size_t n_lowers;
        int layer;               /* of TREE_LAYER: detached, with upper and work directories in it */
        bool layer_is_disk;      /* and a file system of its own, no directory of the host */
} TreeSource;

/*
 * A private, detached copy of what the source's directory shows, with the mounts below it. It is taken while we are
 * still in the mount namespace that the directory is of: open_tree(2) refuses to clone mounts of another.
 */
int tree_clone(const Plan *plan, const TreeSource *source, Error *error);

/* The same for one of the directories below it. */
int tree_clone_lower(const TreeSource *source, size_t i, Error *error);

/* Whether the plan's tree or mounts need a scratch directory. */
bool tree_needs_scratch(const Plan *plan);

typedef struct TreeBuild {
        const Plan *plan;
        const TreeSource *source;
        int clone;               /* of tree_clone() */
        int userns;              /* maps the owners; -EBADF: they are not mapped */
        const char *mount_point; /* where it is shown, unless SCRATCH is attached there: then in that */
        Scratch *scratch;
        const int *lowers;       /* such copies of the source's lowers */
        const char *layer;       /* its name in the scratch directory, where there is one */
} TreeBuild;

/* Shows the tree as the plan's tree mode says. *ret_path is the directory that is to be the root; the caller frees it. */
int tree_mount(const TreeBuild *build, char **ret_path, Error *error);
