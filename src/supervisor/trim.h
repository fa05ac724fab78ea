/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Gives back the memory that only the start needed, of a supervisor that is going to wait from now on: free pages of the heap,
 * stack below the caller's, and the mapped pages of code, which come back from the page cache as they are used again. That is most
 * of what it has. Costs some 30 page faults when it wakes up.
 */
void trim_memory(void);

/*
 * Room on the heap for what comes last and stays, to be freed when that comes: else it would be behind what is only needed to build a
 * machine, and keep the pages of that. The caller's; NULL without memory, which is fine.
 */
void *trim_reserve(void);
