/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The dictionary of settings that comes over the bus. sd-bus has checked the form of a message before we see it, so
 * the input is no message but what to build one of: for each entry a key, a type and a value.
 */

#include <systemd/sd-bus.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "setting.h"
#include "spec-bus.h"
#include "string-util.h"

typedef struct Input {
        const uint8_t *data;
        size_t size;
} Input;

static unsigned take_byte(Input *input) {
        if (input->size == 0)
                return 0;
        input->size--;
        return *input->data++;
}

/* Some text behind its length; what D-Bus could not carry becomes something that it can. */
static char *take_text(Input *input) {
        size_t n = take_byte(input);
        char *text;

        if (n > input->size)
                n = input->size;
        text = fuzz_string(input->data, n);
        input->data += n;
        input->size -= n;
        for (char *p = text; !str_is_utf8(text) && *p; p++)
                *p &= 0x7f;
        return text;
}

static void append_pairs(sd_bus_message *m, Input *input) {
        fuzz_assert(sd_bus_message_open_container(m, 'v', "a(ss)") >= 0);
        fuzz_assert(sd_bus_message_open_container(m, 'a', "(ss)") >= 0);
        for (unsigned n = take_byte(input) % 4; n > 0; n--) {
                _cleanup_free_ char *a = take_text(input), *b = take_text(input);

                fuzz_assert(sd_bus_message_append(m, "(ss)", a, b) >= 0);
        }
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
}

static void append_texts(sd_bus_message *m, Input *input) {
        fuzz_assert(sd_bus_message_open_container(m, 'v', "as") >= 0);
        fuzz_assert(sd_bus_message_open_container(m, 'a', "s") >= 0);
        for (unsigned n = take_byte(input) % 8; n > 0; n--) {
                _cleanup_free_ char *text = take_text(input);

                fuzz_assert(sd_bus_message_append_basic(m, 's', text) >= 0);
        }
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
}

static void append_value(sd_bus_message *m, Input *input) {
        unsigned kind = take_byte(input) % 9, number;
        _cleanup_free_ char *text = NULL;
        int r = 0;

        switch (kind) {
        case 0:
                append_texts(m, input);
                return;
        case 1:
                append_pairs(m, input);
                return;
        default:
                break;
        }

        number = take_byte(input) << 24 | take_byte(input) << 16 | take_byte(input);
        switch (kind) {
        case 2:
                r = sd_bus_message_append(m, "v", "b", (int) number & 1);
                break;
        case 3:
                r = sd_bus_message_append(m, "v", "u", (uint32_t) number);
                break;
        case 4:
                r = sd_bus_message_append(m, "v", "t", (uint64_t) number << 24);
                break;
        case 5:
                r = sd_bus_message_append(m, "v", "i", (int32_t) number);
                break;
        case 6:
                r = sd_bus_message_append(m, "v", "v", "ay", 2, number & 255, 0);
                break;
        default:
                text = take_text(input);
                r = sd_bus_message_append(m, "v", "s", text);
                break;
        }
        fuzz_assert(r >= 0);
}

/* Mostly names that there are: the others are all refused alike. */
static void append_entry(sd_bus_message *m, Input *input) {
        unsigned which = take_byte(input);
        _cleanup_free_ char *unknown = which == 0 ? take_text(input) : NULL;

        fuzz_assert(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        fuzz_assert(sd_bus_message_append_basic(m, 's', unknown ? unknown : settings[which % settings_count].name) >= 0);
        append_value(m, input);
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
}

static sd_bus_message *build(sd_bus *bus, Input *input) {
        sd_bus_message *m;

        fuzz_assert(sd_bus_message_new_signal(bus, &m, "/", "org.berth1.Test", "Settings") >= 0);
        fuzz_assert(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        while (input->size > 0)
                append_entry(m, input);
        fuzz_assert(sd_bus_message_close_container(m) >= 0);
        fuzz_assert(sd_bus_message_seal(m, 1, 0) >= 0);
        return m;
}

/* A bus that messages can belong to; nothing is ever sent over it. */
static sd_bus *some_bus(void) {
        static sd_bus *bus;
        int pair[2];

        if (bus)
                return bus;
        fuzz_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) >= 0);
        fuzz_assert(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, pair[0], pair[0]) >= 0 && sd_bus_start(bus) >= 0);
        return bus;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = build(some_bus(), &(Input){ data, size });
        _cleanup_spec_ Spec *spec = spec_new(), *copy = NULL;
        _cleanup_error_ Error error = ERROR_NULL;

        fuzz_assert(spec);
        if (spec_read_bus(spec, m, NULL, NULL, &error) < 0) {
                fuzz_assert(error_is_set(&error));
                return 0;
        }
        /* Who may use it can be asked of everything that was taken, and everything can be said again. */
        (void) spec_first_host_setting(spec);
        copy = spec_copy(spec);
        fuzz_assert(copy);
        return 0;
}
