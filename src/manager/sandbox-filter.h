/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Refuses the system calls that berthd never makes. 0 or a negative errno; does nothing in a build without libseccomp. */
int sandbox_load_filter(void);
