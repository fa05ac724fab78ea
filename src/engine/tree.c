/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "mount.h"
#include "string-util.h"

static int attach_at(int mount, const char *path, Error *error) {
        _cleanup_close_ int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (target < 0)
                return error_set_errno(error, negative_errno(), "opening the mount point", path);
        return mount_attach(mount, target, path, error);
}

/* An overlay shows one file system, so what is mounted below its layer would be lost on the way anyway. */
static bool is_recursive(const Plan *plan) {
        return plan->tree_mode != TREE_EPHEMERAL;
}

int tree_clone(const Plan *plan, int tree, Error *error) {
        return mount_clone(tree, "", is_recursive(plan), error);
}

/* An identity map shows every owner as it is, so mapping would only cost (and some file systems cannot). */
static int map_owners(const Plan *plan, int clone, int userns, Error *error) {
        if (userns < 0 || plan_root_id(plan) == 0)
                return 0;
        return mount_map_ids(clone, userns, is_recursive(plan), plan->spec->root, error);
}

static int mount_plain(const Plan *plan, int clone, const char *mount_point, char **ret_path, Error *error) {
        int r;

        if (plan->tree_mode == TREE_READ_ONLY) {
                r = mount_add_attributes(clone, MOUNT_ATTR_RDONLY, /* recursive= */ true, error);
                if (r < 0)
                        return r;
        }
        r = attach_at(clone, mount_point, error);
        if (r < 0)
                return r;

        *ret_path = strdup(mount_point);
        return *ret_path ? 0 : error_oom(error);
}

/* A directory of the scratch tmpfs that belongs to the machine's root and has the tree's mode. */
static int make_layer_directory(int scratch, const char *name, mode_t mode, uint32_t owner) {
        if (mkdirat(scratch, name, 0700) < 0 || fchownat(scratch, name, owner, owner, 0) < 0 ||
            fchmodat(scratch, name, mode, 0) < 0)
                return negative_errno();
        return 0;
}

/*
 * An overlay acts on its layers as whoever created it. On id-mapped lower layers that has to be somebody
 * whose ids the map knows, the machine's root, or every copy-up fails with EOVERFLOW and the overlay turns
 * read-only; SECBIT_NO_SETUID_FIXUP keeps our capabilities while the fsuid is not 0 (capabilities(7)).
 */
static int create_overlay(const char *options, uint32_t owner, Error *error) {
        int bits = prctl(PR_GET_SECUREBITS), mount;

        if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
                return error_set_errno(error, negative_errno(), "keeping capabilities over a change of ids", NULL);

        setfsgid(owner);
        setfsuid(owner);
        mount = mount_new("overlay", options, 0, error);
        setfsuid(0);
        setfsgid(0);

        if (prctl(PR_SET_SECUREBITS, bits) < 0) {
                (void) fd_close(mount);
                return error_set_errno(error, negative_errno(), "restoring the secure bits", NULL);
        }
        return mount;
}

/* The tmpfs that holds the writable layer and the mount points of the others. */
static int make_scratch(const Plan *plan, mode_t mode, Error *error) {
        _cleanup_close_ int scratch = mount_new("tmpfs", "mode=711,nr_inodes=0", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, error);
        uint32_t owner = plan_root_id(plan);

        if (scratch < 0)
                return scratch;
        if (mkdirat(scratch, "lower", 0755) < 0 || mkdirat(scratch, "merged", 0755) < 0 ||
            make_layer_directory(scratch, "upper", mode, owner) < 0 || make_layer_directory(scratch, "work", 0700, owner) < 0)
                return error_set_errno(error, negative_errno(), "making the writable layer", NULL);
        return TAKE_FD(scratch);
}

static int mount_overlay(const Plan *plan, int clone, const char *mount_point, char **ret_path, Error *error) {
        _cleanup_close_ int scratch = -EBADF, merged = -EBADF;
        _cleanup_free_ char *options = NULL, *lower_path = NULL, *merged_path = NULL;
        struct stat st;
        int r;

        if (fstat(clone, &st) < 0)
                return error_set_errno(error, negative_errno(), "looking at the tree", plan->spec->root);
        scratch = make_scratch(plan, st.st_mode & 07777, error);
        if (scratch < 0)
                return scratch;

        lower_path = str_format("%s/lower", mount_point);
        merged_path = str_format("%s/merged", mount_point);
        options = str_format("lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work", mount_point, mount_point, mount_point);
        if (!lower_path || !merged_path || !options)
                return error_oom(error);

        /* Linux 6.1 takes no detached mounts as layers, so both are attached first. */
        r = attach_at(scratch, mount_point, error);
        if (r >= 0)
                r = attach_at(clone, lower_path, error);
        if (r >= 0)
                r = merged = create_overlay(options, plan_root_id(plan), error);
        if (r >= 0)
                r = attach_at(merged, merged_path, error);
        if (r < 0)
                return r;

        *ret_path = TAKE_PTR(merged_path);
        return 0;
}

int tree_mount(const Plan *plan, int clone, int userns, const char *mount_point, char **ret_path, Error *error) {
        int r = map_owners(plan, clone, userns, error);

        if (r < 0)
                return r;
        return plan->tree_mode == TREE_EPHEMERAL ? mount_overlay(plan, clone, mount_point, ret_path, error)
                                                 : mount_plain(plan, clone, mount_point, ret_path, error);
}
