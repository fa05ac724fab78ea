/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detach-keys.h"

#include <stdio.h>

#include "string-util.h"

static const char control[] = "ctrl-";

/* What a terminal makes of the control key: the five low bits (ascii(7)). */
static int parse_key(const char *word, size_t n, char *ret) {
        if (n == 1 && *word > ' ' && *word < 0x7f) {
                *ret = *word;
                return 0;
        }
        if (n != strlen(control) + 1 || strncmp(word, control, strlen(control)) != 0)
                return -EINVAL;
        word += strlen(control);
        if ((*word < 'a' || *word > 'z') && (*word < '@' || *word > '_'))
                return -EINVAL;
        *ret = *word & 0x1f;
        return 0;
}

static int parse(void *field, const char *text) {
        DetachKeys keys = {}, *ret = field;

        for (const char *word = text;;) {
                const char *end = strchrnul(word, ',');

                if (keys.n == DETACH_KEYS_MAX || parse_key(word, (size_t) (end - word), &keys.keys[keys.n]) < 0)
                        return -EINVAL;
                keys.n++;
                if (!*end)
                        break;
                word = end + 1;
        }
        *ret = keys;
        return 0;
}

static int format(const void *field, char **ret) {
        _cleanup_free_ char *text = NULL;
        const DetachKeys *keys = field;

        for (size_t i = 0; i < keys->n; i++) {
                bool is_control = (unsigned char) keys->keys[i] < ' ';
                char c = (char) (is_control ? keys->keys[i] | '@' : keys->keys[i]), *longer;

                if (is_control && c >= 'A' && c <= 'Z')
                        c = (char) (c | ' ');
                longer = str_format("%s%s%s%c", strempty(text), i > 0 ? "," : "", is_control ? control : "", c);
                if (!longer)
                        return -ENOMEM;
                free(text);
                text = longer;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

static void clear(void *field) {
        *(DetachKeys *) field = (DetachKeys){};
}

const SettingType type_detach_keys = {
        .name = "detach-keys", .metavar = "KEYS", .signature = "s",
        .allowed = "keys with commas between them, each a character, or ctrl- with a letter or one of @[\\]^_",
        .parse = parse, .format = format, .clear = clear,
};

int detach_keys_default(DetachKeys *keys, Error *error) {
        static const char variable[] = "BERTH_DETACH_KEYS";
        const char *text = getenv(variable);

        if (keys->n > 0 || isempty(text) || parse(keys, text) >= 0)
                return 0;
        return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the environment", variable, "'%s' is not %s", text,
                         type_detach_keys.allowed);
}

/* Those that were typed, C the last, are the first N of them. */
static bool begins_with(const DetachMatch *match, size_t skip, char c) {
        size_t n = match->matched - skip;

        return memcmp(match->keys->keys, match->keys->keys + skip, n) == 0 && match->keys->keys[n] == c;
}

/* How many of those that are held are none of ours, now that C came behind them: MATCHED where C itself may begin them, else one more. */
static size_t count_given_up(const DetachMatch *match, char c) {
        size_t skip = 0;

        while (skip <= match->matched && !begins_with(match, skip, c))
                skip++;
        return skip;
}

bool detach_match(DetachMatch *match, char *bytes, size_t *size) {
        size_t n = *size, out = 0, held = match->matched;

        if (!match->keys || match->keys->n == 0)
                return false;
        /* What is held and given back comes before it, and never reaches what was not looked at yet. */
        memmove(bytes + held, bytes, n);
        for (size_t i = held; i < held + n; i++) {
                size_t skip = count_given_up(match, bytes[i]);
                char c = bytes[i];

                if (skip > match->matched) {
                        detach_match_release(match, bytes + out, &skip);
                        out += skip;
                        bytes[out++] = c;
                        continue;
                }
                memcpy(bytes + out, match->keys->keys, skip);
                out += skip;
                match->matched += 1 - skip;
                if (match->matched == match->keys->n) {
                        *size = out;
                        return true;
                }
        }
        *size = out;
        return false;
}

void detach_match_release(DetachMatch *match, char *bytes, size_t *size) {
        *size = match->matched;
        if (match->matched > 0)
                memcpy(bytes, match->keys->keys, match->matched);
        match->matched = 0;
}
