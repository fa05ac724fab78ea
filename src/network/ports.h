/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Published ports. From outside, the packet filter leads them into the machine. What the filter does not see, because it
 * comes from the host itself to 127.0.0.1 or ::1, arrives at a socket that the supervisor holds. That is also what
 * keeps the port from others and finds that it is taken, and it goes with the supervisor.
 */

#include "port.h"
#include "spec.h"

typedef struct PortSocket {
        int fd;
        int protocol;
        IpAddress to;            /* where in the machine it leads */
        uint16_t port;
} PortSocket;

typedef struct Ports {
        PortSocket *sockets;
        size_t n_sockets;
        char **elements;         /* of the packet filter, while they are there */
} Ports;

/* Opens the sockets of a resolved spec. ERROR_PORT_TAKEN says which one somebody has. */
int ports_open(const Spec *spec, Ports *ret, Error *error);

/* Tells the packet filter. The machine's network must be set up. */
int ports_publish(const Spec *spec, Ports *ports, Error *error);

/* Takes all of it back. */
void ports_done(Ports *ports);

/* The elements of the packet filter that a spec comes to, each as "SET { KEY : VALUE }", appended. 0 or -ENOMEM. */
int ports_elements(const Spec *spec, char ***elements);

/* The same of all machines that live, as the registry below DIRECTORY says. */
int ports_elements_of_all(const char *directory, char ***elements);
