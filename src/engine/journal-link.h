/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * LinkJournal=: the journal that the machine's systemd-journald keeps, within reach of the host's journalctl(1), which
 * looks for one directory per machine id in /var/log/journal.
 *
 * With "host" it lies in a directory of the machine's name in a folder that only root enters, since what the machine
 * writes there is root's on disk; /var/log/journal/ID is a link to it. The name, and not the id, decides whose it is: an
 * id is what an image says of itself.
 */

#include "bind.h"
#include "plan.h"
#include "tree.h"

typedef struct JournalLink {
        char *path;              /* in both machine and host: /var/log/journal/ID; NULL: nothing is linked */
        char *folder;            /* where the journal lies on the host */
        int mount;               /* of that folder, detached; -EBADF where it lies in the tree */
} JournalLink;

#define JOURNAL_LINK_NULL (JournalLink){ .mount = -EBADF }
void journal_link_done(JournalLink *link);

/* Decides by the plan's setting, makes what is missing on the host, and opens it. Fails only where linking was insisted on. */
int journal_link_take(const Plan *plan, const TreeSource *source, JournalLink *ret, Error *error);

/* Shows it in the machine's tree ROOT (O_PATH), or makes the link from the host to there. */
int journal_link_attach(const JournalLink *link, const Plan *plan, int root, const BindIds *ids, Error *error);
