/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-policy.h"

#include <linux/sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "filter-lists.h"
#include "filter-names.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "compiling the system call filter";

#define DENY(number) (SECCOMP_RET_ERRNO | (number))

/* What is decided for one name. */
typedef struct Rule {
        char *name;
        bool decided;            /* has an action of its own */
        FilterOutcome outcome;
} Rule;

typedef struct Compiler {
        const FilterPolicy *policy;
        FilterNames names;
        SeccompProfile *profile;
        Rule *rules;
        size_t n_rules;
        uint32_t denied;         /* for calls that are known and have no rule */
        uint32_t unknown;        /* for those that are not */

        FilterOutcome *outcomes; /* what ranges point into; their clauses are the rules' */
        size_t n_outcomes;
} Compiler;

static void compiler_done(Compiler *c) {
        for (size_t i = 0; i < c->n_rules; i++) {
                free(c->rules[i].name);
                free(c->rules[i].outcome.clauses);
        }
        free(c->rules);
        free(c->outcomes);
        seccomp_profile_free(c->profile);
        filter_names_done(&c->names);
}
#define _cleanup_compiler_ _cleanup_(compiler_done)

/* Rules */

static int get_rule(Compiler *c, const char *name, Rule **ret) {
        Rule *grown;

        for (size_t i = 0; i < c->n_rules; i++)
                if (streq(c->rules[i].name, name)) {
                        *ret = c->rules + i;
                        return 0;
                }

        grown = reallocarray(c->rules, c->n_rules + 1, sizeof(Rule));
        if (!grown)
                return -ENOMEM;
        c->rules = grown;
        grown[c->n_rules] = (Rule){ .name = strdup(name) };
        if (!grown[c->n_rules].name)
                return -ENOMEM;
        *ret = grown + c->n_rules++;
        return 0;
}

/* Without conditions: what was said before no longer counts. */
static int decide(Compiler *c, const char *name, uint32_t action) {
        Rule *rule;
        int r = get_rule(c, name, &rule);

        if (r < 0)
                return r;
        rule->decided = true;
        rule->outcome.action = action;
        rule->outcome.n_clauses = 0;
        return 0;
}

static int add_clause(Compiler *c, const char *name, const SeccompCondition *conditions, size_t n, uint32_t action) {
        FilterClause *grown;
        Rule *rule;
        int r = get_rule(c, name, &rule);

        if (r < 0)
                return r;
        grown = reallocarray(rule->outcome.clauses, rule->outcome.n_clauses + 1, sizeof(FilterClause));
        if (!grown)
                return -ENOMEM;
        grown[rule->outcome.n_clauses++] = (FilterClause){ .conditions = conditions, .n_conditions = n, .action = action };
        rule->outcome.clauses = grown;
        return 0;
}

/* berth's own list */

static int apply_words(Compiler *c, const char *text, bool allow);

static int apply_word(Compiler *c, const char *word, bool allow) {
        if (*word == '~')
                return apply_word(c, word + 1, !allow);
        if (*word == '@')
                return apply_words(c, filter_group_find(word)->words, allow);
        return decide(c, word, allow ? SECCOMP_RET_ALLOW : c->denied);
}

static int apply_words(Compiler *c, const char *text, bool allow) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " ", &words);

        STRV_FOREACH(word, words)
                if (r >= 0)
                        r = apply_word(c, *word, allow);
        return r;
}

/* An int of the caller: the kernel does not look at the upper half of the register, so the filter must not either. */
#define INT_IS(index, number) \
        { .argument = (index), .op = SECCOMP_MASKED_EQUAL, .mask = UINT32_MAX, .value = (number) }

#define NAMESPACES \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Calls that depend on what they are asked for. */
static const struct {
        const char *name;
        SeccompCondition condition;
        uint32_t action;
} closer[] = {
        /* What is said to the kernel of the host, or of the virtual machine's host: no namespace is between. */
        { "socket", INT_IS(0, AF_VSOCK), DENY(EPERM) },
        { "socket", INT_IS(0, AF_ALG), DENY(EPERM) },
        /* Input put into a terminal that was passed in is a command to whoever reads it next. */
        { "ioctl", INT_IS(1, TIOCSTI), DENY(EPERM) },
        { "ioctl", INT_IS(1, TIOCLINUX), DENY(EPERM) },
        { "personality", INT_IS(0, PER_LINUX), SECCOMP_RET_ALLOW },
        { "personality", INT_IS(0, PER_LINUX32), SECCOMP_RET_ALLOW },
        { "personality", INT_IS(0, UNAME26), SECCOMP_RET_ALLOW },
        { "personality", INT_IS(0, PER_LINUX32 | UNAME26), SECCOMP_RET_ALLOW },
        { "personality", INT_IS(0, UINT32_MAX), SECCOMP_RET_ALLOW },
};

/* A namespace of one's own gives all capabilities over it, and the kernel's code for them to try. */
static const SeccompCondition no_namespaces[] = {
        { .argument = 0, .op = SECCOMP_MASKED_EQUAL, .mask = NAMESPACES, .value = 0 },
};
/* There the stack comes first (clone(2)). */
static const SeccompCondition no_namespaces_s390[] = {
        { .argument = 1, .op = SECCOMP_MASKED_EQUAL, .mask = NAMESPACES, .value = 0 },
};

static int look_closer(Compiler *c) {
#ifdef __s390__
        const SeccompCondition *without = no_namespaces_s390;
#else
        const SeccompCondition *without = no_namespaces;
#endif
        int r = decide(c, "personality", c->denied);

        (void) no_namespaces_s390;
        (void) no_namespaces;
        for (size_t i = 0; i < ELEMENTSOF(closer) && r >= 0; i++)
                r = add_clause(c, closer[i].name, &closer[i].condition, 1, closer[i].action);
        if (r >= 0)
                r = decide(c, "clone", c->denied);
        if (r >= 0)
                r = add_clause(c, "clone", without, 1, SECCOMP_RET_ALLOW);
        /* Its flags are in memory, where no filter sees them: libc goes back to clone when it is not there. */
        return r < 0 ? r : decide(c, "clone3", DENY(ENOSYS));
}

static int apply_own_list(Compiler *c) {
        size_t position = 0;
        const char *words;
        int r;

        c->denied = DENY(EPERM);
        c->unknown = DENY(ENOSYS);
        r = apply_words(c, filter_machine_words, true);
        if (r >= 0)
                r = look_closer(c);
        while (r >= 0 && (words = filter_capability_words(c->policy->capabilities, &position)))
                r = apply_words(c, words, true);
        if (r >= 0 && c->policy->nesting)
                r = apply_words(c, filter_nesting_words, true);
        return r;
}

/* A profile */

static bool kernel_is_at_least(const char *version) {
        unsigned wanted[2] = {}, have[2] = {};
        struct utsname name;

        if (sscanf(version, "%u.%u", wanted, wanted + 1) < 1 || uname(&name) < 0 ||
            sscanf(name.release, "%u.%u", have, have + 1) < 2)
                return false;
        return have[0] != wanted[0] ? have[0] > wanted[0] : have[1] >= wanted[1];
}

/* As Go names the architecture that we are built for, which is how docker's profiles name it. */
static const char *go_architecture(void) {
#if defined(__x86_64__)
        return "amd64";
#elif defined(__i386__)
        return "386";
#elif defined(__aarch64__)
        return "arm64";
#elif defined(__arm__)
        return "arm";
#elif defined(__s390x__)
        return "s390x";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        return "ppc64le";
#elif defined(__riscv)
        return "riscv64";
#else
        return "";
#endif
}

static bool rule_counts(const Compiler *c, const SeccompRule *rule) {
        const SeccompWhen *in = &rule->includes, *ex = &rule->excludes;
        const uint64_t have = c->policy->capabilities;

        if ((in->capabilities & ~have) || (in->architectures && !strv_contains(in->architectures, go_architecture())) ||
            (in->kernel && !kernel_is_at_least(in->kernel)))
                return false;
        return !(ex->capabilities & have) && !strv_contains(ex->architectures, go_architecture()) &&
               !(ex->kernel && kernel_is_at_least(ex->kernel));
}

/* Two comparisons of one argument are alternatives, as runc takes them; of several, all must hold. */
static bool are_alternatives(const SeccompRule *rule) {
        unsigned seen = 0;

        for (size_t i = 0; i < rule->n_conditions; i++) {
                if (seen & 1u << rule->conditions[i].argument)
                        return true;
                seen |= 1u << rule->conditions[i].argument;
        }
        return false;
}

static int apply_profile_rule(Compiler *c, const char *name, const SeccompRule *rule) {
        Rule *there;
        int r = get_rule(c, name, &there);

        if (r < 0 || there->decided)
                return r;
        if (rule->n_conditions == 0)
                return decide(c, name, rule->action);
        if (!are_alternatives(rule))
                return add_clause(c, name, rule->conditions, rule->n_conditions, rule->action);
        for (size_t i = 0; i < rule->n_conditions && r >= 0; i++)
                r = add_clause(c, name, rule->conditions + i, 1, rule->action);
        return r;
}

static int apply_profile(Compiler *c, Error *error) {
        int r = seccomp_profile_parse(c->policy->profile, &c->profile, error);

        if (r < 0)
                return r;
        c->denied = c->profile->action;
        /* So that a program built for a newer kernel than the profile was written for falls back instead of failing. */
        c->unknown = (c->denied & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? DENY(ENOSYS) : c->denied;

        for (size_t i = 0; i < c->profile->n_rules; i++) {
                const SeccompRule *rule = c->profile->rules + i;

                if (!rule_counts(c, rule))
                        continue;
                STRV_FOREACH(name, rule->names) {
                        r = apply_profile_rule(c, *name, rule);
                        if (r < 0)
                                return error_oom(error);
                }
        }

        /* Conditions alone leave the rest to the default. */
        for (size_t i = 0; i < c->n_rules; i++)
                if (!c->rules[i].decided)
                        c->rules[i].outcome.action = c->denied;
        return 0;
}

/* SystemCallFilter= */

static int apply_user_word(Compiler *c, const char *word, uint32_t action, Error *error) {
        const FilterGroup *group = *word == '@' ? filter_group_find(word) : NULL;
        _cleanup_strv_free_ char **members = NULL;
        int r;

        if (*word == '@' && !group)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", "SystemCallFilter",
                                 "there is no group '%s'; systemd-analyze(1), syscall-filter, lists them", word);
        if (!group) {
                if (!filter_names_know(&c->names, word))
                        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the setting", "SystemCallFilter",
                                         "there is no system call '%s'", word);
                return decide(c, word, action) < 0 ? error_oom(error) : 0;
        }

        if (strv_split(group->words, " ", &members) < 0)
                return error_oom(error);
        STRV_FOREACH(member, members) {
                if (**member == '@')
                        r = apply_user_word(c, *member, action, error);
                else
                        r = decide(c, *member, action) < 0 ? error_oom(error) : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static int apply_user_words(Compiler *c, Error *error) {
        STRV_FOREACH(word, c->policy->words) {
                _cleanup_free_ char *name = NULL;
                int number, r = system_call_word_parse(*word, &name, &number);

                if (r < 0)
                        return error_set_errno(error, r, "reading the setting", "SystemCallFilter");
                r = apply_user_word(c, name, number ? DENY((uint32_t) number) : SECCOMP_RET_ALLOW, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* From names to ranges of numbers */

/* The index of an outcome that is nothing but an action, which ranges can have in common. */
static size_t plain_outcome(Compiler *c, uint32_t action) {
        size_t i = 0;

        while (i < c->n_outcomes && (c->outcomes[i].n_clauses > 0 || c->outcomes[i].action != action))
                i++;
        if (i == c->n_outcomes)
                c->outcomes[c->n_outcomes++] = (FilterOutcome){ .action = action };
        return i;
}

static size_t rule_outcome(Compiler *c, const Rule *rule) {
        if (rule->outcome.n_clauses == 0)
                return plain_outcome(c, rule->outcome.action);
        c->outcomes[c->n_outcomes] = rule->outcome;
        return c->n_outcomes++;
}

/* Names whose numbers are far away from all others: the calls of 32 bit ARM that only it has. */
enum { FAR_MAX = 16 };

typedef struct Numbers {
        size_t *outcomes;        /* of each number from 0 to last */
        uint32_t last;
        FilterRange far[FAR_MAX];
        size_t n_far;
} Numbers;

static int compare_ranges(const void *a, const void *b) {
        const FilterRange *x = a, *y = b;

        return x->first < y->first ? -1 : x->first > y->first;
}

static int number_calls(Compiler *c, const FilterAbiInfo *abi, const size_t *of_rule, Numbers *numbers) {
        const size_t denied = plain_outcome(c, c->denied), unknown = plain_outcome(c, c->unknown);

        for (uint32_t i = 0; i <= numbers->last; i++)
                numbers->outcomes[i] = filter_names_know_number(&c->names, abi, i) ? denied : unknown;

        for (size_t i = 0; i < c->n_rules; i++) {
                uint32_t found[FILTER_ABI_MEMBERS_MAX];
                size_t n = filter_names_resolve(&c->names, abi, c->rules[i].name, found);

                for (size_t j = 0; j < n; j++)
                        if (found[j] <= numbers->last)
                                numbers->outcomes[found[j]] = of_rule[i];
                        else if (numbers->n_far < FAR_MAX)
                                numbers->far[numbers->n_far++] = (FilterRange){ found[j], of_rule[i] };
                        else
                                return -E2BIG;
        }
        qsort(numbers->far, numbers->n_far, sizeof(FilterRange), compare_ranges);
        return 0;
}

static void add_range(FilterAbi *abi, uint32_t first, size_t outcome) {
        if (abi->n_ranges > 0 && abi->ranges[abi->n_ranges - 1].first == first)
                abi->ranges[abi->n_ranges - 1].outcome = outcome;
        else if (abi->n_ranges == 0 || abi->ranges[abi->n_ranges - 1].outcome != outcome)
                abi->ranges[abi->n_ranges++] = (FilterRange){ first, outcome };
}

static int make_ranges(Compiler *c, const FilterAbiInfo *info, const size_t *of_rule, FilterAbi *abi) {
        Numbers numbers = { .last = filter_names_last(info) };
        _cleanup_free_ size_t *outcomes = numbers.outcomes = calloc(numbers.last + 1, sizeof(size_t));
        size_t unknown = plain_outcome(c, c->unknown);
        int r;

        abi->ranges = calloc(numbers.last + 2 + 2 * FAR_MAX, sizeof(FilterRange));
        if (!outcomes || !abi->ranges)
                return -ENOMEM;
        r = number_calls(c, info, of_rule, &numbers);
        if (r < 0)
                return r;

        for (uint32_t i = 0; i <= numbers.last; i++)
                add_range(abi, i, outcomes[i]);
        add_range(abi, numbers.last + 1, unknown);
        for (size_t i = 0; i < numbers.n_far; i++) {
                add_range(abi, numbers.far[i].first, numbers.far[i].outcome);
                add_range(abi, numbers.far[i].first + 1, unknown);
        }
        return 0;
}

/* Whether a profile that lists architectures has this one; the machine's own is always in. */
static bool abi_is_wanted(const Compiler *c, size_t i) {
        const FilterAbiInfo *abi = c->names.abis + i;

        if (i == 0 || !c->profile || !c->profile->architectures)
                return true;
        return strv_contains(c->profile->architectures, abi->names[0]);
}

static int emit(Compiler *c, Filter *ret) {
        FilterAbi abis[FILTER_ABIS_MAX] = {};
        _cleanup_free_ size_t *of_rule = calloc(c->n_rules + 1, sizeof(size_t));
        size_t n = 0;
        int r = 0;

        c->outcomes = calloc(c->n_rules + 3, sizeof(FilterOutcome));
        if (!of_rule || !c->outcomes)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_rules; i++)
                of_rule[i] = rule_outcome(c, c->rules + i);

        for (size_t i = 0; i < c->names.n_abis && r >= 0; i++) {
                const FilterAbiInfo *info = c->names.abis + i;

                if (!abi_is_wanted(c, i))
                        continue;
                abis[n] = (FilterAbi){ .architecture = info->architecture, .mask = info->mask };
                r = make_ranges(c, info, of_rule, abis + n++);
        }
        if (r >= 0)
                r = filter_emit(abis, n, c->outcomes, SECCOMP_RET_KILL_PROCESS, ret);
        for (size_t i = 0; i < n; i++)
                free(abis[i].ranges);
        return r;
}

int filter_compile(const FilterPolicy *policy, Filter *ret, Error *error) {
        _cleanup_compiler_ Compiler c = { .policy = policy };
        int r = filter_names_load(&c.names, error);

        if (r < 0)
                return r;
        if (policy->profile)
                r = apply_profile(&c, error);
        else if (apply_own_list(&c) < 0)
                r = error_oom(error);
        if (r >= 0)
                r = apply_user_words(&c, error);
        if (r < 0)
                return r;

        r = emit(&c, ret);
        if (r == -E2BIG)
                return error_set(error, ERROR_INVALID_VALUE, E2BIG, step, NULL, "it comes to more than %i instructions",
                                 BPF_MAXINSNS);
        return r < 0 ? error_set_errno(error, r, step, NULL) : 0;
}
