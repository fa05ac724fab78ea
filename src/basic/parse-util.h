/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Values as systemd writes them: systemd.syntax(7), systemd.time(7), systemd.resource-control(5). Each
 * function takes the whole string or refuses it with -EINVAL (-ERANGE for a number that does not fit), and
 * leaves *ret alone on failure.
 */

#include "macro.h"

/* 1/yes/y/true/t/on and 0/no/n/false/f/off. */
int parse_boolean(const char *s, bool *ret);

/* Decimal, without sign, space or prefix. */
int parse_u64(const char *s, uint64_t *ret);
int parse_u32(const char *s, uint32_t *ret);

/* Bytes with an optional fraction and suffix: B K M G T P E, to the base of 1024. "infinity" is UINT64_MAX. */
int parse_size(const char *s, uint64_t *ret);

/* The same to the base of 1000, without fractions: K M G T P. What systemd counts bandwidth in. */
int parse_size_si(const char *s, uint64_t *ret);

/* "DEVICE REST": the device is a copy of what is before the last space, so that a path may hold spaces. REST is within S. */
int parse_device_and_rest(const char *s, char **ret_device, const char **ret_rest);

/* "0-3,8" or "0-3 8": the numbers as bits of an array of CPU_SET_BYTES, whose first *RET_N bytes hold them all. */
enum { CPU_SET_BYTES = 1024 }; /* the kernel's NR_CPUS is 8192 at most (x86, arm64) */
int parse_cpu_set(const char *s, uint8_t bits[static CPU_SET_BYTES], size_t *ret_n);

/* An address of IPv4 or IPv6 with an optional prefix length: its family, as many bytes as that has, and the length. */
int parse_ip_prefix(const char *s, int *ret_family, uint8_t address[static 16], uint32_t *ret_length);

/* A time span: "5min 20s", "500ms", a bare number is seconds; "infinity" is USEC_INFINITY. Microseconds. */
int parse_usec(const char *s, uint64_t *ret);

/* "12.5%" as parts of 10,000; values above 100% are taken where ABOVE is true. */
int parse_permyriad(const char *s, bool above, uint32_t *ret);

/* A user or group id: a number that is neither 65535 nor 2^32-1 (both mean "no id" to some kernel interface). */
int parse_uid(const char *s, uid_t *ret);

/* A signal by name, with or without SIG, by number, or as RTMIN or RTMIN+n. */
int parse_signal(const char *s, int *ret);
/* "SIGTERM", "SIGRTMIN+3". Never NULL for a valid signal. BUFFER holds what is no constant. */
#define SIGNAL_NAME_MAX 16
const char *signal_name(int signal, char buffer[static SIGNAL_NAME_MAX]);

/* "2h 3min 4s" for people: the two greatest units. BUFFER is also returned. */
#define FORMAT_USEC_MAX 48
const char *format_usec(uint64_t usec, char buffer[static FORMAT_USEC_MAX]);

/* "64M" where it is exact, "1.5G" otherwise; "infinity" for UINT64_MAX. BUFFER is also returned. */
#define FORMAT_SIZE_MAX 24
const char *format_size(uint64_t bytes, char buffer[static FORMAT_SIZE_MAX]);
