/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mount.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount-table.h"
#include "strv.h"

/* The kernel's own words about the last failure of a file system context, if it has any (fsopen(2)). */
static int context_error(int context, int r, const char *type, Error *error) {
        char text[256];
        ssize_t n = read(context, text, sizeof(text) - 1);

        if (r == -ENODEV)
                return error_set(error, ERROR_NOT_SUPPORTED, ENODEV, "making a file system", type,
                                 "this kernel has no such file system");
        if (n <= 2)
                return error_set_errno(error, r, "making a file system", type);

        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        /* Lines begin with "e ", "w " or "i " for error, warning and information. */
        return error_set(error, ERROR_FAILED, -r, "making a file system", type, "%s (%s)", text + 2, errno_text(r));
}

static int set_option(int context, char *option) {
        char *value = strchr(option, '=');
        int r;

        if (value)
                *value++ = '\0';
        r = value ? fsconfig(context, FSCONFIG_SET_STRING, option, value, 0)
                  : fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
        return r < 0 ? negative_errno() : 0;
}

/* Cuts the next one off. What stands in quotes is taken as it is, without them: a security context may have commas. */
static char *next_option(char **rest) {
        char *option = *rest, *to = option;
        bool quoted = false;

        if (!*option)
                return NULL;
        for (; **rest && (quoted || **rest != ','); (*rest)++)
                if (**rest == '"')
                        quoted = !quoted;
                else
                        *to++ = **rest;
        if (**rest)
                (*rest)++;
        *to = '\0';
        return option;
}

int mount_new(const char *type, const char *options, uint64_t attributes, Error *error) {
        _cleanup_free_ char *copy = strdup(strempty(options));
        char *rest = copy, *option;
        _cleanup_close_ int context = fsopen(type, FSOPEN_CLOEXEC);
        int mount, r;

        if (context < 0)
                return context_error(context, negative_errno(), type, error);

        if (!copy)
                return error_oom(error);
        while ((option = next_option(&rest))) {
                if (!*option)
                        continue;
                r = set_option(context, option);
                if (r < 0)
                        return context_error(context, r, type, error);
        }

        /* Only for mountinfo, where it would read "none". */
        (void) fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0);
        if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return context_error(context, negative_errno(), type, error);

        mount = fsmount(context, FSMOUNT_CLOEXEC, (unsigned) attributes);
        return mount < 0 ? context_error(context, negative_errno(), type, error) : mount;
}

int mount_clone(int dirfd, const char *path, bool recursive, Error *error) {
        return mount_clone_with(dirfd, path, recursive, 0, error);
}

int mount_clone_with(int dirfd, const char *path, bool recursive, uint64_t attributes, Error *error) {
        unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0u) | (*path ? 0u : AT_EMPTY_PATH);
        struct mount_attr attr = { .attr_set = attributes, .propagation = MS_PRIVATE };
        _cleanup_close_ int mount = open_tree(dirfd, path, flags);

        if (mount < 0)
                return error_set_errno(error, negative_errno(), "cloning the mount", *path ? path : NULL);
        if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "making the mount private", *path ? path : NULL);
        return TAKE_FD(mount);
}

int mount_add_attributes(int mount, uint64_t attributes, bool recursive, Error *error) {
        /* The three ways of access times exclude each other, so setting one has to clear the others (mount_setattr(2)). */
        struct mount_attr attr = {
                .attr_set = attributes,
                .attr_clr = attributes & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0,
        };

        if (attributes == 0)
                return 0;
        if (mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) < 0)
                return error_set_errno(error, negative_errno(), "setting mount attributes", NULL);
        return 0;
}

int mount_set_id_map(int mount, int userns, bool recursive) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) userns };

        return mount_setattr(mount, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u), &attr, sizeof(attr)) < 0
                       ? negative_errno()
                       : 0;
}

/* Which mount it was: the kernel says no more than EINVAL for all of them together. */
typedef struct Culprit {
        int userns;
        char *target, *type;
} Culprit;

static void culprit_done(Culprit *culprit) {
        free(culprit->target);
        free(culprit->type);
}

static int is_culprit(const char *target, const char *type, void *userdata) {
        Culprit *culprit = userdata;
        _cleanup_close_ int mount = open_tree(AT_FDCWD, target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

        if (mount < 0 || mount_set_id_map(mount, culprit->userns, /* recursive= */ false) != -EINVAL)
                return 0;
        culprit->target = strdup(target);
        culprit->type = strdup(type);
        return culprit->target && culprit->type ? 1 : -ENOMEM;
}

int mount_map_ids(int mount, int userns, bool recursive, const char *object, Error *error) {
        static const char step[] = "mapping the owners of";
        _cleanup_(culprit_done) Culprit culprit = { .userns = userns };
        int r = mount_set_id_map(mount, userns, recursive);

        if (r >= 0)
                return 0;
        if (r != -EINVAL)
                return error_set_errno(error, r, step, object);

        if (mount_table_visit(object, is_culprit, &culprit) <= 0)
                return error_set(
                        error, ERROR_NOT_SUPPORTED, EINVAL, step, object,
                        "its file system cannot be id-mapped by this kernel; keep the tree on ext4, xfs or btrfs, or run it "
                        "with --private-users=no or --private-users=identity");
        return error_set(error, ERROR_NOT_SUPPORTED, EINVAL, step, object,
                         "%s at %s cannot be id-mapped by this kernel; keep the tree on ext4, xfs or btrfs, or run it with "
                         "--private-users=no or --private-users=identity",
                         culprit.type, culprit.target);
}

int mount_attach(int mount, int target, const char *object, Error *error) {
        if (move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
                return error_set_errno(error, negative_errno(), "attaching the mount", object);
        return 0;
}

int mount_attach_path(int mount, const char *path, Error *error) {
        _cleanup_close_ int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (target < 0)
                return error_set_errno(error, negative_errno(), "opening the mount point", path);
        return mount_attach(mount, target, path, error);
}
