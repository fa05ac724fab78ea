/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "label.h"

#include <fcntl.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

static const char step[] = "setting the AppArmor profile";

bool label_has_apparmor(void) {
        _cleanup_close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
        char answer;

        return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
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

int label_apparmor_on_exec(const char *profile, Error *error) {
        _cleanup_free_ char *command = str_format("exec %s", profile);
        int r;

        if (!command)
                return error_oom(error);
        /* The file of its own is there since Linux 5.8; the old one is that of whichever such module is the only one. */
        r = file_write_value(AT_FDCWD, "/proc/self/attr/apparmor/exec", command);
        if (r == -ENOENT && access("/proc/self/attr/apparmor", F_OK) < 0)
                r = file_write_value(AT_FDCWD, "/proc/self/attr/exec", command);
        if (r == -ENOENT)
                return error_set(error, ERROR_NOT_SUPPORTED, ENOENT, step, profile, "no profile of this name is loaded");
        return r < 0 ? error_set_errno(error, r, step, profile) : 0;
}
