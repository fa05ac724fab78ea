/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store.h"

#include <fcntl.h>

#include "file-util.h"
#include "string-util.h"

static char *path_of(const char *state, const char *name) {
        return str_format("%s/networks/%s.json", state, name);
}

int store_read(const char *state, const char *name, NetworkConfig *ret, Error *error) {
        _cleanup_free_ char *path = path_of(state, name), *text = NULL;
        int r = path ? file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) : -ENOMEM;

        if (r < 0)
                return r;
        return network_config_from_json(text, ret, error);
}
