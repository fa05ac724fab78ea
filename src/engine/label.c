/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "label.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "weaken.h"

bool label_has_apparmor(void) {
        _cleanup_close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
        char answer;

        return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

bool label_has_selinux(void) {
        return access("/sys/fs/selinux/enforce", F_OK) >= 0;
}

/* One line for each: "NAME (MODE)". */
bool label_apparmor_is_loaded(const char *profile) {
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(profile);

        if (file_read_at(AT_FDCWD, "/sys/kernel/security/apparmor/profiles", FILE_MAX_DEFAULT, &text, NULL) < 0)
                return false;
        for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
                if (strncmp(line, profile, n) == 0 && line[n] == ' ' && line[n + 1] == '(')
                        return true;
        return false;
}

/* A file system of the kernel's own: elsewhere somebody else would read what we write, or have it written to a file of his choice. */
static int open_attribute(int proc, const char *path) {
        _cleanup_close_ int fd = openat(proc, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        struct statfs fs;

        if (fd < 0 || fstatfs(fd, &fs) < 0)
                return negative_errno();
        return fs.f_type == PROC_SUPER_MAGIC || weakened("proc") ? TAKE_FD(fd) : -EXDEV;
}

static int write_attribute(int fd, const char *text) {
        /* In one write(): each is a request of its own. */
        return write(fd, text, strlen(text)) < 0 ? negative_errno() : 0;
}

static int put_apparmor(int proc, const char *profile, Error *error) {
        _cleanup_free_ char *command = str_format("exec %s", profile);
        _cleanup_close_ int fd = open_attribute(proc, "self/attr/apparmor/exec");
        int r;

        if (!command)
                return error_oom(error);
        /* The file of its own is there since Linux 5.8; the old one is that of whichever such module is the only one. */
        if (fd == -ENOENT)
                fd = open_attribute(proc, "self/attr/exec");
        r = fd < 0 ? fd : write_attribute(fd, command);
        if (r == -ENOENT)
                return error_set(error, ERROR_NOT_SUPPORTED, ENOENT, "setting the AppArmor profile", profile,
                                 "no profile of this name is loaded");
        return r < 0 ? error_set_errno(error, r, "setting the AppArmor profile", profile) : 0;
}

static int put_selinux(int proc, const char *context, Error *error) {
        _cleanup_close_ int fd = open_attribute(proc, "self/attr/exec");
        int r = fd < 0 ? fd : write_attribute(fd, context);

        if (r == -EINVAL)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "setting the SELinux context", context,
                                 "the policy that is loaded knows no such context");
        return r < 0 ? error_set_errno(error, r, "setting the SELinux context", context) : 0;
}

int label_open_proc(const Labels *labels, int *ret, Error *error) {
        _cleanup_close_ int fd = -EBADF;

        *ret = -EBADF;
        if (!labels->apparmor && !labels->selinux)
                return 0;
        fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_set_errno(error, negative_errno(), "opening", "/proc");
        /* Never in the place of a standard stream, which may be closed now and become a terminal before this is used. */
        *ret = fd_dup(fd);
        return *ret < 0 ? error_set_errno(error, *ret, "opening", "/proc") : 0;
}

int label_on_exec(const Labels *labels, int proc, Error *error) {
        _cleanup_close_ int inside = weakened("proc") ? open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;
        int r = 0;

        if (inside >= 0)
                proc = inside;
        if (labels->apparmor)
                r = put_apparmor(proc, labels->apparmor, error);
        if (r >= 0 && labels->selinux)
                r = put_selinux(proc, labels->selinux, error);
        return r;
}
