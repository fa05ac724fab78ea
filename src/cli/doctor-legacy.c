/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doctor-legacy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* Behind the C library's: they leave out what those have said. */
#include <linux/if.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"
#include "strv.h"

enum { DEPTH_MAX = 16 };

/* Both families' entries are the same but for the size of addresses. */
typedef struct Family {
        int domain, level, get_info, get_entries;
        const char *names;       /* of the tables that there are */
        size_t entry;            /* the size of one without matches, and where in it things are */
        size_t masks, masks_size, in, out, in_mask, out_mask, protocol, flags, inverted, target, next;
} Family;

static const Family families[] = {
        { .domain = AF_INET,
          .level = SOL_IP,
          .get_info = IPT_SO_GET_INFO,
          .get_entries = IPT_SO_GET_ENTRIES,
          .names = "/proc/net/ip_tables_names",
          .entry = sizeof(struct ipt_entry),
          .masks = offsetof(struct ipt_entry, ip.smsk),
          .masks_size = 2 * sizeof(struct in_addr),
          .in = offsetof(struct ipt_entry, ip.iniface),
          .out = offsetof(struct ipt_entry, ip.outiface),
          .in_mask = offsetof(struct ipt_entry, ip.iniface_mask),
          .out_mask = offsetof(struct ipt_entry, ip.outiface_mask),
          .protocol = offsetof(struct ipt_entry, ip.proto),
          .flags = offsetof(struct ipt_entry, ip.flags),
          .inverted = offsetof(struct ipt_entry, ip.invflags),
          .target = offsetof(struct ipt_entry, target_offset),
          .next = offsetof(struct ipt_entry, next_offset) },
        { .domain = AF_INET6,
          .level = SOL_IPV6,
          .get_info = IP6T_SO_GET_INFO,
          .get_entries = IP6T_SO_GET_ENTRIES,
          .names = "/proc/net/ip6_tables_names",
          .entry = sizeof(struct ip6t_entry),
          .masks = offsetof(struct ip6t_entry, ipv6.smsk),
          .masks_size = 2 * sizeof(struct in6_addr),
          .in = offsetof(struct ip6t_entry, ipv6.iniface),
          .out = offsetof(struct ip6t_entry, ipv6.outiface),
          .in_mask = offsetof(struct ip6t_entry, ipv6.iniface_mask),
          .out_mask = offsetof(struct ip6t_entry, ipv6.outiface_mask),
          .protocol = offsetof(struct ip6t_entry, ipv6.proto),
          .flags = offsetof(struct ip6t_entry, ipv6.flags),
          .inverted = offsetof(struct ip6t_entry, ipv6.invflags),
          .target = offsetof(struct ip6t_entry, target_offset),
          .next = offsetof(struct ip6t_entry, next_offset) },
};

/* These are the same for both, and so are these structures. */
static_assert(IPT_F_GOTO == 2 && IP6T_F_GOTO == 4, "a goto is said in two ways");
static_assert(IPT_INV_VIA_IN == IP6T_INV_VIA_IN && IPT_INV_VIA_OUT == IP6T_INV_VIA_OUT, "and an inverted interface in one");
static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "what is asked first is the same");
static_assert(offsetof(struct ipt_get_entries, entrytable) == offsetof(struct ip6t_get_entries, entrytable),
              "and so is the rest");

typedef struct LegacyTable {
        const Family *family;
        const RulePacket *packet;
        const char *entries;
        size_t size;
} LegacyTable;

bool legacy_is_there(bool six) {
        _cleanup_free_ char *text = NULL;
        _cleanup_strv_free_ char **tables = NULL;

        return file_read_at(AT_FDCWD, families[six].names, FILE_MAX_DEFAULT, &text, NULL) >= 0 &&
               strv_split(text, "\n", &tables) >= 0 && strv_contains(tables, "filter");
}

static uint16_t u16_at(const char *entry, size_t offset) {
        uint16_t value;

        memcpy(&value, entry + offset, sizeof(value));
        return value;
}

static bool interface_matches(const char *wanted, const char *mask, bool inverted, const char *name) {
        char have[IFNAMSIZ] = {};
        bool same = true, any = true;

        (void) strncpy(have, strempty(name), sizeof(have) - 1);
        for (size_t i = 0; i < IFNAMSIZ; i++) {
                same = same && ((wanted[i] ^ have[i]) & mask[i]) == 0;
                any = any && mask[i] == 0;
        }
        return any || (name && same) != inverted;
}

/* Addresses, protocols and whatever a match looks at are not understood. */
static bool entry_holds(const LegacyTable *table, const char *entry) {
        const Family *f = table->family;
        uint8_t inverted = (uint8_t) entry[f->inverted];

        if (u16_at(entry, f->target) != f->entry || u16_at(entry, f->protocol) != 0)
                return false;
        for (size_t i = 0; i < f->masks_size; i++)
                if (entry[f->masks + i] != 0)
                        return false;
        return interface_matches(entry + f->in, entry + f->in_mask, inverted & IPT_INV_VIA_IN, table->packet->in) &&
               interface_matches(entry + f->out, entry + f->out_mask, inverted & IPT_INV_VIA_OUT, table->packet->out);
}

static bool is_goto(const Family *f, const char *entry) {
        return (uint8_t) entry[f->flags] & (f->domain == AF_INET ? IPT_F_GOTO : IP6T_F_GOTO);
}

typedef enum Way {
        WAY_ON,                  /* to the next entry */
        WAY_BACK,                /* to where the chain was called from */
        WAY_ACCEPT,
        WAY_DROP,
} Way;

static Way walk(const LegacyTable *table, size_t at, unsigned depth, size_t last, unsigned *ret_rule);

/* An entry's target, where it holds. A chain ends in one that returns, or in the policy, which are targets like others. */
static Way follow_target(const LegacyTable *table, const char *entry, size_t at, unsigned depth) {
        const Family *f = table->family;
        const struct xt_standard_target *target = (const void *) (entry + u16_at(entry, f->target));
        const char *name = target->target.u.user.name;
        Way way;

        if (streq(name, XT_ERROR_TARGET))
                return WAY_BACK;
        if (!entry_holds(table, entry))
                return WAY_ON;
        if (*name)
                return streq(name, "REJECT") ? WAY_DROP : WAY_ON;
        if (target->verdict < 0)
                return target->verdict == XT_RETURN ? WAY_BACK : target->verdict == -NF_ACCEPT - 1 ? WAY_ACCEPT : WAY_DROP;
        if ((size_t) target->verdict == at + u16_at(entry, f->next) || depth >= DEPTH_MAX)
                return WAY_ON;
        way = walk(table, (size_t) target->verdict, depth + 1, SIZE_MAX, NULL);
        return way != WAY_BACK ? way : is_goto(f, entry) ? WAY_BACK : WAY_ON;
}

/* Through the chain that begins AT; of one of a hook the policy is the entry LAST. */
static Way walk(const LegacyTable *table, size_t at, unsigned depth, size_t last, unsigned *ret_rule) {
        const Family *f = table->family;

        for (unsigned n = 1; at + f->entry + sizeof(struct xt_standard_target) <= table->size; n++) {
                const char *entry = table->entries + at;
                Way way = follow_target(table, entry, at, depth);

                /* Back from a hook's own chain is to its policy. */
                if (way == WAY_BACK && last != SIZE_MAX && at != last) {
                        at = last;
                        continue;
                }
                if (way != WAY_ON) {
                        if (ret_rule)
                                *ret_rule = at == last ? 0 : n;
                        return way;
                }
                if (u16_at(entry, f->next) < f->entry)
                        break;
                at += u16_at(entry, f->next);
        }
        return WAY_BACK;
}

int legacy_follow(bool six, const RulePacket *packet, unsigned *ret_rule) {
        const Family *f = &families[six];
        _cleanup_close_ int fd = socket(f->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
        unsigned hook = streq(packet->hook, "input") ? NF_INET_LOCAL_IN : NF_INET_FORWARD;
        struct ipt_getinfo info = { .name = "filter" };
        _cleanup_free_ struct ipt_get_entries *get = NULL;
        socklen_t size = sizeof(info);
        LegacyTable table;

        if (fd < 0 || getsockopt(fd, f->level, f->get_info, &info, &size) < 0)
                return negative_errno();
        size = (socklen_t) (offsetof(struct ipt_get_entries, entrytable) + info.size);
        get = calloc(1, size);
        if (!get)
                return -ENOMEM;
        (void) strncpy(get->name, "filter", sizeof(get->name) - 1);
        get->size = info.size;
        if (getsockopt(fd, f->level, f->get_entries, get, &size) < 0)
                return negative_errno();

        table = (LegacyTable){ f, packet, (const char *) get->entrytable, info.size };
        return walk(&table, info.hook_entry[hook], 0, info.underflow[hook], ret_rule) == WAY_DROP;
}
