/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* For each type of setting, values that it takes and values that it refuses. A type without a row fails the tests. */

#include "personality.h"
#include "setting.h"
#include "strv.h"

#if defined(__x86_64__)
#define PERSONALITY_SAMPLE "x86-64", "x86"
#elif defined(__aarch64__)
#define PERSONALITY_SAMPLE "arm64", "arm"
#else
#define PERSONALITY_SAMPLE PERSONALITIES
#endif

typedef struct Samples {
        const SettingType *type;
        const char *good[8];
        const char *bad[10];
} Samples;

static const Samples samples[] = {
        { &type_boolean, { "yes", "no", "1", "off" }, { "maybe", "2", " yes" } },
        { &type_private_network, { "yes", "no" }, { "maybe", "host" } },
        { &type_network,
          { "none", "host", "bridge=br0", "container:web", "ns:/run/netns/a" },
          { "bridge=", "bridge=a/b", "zone=-x", "container:", "ns:a", "macvlan=", "a b" } },
        { &type_interface, { "eth0", "br-lan", "a.b" }, { "a/b", "sixteen-letters-", "..", "a b", "a:b", "all" } },
        { &type_interfaces, { "eth0", "eth0:lan", "a b:c" }, { "a/b", "a:b:c", ":a", "a:" } },
        { &type_zone, { "web", "a.b-c" }, { "-a", "a b", "a/b" } },
        { &type_ports,
          { "8080", "tcp:8080:80", "127.0.0.1:53:5353/udp", "[::1]:8000-8003:80-83", "1-65535/sctp" },
          { "0", "65536", "80:", "80/icmp", "8000-8003:80", "9-8", "::1:80:80" } },
        { &type_ipv4, { "10.0.0.1", "10.0.0.1/24" }, { "10.0.0", "fd00::1", "10.0.0.1/33", "10.0.0.1/0", "10.0.0.256" } },
        { &type_ipv6, { "fd00::1", "fd00::0:1/64" }, { "10.0.0.1", "fd00::1/129", "fd00:::1", "::1%lo" } },
        { &type_addresses, { "10.0.0.1", "fd00::1" }, { "10.0.0", "fd00::1/64", "name" } },
        { &type_units, { "db", "network-online.target" }, { "a/b", "@.service", "a;b.service" } },
        { &type_domains, { "a.example", "ndots:2" }, { "a/b", "a\nb" } },
        { &type_sysctls, { "net.ipv4.ip_forward=1", "net/ipv4/ip_forward=1", "net.ipv4.ping_group_range=0 0" },
          { "net.ipv4.ip_forward", "kernel.hostname=x", "net.../x=1", "net.=1", "net.a/../b=1" } },
        { &type_net_rate,
          { "10M", "10mbit", "in=8K", "out=1500k", "in=10M,out=2Gbit", "8000" },
          { "10", "7999", "2T", "10bps", "in=", "up=1M", "in=1M,in=2M", "1.5M", "1M,2M", "bit" } },
        { &type_host_entries,
          { "web:10.0.0.1", "web:fd00::1", "host:host-gateway" },
          { "web", ":10.0.0.1", "web:10.0.0", "a b:10.0.0.1" } },
        { &type_mac,
          { "02:00:00:00:00:01", "AA:bb:cc:dd:ee:ff" },
          { "01:00:00:00:00:01", "00:00:00:00:00:00", "02-00-00-00-00-01", "02:00:00:00:00", "02:00:00:00:00:0g" } },
        { &type_string, { "text", "grün" }, { "a\033b", "\xff" } },
        { &type_path, { "/", "/a/b", "/a b" }, { "a", "/a/", "/a/../b", "/a\033" } },
        { &type_strings, { "a", "-x", "two words", "new\nline" }, {} },
        { &type_environment, { "A=1", "A_B2=", "A=B=C", "A=ü" }, { "A", "=1", "1A=1", "A-B=1", "Ä=1" } },
        { &type_hostname, { "web", "a.b-c", "W3" }, { "-a", "a-", "a..b", ".a", "a_b", "a b", "ä" } },
        { &type_user, { "root", "0", "joe:users", "0:0", "a-b.c_d$" }, { ":", "a:", ":a", "-a", "a b", "a:b:c", "a/b" } },
        { &type_signal, { "SIGTERM", "SIGRTMIN+3" }, { "NONE", "0", "99" } },
        { &type_timespan, { "90s", "1min 30s", "infinity", "0" }, { "soon", "-1", "5x" } },
        { &type_capabilities, { "CAP_NET_ADMIN", "net_admin,sys_time", "all" }, { "CAP_NONE", "4711", "CAP_" } },
        { &type_system_calls,
          { "@mount", "~@keyring", "bpf", "~bpf ptrace", "mount:EPERM" },
          { "@", "~", "a b c/d", "mount:ENOTHING", "mount:0", "@@mount", "mount:4096" } },
        { &type_seccomp_profile,
          { "unconfined", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}" },
          { "confined", "{}", "[]", "{\"defaultAction\":1}", "{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}" } },
        { &type_user_namespace,
          { "pick", "no", "identity", "65536", "65536:1000" },
          { "yes", "0", "1:0", "-1", "65536:x", "1:4294967295", "4294967295" } },
        { &type_id_maps,
          { "0:100000:65536", "1000:1000", "5:5:1" },
          { "0", "0:0:1", "0:1:0", "a:1:1", "0:1:2:3", "0::1", "1:4294967295:1" } },
        { &type_namespace,
          { "private", "host", "container:web", "ns:/proc/1/ns/net" },
          { "yes", "container:", "container:a b", "ns:", "ns:a", "ns:/a/../b" } },
        { &type_devices,
          { "/dev/fuse", "/dev/fuse:rw", "/dev/sda:/dev/disk/a:r", "/x:/dev/y:m", "/dev/nully" },
          { "dev/fuse", "/dev/fuse:/opt/x", "/dev/a:/dev/b:x", "/dev/a:/dev/b:rr", "/dev/a::r", "/dev/a:/dev/pts/1",
            "/dev/null" } },
        { &type_restart,
          { "no", "on-failure", "on-failure:3", "always", "unless-stopped" },
          { "yes", "on-failure:", "on-failure:x", "always:3", "never" } },
        { &type_hooks,
          { "prestart:/bin/true", "stopped:/opt/a b 'c d'", "started:/x", "stopping:/y" },
          { "prestart", "prestart:true", "later:/bin/true", "started:", "stopping:/", "stopped:/a/../b", "started:/a 'b" } },
        { &type_health_action, { "none", "kill", "restart" }, { "stop", "yes" } },
        { &type_count, { "1", "5" }, { "0", "-1", "x", "1.5" } },
        { &type_terminals, { "1", "64" }, { "65", "-1", "x", "1.5", "4294967296" } },
        { &type_log, { "none", "journal", "file", "passthrough", "journald" }, { "syslog", "no", "Journal" } },
        { &type_limit_number, { "1024", "1024:2048", "0:infinity", "infinity", "-1" }, { "x", "2:1", "1:2:3", "1K", "-2" } },
        { &type_limit_size, { "64M", "1K:2G", "0", "infinity" }, { "M", "2G:1G", "50%", "1 M" } },
        { &type_limit_seconds, { "30", "1min:1h", "500ms", "infinity" }, { "soon", "2:1", "-5" } },
        { &type_limit_usec, { "5000", "500ms:1s", "infinity" }, { "soon", "2s:1s", "-5" } },
        { &type_limit_nice, { "+5", "-20", "+19", "40", "0:infinity" }, { "+20", "-21", "41", "x", "5:+19" } },
        { &type_oom_score, { "0", "-1000", "1000", "-5" }, { "1001", "-1001", "x", "--1", "+" } },
        { &type_cpus, { "0", "0-3,8", "1 3", "8191" }, { "3-1", "8192", "x", "1-", ",", "-1" } },
        { &type_personality, { PERSONALITY_SAMPLE }, { "vax", "x86-", "X86-64" } },
        { &type_label,
          { "unconfined", "berth-machine", "/usr/bin/x", "system_u:system_r:berth_machine_t:s0:c1,c2" },
          { "a b", "a;b", "\"" } },
        { &type_offset, { "90s", "-1day", "+5", "1500ms", "-1ms" }, { "soon", "--1", "infinity", "99999999999d" } },
        { &type_slice,
          { "machine.slice", "-.slice", "a-b.slice" },
          { "a", ".slice", "a--b.slice", "-a.slice", "a-.slice", "a b.slice" } },
        { &type_bind,
          { "/srv", "/srv:/mnt", "/a\\:b:/c:ro,rootidmap", "+/usr:/opt:norbind", ":/scratch", "/a//b/:/c/" },
          { "srv", "/a:b", "/a:/b:shared", "/a:/b:ro:x", "/a/../b", "/:/", "/a:/" } },
        { &type_bind_read_only, { "/srv", "/srv:/mnt:idmap" }, { "/srv:/mnt:rw", "x", "/a:/b:size=5" } },
        { &type_volume,
          { "data:/data", "/srv:/mnt:ro", "a.b-c_d:/x:nosuid" },
          { "data", "/srv", ".x:/data", "da ta:/data", "-x:/data", "data:rel", ":/data" } },
        { &type_tmpfs,
          { "/tmp", "/tmp:size=1m,mode=700", "/a:ro", "/a:uid=5,noexec" },
          { "tmp", "/tmp:size=", "/tmp:mpol=bind", "/", "/tmp:size=1m:x", "/tmp:size=a/b" } },
        { &type_inaccessible, { "/srv", "/a\\:b" }, { "srv", "/", "/a:/b" } },
        { &type_overlay,
          { "/a:/b", "/a:/b:/c", "/a::/c", "+/usr:/b:/c" },
          { "/a", "/a:b:/c", ":/b:/c", "/a:/b:/", "::" } },
        { &type_overlay_read_only, { "/a:/b", "/a:/b:/c" }, { "/a", "/a::/c" } },
        { &type_unmask,
          { "all", "/proc/kcore", "/proc/kcore:/sys/firmware", "/sys" },
          { "/etc", "kcore", "/proc", "/proc/../etc" } },
        { &type_set_credential, { "id:value", "a.b:", "x:a:b" }, { "id", ":x", "a/b:x", ".a:x", "a b:x" } },
        { &type_load_credential, { "id:/etc/secret" }, { "id", "id:rel", ":/x", "a/b:/x" } },
        { &type_machine_id,
          { "0123456789abcdef0123456789abcdef", "01234567-89AB-cdef-0123-456789abcdef" },
          { "0", "00000000000000000000000000000000", "0123456789abcdef0123456789abcdeg", "0-123456789abcdef0123456789abcdef" } },
        { &type_root_hash,
          { "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" },
          { "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdex", "no" } },
        { &type_ownership, { "auto", "map", "chown", "off" }, { "no", "yes" } },
        { &type_disk_size, { "16M", "1G", "20000000" }, { "15M", "x", "-1", "50%" } },
        { &type_template, { "/var/lib/machines/base", "/srv/base", "/" }, { "base", "./base", "/a/../b", "/a/" } },
        { &type_lower, { "/a", "/a/b" }, { "a", "/", "/a/../b", "/a/" } },
        { &type_resolv_conf,
          { "auto", "off", "host", "copy-stub", "replace-uplink", "bind-static" },
          { "copy-off", "copy", "yes" } },
        { &type_timezone, { "auto", "off", "copy", "symlink", "delete" }, { "UTC", "yes" } },
        { &type_link_journal, { "no", "host", "try-host", "guest", "try-guest", "auto" }, { "yes", "try-auto", "try-" } },
        { &type_volatile, { "no", "yes", "state", "overlay" }, { "maybe" } },
        { &type_pivot_root, { "/sub", "/sub:/old" }, { "/", "sub", "/a:/b:/c", "/a/../b" } },
        { &type_properties, { "IOAccounting=yes", "RuntimeMaxSec=1h" }, { "IOWeight", "=5", "ioweight=5", "IO Weight=5" } },
        { &type_unit_size, { "64M", "1.5G", "50%", "infinity" }, { "x", "-1", "101%", "5 M" } },
        { &type_unit_weight, { "1", "10000" }, { "0", "10001", "x", "-1" } },
        { &type_unit_cpu_weight, { "1", "10000", "idle" }, { "0", "10001", "busy" } },
        { &type_unit_block_io_weight, { "10", "1000" }, { "9", "1001", "x" } },
        { &type_unit_percent, { "0%", "50%", "12.5%", "100%" }, { "50", "101%", "x" } },
        { &type_unit_period, { "1ms", "50ms", "1s" }, { "999us", "2s", "x", "infinity" } },
        { &type_unit_cpus, { "0", "0-3,8", "1 2" }, { "x", "3-1", "8192", "-", "," } },
        { &type_unit_boolean, { "yes", "no", "1" }, { "maybe", "2" } },
        { &type_unit_device_policy, { "auto", "closed", "strict" }, { "open", "Auto" } },
        { &type_unit_oom, { "auto", "kill" }, { "none", "Kill" } },
        { &type_unit_oom_preference, { "none", "avoid", "omit" }, { "kill", "x" } },
        { &type_kill_mode, { "mixed", "control-group" }, { "none", "process", "x" } },
        { &type_unit_device_weights, { "/dev/vda 200", "/a b 1" }, { "/dev/vda", "vda 100", "/dev/vda 0", "/dev/vda x" } },
        { &type_unit_bandwidths,
          { "/dev/vda 10M", "/dev/vda infinity", "/a b 7" },
          { "/dev/vda", "vda 1M", "/dev/vda x", "/dev/vda -1", "/dev/vda 1X", "/dev/vda 0", " 1M" } },
        { &type_unit_latencies, { "/dev/vda 25ms", "/srv 1s", "/dev/vda infinity" }, { "/dev/vda", "vda 1ms", "/dev/vda soon" } },
        { &type_unit_devices,
          { "/dev/null rw", "/dev/fuse", "char-pts", "block-* r" },
          { "/etc/passwd r", "null", "/dev/null x", "../dev/null r" } },
        { &type_unit_prefixes,
          { "any", "10.0.0.0/8", "::1", "localhost 1.2.3.4" },
          { "1.2.3", "1.2.3.4/33", "host", "::1/129" } },
        { &type_unit_shares, { "2", "262144" }, { "1", "262145", "x" } },
        { &type_unit_quota, { "20%", "250%", "0.5%" }, { "20", "0%", "x%" } },
        { &type_unit_tasks, { "1", "5%", "infinity" }, { "0", "-1", "x", "101%" } },
};

static inline const Samples *samples_of(const SettingType *type) {
        for (size_t i = 0; i < ELEMENTSOF(samples); i++)
                if (samples[i].type == type)
                        return samples + i;
        return NULL;
}

/* The items of a list or the one value, as text: "" where nothing is set. NULL without memory. */
static inline char *setting_text(const Setting *s, const Spec *spec) {
        return setting_format(s, spec, "\n");
}
