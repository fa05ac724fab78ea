/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "attach.h"
#include "fd-util.h"
#include "file-util.h"
#include "lock-file.h"
#include "spec-json.h"
#include "string-util.h"
#include "strv.h"

static const char step[] = "publishing the port";

/* Of one machine, so that a typing error does not cost all of the host's descriptors. */
enum { SOCKETS_MAX = 512 };

/* Elements of the filter */

static bool is_loopback(const IpAddress *a) {
        return a->family == AF_INET ? a->bytes[0] == 127 : a->family == AF_INET6 && memcmp(a->bytes, &in6addr_loopback, 16) == 0;
}

static int add_elements(const PublishedPort *port, const IpAddress *to, char ***elements) {
        char host[IP_TEXT_MAX], inside[IP_TEXT_MAX];
        const char *set = to->family == AF_INET ? "ports4" : "ports6", *protocol = port_protocol(port->protocol);
        int r = 0;

        for (unsigned i = 0; r >= 0 && i <= (unsigned) port->last - port->first; i++) {
                char *element;

                if (ip_is_set(&port->address))
                        element = str_format("%s_at { %s . %s . %u : %s . %u }", set, ip_format(&port->address, host), protocol,
                                             port->first + i, ip_format(to, inside), port->to + i);
                else
                        element = str_format("%s { %s . %u : %s . %u }", set, protocol, port->first + i, ip_format(to, inside),
                                             port->to + i);
                r = strv_consume(elements, element);
        }
        return r;
}

/* The machine's addresses, of which a port that is published on one family's address only wants one. */
static size_t targets(const Spec *spec, const PublishedPort *port, IpAddress ret[static 2]) {
        const char *const texts[] = { spec->link.address, spec->link.address6 };
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (texts[i] && ip_parse_prefix(texts[i], 0, &ret[n]) >= 0 &&
                    (!ip_is_set(&port->address) || port->address.family == ret[n].family))
                        n++;
        return n;
}

int ports_elements(const Spec *spec, char ***elements) {
        int r = 0;

        STRV_FOREACH(text, spec->port) {
                PublishedPort port;
                IpAddress to[2];
                size_t n;

                if (port_parse(*text, &port) < 0 || is_loopback(&port.address))
                        continue;
                n = targets(spec, &port, to);
                for (size_t i = 0; r >= 0 && i < n; i++)
                        r = add_elements(&port, &to[i], elements);
        }
        return r;
}

static int elements_of(int machines, const char *name, char ***elements) {
        _cleanup_free_ char *lock = str_format("%s/lock", name), *path = str_format("%s/spec.json", name), *text = NULL;
        _cleanup_spec_ Spec *spec = NULL;

        if (!lock || !path)
                return -ENOMEM;
        /* One that is dead, or not that far: it publishes for itself then. */
        if (lock_file_is_held(machines, lock) <= 0 || file_read_at(machines, path, FILE_MAX_DEFAULT, &text, NULL) < 0 ||
            spec_from_json(text, &spec, NULL) < 0)
                return 0;
        return ports_elements(spec, elements);
}

int ports_elements_of_all(const char *directory, char ***elements) {
        DIR *stream = opendir(directory);
        struct dirent *item;
        int r = 0;

        if (!stream)
                return errno == ENOENT ? 0 : negative_errno();
        while (r >= 0 && (item = readdir(stream)))
                if (item->d_name[0] != '.')
                        r = elements_of(dirfd(stream), item->d_name, elements);
        (void) closedir(stream);
        return r;
}

/* Sockets */

static int bind_socket(int fd, int family, const IpAddress *address, uint16_t port) {
        union {
                struct sockaddr any;
                struct sockaddr_in in;
                struct sockaddr_in6 in6;
        } a = { .any.sa_family = (sa_family_t) family };
        int on = 1;

        if (family == AF_INET) {
                a.in.sin_port = htons(port);
                memcpy(&a.in.sin_addr, address->bytes, 4);
        } else {
                a.in6.sin6_port = htons(port);
                memcpy(&a.in6.sin6_addr, address->bytes, 16);
                if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
                        return negative_errno();
        }
        return bind(fd, &a.any, family == AF_INET ? sizeof(a.in) : sizeof(a.in6)) < 0 ? negative_errno() : 0;
}

/* -EPROTONOSUPPORT where the kernel has no such protocol, which only sctp can be. */
static int open_socket(const PublishedPort *port, int family, uint16_t number) {
        int type = port->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1, r;
        _cleanup_close_ int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, port->protocol);

        if (fd < 0)
                return negative_errno();
        /* Connections of an earlier run may linger in TIME_WAIT. Not for datagrams: there it would mean to share. */
        if (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
                return negative_errno();
        r = bind_socket(fd, family, &port->address, number);
        if (r >= 0 && type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0)
                r = negative_errno();
        return r < 0 ? r : TAKE_FD(fd);
}

static int not_opened(int r, const PublishedPort *port, uint16_t number, Error *error) {
        _cleanup_free_ char *object = str_format("%u/%s", number, port_protocol(port->protocol));
        char address[IP_TEXT_MAX];

        if (r == -EADDRINUSE)
                return error_set(error, ERROR_PORT_TAKEN, EADDRINUSE, step, object,
                                 "the host has it in use already, by another machine or by a program of its own");
        if (r == -EADDRNOTAVAIL)
                return error_set(error, ERROR_INVALID_VALUE, EADDRNOTAVAIL, step, object, "%s is no address of the host",
                                 ip_format(&port->address, address));
        return error_set_errno(error, r, step, object);
}

static int add_socket(const PublishedPort *port, const IpAddress *to, unsigned i, Ports *ports, Error *error) {
        int fd = open_socket(port, to->family, (uint16_t) (port->first + i));
        PortSocket *grown;

        /* Without a socket of its own the filter does what it can. */
        if (fd < 0 && port->protocol == IPPROTO_SCTP && (fd == -EPROTONOSUPPORT || fd == -ESOCKTNOSUPPORT))
                return 0;
        if (fd < 0)
                return not_opened(fd, port, (uint16_t) (port->first + i), error);

        grown = ports->n_sockets < SOCKETS_MAX ? reallocarray(ports->sockets, ports->n_sockets + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                (void) fd_close(fd);
                return ports->n_sockets < SOCKETS_MAX ? error_oom(error)
                                                      : error_set(error, ERROR_LIMIT_REACHED, ENOSPC, step, NULL,
                                                                  "a machine can publish %i at most", SOCKETS_MAX);
        }
        ports->sockets = grown;
        ports->sockets[ports->n_sockets++] = (PortSocket){ .fd = fd,
                                                           .protocol = port->protocol,
                                                           .to = *to,
                                                           .port = (uint16_t) (port->to + i) };
        return 0;
}

static int open_port(const Spec *spec, const PublishedPort *port, Ports *ports, Error *error) {
        IpAddress to[2];
        size_t n = targets(spec, port, to);
        int r = 0;

        for (size_t i = 0; i < n; i++)
                for (unsigned k = 0; r >= 0 && k <= (unsigned) port->last - port->first; k++)
                        r = add_socket(port, &to[i], k, ports, error);
        return r;
}

int ports_open(const Spec *spec, Ports *ret, Error *error) {
        Ports ports = {};
        int r = 0;

        STRV_FOREACH(text, spec->port) {
                PublishedPort port;

                if (r >= 0)
                        r = port_parse(*text, &port);
                if (r >= 0)
                        r = open_port(spec, &port, &ports, error);
        }
        if (r < 0) {
                ports_done(&ports);
                return error_set_errno(error, r, step, NULL);
        }
        *ret = ports;
        return 0;
}

int ports_publish(const Spec *spec, Ports *ports, Error *error) {
        _cleanup_strv_free_ char **elements = NULL;
        int r = ports_elements(spec, &elements);

        if (r < 0)
                return error_oom(error);
        if (!elements)
                return 0;
        r = network_add_elements(elements, error);
        if (r >= 0)
                ports->elements = TAKE_PTR(elements);
        return r;
}

void ports_done(Ports *ports) {
        for (size_t i = 0; i < ports->n_sockets; i++)
                (void) fd_close(ports->sockets[i].fd);
        free(ports->sockets);
        if (ports->elements)
                network_delete_elements(ports->elements);
        strv_free(ports->elements);
        *ports = (Ports){};
}
