/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-names.h"

#include <seccomp.h>

#include "filter-lists.h"
#include "library.h"

/* The number of an x32 call has this bit besides (asm/unistd.h). */
#define X32_BIT UINT32_C(0x40000000)

#define ONE(arch) { SCMP_ARCH_##arch, UINT32_MAX, { SCMP_ARCH_##arch }, { "SCMP_ARCH_" #arch } }

/* Which ABIs a kernel of each architecture can run. One that is not here has its own alone. */
static const FilterAbiInfo families[][FILTER_ABIS_MAX] = {
        {
                { SCMP_ARCH_X86_64, ~X32_BIT, { SCMP_ARCH_X86_64, SCMP_ARCH_X32 }, { "SCMP_ARCH_X86_64", "SCMP_ARCH_X32" } },
                ONE(X86),
        },
        { ONE(AARCH64), ONE(ARM) },
        { ONE(S390X), ONE(S390) },
        { ONE(PPC64LE) },
        { ONE(RISCV64) },
        { ONE(X86) },
        { ONE(ARM) },
};

void filter_names_done(FilterNames *names) {
        names->library = library_close(names->library);
        *names = (FilterNames){};
}

static int find_abis(FilterNames *names, uint32_t native) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                if (families[i][0].architecture == native) {
                        memcpy(names->abis, families[i], sizeof(names->abis));
                        while (names->n_abis < FILTER_ABIS_MAX && names->abis[names->n_abis].members[0])
                                names->n_abis++;
                        return 0;
                }
        names->abis[0] = (FilterAbiInfo){ native, UINT32_MAX, { native }, { "" } };
        names->n_abis = 1;
        return 0;
}

int filter_names_load(FilterNames *ret, Error *error) {
        _cleanup_filter_names_ FilterNames names = {};
        uint32_t (*arch_native)(void);
        const LibrarySymbol symbols[] = {
                { "seccomp_syscall_resolve_name_arch", (void **) &names.resolve_name },
                { "seccomp_syscall_resolve_num_arch", (void **) &names.resolve_number },
                { "seccomp_arch_native", (void **) &arch_native },
        };

        names.library = library_open("libseccomp.so.2", symbols, ELEMENTSOF(symbols));
        if (!names.library)
                return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "compiling the system call filter", NULL,
                                 "libseccomp is not installed; SeccompProfile=unconfined does without a filter");

        (void) find_abis(&names, arch_native());
        *ret = names;
        names = (FilterNames){};
        return 0;
}

size_t filter_names_resolve(const FilterNames *names, const FilterAbiInfo *abi, const char *name,
                            uint32_t ret[static FILTER_ABI_MEMBERS_MAX]) {
        int newer = filter_new_call(name);
        size_t n = 0;

        if (newer >= 0) {
                ret[0] = (uint32_t) newer;
                return 1;
        }
        for (size_t i = 0; i < FILTER_ABI_MEMBERS_MAX && abi->members[i]; i++) {
                int number = names->resolve_name(abi->members[i], name);

                /* Negative: unknown, or a name that other architectures have (__NR_SCMP_ERROR, pseudo calls). */
                if (number >= 0)
                        ret[n++] = (uint32_t) number & abi->mask;
        }
        return n;
}

bool filter_names_know(const FilterNames *names, const char *name) {
        /* __NR_SCMP_ERROR is what no architecture has; other negative ones are names of other architectures. */
        return filter_new_call(name) >= 0 || names->resolve_name(names->abis[0].members[0], name) != __NR_SCMP_ERROR;
}

bool filter_names_know_number(const FilterNames *names, const FilterAbiInfo *abi, uint32_t number) {
        if (filter_new_call_name(number))
                return true;
        for (size_t i = 0; i < FILTER_ABI_MEMBERS_MAX && abi->members[i]; i++) {
                uint32_t whole = abi->members[i] == SCMP_ARCH_X32 ? number | X32_BIT : number;
                _cleanup_free_ char *name = names->resolve_number(abi->members[i], (int) whole);

                if (name)
                        return true;
        }
        return false;
}

uint32_t filter_names_last(const FilterAbiInfo *abi) {
        enum { X32_LAST = 547 };

        return abi->members[1] == SCMP_ARCH_X32 ? X32_LAST : filter_last_call();
}

char *filter_names_of_number(const FilterNames *names, uint32_t architecture, uint32_t number) {
        const char *newer = filter_new_call_name(number);

        if (newer)
                return strdup(newer);
        for (size_t i = 0; i < names->n_abis; i++)
                if (names->abis[i].architecture == architecture) {
                        bool x32 = names->abis[i].members[1] == SCMP_ARCH_X32 && number & X32_BIT;

                        return names->resolve_number(names->abis[i].members[x32], (int) number);
                }
        return NULL;
}
