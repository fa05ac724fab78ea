/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tree-find.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "path-util.h"
#include "stores.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "finding the tree";
#define NOWHERE "there is none of this name in " STORES_TEXT

int tree_from_path(const char *path, char **ret, Error *error) {
        _cleanup_free_ char *here = NULL;
        int r;

        /* Links stay in the path: what "current" points to may change before the machine starts again. */
        here = path[0] == '/' ? strdup("/") : getcwd(NULL, 0);
        if (!here)
                return error_set_errno(error, negative_errno(), step, path);

        r = path_make_absolute(path, here, ret);
        if (r != -EINVAL)
                return r < 0 ? error_set_errno(error, r, step, path) : 0;

        /* ".." depends on what links point to. */
        *ret = realpath(path, NULL);
        if (*ret)
                return 0;
        return error_set(error, errno == ENOENT || errno == ENOTDIR ? ERROR_NO_SUCH_TREE : ERROR_FAILED, errno, step, path, NULL);
}

/* The first store that has it, or of those that the caller may not look into, the first that might. 0: none. */
static int find_in_stores(const char *name, char **ret) {
        _cleanup_free_ char *hidden = NULL;

        /* A directory, or an image beside it, in each store. */
        for (size_t i = 0; i < 2 * stores_count; i++) {
                _cleanup_free_ char *path = str_format("%s/%s%s", stores[i / 2], name, i % 2 ? ".raw" : "");

                if (!path)
                        return -ENOMEM;
                if (access(path, F_OK) >= 0) {
                        *ret = TAKE_PTR(path);
                        return 1;
                }
                if (errno == EACCES && !hidden)
                        hidden = TAKE_PTR(path);
        }

        /* /var/lib/machines is root's alone: berthd can see what this user cannot. */
        *ret = TAKE_PTR(hidden);
        return *ret != NULL;
}

/* The name that an entry of a store is found by, the caller's; NULL where it is no tree. */
static char *name_of_entry(const struct dirent *entry) {
        const char *raw = strrchr(entry->d_name, '.');

        if (entry->d_name[0] == '.')
                return NULL;
        if (raw && streq(raw, ".raw") && entry->d_type != DT_DIR)
                return strndup(entry->d_name, (size_t) (raw - entry->d_name));
        return entry->d_type == DT_DIR || entry->d_type == DT_LNK ? strdup(entry->d_name) : NULL;
}

void tree_names(char ***names) {
        for (size_t i = 0; i < stores_count; i++) {
                DIR *dir = opendir(stores[i]);
                const struct dirent *entry;

                while (dir && (entry = readdir(dir))) {
                        _cleanup_free_ char *name = name_of_entry(entry);

                        if (name && !strv_contains(*names, name) && strv_append(names, name) < 0)
                                break;
                }
                if (dir)
                        (void) closedir(dir);
        }
}

static int no_such_tree(const char *tree, Error *error) {
        _cleanup_strv_free_ char **names = NULL;
        const char *near;

        if (access(tree, F_OK) >= 0)
                return error_set(error, ERROR_NO_SUCH_TREE, ENOENT, step, tree, NOWHERE "; for the one here write ./%s", tree);
        tree_names(&names);
        near = str_nearest(tree, (const char *const *) names, strv_length(names));
        return error_set(error, ERROR_NO_SUCH_TREE, ENOENT, step, tree, near ? NOWHERE "; did you mean %s?" : NOWHERE, near);
}

int tree_find(const char *tree, char **ret, Error *error) {
        int r;

        if (!*tree)
                return error_set(error, ERROR_NO_SUCH_TREE, ENOENT, step, tree,
                                 "it is a path, or the name of a tree in /var/lib/machines");
        if (strchr(tree, '/') || streq(tree, ".") || streq(tree, ".."))
                return tree_from_path(tree, ret, error);

        r = find_in_stores(tree, ret);
        if (r < 0)
                return error_oom(error);
        return r > 0 ? 0 : no_such_tree(tree, error);
}
