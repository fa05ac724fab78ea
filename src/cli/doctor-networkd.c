/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What systemd-networkd would do with the links of machines: each link is configured by the first of the .network files, in the
 * order of their names, that matches it (systemd.network(5)). One that matches every link takes those of machines out of
 * their bridge, and its address from the bridge.
 */

#include "doctor.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>

#include "file-util.h"
#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

/* A link of berth's, as networkd sees it. */
typedef struct HostLink {
        const char *name, *type, *kind; /* its driver is called as its kind is */
        const char *keeps;       /* the key of [Network] by which what berth did to it stays as it is, and its value */
        const char *value;
        const char *trouble;
} HostLink;

typedef struct NetworkFile {
        char **names, **types, **kinds, **drivers; /* of [Match] */
        bool others;             /* keys there that are not looked at */
        bool unmanaged;
        bool keeps;              /* as the link wants it */
} NetworkFile;

static void network_file_done(NetworkFile *f) {
        strv_free(f->names);
        strv_free(f->types);
        strv_free(f->kinds);
        strv_free(f->drivers);
}

/* A list of patterns; after a "!" it is of those that do not match. An empty one matches all. */
static bool patterns_match(char *const *patterns, const char *value) {
        bool inverted = patterns && patterns[0][0] == '!';

        if (!patterns)
                return true;
        STRV_FOREACH(pattern, patterns)
                if (fnmatch(*pattern + (inverted && pattern == patterns), value, 0) == 0)
                        return !inverted;
        return inverted;
}

static bool file_matches(const NetworkFile *f, const HostLink *link) {
        return !f->others && patterns_match(f->names, link->name) && patterns_match(f->types, link->type) &&
               patterns_match(f->kinds, link->kind) && patterns_match(f->drivers, link->kind);
}

/* Lists add up, and an empty assignment is a new start: systemd.syntax(7). */
static int add_patterns(const char *value, char ***list) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(value, " \t", &words);

        if (r >= 0 && !words)
                *list = strv_free(*list);
        STRV_FOREACH(word, words)
                if (r >= 0)
                        r = strv_append(list, *word);
        return r;
}

static int take_key(NetworkFile *f, const char *section, const char *key, const char *value, const HostLink *link) {
        bool flag;

        if (streq(section, "[Match]")) {
                char ***list = streq(key, "Name")     ? &f->names
                               : streq(key, "Type")   ? &f->types
                               : streq(key, "Kind")   ? &f->kinds
                               : streq(key, "Driver") ? &f->drivers
                                                      : NULL;

                if (list)
                        return add_patterns(value, list);
                f->others = true;
        } else if (streq(section, "[Link]") && streq(key, "Unmanaged"))
                f->unmanaged = parse_boolean(value, &flag) >= 0 && flag;
        else if (streq(section, "[Network]") && streq(key, link->keeps))
                f->keeps = streq(link->value, "yes") ? parse_boolean(value, &flag) >= 0 && flag
                                                     : streq(value, link->value) || (parse_boolean(value, &flag) >= 0 && flag);
        return 0;
}

/* Adds what a file says; nothing where there is none. */
static int read_file(const char *path, const HostLink *link, NetworkFile *f) {
        _cleanup_free_ char *text = NULL, *section = NULL;
        _cleanup_strv_free_ char **lines = NULL;
        int r = file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL);

        if (r >= 0)
                r = strv_split(text, "\n", &lines);
        STRV_FOREACH(line, lines) {
                char *equal = strchr(*line, '=');

                if (r < 0)
                        break;
                if (**line == '[')
                        r = str_replace(&section, *line);
                else if (equal && section && **line != '#' && **line != ';') {
                        *equal = '\0';
                        r = take_key(f, section, *line, equal + 1, link);
                }
        }
        return r;
}

static const char *const folders[] = { "/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network",
                                       "/usr/lib/systemd/network", "/lib/systemd/network" };

static int compare_texts(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static bool ends_in(const char *s, const char *suffix) {
        size_t n = strlen(s), k = strlen(suffix);

        return n > k && streq(s + n - k, suffix);
}

/* The names with SUFFIX in a folder, those that are known already aside. */
static void add_names(const char *folder, const char *suffix, char ***names) {
        DIR *stream = opendir(folder);
        struct dirent *item;

        while (stream && (item = readdir(stream)))
                if (ends_in(item->d_name, suffix) && !strv_contains(*names, item->d_name))
                        (void) strv_append(names, item->d_name);
        if (stream)
                (void) closedir(stream);
        if (*names)
                qsort(*names, strv_length(*names), sizeof(char *), compare_texts);
}

/* A file of networkd's and its drop-ins, each from the first folder that has it; *ret_path is where the file is. */
static void read_network_file(const char *name, const HostLink *link, NetworkFile *f, char **ret_path) {
        _cleanup_free_ char *drop_ins = str_format("%s.d", name);

        for (size_t i = 0; drop_ins && !*ret_path && i < ELEMENTSOF(folders); i++) {
                _cleanup_free_ char *path = str_format("%s/%s", folders[i], name);

                if (path && read_file(path, link, f) >= 0)
                        *ret_path = TAKE_PTR(path);
        }
        for (size_t i = 0; *ret_path && i < ELEMENTSOF(folders); i++) {
                _cleanup_free_ char *folder = str_format("%s/%s", folders[i], drop_ins);
                _cleanup_strv_free_ char **names = NULL;

                if (folder)
                        add_names(folder, ".conf", &names);
                STRV_FOREACH(n, names) {
                        _cleanup_free_ char *path = str_format("%s/%s", folder, *n);

                        if (path)
                                (void) read_file(path, link, f);
                }
        }
}

/* Whether the file that networkd takes for the link leaves it as berth made it. */
static bool check_link(Doctor *d, const HostLink *link, char *const *names) {
        STRV_FOREACH(name, names) {
                _cleanup_(network_file_done) NetworkFile f = {};
                _cleanup_free_ char *path = NULL;

                read_network_file(*name, link, &f, &path);
                if (!path || !file_matches(&f, link))
                        continue;
                if (f.unmanaged || f.keeps)
                        return true;
                doctor_say(d, HEALTH_BAD, "networkd",
                           "%s matches %s, %s; in a file that comes before it, with [Match] Name=%s, say [Link] Unmanaged=yes",
                           path, link->name, link->trouble, link->name);
                return false;
        }
        return true;
}

void doctor_check_networkd(Doctor *d) {
        static const HostLink links[] = {
                { "vb-*", "ether", "veth", "KeepMaster", "yes",
                  "the links of machines, and so takes them out of their bridge: they reach nobody" },
                { "berth0", "bridge", "bridge", "KeepConfiguration", "static",
                  "the bridge of machines, and so takes its address away: they reach the host alone, if that" },
        };
        _cleanup_strv_free_ char **names = NULL;
        bool well = true;

        for (size_t i = 0; i < ELEMENTSOF(folders); i++)
                add_names(folders[i], ".network", &names);
        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                well = check_link(d, links + i, names) && well;
        if (well)
                doctor_say(d, HEALTH_OK, "networkd", "its files leave the links of machines to berth");
}
