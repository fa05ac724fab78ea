/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts as settings: what is taken is fit to be used, and taken again once it was made absolute. */

#include "fuzz.h"
#include "mount-setting.h"
#include "path-util.h"
#include "strv.h"

/* The first byte chooses the kind. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_mount_setting_ MountSetting m = {}, again = {};
        _cleanup_free_ char *text = NULL, *absolute = NULL;
        MountSettingKind kind;

        if (size < 1)
                return 0;
        kind = (MountSettingKind) (data[0] % (MOUNT_SETTING_OVERLAY_READ_ONLY + 1));
        text = fuzz_string(data + 1, size - 1);
        if (mount_setting_parse(kind, text, &m) < 0)
                return 0;

        fuzz_assert(path_is_normalized(m.target) && !streq(m.target, "/"));
        STRV_FOREACH(source, m.sources)
                fuzz_assert(!**source || **source == '+' || path_is_normalized(*source) || volume_name_is_valid(*source));

        fuzz_assert(mount_setting_make_absolute(kind, text, "/base", &absolute) >= 0);
        fuzz_assert(mount_setting_parse(kind, absolute, &again) >= 0);
        fuzz_assert(streq(m.target, again.target) && strv_equal(m.sources, again.sources));
        fuzz_assert(mount_setting_reaches_host(&m) == mount_setting_reaches_host(&again));
        return 0;
}
