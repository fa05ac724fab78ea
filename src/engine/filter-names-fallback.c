/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "filter-names.h"

int filter_names_load(FilterNames *ret, Error *error) {
        return error_set(error, ERROR_NOT_SUPPORTED, EOPNOTSUPP, "compiling the system call filter", NULL,
                         "berth was built without libseccomp; SeccompProfile=unconfined does without a filter");
}

void filter_names_done(FilterNames *names) {}

size_t filter_names_resolve(const FilterNames *names, const FilterAbiInfo *abi, const char *name,
                            uint32_t ret[static FILTER_ABI_MEMBERS_MAX]) {
        return 0;
}

bool filter_names_know(const FilterNames *names, const char *name) {
        return false;
}

bool filter_names_know_number(const FilterNames *names, const FilterAbiInfo *abi, uint32_t number) {
        return false;
}

uint32_t filter_names_last(const FilterAbiInfo *abi) {
        return 0;
}

char *filter_names_of_number(const FilterNames *names, uint32_t architecture, uint32_t number) {
        return NULL;
}
