/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What iptables-legacy would have made of the IPv4 filter table, where that program is not installed:
 *
 *   legacy-filter POLICY [INTERFACE TARGET]   FORWARD has the policy (ACCEPT or DROP), and one rule for what comes from the
 *                                             interface, whose target is ACCEPT or DROP
 */

#include <netinet/in.h>

#include <linux/if.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A rule is what the kernel's headers call a struct with a flexible end, and what is there in one piece. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wgnu-variable-sized-type-not-at-end"
#endif

typedef struct Entry {
        struct ipt_entry entry;
        struct xt_standard_target target;
} Entry;

typedef struct Error {
        struct ipt_entry entry;
        struct xt_error_target target;
} Error;

static int verdict(const char *word) {
        return -(strcmp(word, "DROP") == 0 ? NF_DROP : NF_ACCEPT) - 1;
}

static Entry make_entry(int v) {
        return (Entry){
                .entry = { .target_offset = sizeof(struct ipt_entry), .next_offset = sizeof(Entry) },
                .target = { .target.u.user.target_size = sizeof(struct xt_standard_target), .verdict = v },
        };
}

typedef struct Table {
        struct ipt_replace replace;
        char entries[4 * sizeof(Entry) + sizeof(Error)];
} Table;

/* Where it is among the entries. */
static unsigned append(Table *table, const void *entry, size_t size) {
        unsigned at = table->replace.size;

        memcpy(table->entries + at, entry, size);
        table->replace.size += (unsigned) size;
        table->replace.num_entries++;
        return at;
}

static unsigned append_verdict(Table *table, const char *word) {
        const Entry entry = make_entry(verdict(word));

        return append(table, &entry, sizeof(entry));
}

static void fill(Table *table, int argc, char *argv[]) {
        const Error end = {
                .entry = { .target_offset = sizeof(struct ipt_entry), .next_offset = sizeof(Error) },
                .target = { .target.u.user = { .target_size = sizeof(struct xt_error_target), .name = XT_ERROR_TARGET },
                            .errorname = XT_ERROR_TARGET },
        };
        struct ipt_replace *replace = &table->replace;

        replace->hook_entry[NF_INET_LOCAL_IN] = replace->underflow[NF_INET_LOCAL_IN] = append_verdict(table, "ACCEPT");
        replace->hook_entry[NF_INET_FORWARD] = replace->size;
        if (argc == 4) {
                Entry rule = make_entry(verdict(argv[3]));

                (void) snprintf(rule.entry.ip.iniface, IFNAMSIZ, "%s", argv[2]);
                memset(rule.entry.ip.iniface_mask, 0xff, strlen(argv[2]) + 1);
                (void) append(table, &rule, sizeof(rule));
        }
        replace->underflow[NF_INET_FORWARD] = append_verdict(table, argv[1]);
        replace->hook_entry[NF_INET_LOCAL_OUT] = replace->underflow[NF_INET_LOCAL_OUT] = append_verdict(table, "ACCEPT");
        (void) append(table, &end, sizeof(end));
}

int main(int argc, char *argv[]) {
        struct ipt_getinfo info = { .name = "filter" };
        Table table = { .replace.name = "filter" };
        socklen_t length = sizeof(info);
        int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);

        if (argc < 2 || fd < 0 || getsockopt(fd, SOL_IP, IPT_SO_GET_INFO, &info, &length) < 0)
                return EXIT_FAILURE;
        fill(&table, argc, argv);
        table.replace.valid_hooks = info.valid_hooks;
        table.replace.num_counters = info.num_entries;
        table.replace.counters = calloc(info.num_entries, sizeof(struct xt_counters));
        length = (socklen_t) (offsetof(Table, entries) + table.replace.size);
        return setsockopt(fd, SOL_IP, IPT_SO_SET_REPLACE, &table, length) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
