/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "macro.h"

/*
 * Whether files that somebody writes as root below DIR can be reached by other users of the host: set-user-id
 * programs, for one.
 */

/*
 * Whether a directory above DIR (O_PATH will do), or with ITSELF it too, keeps everybody but root out. Climbs by "..",
 * not by cutting a path, so that symbolic links on the way do not matter. Or a negative errno.
 */
int directory_is_sheltered(int dir, bool itself);

/* Whether neither set-user-id programs nor device nodes would work for anybody there. Or a negative errno. */
int mount_is_defused(int fd);
