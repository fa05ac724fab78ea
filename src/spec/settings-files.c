/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "spec-file.h"
#include "string-util.h"
#include "strv.h"

const char *const settings_folders[] = { "/etc/systemd/nspawn", "/run/systemd/nspawn", NULL };

enum { FILE_SIZE_MAX = 1024 * 1024 };

static const char step[] = "reading the settings";

typedef struct Search {
        const char *const *folders;
        const char *name;
        char *beside;            /* folder of the image, NULL where it has none */
        bool trusted;            /* what is there, too */
        char *prefix, *instance; /* of the template that is the main file */
        Spec *files;
        bool found;
        char ***warnings;
        Error *error;
} Search;

static void search_done(Search *search) {
        free(search->beside);
        free(search->prefix);
        free(search->instance);
        spec_free(search->files);
}

/* -ENOENT: there is none. Links lead where their author wants, so one beside an image is no file; nor is what could block. */
static int read_text(const char *path, bool trusted, char **ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (trusted ? 0 : O_NOFOLLOW));
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t size;
        int r;

        if (fd < 0)
                return errno == ENOTDIR ? -ENOENT : negative_errno();
        if (fstat(fd, &st) < 0)
                return negative_errno();
        /* A link to /dev/null masks a file, as it does everywhere in systemd. */
        if (S_ISCHR(st.st_mode) && trusted) {
                *ret = strdup("");
                return *ret ? 0 : -ENOMEM;
        }
        if (!S_ISREG(st.st_mode))
                return -EINVAL;

        r = fd_read_all(fd, FILE_SIZE_MAX, &text, &size);
        if (r < 0)
                return r;
        if (strlen(text) != size)
                return -EILSEQ;
        *ret = TAKE_PTR(text);
        return 0;
}

/* 1 where there was one. */
static int apply_file(Search *search, const char *folder, const char *name, bool specifiers) {
        _cleanup_free_ char *path = str_format("%s/%s", folder, name), *text = NULL;
        const Specifiers values = {
                .instance = search->instance ? search->instance : search->name,
                .prefix = search->prefix ? search->prefix : search->name,
                .machine = search->name,
        };
        SpecFile file = {
                .path = path,
                .trusted = search->trusted || folder != search->beside,
                .specifiers = specifiers ? &values : NULL,
        };
        int r;

        if (!path)
                return error_oom(search->error);
        r = read_text(path, file.trusted, &text);
        if (r == -ENOENT)
                return 0;
        if (r == -ELOOP && !file.trusted)
                return error_set(search->error, ERROR_FAILED, ELOOP, step, path,
                                 "beside an image it must not be a symbolic link");
        if (r < 0)
                return error_set_errno(search->error, r, step, path);

        search->found = true;
        r = spec_file_read(&file, text, search->files, search->warnings, search->error);
        return r < 0 ? r : 1;
}

static int apply_from_folders(Search *search, const char *file, bool specifiers) {
        int r = 0;

        for (const char *const *folder = search->folders; *folder && r == 0; folder++)
                r = apply_file(search, *folder, file, specifiers);
        return r;
}

/* For "web-a-1" first web-a@.nspawn, then web@.nspawn. */
static int apply_template(Search *search) {
        for (size_t n = strlen(search->name); n > 1; n--) {
                _cleanup_free_ char *file = NULL;
                int r;

                if (search->name[n - 1] != '-')
                        continue;
                free(search->prefix);
                free(search->instance);
                search->prefix = strndup(search->name, n - 1);
                search->instance = strdup(search->name + n);
                file = search->prefix ? str_format("%s@.nspawn", search->prefix) : NULL;
                if (!file || !search->instance)
                        return error_oom(search->error);
                r = apply_from_folders(search, file, /* specifiers= */ true);
                if (r != 0)
                        return r;
        }

        free(search->prefix);
        free(search->instance);
        search->prefix = search->instance = NULL;
        return 0;
}

static int apply_main(Search *search) {
        _cleanup_free_ char *file = str_format("%s.nspawn", search->name);
        int r;

        if (!file)
                return error_oom(search->error);
        r = apply_from_folders(search, file, /* specifiers= */ false);
        if (r == 0)
                r = apply_template(search);
        if (r > 0) {
                /* Who wrote it has looked at the machine: what its image says does not count any more. */
                free(search->beside);
                search->beside = NULL;
        }
        if (r == 0 && search->beside)
                r = apply_file(search, search->beside, file, /* specifiers= */ false);
        return r;
}

/* Drop-ins */

typedef struct DropIn {
        const char *parent;      /* of folders, or beside */
        bool trusted;            /* those that are not come first: they can't take back what others say */
        char *path;              /* FOLDER.d/NAME.conf */
} DropIn;

typedef struct DropIns {
        DropIn *rows;
        size_t n;
} DropIns;

static void drop_ins_done(DropIns *list) {
        for (size_t i = 0; i < list->n; i++)
                free(list->rows[i].path);
        free(list->rows);
}

static const char *drop_in_name(const DropIn *row) {
        return strrchr(row->path, '/') + 1;
}

static int compare(const void *a, const void *b) {
        const DropIn *x = a, *y = b;

        return x->trusted != y->trusted ? x->trusted - y->trusted : strcmp(drop_in_name(x), drop_in_name(y));
}

/* One of the same name that was found before counts more, and alone. */
static int add_drop_in(DropIns *list, const char *parent, bool trusted, const char *folder, const char *name) {
        DropIn *grown;

        for (size_t i = 0; i < list->n; i++)
                if (streq(drop_in_name(&list->rows[i]), name))
                        return 0;

        grown = reallocarray(list->rows, list->n + 1, sizeof(DropIn));
        if (!grown)
                return -ENOMEM;
        list->rows = grown;
        grown[list->n] = (DropIn){ .parent = parent, .trusted = trusted, .path = str_format("%s/%s", folder, name) };
        return grown[list->n].path ? (int) ++list->n : -ENOMEM;
}

static int list_drop_ins(DropIns *list, const char *parent, bool trusted, const char *folder) {
        _cleanup_free_ char *path = str_format("%s/%s", parent, folder);
        struct dirent *entry;
        DIR *dir = path ? opendir(path) : NULL;
        int r = 0;

        if (!path)
                return -ENOMEM;
        if (!dir)
                return errno == ENOENT || errno == ENOTDIR ? 0 : negative_errno();
        while (r >= 0 && (entry = readdir(dir))) {
                size_t n = strlen(entry->d_name), suffix = strlen(".conf");

                if (entry->d_name[0] != '.' && n > suffix && streq(entry->d_name + n - suffix, ".conf"))
                        r = add_drop_in(list, parent, trusted, folder, entry->d_name);
        }
        (void) closedir(dir);
        return r;
}

static int find_drop_ins(Search *search, DropIns *list) {
        _cleanup_free_ char *own = str_format("%s.nspawn.d", search->name),
                            *template = search->prefix ? str_format("%s@.nspawn.d", search->prefix) : NULL;
        int r = own && (template || !search->prefix) ? 0 : -ENOMEM;

        for (const char *const *folder = search->folders; *folder && r >= 0; folder++)
                r = list_drop_ins(list, *folder, /* trusted= */ true, own);
        for (const char *const *folder = search->folders; template && *folder && r >= 0; folder++)
                r = list_drop_ins(list, *folder, /* trusted= */ true, template);
        if (r >= 0 && search->beside)
                r = list_drop_ins(list, search->beside, search->trusted, own);
        return r < 0 ? error_set_errno(search->error, r, "looking for drop-ins of the settings", search->name) : 0;
}

static int apply_drop_ins(Search *search) {
        _cleanup_(drop_ins_done) DropIns list = {};
        int r = find_drop_ins(search, &list);

        if (list.n > 0)
                qsort(list.rows, list.n, sizeof(DropIn), compare);
        for (size_t i = 0; i < list.n && r >= 0; i++)
                r = apply_file(search, list.rows[i].parent, list.rows[i].path, /* specifiers= */ true);
        return r;
}

int settings_files_apply(const char *const *folders, const char *name, const char *root, Spec *spec, bool *ret_found,
                         char ***warnings, Error *error) {
        const char *slash = root ? strrchr(root, '/') : NULL;
        _cleanup_(search_done) Search search = {
                .folders = folders,
                .name = name,
                .trusted = spec->settings_mode == SETTINGS_TRUSTED,
                .warnings = warnings,
                .error = error,
        };
        int r;

        *ret_found = false;
        /* A name that is none will be refused for itself. */
        if (spec->settings_mode == SETTINGS_NO || spec_check_name(name, NULL) < 0)
                return 0;

        search.files = spec_new();
        if (slash && slash[1])
                search.beside = slash == root ? strdup("/") : strndup(root, (size_t) (slash - root));
        if (!search.files || (slash && slash[1] && !search.beside))
                return error_oom(error);

        r = apply_main(&search);
        if (r >= 0)
                r = apply_drop_ins(&search);
        if (r >= 0 && search.found && spec_assign_from(spec, search.files, spec->settings_mode == SETTINGS_OVERRIDE) < 0)
                r = error_oom(error);
        *ret_found = search.found;
        return r < 0 ? r : 0;
}
