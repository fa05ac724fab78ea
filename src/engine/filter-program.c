/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-program.h"

/*
 * The program is written from its end to its beginning: jumps only go forward, so what a jump leads to is there
 * already when the jump is written, and can be shared by all that reach it. A position is counted from the end: the
 * last instruction has 0.
 */

enum {
        PROGRAM_MAX = BPF_MAXINSNS,
        JUMP_MAX = 250, /* of 255 that a conditional jump reaches: a few instructions may come in between */
};

typedef struct Returning {
        uint32_t action;
        size_t position;
} Returning;

typedef struct Emitter {
        struct sock_filter reversed[PROGRAM_MAX];
        size_t n;
        bool overflow;

        const FilterOutcome *outcomes;
        /* Where each outcome was written last, or a jump to it: SIZE_MAX where it was not. */
        size_t *written;
        Returning returns[64];   /* the same for single actions; a full table only costs some instructions */
        size_t n_returns;
} Emitter;

void filter_done(Filter *filter) {
        free(filter->instructions);
        *filter = FILTER_NULL;
}

static size_t put(Emitter *e, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k) {
        if (e->n >= PROGRAM_MAX) {
                e->overflow = true;
                return 0;
        }
        e->reversed[e->n] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
        return e->n++;
}

/* A position that a conditional jump reaches from here: TARGET, or a jump to it. */
static size_t near(Emitter *e, size_t target) {
        return e->n - target <= JUMP_MAX ? target : put(e, BPF_JMP | BPF_JA, 0, 0, (uint32_t) (e->n - target - 1));
}

static size_t put_test(Emitter *e, uint16_t op, uint32_t k, size_t yes, size_t no) {
        yes = near(e, yes);
        no = near(e, no);
        return put(e, BPF_JMP | op | BPF_K, (uint8_t) (e->n - yes - 1), (uint8_t) (e->n - no - 1), k);
}

static size_t put_load(Emitter *e, size_t offset) {
        return put(e, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t) offset);
}

/* A return of this action within a jump's reach: one that is there, or a new one. */
static size_t put_return(Emitter *e, uint32_t action) {
        size_t i = 0;

        while (i < e->n_returns && e->returns[i].action != action)
                i++;
        if (i < e->n_returns && e->n - e->returns[i].position <= JUMP_MAX)
                return e->returns[i].position;

        if (i == e->n_returns) {
                if (i == ELEMENTSOF(e->returns))
                        return put(e, BPF_RET | BPF_K, 0, 0, action);
                e->n_returns++;
        }
        e->returns[i] = (Returning){ .action = action, .position = put(e, BPF_RET | BPF_K, 0, 0, action) };
        return e->returns[i].position;
}

/* Conditions: a 64 bit argument is compared in halves, the upper one first. */

static size_t half(uint8_t argument, bool upper) {
        size_t offset = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

        return offset + (upper == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__) ? sizeof(uint32_t) : 0);
}

static size_t put_masked(Emitter *e, const SeccompCondition *c, size_t yes, size_t no) {
        const uint32_t value[] = { (uint32_t) c->value, (uint32_t) (c->value >> 32) };
        const uint32_t mask[] = { (uint32_t) c->mask, (uint32_t) (c->mask >> 32) };
        size_t at = yes;

        for (int upper = 0; upper <= 1; upper++) {
                if (mask[upper] == 0) {
                        if (value[upper] != 0)
                                at = no;
                        continue;
                }
                at = put_test(e, BPF_JEQ, value[upper], at, no);
                if (mask[upper] != UINT32_MAX)
                        at = put(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask[upper]);
                at = put_load(e, half(c->argument, upper));
        }
        return at;
}

/* OP is BPF_JGT or BPF_JGE. */
static size_t put_greater(Emitter *e, const SeccompCondition *c, uint16_t op, size_t yes, size_t no) {
        size_t at;

        (void) put_test(e, op, (uint32_t) c->value, yes, no);
        at = put_load(e, half(c->argument, false));
        at = put_test(e, BPF_JEQ, (uint32_t) (c->value >> 32), at, no);
        (void) put_test(e, BPF_JGT, (uint32_t) (c->value >> 32), yes, at);
        return put_load(e, half(c->argument, true));
}

static size_t put_condition(Emitter *e, const SeccompCondition *c, size_t yes, size_t no) {
        SeccompCondition exact = *c;

        exact.mask = UINT64_MAX;
        switch (c->op) {
        case SECCOMP_EQUAL:            return put_masked(e, &exact, yes, no);
        case SECCOMP_NOT_EQUAL:        return put_masked(e, &exact, no, yes);
        case SECCOMP_MASKED_EQUAL:     return put_masked(e, c, yes, no);
        case SECCOMP_GREATER:          return put_greater(e, c, BPF_JGT, yes, no);
        case SECCOMP_GREATER_OR_EQUAL: return put_greater(e, c, BPF_JGE, yes, no);
        case SECCOMP_LESS:             return put_greater(e, c, BPF_JGE, no, yes);
        case SECCOMP_LESS_OR_EQUAL:    return put_greater(e, c, BPF_JGT, no, yes);
        case _SECCOMP_OPERATOR_MAX:    break;
        }
        return no;
}

/* Outcomes */

static size_t put_outcome(Emitter *e, size_t index) {
        const FilterOutcome *outcome = e->outcomes + index;
        size_t at;

        if (outcome->n_clauses == 0)
                return put_return(e, outcome->action);
        if (e->written[index] != SIZE_MAX)
                return e->written[index] = near(e, e->written[index]);

        at = put_return(e, outcome->action);
        for (size_t i = outcome->n_clauses; i-- > 0;) {
                const FilterClause *clause = outcome->clauses + i;
                size_t no = at, yes = put_return(e, clause->action);

                for (size_t j = clause->n_conditions; j-- > 0;)
                        yes = put_condition(e, clause->conditions + j, yes, no);
                at = yes;
        }
        e->written[index] = at;
        return at;
}

/* A binary search in ranges[from … to - 1]. */
static size_t put_search(Emitter *e, const FilterRange *ranges, size_t from, size_t to) {
        size_t middle = from + (to - from) / 2, left, right;

        if (to - from == 1)
                return put_outcome(e, ranges[from].outcome);
        right = put_search(e, ranges, middle, to);
        left = put_search(e, ranges, from, middle);
        return put_test(e, BPF_JGE, ranges[middle].first, right, left);
}

static size_t put_abi(Emitter *e, const FilterAbi *abi) {
        size_t root = put_search(e, abi->ranges, 0, abi->n_ranges);

        /* What is loaded falls through to the search: it must be the next instruction. */
        if (root + 1 != e->n)
                (void) put(e, BPF_JMP | BPF_JA, 0, 0, (uint32_t) (e->n - root - 1));
        if (abi->mask != UINT32_MAX)
                (void) put(e, BPF_ALU | BPF_AND | BPF_K, 0, 0, abi->mask);
        return put_load(e, offsetof(struct seccomp_data, nr));
}

static int take_program(Emitter *e, Filter *ret) {
        struct sock_filter *instructions;

        if (e->overflow)
                return -E2BIG;
        instructions = calloc(e->n, sizeof(*instructions));
        if (!instructions)
                return -ENOMEM;
        for (size_t i = 0; i < e->n; i++)
                instructions[i] = e->reversed[e->n - 1 - i];
        *ret = (Filter){ .instructions = instructions, .n = e->n };
        return 0;
}

int filter_emit(const FilterAbi *abis, size_t n_abis, const FilterOutcome *outcomes, uint32_t other, Filter *ret) {
        _cleanup_free_ Emitter *e = calloc(1, sizeof(Emitter));
        _cleanup_free_ size_t *written = NULL;
        size_t n_outcomes = 0, entry;

        for (size_t i = 0; i < n_abis; i++)
                for (size_t j = 0; j < abis[i].n_ranges; j++)
                        if (abis[i].ranges[j].outcome >= n_outcomes)
                                n_outcomes = abis[i].ranges[j].outcome + 1;
        written = malloc((n_outcomes + 1) * sizeof(size_t));
        if (!e || !written)
                return -ENOMEM;
        for (size_t i = 0; i < n_outcomes; i++)
                written[i] = SIZE_MAX;
        e->outcomes = outcomes;
        e->written = written;

        /* The first one is the machine's own: its test comes first. */
        entry = put_return(e, other);
        for (size_t i = n_abis; i-- > 0;) {
                size_t body = put_abi(e, abis + i);

                entry = put_test(e, BPF_JEQ, abis[i].architecture, body, entry);
        }
        (void) put_load(e, offsetof(struct seccomp_data, arch));
        return take_program(e, ret);
}

uint32_t filter_evaluate(const Filter *filter, const struct seccomp_data *call) {
        uint32_t a = 0;

        for (size_t i = 0; i < filter->n; i++) {
                const struct sock_filter *f = filter->instructions + i;

                switch (f->code) {
                case BPF_LD | BPF_W | BPF_ABS:
                        memcpy(&a, (const char *) call + f->k, sizeof(a));
                        break;
                case BPF_ALU | BPF_AND | BPF_K:
                        a &= f->k;
                        break;
                case BPF_JMP | BPF_JA:
                        i += f->k;
                        break;
                case BPF_JMP | BPF_JEQ | BPF_K:
                        i += a == f->k ? f->jt : f->jf;
                        break;
                case BPF_JMP | BPF_JGE | BPF_K:
                        i += a >= f->k ? f->jt : f->jf;
                        break;
                case BPF_JMP | BPF_JGT | BPF_K:
                        i += a > f->k ? f->jt : f->jf;
                        break;
                case BPF_RET | BPF_K:
                        return f->k;
                default:
                        return SECCOMP_RET_KILL_PROCESS;
                }
        }
        return SECCOMP_RET_KILL_PROCESS;
}
