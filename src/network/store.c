/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "strv.h"

static const char suffix[] = ".json";

static char *path_of(const char *state, const char *name) {
        return str_format("%s/networks/%s%s", state, name, suffix);
}

int store_read(const char *state, const char *name, NetworkConfig *ret, Error *error) {
        _cleanup_free_ char *path = path_of(state, name), *text = NULL;
        int r = path ? file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) : -ENOMEM;

        if (r < 0)
                return r;
        return network_config_from_json(text, ret, error);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

int store_list(const char *state, char ***names) {
        _cleanup_free_ char *path = str_format("%s/networks", state);
        DIR *stream = path ? opendir(path) : NULL;
        size_t before = strv_length(*names);
        struct dirent *item;
        int r = 0;

        if (!stream)
                return !path ? -ENOMEM : errno == ENOENT ? 0 : negative_errno();
        while (r >= 0 && (item = readdir(stream))) {
                size_t n = strlen(item->d_name), m = strlen(suffix);

                if (item->d_name[0] != '.' && n > m && streq(item->d_name + n - m, suffix))
                        r = strv_consume(names, strndup(item->d_name, n - m));
        }
        (void) closedir(stream);
        if (r >= 0 && *names)
                qsort(*names + before, strv_length(*names) - before, sizeof(char *), compare_names);
        return r;
}

int store_write(const char *state, const NetworkConfig *config, Error *error) {
        static const char step[] = "creating the network";
        _cleanup_free_ char *folder = str_format("%s/networks", state), *text = NULL;
        _cleanup_free_ char *name = str_format("%s%s", config->name, suffix), *temporary = str_format(".%s", config->name);
        _cleanup_close_ int fd = -EBADF;
        int r = folder && name && temporary ? directory_make(folder, 0700) : -ENOMEM;

        if (r >= 0 && (fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
                r = negative_errno();
        if (r >= 0)
                r = network_config_to_json(config, &text);
        if (r >= 0)
                r = file_replace_at(fd, temporary, text, strlen(text), 0600);
        if (r < 0)
                return error_set_errno(error, r, step, config->name);

        if (linkat(fd, temporary, fd, name, 0) < 0)
                r = negative_errno();
        (void) unlinkat(fd, temporary, 0);
        if (r == -EEXIST)
                return error_set(error, ERROR_NETWORK_EXISTS, EEXIST, step, config->name, "there is one of this name");
        return r < 0 ? error_set_errno(error, r, step, config->name) : 0;
}

int store_remove(const char *state, const char *name) {
        _cleanup_free_ char *path = path_of(state, name);

        return !path ? -ENOMEM : unlink(path) < 0 ? negative_errno() : 0;
}

char *store_find_overlap(const char *state, const IpAddress *subnet) {
        _cleanup_strv_free_ char **names = NULL;

        if (!ip_is_set(subnet) || store_list(state, &names) < 0)
                return NULL;
        STRV_FOREACH(name, names) {
                _cleanup_network_config_ NetworkConfig config = {};

                if (store_read(state, *name, &config, NULL) >= 0 &&
                    (ip_overlap(&config.subnet, subnet) || ip_overlap(&config.subnet6, subnet)))
                        return strdup(*name);
        }
        return NULL;
}
