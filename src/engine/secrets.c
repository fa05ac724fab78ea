/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "secrets.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd-util.h"
#include "file-util.h"
#include "strv.h"

/* systemd's own limit for one (CREDENTIAL_SIZE_MAX). */
enum { SECRET_MAX = 1024 * 1024 };

void secrets_done(Secrets *secrets) {
        for (size_t i = 0; i < secrets->n; i++) {
                if (secrets->items[i].data)
                        explicit_bzero(secrets->items[i].data, secrets->items[i].size);
                free(secrets->items[i].data);
                free(secrets->items[i].id);
        }
        free(secrets->items);
        *secrets = (Secrets){};
}

/* A later one of an id replaces the earlier. DATA is taken over, also on failure. */
static int add(Secrets *secrets, const char *id, size_t n, char *data, size_t size) {
        Secret *grown;

        for (size_t i = 0; i < secrets->n; i++)
                if (strlen(secrets->items[i].id) == n && strncmp(secrets->items[i].id, id, n) == 0) {
                        free(secrets->items[i].data);
                        secrets->items[i].data = data;
                        secrets->items[i].size = size;
                        return data ? 0 : -ENOMEM;
                }

        grown = data ? reallocarray(secrets->items, secrets->n + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                free(data);
                return -ENOMEM;
        }
        secrets->items = grown;
        grown[secrets->n] = (Secret){ .id = strndup(id, n), .data = data, .size = size };
        return grown[secrets->n++].id ? 0 : -ENOMEM;
}

static int load(Secrets *secrets, const char *text, Error *error) {
        static const char step[] = "reading the credential";
        size_t n = strcspn(text, ":"), size;
        char *data;
        int r = file_read_at(AT_FDCWD, text + n + 1, SECRET_MAX, &data, &size);

        if (r == -EFBIG)
                return error_set(error, ERROR_INVALID_VALUE, EFBIG, step, text + n + 1, "it is larger than 1M");
        if (r < 0)
                return error_set_errno(error, r, step, text + n + 1);
        return add(secrets, text, n, data, size) < 0 ? error_oom(error) : 0;
}

int secrets_read(const Spec *spec, Secrets *ret, Error *error) {
        _cleanup_(secrets_done) Secrets secrets = {};

        STRV_FOREACH(text, spec->load_credential) {
                int r = load(&secrets, *text, error);

                if (r < 0)
                        return r;
        }
        STRV_FOREACH(text, spec->set_credential) {
                size_t n = strcspn(*text, ":");

                if (add(&secrets, *text, n, strdup(*text + n + 1), strlen(*text + n + 1)) < 0)
                        return error_oom(error);
        }

        *ret = secrets;
        secrets = (Secrets){};
        return 0;
}

static int write_one(const Secret *secret, int dir, uint32_t owner) {
        _cleanup_close_ int fd = openat(dir, secret->id, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
        int r;

        if (fd < 0)
                return negative_errno();
        r = fd_write_all(fd, secret->data, secret->size);
        return r >= 0 && fchown(fd, owner, owner) < 0 ? negative_errno() : r;
}

int secrets_write(const Secrets *secrets, int dir, uint32_t owner, Error *error) {
        for (size_t i = 0; i < secrets->n; i++) {
                int r = write_one(&secrets->items[i], dir, owner);

                if (r < 0)
                        return error_set_errno(error, r, "writing the credential", secrets->items[i].id);
        }
        return 0;
}
