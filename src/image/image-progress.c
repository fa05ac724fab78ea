/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image-progress.h"

#include <jansson.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#define INTERVAL_USEC (100 * USEC_PER_MSEC)

static uint64_t now_usec(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t) ts.tv_sec * USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

/* The last message must have room left: whoever did not read until then will know the end from it. */
enum { QUEUED_MAX = 16 * 1024 };

static bool has_room(int socket) {
        int queued;

        return ioctl(socket, SIOCOUTQ, &queued) >= 0 && queued < QUEUED_MAX;
}

/* OBJECT is taken over. */
static void tell(const Progress *progress, json_t *object) {
        _cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

        if (text)
                (void) send(progress->socket, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
        json_decref(object);
}

static json_t *state(const Progress *progress) {
        return json_pack("{s:I, s:I, s:s}", "done", (json_int_t) progress->done, "total", (json_int_t) progress->total, "unit",
                         progress->unit ? progress->unit : "files");
}

void progress_add(Progress *progress, uint64_t n) {
        uint64_t now;

        if (!progress)
                return;
        progress->done += n;
        if (progress->socket < 0)
                return;
        now = now_usec();
        if (now - progress->told_usec < INTERVAL_USEC)
                return;
        progress->told_usec = now;
        if (has_room(progress->socket))
                tell(progress, state(progress));
}

void progress_end(Progress *progress, int r, const uint64_t *usage, const Error *error) {
        _cleanup_free_ char *text = NULL;
        json_t *object;

        if (progress->socket < 0)
                return;
        object = state(progress);
        if (r < 0) {
                text = error_is_set(error) ? error_render(error) : NULL;
                (void) json_object_set_new(object, "error",
                                           json_string(error_kind_to_dbus(error_is_set(error) ? error->kind : ERROR_FAILED)));
                (void) json_object_set_new(object, "message", json_string(text ? text : errno_text(r)));
        } else {
                (void) json_object_set_new(object, "result", json_string("done"));
                if (usage)
                        (void) json_object_set_new(object, "usage", json_integer((json_int_t) *usage));
        }
        tell(progress, object);
}
