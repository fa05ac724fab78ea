/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit.h"

#include <fcntl.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file-util.h"
#include "filter-lists.h"
#include "filter-names.h"
#include "filter-policy.h"
#include "string-util.h"
#include "strv.h"

#define DENY(number) (SECCOMP_RET_ERRNO | (uint32_t) (number))
#define B(cap) (UINT64_C(1) << (cap))

/* Repeats itself: a failure can be looked at again. */
static uint32_t next_random(void) {
        static uint64_t state = 4711;

        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        return (uint32_t) (state >> 33);
}

static bool holds(const SeccompCondition *c, uint64_t value) {
        switch (c->op) {
        case SECCOMP_EQUAL:            return value == c->value;
        case SECCOMP_NOT_EQUAL:        return value != c->value;
        case SECCOMP_LESS:             return value < c->value;
        case SECCOMP_LESS_OR_EQUAL:    return value <= c->value;
        case SECCOMP_GREATER:          return value > c->value;
        case SECCOMP_GREATER_OR_EQUAL: return value >= c->value;
        case SECCOMP_MASKED_EQUAL:     return (value & c->mask) == c->value;
        case _SECCOMP_OPERATOR_MAX:    break;
        }
        return false;
}

/* What the program should say, worked out the plain way. */
static uint32_t expected(const FilterAbi *abis, size_t n_abis, const FilterOutcome *outcomes, const struct seccomp_data *call) {
        for (size_t i = 0; i < n_abis; i++) {
                const FilterOutcome *outcome = NULL;

                if (abis[i].architecture != call->arch)
                        continue;
                for (size_t j = 0; j < abis[i].n_ranges && abis[i].ranges[j].first <= ((uint32_t) call->nr & abis[i].mask); j++)
                        outcome = outcomes + abis[i].ranges[j].outcome;
                for (size_t j = 0; j < outcome->n_clauses; j++) {
                        const FilterClause *clause = outcome->clauses + j;
                        bool all = true;

                        for (size_t k = 0; k < clause->n_conditions; k++)
                                all = all && holds(clause->conditions + k, call->args[clause->conditions[k].argument]);
                        if (all)
                                return clause->action;
                }
                return outcome->action;
        }
        return SECCOMP_RET_KILL_PROCESS;
}

enum { OUTCOMES = 40, CLAUSES = 3, CONDITIONS = 2, ABIS = 2, RANGES = 150 };

typedef struct Random {
        SeccompCondition conditions[OUTCOMES][CLAUSES][CONDITIONS];
        FilterClause clauses[OUTCOMES][CLAUSES];
        FilterOutcome outcomes[OUTCOMES];
        FilterRange ranges[ABIS][RANGES];
        FilterAbi abis[ABIS];
} Random;

/* Few values, some of them next to each other and with something in the upper half, so that comparisons meet their edges. */
static uint64_t random_value(void) {
        return (uint64_t) (next_random() % 3) << 32 | next_random() % 4;
}

static void make_outcomes(Random *random) {
        for (size_t i = 0; i < OUTCOMES; i++) {
                random->outcomes[i] = (FilterOutcome){ .clauses = random->clauses[i], .action = DENY(i + 1) };
                if (i % 2)
                        continue;
                random->outcomes[i].n_clauses = 1 + next_random() % CLAUSES;
                for (size_t j = 0; j < random->outcomes[i].n_clauses; j++) {
                        random->clauses[i][j] = (FilterClause){
                                .conditions = random->conditions[i][j],
                                .n_conditions = 1 + next_random() % CONDITIONS,
                                .action = DENY(100 + j),
                        };
                        for (size_t k = 0; k < CONDITIONS; k++)
                                random->conditions[i][j][k] = (SeccompCondition){
                                        .argument = (uint8_t) (next_random() % SECCOMP_ARGUMENTS),
                                        .op = next_random() % _SECCOMP_OPERATOR_MAX,
                                        .value = random_value(),
                                        .mask = random_value() | next_random() % 2,
                                };
                }
        }
}

static void make_ranges(Random *random) {
        for (size_t i = 0; i < ABIS; i++) {
                random->abis[i] = (FilterAbi){
                        .architecture = (uint32_t) i + 1,
                        .mask = i ? UINT32_MAX : ~UINT32_C(0x40000000),
                        .ranges = random->ranges[i],
                        .n_ranges = 1 + next_random() % RANGES,
                };
                for (size_t j = 0; j < random->abis[i].n_ranges; j++)
                        random->ranges[i][j] = (FilterRange){
                                .first = j ? random->ranges[i][j - 1].first + 1 + next_random() % 3 : 0,
                                .outcome = next_random() % OUTCOMES,
                        };
        }
}

/* Any policy: the program says what the policy says, for every number and whatever the arguments are. */
static void programs_do_as_told(void **state) {
        for (int round = 0; round < 200; round++) {
                _cleanup_free_ Random *random = calloc(1, sizeof(Random));
                _cleanup_filter_ Filter filter = FILTER_NULL;

                make_outcomes(random);
                make_ranges(random);
                assert_int_equal(filter_emit(random->abis, ABIS, random->outcomes, SECCOMP_RET_KILL_PROCESS, &filter), 0);

                for (int i = 0; i < 2000; i++) {
                        struct seccomp_data call = { .arch = next_random() % 4, .nr = (int) (next_random() % 400) };

                        call.nr |= next_random() % 4 ? 0 : 0x40000000;
                        for (size_t j = 0; j < SECCOMP_ARGUMENTS; j++)
                                call.args[j] = random_value();
                        assert_int_equal(filter_evaluate(&filter, &call), expected(random->abis, ABIS, random->outcomes, &call));
                }
        }
}

static void too_large_a_program_is_refused(void **state) {
        enum { N = 5000 };
        _cleanup_free_ FilterRange *ranges = calloc(N, sizeof(FilterRange));
        FilterOutcome outcomes[] = { { .action = SECCOMP_RET_ALLOW }, { .action = DENY(EPERM) } };
        FilterAbi abi = { .architecture = 1, .mask = UINT32_MAX, .ranges = ranges, .n_ranges = N };
        _cleanup_filter_ Filter filter = FILTER_NULL;

        for (uint32_t i = 0; i < N; i++)
                ranges[i] = (FilterRange){ .first = 2 * i, .outcome = i % 2 };
        assert_int_equal(filter_emit(&abi, 1, outcomes, SECCOMP_RET_KILL_PROCESS, &filter), -E2BIG);
}

/* Compiled policies */

static Filter compile(const FilterPolicy *policy) {
        _cleanup_error_ Error error = ERROR_NULL;
        Filter filter = FILTER_NULL;

        if (filter_compile(policy, &filter, &error) < 0)
                fail_msg("%s", error_render(&error));
        return filter;
}

static uint32_t ask(const Filter *filter, long number, uint64_t first, uint64_t second) {
        return filter_evaluate(filter,
                               &(struct seccomp_data){ .arch = FILTER_NATIVE, .nr = (int) number, .args = { first, second } });
}

static void default_policy(void **state) {
        _cleanup_filter_ Filter filter = compile(&(FilterPolicy){});

        assert_int_equal(ask(&filter, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_getpid, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_mount, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_keyctl, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_bpf, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_unshare, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_clone3, 0, 0), DENY(ENOSYS));
        assert_int_equal(ask(&filter, 452, 0, 0), SECCOMP_RET_ALLOW); /* fchmodat2 */
        assert_int_equal(ask(&filter, filter_last_call() + 1000, 0, 0), DENY(ENOSYS));
        assert_int_equal(ask(&filter, -1, 0, 0), DENY(ENOSYS));

        assert_int_equal(ask(&filter, SYS_clone, 0x01200011, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_clone, 0x10000011, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_socket, 1, 1), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_socket, 40, 1), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_personality, 0xffffffff, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_personality, 0x0400000, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_ioctl, 0, 0x5413), SECCOMP_RET_ALLOW);
        /* The kernel looks at the lower half alone. */
        assert_int_equal(ask(&filter, SYS_ioctl, 0, 0x5412), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_ioctl, 0, UINT64_C(0xdeadbeef00005412)), DENY(EPERM));

        /* Loading costs by the instruction. */
        assert_true(filter.n < 512);
        print_message("%zu instructions\n", filter.n);
}

/*
 * What Linux keeps in its cache of calls that are always allowed: programs that it can follow knowing architecture and
 * number alone (kernel/seccomp.c, seccomp_is_const_allow). Such a call does not run the program at all.
 */
static bool kernel_can_tell(const Filter *filter, long number) {
        uint32_t a = 0;

        for (size_t i = 0; i < filter->n; i++) {
                const struct sock_filter *f = filter->instructions + i;

                switch (f->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        if (f->k != offsetof(struct seccomp_data, nr) && f->k != offsetof(struct seccomp_data, arch))
                                return false;
                        a = f->k == offsetof(struct seccomp_data, nr) ? (uint32_t) number : FILTER_NATIVE;
                        break;
                case BPF_RET | BPF_K:         return f->k == SECCOMP_RET_ALLOW;
                case BPF_JMP | BPF_JA:        i += f->k; break;
                case BPF_JMP | BPF_JEQ | BPF_K: i += a == f->k ? f->jt : f->jf; break;
                case BPF_JMP | BPF_JGE | BPF_K: i += a >= f->k ? f->jt : f->jf; break;
                case BPF_JMP | BPF_JGT | BPF_K: i += a > f->k ? f->jt : f->jf; break;
                case BPF_ALU | BPF_AND | BPF_K: a &= f->k; break;
                default:                      return false;
                }
        }
        return false;
}

static void plain_calls_cost_no_program(void **state) {
        static const long with_conditions[] = { SYS_clone, SYS_socket, SYS_personality, SYS_ioctl };
        _cleanup_filter_ Filter filter = compile(&(FilterPolicy){});
        unsigned cached = 0;

        for (long number = 0; number <= filter_last_call(); number++) {
                bool allowed = ask(&filter, number, 0, 0) == SECCOMP_RET_ALLOW;

                cached += kernel_can_tell(&filter, number);
                if (!allowed || kernel_can_tell(&filter, number))
                        continue;
                /* Only what is told apart by its arguments is looked at each time. */
                for (size_t i = 0; allowed && i < ELEMENTSOF(with_conditions); i++)
                        allowed = number != with_conditions[i];
                if (allowed)
                        fail_msg("call %li is allowed in every case, and the kernel cannot tell", number);
        }
        assert_true(cached > 200);
        assert_true(kernel_can_tell(&filter, SYS_getpid));
        assert_false(kernel_can_tell(&filter, SYS_ioctl));
        assert_false(kernel_can_tell(&filter, SYS_mount));
}

#ifdef __x86_64__
static void every_abi_of_x86(void **state) {
        _cleanup_filter_ Filter filter = compile(&(FilterPolicy){});
        struct seccomp_data call = { .arch = AUDIT_ARCH_I386 };

        call.nr = 21; /* mount */
        assert_int_equal(filter_evaluate(&filter, &call), DENY(EPERM));
        call.nr = 20; /* getpid */
        assert_int_equal(filter_evaluate(&filter, &call), SECCOMP_RET_ALLOW);
        call.nr = 9999;
        assert_int_equal(filter_evaluate(&filter, &call), DENY(ENOSYS));
        call.arch = AUDIT_ARCH_X86_64;
        call.nr = 0x40000000 | SYS_mount;
        assert_int_equal(filter_evaluate(&filter, &call), DENY(EPERM));
        call.nr = 0x40000000 | 520; /* execve of x32 */
        assert_int_equal(filter_evaluate(&filter, &call), SECCOMP_RET_ALLOW);
        call.nr = 0x40000000 | 528; /* kexec_load of x32 */
        assert_int_equal(filter_evaluate(&filter, &call), DENY(EPERM));
        call.arch = AUDIT_ARCH_AARCH64;
        assert_int_equal(filter_evaluate(&filter, &call), SECCOMP_RET_KILL_PROCESS);
}
#endif

static void capabilities_open_calls(void **state) {
        _cleanup_filter_ Filter admin = compile(&(FilterPolicy){ .capabilities = B(CAP_SYS_ADMIN) }),
                                boot = compile(&(FilterPolicy){ .capabilities = B(CAP_SYS_BOOT) });

        assert_int_equal(ask(&admin, SYS_mount, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&admin, SYS_clone, 0x10000011, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&admin, SYS_clone3, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&admin, SYS_bpf, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&boot, SYS_reboot, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&boot, SYS_mount, 0, 0), DENY(EPERM));
}

static void words_add_and_take_away(void **state) {
        char *words[] = { (char *) "@mount", (char *) "~umount2", (char *) "~chown:ENOSYS",
                          (char *) "read:5", (char *) "clone3",   NULL };
        _cleanup_filter_ Filter filter = compile(&(FilterPolicy){ .words = words });

        assert_int_equal(ask(&filter, SYS_mount, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&filter, SYS_umount2, 0, 0), DENY(EPERM));
        assert_int_equal(ask(&filter, SYS_chown, 0, 0), DENY(ENOSYS));
        assert_int_equal(ask(&filter, SYS_read, 0, 0), DENY(5));
        assert_int_equal(ask(&filter, SYS_clone3, 0, 0), SECCOMP_RET_ALLOW);
}

static void unknown_words_are_refused(void **state) {
        for (int i = 0; i < 2; i++) {
                char *words[] = { (char *) (i ? "@mounts" : "mounts"), NULL };
                _cleanup_error_ Error error = ERROR_NULL;
                Filter filter = FILTER_NULL;

                assert_true(filter_compile(&(FilterPolicy){ .words = words }, &filter, &error) < 0);
                assert_non_null(strstr(error.reason, words[0]));
        }
}

/* A name that is misspelt in a list would go unnoticed: each is a call of some architecture. */
static void lists_name_what_there_is(void **state) {
        static const char *const names[] = { "@aio",        "@default", "@file-system",   "@mount",
                                             "@network-io", "@process", "@system-service" };
        _cleanup_filter_names_ FilterNames library = {};

        assert_int_equal(filter_names_load(&library, NULL), 0);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_strv_free_ char **words = NULL;

                assert_int_equal(strv_split(filter_group_find(names[i])->words, " ", &words), 0);
                STRV_FOREACH(word, words) {
                        /* Newer than the library that this may be built with. */
                        static const char *const newer[] = { "riscv_hwprobe", "uretprobe" };

                        if (**word == '@')
                                assert_non_null(filter_group_find(*word));
                        else if (!filter_names_know(&library, *word) && !streq(*word, newer[0]) && !streq(*word, newer[1]))
                                fail_msg("%s has no call '%s'", names[i], *word);
                }
        }
}

static const char profile[] =
        "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":13,"
        "\"archMap\":[{\"architecture\":\"SCMP_ARCH_X86_64\",\"subArchitectures\":[\"SCMP_ARCH_X86\"]}],"
        "\"syscalls\":["
        "{\"names\":[\"read\",\"no_such_call\"],\"action\":\"SCMP_ACT_ALLOW\"},"
        "{\"names\":[\"mount\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
        "{\"names\":[\"umount2\"],\"action\":\"SCMP_ACT_ALLOW\",\"excludes\":{\"caps\":[\"CAP_SYS_ADMIN\"]}},"
        "{\"names\":[\"ptrace\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"4.8\"}},"
        "{\"names\":[\"sync\"],\"action\":\"SCMP_ACT_ALLOW\",\"includes\":{\"minKernel\":\"99.0\"}},"
        "{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
        "{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\","
        "\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
        "{\"name\":\"kill\",\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":3}]}";

static void oci_profile(void **state) {
        _cleanup_filter_ Filter plain = compile(&(FilterPolicy){ .profile = profile }),
                                admin = compile(&(FilterPolicy){ .profile = profile, .capabilities = B(CAP_SYS_ADMIN) });

        assert_int_equal(ask(&plain, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&plain, SYS_write, 0, 0), DENY(13));
        assert_int_equal(ask(&plain, 9999, 0, 0), DENY(ENOSYS));
        assert_int_equal(ask(&plain, SYS_mount, 0, 0), DENY(13));
        assert_int_equal(ask(&admin, SYS_mount, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&plain, SYS_umount2, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&admin, SYS_umount2, 0, 0), DENY(13));
        assert_int_equal(ask(&plain, SYS_ptrace, 0, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&plain, SYS_sync, 0, 0), DENY(13));
        assert_int_equal(ask(&plain, SYS_personality, 8, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&plain, SYS_personality, 9, 0), DENY(13));
        assert_int_equal(ask(&plain, SYS_clone, 0x11, 0), SECCOMP_RET_ALLOW);
        assert_int_equal(ask(&plain, SYS_clone, 0x10000011, 0), DENY(13));
        assert_int_equal(ask(&plain, SYS_kill, 0, 0), DENY(3));
}

/* The second time a program comes from its file, and one that somebody has damaged does not. */
static void programs_are_kept(void **state) {
        char directory[] = "/tmp/berth-filters-XXXXXX";
        FilterPolicy policy = {};
        _cleanup_filter_ Filter first = FILTER_NULL, second = FILTER_NULL, third = FILTER_NULL;
        _cleanup_free_ char *key = filter_policy_key(&policy), *path = NULL, *data = NULL;
        size_t size;

        assert_non_null(mkdtemp(directory));
        assert_int_equal(filter_obtain(&policy, directory, &first, NULL), 0);
        path = str_format("%s/%016lx", directory, (unsigned long) str_hash(key));
        assert_int_equal(file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &data, &size), 0);

        assert_int_equal(filter_obtain(&policy, directory, &second, NULL), 0);
        assert_int_equal(first.n, second.n);
        assert_memory_equal(first.instructions, second.instructions, first.n * sizeof(struct sock_filter));

        data[size - 1] ^= 1;
        assert_int_equal(file_replace_at(AT_FDCWD, path, data, size, 0600), 0);
        assert_int_equal(filter_obtain(&policy, directory, &third, NULL), 0);
        assert_int_equal(first.n, third.n);
        assert_memory_equal(first.instructions, third.instructions, first.n * sizeof(struct sock_filter));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(directory), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(programs_do_as_told),
                TEST(too_large_a_program_is_refused),
                TEST(default_policy),
                TEST(plain_calls_cost_no_program),
#ifdef __x86_64__
                TEST(every_abi_of_x86),
#endif
                TEST(capabilities_open_calls),
                TEST(words_add_and_take_away),
                TEST(unknown_words_are_refused),
                TEST(lists_name_what_there_is),
                TEST(oci_profile),
                TEST(programs_are_kept),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
