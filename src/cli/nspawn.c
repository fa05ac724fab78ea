/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nspawn.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "config.h"
#include "fd-util.h"
#include "foreground.h"
#include "help.h"
#include "keep-unit.h"
#include "log.h"
#include "name.h"
#include "nspawn-options.h"
#include "pager.h"
#include "parse-util.h"
#include "path-util.h"
#include "run.h"
#include "settings-files.h"
#include "string-util.h"
#include "strv.h"
#include "tree-find.h"

static const char reading[] = "reading the options";

bool nspawn_is_called(const char *program) {
        return program && streq(path_basename(program), "berth-nspawn");
}

/* The tree */

static int find_tree(NspawnCall *call, Error *error) {
        const char *path = call->directory ? call->directory : call->image;

        if (call->directory && call->image)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, reading, "--image", "it does not go with --directory");
        if (path)
                return tree_from_path(path, &call->spec->root, error);
        /* What is made from a template is installed by the machine's name. */
        if (call->spec->template_tree && call->name) {
                call->spec->root = str_format("/var/lib/machines/%s", call->name);
                return call->spec->root ? 0 : error_oom(error);
        }
        /* Without any, the folder that we are in is the tree. */
        return call->name ? tree_find(call->name, &call->spec->root, error) : tree_from_path(".", &call->spec->root, error);
}

static int check_tree(const NspawnCall *call, Error *error) {
        const Spec *spec = call->spec;
        struct stat st;

        if (stat(spec->root, &st) < 0 && errno == ENOENT && spec->template_tree)
                return 0;
        if (stat(spec->root, &st) < 0)
                return error_set(error, errno == ENOENT ? ERROR_NO_SUCH_TREE : ERROR_FAILED, errno, "finding the tree",
                                 spec->root, NULL);
        if (call->image && S_ISDIR(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, EISDIR, "finding the image", spec->root,
                                 "it is a directory, which goes with --directory");
        if (call->directory && !S_ISDIR(st.st_mode))
                return error_set(error, ERROR_INVALID_VALUE, ENOTDIR, "finding the tree", spec->root,
                                 "it is no directory; an image goes with --image");
        if (streq(spec->root, "/") && !spec->ephemeral && !spec->read_only && spec->volatile_mode == VOLATILE_NO)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "finding the tree", spec->root,
                                 "it is the host's own: only with --ephemeral, --read-only or --volatile");
        return 0;
}

/* "yes": the range is the one that the tree's owner is of (systemd-nspawn(1)). */
static char *range_of_tree(const Spec *spec) {
        enum { RANGE_MASK = 0xffff };
        struct stat st = {};

        /* One that is not there will be refused, or copied. */
        if (stat(spec->root, &st) < 0 && spec->template_tree)
                (void) stat(spec->template_tree, &st);
        st.st_uid &= ~(uid_t) RANGE_MASK;
        return st.st_uid == 0 ? strdup("identity") : str_format("%u:%u", st.st_uid, RANGE_MASK + 1);
}

static int assign_users(const NspawnCall *call, Error *error) {
        const Setting *users = setting_by_name("PrivateUsers");
        _cleanup_free_ char *range = NULL;
        bool wanted;

        if (!call->private_users)
                return 0;
        /* "0" and "1" are no range, either. */
        if (parse_boolean(call->private_users, &wanted) < 0)
                return setting_assign(users, call->spec, call->private_users, error);
        if (!wanted)
                return setting_assign(users, call->spec, "no", error);
        range = range_of_tree(call->spec);
        return range ? setting_assign(users, call->spec, range, error) : error_oom(error);
}

static int assign_command(NspawnCall *call, Error *error) {
        const Setting *parameters = setting_by_name("Parameters");
        int r = 0;

        STRV_FOREACH(word, call->operands)
                if (r >= 0)
                        r = str_is_utf8(*word) ? setting_add(parameters, call->spec, *word, error)
                                               : error_set(error, ERROR_INVALID_VALUE, EILSEQ, "reading the command", *word,
                                                           "it is no valid UTF-8");
        return r;
}

/* The rest of the spec */

/* The tree's name, and with random digits for a machine that leaves nothing: there may be several of these. */
static int pick_name(NspawnCall *call, Error *error) {
        _cleanup_free_ char *stem = name_from_tree(call->spec->root);

        if (!stem)
                return error_oom(error);
        call->spec->name = call->spec->ephemeral ? name_with_suffix(stem) : TAKE_PTR(stem);
        return call->spec->name ? 0 : error_oom(error);
}

static int read_files(NspawnCall *call, Error *error) {
        _cleanup_free_ char *stem = call->name ? strdup(call->name) : name_from_tree(call->spec->root);
        _cleanup_strv_free_ char **warnings = NULL;
        bool found;
        int r;

        if (!stem)
                return error_oom(error);
        call->spec->settings_mode = call->settings;
        r = settings_files_apply(settings_folders, stem, call->spec->root, call->spec, &found, &warnings, error);
        STRV_FOREACH(warning, warnings)
                log_warning("%s", *warning);
        /* Nobody is to read them again. */
        call->spec->settings_mode = SETTINGS_NO;
        return r;
}

static void choose_console(NspawnCall *call) {
        bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

        if (call->console == NSPAWN_CONSOLE_AUTOPIPE && !terminal)
                call->console = NSPAWN_CONSOLE_PIPE;
        else if (call->console == NSPAWN_CONSOLE_DEFAULT && !terminal)
                call->console = NSPAWN_CONSOLE_READ_ONLY;
        else if (call->console == NSPAWN_CONSOLE_DEFAULT || call->console == NSPAWN_CONSOLE_AUTOPIPE)
                call->console = NSPAWN_CONSOLE_INTERACTIVE;
        call->spec->terminal = call->console != NSPAWN_CONSOLE_PIPE;
        call->spec->streams = !call->spec->terminal;
}

static int fill_spec(NspawnCall *call, Error *error) {
        Spec *spec = call->spec;
        int r = call->name ? spec_check_name(call->name, error) : 0;

        if (r >= 0)
                r = find_tree(call, error);
        if (r >= 0)
                r = assign_users(call, error);
        if (r >= 0)
                r = assign_command(call, error);
        if (r >= 0)
                r = read_files(call, error);
        if (r >= 0)
                r = nspawn_fill_defaults(spec, error);
        if (r >= 0)
                r = check_tree(call, error);
        if (r < 0)
                return r;

        spec->remove = true;
        choose_console(call);
        if (!call->name)
                return pick_name(call, error);
        return str_replace(&spec->name, call->name) < 0 ? error_oom(error) : 0;
}

/* Running it */

/* Nothing of our input is the machine's, which does not mean that it ends. */
static int replace_input(int *ret_writer, Error *error) {
        int ends[2], r = 0;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), "replacing standard input", NULL);
        if (dup2(ends[0], STDIN_FILENO) < 0)
                r = error_set_errno(error, negative_errno(), "replacing standard input", NULL);
        (void) close(ends[0]);
        *ret_writer = ends[1];
        return r;
}

/*
 * What a SIGTERM or SIGINT to us comes to. The supervisor stops a system in order. A command gets the signal that was named for
 * that; without one nspawn just ends, and its machine with it.
 */
static int end_signal(const Spec *spec) {
        if (spec->boot)
                return 0;
        return setting_is_assigned(setting_by_name("KillSignal"), spec) ? spec->kill_signal : SIGKILL;
}

static int stay(const NspawnCall *call, const char *name, int session_fd, int signals, Error *error) {
        bool shown = call->spec->terminal && call->console != NSPAWN_CONSOLE_PASSIVE;
        _cleanup_session_ Session session = SESSION_NULL;
        _cleanup_close_ int writer = -EBADF;
        DetachKeys keys = {};
        int r = session_open(session_fd, name, &session, error);

        if (r >= 0 && shown && call->console == NSPAWN_CONSOLE_READ_ONLY)
                r = replace_input(&writer, error);
        if (r >= 0)
                r = detach_keys_default(&keys, error);
        if (r < 0)
                return r;
        session.end_signal = end_signal(call->spec);
        /* The machine runs, and is ready where that was waited for. Without a socket in the environment this is nothing. */
        (void) sd_notify(/* unset_environment= */ false, "READY=1\nSTATUS=Machine running.");
        return foreground_run(&session, signals, shown ? &keys : NULL, error);
}

static int run(const NspawnCall *call, Error *error) {
        _cleanup_bus_ sd_bus *bus = NULL;
        _cleanup_close_ int signals = foreground_block_signals(), fd = -EBADF;
        _cleanup_free_ char *name = NULL;
        int r;

        if (signals < 0)
                return error_set_errno(error, signals, "blocking signals", NULL);
        r = client_open_patient(&bus, error);
        if (r >= 0)
                r = run_start(bus, call->spec, /* pass_stdio= */ !call->spec->terminal, &name, &fd, error);
        if (r < 0)
                return r;
        bus = sd_bus_flush_close_unref(bus);
        if (!call->quiet && call->console == NSPAWN_CONSOLE_INTERACTIVE)
                log_info("machine '%s' runs from %s; ^]^]^] within a second leaves it running", name, call->spec->root);
        return stay(call, name, TAKE_FD(fd), signals, error);
}

static int print_help(const NspawnCall *call, Error *error) {
        Pager pager = PAGER_NULL;
        int r;

        if (!call->unpaged)
                pager_open(&pager);
        r = help_nspawn(error);
        pager_close(&pager);
        return r;
}

static int do_call(NspawnCall *call, char **arguments, Error *error) {
        int r = nspawn_options_parse(call, arguments, error);

        if (r < 0)
                return r;
        if (call->help)
                return print_help(call, error);
        if (call->version) {
                puts("berth " BERTH_VERSION);
                return EXIT_SUCCESS;
        }
        if (geteuid() != 0)
                return error_set(error, ERROR_ACCESS_DENIED, EPERM, "setting the machine up", NULL,
                                 "berth-nspawn is root's, as systemd-nspawn is; berth run asks berthd");

        r = fill_spec(call, error);
        if (r < 0)
                return r;
        return call->keep_unit ? keep_unit_exec(call->spec, /* plan= */ false, error) : run(call, error);
}

int nspawn_main(char **arguments) {
        _cleanup_nspawn_call_ NspawnCall call = NSPAWN_CALL_NULL;
        _cleanup_error_ Error error = ERROR_NULL;
        int r;

        call.spec = spec_new();
        r = call.spec ? do_call(&call, arguments, &error) : error_oom(&error);
        return r < 0 ? failure_report(r, &error, /* machine_status= */ false) : r;
}
