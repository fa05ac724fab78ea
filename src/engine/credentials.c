/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credentials.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "parse-util.h"
#include "string-util.h"

static void fclosep(FILE **f) {
        if (*f)
                (void) fclose(*f);
}

void credentials_done(Credentials *credentials) {
        free(credentials->groups);
        free(credentials->name);
        free(credentials->home);
        *credentials = CREDENTIALS_NULL;
}

/*
 * The files are read as files: name service modules of the machine must not be loaded into a process that
 * still has privileges, and the host's know nothing of the machine.
 */
static int read_passwd(const char *user, Credentials *c) {
        _cleanup_(fclosep) FILE *f = fopen("/etc/passwd", "re");
        uid_t uid = 0;
        bool numeric = parse_uid(user, &uid) >= 0;
        struct passwd *entry;

        while (f && (entry = fgetpwent(f))) {
                if (!streq(entry->pw_name, user) && !(numeric && entry->pw_uid == uid))
                        continue;
                c->uid = entry->pw_uid;
                c->gid = entry->pw_gid;
                if (str_replace(&c->name, entry->pw_name) < 0 || str_replace(&c->home, entry->pw_dir) < 0)
                        return -ENOMEM;
                return 0;
        }

        if (!numeric && !streq(user, "root"))
                return -ENOENT;
        c->uid = uid;
        c->gid = numeric ? (gid_t) uid : 0;
        return streq(user, "root") ? str_replace(&c->home, "/root") : 0;
}

static int add_group(Credentials *c, gid_t gid) {
        gid_t *grown = reallocarray(c->groups, c->n_groups + 1, sizeof(gid_t));

        if (!grown)
                return -ENOMEM;
        grown[c->n_groups++] = gid;
        c->groups = grown;
        return 0;
}

/* With GROUP: its id alone. Without: all groups that list the user. */
static int read_group(const char *group, Credentials *c) {
        _cleanup_(fclosep) FILE *f = fopen("/etc/group", "re");
        gid_t gid = 0;
        bool numeric = group && parse_uid(group, &gid) >= 0;
        struct group *entry;

        while (f && (entry = fgetgrent(f))) {
                if (group) {
                        if (!streq(entry->gr_name, group))
                                continue;
                        c->gid = entry->gr_gid;
                        return 0;
                }
                for (char **member = entry->gr_mem; c->name && *member; member++)
                        if (streq(*member, c->name) && add_group(c, entry->gr_gid) < 0)
                                return -ENOMEM;
        }

        if (!group)
                return 0;
        if (!numeric && !streq(group, "root"))
                return -ENOENT;
        c->gid = gid;
        return 0;
}

int credentials_read(const char *user, Credentials *ret, Error *error) {
        _cleanup_credentials_ Credentials c = CREDENTIALS_NULL;
        const char *whole = user ? user : "root", *colon = strchr(whole, ':');
        _cleanup_free_ char *name = strndup(whole, colon ? (size_t) (colon - whole) : strlen(whole));
        int r;

        if (!name)
                return error_oom(error);

        r = read_passwd(name, &c);
        if (r == -ENOENT)
                return error_set(error, ERROR_NO_SUCH_USER, ENOENT, "looking up the user", name,
                                 "/etc/passwd of the machine has no such user");
        if (r >= 0)
                r = read_group(colon ? colon + 1 : NULL, &c);
        if (r == -ENOENT)
                return error_set(error, ERROR_NO_SUCH_USER, ENOENT, "looking up the group", colon + 1,
                                 "/etc/group of the machine has no such group");
        if (r >= 0 && !c.home)
                r = str_replace(&c.home, "/");
        if (r < 0)
                return error_set_errno(error, r, "looking up the user", whole);

        *ret = c;
        c = CREDENTIALS_NULL;
        return 0;
}
