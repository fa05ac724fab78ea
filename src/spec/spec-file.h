/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings files: systemd.nspawn(5) with the section [Resources] besides, and each setting of the table in the
 * section that it is of. Reading and writing are of text; settings-files.h finds the files.
 */

#include "spec.h"
#include "specifier.h"

typedef struct SpecFile {
        const char *path;             /* for messages */
        bool trusted;                 /* by who administers the host; otherwise what only he may say is left out */
        const Specifiers *specifiers; /* replaced in values; NULL: none are */
} SpecFile;

/*
 * Reads TEXT over what is in SPEC, as one more file of the same settings: lists grow, an empty value clears. A value
 * that is not valid is an error, named by file and line. What is left out, be it unknown, unsafe or nothing to berth, adds
 * a line to *warnings.
 */
int spec_file_read(const SpecFile *file, const char *text, Spec *spec, char ***warnings, Error *error);

/* The settings that were assigned, as text that spec_file_read() takes. The caller frees it. */
int spec_file_write(const Spec *spec, char **ret, Error *error);

/* A key of systemd.nspawn(5) that no row of the table does, and what becomes of it. */
typedef struct ForeignKey {
        const char *section, *name;
        bool refused;                 /* a machine without it would not be what was asked for */
        const char *reason;
} ForeignKey;

/* NULL: there is no such key. */
const ForeignKey *foreign_key_find(const char *section, const char *name);
