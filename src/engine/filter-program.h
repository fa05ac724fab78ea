/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * From what each call number comes to, to a BPF program (seccomp(2)).
 *
 * The form matters as much as the content: loading costs by the instruction, and so does every call that the
 * kernel cannot tell to be always allowed. So each architecture gets one binary search over ranges of numbers, made of
 * instructions of which Linux 5.11 and later work out beforehand what they allow: such calls then do not run the
 * program at all.
 */

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "seccomp-profile.h"

/* What our own calls are told apart by. */
#if defined(__x86_64__)
#define FILTER_NATIVE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define FILTER_NATIVE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define FILTER_NATIVE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define FILTER_NATIVE AUDIT_ARCH_ARM
#elif defined(__s390x__)
#define FILTER_NATIVE AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FILTER_NATIVE AUDIT_ARCH_PPC64LE
#elif defined(__riscv) && __riscv_xlen == 64
#define FILTER_NATIVE AUDIT_ARCH_RISCV64
#else
#error "which AUDIT_ARCH_* is this?"
#endif

typedef struct Filter {
        struct sock_filter *instructions;
        size_t n;
} Filter;

#define FILTER_NULL (Filter){}
void filter_done(Filter *filter);
#define _cleanup_filter_ _cleanup_(filter_done)

/* If all CONDITIONS hold, then ACTION (SECCOMP_RET_*). */
typedef struct FilterClause {
        const SeccompCondition *conditions;
        size_t n_conditions;
        uint32_t action;
} FilterClause;

/* The first of the clauses that holds counts, else ACTION. */
typedef struct FilterOutcome {
        FilterClause *clauses;
        size_t n_clauses;
        uint32_t action;
} FilterOutcome;

/* From this number on up to the next range's first. The first range begins at 0. */
typedef struct FilterRange {
        uint32_t first;
        size_t outcome;          /* index */
} FilterRange;

typedef struct FilterAbi {
        uint32_t architecture;   /* AUDIT_ARCH_* */
        uint32_t mask;           /* of the number: all bits, or without what tells two ABIs of one architecture apart */
        FilterRange *ranges;
        size_t n_ranges;
} FilterAbi;

/* OTHER is the action on architectures that are none of ABIS. -E2BIG where the kernel would take no program of this size. */
int filter_emit(const FilterAbi *abis, size_t n_abis, const FilterOutcome *outcomes, uint32_t other, Filter *ret);

/* What the program says to a call: SECCOMP_RET_*. Only for programs of filter_emit(). */
uint32_t filter_evaluate(const Filter *filter, const struct seccomp_data *call);
