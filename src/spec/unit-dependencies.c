/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "unit-dependencies.h"

#include "setting.h"
#include "string-util.h"
#include "strv.h"

char *unit_of_machine(const char *name) {
        return str_format("berth@%s.service", name);
}

/* Names of units and machines: a char ** of units */

static bool is_unit(const char *word) {
        static const char *const suffixes[] = { ".service", ".socket", ".device",  ".mount", ".automount", ".swap",
                                                ".target",  ".path",   ".timer",   ".slice", ".scope" };
        enum { UNIT_NAME_MAX = 255 };
        size_t n = strlen(word);

        /* systemd.unit(5), "Description": what a unit's name is made of. A prefix has to be there, an instance, too. */
        if (n > UNIT_NAME_MAX || strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") != n ||
            word[0] == '@' || strstr(word, "@."))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                size_t length = strlen(suffixes[i]);

                if (n > length && streq(word + n - length, suffixes[i]))
                        return true;
        }
        return false;
}

static int add_unit(void *field, const char *text) {
        _cleanup_strv_free_ char **words = NULL;
        int r = strv_split(text, " \t", &words);

        if (r >= 0 && !words)
                return -EINVAL;
        STRV_FOREACH(word, words) {
                bool unit = is_unit(*word);

                if (r >= 0 && !unit && spec_check_name(*word, NULL) < 0)
                        r = -EINVAL;
                if (r >= 0)
                        r = strv_consume(field, unit ? strdup(*word) : unit_of_machine(*word));
        }
        return r;
}

static int format_units(const void *field, char ***ret) {
        *ret = strv_copy(*(char **const *) field);
        return *ret ? 0 : -ENOMEM;
}

static void clear_units(void *field) {
        *(char ***) field = strv_free(*(char ***) field);
}

const SettingType type_units = {
        .name = "units", .metavar = "UNIT", .signature = "as", .list = true, .words = true,
        .allowed = "the name of a machine, or of a unit with its suffix, like db or network-online.target",
        .parse = add_unit, .format_list = format_units, .clear = clear_units,
};

/* The drop-in */

int unit_dependencies_format(const Spec *spec, char **ret) {
        _cleanup_free_ char *text = NULL;
        SettingSection section = _SECTION_MAX;

        *ret = NULL;
        FOREACH_SETTING(s) {
                _cleanup_free_ char *units = NULL;
                char *longer;

                if (s->type != &type_units || !*(char **const *) setting_field_const(s, spec))
                        continue;
                units = setting_format(s, spec, " ");
                if (!units)
                        return -ENOMEM;
                longer = s->section == section
                                 ? str_format("%s%s=%s\n", text, s->name, units)
                                 : str_format("%s[%s]\n%s=%s\n",
                                              text ? text : "# From the settings of the machine: changed by berth edit.\n",
                                              setting_section_name(s->section), s->name, units);
                if (!longer)
                        return -ENOMEM;
                section = s->section;
                free(text);
                text = longer;
        }
        *ret = TAKE_PTR(text);
        return 0;
}
