/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Method calls that need a right: what is asked, which polkit action that takes, and what is done once it is
 * granted, in one table (call-table.c). Nothing of a call is carried out before its authorization.
 */

#include "authorize.h"
#include "operation.h"

typedef struct Call Call;

/* A row of the table. */
typedef struct CallMethod {
        const char *interface;
        const char *member;
        const char *action;      /* for polkit */

        /*
         * Reads what the action depends on from the message, and may choose another action. Without it the first
         * argument, or the object, is the machine's name.
         */
        int (*read)(Call *call, Error *error);
        /* Does it. Has sent the reply, or seen to it that somebody will, when it returns 0; else ERROR is the reply.
         * May return what call_wait_for_end() does. */
        int (*run)(Call *call, Error *error);
} CallMethod;

extern const CallMethod call_methods[];
extern const size_t call_methods_count;

struct Call {
        Operation operation;
        const CallMethod *method;
        sd_bus_message *message;
        Authorization *authorization;

        const char *action;
        char *name;              /* of the machine; may be NULL */
        char *command;           /* for polkit; may be NULL */
        char *image;             /* for polkit; may be NULL */
        void *data;              /* of read() and run() */
        void (*free_data)(void *data);
        Error error;             /* of read(): told to who has the right */
        bool waited;             /* run() comes again, after call_wait_for_end() */
        sd_event_source *timer;  /* of that */
};

/*
 * For run(), when the machine has ended but its supervisor is still on its way out: run() comes once more when its name is free,
 * or when that takes too long. What this returns is for run() to return.
 */
int call_wait_for_end(Call *call, Error *error);

/* NAME is free now: the call may have waited for it. It may be freed here. */
void call_on_name_free(Operation *operation, const char *name);

/* For read(): the machine's name, which is the first argument where the call is not to the machine's own object. */
int call_read_name(Call *call, Error *error);

/* Handlers for the vtables of Manager, Machine, Network and Image. */
int call_on_manager_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int call_on_machine_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int call_on_image_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);
int call_on_network_method(sd_bus_message *m, void *userdata, sd_bus_error *ret_error);

/* Answers MESSAGE with the error's D-Bus name and text; R stands in where ERROR was not set. */
void reply_error(sd_bus_message *message, int r, const Error *error);

/* Turns a D-Bus error from a supervisor or from systemd into one of ours, text and kind unchanged. The negative errno. */
int error_from_bus(Error *error, const sd_bus_error *e);
