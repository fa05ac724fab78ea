/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth doctor: what of this host keeps machines from working, and how to mend it. */

#include "doctor.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "client.h"
#include "file-util.h"
#include "parse-util.h"
#include "resource.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

void doctor_say(Doctor *d, Health health, const char *what, const char *format, ...) {
        static const char *const words[] = { [HEALTH_OK] = "ok", [HEALTH_NOTE] = "note", [HEALTH_BAD] = "BAD" };
        static const char *const keys[] = { [HEALTH_OK] = "ok", [HEALTH_NOTE] = "note", [HEALTH_BAD] = "bad" };
        _cleanup_free_ char *text = NULL;
        va_list ap;

        d->bad = d->bad || health == HEALTH_BAD;
        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);
        if (d->table) {
                table_add_string(d->table, keys[health]);
                table_add_string(d->table, what);
                table_add_string(d->table, text);
        } else
                printf("%-4s  %-17s %s\n", words[health], what, strempty(text));
}

static void check_systemd(Doctor *d) {
        if (access("/run/systemd/system", F_OK) < 0)
                doctor_say(d, HEALTH_BAD, "systemd", "it is not this host's PID 1: no machine can run; boot with systemd");
        else
                doctor_say(d, HEALTH_OK, "systemd", "it runs this host");
}

static void check_cgroups(Doctor *d) {
        static const char *const wanted[] = { "cpu", "io", "memory", "pids" };
        _cleanup_free_ char *line = NULL;
        _cleanup_strv_free_ char **controllers = NULL;
        bool complete = true;
        int host = host_kind();

        if (host < 0) {
                doctor_say(d, HEALTH_BAD, "cgroups", "there are none at /sys/fs/cgroup: no machine can run; boot with systemd");
                return;
        }
        if (host == HOST_HYBRID) {
                doctor_say(
                        d, HEALTH_NOTE, "cgroups",
                        "version 1 (hybrid): limits work, but those that only version 2 has (MemoryHigh=, IOWeight= and others) are "
                        "refused; boot with systemd.unified_cgroup_hierarchy=1");
                return;
        }
        if (file_read_line(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", &line) < 0 || strv_split(line, " ", &controllers) < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!strv_contains(controllers, wanted[i])) {
                        complete = false;
                        doctor_say(
                                d, HEALTH_BAD, "cgroups",
                                "the controller %s is missing: limits of that kind are refused; look for cgroup_disable= on the "
                                "kernel's command line",
                                wanted[i]);
                }
        if (complete)
                doctor_say(d, HEALTH_OK, "cgroups", "version 2 with %s", line);
}

static void check_user_namespaces(Doctor *d) {
        _cleanup_free_ char *line = NULL;
        uint64_t most;

        if (access("/proc/self/ns/user", F_OK) < 0)
                doctor_say(d, HEALTH_BAD, "user namespaces",
                           "this kernel has none (CONFIG_USER_NS): machines run with --private-users=no alone");
        else if (file_read_line(AT_FDCWD, "/proc/sys/user/max_user_namespaces", &line) >= 0 && parse_u64(line, &most) >= 0 &&
                 most == 0)
                doctor_say(
                        d, HEALTH_BAD, "user namespaces",
                        "they are switched off: machines run with --private-users=no alone; sysctl user.max_user_namespaces=10000");
        else
                doctor_say(d, HEALTH_OK, "user namespaces", "up to %s of them", line ? line : "any number");
}

/* mount_setattr(2), "ID-mapped mounts": since Linux 5.12 to 6.1 where nothing else is said. */
static void check_id_maps(Doctor *d) {
        static const struct {
                long magic;
                const char *name;
                bool mapped;
        } known[] = {
                { EXT4_SUPER_MAGIC, "ext4", true }, { BTRFS_SUPER_MAGIC, "btrfs", true },
                { XFS_SUPER_MAGIC, "xfs", true },   { F2FS_SUPER_MAGIC, "f2fs", true },
                { NFS_SUPER_MAGIC, "nfs", false },  { OVERLAYFS_SUPER_MAGIC, "overlay", false },
                { FUSE_SUPER_MAGIC, "fuse", false }, { TMPFS_MAGIC, "tmpfs", true },
        };
        static const char *const places[] = { "/var/lib/machines", "/var/lib/berth" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                struct statfs fs;

                if (statfs(places[i], &fs) < 0)
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(known); k++) {
                        if (fs.f_type != known[k].magic)
                                continue;
                        if (known[k].mapped)
                                doctor_say(d, HEALTH_OK, "id maps", "%s is on %s, which can be id-mapped", places[i],
                                           known[k].name);
                        else
                                doctor_say(
                                        d, HEALTH_NOTE, "id maps",
                                        "%s is on %s, which cannot be id-mapped: trees there need --private-users-ownership=chown, or "
                                        "another file system (ext4, xfs, btrfs)",
                                        places[i], known[k].name);
                }
        }
}

static void check_forwarding(Doctor *d) {
        static const struct {
                const char *path, *family;
        } rows[] = { { "/proc/sys/net/ipv4/ip_forward", "IPv4" }, { "/proc/sys/net/ipv6/conf/all/forwarding", "IPv6" } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_free_ char *line = NULL;

                if (file_read_line(AT_FDCWD, rows[i].path, &line) < 0)
                        doctor_say(d, HEALTH_NOTE, "forwarding", "this kernel has no %s: machines get no such addresses to use",
                                   rows[i].family);
                else
                        doctor_say(d, HEALTH_OK, "forwarding", "of %s is %s", rows[i].family,
                                   streq(line, "0") ? "off, and switched on by the first machine that needs it" : "on");
        }
}

static bool bus_has(char *const *names, const char *name) {
        return strv_contains(names, name);
}

static void check_services(Doctor *d) {
        _cleanup_strv_free_ char **running = NULL, **startable = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        static const struct {
                const char *name, *what, *trouble;
                Health health;
        } rows[] = {
                { "org.berth1", "berthd",
                  "it is not installed: no machine can be run but in a unit; install its D-Bus service file", HEALTH_BAD },
                { "org.freedesktop.machine1", "machined",
                  "it is not installed: machinectl and nss-mymachines know nothing of machines (Debian: systemd-container)",
                  HEALTH_NOTE },
                { "org.freedesktop.PolicyKit1", "polkit", "it is not installed: only root may run machines (Debian: polkitd)",
                  HEALTH_NOTE },
        };

        if (client_open(&bus, &error) < 0 || sd_bus_list_names(bus, &running, &startable) < 0) {
                doctor_say(d, HEALTH_BAD, "system bus",
                           "it cannot be reached: no machine can be run but in a unit; systemctl start dbus");
                return;
        }
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (bus_has(running, rows[i].name) || bus_has(startable, rows[i].name))
                        doctor_say(d, HEALTH_OK, rows[i].what, "it is there");
                else
                        doctor_say(d, rows[i].health, rows[i].what, "%s", rows[i].trouble);
        if (bus_has(running, "org.freedesktop.network1"))
                doctor_check_networkd(d);
}

static void check_lsms(Doctor *d) {
        _cleanup_free_ char *list = NULL, *enforce = NULL;

        if (file_read_line(AT_FDCWD, "/sys/kernel/security/lsm", &list) < 0)
                doctor_say(d, HEALTH_NOTE, "security modules",
                           "which there are cannot be read: securityfs is not mounted, or not ours to read");
        else if (file_read_line(AT_FDCWD, "/sys/fs/selinux/enforce", &enforce) >= 0 && streq(enforce, "1"))
                doctor_say(d, HEALTH_NOTE, "security modules",
                           "%s; SELinux enforces, and berth brings no policy: what it denies is in journalctl -t audit", list);
        else
                doctor_say(d, HEALTH_OK, "security modules", "%s", list);
}

typedef struct DoctorOptions {
        JsonMode json;
} DoctorOptions;

static const Option doctor_options[] = {
        { "json", &type_json_mode, offsetof(DoctorOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

static void check_all(Doctor *d) {
        check_systemd(d);
        check_cgroups(d);
        check_user_namespaces(d);
        check_id_maps(d);
        check_services(d);
        check_lsms(d);
        check_forwarding(d);
        doctor_check_firewall(d);
}

static int doctor_verb(const Call *call, Error *error) {
        static const Column columns[] = { { "HEALTH", "health" }, { "WHAT", "what" }, { "TEXT", "text" } };
        const DoctorOptions *options = call->options;
        _cleanup_table_ Table table = TABLE(columns);
        Doctor d = { .root = geteuid() == 0, .table = options->json == JSON_OFF ? NULL : &table };

        check_all(&d);
        if (d.table && table_print(&table, options->json, /* legend= */ false) < 0)
                return error_oom(error);
        return d.bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

const Verb verb_doctor = {
        .names = "doctor",
        .operands = "",
        .least = 0,
        .most = 0,
        .options = doctor_options,
        .size = sizeof(DoctorOptions),
        .help = "Say what of this host keeps machines from working",
        .details =
                "Each line is about one thing: ok, a note (something works less well) or BAD (something does not work), and says how to "
                "mend it. The packet filter's rules, also those of firewalld and iptables-nft, are followed as the packets of machines on "
                "each network would be, and the rule is named that would drop them; so is a file of systemd-networkd's that takes their "
                "links away. Exit status 1 where anything is bad.",
        .run = doctor_verb,
};
