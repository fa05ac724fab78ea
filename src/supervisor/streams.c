/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "streams.h"

#include <fcntl.h>
#include <systemd/sd-journal.h>
#include <syslog.h>

#include "fd-util.h"

int streams_open(const Supervisor *s, int ret[static 3], const int given[static 3], Error *error) {
        for (size_t i = 0; i < 3; i++) {
                if (given[i] >= 0)
                        continue;
                if (i > 0)
                        ret[i] = sd_journal_stream_fd(s->spec->name, LOG_INFO, /* level_prefix= */ 0);
                if (ret[i] < 0)
                        ret[i] = open("/dev/null", (i > 0 ? O_WRONLY : O_RDONLY) | O_CLOEXEC | O_NOCTTY);
                if (ret[i] < 0)
                        return error_set_errno(error, negative_errno(), "opening", "/dev/null");
        }
        return 0;
}
