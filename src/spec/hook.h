/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hook=: POINT:PROGRAM [ARGUMENT…], a program of the host for a point in a machine's life. */

#include "macro.h"

typedef enum HookPoint {
        HOOK_PRESTART, /* built, and not executed: one that fails makes the start fail */
        HOOK_STARTED,  /* runs */
        HOOK_STOPPING, /* is about to be asked to end */
        HOOK_STOPPED,  /* has ended */
        _HOOK_POINT_MAX,
} HookPoint;

const char *hook_point_to_string(HookPoint point);

/* The point of a hook that was checked. */
HookPoint hook_point_of(const char *text);

/* -EINVAL for what is no hook. The caller frees the words of the command, the first of which is an absolute path. */
int hook_parse(const char *text, HookPoint *ret_point, char ***ret_command);
