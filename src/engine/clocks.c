/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clocks.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>

#include "fd-util.h"
#include "file-util.h"
#include "string-util.h"

static const char step[] = "making the time namespace";

/* Whole seconds, rounded down, and what is left of them: nanoseconds may not be negative. */
static char *offset_line(const char *clock, int64_t usec) {
        int64_t second = (int64_t) USEC_PER_SEC, rest = usec % second;

        if (rest < 0)
                rest += second;
        return str_format("%s %" PRIi64 " %" PRIi64 "\n", clock, (usec - rest) / second, rest * 1000);
}

static int write_offsets(const Spec *spec, Error *error) {
        _cleanup_free_ char *monotonic = offset_line("monotonic", spec->monotonic_offset_usec),
                            *boottime = offset_line("boottime", spec->boottime_offset_usec), *text = NULL;
        int r;

        text = monotonic && boottime ? str_format("%s%s", monotonic, boottime) : NULL;
        if (!text)
                return error_oom(error);
        r = file_write_value(AT_FDCWD, "/proc/self/timens_offsets", text);
        if (r == -ERANGE)
                return error_set(error, ERROR_INVALID_VALUE, ERANGE, step, NULL,
                                 "no clock can be before the start of the host, or that far ahead");
        return r < 0 ? error_set_errno(error, r, step, "/proc/self/timens_offsets") : 0;
}

int clocks_offset_children(const Plan *plan, int *ret, Error *error) {
        _cleanup_close_ int own = -EBADF;
        int r;

        *ret = -EBADF;
        if (!(plan->namespaces & CLONE_NEWTIME))
                return 0;

        own = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
        if (own < 0 || unshare(CLONE_NEWTIME) < 0)
                return errno == EINVAL || errno == ENOENT
                               ? error_set(error, ERROR_NOT_SUPPORTED, errno, step, NULL, "this kernel has none (CONFIG_TIME_NS)")
                               : error_set_errno(error, negative_errno(), step, NULL);

        *ret = TAKE_FD(own);
        r = write_offsets(plan->spec, error);
        if (r < 0)
                (void) clocks_restore(ret, NULL);
        return r;
}

int clocks_restore(int *saved, Error *error) {
        int r = 0;

        if (*saved < 0)
                return 0;
        if (setns(*saved, CLONE_NEWTIME) < 0)
                r = error_set_errno(error, negative_errno(), "returning to the host's clocks", NULL);
        *saved = fd_close(*saved);
        return r;
}
