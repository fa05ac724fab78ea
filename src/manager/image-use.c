/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-use.h"

#include "string-util.h"
#include "strv.h"

const char *machine_root(Machine *machine) {
        const Spec *spec = machine_spec(machine, NULL);

        return spec && spec->root ? spec->root : machine->state.root;
}

bool image_has_root(const Image *image, const char *root, const struct stat *st) {
        const char *rest = startswith(root, image->path);

        if (rest && (!*rest || *rest == '/'))
                return true;
        return st && st->st_dev == image->device && st->st_ino == image->inode;
}

int image_collect_machines(Manager *manager, const Image *image, char ***names) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < manager->n_machines; i++) {
                Machine *machine = manager->machines[i];
                const char *root = machine_root(machine);
                struct stat st;

                if (root && image_has_root(image, root, stat(root, &st) >= 0 ? &st : NULL))
                        r = strv_append(names, machine_name(machine));
        }
        return r;
}
