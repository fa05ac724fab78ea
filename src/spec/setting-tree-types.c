/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Types of what a machine finds in its tree: the kernel's files, credentials, its id, whose files the tree's are. */

#include <ctype.h>
#include <inttypes.h>

#include "parse-util.h"
#include "path-util.h"
#include "setting.h"
#include "string-util.h"
#include "strv.h"

enum { ITEMS_MAX = 1024, CREDENTIAL_MAX = 1024 * 1024 };

static int format_items(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_items(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

static int add_item(void *field, const char *text) {
        char ***list = field;

        return strv_length(*list) >= ITEMS_MAX ? -ERANGE : strv_append(list, text);
}

static int format_text(const void *field, char **ret) {
        const char *value = *(char *const *) field;

        *ret = value ? strdup(value) : NULL;
        return value && !*ret ? -ENOMEM : 0;
}

static void clear_text(void *field) {
        (void) str_replace(field, NULL);
}

/* Unmask */

static bool is_kernel_path(const char *path) {
        return path_is_normalized(path) && !str_is_unprintable(path, "") &&
               (startswith(path, "/proc/") || startswith(path, "/sys/") || streq(path, "/sys"));
}

/* podman's form has colons between the paths. */
static int parse_unmask(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, ":", &words);

        if (r < 0)
                return r;
        if (!words)
                return -EINVAL;
        STRV_FOREACH(word, words)
                if (strcasecmp(*word, "all") != 0 && !is_kernel_path(*word))
                        return -EINVAL;
        STRV_FOREACH(word, words) {
                r = add_item(field, strcasecmp(*word, "all") == 0 ? "all" : *word);
                if (r < 0)
                        return r;
        }
        return 0;
}

const SettingType type_unmask = {
        .name = "unmask", .metavar = "PATH", .signature = "as", .list = true,
        .allowed = "all, or a path below /proc or /sys",
        .parse = parse_unmask, .format_list = format_items, .clear = clear_items,
};

/* Credentials, systemd.exec(5): ID:VALUE and ID:PATH */

/* As systemd's credential_name_valid(): a file name without surprises. */
static bool credential_name_is_valid(const char *s, size_t n) {
        if (n == 0 || n > 255 || s[0] == '.')
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isascii(s[i]) || !isgraph((unsigned char) s[i]) || s[i] == '/')
                        return false;
        return true;
}

static int parse_set_credential(void *field, const char *text) {
        size_t n = strcspn(text, ":");

        if (!text[n] || !credential_name_is_valid(text, n) || strlen(text) > CREDENTIAL_MAX)
                return -EINVAL;
        return add_item(field, text);
}

const SettingType type_set_credential = {
        .name = "credentials", .metavar = "ID:VALUE", .signature = "as", .list = true,
        .allowed = "ID:VALUE with an ID that can be a file name",
        .parse = parse_set_credential, .format_list = format_items, .clear = clear_items,
};

static int parse_load_credential(void *field, const char *text) {
        size_t n = strcspn(text, ":");

        if (!text[n] || !credential_name_is_valid(text, n) || !path_is_normalized(text + n + 1) ||
            str_is_unprintable(text + n + 1, ""))
                return -EINVAL;
        return add_item(field, text);
}

const SettingType type_load_credential = {
        .name = "credential-files", .metavar = "ID:PATH", .signature = "as", .list = true,
        .allowed = "ID:PATH with an ID that can be a file name and an absolute path of the host",
        .parse = parse_load_credential, .format_list = format_items, .clear = clear_items,
};

/* A machine id, machine-id(5), with or without dashes; kept without. All zeros is none. */

static int parse_machine_id(void *field, const char *text) {
        char id[33];
        bool zero = true;
        size_t n = 0;

        for (const char *p = text; *p; p++) {
                if (*p == '-' && (p - text == 8 || p - text == 13 || p - text == 18 || p - text == 23))
                        continue;
                if (n == 32 || !isxdigit((unsigned char) *p))
                        return -EINVAL;
                id[n] = (char) tolower((unsigned char) *p);
                zero = zero && id[n] == '0';
                n++;
        }
        if (n != 32 || zero)
                return -EINVAL;
        id[n] = '\0';
        return str_replace(field, id);
}

const SettingType type_machine_id = {
        .name = "machine-id", .metavar = "ID", .signature = "s",
        .allowed = "a machine id or UUID: 32 hexadecimal digits, not all 0",
        .parse = parse_machine_id, .format = format_text, .clear = clear_text,
};

/* What veritysetup(8) says: sha256, sha384 or sha512, in lower case. */

static int parse_root_hash(void *field, const char *text) {
        size_t n = strlen(text);
        char hash[129];

        if ((n != 64 && n != 96 && n != 128) || strspn(text, "0123456789abcdefABCDEF") != n)
                return -EINVAL;
        for (size_t i = 0; i <= n; i++)
                hash[i] = (char) tolower((unsigned char) text[i]);
        return str_replace(field, hash);
}

const SettingType type_root_hash = {
        .name = "root-hash", .metavar = "HASH", .signature = "s",
        .allowed = "the root hash of dm-verity: 64, 96 or 128 hexadecimal digits",
        .parse = parse_root_hash, .format = format_text, .clear = clear_text,
};

/* Whose files the tree's are: an OwnershipMode */

static const char *const ownership_modes[] = {
        [OWNERSHIP_AUTO] = "auto",
        [OWNERSHIP_MAP] = "map",
        [OWNERSHIP_CHOWN] = "chown",
        [OWNERSHIP_OFF] = "off",
};
static_assert(ELEMENTSOF(ownership_modes) == _OWNERSHIP_MODE_MAX, "each mode has a name");

static int parse_ownership(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(ownership_modes); i++)
                if (streq(text, ownership_modes[i])) {
                        *(OwnershipMode *) field = (OwnershipMode) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_ownership(const void *field, char **ret) {
        *ret = strdup(ownership_modes[*(const OwnershipMode *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_ownership(void *field) {
        *(OwnershipMode *) field = OWNERSHIP_AUTO;
}

const SettingType type_ownership = {
        .name = "ownership", .metavar = "MODE", .signature = "s",
        .allowed = "auto, map, chown or off",
        .parse = parse_ownership, .format = format_ownership, .clear = clear_ownership,
};

/* Room on a disk: bytes in a uint64_t, 0 for no limit. Less than 16M holds no file system with a journal. */

enum { DISK_LEAST = 16 * 1024 * 1024 };

static int parse_disk_size(void *field, const char *text) {
        uint64_t size;
        int r = parse_size(text, &size);

        if (r < 0)
                return r;
        if (size == UINT64_MAX)
                size = 0;
        else if (size < DISK_LEAST || size > INT64_MAX)
                return -ERANGE;
        *(uint64_t *) field = size;
        return 0;
}

static int format_disk_size(const void *field, char **ret) {
        uint64_t size = *(const uint64_t *) field;

        *ret = size > 0 ? str_format("%" PRIu64, size) : NULL;
        return size > 0 && !*ret ? -ENOMEM : 0;
}

static void clear_disk_size(void *field) {
        *(uint64_t *) field = 0;
}

const SettingType type_disk_size = {
        .name = "disk-size", .metavar = "BYTES", .signature = "s",
        .allowed = "a size of at least 16M, with K, M, G or T behind it",
        .parse = parse_disk_size, .format = format_disk_size, .clear = clear_disk_size,
};

static int parse_lower(void *field, const char *text) {
        enum { LOWERS_MAX = 100 };

        if (!path_is_normalized(text) || str_is_unprintable(text, "") || streq(text, "/"))
                return -EINVAL;
        return strv_length(*(char ***) field) >= LOWERS_MAX ? -ERANGE : add_item(field, text);
}

const SettingType type_lower = {
        .name = "directories", .metavar = "DIRECTORY", .signature = "as", .list = true,
        .allowed = "an absolute path without '.' and '..', other than /",
        .parse = parse_lower, .format_list = format_items, .clear = clear_items,
};

/* What a tree is made from. Only what is there to run machines from is anybody's to copy. */

static int parse_template(void *field, const char *text) {
        if (!path_is_normalized(text) || str_is_unprintable(text, ""))
                return -EINVAL;
        return str_replace(field, text);
}

static bool template_reaches_host(const void *field) {
        const char *path = *(char *const *) field;

        return path && !spec_path_is_in_store(path);
}

const SettingType type_template = {
        .name = "template", .metavar = "TREE", .signature = "s",
        .allowed = "an absolute path without '.' and '..'",
        .parse = parse_template, .format = format_text, .clear = clear_text,
        .reaches_host = template_reaches_host,
};

/* Modes: enums */

static const char *const resolv_conf_modes[] = {
        [RESOLV_CONF_AUTO] = "auto",     [RESOLV_CONF_OFF] = "off",       [RESOLV_CONF_HOST] = "host",
        [RESOLV_CONF_STATIC] = "static", [RESOLV_CONF_UPLINK] = "uplink", [RESOLV_CONF_STUB] = "stub",
};
static_assert(ELEMENTSOF(resolv_conf_modes) == _RESOLV_CONF_MAX, "each mode has a name");

/* nspawn's names say also how the file gets there: "copy-host", "replace-host", "bind-host". Here there is one way. */
static int parse_resolv_conf(void *field, const char *text) {
        static const char *const ways[] = { "copy-", "replace-", "bind-" };
        bool with_way = false;

        for (size_t i = 0; i < ELEMENTSOF(ways) && !with_way; i++)
                if (startswith(text, ways[i])) {
                        text += strlen(ways[i]);
                        with_way = true;
                }
        for (size_t i = with_way ? RESOLV_CONF_HOST : 0; i < ELEMENTSOF(resolv_conf_modes); i++)
                if (streq(text, resolv_conf_modes[i])) {
                        *(ResolvConf *) field = (ResolvConf) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_resolv_conf(const void *field, char **ret) {
        *ret = strdup(resolv_conf_modes[*(const ResolvConf *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_resolv_conf(void *field) {
        *(ResolvConf *) field = RESOLV_CONF_AUTO;
}

const SettingType type_resolv_conf = {
        .name = "resolv-conf",
        .metavar = "MODE",
        .signature = "s",
        .allowed =
                "auto, off, host, static, uplink or stub, the latter four also as copy-host, replace-host, bind-host and so on",
        .parse = parse_resolv_conf,
        .format = format_resolv_conf,
        .clear = clear_resolv_conf,
};

static const char *const timezone_modes[] = {
        [TIMEZONE_OFF] = "off",       [TIMEZONE_COPY] = "copy", [TIMEZONE_SYMLINK] = "symlink",
        [TIMEZONE_DELETE] = "delete", [TIMEZONE_AUTO] = "auto",
};
static_assert(ELEMENTSOF(timezone_modes) == _TIMEZONE_MAX, "each mode has a name");

static int parse_timezone(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(timezone_modes); i++)
                if (streq(text, timezone_modes[i])) {
                        *(TimezoneMode *) field = (TimezoneMode) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_timezone(const void *field, char **ret) {
        *ret = strdup(timezone_modes[*(const TimezoneMode *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_timezone(void *field) {
        *(TimezoneMode *) field = TIMEZONE_OFF;
}

const SettingType type_timezone = {
        .name = "timezone", .metavar = "MODE", .signature = "s",
        .allowed = "off, copy, symlink, delete or auto",
        .parse = parse_timezone, .format = format_timezone, .clear = clear_timezone,
};

static const char *const link_journal_modes[] = {
        [LINK_JOURNAL_AUTO] = "auto",         [LINK_JOURNAL_NO] = "no",       [LINK_JOURNAL_HOST] = "host",
        [LINK_JOURNAL_TRY_HOST] = "try-host", [LINK_JOURNAL_GUEST] = "guest", [LINK_JOURNAL_TRY_GUEST] = "try-guest",
};
static_assert(ELEMENTSOF(link_journal_modes) == _LINK_JOURNAL_MAX, "each mode has a name");

static int parse_link_journal(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(link_journal_modes); i++)
                if (streq(text, link_journal_modes[i])) {
                        *(LinkJournal *) field = (LinkJournal) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_link_journal(const void *field, char **ret) {
        *ret = strdup(link_journal_modes[*(const LinkJournal *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_link_journal(void *field) {
        *(LinkJournal *) field = LINK_JOURNAL_AUTO;
}

/* "auto" only goes on with what somebody who may has begun. */
static bool link_journal_reaches_host(const void *field) {
        return *(const LinkJournal *) field >= LINK_JOURNAL_HOST;
}

const SettingType type_link_journal = {
        .name = "link-journal", .metavar = "MODE", .signature = "s",
        .allowed = "no, host, try-host, guest, try-guest or auto",
        .parse = parse_link_journal, .format = format_link_journal, .clear = clear_link_journal,
        .reaches_host = link_journal_reaches_host,
};
