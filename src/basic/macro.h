/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Language helpers: scope-exit clean-up, hand-over of owned things, sizes.
 *
 * Every owned thing is declared with one of the _cleanup_*_ forms, and handed on with TAKE_PTR() or
 * TAKE_FD(), so that each return path releases what it still owns. An invalid descriptor is -EBADF, never
 * -1, so that using one by mistake gives a sensible errno.
 */

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _sentinel_ __attribute__((sentinel))
#define _noreturn_ __attribute__((noreturn))
#define _fallthrough_ __attribute__((fallthrough))
#define _unused_ __attribute__((unused))
#define _warn_unused_ __attribute__((warn_unused_result))
#define _cleanup_(f) __attribute__((cleanup(f)))

#define ELEMENTSOF(array) (sizeof(array) / sizeof((array)[0]))

#define TAKE_PTR(pointer)                         \
        ({                                        \
                typeof(pointer) *_p = &(pointer); \
                typeof(pointer) _v = *_p;         \
                *_p = NULL;                       \
                _v;                               \
        })

#define TAKE_FD(fd)             \
        ({                      \
                int *_p = &(fd);\
                int _v = *_p;   \
                *_p = -EBADF;   \
                _v;             \
        })

/* Defines the scope-exit form of a destructor that takes a pointer and accepts NULL. */
#define DEFINE_CLEANUP(type, func)                   \
        static inline void func##p(type *p) {        \
                if (*p)                              \
                        func(*p);                    \
        }                                            \
        struct _force_semicolon_##func

static inline void freep(void *p) {
        free(*(void **) p);
}
#define _cleanup_free_ _cleanup_(freep)

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* NULL equals NULL and nothing else. */
static inline bool streq_ptr(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

static inline bool isempty(const char *s) {
        return !s || !*s;
}

static inline const char *strempty(const char *s) {
        return s ? s : "";
}

/* The rest of s behind prefix, or NULL where s does not begin with it. */
static inline const char *startswith(const char *s, const char *prefix) {
        size_t n = strlen(prefix);
        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

/* A free-standing strerror that no locale and no other thread disturbs: glibc's GNU strerrordesc_np(). */
const char *errno_text(int errnum);

/* The negative of errno, for functions that failed; an errno that was not set becomes -EIO and never success. */
static inline int negative_errno(void) {
        return errno > 0 ? -errno : -EIO;
}

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_INFINITY UINT64_MAX
