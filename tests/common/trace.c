#include "common/trace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far more than all specs have rows. Rows beyond it are reported each time, which is merely long-winded. */
#define TRACE_SEEN 4096

static uint64_t       seen[TRACE_SEEN];
static FILE          *file;
static trace_watch_fn watcher;
static void          *watcher_arg;

static const char *or_dash(const char *text)
{
    return text == NULL || text[0] == '\0' ? "-" : text;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    for (text = or_dash(text); *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    }
    return (hash ^ ' ') * UINT64_C(0x100000001b3);
}

/* Ten thousand handshakes take the same rows: one line each is enough. */
static bool is_new(const fpl_trace_event *event)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + event->line;
    hash = mix(hash, event->machine);
    hash = mix(hash, event->state);
    hash = mix(hash, event->event);
    hash = mix(hash, event->outcome);
    hash = mix(hash, event->check);
    hash |= 1;
    for (size_t i = 0; i < TRACE_SEEN; i++) {
        uint64_t *slot = &seen[(hash + i) % TRACE_SEEN];
        if (*slot == hash) {
            return false;
        }
        if (*slot == 0) {
            *slot = hash;
            return true;
        }
    }
    return true;
}

static void write_line(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)arg;
    if (watcher != NULL) {
        watcher(watcher_arg, conn, event);
    }
    if (file == NULL || !is_new(event)) {
        return;
    }
    if (event->check != NULL && strchr(event->check, ' ') != NULL) {
        return; /* no check of the spec: a codec's words on what it could not read */
    }
    if (event->check != NULL) {
        fprintf(file, "refused %s %s %s %s:%u\n", or_dash(event->machine), or_dash(event->state), event->check,
                or_dash(event->file), event->line);
    } else {
        fprintf(file, "%s %s %s %s %s:%u\n", or_dash(event->machine), or_dash(event->state), or_dash(event->event),
                or_dash(event->outcome), or_dash(event->file), event->line);
    }
    /* Programs run side by side and append to one file: whole lines only. */
    fflush(file);
}

void trace_install(fpl_config *config)
{
    const char *path = getenv("FPL_TRACE_FILE");
#ifdef FPL_TRACE_DEFAULT
    path = path != NULL ? path : FPL_TRACE_DEFAULT; /* where the test rows.covered looks */
#endif
    if (file == NULL && path != NULL && path[0] != '\0') {
        file = fopen(path, "a");
        if (file == NULL) {
            perror(path);
            exit(EXIT_FAILURE);
        }
    }
    if (file != NULL || watcher != NULL) {
        (void)fpl_config_set_trace(config, write_line, NULL);
    }
}

void trace_watch(trace_watch_fn watch, void *arg)
{
    watcher = watch;
    watcher_arg = arg;
}
