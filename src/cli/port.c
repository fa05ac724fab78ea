/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth port: where the ports of a machine are to be found on the host. */

#include <stdio.h>
#include <sys/socket.h>

#include "machine.h"
#include "output.h"
#include "parse-util.h"
#include "port.h"
#include "spec-bus.h"
#include "string-util.h"
#include "strv.h"
#include "verbs.h"

typedef struct PortOptions {
        JsonMode json;
} PortOptions;

static const Option port_options[] = {
        { "json", &type_json_mode, offsetof(PortOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

/* Which one of them: PORT[/PROTOCOL] of the machine. */
typedef struct Wanted {
        uint32_t port;           /* 0: all */
        const char *protocol;    /* NULL: all, as with no port */
} Wanted;

static int read_wanted(const char *text, char **buffer, Wanted *ret, Error *error) {
        const char *slash;

        *ret = (Wanted){};
        if (!text)
                return 0;
        slash = strchrnul(text, '/');
        *buffer = strndup(text, (size_t) (slash - text));
        if (!*buffer)
                return error_oom(error);
        ret->protocol = *slash ? slash + 1 : NULL;
        if (parse_u32(*buffer, &ret->port) < 0 || ret->port < 1 || ret->port > 65535)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the port", text,
                                 "it is a number from 1 to 65535, with an optional /tcp, /udp or /sctp");
        return 0;
}

typedef struct Ports {
        const PortOptions *options;
        Wanted wanted;
        char **addresses;        /* the machine's */
        Table *table;
        size_t found;
} Ports;

static bool machine_has_family(const Ports *ports, int family) {
        STRV_FOREACH(text, ports->addresses) {
                IpAddress a;

                if (ip_parse_prefix(*text, 0, &a) >= 0 && a.family == family)
                        return true;
        }
        return false;
}

/* As docker writes it: 80/tcp -> 0.0.0.0:8080. */
static void print_port(Ports *ports, const PublishedPort *port, unsigned i, const char *address) {
        char inside[32], number[16];
        _cleanup_free_ char *host = NULL;

        ports->found++;
        (void) snprintf(inside, sizeof(inside), "%u/%s", port->to + i, port_protocol(port->protocol));
        (void) snprintf(number, sizeof(number), "%u", port->first + i);
        host = str_format(strchr(address, ':') ? "[%s]:%s" : "%s:%s", address, number);
        if (ports->options->json != JSON_OFF) {
                table_add_string(ports->table, inside);
                table_add_string(ports->table, address);
                table_add(ports->table, number, json_integer(port->first + i));
        } else if (ports->wanted.port != 0)
                puts(strempty(host));
        else
                printf("%s -> %s\n", inside, strempty(host));
}

static void print_range(Ports *ports, const PublishedPort *port) {
        static const struct {
                int family;
                const char *any;
        } families[] = { { AF_INET, "0.0.0.0" }, { AF_INET6, "::" } };
        char buffer[IP_TEXT_MAX];

        for (unsigned i = 0; i <= (unsigned) port->last - port->first; i++) {
                const Wanted *w = &ports->wanted;

                if ((w->port != 0 && w->port != port->to + i) ||
                    (w->protocol && !streq(w->protocol, port_protocol(port->protocol))))
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(families); k++)
                        if (machine_has_family(ports, families[k].family) &&
                            (!ip_is_set(&port->address) || port->address.family == families[k].family))
                                print_port(ports, port, i,
                                           ip_is_set(&port->address) ? ip_format(&port->address, buffer) : families[k].any);
        }
}

static int read_addresses(sd_bus *bus, const MachineInfo *info, char ***ret, Error *error) {
        _cleanup_bus_error_ sd_bus_error e = SD_BUS_ERROR_NULL;
        int r = sd_bus_get_property_strv(bus, "org.berth1", info->path, "org.berth1.Machine", "Addresses", &e, ret);

        return r < 0 ? client_failure(&e, r, error) : 0;
}

static int print_ports(Ports *ports, sd_bus *bus, const char *name, Error *error) {
        _cleanup_machine_info_ MachineInfo info = MACHINE_INFO_NULL;
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_spec_ Spec *spec = spec_new();
        int r = spec ? machine_info_read(bus, name, &info, error) : error_oom(error);

        if (r >= 0)
                r = machine_read_settings(bus, &info, &message, error);
        if (r >= 0)
                r = spec_read_bus(spec, message, NULL, NULL, error);
        if (r >= 0)
                r = read_addresses(bus, &info, &ports->addresses, error);
        if (r < 0)
                return r;

        STRV_FOREACH(text, spec->port) {
                PublishedPort port;

                if (port_parse(*text, &port) >= 0)
                        print_range(ports, &port);
        }
        return 0;
}

static int port_verb(const Call *call, Error *error) {
        static const Column columns[] = { { "MACHINE", "machine" }, { "ADDRESS", "address" }, { "HOST", "host" } };
        _cleanup_table_ Table table = TABLE(columns);
        _cleanup_free_ char *buffer = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        Ports ports = { .options = call->options, .table = &table };
        int r = read_wanted(call->operands[1], &buffer, &ports.wanted, error);

        if (r >= 0)
                r = client_open(&bus, error);
        if (r >= 0)
                r = print_ports(&ports, bus, call->operands[0], error);
        strv_free(ports.addresses);
        if (r < 0)
                return r;
        if (ports.options->json != JSON_OFF && table_print(&table, ports.options->json, false) < 0)
                return error_oom(error);
        if (ports.wanted.port != 0 && ports.found == 0)
                return error_set(error, ERROR_INVALID_VALUE, ENOENT, "looking for the port", call->operands[1],
                                 "the machine does not publish it");
        return EXIT_SUCCESS;
}

const Verb verb_port = {
        .names = "port",
        .operands = "NAME [PORT]",
        .least = 1,
        .most = 2,
        .options = port_options,
        .size = sizeof(PortOptions),
        .help = "List where a machine's published ports are on the host",
        .details =
                "PORT is one of the machine, with an optional protocol, like 80 or 53/udp: then only where it is on the host is printed. "
                "A machine that does not run publishes nothing.",
        .run = port_verb,
};
