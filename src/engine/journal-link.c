/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-link.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "file-util.h"
#include "log.h"
#include "mount.h"
#include "path-util.h"
#include "string-util.h"

#define HOST_JOURNAL "/var/log/journal"
#define OWN_JOURNALS BERTH_STATE_DIR "/journal"

static const char step[] = "linking the journal";

void journal_link_done(JournalLink *link) {
        free(link->path);
        free(link->folder);
        (void) fd_close(link->mount);
        *link = JOURNAL_LINK_NULL;
}

static bool is_insisted(const Plan *plan) {
        return plan->spec->link_journal == LINK_JOURNAL_HOST || plan->spec->link_journal == LINK_JOURNAL_GUEST;
}

static bool is_guest(const Plan *plan) {
        return plan->spec->link_journal == LINK_JOURNAL_GUEST || plan->spec->link_journal == LINK_JOURNAL_TRY_GUEST;
}

/* Which machine it is */

/* machine-id(5): 32 digits, and nothing behind them but a line's end. -ENOENT: no id yet. */
static int read_id(int dir, const char *path, char **ret) {
        _cleanup_close_ int fd = path_open_in_root(dir, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
        char text[34];
        ssize_t n;

        if (fd < 0)
                return -ENOENT;
        n = read(fd, text, sizeof(text));
        if (n < 32 || (n > 32 && text[32] != '\n'))
                return -ENOENT;
        text[32] = '\0';
        if (strspn(text, "0123456789abcdef") != 32 || strspn(text, "0") == 32)
                return -ENOENT;
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

static int machine_id(const Plan *plan, const TreeSource *source, char **ret) {
        _cleanup_free_ char *own = source->layer >= 0 ? str_format("/%s/etc/machine-id", source->upper) : NULL;
        int r = own ? read_id(source->layer, own, ret) : -ENOENT;

        if (r == -ENOENT)
                r = read_id(source->tree, "/etc/machine-id", ret);
        if (r == -ENOENT && plan->spec->machine_id) {
                *ret = strdup(plan->spec->machine_id);
                r = *ret ? 0 : -ENOMEM;
        }
        return r;
}

static int check_is_not_ours(const char *id, Error *error) {
        _cleanup_free_ char *ours = NULL;

        if (file_read_line(AT_FDCWD, "/etc/machine-id", &ours) >= 0 && streq(id, ours))
                return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, id, "it is the id of the host, too");
        return 0;
}

/* Where the journal lies */

/* The link on the host: as we would make it, or made now. */
static int make_link(const char *path, const char *folder, Error *error) {
        char target[PATH_MAX];
        ssize_t n;

        if (symlink(folder, path) >= 0)
                return 0;
        if (errno != EEXIST)
                return error_set_errno(error, negative_errno(), step, path);
        n = readlink(path, target, sizeof(target) - 1);
        if (n < 0)
                return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, path,
                                 "a journal is there already, and not one that berth has linked; move it away");
        target[n] = '\0';
        if (!streq(target, folder))
                return error_set(error, ERROR_INVALID_VALUE, EEXIST, step, path, "it leads to %s, the journal of another machine",
                                 target);
        return 0;
}

static bool is_linked(const char *path, const char *folder) {
        char target[PATH_MAX];
        ssize_t n = readlink(path, target, sizeof(target) - 1);

        target[n > 0 ? n : 0] = '\0';
        return streq(target, folder);
}

/* What is written to memory, or into a file system that the host does not see, leads journalctl nowhere. */
static int guest_folder(const Plan *plan, const TreeSource *source, const char *path, char **ret, Error *error) {
        if (plan->tree_mode == TREE_LAYER && !source->layer_is_disk && !plan->spec->remove)
                *ret = str_format(BERTH_STATE_DIR "/machines/%s/layer/%s%s", plan->spec->name, source->upper, path);
        else if (plan->tree_mode == TREE_WRITABLE && !source->is_mount && !plan->spec->pivot_root)
                *ret = str_format("%s%s", plan->spec->root, path);
        else
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, step, plan->spec->name,
                                 "what this machine writes is in no directory of the host; use --link-journal=host");
        return *ret ? 0 : error_oom(error);
}

static int take_host(const Plan *plan, JournalLink *link, Error *error) {
        int r;

        link->folder = str_format(OWN_JOURNALS "/%s", plan->spec->name);
        if (!link->folder)
                return error_oom(error);
        if (plan->spec->link_journal == LINK_JOURNAL_AUTO && !is_linked(link->path, link->folder))
                return -ENOENT;

        r = directory_make(BERTH_STATE_DIR, 0755);
        if (r >= 0)
                r = directory_make(OWN_JOURNALS, 0700);
        if (r >= 0)
                r = directory_make(link->folder, 0755);
        if (r < 0)
                return error_set_errno(error, r, step, link->folder);
        r = make_link(link->path, link->folder, error);
        if (r < 0)
                return r;
        return link->mount = mount_clone_with(AT_FDCWD, link->folder, /* recursive= */ false,
                                              MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, error);
}

static int take(const Plan *plan, const TreeSource *source, JournalLink *link, Error *error) {
        _cleanup_free_ char *id = NULL;
        int r;

        if (access(HOST_JOURNAL, F_OK) < 0)
                return error_set(error, ERROR_NOT_SUPPORTED, errno, step, HOST_JOURNAL, "the host keeps no journal there");
        if (plan->spec->ephemeral && plan->spec->link_journal != LINK_JOURNAL_AUTO)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, step, plan->spec->name,
                                 "it does not go with Ephemeral=, of which nothing is to be left");
        r = machine_id(plan, source, &id);
        if (r == -ENOENT)
                return error_set(error, ERROR_INVALID_VALUE, ENOENT, step, plan->spec->name,
                                 "the tree has no machine id yet; give it one with --machine-id=");
        if (r < 0)
                return error_set_errno(error, r, step, plan->spec->name);
        r = check_is_not_ours(id, error);
        if (r < 0)
                return r;

        link->path = str_format(HOST_JOURNAL "/%s", id);
        if (!link->path)
                return error_oom(error);
        return is_guest(plan) ? guest_folder(plan, source, link->path, &link->folder, error) : take_host(plan, link, error);
}

int journal_link_take(const Plan *plan, const TreeSource *source, JournalLink *ret, Error *error) {
        _cleanup_(journal_link_done) JournalLink link = JOURNAL_LINK_NULL;
        _cleanup_error_ Error reason = ERROR_NULL;
        int r;

        if (plan->spec->link_journal == LINK_JOURNAL_NO ||
            (plan->spec->link_journal == LINK_JOURNAL_AUTO && plan->spec->ephemeral))
                return 0;

        r = take(plan, source, &link, is_insisted(plan) ? error : &reason);
        if (r < 0 && is_insisted(plan))
                return r;
        if (r < 0) {
                if (plan->spec->link_journal != LINK_JOURNAL_AUTO)
                        (void) log_failure(r, &reason, NULL);
                return 0;
        }
        *ret = link;
        link = JOURNAL_LINK_NULL;
        return 0;
}

static int attach(const JournalLink *link, const Plan *plan, int root, const BindIds *ids, Error *error) {
        const PlannedMount place = { .kind = MOUNT_BIND, .target = link->path, .owners = MOUNT_OWNERS_MACHINE, .given = true };
        _cleanup_close_ int target = bind_open_target(root, &place, /* directory= */ true, plan_root_id(plan), error);
        int r;

        if (target < 0)
                return target;
        if (link->mount < 0)
                return make_link(link->path, link->folder, error);
        r = bind_prepare(&place, link->mount, target, ids, error);
        return r < 0 ? r : bind_attach(&place, link->mount, target, error);
}

int journal_link_attach(const JournalLink *link, const Plan *plan, int root, const BindIds *ids, Error *error) {
        _cleanup_error_ Error reason = ERROR_NULL;
        int r;

        if (!link->path)
                return 0;
        r = attach(link, plan, root, ids, is_insisted(plan) ? error : &reason);
        if (r >= 0 || is_insisted(plan))
                return r;
        (void) log_failure(r, &reason, NULL);
        return 0;
}
