/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook.h"

#include "path-util.h"
#include "string-util.h"
#include "strv.h"
#include "words.h"

static const char *const points[] = {
        [HOOK_PRESTART] = "prestart",
        [HOOK_STARTED] = "started",
        [HOOK_STOPPING] = "stopping",
        [HOOK_STOPPED] = "stopped",
};
static_assert(ELEMENTSOF(points) == _HOOK_POINT_MAX, "each point has a name");

const char *hook_point_to_string(HookPoint point) {
        assert(point >= 0 && point < _HOOK_POINT_MAX);
        return points[point];
}

static int split(const char *text, HookPoint *ret_point, const char **ret_command) {
        for (HookPoint p = 0; p < _HOOK_POINT_MAX; p++) {
                const char *rest = startswith(text, points[p]);

                if (rest && *rest == ':') {
                        *ret_point = p;
                        *ret_command = rest + 1;
                        return 0;
                }
        }
        return -EINVAL;
}

HookPoint hook_point_of(const char *text) {
        HookPoint point = _HOOK_POINT_MAX;
        const char *command;

        (void) split(text, &point, &command);
        return point;
}

int hook_parse(const char *text, HookPoint *ret_point, char ***ret_command) {
        _cleanup_strv_free_ char **words = NULL;
        const char *command;
        int r = split(text, ret_point, &command);

        if (r >= 0)
                r = words_split(command, &words);
        if (r < 0)
                return r;
        if (!words || !path_is_normalized(words[0]) || path_basename(words[0])[0] == '\0')
                return -EINVAL;
        *ret_command = TAKE_PTR(words);
        return 0;
}
