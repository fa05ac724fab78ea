/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "passed-sockets.h"

#include <fcntl.h>
#include <unistd.h>

#include "string-util.h"
#include "strv.h"

enum { LISTEN_FDS_START = 3 }; /* sd_listen_fds(3) */

int passed_sockets_end(const PassedSockets *sockets) {
        return LISTEN_FDS_START + (int) sockets->n;
}

int passed_sockets_keep(const PassedSockets *sockets, char ***environment, Error *error) {
        int r;

        if (sockets->n == 0)
                return 0;
        for (int fd = LISTEN_FDS_START; fd < passed_sockets_end(sockets); fd++)
                if (fcntl(fd, F_SETFD, 0) < 0)
                        return error_set_errno(error, negative_errno(), "passing the unit's sockets on", NULL);

        r = strv_env_consume(environment, str_format("LISTEN_FDS=%u", sockets->n));
        if (r >= 0)
                r = strv_env_consume(environment, str_format("LISTEN_PID=%i", getpid()));
        if (r >= 0 && sockets->names)
                r = strv_env_consume(environment, str_format("LISTEN_FDNAMES=%s", sockets->names));
        return r < 0 ? error_oom(error) : 0;
}
