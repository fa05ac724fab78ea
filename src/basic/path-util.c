/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "path-util.h"

#include <fcntl.h>

#include "kernel.h"
#include "string-util.h"
#include "strv.h"
#include "weaken.h"

bool path_is_normalized(const char *path) {
        if (path[0] != '/')
                return false;
        if (!path[1])
                return true;

        for (const char *p = path; *p;) {
                size_t n = strcspn(p + 1, "/");

                if (n == 0 || (n == 1 && p[1] == '.') || (n == 2 && p[1] == '.' && p[2] == '.'))
                        return false;
                p += 1 + n;
        }
        return true;
}

int path_make_absolute(const char *path, const char *base, char **ret) {
        _cleanup_free_ char *whole = path[0] == '/' ? strdup(path) : str_format("%s/%s", base, path);
        _cleanup_strv_free_ char **parts = NULL;
        char *result, *p;
        int r;

        if (!whole)
                return -ENOMEM;
        r = strv_split(whole, "/", &parts);
        if (r < 0)
                return r;

        p = result = malloc(strlen(whole) + 2);
        if (!result)
                return -ENOMEM;

        STRV_FOREACH(part, parts) {
                if (streq(*part, "."))
                        continue;
                if (streq(*part, "..")) {
                        free(result);
                        return -EINVAL;
                }
                *p++ = '/';
                p = stpcpy(p, *part);
        }
        if (p == result)
                *p++ = '/';
        *p = '\0';

        *ret = result;
        return 0;
}

const char *path_basename(const char *path) {
        const char *slash = strrchr(path, '/');
        return slash ? slash + 1 : path;
}

int path_open_in_root(int root, const char *path, int flags) {
        const char *relative = path + strspn(path, "/");

        if (weakened("resolve"))
                return kernel_openat2(root, *relative ? relative : ".", (uint64_t) flags | O_CLOEXEC, 0, 0);
        return kernel_openat2(root, path, (uint64_t) flags | O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}
