/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* berth cp: files into a machine that runs, and out of it. */

#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "exec-call.h"
#include "fd-util.h"
#include "path-util.h"
#include "progress.h"
#include "session.h"
#include "string-util.h"
#include "tar.h"
#include "verbs.h"

static const char step[] = "copying";

typedef struct CopyOptions {
        bool archive;
} CopyOptions;

static const Option copy_options[] = {
        { "archive|a", &type_boolean, offsetof(CopyOptions, archive), "Keep owners, by their numbers in the machine" },
        {},
};

/* NAME:PATH, as what stands before the first slash says. */
static int split_operand(const char *operand, char **ret_name, const char **ret_path, Error *error) {
        size_t n = strcspn(operand, "/:");

        *ret_name = NULL;
        *ret_path = operand;
        if (operand[n] != ':' || n == 0)
                return 0;
        *ret_name = strndup(operand, n);
        if (!*ret_name)
                return error_oom(error);
        *ret_path = operand + n + 1;
        if (!**ret_path)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments", operand,
                                 "there is no path behind the name");
        return 1;
}

/* One end of the stream is ours, the other that of the process in the machine. */
typedef struct Copy {
        const char *name;
        const char *inside;      /* the path in the machine */
        const char *outside;     /* here; "-" is our own standard stream */
        bool archive;
} Copy;

static int call(const Copy *c, ExecFlags direction, int input, int output, Session *ret, Error *error) {
        char *const command[] = { (char *) c->inside, NULL };
        _cleanup_spec_ Spec *spec = spec_new();
        bool keep = c->archive || streq(c->outside, "-");
        int fd, r;

        if (!spec)
                return error_oom(error);
        r = exec_call(c->name, command, spec, direction | (keep ? EXEC_KEEP_OWNER : 0),
                      (const int[]){ input, output, STDERR_FILENO }, &fd, error);
        if (r < 0)
                return r;
        r = session_open(fd, c->name, ret, error);
        return r < 0 ? r : session_watch(ret, error);
}

static int finish(Session *session, Error *error) {
        int r = session_wait(session, USEC_INFINITY, error);

        if (r < 0)
                return r;
        if (session->result == RESULT_EXITED)
                return session->status;
        return error_set(error, ERROR_FAILED, EIO, step, session->machine, "the process in the machine was killed");
}

/* What SOURCE is, under its own name; "DIR/." is what is in it. */
static int send_tree(const char *source, int fd, Error *error) {
        _cleanup_free_ char *trimmed = strdup(source);
        const char *base;
        int r;

        if (!trimmed)
                return error_oom(error);
        for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--)
                trimmed[n - 1] = '\0';
        base = path_basename(trimmed);
        r = tar_write(fd, AT_FDCWD, trimmed, !*base || streq(base, "..") ? "." : base, error);
        return r < 0 ? r : tar_write_end(fd, error);
}

/* What the files of a tree hold, for a bar on a terminal; 0 where nobody sees it. */
static uint64_t size_here(const char *path) {
        char *const paths[] = { (char *) path, NULL };
        FTS *walk = isatty(STDERR_FILENO) ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
        uint64_t size = 0;
        FTSENT *entry;

        while (walk && (entry = fts_read(walk)))
                /* A header for each, in blocks of 512 bytes. */
                size += 512 + (entry->fts_info == FTS_F ? ((uint64_t) entry->fts_statp->st_size + 511) / 512 * 512 : 0);
        if (walk)
                (void) fts_close(walk);
        return size;
}

static int copy_in(const Copy *c, Error *error) {
        _cleanup_session_ Session session = SESSION_NULL;
        _cleanup_close_ int theirs = -EBADF, ours = -EBADF, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        bool is_stream = streq(c->outside, "-");
        int pair[2], r, status;
        pid_t pump = 0;

        if (null < 0 || pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), step, "a pipe");
        theirs = pair[0];
        ours = pair[1];
        if (!is_stream && access(c->outside, R_OK) < 0)
                return error_set_errno(error, negative_errno(), step, c->outside);

        r = call(c, EXEC_COPY_IN, is_stream ? STDIN_FILENO : theirs, null, &session, error);
        theirs = fd_close(theirs);
        if (r >= 0 && !is_stream)
                r = progress_insert(&ours, /* writes= */ true, "Copying", size_here(c->outside), &pump, error);
        if (r >= 0 && !is_stream)
                r = send_tree(c->outside, ours, error);
        ours = fd_close(ours);
        progress_join(pump);
        if (r == -EPIPE) {
                /* The other side says why. */
                error_done(error);
                *error = ERROR_NULL;
                r = 0;
        }
        status = r < 0 ? r : finish(&session, error);
        return status;
}

/* As cp(1): into a directory that is there, or under a new name. */
static int receive_tree(const char *place, int fd, bool archive, Error *error) {
        _cleanup_close_ int dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *parent = NULL;
        const char *name = NULL;

        if (dir < 0) {
                name = path_basename(place);
                parent = name == place ? strdup(".") : strndup(place, (size_t) (name - place));
                if (!parent)
                        return error_oom(error);
                dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (dir < 0 || !*name)
                        return error_set_errno(error, dir < 0 ? negative_errno() : -ENOENT, step, place);
        }
        return tar_extract(fd, dir, name, archive ? TAR_KEEP_OWNER : 0, error);
}

static int copy_out(const Copy *c, Error *error) {
        _cleanup_session_ Session session = SESSION_NULL;
        _cleanup_close_ int theirs = -EBADF, ours = -EBADF, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        bool is_stream = streq(c->outside, "-");
        int pair[2], r, status;
        pid_t pump = 0;

        if (null < 0 || pipe2(pair, O_CLOEXEC) < 0)
                return error_set_errno(error, negative_errno(), step, "a pipe");
        ours = pair[0];
        theirs = pair[1];

        r = call(c, EXEC_COPY_OUT, null, is_stream ? STDOUT_FILENO : theirs, &session, error);
        theirs = fd_close(theirs);
        /* How much it is only the machine knows. */
        if (r >= 0 && !is_stream)
                r = progress_insert(&ours, /* writes= */ false, "Copying", 0, &pump, error);
        if (r >= 0 && !is_stream)
                r = receive_tree(c->outside, ours, c->archive, error);
        ours = fd_close(ours);
        progress_join(pump);
        if (r < 0)
                return r;
        status = finish(&session, error);
        return status;
}

static int copy_verb(const Call *made, Error *error) {
        const CopyOptions *options = made->options;
        _cleanup_free_ char *from_name = NULL, *to_name = NULL;
        const char *from, *to;
        int r = split_operand(made->operands[0], &from_name, &from, error);

        if (r >= 0)
                r = split_operand(made->operands[1], &to_name, &to, error);
        if (r < 0)
                return r;
        if (!from_name == !to_name)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the arguments", NULL,
                                 "one of both is in a machine, NAME:PATH, and the other is here");
        (void) signal(SIGPIPE, SIG_IGN);
        if (to_name)
                return copy_in(&(Copy){ to_name, to, from, options->archive }, error);
        return copy_out(&(Copy){ from_name, from, to, options->archive }, error);
}

const Verb verb_copy = {
        .names = "cp|copy",
        .operands = "SOURCE DESTINATION",
        .least = 2,
        .most = 2,
        .options = copy_options,
        .size = sizeof(CopyOptions),
        .help = "Copy files into a machine that runs, or out of it",
        .details =
                "One of both is NAME:PATH, in the machine, the other is here, or - for a tar stream on standard input or output. A "
                "directory is copied with all in it; with /. behind it, what is in it. Where the destination is a directory, it gets "
                "what is copied, otherwise that is its new name. Names are resolved in the machine, and symbolic links are copied as "
                "such. The files are root's there and the caller's here; with --archive, and in a stream, they keep the numbers that "
                "their owners have in the machine.",
        .run = copy_verb,
};

/* The same as machinectl(1) spells it: the path on the other side is the same one unless it is given. */

static int copy_to_verb(const Call *call, Error *error) {
        const CopyOptions *options = call->options;
        char *const *o = call->operands;

        (void) signal(SIGPIPE, SIG_IGN);
        return copy_in(&(Copy){ o[0], o[2] ? o[2] : o[1], o[1], options->archive }, error);
}

static int copy_from_verb(const Call *call, Error *error) {
        const CopyOptions *options = call->options;
        char *const *o = call->operands;

        (void) signal(SIGPIPE, SIG_IGN);
        return copy_out(&(Copy){ o[0], o[1], o[2] ? o[2] : o[1], options->archive }, error);
}

const Verb verb_copy_to = {
        .names = "copy-to",
        .operands = "NAME PATH [PATH-IN-MACHINE]",
        .least = 2,
        .most = 3,
        .options = copy_options,
        .size = sizeof(CopyOptions),
        .help = "Copy files into a machine that runs, as machinectl spells it",
        .details = "As berth cp PATH NAME:PATH-IN-MACHINE, which is the same path where it is not given.",
        .run = copy_to_verb,
};

const Verb verb_copy_from = {
        .names = "copy-from",
        .operands = "NAME PATH-IN-MACHINE [PATH]",
        .least = 2,
        .most = 3,
        .options = copy_options,
        .size = sizeof(CopyOptions),
        .help = "Copy files out of a machine that runs, as machinectl spells it",
        .details = "As berth cp NAME:PATH-IN-MACHINE PATH, which is the same path where it is not given.",
        .run = copy_from_verb,
};
