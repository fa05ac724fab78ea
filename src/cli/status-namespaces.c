/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "client.h"
#include "status-line.h"
#include "string-util.h"

enum { LINK_MAX = 64 };

/* "mnt:[4026532177]" of a process; empty where the caller may not look (ptrace(2), PTRACE_MODE_READ). */
static const char *read_namespace(uint32_t pid, const char *kind, char buffer[static LINK_MAX]) {
        char path[LINK_MAX];
        ssize_t n;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/ns/%s", pid, kind);
        n = readlink(path, buffer, LINK_MAX - 1);
        buffer[n > 0 ? n : 0] = '\0';
        return buffer;
}

static int add_name(char **names, const char *name) {
        char *grown = str_format("%s%s%s", strempty(*names), *names ? ", " : "", name);

        free(*names);
        *names = grown;
        return grown ? 0 : -ENOMEM;
}

/* Who besides the machine NAME is in the namespace that INSIDE tells of: "the host, web", or NULL. */
static int find_sharers(sd_bus *bus, const char *name, const char *kind, const char *inside, char **ret) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        char theirs[LINK_MAX];
        const char *other;
        uint32_t leader;
        int r = 0;

        *ret = NULL;
        if (streq(read_namespace(1, kind, theirs), inside))
                r = add_name(ret, "the host");
        if (r >= 0)
                r = client_call_simple(bus, &reply, NULL, "ListMachines", "");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssusto)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssusto)", &other, NULL, &leader, NULL, NULL, NULL)) > 0)
                if (leader > 0 && !streq(other, name) && streq(read_namespace(leader, kind, theirs), inside))
                        r = add_name(ret, other);
        return r;
}

void status_print_namespaces(sd_bus *bus, const char *name, uint32_t leader) {
        static const char *const kinds[] = { "mnt", "uts", "ipc", "pid", "net", "user", "cgroup", "time" };
        const char *label = "Namespaces";

        for (size_t i = 0; leader > 0 && i < ELEMENTSOF(kinds); i++, label = "") {
                _cleanup_free_ char *sharers = NULL;
                char inside[LINK_MAX];

                if (!*read_namespace(leader, kinds[i], inside)) {
                        status_line(label, "only root can see them");
                        return;
                }
                if (find_sharers(bus, name, kinds[i], inside, &sharers) >= 0 && sharers)
                        status_line(label, "%-20s shared with %s", inside, sharers);
                else
                        status_line(label, "%-20s its own", inside);
        }
}
