/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "macro.h"

/*
 * Of segments that were never writable: what the linker relocates is in one that was, so that nothing of these is our own
 * (elf(5), PT_GNU_RELRO).
 */
static int drop_code(struct dl_phdr_info *info, size_t size, void *userdata) {
        const uintptr_t *page = userdata;

        /* The program itself has no name, and the kernel's vdso no file. */
        if (*info->dlpi_name && *info->dlpi_name != '/')
                return 0;

        /* The first one last: these headers are in it. */
        for (size_t i = info->dlpi_phnum; i-- > 0;) {
                const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
                uintptr_t begin = (info->dlpi_addr + segment->p_vaddr) & ~(*page - 1),
                          end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;

                if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
                        (void) madvise((void *) begin, end - begin, MADV_DONTNEED);
        }
        return 0;
}

/*
 * Below our own frame. The stack has not grown further than that; and if it has not grown so far, nothing else is there
 * (stack_guard_gap in mm/mmap.c).
 */
__attribute__((noinline)) static void drop_stack(uintptr_t page) {
        enum { FRAME_MAX = 1024, GROWN_MAX = 128 * 1024 };
        uintptr_t end = ((uintptr_t) __builtin_frame_address(0) - FRAME_MAX) & ~(page - 1);

        (void) madvise((void *) (end - GROWN_MAX), GROWN_MAX, MADV_DONTNEED);
}

void trim_memory(void) {
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);

        (void) malloc_trim(0);
        drop_stack(page);
        (void) dl_iterate_phdr(drop_code, &page);
}

void *trim_reserve(void) {
        enum { ROOM = 4 * 1024 };

        return malloc(ROOM);
}
