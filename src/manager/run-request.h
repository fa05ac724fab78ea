/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What RunMachine, PlanMachine and StartMachine ask for, read from their messages. */

#include <sys/ioctl.h>

#include "call.h"
#include "spec.h"

typedef struct RunRequest {
        Spec *spec;              /* with what settings files say */
        Spec *given;             /* without; NULL where there are none */
        char **warnings;         /* about the files */
        bool kept;               /* StartMachine: the machine is there already */
        int standard_fds[3];     /* input, output, error: the message's, or -EBADF */
        struct winsize terminal_size; /* of the caller's, zeros where it is not known */
} RunRequest;

RunRequest *run_request_free(RunRequest *request);

/* read() of the table: RunMachine and PlanMachine; StartMachine. The request becomes the call's data. */
int run_request_read(Call *call, Error *error);
int run_request_read_kept(Call *call, Error *error);

/* Tells the caller what was left out of settings files. */
void run_request_warn(Manager *manager, sd_bus_message *call, const RunRequest *request);

/* run() of the table for RunMachine and StartMachine. */
int run_request_run(Call *call, Error *error);

/* StandardInput, StandardOutput and StandardError of a dictionary: 1 where KEY is one of them and was read, else 0. */
int run_request_read_stream(const char *key, sd_bus_message *m, int fds[static 3], Error *error);
