/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fd-util.h"
#include "library.h"
#include "netlink.h"
#include "string-util.h"
#include "strv.h"

/* The text */

/* What has no element that says otherwise is passed on: others' rules decide about it. */
static const char chains[] = "  chain input {\n"
                             "    type filter hook input priority filter; policy accept;\n"
                             "    iifname != @no_host accept\n"
                             "    ct state established,related accept\n"
                             "    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
                             "    drop\n"
                             "  }\n"
                             "  chain forward {\n"
                             "    type filter hook forward priority filter; policy accept;\n"
                             "    ct state established,related accept\n"
                             "    iifname . oifname @together accept\n"
                             "    iifname @internal drop\n"
                             "    oifname @internal drop\n"
                             "    ct status dnat accept\n"
                             "    iifname . oifname @apart drop\n"
                             "    iifname @isolated oifname @networks drop\n"
                             "    iifname @networks oifname @isolated drop\n"
                             "    iifname != @networks oifname @networks drop\n"
                             "  }\n"
                             "  chain prerouting {\n"
                             "    type nat hook prerouting priority dstnat; policy accept;\n"
                             "    fib daddr type local jump published\n"
                             "  }\n"
                             "  chain output {\n"
                             "    type nat hook output priority -100; policy accept;\n"
                             "    ip daddr 127.0.0.0/8 accept\n"
                             "    ip6 daddr ::1 accept\n"
                             "    fib daddr type local jump published\n"
                             "  }\n"
                             "  chain published {\n"
                             "    dnat ip to ip daddr . meta l4proto . th dport map @ports4_at\n"
                             "    dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6_at\n"
                             "    dnat ip to meta l4proto . th dport map @ports4\n"
                             "    dnat ip6 to meta l4proto . th dport map @ports6\n"
                             "  }\n"
                             "  chain postrouting {\n"
                             "    type nat hook postrouting priority srcnat; policy accept;\n"
                             "    ip saddr @subnets4 ip daddr @subnets4 ct status dnat masquerade\n"
                             "    ip6 saddr @subnets6 ip6 daddr @subnets6 ct status dnat masquerade\n"
                             "    ip saddr @subnets4 ip daddr != @subnets4 ip daddr != 224.0.0.0/4 masquerade\n"
                             "    ip6 saddr @subnets6 ip6 daddr != @subnets6 ip6 daddr != ff00::/8 masquerade\n"
                             "  }\n";

static bool is_any(const NetworkConfig *n) {
        return true;
}

static bool is_isolated(const NetworkConfig *n) {
        return n->isolated;
}

static bool is_internal(const NetworkConfig *n) {
        return n->internal;
}

static bool is_closed_to_host(const NetworkConfig *n) {
        return n->no_host_access;
}

static bool is_apart(const NetworkConfig *n) {
        return n->no_icc;
}

static bool is_together(const NetworkConfig *n) {
        return !n->no_icc;
}

/* A set of the bridges of those networks that IS_IN says belong to it; of pairs of them with themselves where PAIRS. */
static void render_bridges(FILE *f, const FilterContent *content, const char *set, bool pairs,
                           bool (*is_in)(const NetworkConfig *n)) {
        bool any = false;

        fprintf(f, "  set %s {\n    type %s;\n", set, pairs ? "ifname . ifname" : "ifname");
        for (size_t i = 0; i < content->n_networks; i++) {
                const NetworkConfig *n = content->networks + i;

                if (!is_in(n))
                        continue;
                fprintf(f, "%s\"%s\"", any ? ", " : "    elements = { ", n->bridge);
                if (pairs)
                        fprintf(f, " . \"%s\"", n->bridge);
                any = true;
        }
        fprintf(f, "%s  }\n", any ? " }\n" : "");
}

static void render_subnets(FILE *f, const FilterContent *content, bool six) {
        bool any = false;

        fprintf(f, "  set subnets%s {\n    type %s;\n    flags interval;\n", six ? "6" : "4", six ? "ipv6_addr" : "ipv4_addr");
        for (size_t i = 0; i < content->n_networks; i++) {
                const IpAddress *subnet = six ? &content->networks[i].subnet6 : &content->networks[i].subnet;
                char buffer[IP_TEXT_MAX];

                if (!ip_is_set(subnet))
                        continue;
                fprintf(f, "%s%s", any ? ", " : "    elements = { ", ip_format_prefix(subnet, buffer));
                any = true;
        }
        fprintf(f, "%s  }\n", any ? " }\n" : "");
}

static void render_maps(FILE *f) {
        static const char *const families[] = { "4", "6" };

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                const char *n = families[i];

                fprintf(f, "  map ports%s {\n    type inet_proto . inet_service : ipv%s_addr . inet_service;\n  }\n", n, n);
                fprintf(f,
                        "  map ports%s_at {\n    type ipv%s_addr . inet_proto . inet_service : ipv%s_addr . inet_service;\n  }\n",
                        n, n, n);
        }
}

char *filter_render(const FilterContent *content) {
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        /* Adding it first makes deleting it right whether or not it is there. */
        fputs("add table inet berth\ndelete table inet berth\n", f);
        if (content->n_networks > 0) {
                fputs("table inet berth {\n", f);
                render_bridges(f, content, "networks", false, is_any);
                render_bridges(f, content, "isolated", false, is_isolated);
                render_bridges(f, content, "internal", false, is_internal);
                render_bridges(f, content, "no_host", false, is_closed_to_host);
                render_bridges(f, content, "apart", true, is_apart);
                render_bridges(f, content, "together", true, is_together);
                render_subnets(f, content, false);
                render_subnets(f, content, true);
                render_maps(f);
                fputs(chains, f);
                fputs("}\n", f);
                STRV_FOREACH(port, content->ports)
                        fprintf(f, "add element inet berth %s\n", *port);
        }
        return fclose(f) == 0 ? text : (free(text), NULL);
}

/* Running it */

/* nftables/libnftables.h, which is not needed to build: the five functions that are used, of 0.9 and later. */
typedef struct Library {
        void *(*ctx_new)(uint32_t flags);
        int (*buffer_error)(void *ctx);
        const char *(*error_buffer)(void *ctx);
        int (*run)(void *ctx, const char *commands);
} Library;

static int load_library(Library *ret) {
        const LibrarySymbol symbols[] = {
                { "nft_ctx_new", (void **) &ret->ctx_new },
                { "nft_ctx_buffer_error", (void **) &ret->buffer_error },
                { "nft_ctx_get_error_buffer", (void **) &ret->error_buffer },
                { "nft_run_cmd_from_buffer", (void **) &ret->run },
        };

        return library_open("libnftables.so.1", symbols, ELEMENTSOF(symbols)) ? 0 : -ENOENT;
}

/* Its first line says what was wrong. */
static const char *run_library(const char *commands) {
        Library library;
        void *ctx;

        if (load_library(&library) < 0)
                return "libnftables.so.1 is not installed (Debian: libnftables1)";
        ctx = library.ctx_new(0);
        if (!ctx || library.buffer_error(ctx) != 0)
                return "libnftables does not work";
        if (library.run(ctx, commands) == 0)
                return NULL;
        return library.error_buffer(ctx);
}

static _noreturn_ void run_in_child(const char *commands, int report) {
        const char *complaint = run_library(commands);

        if (complaint)
                (void) fd_write_all(report, complaint, strcspn(complaint, "\n"));
        _exit(complaint ? EXIT_FAILURE : EXIT_SUCCESS);
}

int filter_run(const char *commands, const char *step, const char *object, Error *error) {
        _cleanup_free_ char *complaint = NULL;
        _cleanup_close_ int in = -EBADF, out = -EBADF;
        int pair[2], status, r;
        pid_t child;

        if (pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), step, object);
        in = pair[0];
        out = pair[1];

        child = fork();
        if (child < 0)
                return error_set_errno(error, negative_errno(), step, object);
        if (child == 0)
                run_in_child(commands, out);

        out = fd_close(out);
        r = fd_read_all(in, 64 * 1024, &complaint, NULL);
        if (waitpid(child, &status, 0) < 0)
                r = negative_errno();
        if (r < 0)
                return error_set_errno(error, r, step, object);
        return status == 0 ? 0
                           : error_set(error, ERROR_NOT_SUPPORTED, EIO, step, object, "%s",
                                       isempty(complaint) ? "libnftables crashed" : complaint);
}

int filter_replace(const FilterContent *content, Error *error) {
        _cleanup_free_ char *commands = filter_render(content);

        return commands ? filter_run(commands, "setting up the packet filter", "inet berth", error) : error_oom(error);
}

static int on_generation(const struct nlmsghdr *m, void *userdata) {
        size_t size;
        const void *attributes = netlink_attributes(m, sizeof(struct nfgenmsg), &size);
        const struct nlattr *id = netlink_find(attributes, size, NFTA_GEN_ID);
        uint32_t value;

        if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) && id && netlink_data_size(id) == sizeof(value)) {
                memcpy(&value, netlink_data(id), sizeof(value));
                *(uint32_t *) userdata = ntohl(value);
        }
        return 0;
}

uint32_t filter_generation(void) {
        const struct nfgenmsg header = { .version = NFNETLINK_V0 };
        _cleanup_netlink_ Netlink nl;
        uint32_t generation = 0;

        if (netlink_open(NETLINK_NETFILTER, &nl) < 0)
                return 0;
        netlink_begin(&nl, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0, &header, sizeof(header));
        return netlink_ask(&nl, on_generation, &generation) < 0 ? 0 : generation;
}
