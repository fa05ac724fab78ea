/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "spec-file.h"

#include "setting.h"
#include "string-util.h"
#include "strv.h"
#include "words.h"

#define BLANKS " \t\r"

/* Reading */

typedef struct Reader {
        const SpecFile *file;
        Spec *spec;
        char ***warnings;
        Error *error;
        unsigned line;           /* where the assignment at hand begins */
        char *section;           /* NULL: none yet, or one that is passed over */
        bool in_section;
} Reader;

/* Takes REASON over. */
static int refuse(Reader *reader, ErrorKind kind, char *reason) {
        _cleanup_free_ char *owned = reason, *place = str_format("%s:%u", reader->file->path, reader->line);

        return place && owned ? error_set(reader->error, kind, EINVAL, "reading the settings", place, "%s", owned)
                              : error_oom(reader->error);
}

static int warn(Reader *reader, char *reason) {
        _cleanup_free_ char *owned = reason;

        if (!owned)
                return error_oom(reader->error);
        if (strv_consume(reader->warnings, str_format("%s:%u: %s", reader->file->path, reader->line, owned)) < 0)
                return error_oom(reader->error);
        return 0;
}

static bool is_known_section(const char *section) {
        for (SettingSection i = 0; i < _SECTION_MAX; i++)
                if (streq(setting_section_name(i), section))
                        return true;
        return false;
}

/* "[Name]" */
static int read_section(Reader *reader, char *line) {
        size_t n = strlen(line);

        if (line[n - 1] != ']')
                return refuse(reader, ERROR_INVALID_VALUE, str_format("'%s' is no section: it lacks its ']'", line));
        line[n - 1] = '\0';
        line++;

        reader->in_section = true;
        free(reader->section);
        reader->section = NULL;
        if (is_known_section(line)) {
                reader->section = strdup(line);
                return reader->section ? 0 : error_oom(reader->error);
        }
        /* "X-" is for programs that keep something of their own in the file (systemd.syntax(7)). */
        if (startswith(line, "X-"))
                return 0;
        return warn(reader, str_format("there is no section [%s], ignoring it", line));
}

/* A key without a row in this section: 1 where it was dealt with. */
static int pass_over(Reader *reader, const char *key) {
        const ForeignKey *foreign = foreign_key_find(reader->section, key);
        const Setting *elsewhere = setting_by_name(key);
        _cleanup_error_ Error nearest = ERROR_NULL;
        const Setting *none;

        if (startswith(key, "X-"))
                return 0;
        if (foreign && foreign->refused)
                return refuse(reader, ERROR_NOT_SUPPORTED, str_format("%s= is not done: %s", key, foreign->reason));
        if (foreign)
                return warn(reader, str_format("%s= is ignored: %s", key, foreign->reason));
        if (elsewhere)
                return warn(reader, str_format("%s= is ignored: it belongs to [%s], not to [%s]", key,
                                               setting_section_name(elsewhere->section), reader->section));
        (void) setting_find(key, &none, &nearest);
        return warn(reader, str_format("%s= is ignored: %s", key, strempty(nearest.reason)));
}

static int assign_one(Reader *reader, const Setting *s, Spec *spec, const char *text, bool item) {
        _cleanup_error_ Error error = ERROR_NULL;
        int r = item ? setting_add(s, spec, text, &error) : setting_assign(s, spec, text, &error);

        if (r >= 0)
                return 0;
        return r == -ENOMEM ? error_oom(reader->error)
                            : refuse(reader, error.kind, str_format("%s=: %s", s->name, strempty(error.reason)));
}

static int assign(Reader *reader, const Setting *s, Spec *spec, const char *value) {
        _cleanup_strv_free_ char **words = NULL;
        int r;

        if (!s->type->words || !*value)
                return assign_one(reader, s, spec, value, /* item= */ false);

        r = words_split(value, &words);
        if (r == -EINVAL)
                return refuse(reader, ERROR_INVALID_VALUE, str_format("%s=: a quote in '%s' does not end", s->name, value));
        if (r < 0)
                return error_oom(reader->error);
        STRV_FOREACH(word, words) {
                r = assign_one(reader, s, spec, *word, /* item= */ true);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Whether the value, looked at by itself, is more than a file beside an image may say. */
static int is_unsafe(Reader *reader, const Setting *s, const char *value) {
        _cleanup_spec_ Spec *alone = NULL;
        int r;

        if (reader->file->trusted || !*value)
                return false;
        if (s->trust != TRUST_VALUE)
                return s->trust != TRUST_RUN;

        alone = spec_new();
        if (!alone)
                return error_oom(reader->error);
        r = assign(reader, s, alone, value);
        return r < 0 ? r : setting_reaches_host(s, alone);
}

static int read_value(Reader *reader, const Setting *s, const char *value) {
        _cleanup_free_ char *expanded = NULL;
        int r;

        if (reader->file->specifiers && strchr(value, '%')) {
                _cleanup_error_ Error error = ERROR_NULL;

                r = specifiers_expand(reader->file->specifiers, value, &expanded, &error);
                if (r < 0)
                        return refuse(reader, error.kind, str_format("%s=%s: %s", s->name, value, strempty(error.reason)));
                value = expanded;
        }

        r = is_unsafe(reader, s, value);
        if (r < 0)
                return r;
        if (r > 0)
                return warn(reader, str_format("%s= is ignored: a file beside an image is not trusted with it; "
                                               "the place for it is /etc/systemd/nspawn",
                                               s->name));
        return assign(reader, s, reader->spec, value);
}

static char *trim(char *s) {
        size_t n;

        s += strspn(s, BLANKS);
        for (n = strlen(s); n > 0 && strchr(BLANKS, s[n - 1]); n--)
                ;
        s[n] = '\0';
        return s;
}

/* A whole line, with those that continue it. */
static int read_line(Reader *reader, char *line) {
        const Setting *s;
        char *equals;

        line = trim(line);
        if (!*line)
                return 0;
        if (*line == '[')
                return read_section(reader, line);
        if (reader->in_section && !reader->section)
                return 0;

        equals = strchr(line, '=');
        if (!equals || equals == line)
                return refuse(reader, ERROR_INVALID_VALUE, str_format("'%s' is no assignment, NAME=VALUE", line));
        if (!reader->in_section)
                return refuse(reader, ERROR_INVALID_VALUE, str_format("'%s' stands in no section", line));

        *equals = '\0';
        line = trim(line);
        s = setting_by_name(line);
        if (!s || !streq(setting_section_name(s->section), reader->section))
                return pass_over(reader, line);
        return read_value(reader, s, trim(equals + 1));
}

static bool is_comment(const char *line) {
        line += strspn(line, BLANKS);
        return *line == '#' || *line == ';';
}

/* Takes the backslash away that says that the next line belongs to this one. */
static bool is_continued(char *line) {
        size_t n = strlen(line);

        if (n > 0 && line[n - 1] == '\r')
                n--;
        if (n == 0 || line[n - 1] != '\\')
                return false;
        line[n - 1] = '\0';
        return true;
}

/* As systemd.syntax(7) has it: a space for the break, and comments in between are no part of it. */
static int read_lines(Reader *reader, char *text) {
        _cleanup_free_ char *whole = NULL;
        unsigned number = 0;
        int r = 0;

        for (char *line = strsep(&text, "\n"); line && r >= 0; line = strsep(&text, "\n")) {
                char *longer;
                bool more;

                number++;
                if (is_comment(line))
                        continue;
                if (!whole)
                        reader->line = number;

                more = is_continued(line);
                longer = whole ? str_format("%s %s", whole, line) : strdup(line);
                free(whole);
                whole = longer;
                if (!whole)
                        return error_oom(reader->error);
                if (more && text)
                        continue;
                r = read_line(reader, whole);
                free(whole);
                whole = NULL;
        }
        return r < 0 || !whole ? r : read_line(reader, whole);
}

int spec_file_read(const SpecFile *file, const char *text, Spec *spec, char ***warnings, Error *error) {
        Reader reader = { .file = file, .spec = spec, .warnings = warnings, .error = error, .line = 1 };
        static const char byte_order_mark[] = "\xef\xbb\xbf";
        _cleanup_free_ char *copy = NULL;
        int r;

        if (startswith(text, byte_order_mark))
                text += strlen(byte_order_mark);
        if (!str_is_utf8(text))
                return refuse(&reader, ERROR_INVALID_VALUE, strdup("the file is no UTF-8 text"));

        copy = strdup(text);
        r = copy ? read_lines(&reader, copy) : error_oom(error);
        free(reader.section);
        return r;
}

/* Writing */

static int no_line(const Setting *s, Error *error) {
        return error_set(error, ERROR_INVALID_VALUE, EILSEQ, "writing the settings", s->name,
                         "a settings file can't hold its value, for it has line breaks, or blanks or a backslash at an end");
}

/* Whether the reader would find VALUE behind "NAME=" as it is. */
static bool fits_a_line(const char *value) {
        size_t n = strlen(value);

        return n > 0 && str_is_utf8(value) && !strchr(value, '\n') && !strchr(BLANKS, value[0]) &&
               !strchr(BLANKS "\\", value[n - 1]);
}

static int add_line(char **text, const Setting *s, const char *value, Error *error) {
        char *longer;

        if (!fits_a_line(value))
                return no_line(s, error);
        longer = str_format("%s%s=%s\n", *text, s->name, value);
        if (!longer)
                return error_oom(error);
        free(*text);
        *text = longer;
        return 0;
}

/* All words on one line. */
static int add_words(char **text, const Setting *s, char *const *items, Error *error) {
        _cleanup_strv_free_ char **words = NULL;
        _cleanup_free_ char *line = NULL;

        STRV_FOREACH(item, items)
                if (strv_consume(&words, words_quote(*item)) < 0)
                        return error_oom(error);
        line = strv_join(words, " ");
        return line ? add_line(text, s, line, error) : error_oom(error);
}

static int add_setting(char **text, const Setting *s, const Spec *spec, Error *error) {
        const void *field = setting_field_const(s, spec);
        _cleanup_strv_free_ char **items = NULL;
        _cleanup_free_ char *value = NULL;
        int r = s->type->list ? s->type->format_list(field, &items) : s->type->format(field, &value);

        if (r < 0)
                return error_set_errno(error, r, "writing the settings", s->name);
        if (value)
                return add_line(text, s, value, error);
        if (items && s->type->words)
                return add_words(text, s, items, error);
        STRV_FOREACH(item, items) {
                r = add_line(text, s, *item, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_section(char **text, SettingSection section, const Spec *spec, Error *error) {
        bool begun = false;

        FOREACH_SETTING(s) {
                int r;

                if (s->section != section || !setting_is_assigned(s, spec))
                        continue;
                if (!begun) {
                        char *longer = str_format("%s%s[%s]\n", *text, **text ? "\n" : "", setting_section_name(section));

                        if (!longer)
                                return error_oom(error);
                        free(*text);
                        *text = longer;
                        begun = true;
                }
                r = add_setting(text, s, spec, error);
                if (r < 0)
                        return r;
        }
        return 0;
}

int spec_file_write(const Spec *spec, char **ret, Error *error) {
        _cleanup_free_ char *text = strdup("");

        if (!text)
                return error_oom(error);
        for (SettingSection i = 0; i < _SECTION_MAX; i++) {
                int r = add_section(&text, i, spec, error);

                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(text);
        return 0;
}
