/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the host's packet filter would do with machines' packets: of the default network, and of each other one that there is. */

#include "doctor.h"

#include <dlfcn.h>

#include "client.h"
#include "doctor-legacy.h"
#include "doctor-rules.h"
#include "string-util.h"

enum { OUTPUT_JSON = 1 << 4 }; /* NFT_CTX_OUTPUT_JSON of nftables/libnftables.h */

/* What would be lost, on BRIDGE. */
typedef struct Loss {
        Doctor *doctor;
        const char *bridge, *purpose;
        RulePacket packet;
} Loss;

/* How to let it pass, in the words of whose table it is. */
static char *advice(const Loss *loss, json_t *chain) {
        const char *family = rules_text(chain, "family"), *table = rules_text(chain, "table"), *name = rules_text(chain, "name");
        bool in = loss->packet.in;

        if (streq(table, "firewalld"))
                return str_format("firewall-cmd --permanent --zone=trusted --change-interface=%s && firewall-cmd --reload",
                                  loss->bridge);
        /* The table and the chains that iptables-nft(8) has. */
        if (streq(table, "filter") && (streq(family, "ip") || streq(family, "ip6")) &&
            (streq(name, "FORWARD") || streq(name, "INPUT")))
                return str_format("%s -I %s %s %s -j ACCEPT", streq(family, "ip") ? "iptables" : "ip6tables", name,
                                  in ? "-i" : "-o", loss->bridge);
        return str_format("nft insert rule %s %s %s %s %s accept", family, table, name, in ? "iifname" : "oifname", loss->bridge);
}

static void say_lost(const RuleFinding *finding, void *userdata) {
        const Loss *loss = userdata;
        json_t *chain = finding->chain;
        _cleanup_free_ char *rule = NULL, *mend = advice(loss, chain);

        if (finding->rule)
                rule = str_format("the rule with handle %" JSON_INTEGER_FORMAT " of its chain %s",
                                  json_integer_value(json_object_get(finding->rule, "handle")),
                                  rules_text(finding->rule, "chain"));
        doctor_say(loss->doctor, finding->certain ? HEALTH_BAD : HEALTH_NOTE, "firewall",
                   "%s%s %s be dropped by %s in table %s %s, chain %s%s; let it pass: %s", loss->purpose, loss->bridge,
                   finding->certain ? "would" : "may", rule ? rule : "the policy", rules_text(chain, "family"),
                   rules_text(chain, "table"), rules_text(chain, "name"),
                   finding->certain ? "" : " (what it does only iptables-nft -S says)", strempty(mend));
}

/* In the tables that nft(8) does not show. */
static unsigned check_legacy(const Loss *loss) {
        static const char *const programs[] = { "iptables-legacy", "ip6tables-legacy" };
        const char *chain = streq(loss->packet.hook, "input") ? "INPUT" : "FORWARD";
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(programs); i++) {
                _cleanup_free_ char *by = NULL;
                unsigned rule;
                int r = legacy_is_there(i == 1) ? legacy_follow(i == 1, &loss->packet, &rule) : 0;

                if (r > 0)
                        by = rule > 0 ? str_format("rule %u", rule) : strdup("the policy");
                if (r > 0)
                        doctor_say(loss->doctor, HEALTH_BAD, "firewall",
                                   "%s%s would be dropped by %s of %s's chain %s; let it pass: %s -I %s %s %s -j ACCEPT",
                                   loss->purpose, loss->bridge, strempty(by), programs[i], chain, programs[i], chain,
                                   loss->packet.in ? "-i" : "-o", loss->bridge);
                else if (r < 0)
                        doctor_say(loss->doctor, HEALTH_NOTE, "firewall", "the rules of %s cannot be read: %s", programs[i],
                                   errno_text(r));
                n += r != 0;
        }
        return n;
}

/* Nothing goes through the host from or to an internal network. */
static unsigned check_bridge(Doctor *d, json_t *listing, const char *bridge, bool internal) {
        const Loss losses[] = {
                { d, bridge, "what machines send out of ", { "forward", bridge, NULL, false } },
                { d, bridge, "what comes in for published ports on ", { "forward", NULL, bridge, true } },
                { d, bridge, "what machines ask of the host on ", { "input", bridge, NULL, false } },
        };
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(losses); i++)
                if (!internal || streq(losses[i].packet.hook, "input"))
                        n += rules_follow(listing, &losses[i].packet, say_lost, (void *) &losses[i]) + check_legacy(&losses[i]);
        return n;
}

/* The host's rules as JSON, or NULL with the reason in *ret_why. */
static json_t *list_rules(void *handle, const char **ret_why) {
        void *(*context_new)(uint32_t flags);
        void (*context_free)(void *context), (*set_flags)(void *context, unsigned flags);
        int (*buffer_output)(void *context), (*run)(void *context, const char *commands);
        const char *(*output)(void *context);
        json_t *rules = NULL;
        void *context;

        *(void **) &context_new = dlsym(handle, "nft_ctx_new");
        *(void **) &context_free = dlsym(handle, "nft_ctx_free");
        *(void **) &set_flags = dlsym(handle, "nft_ctx_output_set_flags");
        *(void **) &buffer_output = dlsym(handle, "nft_ctx_buffer_output");
        *(void **) &run = dlsym(handle, "nft_run_cmd_from_buffer");
        *(void **) &output = dlsym(handle, "nft_ctx_get_output_buffer");
        if (!context_new || !context_free || !set_flags || !buffer_output || !run || !output)
                return NULL;

        *ret_why = "nftables does not work here: no machine gets a network but with --network=none or host; the kernel needs "
                   "CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET";
        context = context_new(0);
        if (!context)
                return NULL;
        if (buffer_output(context) == 0) {
                set_flags(context, OUTPUT_JSON);
                if (run(context, "list ruleset") == 0)
                        rules = json_loads(output(context), 0, NULL);
        }
        context_free(context);
        return rules;
}

static json_t *read_rules(const char **ret_why) {
        void *handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL);
        json_t *rules;

        *ret_why = "libnftables.so.1 is not installed: no machine gets a network but with --network=none or host; install it "
                   "(Debian: libnftables1)";
        rules = handle ? list_rules(handle, ret_why) : NULL;
        if (handle)
                (void) dlclose(handle);
        return rules;
}

/* Of all networks of berth's but the default one, which there need not be a manager for. */
static unsigned check_networks(Doctor *d, json_t *listing) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        unsigned n = 0;
        int r = client_open(&bus, NULL);

        if (r >= 0)
                r = client_call_simple(bus, &reply, NULL, "ListNetworks", "");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(sssssuo)");
        while (r >= 0) {
                const char *name, *kind, *bridge, *subnet, *subnet6, *path;
                uint32_t machines;
                int internal = 0;

                r = sd_bus_message_read(reply, "(sssssuo)", &name, &kind, &bridge, &subnet, &subnet6, &machines, &path);
                if (r <= 0)
                        break;
                if (streq(bridge, "berth0"))
                        continue;
                (void) sd_bus_get_property_trivial(bus, "org.berth1", path, "org.berth1.Network", "Internal", NULL, 'b',
                                                   &internal);
                n += check_bridge(d, listing, bridge, internal);
        }
        return n;
}

void doctor_check_firewall(Doctor *d) {
        const char *why;
        json_auto_t *listing = NULL;
        unsigned n;

        if (!d->root) {
                doctor_say(d, HEALTH_NOTE, "firewall", "only root can read its rules: run berth doctor as root");
                return;
        }
        listing = read_rules(&why);
        if (!listing) {
                doctor_say(d, HEALTH_BAD, "firewall", "%s", why);
                return;
        }
        n = check_bridge(d, listing, "berth0", /* internal= */ false);
        n += check_networks(d, listing);
        if (n == 0)
                doctor_say(d, HEALTH_OK, "firewall", "no rule drops what machines send and get");
}
