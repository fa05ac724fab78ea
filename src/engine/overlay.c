/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "fd-util.h"
#include "string-util.h"
#include "strv.h"

/* Commas part options, and a backslash keeps them from it (ovl_next_opt() of the kernel). */
static char *escape_option(const char *s) {
        char *escaped = malloc(2 * strlen(s) + 1), *end = escaped;

        if (!escaped)
                return NULL;
        for (; *s; s++) {
                if (*s == ',' || *s == '\\')
                        *end++ = '\\';
                *end++ = *s;
        }
        *end = '\0';
        return escaped;
}

/* The kernel wants the top layer first. */
static char *join_reversed(char *const *names) {
        _cleanup_strv_free_ char **reversed = NULL;

        for (size_t i = strv_length(names); i > 0; i--)
                if (strv_append(&reversed, names[i - 1]) < 0)
                        return NULL;
        return strv_join(reversed, ":");
}

static char *make_options(const Overlay *overlay) {
        _cleanup_free_ char *lower = join_reversed(overlay->lowers), *upper = NULL, *work = NULL;

        if (!lower || !overlay->upper)
                return lower ? str_format("lowerdir=%s", lower) : NULL;
        upper = escape_option(overlay->upper);
        work = escape_option(overlay->work);
        return upper && work ? str_format("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work) : NULL;
}

/*
 * An overlay acts on its layers as whoever created it. On id-mapped lower layers that has to be somebody whose
 * ids the map knows, the machine's root, or every copy-up fails with EOVERFLOW and the overlay turns read-only;
 * SECBIT_NO_SETUID_FIXUP keeps our capabilities while the fsuid is not 0 (capabilities(7)).
 */
static int mount_as(uint32_t owner, const char *target, const char *options) {
        int bits = prctl(PR_GET_SECUREBITS), r;

        if (bits < 0 || prctl(PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP) < 0)
                return negative_errno();

        setfsgid(owner);
        setfsuid(owner);
        r = mount("overlay", target, "overlay", MS_NODEV, options) < 0 ? negative_errno() : 0;
        setfsuid(0);
        setfsgid(0);

        if (prctl(PR_SET_SECUREBITS, bits) < 0 && r >= 0)
                r = negative_errno();
        return r;
}

/*
 * By mount(2) and relative names: fsconfig(2) takes no more than 255 bytes for all the lower layers together, and
 * "lowerdir+" for one at a time is newer than Linux 6.1.
 */
int overlay_mount(const Scratch *scratch, const Overlay *overlay, const char *target, Error *error) {
        static const char step[] = "mounting the overlay";
        _cleanup_close_ int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *options = make_options(overlay);
        int r;

        if (!options)
                return error_oom(error);
        if (back < 0 || chdir(scratch->path) < 0)
                return error_set_errno(error, negative_errno(), step, NULL);

        r = mount_as(overlay->owner, target, options);
        if (fchdir(back) < 0 && r >= 0)
                r = negative_errno();

        if (r == -ENODEV)
                return error_set(error, ERROR_NOT_SUPPORTED, ENODEV, step, NULL, "this kernel has no overlayfs");
        if (r == -EINVAL)
                return error_set(error, ERROR_NOT_SUPPORTED, EINVAL, step, NULL,
                                 "the kernel refuses these layers: the upper one must be on a file system that can be one "
                                 "(ext4, xfs, btrfs, tmpfs), and none may be a part of another");
        return r < 0 ? error_set_errno(error, r, step, NULL) : 0;
}
