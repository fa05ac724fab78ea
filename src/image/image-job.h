/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is done to images: by a process of the spawner's, since it takes rights that berthd lacks, and may take long. Each works
 * in the folder of the image alone, through its descriptor, holding the lock that systemd-nspawn(1) and systemd-machined(8) take
 * for as long as they use the image (".#FILE.lck").
 */

#include <limits.h>

#include "image-progress.h"

typedef enum ImageJobKind {
        IMAGE_JOB_REMOVE,
        IMAGE_JOB_CLONE,
        IMAGE_JOB_RENAME,
        IMAGE_JOB_READ_ONLY,
        IMAGE_JOB_MEASURE,
        _IMAGE_JOB_KIND_MAX,
} ImageJobKind;

/* One message, to a process of the same installation. */
typedef struct ImageJob {
        ImageJobKind kind;
        bool read_only;          /* what it is to be; of a clone, too */
        char file[NAME_MAX + 1]; /* in the folder: "debian", "fedora.raw" */
        char to[NAME_MAX + 1];   /* the new one */
} ImageJob;

/* FOLDER is where the image is, TO_FOLDER (or -EBADF) where a clone goes. RET_USAGE is set by IMAGE_JOB_MEASURE: bytes. */
int image_job_run(const ImageJob *job, int folder, int to_folder, Progress *progress, uint64_t *ret_usage, Error *error);
