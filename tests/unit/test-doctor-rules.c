/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rule sets as nft -j lists them, of programs that not every host has, and what becomes of a machine's packets there. */

#include "doctor-rules.h"

#include <stdio.h>

#include "string-util.h"
#include "unit.h"

#define IPT "\"family\":\"ip\",\"table\":\"filter\","
#define FWD "\"family\":\"inet\",\"table\":\"firewalld\","
#define OWN "\"family\":\"inet\",\"table\":\"berth\","
#define BASE(table, name, policy) \
        "{\"chain\":{" table "\"name\":\"" name "\",\"type\":\"filter\",\"hook\":\"forward\",\"policy\":\"" policy "\"}}"
#define CHAIN(table, name) "{\"chain\":{" table "\"name\":\"" name "\"}}"
#define RULE(table, chain, expressions) "{\"rule\":{" table "\"chain\":\"" chain "\",\"handle\":7,\"expr\":[" expressions "]}}"
#define META(key, op, name) "{\"match\":{\"op\":\"" op "\",\"left\":{\"meta\":{\"key\":\"" key "\"}},\"right\":\"" name "\"}},"
#define CT(key, value) "{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"" key "\"}},\"right\":" value "}},"
#define COUNTER "{\"counter\":{\"packets\":0,\"bytes\":0}},"
#define JUMP(chain) "{\"jump\":{\"target\":\"" chain "\"}}"
#define GOTO(chain) "{\"goto\":{\"target\":\"" chain "\"}}"
#define ACCEPT "{\"accept\":null}"
#define DROP "{\"drop\":null}"
#define REJECT "{\"reject\":{\"type\":\"icmpx\",\"expr\":\"admin-prohibited\"}}"

typedef struct Seen {
        unsigned certain, doubtful;
        char chain[64];          /* of the rule, or of the policy */
} Seen;

static void on_finding(const RuleFinding *finding, void *userdata) {
        Seen *seen = userdata;

        (void) snprintf(seen->chain, sizeof(seen->chain), "%s",
                        finding->rule ? rules_text(finding->rule, "chain") : rules_text(finding->chain, "name"));
        *(finding->certain ? &seen->certain : &seen->doubtful) += 1;
}

static Seen follow(const char *const *items, const RulePacket *packet) {
        json_t *list = json_array(), *listing = json_pack("{s:o}", "nftables", list);
        Seen seen = {};
        unsigned found;

        assert_non_null(listing);
        for (; *items; items++)
                assert_int_equal(json_array_append_new(list, json_loads(*items, 0, NULL)), 0);
        found = rules_follow(listing, packet, on_finding, &seen);
        assert_int_equal(found, seen.certain + seen.doubtful);
        json_decref(listing);
        return seen;
}

static const RulePacket out = { "forward", "berth0", NULL, false }, in = { "forward", NULL, "berth0", true };

/* What Docker makes of a host: a policy, and rules for its own bridge alone. */
static void iptables_nft_with_docker(void **state) {
        static const char *const items[] = {
                BASE(IPT, "FORWARD", "drop"),
                CHAIN(IPT, "DOCKER"),
                RULE(IPT, "FORWARD", COUNTER JUMP("DOCKER")),
                RULE(IPT, "FORWARD", META("oifname", "==", "docker0") "{\"xt\":null}," COUNTER ACCEPT),
                RULE(IPT, "DOCKER", META("iifname", "!=", "docker0") META("oifname", "==", "docker0") DROP),
                NULL,
        };
        Seen seen = follow(items, &out);

        assert_int_equal(seen.certain, 1);
        assert_string_equal(seen.chain, "FORWARD");
        assert_int_equal(follow(items, &in).certain, 1);
        assert_int_equal(follow(items, &(RulePacket){ "input", "berth0", NULL, false }).certain, 0);
}

/* One rule in a chain that accepts. */
static Seen follow_rule(const char *rule) {
        return follow((const char *const[]){ BASE(IPT, "FORWARD", "accept"), rule, NULL }, &out);
}

/* What follows a match that is not understood is not taken to happen; a target is what its name says, where nft says it. */
static void iptables_own_matches_and_targets(void **state) {
        Seen match = follow_rule(RULE(IPT, "FORWARD", "{\"xt\":null}," COUNTER DROP));
        Seen unnamed = follow_rule(RULE(IPT, "FORWARD", COUNTER "{\"xt\":null}"));
        Seen reject = follow_rule(RULE(IPT, "FORWARD", COUNTER "{\"xt\":{\"type\":\"target\",\"name\":\"REJECT\"}}"));
        Seen log = follow_rule(RULE(IPT, "FORWARD", COUNTER "{\"xt\":{\"type\":\"target\",\"name\":\"LOG\"}}"));
        Seen elsewhere = follow_rule(RULE(IPT, "FORWARD", META("iifname", "==", "eth7") "{\"xt\":null}"));

        assert_int_equal(match.certain + match.doubtful, 0);
        assert_int_equal(unnamed.certain, 0);
        assert_int_equal(unnamed.doubtful, 1);
        assert_int_equal(reject.certain, 1);
        assert_int_equal(log.certain + log.doubtful, 0);
        assert_int_equal(elsewhere.certain + elsewhere.doubtful, 0);
}

/* Through firewalld: published ports are let in, what machines send is rejected at the end, but for what a zone accepts. */
static void firewalld(void **state) {
        const char *items[] = {
                BASE(FWD, "filter_FORWARD", "accept"),
                CHAIN(FWD, "filter_FORWARD_IN_ZONES"),
                CHAIN(FWD, "filter_FWDI_public"),
                RULE(FWD, "filter_FORWARD", CT("state", "[\"established\",\"related\"]") ACCEPT),
                RULE(FWD, "filter_FORWARD", CT("status", "\"dnat\"") ACCEPT),
                RULE(FWD, "filter_FORWARD", JUMP("filter_FORWARD_IN_ZONES")),
                RULE(FWD, "filter_FORWARD", REJECT),
                RULE(FWD, "filter_FORWARD_IN_ZONES", GOTO("filter_FWDI_public")),
                RULE(FWD, "filter_FWDI_public", META("oifname", "==", "eth7") ACCEPT),
                NULL,
        };
        Seen seen = follow(items, &out);

        assert_int_equal(seen.certain, 1);
        assert_string_equal(seen.chain, "filter_FORWARD");
        assert_int_equal(follow(items, &in).certain, 0);
        items[ELEMENTSOF(items) - 2] = RULE(FWD, "filter_FWDI_public", META("iifname", "==", "berth*") ACCEPT);
        assert_int_equal(follow(items, &out).certain, 0);
}

/* A chain that is gone to does not come back: a rule behind it is not reached. */
static void goto_does_not_come_back(void **state) {
        static const char *const items[] = {
                BASE(IPT, "FORWARD", "accept"),
                CHAIN(IPT, "a"),
                CHAIN(IPT, "b"),
                RULE(IPT, "FORWARD", JUMP("a")),
                RULE(IPT, "a", GOTO("b")),
                RULE(IPT, "a", DROP),
                NULL,
        };
        static const char *const loop[] = {
                BASE(IPT, "FORWARD", "drop"), CHAIN(IPT, "a"), RULE(IPT, "FORWARD", JUMP("a")), RULE(IPT, "a", JUMP("a")), NULL,
        };

        assert_int_equal(follow(items, &out).certain, 0);
        assert_int_equal(follow(loop, &out).certain, 1);
}

/* berth's own table is not what somebody has to mend. */
static void own_table(void **state) {
        assert_int_equal(follow((const char *const[]){ BASE(OWN, "forward", "drop"), NULL }, &out).certain, 0);
        assert_int_equal(follow((const char *const[]){ NULL }, &out).certain, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(iptables_nft_with_docker), cmocka_unit_test(iptables_own_matches_and_targets),
                cmocka_unit_test(firewalld),                cmocka_unit_test(goto_does_not_come_back),
                cmocka_unit_test(own_table),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
