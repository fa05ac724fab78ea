/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call.h"

#include <limits.h>

#include "image-bus.h"
#include "machine-bus.h"
#include "manager-bus.h"
#include "network-bus.h"
#include "string-util.h"
#include "weight.h"

void reply_error(sd_bus_message *message, int r, const Error *error) {
        _cleanup_free_ char *text = error_is_set(error) ? error_render(error) : NULL;
        ErrorKind kind = error_is_set(error) ? error->kind : ERROR_FAILED;

        /* A caller that is gone by now gets no reply: nothing to do about that. */
        (void) sd_bus_reply_method_errorf(message, error_kind_to_dbus(kind), "%s", text ? text : errno_text(r));
}

int error_from_bus(Error *error, const sd_bus_error *e) {
        return error_set_rendered(error, error_kind_from_dbus(e->name), sd_bus_error_get_errno(e),
                                  e->message ? e->message : e->name);
}

/* A supervisor says that its machine has ended just before it ends itself. */
#define ENDING_USEC (10 * USEC_PER_SEC)

/* What no run() returns otherwise. */
enum { CALL_WAITS = INT_MAX };

static void call_free(Operation *operation) {
        Call *call = (Call *) operation;

        sd_event_source_disable_unref(call->timer);
        operation_end(&call->operation);
        authorization_free(call->authorization);
        if (call->free_data)
                call->free_data(call->data);
        sd_bus_message_unref(call->message);
        free(call->name);
        free(call->command);
        free(call->image);
        error_done(&call->error);
        free(call);
}

/* By the interface that the vtable is for: in a call it may be left out. */
static const CallMethod *find_method(const char *interface, const char *member) {
        for (size_t i = 0; i < call_methods_count; i++)
                if (streq(call_methods[i].member, member) && streq(call_methods[i].interface, interface))
                        return &call_methods[i];
        return NULL;
}

static void carry_out(Call *call) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = call->method->run(call, &error);

        if (r == CALL_WAITS)
                return;
        if (r < 0)
                reply_error(call->message, r, &error);
        call_free(&call->operation);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        carry_out(userdata);
        return 0;
}

int call_wait_for_end(Call *call, Error *error) {
        int r = sd_event_add_time_relative(call->operation.manager->event, &call->timer, CLOCK_MONOTONIC, ENDING_USEC, 0,
                                           on_timer, call);

        call->waited = true;
        return r < 0 ? error_set_errno(error, r, "waiting for the end of", call->name) : CALL_WAITS;
}

void call_on_name_free(Operation *operation, const char *name) {
        Call *call = (Call *) operation;

        if (call->waited && streq(call->name, name))
                carry_out(call);
}

static void on_authorized(void *userdata, int r, const Error *refusal) {
        _cleanup_error_ Error denied = ERROR_NULL;
        Call *call = userdata;

        if (r > 0 && !error_is_set(&call->error)) {
                carry_out(call);
                return;
        }
        /* The text is the same for all: it must not tell what there is. */
        if (r == 0)
                (void) error_set_rendered(&denied, ERROR_ACCESS_DENIED, EACCES, "Access denied");
        reply_error(call->message, -EIO, r < 0 ? refusal : r == 0 ? &denied : &call->error);
        call_free(&call->operation);
}

int call_read_name(Call *call, Error *error) {
        const char *name;
        int r;

        if (call->name)
                return 0;
        r = sd_bus_message_read(call->message, "s", &name);
        if (r >= 0)
                r = str_replace(&call->name, name);
        return r < 0 ? error_set_errno(error, r, "reading the call", NULL) : 0;
}

/* Before anything of it is copied. */
static int weigh(Call *call, Error *error) {
        int r = message_weigh(call->message, CALL_WEIGHT_MAX, &call->operation.weight);

        if (r < 0)
                return error_set_errno(error, r, "reading the call", NULL);
        if (call->operation.weight > CALL_WEIGHT_MAX)
                return error_set(error, ERROR_LIMIT_REACHED, E2BIG, "reading the call", NULL, "it is larger than %i MB",
                                 CALL_WEIGHT_MAX / 1024 / 1024);
        return 0;
}

/* What cannot be done is told after the authorization, too: why may be nobody's business. */
static int read_call(Call *call, bool named, Error *error) {
        int r = call->method->read ? call->method->read(call, &call->error) : named ? 0 : call_read_name(call, &call->error);

        return r < 0 && !error_is_set(&call->error) ? error_set_errno(error, r, "reading the call", NULL) : 0;
}

/* NAME is the machine's where the call is to its object. */
static int call_begin(Manager *manager, sd_bus_message *m, const char *interface, const char *name, Error *error) {
        const CallMethod *method = find_method(interface, sd_bus_message_get_member(m));
        Call *call;
        int r;

        if (!method)
                return error_set(error, ERROR_FAILED, ENOENT, "reading the call", sd_bus_message_get_member(m),
                                 "there is no such method");

        call = calloc(1, sizeof(Call));
        if (!call)
                return error_oom(error);
        *call = (Call){ .method = method, .message = sd_bus_message_ref(m), .action = method->action };

        r = operation_begin(&call->operation, manager, OPERATION_CALL, call_free, error);
        if (r >= 0 && name && str_replace(&call->name, name) < 0)
                r = error_oom(error);
        if (r >= 0)
                r = weigh(call, error);
        if (r >= 0)
                r = read_call(call, name, error);
        if (r >= 0)
                r = authorize(manager->authorizer, &call->operation, m, call->action,
                              &(AuthorizeDetails){ call->name, call->command, call->image }, on_authorized, call,
                              &call->authorization);
        if (r < 0)
                call_free(&call->operation);
        return r;
}

static int handle(Manager *manager, sd_bus_message *m, const char *interface, const char *name) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = call_begin(manager, m, interface, name, &error);

        if (r < 0)
                reply_error(m, r, &error);
        return 1;
}

int call_on_manager_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return handle(userdata, m, MANAGER_INTERFACE, NULL);
}

int call_on_machine_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Machine *machine = userdata;

        return handle(machine->manager, m, MACHINE_INTERFACE, machine_name(machine));
}

int call_on_network_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return handle(userdata, m, NETWORK_INTERFACE, NULL);
}

int call_on_image_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        return handle(userdata, m, IMAGE_INTERFACE, NULL);
}
