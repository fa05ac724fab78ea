/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doctor-rules.h"

#include "string-util.h"

enum { DEPTH_MAX = 16 };

typedef enum Verdict {
        VERDICT_NONE,
        VERDICT_ACCEPT,
        VERDICT_DROP,
        VERDICT_RETURN,
} Verdict;

typedef struct Ruleset {
        json_t *items;
        const RulePacket *packet;
        json_t *dropping;        /* the rule that did, or NULL: the policy */
        json_t *doubtful;        /* the first one that may have, before any that did */
} Ruleset;

const char *rules_text(json_t *object, const char *key) {
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

static bool condition_holds(json_t *match, const RulePacket *packet) {
        json_t *left = json_object_get(match, "left"), *right = json_object_get(match, "right");
        const char *meta = rules_text(json_object_get(left, "meta"), "key"), *ct = rules_text(json_object_get(left, "ct"), "key");
        bool negated = streq(rules_text(match, "op"), "!=");
        const char *value;

        if (streq(meta, "iifname") || streq(meta, "iif"))
                value = packet->in;
        else if (streq(meta, "oifname") || streq(meta, "oif"))
                value = packet->out;
        else if (streq(ct, "state"))
                value = "new";
        else if (streq(ct, "status"))
                value = packet->published ? "dnat" : NULL;
        else
                return false;
        return value_matches(right, value) != negated;
}

static Verdict walk(Ruleset *rules, json_t *chain, unsigned depth);

static json_t *find_chain(const Ruleset *rules, json_t *like, const char *name) {
        json_t *item;
        size_t i;

        json_array_foreach(rules->items, i, item) {
                json_t *chain = json_object_get(item, "chain");

                if (chain && streq(rules_text(chain, "family"), rules_text(like, "family")) &&
                    streq(rules_text(chain, "table"), rules_text(like, "table")) && streq(rules_text(chain, "name"), name))
                        return chain;
        }
        return NULL;
}

static Verdict drop(Ruleset *rules, json_t *rule) {
        rules->dropping = rule;
        return VERDICT_DROP;
}

/* The way does not come back behind a goto: what its chain leaves open is left open by the one that it is in. */
static Verdict jump(Ruleset *rules, json_t *rule, const char *target, bool is_goto, unsigned depth) {
        json_t *chain = find_chain(rules, rule, target);
        Verdict v = chain && depth < DEPTH_MAX ? walk(rules, chain, depth + 1) : VERDICT_NONE;

        if (v != VERDICT_NONE && v != VERDICT_RETURN)
                return v;
        return is_goto ? VERDICT_RETURN : VERDICT_NONE;
}

/*
 * Something of iptables' own, that nft has no words for: a match, which is not understood, or a target. nft says which of them
 * since 1.0.8; before, one that ends its rule can only be a target, and the name of that is not to be had.
 */
static Verdict xt_verdict(Ruleset *rules, json_t *rule, json_t *xt, bool is_last) {
        const char *type = rules_text(xt, "type"), *name = rules_text(xt, "name");

        if (streq(type, "target") && streq(name, "REJECT"))
                return drop(rules, rule);
        if (!*type && is_last && !rules->doubtful)
                rules->doubtful = rule;
        return VERDICT_NONE;
}

static Verdict rule_verdict(Ruleset *rules, json_t *rule, unsigned depth) {
        json_t *list = json_object_get(rule, "expr"), *expression;
        size_t i;

        json_array_foreach(list, i, expression) {
                json_t *match = json_object_get(expression, "match"), *xt = json_object_get(expression, "xt"),
                       *to = json_object_get(expression, "jump"), *away = json_object_get(expression, "goto");

                if (match && !condition_holds(match, rules->packet))
                        return VERDICT_NONE;
                if (xt)
                        return xt_verdict(rules, rule, xt, i + 1 == json_array_size(list));
                if (json_object_get(expression, "accept"))
                        return VERDICT_ACCEPT;
                if (json_object_get(expression, "return"))
                        return VERDICT_RETURN;
                if (json_object_get(expression, "drop") || json_object_get(expression, "reject"))
                        return drop(rules, rule);
                if (to || away)
                        return jump(rules, rule, rules_text(to ? to : away, "target"), away != NULL, depth);
        }
        return VERDICT_NONE;
}

static Verdict walk(Ruleset *rules, json_t *chain, unsigned depth) {
        json_t *item;
        size_t i;

        json_array_foreach(rules->items, i, item) {
                json_t *rule = json_object_get(item, "rule");
                Verdict v;

                if (!rule || !streq(rules_text(rule, "family"), rules_text(chain, "family")) ||
                    !streq(rules_text(rule, "table"), rules_text(chain, "table")) ||
                    !streq(rules_text(rule, "chain"), rules_text(chain, "name")))
                        continue;
                v = rule_verdict(rules, rule, depth);
                if (v != VERDICT_NONE)
                        return v;
        }
        return VERDICT_NONE;
}

static bool is_ours(json_t *chain) {
        return streq(rules_text(chain, "family"), "inet") && streq(rules_text(chain, "table"), "berth");
}

/* A drop in any chain of the hook is the end of the packet, whatever others say. */
unsigned rules_follow(json_t *listing, const RulePacket *packet, void (*found)(const RuleFinding *finding, void *userdata),
                      void *userdata) {
        Ruleset rules = { .items = json_object_get(listing, "nftables"), .packet = packet };
        unsigned n = 0;
        json_t *item;
        size_t i;

        json_array_foreach(rules.items, i, item) {
                json_t *chain = json_object_get(item, "chain");
                Verdict v;

                if (!chain || is_ours(chain) || !streq(rules_text(chain, "hook"), packet->hook) ||
                    !streq(rules_text(chain, "type"), "filter"))
                        continue;
                rules.dropping = rules.doubtful = NULL;
                v = walk(&rules, chain, 0);
                if (v == VERDICT_DROP || (v != VERDICT_ACCEPT && streq(rules_text(chain, "policy"), "drop"))) {
                        found(&(RuleFinding){ .chain = chain, .rule = rules.dropping, .certain = true }, userdata);
                        n++;
                } else if (rules.doubtful) {
                        found(&(RuleFinding){ .chain = chain, .rule = rules.doubtful }, userdata);
                        n++;
                }
        }
        return n;
}
