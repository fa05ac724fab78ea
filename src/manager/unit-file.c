/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "kept.h"
#include "log.h"
#include "settings-files.h"
#include "string-util.h"
#include "strv.h"
#include "tree-find.h"
#include "unit-dependencies.h"

#define UNITS "/etc/systemd/system"
#define FILE_NAME "50-berth.conf"

static const char step[] = "writing the drop-in of the machine's unit";

/* Of a machine that is kept, or of one that berth@.service would boot. 0 with *RET NULL: there is none. */
static int find_spec(Manager *manager, const char *name, Spec **ret, Error *error) {
        _cleanup_spec_ Spec *spec = NULL;
        int r;

        *ret = NULL;
        if (kept_exists(manager->kept_dir, name)) {
                r = kept_read_spec(manager->kept_dir, name, &spec, error);
                if (r < 0)
                        return r;
        } else {
                spec = spec_new();
                if (!spec)
                        return error_oom(error);
                spec->settings_mode = SETTINGS_OVERRIDE;
                if (tree_find(name, &spec->root, NULL) < 0)
                        return 0;
        }
        *ret = TAKE_PTR(spec);
        return 0;
}

static int make_text(Manager *manager, const char *name, char **ret, Error *error) {
        _cleanup_strv_free_ char **warnings = NULL;
        _cleanup_spec_ Spec *spec = NULL;
        bool found;
        int r = find_spec(manager, name, &spec, error);

        *ret = NULL;
        if (r < 0 || !spec)
                return r;
        /* Whoever starts the machine will be told what is left out. */
        r = settings_files_apply(settings_folders, name, spec->root, spec, &found, &warnings, error);
        if (r < 0)
                return r;
        r = unit_dependencies_format(spec, ret);
        return r < 0 ? error_oom(error) : 0;
}

/* 1 where there was one. */
static int remove_file(const char *folder) {
        _cleanup_close_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (dir < 0)
                return errno == ENOENT ? 0 : negative_errno();
        if (unlinkat(dir, FILE_NAME, 0) < 0)
                return errno == ENOENT ? 0 : negative_errno();
        /* It stays where somebody else has put something there. */
        (void) rmdir(folder);
        return 1;
}

/* 1 where it was another. */
static int write_file(const char *folder, const char *text) {
        _cleanup_close_ int dir = -EBADF;
        _cleanup_free_ char *old = NULL;
        int r = directory_make(UNITS, 0755);

        if (r >= 0)
                r = directory_make(folder, 0755);
        if (r < 0)
                return r;
        dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (dir < 0)
                return negative_errno();
        if (file_read_at(dir, FILE_NAME, FILE_MAX_DEFAULT, &old, NULL) >= 0 && streq(old, text))
                return 0;
        r = file_replace_at(dir, FILE_NAME, text, strlen(text), 0644);
        return r < 0 ? r : 1;
}

/* 1 where systemd has to look at its files again. */
static int update(Manager *manager, const char *name, Error *error) {
        _cleanup_free_ char *text = NULL, *unit = unit_of_machine(name), *folder = unit ? str_format(UNITS "/%s.d", unit) : NULL;
        int r;

        if (!folder)
                return error_oom(error);
        r = make_text(manager, name, &text, error);
        if (r < 0)
                return r;
        r = text ? write_file(folder, text) : remove_file(folder);
        return r < 0 ? error_set_errno(error, r, step, folder) : r;
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);

        if (e)
                log_warning("systemd did not do what the unit of a machine needs: %s", strempty(e->message));
        return 0;
}

/* Nobody waits for the answer; systemd does one call after another. */
static void ask_systemd(Manager *manager, const char *method, const char *types, ...) {
        va_list ap;
        int r;

        va_start(ap, types);
        r = sd_bus_call_method_asyncv(manager->bus, NULL, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                      "org.freedesktop.systemd1.Manager", method, on_answer, NULL, types, ap);
        va_end(ap);
        if (r < 0)
                (void) log_failure(r, NULL, "asking systemd about the unit of a machine");
}

/* A unit that is not loaded yet is read as it is then. */
static void reload_systemd(Manager *manager) {
        ask_systemd(manager, "Reload", NULL);
}

/* The links of an enabled unit are in folders of what wants or requires it: to ask systemd each time would take it longer. */
static bool is_enabled(const char *unit) {
        static const char *const kinds[] = { ".wants", ".requires", ".upholds" };
        DIR *stream = opendir(UNITS);
        struct dirent *item;
        bool found = false;

        while (stream && !found && (item = readdir(stream)))
                for (size_t i = 0; i < ELEMENTSOF(kinds) && !found; i++) {
                        const char *end = strrchr(item->d_name, '.');
                        _cleanup_free_ char *path = end && streq(end, kinds[i]) ? str_format("%s/%s", item->d_name, unit) : NULL;

                        found = path && faccessat(dirfd(stream), path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
                }
        if (stream)
                (void) closedir(stream);
        return found;
}

/* Whether berth@.service could start something of this name. What can't be read is there. */
static bool is_left(Manager *manager, const char *name) {
        _cleanup_spec_ Spec *spec = NULL;

        return find_spec(manager, name, &spec, NULL) < 0 || spec;
}

void unit_file_update(Manager *manager, const char *name) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = update(manager, name, &error);

        if (r < 0)
                (void) log_failure(r, &error, NULL);
        else if (r > 0)
                reload_systemd(manager);
}

void unit_file_forget(Manager *manager, const char *name) {
        _cleanup_free_ char *unit = unit_of_machine(name);

        unit_file_update(manager, name);
        if (!unit || is_left(manager, name) || !is_enabled(unit))
                return;
        ask_systemd(manager, "DisableUnitFiles", "asb", 1, unit, /* runtime= */ false);
        reload_systemd(manager);
}

void unit_file_rename(Manager *manager, const char *old, const char *name) {
        _cleanup_free_ char *unit = unit_of_machine(old), *renamed = unit_of_machine(name);
        bool enabled = unit && renamed && is_enabled(unit);

        unit_file_forget(manager, old);
        unit_file_update(manager, name);
        if (!enabled)
                return;
        ask_systemd(manager, "EnableUnitFiles", "asbb", 1, renamed, /* runtime= */ false, /* force= */ false);
        reload_systemd(manager);
}

int unit_file_update_run(Call *call, Error *error) {
        int r = spec_check_name(call->name, error);

        if (r >= 0)
                r = update(call->operation.manager, call->name, error);
        if (r > 0)
                reload_systemd(call->operation.manager);
        return r < 0 ? r : sd_bus_reply_method_return(call->message, NULL);
}
