/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "authorize.h"

#include "log.h"
#include "string-util.h"

/* A person needs a while to type a password. */
#define INTERACTIVE_USEC (5 * 60 * USEC_PER_SEC)

/* Flags of CheckAuthorization (org.freedesktop.PolicyKit1.Authority). */
enum { POLKIT_ALLOW_INTERACTION = 1 };

struct Authorization {
        sd_bus_message *call;
        const char *action;
        char *machine, *command;
        sd_bus_slot *slot;
        AuthorizeHandler handler;
        void *userdata;
};

Authorization *authorization_free(Authorization *a) {
        if (!a)
                return NULL;

        sd_bus_slot_unref(a->slot);
        sd_bus_message_unref(a->call);
        free(a->machine);
        free(a->command);
        free(a);
        return NULL;
}
DEFINE_CLEANUP(Authorization *, authorization_free);

static void decide(Authorization *a, bool allowed) {
        a->slot = sd_bus_slot_unref(a->slot);
        a->handler(a->userdata, allowed);
}

static int on_polkit(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const sd_bus_error *e = sd_bus_message_get_error(m);
        int allowed = false;

        if (e)
                log_debug("polkit did not decide: %s", e->message);
        else if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 || sd_bus_message_read(m, "b", &allowed) < 0)
                allowed = false;

        decide(userdata, allowed);
        return 0;
}

static int append_details(const Authorization *a, sd_bus_message *m) {
        int r = sd_bus_message_open_container(m, 'a', "{ss}");

        if (r >= 0 && a->machine)
                r = sd_bus_message_append(m, "{ss}", "machine", a->machine);
        if (r >= 0 && a->command)
                r = sd_bus_message_append(m, "{ss}", "command", a->command);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int ask_polkit(Authorization *a) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        sd_bus *bus = sd_bus_message_get_bus(a->call);
        bool interactive = sd_bus_message_get_allow_interactive_authorization(a->call) > 0;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                                           "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(m, "(sa{sv})s", "system-bus-name", 1, "name", "s", sd_bus_message_get_sender(a->call),
                                          a->action);
        if (r >= 0)
                r = append_details(a, m);
        if (r >= 0)
                r = sd_bus_message_append(m, "us", interactive ? (uint32_t) POLKIT_ALLOW_INTERACTION : 0, "");
        if (r < 0)
                return r;

        a->slot = sd_bus_slot_unref(a->slot);
        return sd_bus_call_async(bus, &a->slot, m, on_polkit, a, interactive ? INTERACTIVE_USEC : 0);
}

static int on_user(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Authorization *a = userdata;
        uint32_t uid;

        /* An error: the caller is gone. */
        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &uid) < 0)
                decide(a, false);
        else if (uid == 0)
                decide(a, true);
        else if (!*a->action || ask_polkit(a) < 0)
                decide(a, false);
        return 0;
}

int authorize(sd_bus_message *call, const char *action, const AuthorizeDetails *details, AuthorizeHandler handler, void *userdata,
              Authorization **ret) {
        _cleanup_(authorization_freep) Authorization *a = calloc(1, sizeof(Authorization));
        int r;

        if (!a)
                return -ENOMEM;
        *a = (Authorization){ .call = sd_bus_message_ref(call), .action = action, .handler = handler, .userdata = userdata };
        if (str_replace(&a->machine, details->machine) < 0 || str_replace(&a->command, details->command) < 0)
                return -ENOMEM;

        /* sd_bus_query_sender_creds(3) would wait for the answer. */
        r = sd_bus_call_method_async(sd_bus_message_get_bus(call), &a->slot, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetConnectionUnixUser", on_user, a, "s",
                                     sd_bus_message_get_sender(call));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}
