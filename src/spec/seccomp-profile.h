/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A system call filter as docker, podman and OCI bundles write it (runtime-spec, config-linux.md, "Seccomp"): what
 * the JSON says, checked for form. What it comes to on a machine is engine/filter-policy.c's affair.
 */

#include "error.h"

enum { SECCOMP_ARGUMENTS = 6, SECCOMP_PROFILE_MAX = 256 * 1024 };

typedef enum SeccompOperator {
        SECCOMP_EQUAL,
        SECCOMP_NOT_EQUAL,
        SECCOMP_LESS,
        SECCOMP_LESS_OR_EQUAL,
        SECCOMP_GREATER,
        SECCOMP_GREATER_OR_EQUAL,
        SECCOMP_MASKED_EQUAL,    /* (argument & mask) == value */
        _SECCOMP_OPERATOR_MAX,
} SeccompOperator;

typedef struct SeccompCondition {
        uint8_t argument;        /* 0 … SECCOMP_ARGUMENTS - 1 */
        SeccompOperator op;
        uint64_t value;
        uint64_t mask;           /* of SECCOMP_MASKED_EQUAL */
} SeccompCondition;

/* When a rule counts; an empty list asks for nothing. */
typedef struct SeccompWhen {
        uint64_t capabilities;   /* all of them, for includes; any of them, for excludes */
        char **architectures;    /* as Go names them: "amd64" */
        char *kernel;            /* at least this version: "4.8" */
} SeccompWhen;

typedef struct SeccompRule {
        char **names;
        uint32_t action;         /* SECCOMP_RET_*, with its data */
        SeccompCondition *conditions; /* all of them */
        size_t n_conditions;
        SeccompWhen includes, excludes;
} SeccompRule;

typedef struct SeccompProfile {
        uint32_t action;         /* for calls that no rule is for */
        char **architectures;    /* "SCMP_ARCH_X86_64"; empty: all */
        SeccompRule *rules;
        size_t n_rules;
} SeccompProfile;

/* Reads TEXT. ERROR says where it is no profile, or has what this filter can't do. */
int seccomp_profile_parse(const char *text, SeccompProfile **ret, Error *error);
SeccompProfile *seccomp_profile_free(SeccompProfile *profile);
DEFINE_CLEANUP(SeccompProfile *, seccomp_profile_free);
#define _cleanup_seccomp_profile_ _cleanup_(seccomp_profile_freep)

/* The same JSON in one line, as a spec keeps it; the caller frees it. */
int seccomp_profile_compact(const char *text, char **ret, Error *error);

/*
 * A word of SystemCallFilter=: "[~]NAME[:ERRNO]", NAME a call or "@group". *ret_name is the caller's; *ret_errno is 0
 * for a call that is allowed, and what a denied one ends with. -EINVAL where it is none.
 */
int system_call_word_parse(const char *word, char **ret_name, int *ret_errno);
