/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What settings say about mounts, in the syntax of systemd.nspawn(5): fields between colons, "\:" for a colon in
 * a path, options between commas. The text is what the spec keeps; it is read twice, by the settings table to check
 * it and by the plan to act on it.
 */

#include "macro.h"

typedef enum MountSettingKind {
        MOUNT_SETTING_BIND,          /* SOURCE[:TARGET[:OPTIONS]] */
        MOUNT_SETTING_BIND_READ_ONLY,
        MOUNT_SETTING_VOLUME,        /* SOURCE:TARGET[:OPTIONS], where SOURCE is a path or the name of a volume */
        MOUNT_SETTING_TMPFS,         /* TARGET[:OPTIONS] */
        MOUNT_SETTING_INACCESSIBLE,  /* TARGET */
        MOUNT_SETTING_OVERLAY,       /* LOWER[:LOWER…]:UPPER[:TARGET] */
        MOUNT_SETTING_OVERLAY_READ_ONLY,
} MountSettingKind;

/* How owners of a bound tree are seen: systemd.nspawn(5), "Bind=". */
typedef enum MountOwners {
        MOUNT_OWNERS_HOST,           /* noidmap: as they are, so nobody's with a user namespace */
        MOUNT_OWNERS_MACHINE,        /* idmap: the host's root is the machine's root */
        MOUNT_OWNERS_ROOT,           /* rootidmap: the owner of the source is the machine's root */
        MOUNT_OWNERS_TARGET,         /* owneridmap: the owner of the source is the owner of the target */
} MountOwners;

typedef struct MountSetting {
        MountSettingKind kind;
        /*
         * Absolute paths of the host; behind a "+", of the machine's tree. An empty one stands for a directory that
         * is gone with the machine. For a volume its name.
         */
        char **sources;
        char *target;
        uint64_t attributes;         /* MOUNT_ATTR_* of mount_setattr(2) */
        char *options;               /* of a tmpfs: "mode=755,size=1m", NULL without any */
        MountOwners owners;
        bool recursive;
} MountSetting;

void mount_setting_done(MountSetting *m);
#define _cleanup_mount_setting_ _cleanup_(mount_setting_done)

/* -EINVAL where TEXT is no setting of this kind. */
int mount_setting_parse(MountSettingKind kind, const char *text, MountSetting *ret);

/* Whether anything of the host is shown by it. */
bool mount_setting_reaches_host(const MountSetting *m);

/* TEXT with sources that are relative paths made absolute against BASE: only who gave them knows it. */
int mount_setting_make_absolute(MountSettingKind kind, const char *text, const char *base, char **ret);

/* Whether NAME can be the name of a volume: letters, digits, "_", "." and "-", the first one a letter or digit. */
bool volume_name_is_valid(const char *name);

/* Fields of S between colons, with "\:" and "\\" taken for what they stand for. 0 or a negative errno. */
int mount_setting_split(const char *s, char ***ret);
