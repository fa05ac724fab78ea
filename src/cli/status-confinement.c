/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/capability.h>

#include "file-util.h"
#include "parse-util.h"
#include "status-line.h"
#include "string-util.h"
#include "strv.h"

/* The value of a line "NAME:\tVALUE" of /proc/PID/status (proc(5)), or NULL. */
static const char *find_value(char *const *lines, const char *name) {
        STRV_FOREACH(l, lines) {
                const char *rest = startswith(*l, name);

                if (rest && *rest == ':')
                        return rest + 1 + strspn(rest + 1, " \t");
        }
        return NULL;
}

static int append_capability(char ***words, cap_value_t cap) {
        char *name = cap_to_name(cap);
        int r = name ? strv_append(words, name) : -ENOMEM;

        cap_free(name);
        return r;
}

static char *capability_names(uint64_t mask) {
        const uint64_t all = (UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1;
        _cleanup_strv_free_ char **words = NULL;

        if (mask == 0)
                return strdup("none");
        /* What the host's kernel has is what can be had. */
        if ((mask & all) == all)
                return strdup("all");
        for (cap_value_t cap = 0; cap <= CAP_LAST_CAP; cap++)
                if ((mask & UINT64_C(1) << cap) && append_capability(&words, cap) < 0)
                        return NULL;
        return strv_join(words, " ");
}

static void print_set(char *const *lines, const char *name, const char *label, bool always) {
        const char *value = find_value(lines, name);
        uint64_t mask = value ? strtoull(value, NULL, 16) : 0;
        _cleanup_free_ char *names = NULL;

        if (!value || (mask == 0 && !always))
                return;
        names = capability_names(mask);
        status_line(label, "%s", strempty(names));
}

static void print_filter(char *const *lines, const Spec *spec) {
        const char *mode = find_value(lines, "Seccomp");
        _cleanup_free_ char *words = strv_join(spec->system_call_filter, " ");

        if (!mode)
                return;
        if (!streq(mode, "2"))
                status_line("Calls", "not filtered");
        else
                status_line("Calls", "filtered by %s%s%s", spec->seccomp_profile ? "a profile" : "the default list",
                            isempty(words) ? "" : " and ", strempty(words));
}

/* What AppArmor and SELinux say of the leader, or that they have no say. */
static void print_labels(uint32_t leader) {
        char path[sizeof("/proc//attr/apparmor/current") + 3 * sizeof(leader)];
        _cleanup_free_ char *label = NULL, *context = NULL;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/attr/apparmor/current", leader);
        if (file_read_line(AT_FDCWD, path, &label) < 0)
                status_line("AppArmor", "off: this kernel has none, or it is not on");
        else
                status_line("AppArmor", "%s", label);

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/attr/current", leader);
        if (access("/sys/fs/selinux/enforce", F_OK) < 0 || file_read_line(AT_FDCWD, path, &context) < 0)
                status_line("SELinux", "off: this kernel has none, or it is not on");
        else
                status_line("SELinux", "%s", context);
}

void status_print_confinement(uint32_t leader, const Spec *spec) {
        char path[sizeof("/proc//status") + 3 * sizeof(leader)];
        _cleanup_strv_free_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        const char *value;

        (void) snprintf(path, sizeof(path), "/proc/%" PRIu32 "/status", leader);
        if (leader == 0 || file_read_at(AT_FDCWD, path, FILE_MAX_DEFAULT, &text, NULL) < 0 || strv_split(text, "\n", &lines) < 0)
                return;

        /* The leader may have given up what its root has: what the machine can have is the bounding set. */
        print_set(lines, "CapBnd", "Capabilities", /* always= */ true);
        print_set(lines, "CapInh", "Inheritable", /* always= */ false);
        print_set(lines, "CapAmb", "Ambient", /* always= */ false);
        value = find_value(lines, "NoNewPrivs");
        if (value)
                status_line("Privileges", "%s", streq(value, "1") ? "no new ones" : "new ones by executing files");
        print_filter(lines, spec);
        print_labels(leader);
}
