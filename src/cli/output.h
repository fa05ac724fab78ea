/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What goes to standard output: tables, for people and as JSON, and text that comes from machines. */

#include <jansson.h>

#include "parse-util.h"
#include "setting.h"
#include "style.h"

typedef enum JsonMode {
        JSON_OFF,
        JSON_SHORT,      /* one line */
        JSON_PRETTY,
} JsonMode;

/* off, short, pretty: a JsonMode, for an option row. */
extern const SettingType type_json_mode;

typedef struct Column {
        const char *title;       /* for people */
        const char *key;         /* in JSON */
        Style (*style)(const char *text); /* of a cell, or NULL */
} Column;

/*
 * A table that is filled cell by cell, row after row, and then printed. Adding never fails by itself: what went
 * wrong is told by table_print().
 */
typedef struct Table {
        const Column *columns;
        size_t n_columns;
        char **cells;            /* escaped text */
        size_t n_cells;
        json_t *rows;            /* an array of objects */
        bool styled;             /* with colours */
        bool failed;             /* memory was short */
} Table;

#define STYLED_TABLE(c, s) (Table){ .columns = (c), .n_columns = ELEMENTSOF(c), .rows = json_array(), .styled = (s) }
#define TABLE(c) STYLED_TABLE(c, false)
void table_done(Table *t);
#define _cleanup_table_ _cleanup_(table_done)

/* The next cell: text for people, VALUE for JSON (taken over). */
void table_add(Table *t, const char *text, json_t *value);

/* A string; an empty one or NULL is "-" for people and null in JSON. */
void table_add_string(Table *t, const char *s);

/* A span of time, or how long ago something was (CLOCK_REALTIME), as one word: columns are counted by blanks. As JSON the number. */
void table_add_span(Table *t, uint64_t usec);
void table_add_age(Table *t, uint64_t then);

/* A number, of which 0 means: none. */
void table_add_number(Table *t, uint64_t n);

static inline size_t table_rows(const Table *t) {
        return t->n_cells / t->n_columns;
}

/* Prints it; titles only with LEGEND. 0 or -ENOMEM. */
int table_print(const Table *t, JsonMode mode, bool legend);

/* Prints text of several lines with what is unprintable in them escaped, and a newline at the end. 0 or -ENOMEM. */
int print_lines(const char *text);

/* "2h 3min": how long before NOW something was, in full seconds. BUFFER is also returned. */
#define FORMAT_AGE_MAX FORMAT_USEC_MAX
const char *format_age(uint64_t now, uint64_t then, char buffer[static FORMAT_AGE_MAX]);

/* How many columns of a terminal the first N bytes of S take, a character counted as one. */
int utf8_columns(const char *s, size_t n);
