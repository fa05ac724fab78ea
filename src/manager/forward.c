/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forward.h"

#include "machine.h"

typedef struct Forward {
        Operation operation;
        sd_bus_message *message; /* to be answered */
        const char *result;
        sd_bus_slot *slot;
} Forward;

static void forward_free(Operation *operation) {
        Forward *f = (Forward *) operation;

        operation_end(&f->operation);
        sd_bus_slot_unref(f->slot);
        sd_bus_message_unref(f->message);
        free(f);
}

/* The descriptor is the message's: the reply gets a duplicate. */
static int pass_back(Forward *f, sd_bus_message *m) {
        int fd, r;

        if (!*f->result)
                return sd_bus_reply_method_return(f->message, NULL);

        r = sd_bus_message_read(m, f->result, &fd);
        return r < 0 ? r : sd_bus_reply_method_return(f->message, f->result, fd);
}

/* What sd-bus itself says when the connection ends, or its patience. */
static bool is_lost(const sd_bus_error *e) {
        return sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY) || sd_bus_error_has_name(e, SD_BUS_ERROR_TIMEOUT);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        _cleanup_error_ Error error = ERROR_NULL;
        Forward *f = userdata;
        int r;

        if (is_lost(e) && sd_bus_is_open(sd_bus_message_get_bus(m)) <= 0)
                r = error_set(&error, ERROR_MACHINE_NOT_RUNNING, ESRCH, "talking to the machine", NULL, "it has just ended");
        else if (is_lost(e))
                r = error_set(&error, ERROR_FAILED, ETIMEDOUT, "talking to the machine", NULL, "its supervisor does not answer");
        else if (e)
                r = error_from_bus(&error, e);
        else
                r = pass_back(f, m);
        if (r < 0)
                reply_error(f->message, r, &error);

        forward_free(&f->operation);
        return 0;
}

int forward_begin(Call *call, const char *member, Link **ret_link, sd_bus_message **ret, Error *error) {
        Machine *machine;
        int r;

        r = manager_get(call->operation.manager, call->name, &machine, error);
        if (r >= 0)
                r = machine_get_link(machine, ret_link, error);
        if (r < 0)
                return r;

        r = link_new_call(*ret_link, member, ret);
        return r < 0 ? error_set_errno(error, r, "talking to the machine", call->name) : 0;
}

int forward(Call *call, Link *link, sd_bus_message *request, const char *result, Error *error) {
        Forward *f = calloc(1, sizeof(Forward));
        int r;

        if (!f)
                return error_oom(error);
        f->message = sd_bus_message_ref(call->message);
        f->result = result;

        r = operation_begin(&f->operation, call->operation.manager, OPERATION_FORWARD, forward_free, error);
        if (r >= 0) {
                operation_inherit(&f->operation, &call->operation);
                r = link_call(link, request, LINK_CALL_USEC, on_answer, f, &f->slot);
                if (r < 0)
                        error_set_errno(error, r, "talking to the machine", call->name);
        }
        if (r < 0)
                forward_free(&f->operation);
        return r;
}
