/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The settings table: the one place where a setting is named. A row gives the .nspawn key, the key in a
 * D-Bus a{sv}, the key in spec.json, the long and short options, the line of --help, the row of the manual
 * and the field of the spec. Adding a setting is adding a row here, a field to Spec, and the code that acts
 * on the field.
 */

#include "spec.h"

typedef enum SettingSection {
        SECTION_EXEC,
        SECTION_FILES,
        SECTION_NETWORK,
        SECTION_RESOURCES,
        SECTION_UNIT,        /* of the machine's own unit, berth@NAME.service: see unit-dependencies.h */
        SECTION_INSTALL,
        _SECTION_MAX,
} SettingSection;

/* Who may use a setting (see polkit(8) and berth-security(7)). */
typedef enum SettingTrust {
        TRUST_RUN,   /* stays inside the machine: the right to run a machine is enough */
        TRUST_OPERATOR, /* so does this, but only who runs it may say it: a file beside an image may not */
        TRUST_HOST,  /* reaches the host in every use */
        TRUST_VALUE, /* depends on the value: the type's reaches_host() knows */
        TRUST_OPERATOR_VALUE, /* so does this, and a file beside an image may say none of them */
} SettingTrust;

/* What form values have. The functions are in setting-types.c. */
typedef struct SettingType {
        const char *name;     /* "boolean", for GetSettings and the manual */
        const char *metavar;  /* "BYTES", for --help */
        const char *allowed;  /* what a value may be, for error messages: "a size in bytes, with K, M, G …, or infinity" */
        const char *signature; /* D-Bus type that is preferred; a string is taken for every type */
        bool list;            /* assignments add up, an empty one clears */
        bool words;           /* of a list: in a file a line has several, quoted where they have blanks (words.h) */

        /* Reads TEXT into the field, replacing what is there, or adding for a list. -EINVAL or -ERANGE for a bad value. */
        int (*parse)(void *field, const char *text);
        /* The value as TEXT for parse(), or for a list the items as strv; NULL with 0 returned: not set. */
        int (*format)(const void *field, char **ret);
        int (*format_list)(const void *field, char ***ret);
        void (*clear)(void *field);

        /* Whether the value reaches the host; for types of rows with TRUST_VALUE. */
        bool (*reaches_host)(const void *field);
} SettingType;

typedef struct Setting {
        const char *name;
        SettingSection section;
        const SettingType *type;
        size_t offset;           /* of the field in Spec */
        const char *options;     /* "memory-max|memory|m": long names, the first one is shown; single letters are short options */
        const char *initial;     /* default as text, or NULL for a zeroed field */
        SettingTrust trust;
        const char *help;        /* one line, for --help and the manual */
        bool secret;             /* never shown to those who may only look */
} Setting;

extern const Setting settings[];
extern const size_t settings_count;

#define FOREACH_SETTING(s) for (const Setting *s = settings; s < settings + settings_count; s++)

const char *setting_section_name(SettingSection section);

/* The row of a key (case counts, as in unit files) or of a long option without its dashes or a letter; NULL if there is none. */
const Setting *setting_by_name(const char *name);
const Setting *setting_by_option(const char *option);

/* As setting_by_name(), with an ERROR that says what is near. */
int setting_find(const char *name, const Setting **ret, Error *error);

/* Reads TEXT into SPEC's field; an empty one goes back to the default. ERROR names the setting and what is allowed. */
int setting_assign(const Setting *setting, Spec *spec, const char *text, Error *error);

/* As setting_assign(), but an empty TEXT is a value like any other: for the items of arrays, such as a command's arguments. */
int setting_add(const Setting *setting, Spec *spec, const char *text, Error *error);

/* Reads TEXT into a field of TYPE that is no spec's. ERROR names it NAME, and says what is allowed. */
int field_assign(const SettingType *type, const char *name, void *field, const char *text, Error *error);

static inline void *setting_field(const Setting *setting, Spec *spec) {
        return (char *) spec + setting->offset;
}

static inline const void *setting_field_const(const Setting *setting, const Spec *spec) {
        return (const char *) spec + setting->offset;
}

/*
 * An option for several rows, whose value begins with which one it is of: --rlimit=NOFILE=1024 is LimitNOFILE=1024.
 * Only the command line knows groups.
 */
typedef struct SettingWord {
        const char *word;
        const char *name;        /* of the row */
} SettingWord;

typedef struct SettingGroup {
        const char *options;     /* as in a row */
        const char *prefix;      /* of the names of the rows, NULL with words */
        const char *optional;    /* what the value may begin with besides: nspawn writes RLIMIT_NOFILE */
        const SettingWord *words; /* where the value begins with a word of its own: ends with one without */
        const SettingType *type; /* its metavar and what is allowed; nothing else */
        const char *help;
} SettingGroup;

extern const SettingGroup setting_groups[];
extern const size_t setting_groups_count;

#define FOREACH_SETTING_GROUP(g) for (const SettingGroup *g = setting_groups; g < setting_groups + setting_groups_count; g++)

/* The group of an option, NULL if there is none; and the row that TEXT is for, with the value behind it, NULL likewise. */
const SettingGroup *setting_group_by_option(const char *option);
const Setting *setting_group_find(const SettingGroup *group, const char *text, const char **ret_value);

/* The row of a resource limit. */
const Setting *setting_of_limit(unsigned resource);

/* Its value as text, or the items of a list with SEPARATOR between them; "" where nothing is set, NULL without memory. */
char *setting_format(const Setting *setting, const Spec *spec, const char *separator);

/* Whether a user set it (and not its default). */
bool setting_is_assigned(const Setting *setting, const Spec *spec);

/* Whether a user set any. */
bool spec_is_assigned(const Spec *spec);

/* Whether SPEC's value of the setting reaches the host, so that the right to run is not enough for it. */
bool setting_reaches_host(const Setting *setting, const Spec *spec);

/* The first assigned setting of SPEC that reaches the host, or NULL. */
const Setting *spec_first_host_setting(const Spec *spec);

/* The types, for the table and for those who act by type (src/systemd encodes unit properties by it). */
extern const SettingType type_boolean;
extern const SettingType type_string;
extern const SettingType type_path;
extern const SettingType type_strings;
extern const SettingType type_environment;
extern const SettingType type_hostname;
extern const SettingType type_user;
extern const SettingType type_signal;
extern const SettingType type_timespan;
extern const SettingType type_capabilities;
extern const SettingType type_system_calls;
extern const SettingType type_seccomp_profile;
extern const SettingType type_security_group; /* what --security-opt takes */
extern const SettingType type_user_namespace;
extern const SettingType type_private_network;
extern const SettingType type_network;
extern const SettingType type_interface;
extern const SettingType type_interfaces;
extern const SettingType type_zone;
extern const SettingType type_ipv4;
extern const SettingType type_ipv6;
extern const SettingType type_mac;
extern const SettingType type_ports;
extern const SettingType type_prefixes;     /* of networks that are created: network-option.h */
extern const SettingType type_addresses;
extern const SettingType type_mtu;
extern const SettingType type_domains;
extern const SettingType type_host_entries;
extern const SettingType type_sysctls;
extern const SettingType type_net_rate;
extern const SettingType type_slice;
extern const SettingType type_properties;
extern const SettingType type_id_maps;      /* id-map.c */
extern const SettingType type_namespace;    /* namespace.c */
extern const SettingType type_devices;      /* device.c */
/* setting-limit-types.c: what a process is given */
extern const SettingType type_limit_number;
extern const SettingType type_limit_size;
extern const SettingType type_limit_seconds;
extern const SettingType type_limit_usec;
extern const SettingType type_limit_nice;
extern const SettingType type_limit_group;  /* of the option for all of them */
extern const SettingType type_oom_score;
extern const SettingType type_cpus;
extern const SettingType type_personality;
extern const SettingType type_label;        /* the name of a security label */
extern const SettingType type_offset;       /* a time span with a sign */
/* The course of a machine's life: setting-life-types.c */
extern const SettingType type_log;
extern const SettingType type_restart;
extern const SettingType type_hooks;
extern const SettingType type_health_action;
extern const SettingType type_count;        /* a number of times */
extern const SettingType type_terminals;    /* 0 … TERMINALS_MAX */
/* setting-tree-types.c */
extern const SettingType type_unmask;
extern const SettingType type_set_credential;
extern const SettingType type_load_credential;
extern const SettingType type_machine_id;
extern const SettingType type_root_hash;
extern const SettingType type_ownership;
extern const SettingType type_resolv_conf;
extern const SettingType type_timezone;
extern const SettingType type_link_journal;
extern const SettingType type_disk_size;
extern const SettingType type_lower;
extern const SettingType type_template;
/* Mounts: setting-mount-types.c. */
extern const SettingType type_bind;
extern const SettingType type_bind_read_only;
extern const SettingType type_volume;
extern const SettingType type_tmpfs;
extern const SettingType type_inaccessible;
extern const SettingType type_overlay;
extern const SettingType type_overlay_read_only;
extern const SettingType type_volatile;
extern const SettingType type_pivot_root;
/* Unit properties in systemd's own syntax, kept as text. */
extern const SettingType type_unit_size;    /* bytes or percent */
extern const SettingType type_unit_weight;  /* 1 … 10000 */
extern const SettingType type_unit_cpu_weight; /* the same, or idle */
extern const SettingType type_unit_block_io_weight; /* 10 … 1000 */
extern const SettingType type_unit_shares;  /* 2 … 262144 */
extern const SettingType type_unit_quota;   /* percent of one CPU */
extern const SettingType type_unit_percent;
extern const SettingType type_unit_period;  /* 1ms … 1s */
extern const SettingType type_unit_cpus;    /* "0-3,8" */
extern const SettingType type_unit_tasks;   /* a number or percent */
extern const SettingType type_unit_boolean; /* not set is a third value */
extern const SettingType type_unit_device_policy;
extern const SettingType type_unit_oom;
extern const SettingType type_unit_oom_preference;
extern const SettingType type_kill_mode;
extern const SettingType type_units;        /* unit-dependencies.c */
/* Lists of those. */
extern const SettingType type_unit_device_weights; /* "DEVICE WEIGHT" */
extern const SettingType type_unit_bandwidths;     /* "DEVICE NUMBER" */
extern const SettingType type_unit_latencies;      /* "DEVICE TIME" */
extern const SettingType type_unit_devices;        /* "DEVICE rwm" */
extern const SettingType type_unit_prefixes;       /* addresses and names of some */
