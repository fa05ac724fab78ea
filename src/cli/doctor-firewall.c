/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the host's packet filter would do with a machine's packets. The rule set is read as JSON (libnftables-json(5)), which has
 * nftables' own rules, firewalld's and those of iptables-nft, and a packet is led through each chain of a hook that
 * can drop it. A condition that is not understood is taken as one that does not hold: better to name a policy too many.
 */

#include "doctor.h"

#include <dlfcn.h>
#include <jansson.h>

#include "string-util.h"

enum { OUTPUT_JSON = 1 << 4, DEPTH_MAX = 16 }; /* NFT_CTX_OUTPUT_JSON of nftables/libnftables.h */

/* The first packet of a connection. */
typedef struct Packet {
        const char *hook, *in, *out; /* NULL: an interface that no rule names */
        const char *purpose;
} Packet;

typedef enum Verdict {
        VERDICT_NONE,
        VERDICT_ACCEPT,
        VERDICT_DROP,
        VERDICT_RETURN,
} Verdict;

typedef struct Ruleset {
        json_t *items;
        json_t *dropping;        /* the rule that did, or NULL: the policy */
} Ruleset;

static const char *text_of(json_t *object, const char *key) {
        return strempty(json_string_value(json_object_get(object, key)));
}

static bool name_matches(const char *pattern, const char *name) {
        size_t n = strlen(pattern);

        if (!name)
                return false;
        return n > 0 && pattern[n - 1] == '*' ? strncmp(pattern, name, n - 1) == 0 : streq(pattern, name);
}

/* Whether VALUE is right, which may be one, a set of them, or a list. */
static bool value_matches(json_t *right, const char *value) {
        json_t *set = json_object_get(right, "set"), *item;
        size_t i;

        if (json_is_string(right))
                return name_matches(json_string_value(right), value);
        if (set)
                right = set;
        json_array_foreach(right, i, item)
                if (value_matches(item, value))
                        return true;
        return false;
}

static bool condition_holds(json_t *match, const Packet *packet) {
        json_t *left = json_object_get(match, "left"), *right = json_object_get(match, "right");
        const char *meta = text_of(json_object_get(left, "meta"), "key"), *ct = text_of(json_object_get(left, "ct"), "key");
        bool negated = streq(text_of(match, "op"), "!=");
        const char *value;

        if (streq(meta, "iifname") || streq(meta, "iif"))
                value = packet->in;
        else if (streq(meta, "oifname") || streq(meta, "oif"))
                value = packet->out;
        else if (streq(ct, "state"))
                value = "new";
        else
                return false;
        return value_matches(right, value) != negated;
}

static Verdict walk(Ruleset *rules, json_t *chain, const Packet *packet, unsigned depth);

static json_t *find_chain(const Ruleset *rules, json_t *like, const char *name) {
        json_t *item;
        size_t i;

        json_array_foreach(rules->items, i, item) {
                json_t *chain = json_object_get(item, "chain");

                if (chain && streq(text_of(chain, "family"), text_of(like, "family")) &&
                    streq(text_of(chain, "table"), text_of(like, "table")) && streq(text_of(chain, "name"), name))
                        return chain;
        }
        return NULL;
}

static Verdict jump(Ruleset *rules, json_t *rule, json_t *to, const Packet *packet, unsigned depth) {
        json_t *chain = find_chain(rules, rule, text_of(to, "target"));
        Verdict v = chain && depth < DEPTH_MAX ? walk(rules, chain, packet, depth + 1) : VERDICT_NONE;

        return v == VERDICT_RETURN ? VERDICT_NONE : v;
}

static Verdict rule_verdict(Ruleset *rules, json_t *rule, const Packet *packet, unsigned depth) {
        json_t *expression, *to;
        size_t i;

        json_array_foreach(json_object_get(rule, "expr"), i, expression) {
                json_t *match = json_object_get(expression, "match");

                if (match && !condition_holds(match, packet))
                        return VERDICT_NONE;
                /* A condition of iptables' own, that nft has no words for. */
                if (json_object_get(expression, "xt"))
                        return VERDICT_NONE;
                if (json_object_get(expression, "accept"))
                        return VERDICT_ACCEPT;
                if (json_object_get(expression, "return"))
                        return VERDICT_RETURN;
                if (json_object_get(expression, "drop") || json_object_get(expression, "reject")) {
                        rules->dropping = rule;
                        return VERDICT_DROP;
                }
                to = json_object_get(expression, "jump");
                if (!to)
                        to = json_object_get(expression, "goto");
                if (to) {
                        Verdict v = jump(rules, rule, to, packet, depth);

                        if (v != VERDICT_NONE)
                                return v;
                }
        }
        return VERDICT_NONE;
}

static Verdict walk(Ruleset *rules, json_t *chain, const Packet *packet, unsigned depth) {
        json_t *item;
        size_t i;

        json_array_foreach(rules->items, i, item) {
                json_t *rule = json_object_get(item, "rule");
                Verdict v;

                if (!rule || !streq(text_of(rule, "family"), text_of(chain, "family")) ||
                    !streq(text_of(rule, "table"), text_of(chain, "table")) ||
                    !streq(text_of(rule, "chain"), text_of(chain, "name")))
                        continue;
                v = rule_verdict(rules, rule, packet, depth);
                if (v != VERDICT_NONE)
                        return v;
        }
        return VERDICT_NONE;
}

static bool is_ours(json_t *chain) {
        return streq(text_of(chain, "family"), "inet") && streq(text_of(chain, "table"), "berth");
}

static void say_dropped(Doctor *d, const Ruleset *rules, json_t *chain, const Packet *packet) {
        const char *family = text_of(chain, "family"), *table = text_of(chain, "table"), *name = text_of(chain, "name");
        _cleanup_free_ char *rule = NULL;
        const char *interface = packet->in ? "iifname" : "oifname", *bridge = packet->in ? packet->in : packet->out;

        if (rules->dropping)
                rule = str_format("the rule with handle %" JSON_INTEGER_FORMAT " of its chain %s",
                                  json_integer_value(json_object_get(rules->dropping, "handle")),
                                  text_of(rules->dropping, "chain"));
        doctor_say(d, HEALTH_BAD, "firewall",
                   "%s would be dropped by %s in table %s %s, chain %s; let it pass: nft insert rule %s %s %s %s %s accept",
                   packet->purpose, rule ? rule : "the policy", family, table, name, family, table, name, interface, bridge);
}

/* A drop in any chain of the hook is the end of the packet, whatever others say. */
static bool check_packet(Doctor *d, Ruleset *rules, const Packet *packet) {
        bool passes = true;
        json_t *item;
        size_t i;

        json_array_foreach(rules->items, i, item) {
                json_t *chain = json_object_get(item, "chain");
                Verdict v;

                if (!chain || is_ours(chain) || !streq(text_of(chain, "hook"), packet->hook) ||
                    !streq(text_of(chain, "type"), "filter"))
                        continue;
                rules->dropping = NULL;
                v = walk(rules, chain, packet, 0);
                if (v == VERDICT_DROP || (v != VERDICT_ACCEPT && streq(text_of(chain, "policy"), "drop"))) {
                        say_dropped(d, rules, chain, packet);
                        passes = false;
                }
        }
        return passes;
}

/* The host's rules as JSON, or NULL with the reason in *ret_why. */
static json_t *read_rules(const char **ret_why) {
        void *handle = dlopen("libnftables.so.1", RTLD_NOW | RTLD_LOCAL), *context;
        void *(*context_new)(uint32_t flags);
        void (*set_flags)(void *context, unsigned flags);
        int (*buffer_output)(void *context), (*run)(void *context, const char *commands);
        const char *(*output)(void *context);
        json_t *rules;

        *ret_why = "libnftables.so.1 is not installed: no machine gets a network but with --network=none or host; install it "
                   "(Debian: libnftables1)";
        if (!handle)
                return NULL;
        *(void **) &context_new = dlsym(handle, "nft_ctx_new");
        *(void **) &set_flags = dlsym(handle, "nft_ctx_output_set_flags");
        *(void **) &buffer_output = dlsym(handle, "nft_ctx_buffer_output");
        *(void **) &run = dlsym(handle, "nft_run_cmd_from_buffer");
        *(void **) &output = dlsym(handle, "nft_ctx_get_output_buffer");
        if (!context_new || !set_flags || !buffer_output || !run || !output)
                return NULL;

        *ret_why = "nftables does not work here: no machine gets a network but with --network=none or host; the kernel needs "
                   "CONFIG_NF_TABLES and CONFIG_NF_TABLES_INET";
        context = context_new(0);
        if (!context || buffer_output(context) != 0)
                return NULL;
        set_flags(context, OUTPUT_JSON);
        if (run(context, "list ruleset") != 0)
                return NULL;
        rules = json_loads(output(context), 0, NULL);
        return rules;
}

void doctor_check_firewall(Doctor *d) {
        static const Packet packets[] = {
                { "forward", "berth0", NULL, "what machines send out" },
                { "forward", NULL, "berth0", "what comes in for published ports" },
                { "input", "berth0", NULL, "what machines ask of the host" },
        };
        const char *why;
        json_auto_t *rules = NULL;
        Ruleset set = {};
        bool passes = true;

        if (!d->root) {
                doctor_say(d, HEALTH_NOTE, "firewall", "only root can read its rules: run berth doctor as root");
                return;
        }
        rules = read_rules(&why);
        if (!rules) {
                doctor_say(d, HEALTH_BAD, "firewall", "%s", why);
                return;
        }
        set.items = json_object_get(rules, "nftables");
        for (size_t i = 0; i < ELEMENTSOF(packets); i++)
                passes = check_packet(d, &set, &packets[i]) && passes;
        if (passes)
                doctor_say(d, HEALTH_OK, "firewall", "no rule drops what machines on berth0 send and get");
}
