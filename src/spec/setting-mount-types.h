/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mount-setting.h"
#include "setting.h"

/* The kind of mount that a list of this type holds. False: it is no type of mounts. */
bool setting_type_to_mount_kind(const SettingType *type, MountSettingKind *ret);
