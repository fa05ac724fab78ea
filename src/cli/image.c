/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth images, rmi and the like: what machines are made from. */

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "client.h"
#include "clock.h"
#include "fd-util.h"
#include "output.h"
#include "parse-util.h"
#include "progress.h"
#include "string-util.h"
#include "strv.h"
#include "timestamp.h"
#include "verbs.h"

typedef struct ListOptions {
        bool quiet, no_legend;
        JsonMode json;
} ListOptions;

static const Option list_options[] = {
        { "quiet|q", &type_boolean, offsetof(ListOptions, quiet), "List names alone" },
        { "no-legend", &type_boolean, offsetof(ListOptions, no_legend), "List without a heading" },
        { "json", &type_json_mode, offsetof(ListOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

static void add_size(Table *table, uint64_t bytes) {
        char size[FORMAT_SIZE_MAX];
        bool known = bytes != UINT64_MAX;

        table_add(table, known ? format_size(bytes, size) : "-", known ? json_integer((json_int_t) bytes) : json_null());
}

static int print_row(sd_bus_message *reply, Table *table, const ListOptions *options) {
        const char *name, *type;
        uint64_t made, changed, usage;
        int read_only, r = sd_bus_message_read(reply, "(ssbttto)", &name, &type, &read_only, &made, &changed, &usage, NULL);

        if (r <= 0)
                return r;
        if (options->quiet)
                return puts(name) < 0 ? negative_errno() : 1;
        table_add_string(table, name);
        table_add_string(table, type);
        table_add(table, read_only ? "ro" : "rw", json_boolean(read_only));
        add_size(table, usage);
        table_add_age(table, changed);
        return 1;
}

static int list_verb(const Call *call, Error *error) {
        static const Column columns[] = {
                { "IMAGE", "image" },          { "TYPE", "type" }, { "ACCESS", "read_only" }, { "USAGE", "usage" },
                { "CHANGED", "changed_usec" },
        };
        const ListOptions *options = call->options;
        _cleanup_message_ sd_bus_message *reply = NULL;
        _cleanup_table_ Table table = STYLED_TABLE(columns, call->styled);
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_call_simple(bus, &reply, error, "ListImages", "");
        if (r < 0)
                return r;
        r = sd_bus_message_enter_container(reply, 'a', "(ssbttto)");
        while (r >= 0 && (r = print_row(reply, &table, options)) > 0)
                ;
        if (r < 0)
                return client_bad_reply(r, error);
        if (options->quiet)
                return EXIT_SUCCESS;
        return table_print(&table, options->json, !options->no_legend && options->json == JSON_OFF) < 0 ? error_oom(error)
                                                                                                        : EXIT_SUCCESS;
}

const Verb verb_images = {
        .names = "images|list-images",
        .operands = "",
        .flags = VERB_PAGED,
        .options = list_options,
        .size = sizeof(ListOptions),
        .help = "List the images that machines can be made from",
        .details =
                "An image is a directory, a btrfs subvolume or a disk image NAME.raw in /etc/machines, /run/machines, "
                "/var/lib/machines or /usr/lib/machines, where systemd-nspawn and machinectl have theirs, too. How much of the disk a "
                "tree takes nobody knows without looking at each file: berth image-status does that.",
        .run = list_verb,
};

/* Long work, which goes on without the bus */

/* One socket for who does the work, one for us. */
static int append_progress(sd_bus_message *message, int theirs) {
        int r = sd_bus_message_open_container(message, 'a', "{sv}");

        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}", "Progress", "h", theirs);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* CALL has all its arguments but the options; the bus, which is let go of, is taken over. */
static int follow_work(sd_bus *bus, sd_bus_message *call, const char *what, uint64_t *ret_usage, Error *error) {
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        int pair[2], r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                r = error_set_errno(error, negative_errno(), "making a socket", NULL);
        else {
                ours = pair[0];
                theirs = pair[1];
                r = append_progress(call, theirs);
                r = r < 0 ? error_set_errno(error, r, "calling berthd", NULL) : client_call(bus, call, NULL, error);
        }
        /* The message holds the other end as well. */
        (void) sd_bus_message_unref(call);
        (void) sd_bus_flush_close_unref(bus);
        theirs = fd_close(theirs);
        return r < 0 ? r : progress_follow(ours, what, ret_usage, error);
}

/* Status */

typedef struct StatusOptions {
        JsonMode json;
} StatusOptions;

static const Option status_options[] = {
        { "json", &type_json_mode, offsetof(StatusOptions, json), "JSON: short (one line), pretty or off" },
        {},
};

typedef struct ImageInfo {
        const char *name, *path, *type; /* in the reply */
        int read_only;
        uint64_t made, changed, usage;
        char **machines;
        sd_bus_message *reply;
} ImageInfo;

static void image_info_done(ImageInfo *info) {
        info->machines = strv_free(info->machines);
        info->reply = sd_bus_message_unref(info->reply);
}

static int read_property(const char *name, sd_bus_message *m, void *userdata) {
        ImageInfo *info = userdata;
        const struct {
                const char *name, *type;
                void *value;
        } properties[] = {
                { "Name", "s", &info->name },
                { "Path", "s", &info->path },
                { "Type", "s", &info->type },
                { "ReadOnly", "b", &info->read_only },
                { "CreationTimestamp", "t", &info->made },
                { "ModificationTimestamp", "t", &info->changed },
                { "Usage", "t", &info->usage },
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(properties); i++)
                if (streq(name, properties[i].name))
                        return sd_bus_message_read(m, "v", properties[i].type, properties[i].value);
        if (!streq(name, "Machines"))
                return sd_bus_message_skip(m, "v");
        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_read_strv(m, &info->machines);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int print_json(const ImageInfo *info, JsonMode mode) {
        json_auto_t *object = json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:o}", "image", info->name, "path", info->path,
                                        "type", info->type, "read_only", info->read_only, "made_usec", (json_int_t) info->made,
                                        "changed_usec", (json_int_t) info->changed, "usage",
                                        info->usage == UINT64_MAX ? json_null() : json_integer((json_int_t) info->usage),
                                        "machines", json_array());

        STRV_FOREACH(name, info->machines)
                (void) json_array_append_new(json_object_get(object, "machines"), json_string(*name));
        if (!object || json_dumpf(object, stdout, mode == JSON_PRETTY ? JSON_INDENT(4) : JSON_COMPACT) < 0)
                return -ENOMEM;
        putchar('\n');
        return 0;
}

static int print_status(const ImageInfo *info) {
        _cleanup_free_ char *machines = strv_join(info->machines, ", "), *name = str_escape(info->name);
        char size[FORMAT_SIZE_MAX], age[FORMAT_AGE_MAX];
        uint64_t now = clock_usec(CLOCK_REALTIME);

        if (!name || (info->machines && !machines))
                return -ENOMEM;
        printf("%s\n    Type: %s\n    Path: %s\n  Access: %s\n", name, info->type, info->path,
               info->read_only ? "read-only" : "writable");
        if (info->made > 0)
                printf("    Made: %s ago\n", format_age(now, info->made, age));
        printf(" Changed: %s ago\n", format_age(now, info->changed, age));
        if (info->usage != UINT64_MAX)
                printf("   Usage: %s\n", format_size(info->usage, size));
        if (info->machines)
                printf("Machines: %s\n", machines);
        return 0;
}

/* What a tree takes, which somebody without the right is not told. The bus is taken over. */
static void read_usage(sd_bus *bus, ImageInfo *info) {
        _cleanup_free_ char *what = str_format("Counting %s", info->name);
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_error_ Error ignored = ERROR_NULL;

        /* Nobody is asked for a password for a number. */
        if (what && client_new_call(bus, &call, "MeasureImage", &ignored) >= 0 &&
            sd_bus_message_set_allow_interactive_authorization(call, false) >= 0 &&
            sd_bus_message_append(call, "s", info->name) >= 0)
                (void) follow_work(bus, TAKE_PTR(call), what, &info->usage, &ignored);
        else
                (void) sd_bus_flush_close_unref(bus);
}

static int status_one(const char *name, void *userdata, Error *error) {
        _cleanup_(image_info_done) ImageInfo info = {};
        const StatusOptions *options = userdata;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = client_read_object(bus, "GetImage", "org.berth1.Image", name, read_property, &info, NULL, &info.reply, error);
        if (r < 0)
                return r;
        if (info.usage == UINT64_MAX)
                read_usage(TAKE_PTR(bus), &info);
        r = options->json == JSON_OFF ? print_status(&info) : print_json(&info, options->json);
        return r < 0 ? error_oom(error) : EXIT_SUCCESS;
}

static int status_verb(const Call *call, Error *error) {
        return call_each(call, status_one, (void *) call->options);
}

const Verb verb_image_status = {
        .names = "image-status|show-image",
        .operands = "IMAGE…",
        .least = 1,
        .most = SIZE_MAX,
        .flags = VERB_PAGED,
        .options = status_options,
        .size = sizeof(StatusOptions),
        .help = "Show what there is to know about images",
        .details = "With what they take of the disk, and the machines that are made from them, running or not.",
        .run = status_verb,
};

/* Removing and copying */

static int remove_one(const char *name, void *userdata, Error *error) {
        _cleanup_free_ char *what = str_format("Removing %s", name);
        _cleanup_message_ sd_bus_message *call = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = what ? client_open(&bus, error) : error_oom(error);

        if (r >= 0)
                r = client_new_call(bus, &call, "RemoveImage", error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "s", name);
        if (r < 0)
                return error_set_errno(error, r, "calling berthd", "RemoveImage");
        r = follow_work(TAKE_PTR(bus), TAKE_PTR(call), what, NULL, error);
        return r < 0 ? r : EXIT_SUCCESS;
}

static int remove_verb(const Call *call, Error *error) {
        return call_each(call, remove_one, NULL);
}

const Verb verb_remove_image = {
        .names = "rmi|remove-image",
        .operands = "IMAGE…",
        .least = 1,
        .most = SIZE_MAX,
        .help = "Remove images",
        .details =
                "With all that is in them, and the settings file NAME.nspawn beside them. An image that a machine is made from, running "
                "or kept, is not removed, nor one that systemd-nspawn uses, nor one with something mounted in it or with a file that "
                "is immutable: it stays whole, and the error says which. Of a symbolic link the link is removed alone.",
        .run = remove_verb,
};

typedef struct CloneOptions {
        bool read_only;
} CloneOptions;

static const Option clone_options[] = {
        { "read-only", &type_boolean, offsetof(CloneOptions, read_only), "Make the copy read-only" },
        {},
};

static int clone_verb(const Call *call, Error *error) {
        const CloneOptions *options = call->options;
        _cleanup_free_ char *what = str_format("Cloning %s", call->operands[0]);
        _cleanup_message_ sd_bus_message *message = NULL;
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = what ? client_open(&bus, error) : error_oom(error);

        if (r >= 0)
                r = client_new_call(bus, &message, "CloneImage", error);
        if (r < 0)
                return r;
        r = sd_bus_message_append(message, "ssb", call->operands[0], call->operands[1], (int) options->read_only);
        if (r < 0)
                return error_set_errno(error, r, "calling berthd", "CloneImage");
        r = follow_work(TAKE_PTR(bus), TAKE_PTR(message), what, NULL, error);
        return r < 0 ? r : EXIT_SUCCESS;
}

const Verb verb_clone = {
        .names = "clone|clone-image",
        .operands = "IMAGE NEW-NAME",
        .least = 2,
        .most = 2,
        .options = clone_options,
        .size = sizeof(CloneOptions),
        .help = "Copy an image under another name",
        .details =
                "The copy is in /var/lib/machines, with owners, modes, times, attributes, links and holes as they are. On btrfs a "
                "subvolume is copied in a moment, and files share their blocks where the file system can do that. A machine that is "
                "writing to the image is not stopped for it.",
        .run = clone_verb,
};

static int call_once(Error *error, const char *method, const char *types, const char *name, const char *to, int flag) {
        _cleanup_bus_ sd_bus *bus = NULL;
        int r = client_open(&bus, error);

        if (r >= 0)
                r = to ? client_call_simple(bus, NULL, error, method, types, name, to)
                       : client_call_simple(bus, NULL, error, method, types, name, flag);
        return r < 0 ? r : EXIT_SUCCESS;
}

static int rename_verb(const Call *call, Error *error) {
        return call_once(error, "RenameImage", "ss", call->operands[0], call->operands[1], 0);
}

const Verb verb_rename_image = {
        .names = "rename-image",
        .operands = "IMAGE NEW-NAME",
        .least = 2,
        .most = 2,
        .help = "Give an image another name",
        .details = "The settings file NAME.nspawn beside it goes along. One that a machine is made from keeps its name.",
        .run = rename_verb,
};

static int read_only_verb(const Call *call, Error *error) {
        bool flag = true;

        if (call->operands[1] && parse_boolean(call->operands[1], &flag) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", "read-only",
                                 "'%s' is neither yes nor no", call->operands[1]);
        return call_once(error, "SetImageReadOnly", "sb", call->operands[0], NULL, flag);
}

const Verb verb_read_only = {
        .names = "read-only",
        .operands = "IMAGE [BOOLEAN]",
        .least = 1,
        .most = 2,
        .help = "Mark an image read-only, or writable again",
        .details = "A subvolume is made read-only, a disk image loses its write permissions, and a directory gets the attribute "
                   "\"immutable\", by which nothing can be made or removed at its top, as machinectl does it.",
        .run = read_only_verb,
};
