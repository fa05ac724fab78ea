/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verbs.h"

#include <unistd.h>

#include "help.h"
#include "log.h"
#include "pager.h"
#include "string-util.h"
#include "strv.h"
#include "style.h"

const Verb *const verbs[] = {
        &verb_run,       &verb_create, &verb_start,        &verb_restart,      &verb_attach, &verb_exec,
        &verb_explain,   &verb_list,   &verb_status,       &verb_stop,         &verb_kill,   &verb_terminate,
        &verb_wait,      &verb_stats,  &verb_top,          &verb_set_property, &verb_pause,  &verb_unpause,
        &verb_rename,    &verb_remove, &verb_inspect,      &verb_events,       &verb_logs,   &verb_copy,
        &verb_shell,     &verb_login,  &verb_bind,         &verb_unbind,       &verb_pin,    &verb_volume,
        &verb_network,   &verb_port,   &verb_doctor,       &verb_cat,          &verb_edit,   &verb_copy_to,
        &verb_copy_from, &verb_images, &verb_image_status, &verb_remove_image, &verb_clone,  &verb_rename_image,
        &verb_read_only, &verb_enable, &verb_disable,      &verb_settings,     NULL,
};

char *verb_name(const Verb *verb) {
        return strndup(verb->names, strcspn(verb->names, "|"));
}

/* What machinectl(1) and docker(1) have as verbs and berth does otherwise, or not at all. */
static const struct {
        const char *names;
        const char *hint;
} foreign[] = {
        { "pull-tar|pull-raw|import-tar|import-raw|import-fs|export-tar|export-raw|list-transfers|cancel-transfer",
          "machinectl has it, and its images are berth's, too" },
        { "set-limit|clean", "machinectl has it; berth rmi removes single images" },
        { "pull|push|build|commit|tag|search|save|load|import|export|history|manifest|buildx|builder",
          "berth has no registry; images are trees and disk images in /var/lib/machines: see berth images --help" },
        { "update", "limits are changed by berth set-property" },
        { "info|system", "berth doctor looks at the host, berth list at machines" },
        { "version", "it is berth --version" },
        { "container", "its verbs are berth's own: berth list, berth rm" },
        { "image", "it is berth images, berth image-status, berth rmi" },
        { "diff", "what a machine has written is in its layer: see berth inspect" },
        { "prune", "nothing is left that nobody keeps; berth rm removes machines, berth rmi images" },
        { "compose|stack|swarm|service|node", "units of systemd do that: see berth@.service(8)" },
        { "context|plugin|trust|checkpoint", "berth has nothing like it" },
};

static const char *hint_for(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(foreign); i++)
                if (names_contain(foreign[i].names, name))
                        return foreign[i].hint;
        return NULL;
}

const Verb *verb_find(const char *name, Error *error) {
        _cleanup_strv_free_ char **words = NULL;
        const char *near;

        FOREACH_VERB(v)
                if (names_contain((*v)->names, name))
                        return *v;

        if (hint_for(name)) {
                (void) error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the verb", name, "there is no such verb; %s",
                                 hint_for(name));
                return NULL;
        }

        FOREACH_VERB(v)
                if (names_collect((*v)->names, &words) < 0) {
                        (void) error_oom(error);
                        return NULL;
                }

        near = str_nearest(name, (const char *const *) words, strv_length(words));
        (void) error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the verb", name,
                         near ? "there is no such verb; did you mean %s?" : "there is no such verb; berth --help lists them",
                         near);
        return NULL;
}

int failure_report(int r, const Error *error, bool machine_status) {
        (void) log_failure(r, error, NULL);
        return machine_status ? error_kind_to_exit_status(error->kind) : EXIT_FAILURE;
}

int call_each(const Call *call, int (*each)(const char *operand, void *userdata, Error *error), void *userdata) {
        int status = EXIT_SUCCESS;

        STRV_FOREACH(operand, call->operands) {
                _cleanup_error_ Error error = ERROR_NULL;
                int r = each(*operand, userdata, &error);

                if (r < 0)
                        r = failure_report(r, &error, call->verb->flags & VERB_MACHINE_STATUS);
                if (r != EXIT_SUCCESS)
                        status = r;
        }
        return status;
}

static int check_operands(const Verb *verb, const char *name, char *const *operands, Error *error) {
        size_t n = strv_length(operands);

        if (n < verb->least)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", name,
                                 "it needs %s; see berth %s --help", verb->operands, name);
        if (n > verb->most)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments of", name, "'%s' is one too many",
                                 operands[verb->most]);
        return 0;
}

static int run_paged(const Verb *verb, const Call *call, bool paged, Error *error) {
        Pager pager = PAGER_NULL;
        int r;

        if (paged && (!call || verb->flags & VERB_PAGED))
                pager_open(&pager);
        r = call ? verb->run(call, error) : help_verb(verb, error);
        pager_close(&pager);
        return r;
}

static int read_and_run(const Verb *verb, const char *name, char **arguments, void *values, bool paged, Error *error) {
        bool styled = style_is_used(isatty(STDOUT_FILENO));
        _cleanup_spec_ Spec *spec = NULL;
        _cleanup_free_ char **operands = NULL;
        int r;

        if (verb->flags & VERB_SETTINGS) {
                spec = spec_new();
                if (!spec)
                        return error_oom(error);
        }

        r = options_parse(&(OptionTarget){ verb->options, values, spec, verb->settings, verb->flags & VERB_COMMAND }, arguments,
                          &operands, error);
        if (r < 0)
                return r;
        if (r > 0)
                return run_paged(verb, NULL, paged, error);

        r = check_operands(verb, name, operands, error);
        return r < 0 ? r : run_paged(verb, &(Call){ verb, values, spec, operands, styled }, paged, error);
}

int verb_call(const Verb *verb, char **arguments, bool paged) {
        _cleanup_error_ Error error = ERROR_NULL;
        _cleanup_free_ char *name = verb_name(verb);
        _cleanup_free_ void *values = calloc(1, verb->size + 1);
        int r;

        if (!name || !values)
                return failure_report(error_oom(&error), &error, verb->flags & VERB_MACHINE_STATUS);
        if (verb->initial)
                memcpy(values, verb->initial, verb->size);

        r = read_and_run(verb, name, arguments, values, paged, &error);
        options_clear(verb->options, values);
        return r < 0 ? failure_report(r, &error, verb->flags & VERB_MACHINE_STATUS) : r;
}
