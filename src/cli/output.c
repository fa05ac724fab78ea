/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "output.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "parse-util.h"
#include "string-util.h"
#include "strv.h"

static const char *const json_mode_names[] = { [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty" };

static int parse_json_mode(void *field, const char *text) {
        for (size_t i = 0; i < ELEMENTSOF(json_mode_names); i++)
                if (streq(text, json_mode_names[i])) {
                        *(JsonMode *) field = (JsonMode) i;
                        return 0;
                }
        return -EINVAL;
}

static int format_json_mode(const void *field, char **ret) {
        *ret = strdup(json_mode_names[*(const JsonMode *) field]);
        return *ret ? 0 : -ENOMEM;
}

static void clear_json_mode(void *field) {
        *(JsonMode *) field = JSON_OFF;
}

const SettingType type_json_mode = {
        .name = "json", .metavar = "MODE", .signature = "s",
        .allowed = "short, pretty or off",
        .parse = parse_json_mode, .format = format_json_mode, .clear = clear_json_mode,
};

int utf8_columns(const char *s, size_t n) {
        int columns = 0;

        /* Bytes 10xxxxxx continue a character. */
        for (size_t i = 0; i < n; i++)
                columns += (s[i] & 0xc0) != 0x80;
        return columns;
}

const char *format_age(uint64_t now, uint64_t then, char buffer[static FORMAT_AGE_MAX]) {
        uint64_t age = now > then ? now - then : 0;

        return age < USEC_PER_SEC ? strcpy(buffer, "0s") : format_usec(age - age % USEC_PER_SEC, buffer);
}

void table_done(Table *t) {
        t->cells = strv_free(t->cells);
        json_decref(t->rows);
        t->rows = NULL;
}

static json_t *current_row(Table *t) {
        json_t *row;

        if (t->n_cells % t->n_columns > 0)
                return json_array_get(t->rows, json_array_size(t->rows) - 1);

        row = json_object();
        return row && json_array_append_new(t->rows, row) >= 0 ? row : NULL;
}

void table_add(Table *t, const char *text, json_t *value) {
        json_t *row = current_row(t);
        const Column *column = t->columns + t->n_cells % t->n_columns;

        if (json_object_set_new(row, column->key, value) < 0 || strv_consume(&t->cells, str_escape(text)) < 0)
                t->failed = true;
        t->n_cells++;
}

void table_add_string(Table *t, const char *s) {
        table_add(t, isempty(s) ? "-" : s, isempty(s) ? json_null() : json_string(s));
}

/* systemd.time(7) reads it without blanks as well. */
static const char *join_words(char *text) {
        char *to = text;

        for (const char *from = text; *from; from++)
                if (*from != ' ')
                        *to++ = *from;
        *to = '\0';
        return text;
}

void table_add_span(Table *t, uint64_t usec) {
        char span[FORMAT_USEC_MAX];

        (void) format_usec(usec, span);
        table_add(t, join_words(span), json_integer((json_int_t) usec));
}

void table_add_age(Table *t, uint64_t then) {
        char age[FORMAT_AGE_MAX];

        (void) format_age(clock_usec(CLOCK_REALTIME), then, age);
        table_add(t, join_words(age), json_integer((json_int_t) then));
}

void table_add_number(Table *t, uint64_t n) {
        char text[3 * sizeof(n)];

        (void) snprintf(text, sizeof(text), "%" PRIu64, n);
        table_add(t, n ? text : "-", n ? json_integer((json_int_t) n) : json_null());
}

static int column_width(const Table *t, size_t column, bool legend) {
        int width = legend ? (int) strlen(t->columns[column].title) : 0;

        for (size_t i = column; i < t->n_cells; i += t->n_columns) {
                int columns = utf8_columns(t->cells[i], strlen(t->cells[i]));

                width = columns > width ? columns : width;
        }
        return width;
}

static void print_cell(const char *text, int width, bool last, Style style, bool styled) {
        int gap = width - utf8_columns(text, strlen(text));

        printf("%s%s%s", style_begin(styled, style), text, style_end(styled, style));
        if (last)
                putchar('\n');
        else
                printf("%*s  ", gap, "");
}

static int print_json(json_t *value, JsonMode mode) {
        _cleanup_free_ char *text = json_dumps(value, mode == JSON_PRETTY ? JSON_INDENT(2) : JSON_COMPACT);

        if (!text)
                return -ENOMEM;
        puts(text);
        return 0;
}

int table_print(const Table *t, JsonMode mode, bool legend) {
        _cleanup_free_ int *widths = calloc(t->n_columns, sizeof(int));

        if (t->failed || !t->rows || !widths)
                return -ENOMEM;
        if (mode != JSON_OFF)
                return print_json(t->rows, mode);

        for (size_t i = 0; i < t->n_columns; i++)
                widths[i] = column_width(t, i, legend);
        if (legend)
                for (size_t i = 0; i < t->n_columns; i++)
                        print_cell(t->columns[i].title, widths[i], i + 1 == t->n_columns, STYLE_TITLE, t->styled);
        for (size_t i = 0; i < t->n_cells; i++) {
                const Column *column = t->columns + i % t->n_columns;

                print_cell(t->cells[i], widths[i % t->n_columns], (i + 1) % t->n_columns == 0,
                           column->style ? column->style(t->cells[i]) : STYLE_NONE, t->styled);
        }
        return 0;
}

int print_lines(const char *text) {
        for (;;) {
                size_t n = strcspn(text, "\n");
                _cleanup_free_ char *line = strndup(text, n), *escaped = line ? str_escape(line) : NULL;

                if (!escaped)
                        return -ENOMEM;
                puts(escaped);
                if (!text[n] || !text[n + 1])
                        return 0;
                text += n + 1;
        }
}
