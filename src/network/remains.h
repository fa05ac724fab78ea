/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the kernel does not take along with a machine's network namespace as it should: the interface that a rate is kept by
 * (rate.h), and interfaces of the host that were moved in. Of virtual ones among those the kernel would make an end, and
 * physical ones it would move to its first network namespace, under the name that they had last
 * (default_device_exit_net() in net/core/dev.c). So that a supervisor and a manager that were killed leave neither behind, the machine's
 * spec and a mount that keeps its namespace are in /run/berth/remains/NAME, from before the first of them is made
 * or moved, until they are gone or back.
 */

#include "config.h"
#include "spec.h"

#define REMAINS_DIRECTORY BERTH_RUN_DIR "/remains"

/* Writes down what a machine is about to have; nothing where it will have nothing of the kind. */
int remains_note(const Spec *spec, Error *error);

/*
 * Keeps the machine's network namespace where interfaces are to be moved into it. To be called in the host's mount namespace,
 * before they are.
 */
int remains_pin(const Spec *spec, int namespace, Error *error);

/* Gives back and takes away what is left of a machine that has ended. */
void remains_withdraw(const Spec *spec);

/* The same for all machines that are dead. */
void remains_sweep(void);

/* Whether there is something for remains_sweep() to do. RUN is the folder that others call /run/berth. */
bool remains_are_left(const char *run);
