/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

static int set_raw(int fd, const struct termios *before) {
        struct termios raw = *before;

        cfmakeraw(&raw);
        return tcsetattr(fd, TCSADRAIN, &raw) < 0 ? negative_errno() : 0;
}

int terminal_make_raw(int fd, Terminal *ret) {
        Terminal t = { .fd = fd };
        int r;

        *ret = TERMINAL_NULL;
        if (tcgetattr(fd, &t.before) < 0)
                return errno == ENOTTY || errno == EINVAL ? 0 : negative_errno();

        r = set_raw(fd, &t.before);
        if (r >= 0)
                *ret = t;
        return r;
}

void terminal_renew(const Terminal *t) {
        if (t->fd >= 0)
                (void) set_raw(t->fd, &t->before);
}

void terminal_restore(Terminal *t) {
        /* Not TCSAFLUSH: what was typed ahead is the shell's. */
        if (t->fd >= 0)
                (void) tcsetattr(t->fd, TCSADRAIN, &t->before);
        *t = TERMINAL_NULL;
}

struct winsize terminal_size(void) {
        static const int fds[] = { STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO };

        for (size_t i = 0; i < ELEMENTSOF(fds); i++) {
                struct winsize size;

                if (ioctl(fds[i], TIOCGWINSZ, &size) >= 0 && size.ws_row > 0)
                        return size;
        }
        return (struct winsize){};
}
