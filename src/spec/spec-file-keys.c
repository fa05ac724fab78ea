/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-file.h"

#include "string-util.h"

#define LATER "this version of berth does not have it"

/*
 * The keys of systemd.nspawn(5) without a row in the settings table. To refuse is the rule: an isolation, a mount or a
 * link that was asked for and is not there is worse than no machine. What only spares work may be left out.
 */
static const ForeignKey keys[] = {
        { "Exec", "RestrictAddressFamilies", true, LATER },
        { "Exec", "SuppressSync", false, LATER },
        { "Files", "BindUser", true, LATER },
        { "Files", "BindUserShell", true, LATER },
        { "Files", "PrivateUsersChown", false, "the tree is shown with the machine's ids and its files are left as they are" },
};

const ForeignKey *foreign_key_find(const char *section, const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (streq(keys[i].section, section) && streq(keys[i].name, name))
                        return &keys[i];
        return NULL;
}
