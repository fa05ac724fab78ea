/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "state.h"

#include <fcntl.h>
#include <jansson.h>

#include "file-util.h"
#include "string-util.h"

static const char *const state_names[] = {
        [MACHINE_CREATED] = "created",   [MACHINE_STARTING] = "starting", [MACHINE_RUNNING] = "running",
        [MACHINE_STOPPING] = "stopping", [MACHINE_PAUSED] = "paused",     [MACHINE_EXITED] = "exited",
        [MACHINE_FAILED] = "failed",
};
static_assert(ELEMENTSOF(state_names) == _MACHINE_STATE_MAX, "each state has a name");

static const char *const result_names[] = {
        [RESULT_NONE] = "none",         [RESULT_EXITED] = "exited", [RESULT_SIGNAL] = "signal",
        [RESULT_OOM_KILL] = "oom-kill", [RESULT_FAILED] = "failed",
};
static_assert(ELEMENTSOF(result_names) == _MACHINE_RESULT_MAX, "each result has a name");

static const char *const health_names[] = {
        [HEALTH_UNKNOWN] = "",
        [HEALTH_STARTING] = "starting",
        [HEALTH_HEALTHY] = "healthy",
        [HEALTH_UNHEALTHY] = "unhealthy",
};
static_assert(ELEMENTSOF(health_names) == _HEALTH_STATE_MAX, "each state of health has a name");

static int name_index(const char *const *names, size_t n, const char *s) {
        for (size_t i = 0; s && i < n; i++)
                if (streq(names[i], s))
                        return (int) i;
        return -EINVAL;
}

const char *machine_state_to_string(MachineState state) {
        assert(state >= 0 && state < _MACHINE_STATE_MAX);
        return state_names[state];
}

MachineState machine_state_from_string(const char *s) {
        return name_index(state_names, ELEMENTSOF(state_names), s);
}

const char *machine_result_to_string(MachineResult result) {
        assert(result >= 0 && result < _MACHINE_RESULT_MAX);
        return result_names[result];
}

MachineResult machine_result_from_string(const char *s) {
        return name_index(result_names, ELEMENTSOF(result_names), s);
}

const char *health_state_to_string(HealthState state) {
        assert(state >= 0 && state < _HEALTH_STATE_MAX);
        return health_names[state];
}

HealthState health_state_from_string(const char *s) {
        return name_index(health_names, ELEMENTSOF(health_names), s);
}

void state_done(State *state) {
        free(state->name);
        free(state->unit);
        free(state->root);
        free(state->reason);
        free(state->oom_victim);
        free(state->log);
        free(state->status_text);
        free(state->health_output);
        free(state->survivors);
        *state = STATE_NULL;
}

static json_t *process_to_json(const ProcessId *p) {
        return json_pack("{s:i, s:I, s:I}", "pid", p->pid, "inode", (json_int_t) p->inode, "start_time",
                         (json_int_t) p->start_time);
}

int state_to_json(const State *state, char **ret) {
        json_auto_t *object = json_pack(
                "{s:s, s:s, s:s*, s:s*, s:I, s:I, s:o, s:o, s:I, s:I, s:s, s:i, s:s*, s:s*, s:I, s:s*, s:I, s:I, s:I, s:I, s:I, "
                "s:s*, s:s, s:I, s:s*, s:s*, s:b, s:b, s:I}",
                "name", state->name, "state", machine_state_to_string(state->state), "unit", state->unit, "root", state->root,
                "uid_base", (json_int_t) state->uid_base, "uid_count", (json_int_t) state->uid_count, "supervisor",
                process_to_json(&state->supervisor), "leader", process_to_json(&state->leader), "started_usec",
                (json_int_t) state->started_usec, "finished_usec", (json_int_t) state->finished_usec, "result",
                machine_result_to_string(state->result), "status", state->status, "reason", state->reason, "log", state->log,
                "oom_kills", (json_int_t) state->oom_kills, "oom_victim", state->oom_victim, "memory_peak",
                (json_int_t) state->memory_peak, "memory_limit", (json_int_t) state->memory_limit, "cpu_usec",
                (json_int_t) state->cpu_usec, "restarts", (json_int_t) state->restarts, "restart_usec",
                (json_int_t) state->restart_usec, "status_text", state->status_text, "health",
                health_state_to_string(state->health), "health_failures", (json_int_t) state->health_failures, "health_output",
                state->health_output, "survivors", state->survivors, "stopped", state->stopped, "keep_unit", state->keep_unit,
                "owner", (json_int_t) state->owner);

        if (!object)
                return -ENOMEM;
        *ret = json_dumps(object, JSON_COMPACT);
        return *ret ? 0 : -ENOMEM;
}

/* The fields as jansson unpacks them, before they are checked. */
typedef struct Raw {
        const char *name, *state, *unit, *root, *result, *reason, *log, *oom_victim, *status_text, *health, *health_output,
                *survivors;
        json_int_t restarts, restart_usec, health_failures, oom_kills, memory_peak, memory_limit, cpu_usec, uid_base, uid_count,
                owner, started, finished;
        json_int_t pid[2], inode[2], start_time[2];
        int status, stopped, keep_unit;
} Raw;

static int unpack(json_t *object, Raw *raw, json_error_t *where) {
        return json_unpack_ex(
                object, where, 0,
                "{s:s, s:s, s?s, s?s, s:I, s:I, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}, "
                "s:I, s:I, s:s, s:i, s?s, s?s, s?I, s?s, s?I, s?I, s?I, s?I, s?I, s?s, s?s, s?I, s?s, s?s, s?b, s:b, s?I}",
                "name", &raw->name, "state", &raw->state, "unit", &raw->unit, "root", &raw->root, "uid_base", &raw->uid_base,
                "uid_count", &raw->uid_count, "supervisor", "pid", &raw->pid[0], "inode", &raw->inode[0], "start_time",
                &raw->start_time[0], "leader", "pid", &raw->pid[1], "inode", &raw->inode[1], "start_time", &raw->start_time[1],
                "started_usec", &raw->started, "finished_usec", &raw->finished, "result", &raw->result, "status", &raw->status,
                "reason", &raw->reason, "log", &raw->log, "oom_kills", &raw->oom_kills, "oom_victim", &raw->oom_victim,
                "memory_peak", &raw->memory_peak, "memory_limit", &raw->memory_limit, "cpu_usec", &raw->cpu_usec, "restarts",
                &raw->restarts, "restart_usec", &raw->restart_usec, "status_text", &raw->status_text, "health", &raw->health,
                "health_failures", &raw->health_failures, "health_output", &raw->health_output, "survivors", &raw->survivors,
                "stopped", &raw->stopped, "keep_unit", &raw->keep_unit, "owner", &raw->owner);
}

int state_from_json(const char *text, State *ret, Error *error) {
        _cleanup_state_ State state = STATE_NULL;
        json_auto_t *object = NULL;
        json_error_t where = {};
        Raw raw = {};

        object = json_loads(text, JSON_REJECT_DUPLICATES, &where);
        if (!object || unpack(object, &raw, &where) < 0)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the state", NULL, "line %i: %s", where.line,
                                 where.text);

        state = (State){
                .state = machine_state_from_string(raw.state),
                .result = machine_result_from_string(raw.result),
                .uid_base = (uint32_t) raw.uid_base,
                .uid_count = (uint32_t) raw.uid_count,
                .owner = (uint32_t) raw.owner,
                .supervisor = { (pid_t) raw.pid[0], (uint64_t) raw.inode[0], (uint64_t) raw.start_time[0] },
                .leader = { (pid_t) raw.pid[1], (uint64_t) raw.inode[1], (uint64_t) raw.start_time[1] },
                .started_usec = (uint64_t) raw.started,
                .finished_usec = (uint64_t) raw.finished,
                .status = raw.status,
                .oom_kills = (uint32_t) raw.oom_kills,
                .memory_peak = (uint64_t) raw.memory_peak,
                .memory_limit = (uint64_t) raw.memory_limit,
                .cpu_usec = (uint64_t) raw.cpu_usec,
                .restarts = (uint32_t) raw.restarts,
                .restart_usec = (uint64_t) raw.restart_usec,
                .health = health_state_from_string(strempty(raw.health)),
                .health_failures = (uint32_t) raw.health_failures,
                .stopped = raw.stopped,
                .keep_unit = raw.keep_unit,
        };
        if (state.state == _MACHINE_STATE_INVALID || state.health == _HEALTH_STATE_INVALID ||
            state.result == _MACHINE_RESULT_INVALID)
                return error_set(error, ERROR_INVALID_VALUE, EINVAL, "reading the state", raw.name, "'%s' or '%s' is not known",
                                 raw.state, raw.result);
        if (str_replace(&state.name, raw.name) < 0 || str_replace(&state.unit, raw.unit) < 0 ||
            str_replace(&state.root, raw.root) < 0 || str_replace(&state.reason, raw.reason) < 0 ||
            str_replace(&state.log, raw.log) < 0 || str_replace(&state.oom_victim, raw.oom_victim) < 0 ||
            str_replace(&state.status_text, raw.status_text) < 0 || str_replace(&state.health_output, raw.health_output) < 0 ||
            str_replace(&state.survivors, raw.survivors) < 0)
                return error_oom(error);

        *ret = state;
        state = STATE_NULL;
        return 0;
}

int state_read_at(int dirfd, const char *name, State *ret) {
        _cleanup_free_ char *text = NULL;
        int r = file_read_at(dirfd, name, FILE_MAX_DEFAULT, &text, NULL);

        return r < 0 ? r : state_from_json(text, ret, NULL);
}

int state_write_at(int dirfd, const char *name, const State *state) {
        _cleanup_free_ char *text = NULL;
        int r = state_to_json(state, &text);

        return r < 0 ? r : file_replace_at(dirfd, name, text, strlen(text), 0600);
}
