/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What a machine writes, in a file: /var/log/berth/NAME.log, one line per line, in the form that the kubelet's container
 * logs have (CRI): TIME STREAM F|P TEXT, where P means that the line goes on in the next of its stream. A file that has become
 * big is NAME.log.1, the older ones have greater numbers.
 */

#include "error.h"

typedef struct LogFile {
        char *path;
        int fd;
        uint64_t size;
} LogFile;

#define LOG_FILE_NULL (LogFile){ .fd = -EBADF }
void log_file_done(LogFile *file);

int log_file_open(const char *machine, LogFile *ret, Error *error);

/* 0 or a negative errno: -ENOSPC and the like. */
int log_file_write(LogFile *file, const char *stream, bool partial, const char *text, size_t size);
