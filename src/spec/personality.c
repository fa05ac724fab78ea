/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "personality.h"

#include <sys/personality.h>

int personality_from_name(const char *name, unsigned long *ret) {
        const char * or = strstr(PERSONALITIES, " or ");
        size_t n = or ? (size_t) (or -PERSONALITIES) : strlen(PERSONALITIES);

        /* The first is the machine's own, the second its 32 bit one. */
        if (strlen(name) == n && strncmp(name, PERSONALITIES, n) == 0)
                *ret = PER_LINUX;
        else if (or &&streq(name, or +strlen(" or ")))
                *ret = PER_LINUX32;
        else
                return -EINVAL;
        return 0;
}
