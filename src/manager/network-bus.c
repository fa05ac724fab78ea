/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "network-bus.h"

#include "network-create.h"
#include "machine.h"
#include "manager-bus.h"
#include "object.h"
#include "network.h"
#include "spawn.h"
#include "store.h"
#include "string-util.h"
#include "strv.h"

/* Who is on a network */

static bool is_on(Machine *machine, const char *network) {
        const Spec *spec = machine->present ? machine_spec(machine, NULL) : NULL;

        return spec && spec->link.network && streq(spec->link.network, network);
}

static int collect_machines(Manager *manager, const char *network, char ***names) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < manager->n_machines; i++)
                if (is_on(manager->machines[i], network))
                        r = strv_append(names, machine_name(manager->machines[i]));
        return r;
}

static int look_up(const Manager *manager, const char *name, NetworkConfig *ret, NetworkKind *ret_kind) {
        return network_look_up(manager->places->run, manager->places->state, name, ret, ret_kind);
}

static int check(Manager *manager, const char *name, Error *error);

static const ObjectKind network_object = { NETWORK_PATH_PREFIX, NETWORK_INTERFACE, "NetworkNew", "NetworkRemoved", check };

/* Properties */

/* A network's properties are one look at its files; which one is asked for chooses from that. */
typedef struct View {
        NetworkConfig config;
        NetworkKind kind;
} View;

static int view(const char *path, void *userdata, View *ret) {
        _cleanup_free_ char *name = NULL;
        int r = sd_bus_path_decode(path, NETWORK_PATH_PREFIX, &name);

        return r < 0 ? r : r == 0 ? -ENOENT : look_up(userdata, name, &ret->config, &ret->kind);
}

static void view_done(View *v) {
        network_config_done(&v->config);
}

static int get_text(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *ret_error) {
        _cleanup_(view_done) View v = {};
        const IpAddress *a;
        char buffer[IP_TEXT_MAX];
        int r = view(path, userdata, &v);

        if (r < 0)
                return r;
        if (streq(property, "Name"))
                return sd_bus_message_append(reply, "s", v.config.name);
        if (streq(property, "Bridge"))
                return sd_bus_message_append(reply, "s", v.config.bridge);
        if (streq(property, "Kind"))
                return sd_bus_message_append(reply, "s", network_kind_to_string(v.kind));

        a = streq(property, "Subnet")    ? &v.config.subnet
            : streq(property, "Subnet6") ? &v.config.subnet6
            : streq(property, "Gateway") ? &v.config.gateway
                                         : &v.config.gateway6;
        return sd_bus_message_append(reply, "s",
                                     !ip_is_set(a)                   ? ""
                                     : startswith(property, "Subnet") ? ip_format_prefix(a, buffer)
                                                                      : ip_format(a, buffer));
}

static int get_flag(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                    void *userdata, sd_bus_error *ret_error) {
        _cleanup_(view_done) View v = {};
        const NetworkConfig *c = &v.config;
        int r = view(path, userdata, &v);

        if (r < 0)
                return r;
        return sd_bus_message_append(reply, "b",
                                     (int) (streq(property, "Internal")   ? c->internal
                                            : streq(property, "Isolated") ? c->isolated
                                            : streq(property, "ICC")      ? !c->no_icc
                                            : streq(property, "IPv6")     ? !c->no_ipv6
                                                                          : !c->no_host_access));
}

static int get_mtu(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                   void *userdata, sd_bus_error *ret_error) {
        _cleanup_(view_done) View v = {};
        int r = view(path, userdata, &v);

        return r < 0 ? r : sd_bus_message_append(reply, "u", v.config.mtu);
}

static int get_machines(sd_bus *bus, const char *path, const char *interface, const char *property, sd_bus_message *reply,
                        void *userdata, sd_bus_error *ret_error) {
        _cleanup_strv_free_ char **names = NULL;
        _cleanup_free_ char *network = NULL;
        int r = sd_bus_path_decode(path, NETWORK_PATH_PREFIX, &network);

        if (r > 0)
                r = collect_machines(userdata, network, &names);
        return r < 0 ? r : sd_bus_message_append_strv(reply, names);
}

const sd_bus_vtable network_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Kind", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Bridge", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Subnet", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Gateway", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Subnet6", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Gateway6", "s", get_text, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("MTU", "u", get_mtu, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Internal", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Isolated", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("ICC", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("HostAccess", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("IPv6", "b", get_flag, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Machines", "as", get_machines, 0, SD_BUS_VTABLE_PROPERTY_EMITS_INVALIDATION),
        SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, call_on_network_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* Objects */

static int path_of(const char *name, char **ret) {
        return sd_bus_path_encode(NETWORK_PATH_PREFIX, name, ret);
}

static int find_network(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                        sd_bus_error *ret_error) {
        _cleanup_(view_done) View v = {};
        int r = view(path, userdata, &v);

        *ret_found = userdata;
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int list_networks(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes, sd_bus_error *ret_error) {
        _cleanup_strv_free_ char **names = NULL;
        const Manager *manager = userdata;
        int r = network_list(manager->places->run, manager->places->state, &names);

        return r < 0 ? r : object_paths(&network_object, names, ret_nodes);
}

int network_bus_register(Manager *manager) {
        int r = sd_bus_add_fallback_vtable(manager->bus, NULL, NETWORK_PATH_PREFIX, NETWORK_INTERFACE, network_vtable,
                                           find_network, manager);

        return r < 0 ? r : sd_bus_add_node_enumerator(manager->bus, NULL, NETWORK_PATH_PREFIX, list_networks, manager);
}

/* That it changed, and not to what: with many machines that would make each start of one longer. */
void network_bus_machines_changed(Manager *manager, const char *name) {
        _cleanup_free_ char *path = NULL;

        if (path_of(name, &path) >= 0)
                (void) sd_bus_emit_properties_changed(manager->bus, path, NETWORK_INTERFACE, "Machines", NULL);
}

void network_bus_in_use(Manager *manager, const char *name, bool in_use) {
        _cleanup_free_ char *path = NULL;

        /* A zone is there as long as it is in use; of the others only the default one has its addresses no longer than that. */
        if (startswith(name, NETWORK_ZONE_PREFIX))
                object_announce(manager->bus, &network_object, name, in_use);
        else if (streq(name, NETWORK_DEFAULT) && path_of(name, &path) >= 0)
                (void) sd_bus_emit_properties_changed(manager->bus, path, NETWORK_INTERFACE, "Subnet", "Gateway", "Subnet6",
                                                      "Gateway6", NULL);
}

/* What everybody may ask */

static int append_network(Manager *manager, sd_bus_message *reply, const char *name) {
        _cleanup_(view_done) View v = {};
        _cleanup_strv_free_ char **machines = NULL;
        _cleanup_free_ char *path = NULL;
        char buffer[IP_TEXT_MAX], buffer6[IP_TEXT_MAX];
        int r = look_up(manager, name, &v.config, &v.kind);

        /* It has gone meanwhile. */
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = collect_machines(manager, name, &machines);
        if (r >= 0)
                r = path_of(name, &path);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "(sssssuo)", name, network_kind_to_string(v.kind), v.config.bridge,
                                             ip_is_set(&v.config.subnet) ? ip_format_prefix(&v.config.subnet, buffer) : "",
                                             ip_is_set(&v.config.subnet6) ? ip_format_prefix(&v.config.subnet6, buffer6) : "",
                                             (uint32_t) strv_length(machines), path);
}

int network_on_list(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_strv_free_ char **names = NULL;
        Manager *manager = userdata;
        int r = sd_bus_message_new_method_return(m, &reply);

        if (r >= 0)
                r = network_list(manager->places->run, manager->places->state, &names);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sssssuo)");
        STRV_FOREACH(name, names)
                if (r >= 0)
                        r = append_network(manager, reply, *name);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int get(const Manager *manager, const char *name, View *ret, Error *error) {
        static const char step[] = "looking for the network";
        int r = look_up(manager, name, &ret->config, &ret->kind);

        return r == -ENOENT ? error_set(error, ERROR_NO_SUCH_NETWORK, ENOENT, step, name, "there is no such network")
               : r < 0      ? error_set_errno(error, r, step, name)
                            : 0;
}

static int check(Manager *manager, const char *name, Error *error) {
        _cleanup_(view_done) View v = {};

        return get(manager, name, &v, error);
}

int network_on_get(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return object_on_get(userdata, m, &network_object);
}

/* CreateNetwork() */

typedef struct Creation {
        char *name;
        NetworkOptions options;
} Creation;

static void creation_free(void *data) {
        Creation *c = data;

        free(c->name);
        network_options_done(&c->options);
        free(c);
}

int network_read_create(Call *call, Error *error) {
        Creation *c = calloc(1, sizeof(Creation));
        const char *name;
        int r;

        if (!c)
                return error_oom(error);
        c->options = NETWORK_OPTIONS_DEFAULT;
        call->data = c;
        call->free_data = creation_free;

        r = sd_bus_message_read(call->message, "s", &name);
        if (r >= 0)
                r = str_replace(&c->name, name);
        return r < 0 ? error_set_errno(error, r, "reading the call", NULL)
                     : network_options_read_bus(&c->options, call->message, error);
}

int network_run_create(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        const Creation *c = call->data;
        _cleanup_free_ char *path = NULL;
        int r = network_create(manager->places->run, manager->places->state, c->name, &c->options, error);

        if (r < 0)
                return r;
        object_announce(manager->bus, &network_object, c->name, /* is_new= */ true);
        r = path_of(c->name, &path);
        return r < 0 ? error_set_errno(error, r, "creating the network", c->name)
                     : sd_bus_reply_method_return(call->message, "o", path);
}

/* Calls that end when a task on the networks has */

/* Answers the message, which is the task's. */
static void on_task_done(void *userdata, int r, uint64_t number, const Error *error) {
        sd_bus_message *message = userdata;

        if (r < 0)
                reply_error(message, r, error);
        else
                (void) sd_bus_reply_method_return(message, NULL);
        sd_bus_message_unref(message);
}

static int answer_after(Call *call, unsigned task, Error *error) {
        int r = network_task_begin(call->operation.manager, task, on_task_done, sd_bus_message_ref(call->message), error);

        if (r < 0)
                sd_bus_message_unref(call->message);
        return r;
}

/* RemoveNetwork(), and Remove() of the object */

int network_read_name(Call *call, Error *error) {
        char *name = NULL;
        int r = object_read_name(call->message, &network_object, &name, error);

        call->data = name;
        call->free_data = free;
        return r;
}

static int check_removable(Manager *manager, const char *name, Error *error) {
        static const char step[] = "removing the network";
        _cleanup_(view_done) View v = {};
        _cleanup_strv_free_ char **machines = NULL;
        int r = get(manager, name, &v, error);

        if (r < 0)
                return r;
        if (v.kind != NETWORK_KIND_CREATED)
                return error_set(error, ERROR_INVALID_NAME, EINVAL, step, name,
                                 "nobody created it: it goes with its last machine");
        r = collect_machines(manager, name, &machines);
        if (r >= 0 && machines)
                return error_set(error, ERROR_NETWORK_IN_USE, EBUSY, step, name, "the machine '%s' is on it", machines[0]);
        return r < 0 ? error_set_errno(error, r, step, name) : 0;
}

/* Its bridge may still be there for a moment: with the answer that is gone as well, and the name is free for another one. */
int network_run_remove(Call *call, Error *error) {
        Manager *manager = call->operation.manager;
        const char *name = call->data;
        int r = check_removable(manager, name, error);

        if (r < 0)
                return r;
        r = store_remove(manager->places->state, name);
        if (r < 0)
                return error_set_errno(error, r, "removing the network", name);
        object_announce(manager->bus, &network_object, name, /* is_new= */ false);
        return answer_after(call, SPAWN_NETWORK_SWEEP, error);
}

/* ReloadNetworks() */

int network_read_reload(Call *call, Error *error) {
        return 0;
}

int network_run_reload(Call *call, Error *error) {
        return answer_after(call, SPAWN_NETWORK_RELOAD, error);
}
