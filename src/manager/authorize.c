/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "authorize.h"

#include "log.h"
#include "string-util.h"

/* A person needs a while to type a password. */
#define INTERACTIVE_USEC (5 * 60 * USEC_PER_SEC)

/* Flags of CheckAuthorization (org.freedesktop.PolicyKit1.Authority). */
enum { POLKIT_ALLOW_INTERACTION = 1 };

/* Questions to polkit at once: of our calls dbus-daemon allows 128 to be unanswered. */
enum { QUESTIONS_MAX = 48, QUESTIONS_PER_USER_MAX = 8 };

typedef enum Stage {
        STAGE_USER,      /* the bus is asked whose the call is */
        STAGE_QUEUED,    /* too many questions are out */
        STAGE_POLKIT,    /* polkit is asked */
        STAGE_DECIDED,
} Stage;

struct Authorizer {
        Authorization *first, **end; /* in order of arrival */
};

struct Authorization {
        Authorizer *authorizer;
        Authorization *next, **link; /* whatever points to it */
        Stage stage;
        Operation *operation;
        uid_t uid;
        sd_bus_message *call;
        const char *action;
        char *machine, *command, *image;
        sd_bus_slot *slot;
        AuthorizeHandler handler;
        void *userdata;
};

Authorizer *authorizer_new(void) {
        Authorizer *authorizer = calloc(1, sizeof(Authorizer));

        if (authorizer)
                authorizer->end = &authorizer->first;
        return authorizer;
}

Authorizer *authorizer_free(Authorizer *authorizer) {
        assert(!authorizer || !authorizer->first);
        free(authorizer);
        return NULL;
}

static void append(Authorizer *authorizer, Authorization *a) {
        a->authorizer = authorizer;
        a->link = authorizer->end;
        *a->link = a;
        authorizer->end = &a->next;
}

static void unlink_from_list(Authorization *a) {
        *a->link = a->next;
        if (a->next)
                a->next->link = a->link;
        else
                a->authorizer->end = a->link;
}

static void ask_next(Authorizer *authorizer);

Authorization *authorization_free(Authorization *a) {
        Authorizer *authorizer;

        if (!a)
                return NULL;

        authorizer = a->authorizer;
        if (authorizer) {
                unlink_from_list(a);
                ask_next(authorizer);
        }
        sd_bus_slot_unref(a->slot);
        sd_bus_message_unref(a->call);
        free(a->machine);
        free(a->command);
        free(a->image);
        free(a);
        return NULL;
}
DEFINE_CLEANUP(Authorization *, authorization_free);

static void refuse(Authorization *a, int r, const Error *error) {
        a->stage = STAGE_DECIDED;
        a->slot = sd_bus_slot_unref(a->slot);
        a->handler(a->userdata, r, error);
}

static void decide(Authorization *a, bool allowed) {
        refuse(a, allowed, NULL);
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
        if (r >= 0 && a->image)
                r = sd_bus_message_append(m, "{ss}", "image", a->image);
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

static size_t count(const Authorizer *authorizer, Stage from, Stage to, const uid_t *uid) {
        size_t n = 0;

        for (const Authorization *a = authorizer->first; a; a = a->next)
                n += a->stage >= from && a->stage <= to && (!uid || a->uid == *uid);
        return n;
}

/* Whether one more of this user's may be asked. */
static bool has_room(const Authorizer *authorizer, uid_t uid) {
        return count(authorizer, STAGE_POLKIT, STAGE_POLKIT, NULL) < QUESTIONS_MAX &&
               count(authorizer, STAGE_POLKIT, STAGE_POLKIT, &uid) < QUESTIONS_PER_USER_MAX;
}

static int ask_or_queue(Authorization *a) {
        a->stage = has_room(a->authorizer, a->uid) ? STAGE_POLKIT : STAGE_QUEUED;
        return a->stage == STAGE_POLKIT ? ask_polkit(a) : 0;
}

/* There may be room again. One that can't be asked stays where it is: its turn comes with the next. */
static void ask_next(Authorizer *authorizer) {
        for (Authorization *a = authorizer->first; a; a = a->next)
                if (a->stage == STAGE_QUEUED && has_room(authorizer, a->uid) && ask_or_queue(a) < 0)
                        a->stage = STAGE_QUEUED;
}

static int on_user(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        _cleanup_error_ Error error = ERROR_NULL;
        Authorization *a = userdata;
        uint32_t uid;
        int r;

        /* An error: the caller is gone. */
        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &uid) < 0) {
                decide(a, false);
                return 0;
        }

        a->uid = uid;
        r = operation_charge(a->operation, uid, &error);
        if (r < 0)
                refuse(a, r, &error);
        else if (uid == 0 || streq(a->action, ACTION_ANYBODY))
                decide(a, true);
        else if (!*a->action || ask_or_queue(a) < 0)
                decide(a, false);
        return 0;
}

int authorize(Authorizer *authorizer, Operation *operation, sd_bus_message *call, const char *action,
              const AuthorizeDetails *details, AuthorizeHandler handler, void *userdata, Authorization **ret) {
        _cleanup_(authorization_freep) Authorization *a = calloc(1, sizeof(Authorization));
        int r;

        if (!a)
                return -ENOMEM;
        *a = (Authorization){
                .operation = operation,
                .call = sd_bus_message_ref(call),
                .action = action,
                .handler = handler,
                .userdata = userdata,
        };
        if (str_replace(&a->machine, details->machine) < 0 || str_replace(&a->command, details->command) < 0 ||
            str_replace(&a->image, details->image) < 0)
                return -ENOMEM;

        /* sd_bus_query_sender_creds(3) would wait for the answer. */
        r = sd_bus_call_method_async(sd_bus_message_get_bus(call), &a->slot, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                     "org.freedesktop.DBus", "GetConnectionUnixUser", on_user, a, "s",
                                     sd_bus_message_get_sender(call));
        if (r < 0)
                return r;

        append(authorizer, a);
        *ret = TAKE_PTR(a);
        return 0;
}
