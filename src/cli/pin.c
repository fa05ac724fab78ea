/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth pin: a machine's namespaces as files that outlive it. */

#include <unistd.h>

#include "client.h"
#include "path-util.h"
#include "string-util.h"
#include "verbs.h"

static int pin_one(sd_bus *bus, const char *machine, const char *operand, Error *error) {
        _cleanup_free_ char *here = getcwd(NULL, 0), *kind = NULL, *path = NULL;
        const char *equals = strchr(operand, '=');
        int r;

        if (!equals || !equals[1])
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "pin",
                                 "'%s' is not KIND=PATH, like net=/run/netns/web", operand);
        kind = strndup(operand, (size_t) (equals - operand));
        if (!kind || !here)
                return error_oom(error);
        r = path_make_absolute(equals + 1, here, &path);
        if (r < 0)
                return error_set_errno(error, r, "reading the path", equals + 1);
        return client_call_simple(bus, NULL, error, "PinMachine", "sss", machine, kind, path);
}

static int pin_verb(const Call *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        for (char *const *operand = call->operands + 1; r >= 0 && *operand; operand++)
                r = pin_one(bus, call->operands[0], *operand, error);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_pin = {
        .names = "pin",
        .operands = "NAME KIND=PATH…",
        .least = 2,
        .most = SIZE_MAX,
        .help = "Pin namespaces of a running machine to files",
        .details =
                "KIND is user, ipc, uts, net or cgroup. The file must not be there yet. The namespace outlives the machine, and can be "
                "joined by others (--ipc=ns:PATH), until the file is unmounted: umount PATH, rm PATH.",
        .run = pin_verb,
};
