/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The spec: what one machine is to be. Command line, .nspawn files, D-Bus dictionaries and OCI bundles are
 * all read into this one struct; nothing that sets a machine up reads anything else. Each field that a user
 * can set has its row in the settings table (setting.h), and is read, written and described through it alone.
 *
 * A spec as a face fills it may leave things open ("pick a range of ids"). The manager, or under --keep-unit
 * the supervisor, resolves it: after spec_is_resolved() holds, nothing is left to choose, and the result is
 * what spec.json in the run directory says.
 */

#include <sys/resource.h>

#include "error.h"
#include "namespace.h"

/* How the machine's user ids map to the host's. */
typedef enum UserNamespaceMode {
        USER_NAMESPACE_PICK,     /* a free range of 65536 ids, chosen at the start */
        USER_NAMESPACE_NO,       /* none: the payload's root is the host's root, less its capabilities */
        USER_NAMESPACE_IDENTITY, /* a namespace of its own whose ids are the host's */
        USER_NAMESPACE_FIXED,    /* the range base … base+count-1 */
        USER_NAMESPACE_JOINED,   /* another's, see namespaces[NAMESPACE_USER]: whoever has its descriptor can see the range */
} UserNamespaceMode;

typedef struct UserNamespace {
        UserNamespaceMode mode;
        uint32_t base;
        uint32_t count;
} UserNamespace;

/* What of the tree lasts, systemd.nspawn(5) "Volatile=". */
typedef enum VolatileMode {
        VOLATILE_NO,
        VOLATILE_YES,     /* an empty root directory with /usr of the tree, read-only */
        VOLATILE_STATE,   /* the tree read-only, with an empty /var */
        VOLATILE_OVERLAY, /* as Ephemeral= */
        _VOLATILE_MODE_MAX,
} VolatileMode;
/* What network the machine is in. */
typedef enum NetworkMode {
        NETWORK_BRIDGE,          /* on a bridge that berth keeps: that of the named network, or berth0 */
        NETWORK_NONE,            /* alone with its loopback device */
        NETWORK_HOST,            /* the host's */
        NETWORK_HOST_BRIDGE,     /* on a bridge that is there, whoever keeps it */
        NETWORK_ZONE,            /* on a bridge that is there as long as a machine is on it */
        NETWORK_VETH,            /* a link between host and machine, and nothing on it */
        NETWORK_MACHINE,         /* another machine's */
        NETWORK_NAMESPACE,       /* the one at a path */
        NETWORK_MACVLAN,         /* its own, with one link on an interface of the host, or with that interface */
        NETWORK_IPVLAN,
        NETWORK_INTERFACE,
} NetworkMode;

typedef struct Network {
        NetworkMode mode;
        char *name;              /* of the network, bridge, zone, machine, interface; the path */
} Network;

/*
 * The machine's link to the host, as it was chosen when the spec was resolved: addresses are with their prefix
 * lengths. All NULL where the mode makes no link.
 */
typedef struct SpecLink {
        char *network;           /* whose lease the addresses are; NULL: nobody's */
        char *bridge;            /* the interface to be on, or NULL */
        char *host;              /* the host's end */
        char *full;              /* what the host's end would be called if there were room; NULL where there was */
        char *inside;            /* the machine's end */
        char *mac;
        char *address, *address6;
        char *gateway, *gateway6;
} SpecLink;

/* What the machine's link carries at most, in bits per second; 0: as much as it can. */
typedef struct NetRate {
        uint64_t in;             /* to the machine */
        uint64_t out;
} NetRate;

/* Whose the files of the tree are, systemd.nspawn(5) "PrivateUsersOwnership=". */
typedef enum OwnershipMode {
        OWNERSHIP_AUTO,  /* as map */
        OWNERSHIP_MAP,   /* root's on disk, the machine's root's inside, by the mount */
        OWNERSHIP_CHOWN, /* of the machine's range on disk, too: each is changed before the start */
        OWNERSHIP_OFF,   /* as they are */
        _OWNERSHIP_MODE_MAX,
} OwnershipMode;

/* Which of the host's resolv.conf the machine is shown, and what is done about its time zone: systemd.nspawn(5). */
typedef enum ResolvConf {
        RESOLV_CONF_AUTO,    /* the host's, where the machine has the host's network */
        RESOLV_CONF_OFF,
        RESOLV_CONF_HOST,
        RESOLV_CONF_STATIC,  /* those of systemd-resolved */
        RESOLV_CONF_UPLINK,
        RESOLV_CONF_STUB,
        _RESOLV_CONF_MAX,
} ResolvConf;

typedef enum TimezoneMode {
        TIMEZONE_OFF,
        TIMEZONE_COPY,
        TIMEZONE_SYMLINK,
        TIMEZONE_DELETE,
        TIMEZONE_AUTO,       /* a symlink, or else a copy */
        _TIMEZONE_MAX,
} TimezoneMode;

/* Where the machine's journal lies, systemd.nspawn(5) "LinkJournal=". The two with try are the same where the host keeps no journal. */
typedef enum LinkJournal {
        LINK_JOURNAL_AUTO,   /* as host, where that was so before */
        LINK_JOURNAL_NO,
        LINK_JOURNAL_HOST,   /* on the host, shown in the machine */
        LINK_JOURNAL_TRY_HOST,
        LINK_JOURNAL_GUEST,  /* in the machine's tree, linked on the host */
        LINK_JOURNAL_TRY_GUEST,
        _LINK_JOURNAL_MAX,
} LinkJournal;

/* systemd's range for containers (UIDS-GIDS.md of systemd): first and last base, and the size of one range. */
#define USER_NAMESPACE_FIRST UINT32_C(524288)
#define USER_NAMESPACE_LAST UINT32_C(1878982656)
#define USER_NAMESPACE_COUNT UINT32_C(65536)

/* A resource limit (getrlimit(2)); UINT64_MAX is no limit, which is RLIM_INFINITY too. */
typedef struct Limit {
        bool set;
        uint64_t soft, hard;
} Limit;

typedef struct OomScore {
        bool set;
        int value;
} OomScore;

/* As many CPUs as any kernel is built for (NR_CPUS). All zero: not set. */
enum { CPUS_MAX = 8192 };
typedef struct CpuSet {
        unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
} CpuSet;

static inline bool cpu_set_has(const CpuSet *set, unsigned cpu) {
        return set->bits[cpu / (8 * sizeof(unsigned long))] >> (cpu % (8 * sizeof(unsigned long))) & 1;
}

/* Whether a machine that ended begins again, by itself. */
typedef enum RestartMode {
        RESTART_NO,
        RESTART_ON_FAILURE,      /* unless it exited with status 0 */
        RESTART_ALWAYS,
        RESTART_UNLESS_STOPPED,  /* the same; and once it was stopped, not at the next boot either */
        _RESTART_MODE_MAX,
} RestartMode;

typedef struct RestartPolicy {
        RestartMode mode;
        uint32_t most;           /* times, with RESTART_ON_FAILURE; 0: any number */
} RestartPolicy;

/* What is done when a machine turns unhealthy. */
typedef enum HealthAction {
        HEALTH_NONE,
        HEALTH_KILL,             /* all of it; what Restart= says follows */
        HEALTH_RESTART,          /* it is stopped in order, and begins again whatever Restart= says */
        _HEALTH_ACTION_MAX,
} HealthAction;

/* Whether settings files are read (systemd-nspawn(1), --settings=). */
typedef enum SettingsMode {
        SETTINGS_YES,            /* what the caller says counts more than the files */
        SETTINGS_NO,
        SETTINGS_OVERRIDE,       /* the files count more */
        SETTINGS_TRUSTED,        /* as yes, and a file beside the image may say anything */
        _SETTINGS_MODE_MAX,
} SettingsMode;

const char *settings_mode_to_string(SettingsMode mode);
/* -EINVAL for what is none; takes booleans, too. */
int settings_mode_from_string(const char *text, SettingsMode *ret);

/* Where what a machine writes is recorded. */
typedef enum LogMode {
        LOG_TO_DEFAULT,     /* the journal; what has a caller's streams passes through */
        LOG_TO_NONE,
        LOG_TO_JOURNAL,
        LOG_TO_FILE,
        LOG_TO_PASSTHROUGH, /* nowhere: it is the caller's */
        _LOG_MODE_MAX,
} LogMode;

/* "journal"; and back, -EINVAL for what is none. */
const char *log_mode_to_string(LogMode mode);
int log_mode_from_string(const char *s);

enum { SPEC_NAME_MAX = 64, SPEC_SETTINGS_MAX = 256, TERMINALS_MAX = 64 };

struct Spec {
        /* What is no setting: who, from what, and how it was asked for. */
        char *name;
        char *root;                /* the tree: absolute, normalized */
        bool terminal;             /* the payload gets a terminal of its own */
        bool streams;              /* even one that boots gets none, and has the caller's streams */
        bool remove;               /* --rm: nothing is kept once it has ended */
        SettingsMode settings_mode; /* of the settings files */
        uint32_t owner;            /* the user who had it started; 0: root. No setting: the manager says so */
        uint64_t timing_usec;      /* since when (CLOCK_MONOTONIC) somebody takes the time of this start; 0: nobody does */

        /* [Exec] */
        char **parameters;         /* the command and its arguments */
        char **environment;        /* NAME=VALUE */
        char *user;                /* NAME, UID, NAME:GROUP or UID:GID, looked up in the machine */
        char *working_directory;   /* in the machine */
        char *hostname;
        bool boot;
        uint32_t terminals;        /* besides the console: with boot, at most TERMINALS_MAX */
        bool registered;           /* with systemd-machined */
        bool process_two;
        bool ephemeral;
        bool no_new_privileges;
        int kill_signal;
        RestartPolicy restart;
        uint64_t restart_usec;         /* before the first one; each that follows waits twice as long, up to the next */
        uint64_t restart_max_usec;
        uint64_t start_limit_usec;     /* within this no more than so many starts */
        uint32_t start_limit_burst;
        bool notify_ready;
        char **hook;                   /* see hook.h */
        uint64_t hook_timeout_usec;
        char *health_command;          /* of the machine's shell; NULL: nothing is checked */
        uint64_t health_interval_usec;
        uint64_t health_timeout_usec;
        uint64_t health_start_period_usec;
        uint32_t health_retries;
        HealthAction health_on_failure;
        LogMode log;
        uint64_t capability;       /* masks of 1 << CAP_*: given besides the default, taken from it */
        uint64_t drop_capability;
        uint64_t ambient_capability;
        bool nesting;              /* machines are made inside of it */
        char **system_call_filter; /* words of SystemCallFilter= */
        char *seccomp_profile;     /* JSON in place of the default list, or "unconfined"; NULL: the default */
        char *selinux_context;     /* of the command; NULL: as the policy decides */
        char *selinux_apifs_context; /* of the files of the file systems that are the machine's own */
        char *apparmor_profile;    /* "unconfined": none; NULL: berth's own */
        UserNamespace private_users;
        char **uid_map;                /* INSIDE:OUTSIDE:COUNT, see id-map.h */
        char **gid_map;
        NamespaceChoice namespaces[_NAMESPACE_KIND_MAX]; /* the network's follows from [Network] */
        Limit limits[RLIMIT_NLIMITS];  /* by RLIMIT_* */
        OomScore oom_score_adjust;
        CpuSet cpu_affinity;
        char *personality;             /* the name of an architecture; NULL for the host's own */
        int64_t boottime_offset_usec;  /* of the machine's clocks against the host's (time_namespaces(7)) */
        int64_t monotonic_offset_usec;

        /* [Files] */
        bool read_only;
        bool allow_exposed_tree;
        char *template_tree;       /* what the tree is made from where there is none yet */
        char *root_hash;           /* of dm-verity, hexadecimal: the image is checked by it */
        char *root_verity;         /* file with the hashes; NULL: in the image or beside it */
        char *root_hash_signature; /* file */
        char **devices;            /* HOST:PATH:ACCESS, see device.h */
        bool writable_layer;
        uint64_t disk_max;         /* bytes that the machine can write; 0: no limit */
        char **lower;              /* directories below the tree, the lowest first */
        OwnershipMode ownership;
        char **unmask;             /* paths of the kernel's files that are not covered, or "all" */
        VolatileMode volatile_mode;
        char *pivot_root;          /* NEW[:OLD] */
        bool privileged;
        ResolvConf resolv_conf;
        TimezoneMode timezone;
        LinkJournal link_journal;
        char *machine_id;          /* 32 digits */
        char **set_credential;     /* ID:VALUE */
        char **load_credential;    /* ID:PATH */
        char **bind;               /* mounts, in the syntax of mount-setting.h */
        char **bind_read_only;
        char **volume;
        char **temporary_file_system;
        char **inaccessible;
        char **overlay;
        char **overlay_read_only;

        /* [Network] */
        Network network;
        bool private_network;      /* from here to namespace_path: nspawn's own words, which resolving puts into "network" */
        bool virtual_ethernet;
        char *bridge;
        char *zone;
        char *namespace_path;
        char **interface;          /* IF[:NAME]: moved into the machine */
        char **macvlan;            /* made on IF for the machine */
        char **ipvlan;
        char **virtual_ethernet_extra;
        char **port;               /* see port.h */
        char *ipv4_address;
        char *ipv6_address;
        char *mac_address;
        char **dns;                /* for resolv.conf(5): addresses, domains, options */
        char **dns_search;
        char **dns_option;
        char **add_host;           /* NAME:ADDRESS */
        char **sysctl;             /* net.NAME=VALUE */
        NetRate net_rate;
        SpecLink link;             /* no setting */

        /* [Resources]: unit properties keep systemd's value syntax; NULL leaves systemd's default. */
        char *slice;
        uint64_t timeout_start_usec;
        uint64_t timeout_stop_usec;
        char *kill_mode;           /* "mixed" or "control-group" */
        char *cpu_shares;
        char *cpu_weight;
        char *startup_cpu_weight;
        char *cpu_quota;
        char *cpu_quota_period;
        char *allowed_cpus;
        char *allowed_memory_nodes;
        char *memory_min;
        char *memory_low;
        char *memory_high;
        char *memory_max;
        char *memory_swap_max;
        char *memory_zswap_max;
        char *tasks_max;
        char *io_weight;
        char **io_device_weight;   /* "DEVICE VALUE": these and all lists below up to property */
        char **io_read_bandwidth_max;
        char **io_write_bandwidth_max;
        char **io_read_iops_max;
        char **io_write_iops_max;
        char **io_device_latency_target;
        char *block_io_weight;
        char **block_io_read_bandwidth;
        char **block_io_write_bandwidth;
        char *device_policy;
        char **device_allow;       /* "DEVICE rwm" */
        char **ip_address_allow;   /* prefixes, and names of some */
        char **ip_address_deny;
        char *ip_accounting;
        char *managed_oom_swap;
        char *managed_oom_memory_pressure;
        char *managed_oom_memory_pressure_limit;
        char *managed_oom_preference;
        char **property;           /* NAME=VALUE, any other unit property */

        /* [Unit] and [Install] of berth@NAME.service: names of units */
        char **after;
        char **before;
        char **requires_units;
        char **wants;
        char **wanted_by;

        bool assigned[SPEC_SETTINGS_MAX]; /* per row of the settings table: set by a user, not by default */
};

/* A spec with all settings at their defaults. NULL without memory. Freed by spec_free(), which accepts NULL. */
Spec *spec_new(void);
Spec *spec_free(Spec *spec);
DEFINE_CLEANUP(Spec *, spec_free);
#define _cleanup_spec_ _cleanup_(spec_freep)

/* A deep copy, NULL without memory. */
Spec *spec_copy(const Spec *spec);

/* Takes over what is assigned in FROM; with REPLACE also what is assigned in TO already. 0 or -ENOMEM. */
int spec_assign_from(Spec *to, const Spec *from, bool replace);

/* Checks a name by machined's rule: letters, digits, "-" and ".", at most 64, a valid host name. ERROR says what is allowed. */
int spec_check_name(const char *name, Error *error);

/* Releases and forgets what a link says. */
void spec_link_done(SpecLink *link);

/* A link is nothing but strings. */
#define SPEC_LINK_PARTS (sizeof(SpecLink) / sizeof(char *))
#define SPEC_LINK_FOREACH(part, link) \
        for (char **part = (char **) (link); part < (char **) (link) + SPEC_LINK_PARTS; part++)

/* Whether the machine's network is one that others are not in (of its own, that is: it may have no link). */
static inline bool spec_has_own_network(const Spec *spec) {
        return spec->network.mode != NETWORK_HOST && spec->network.mode != NETWORK_MACHINE &&
               spec->network.mode != NETWORK_NAMESPACE;
}

/* Whether nothing is left to choose. */
bool spec_is_resolved(const Spec *spec);

/* Whether the machine writes to a layer of its own that lasts, and not to the tree. */
bool spec_has_layer(const Spec *spec);

/* Whether PATH is directly in one of the folders for machines (machinectl(1), "Files and Directories"). */
bool spec_path_is_in_store(const char *path);

/* Whether a file of the kernel is left as it is, and neither covered nor read-only. */
bool spec_unmasks(const Spec *spec, const char *path);

/* The bits of capabilities that the payload's root ends up with. */
uint64_t spec_effective_capabilities(const Spec *spec);

/* What the supervisor needs to add to the stop timeout so that systemd never kills before it does. Microseconds. */
#define SPEC_STOP_MARGIN_USEC (10 * USEC_PER_SEC)
