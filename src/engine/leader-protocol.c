/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "leader-protocol.h"

#include "fd-pass.h"
#include "fd-util.h"

enum { TEXT_MAX = 4096 };

/* On the wire; both ends are the same program. The text is step, object and reason, each with its NUL. */
typedef struct Frame {
        uint32_t type;
        uint32_t kind;
        int32_t errnum;
        char text[TEXT_MAX];
} Frame;

static const char *message_name(uint32_t type) {
        static const char *const names[] = {
                [LEADER_ENTER] = "enter",       [LEADER_INSIDE] = "inside", [LEADER_EXEC] = "exec",
                [LEADER_TERMINAL] = "terminal", [LEADER_FAILED] = "failed",
        };
        static_assert(ELEMENTSOF(names) == _LEADER_MESSAGE_MAX, "each message has a name");

        return type < ELEMENTSOF(names) ? names[type] : "unknown";
}

int leader_send(int socket, LeaderMessage type, const int *fds, size_t n) {
        Frame frame = { .type = type };

        return fd_pass_send(socket, &frame, offsetof(Frame, text), fds, n);
}

/* Copies S with its NUL behind the text; what does not fit is cut. */
static size_t put_text(char *text, size_t used, const char *s) {
        size_t n = strnlen(strempty(s), TEXT_MAX / 3 - 1);

        memcpy(text + used, strempty(s), n);
        text[used + n] = '\0';
        return used + n + 1;
}

void leader_send_failed(int socket, const Error *error) {
        Frame frame = { .type = LEADER_FAILED, .kind = error->kind, .errnum = error->errnum };
        size_t n = put_text(frame.text, 0, error->step);

        n = put_text(frame.text, n, error->object);
        n = put_text(frame.text, n, error->reason);

        /* Where the supervisor is gone nobody is left to tell. */
        (void) fd_pass_send(socket, &frame, offsetof(Frame, text) + n, NULL, 0);
}

static int take_failure(const Frame *frame, size_t size, Error *error) {
        const char *parts[3] = { "", "", "" }, *p = frame->text, *end = (const char *) frame + size;

        for (size_t i = 0; i < ELEMENTSOF(parts) && p < end; i++) {
                parts[i] = p;
                p += strnlen(p, (size_t) (end - p)) + 1;
        }
        return error_set(error, frame->kind < _ERROR_KIND_MAX ? frame->kind : ERROR_FAILED, frame->errnum, parts[0],
                         isempty(parts[1]) ? NULL : parts[1], isempty(parts[2]) ? NULL : "%s", parts[2]);
}

int leader_expect(int socket, LeaderMessage type, int *fds, size_t n, Error *error) {
        Frame frame;
        int received[FD_PASS_MAX];
        size_t count = 0;
        ssize_t size = fd_pass_receive(socket, &frame, sizeof(frame) - 1, received, &count);

        ((char *) &frame)[size > 0 ? size : 0] = '\0';

        if (size < 0)
                return error_set_errno(error, (int) size, "talking between supervisor and leader", NULL);
        if (size == 0)
                return error_set(error, ERROR_START_FAILED, EPIPE, "waiting for the message", message_name(type),
                                 "the other process is gone");

        if (size >= (ssize_t) offsetof(Frame, text) && frame.type == type && count == n) {
                if (n > 0)
                        memcpy(fds, received, n * sizeof(int));
                return 0;
        }

        fd_close_many(received, count);
        if (frame.type == LEADER_FAILED)
                return take_failure(&frame, (size_t) size, error);
        return error_set(error, ERROR_START_FAILED, EPROTO, "waiting for the message", message_name(type), "'%s' came instead",
                         message_name(frame.type));
}

int leader_read_joining(int socket, int *ret_terminal, Error *error) {
        Frame frame;
        int fds[FD_PASS_MAX];
        size_t n = 0;
        ssize_t size = fd_pass_receive(socket, &frame, sizeof(frame) - 1, fds, &n);

        if (size == 0)
                return 0;
        if (size < 0)
                return size == -ECONNRESET ? 0
                                           : error_set_errno(error, (int) size, "talking between supervisor and leader", NULL);

        ((char *) &frame)[size] = '\0';
        if (frame.type == LEADER_TERMINAL && n == 1 && ret_terminal) {
                *ret_terminal = fds[0];
                return 1;
        }
        fd_close_many(fds, n);
        return take_failure(&frame, (size_t) size, error);
}

int leader_read_outcome(int socket, Error *error) {
        return leader_read_joining(socket, NULL, error);
}
