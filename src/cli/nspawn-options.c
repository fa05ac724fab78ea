/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nspawn-options.h"

#include "log.h"
#include "parse-util.h"
#include "run.h"
#include "string-util.h"
#include "strv.h"

static const char *const consoles[_NSPAWN_CONSOLE_MAX] = {
        [NSPAWN_CONSOLE_DEFAULT] = "default",       [NSPAWN_CONSOLE_INTERACTIVE] = "interactive",
        [NSPAWN_CONSOLE_READ_ONLY] = "read-only",   [NSPAWN_CONSOLE_PASSIVE] = "passive",
        [NSPAWN_CONSOLE_PIPE] = "pipe",             [NSPAWN_CONSOLE_AUTOPIPE] = "autopipe",
};

static int parse_console(void *field, const char *text) {
        for (NspawnConsole i = NSPAWN_CONSOLE_INTERACTIVE; i < _NSPAWN_CONSOLE_MAX; i++)
                if (streq(consoles[i], text)) {
                        *(NspawnConsole *) field = i;
                        return 0;
                }
        return -EINVAL;
}

static int format_console(const void *field, char **ret) {
        *ret = strdup(consoles[*(const NspawnConsole *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_console(void *field) {
        *(NspawnConsole *) field = NSPAWN_CONSOLE_DEFAULT;
}

static const SettingType type_console = {
        .name = "console", .metavar = "MODE", .signature = "s",
        .allowed = "interactive, read-only, passive, pipe or autopipe",
        .parse = parse_console, .format = format_console, .clear = clear_console,
};

#define OWN(kind, field) .type = &(kind), .offset = offsetof(NspawnCall, field)
#define REFUSED .type = &type_string, .fate = NSPAWN_REFUSED

const NspawnOption nspawn_options[] = {
        { "help|h", NSPAWN_SWITCH, OWN(type_boolean, help), .help = "Show this" },
        { "version", NSPAWN_SWITCH, OWN(type_boolean, version), .help = "Show the version",
          .note = "It is berth's" },
        { "quiet|q", NSPAWN_SWITCH, OWN(type_boolean, quiet), .help = "Do not say what is run, and what is left out" },
        { "no-pager", NSPAWN_SWITCH, OWN(type_boolean, unpaged), .help = "Print --help at once, also on a terminal" },
        { "settings", NSPAWN_VALUE, OWN(type_settings_mode, settings),
          .help = "Read settings files: yes, no, override or trusted",
          .note = "A file can have all of berth's settings, and drop-ins" },

        { "directory|D", NSPAWN_VALUE, OWN(type_string, directory), .help = "Directory with the tree" },
        { "template", NSPAWN_VALUE, .note = "What is mounted below the template is left out" },
        { "ephemeral|x", NSPAWN_SWITCH,
          .note = "Where the tree is no btrfs subvolume, what is written lies in memory, and nothing is copied" },
        { "image|i", NSPAWN_VALUE, OWN(type_string, image), .help = "Disk image with the tree", .note = "LUKS is not opened" },
        { "image-policy", NSPAWN_VALUE, REFUSED, .help = "Which partitions are used, and how", .neutral = "*",
          .note = "What an image has is used; --root-hash= makes the check of it a condition" },
        { "oci-bundle", NSPAWN_VALUE, REFUSED, .help = "Directory with an OCI bundle",
          .note = "Its root file system goes with --directory=, and what its config.json says with options" },
        { "read-only", NSPAWN_SWITCH },
        { "volatile", NSPAWN_MAYBE },
        { "root-hash", NSPAWN_VALUE },
        { "root-hash-sig", NSPAWN_VALUE, .note = "A path alone, no base64:" },
        { "verity-data", NSPAWN_VALUE },
        { "pivot-root", NSPAWN_VALUE },

        { "as-pid2|a", NSPAWN_SWITCH },
        { "boot|b", NSPAWN_SWITCH },
        { "chdir", NSPAWN_VALUE },
        { "setenv|E", NSPAWN_VALUE },
        { "user|uid|u", NSPAWN_VALUE, .option = "user" },
        { "kill-signal", NSPAWN_VALUE,
          .note = "Once TimeoutStopSec= (10s) is over, what is left is killed" },
        { "notify-ready", NSPAWN_VALUE },
        { "suppress-sync", NSPAWN_VALUE, REFUSED, .help = "Let calls like fsync(2) do nothing", .neutral = "no",
          .note = "They are the kernel's; --ephemeral and --volatile= spare the disk" },

        { "machine|M", NSPAWN_VALUE, OWN(type_string, name), .help = "Name of the machine, and of its tree where none is given" },
        { "hostname", NSPAWN_VALUE },
        { "uuid", NSPAWN_VALUE },

        { "slice|S", NSPAWN_VALUE },
        { "property", NSPAWN_VALUE },
        { "register", NSPAWN_VALUE, .note = "The scope is berth-NAME.scope" },
        { "keep-unit", NSPAWN_SWITCH, OWN(type_boolean, keep_unit), .help = "Run in the calling unit instead of a scope",
          .note = "The unit has Delegate=yes and KillMode=mixed, as systemd-nspawn@.service has. A console goes to the journal as the "
                  "machine's, not as the unit's" },

        { "private-users", NSPAWN_MAYBE, OWN(type_string, private_users),
          .help = "User namespace: yes, no, pick, identity, or BASE[:COUNT]",
          .note = "--private-users=yes of a tree that is root's is identity" },
        { "U", NSPAWN_SWITCH, .value = "pick", OWN(type_string, private_users), .help = "The same as --private-users=pick" },
        { "private-users-ownership", NSPAWN_VALUE },
        { "private-users-chown", NSPAWN_SWITCH, .option = "private-users-ownership", .value = "chown",
          .help = "The same as --private-users-ownership=chown" },

        { "private-network", NSPAWN_SWITCH },
        { "network-interface", NSPAWN_VALUE },
        { "network-macvlan", NSPAWN_VALUE },
        { "network-ipvlan", NSPAWN_VALUE },
        { "network-veth|n", NSPAWN_SWITCH },
        { "network-veth-extra", NSPAWN_VALUE },
        { "network-bridge", NSPAWN_VALUE },
        { "network-zone", NSPAWN_VALUE },
        { "network-namespace-path", NSPAWN_VALUE },
        { "port|p", NSPAWN_VALUE },

        { "capability", NSPAWN_VALUE },
        { "drop-capability", NSPAWN_VALUE },
        { "ambient-capability", NSPAWN_VALUE },
        { "no-new-privileges", NSPAWN_VALUE },
        { "system-call-filter", NSPAWN_VALUE,
          .note = "The list that it adds to and takes from is berth's: see berth-security(7)" },
        { "selinux-context|Z", NSPAWN_VALUE },
        { "selinux-apifs-context|L", NSPAWN_VALUE },

        { "rlimit", NSPAWN_VALUE, .note = "Those that are not named are the manager's, or under --keep-unit the unit's" },
        { "oom-score-adjust", NSPAWN_VALUE },
        { "cpu-affinity", NSPAWN_VALUE },
        { "personality", NSPAWN_VALUE },

        { "resolv-conf", NSPAWN_VALUE },
        { "timezone", NSPAWN_VALUE },
        { "link-journal", NSPAWN_VALUE },
        { "j", NSPAWN_SWITCH, .option = "link-journal", .value = "try-guest", .help = "The same as --link-journal=try-guest" },

        { "bind", NSPAWN_VALUE },
        { "bind-ro", NSPAWN_VALUE },
        { "inaccessible", NSPAWN_VALUE },
        { "tmpfs", NSPAWN_VALUE },
        { "overlay", NSPAWN_VALUE },
        { "overlay-ro", NSPAWN_VALUE },
        { "bind-user", NSPAWN_VALUE, REFUSED, .help = "Show a user of the host, and his home",
          .note = "The machine's own users stay its own; --bind= shows a home" },
        { "bind-user-shell", NSPAWN_VALUE, REFUSED, .help = "The shell of such a user", .neutral = "no",
          .note = "It goes with --bind-user=" },

        { "console", NSPAWN_VALUE, OWN(type_console, console), .help = "What standard input and output are to the machine",
          .note = "^]^]^] leaves the machine running, as machinectl login does" },
        { "pipe|P", NSPAWN_SWITCH, .value = "pipe", OWN(type_console, console), .help = "The same as --console=pipe" },
        { "background", NSPAWN_VALUE, .type = &type_string, .help = "Colour of the terminal's background",
          .fate = NSPAWN_LEFT_OUT, .neutral = "", .note = "The terminal keeps its own" },

        { "set-credential", NSPAWN_VALUE },
        { "load-credential", NSPAWN_VALUE },
        { "share-system", NSPAWN_SWITCH, REFUSED, .help = "Have some of the host's namespaces",
          .note = "systemd-nspawn(1) has dropped it; berth run --pid=host, --ipc=host and --uts=host say which" },
        {},
};

const NspawnDefault nspawn_defaults[] = {
        { "Network", "host", "the host's network, where no option or file names another" },
        { "PrivateUsers", "no", "no user namespace: the machine's root is the host's" },
        { "PrivateUsersOwnership", "off",
          "with a range that was given by its base, files keep the owners that they have on disk" },
        { "Capability",
          "CAP_AUDIT_CONTROL,CAP_AUDIT_WRITE,CAP_DAC_READ_SEARCH,CAP_IPC_OWNER,CAP_LEASE,CAP_LINUX_IMMUTABLE,CAP_MKNOD,"
          "CAP_NET_BROADCAST,CAP_NET_RAW,CAP_SETPCAP,CAP_SYS_ADMIN,CAP_SYS_BOOT,CAP_SYS_NICE,CAP_SYS_PTRACE,CAP_SYS_RESOURCE,"
          "CAP_SYS_TTY_CONFIG",
          "besides what berth gives; and CAP_NET_ADMIN in a network of its own" },
        { "NoNewPrivileges", "no", "set-user-id programs work" },
        { "Timezone", "auto", "the host's time zone" },
        { "AllowExposedTree", "yes", "a writable tree may lie where other users of the host can enter it" },
        {},
};

void nspawn_call_done(NspawnCall *call) {
        FOREACH_NSPAWN_OPTION(o)
        if (o->type && o->fate == NSPAWN_DONE)
                o->type->clear((char *) call + o->offset);
        call->spec = spec_free(call->spec);
}

static char *first_name(const NspawnOption *o) {
        return strndup(o->names, strcspn(o->names, "|"));
}

/* The settings table's name. */
static char *option_name(const NspawnOption *o) {
        return o->option ? strdup(o->option) : first_name(o);
}

const SettingType *nspawn_option_type(const NspawnOption *o) {
        _cleanup_free_ char *name = option_name(o);
        const Setting *s = name ? setting_by_option(name) : NULL;
        const SettingGroup *g = name ? setting_group_by_option(name) : NULL;

        return o->type ? o->type : s ? s->type : g ? g->type : NULL;
}

const char *nspawn_option_help(const NspawnOption *o) {
        _cleanup_free_ char *name = option_name(o);
        const Setting *s = name ? setting_by_option(name) : NULL;
        const SettingGroup *g = name ? setting_group_by_option(name) : NULL;

        return o->help ? o->help : s ? s->help : g ? g->help : NULL;
}

/* Finding */

static const NspawnOption *find_letter(char letter) {
        FOREACH_NSPAWN_OPTION(o)
        if (names_contain(o->names, (const char[]){ letter, '\0' }))
                return o;
        return NULL;
}

static bool begins_one(const char *names, const char *name, size_t n) {
        const char *p;
        size_t length;

        while ((p = names_next(&names, &length)))
                if (length > 1 && length >= n && strncmp(p, name, n) == 0)
                        return true;
        return false;
}

/* Of a long name of N bytes; *RET_SEVERAL: it is short for more than one. */
static const NspawnOption *find_long(const char *name, size_t n, bool *ret_several) {
        _cleanup_free_ char *whole = strndup(name, n);
        const NspawnOption *found = NULL;

        *ret_several = false;
        FOREACH_NSPAWN_OPTION(o) {
                if (whole && n > 1 && names_contain(o->names, whole)) {
                        *ret_several = false;
                        return o;
                }
                if (n > 0 && begins_one(o->names, name, n)) {
                        *ret_several = found;
                        found = found ? found : o;
                }
        }
        return *ret_several ? NULL : found;
}

const NspawnOption *nspawn_option_find(const char *word) {
        bool several;

        if (startswith(word, "--"))
                return find_long(word + 2, strcspn(word + 2, "="), &several);
        return word[0] == '-' && word[1] ? find_letter(word[1]) : NULL;
}

static int unknown(const char *given, bool several, Error *error) {
        _cleanup_strv_free_ char **words = NULL;
        const char *near;

        if (several)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "it is short for several");
        FOREACH_NSPAWN_OPTION(o)
        if (names_collect(o->names, &words) < 0)
                return error_oom(error);
        near = startswith(given, "--") ? str_nearest(given + 2, (const char *const *) words, strv_length(words)) : NULL;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given,
                         near ? "there is no such option; did you mean --%s?" : "there is no such option; --help lists them",
                         near);
}

/* Reading */

static int assign_own(NspawnCall *call, const NspawnOption *o, const char *given, const char *text, Error *error) {
        int r = o->type->parse((char *) call + o->offset, text);

        if (r == -ENOMEM)
                return error_oom(error);
        return r < 0 ? error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "'%s' is not %s", text,
                                 o->type->allowed)
                     : 0;
}

static bool is_neutral(const NspawnOption *o, const char *text) {
        bool wanted;

        if (streq_ptr(o->neutral, "no") && parse_boolean(text, &wanted) >= 0)
                return !wanted;
        return streq_ptr(o->neutral, text);
}

static int assign(NspawnCall *call, const NspawnOption *o, const char *given, const char *text, Error *error) {
        _cleanup_free_ char *name = option_name(o);

        if (!name)
                return error_oom(error);
        if (!text)
                text = o->value ? o->value : "yes";
        if (o->fate != NSPAWN_DONE && is_neutral(o, text))
                return 0;
        if (o->fate == NSPAWN_REFUSED)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "reading the option", given, "it is not done: %s",
                                 o->note);
        if (o->fate == NSPAWN_LEFT_OUT) {
                if (!call->quiet)
                        log_warning("%s is left out: %s", given, o->note);
                return 0;
        }
        return o->type ? assign_own(call, o, given, text, error) : options_assign_setting(call->spec, name, given, text, error);
}

static int needs_value(const NspawnOption *o, const char *given, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "it needs a value: %s",
                         nspawn_option_type(o)->allowed);
}

static int read_long(NspawnCall *call, const char *word, char ***next, Error *error) {
        const char *equals = strchr(word, '='), *value = equals ? equals + 1 : NULL;
        _cleanup_free_ char *given = strndup(word, strcspn(word, "="));
        const NspawnOption *o;
        bool several;

        if (!given)
                return error_oom(error);
        o = find_long(given + 2, strlen(given + 2), &several);
        if (!o)
                return unknown(given, several, error);
        if (value && o->argument == NSPAWN_SWITCH)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the option", given, "it takes no value");
        if (!value && o->argument == NSPAWN_VALUE) {
                if (!**next)
                        return needs_value(o, given, error);
                value = *(*next)++;
        }
        return assign(call, o, given, value, error);
}

static int read_short(NspawnCall *call, const char *word, char ***next, Error *error) {
        for (const char *p = word + 1; *p; p++) {
                const char given[] = { '-', *p, '\0' }, *value = NULL;
                const NspawnOption *o = find_letter(*p);
                int r;

                if (!o)
                        return unknown(given, /* several= */ false, error);
                if (o->argument == NSPAWN_VALUE) {
                        value = p[1] ? p + 1 : *(*next);
                        if (!value)
                                return needs_value(o, given, error);
                        *next += !p[1];
                }
                r = assign(call, o, given, value, error);
                if (r < 0 || value)
                        return r;
        }
        return 0;
}

int nspawn_options_parse(NspawnCall *call, char **arguments, Error *error) {
        while (*arguments && (*arguments)[0] == '-' && (*arguments)[1]) {
                const char *word = *arguments++;
                int r;

                if (streq(word, "--"))
                        break;
                r = word[1] == '-' ? read_long(call, word, &arguments, error) : read_short(call, word, &arguments, error);
                if (r < 0)
                        return r;
        }
        call->operands = arguments;
        return 0;
}

/* Defaults */

/* nspawn's words for a network; with none of them the machine is in the host's. */
static bool names_network(const Spec *spec) {
        static const char *const words[] = { "Network",       "Private",   "VirtualEthernet", "Bridge", "Zone",
                                             "NamespacePath", "Interface", "MACVLAN",         "IPVLAN", "VirtualEthernetExtra" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (setting_is_assigned(setting_by_name(words[i]), spec))
                        return true;
        return false;
}

static bool has_own_network(const Spec *spec) {
        return spec_has_own_network(spec) && !spec->namespace_path &&
               (!setting_is_assigned(setting_by_name("Private"), spec) || spec->private_network);
}

/* Whether the row D is for SPEC. What was said by somebody stays; capabilities add up. */
static bool is_wanted(const NspawnDefault *d, const Spec *spec) {
        if (streq(d->setting, "Capability"))
                return true;
        if (streq(d->setting, "Network"))
                return !names_network(spec);
        if (streq(d->setting, "PrivateUsers") && spec->uid_map)
                return false;
        if (streq(d->setting, "PrivateUsersOwnership") && spec->private_users.mode != USER_NAMESPACE_FIXED)
                return false;
        return !setting_is_assigned(setting_by_name(d->setting), spec);
}

int nspawn_fill_defaults(Spec *spec, Error *error) {
        int r = 0;

        FOREACH_NSPAWN_DEFAULT(d)
        if (r >= 0 && is_wanted(d, spec))
                r = setting_assign(setting_by_name(d->setting), spec, d->value, error);
        if (r >= 0 && has_own_network(spec))
                r = setting_assign(setting_by_name("Capability"), spec, "CAP_NET_ADMIN", error);
        return r;
}
