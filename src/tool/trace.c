#include "trace.h"

#include <errno.h>
#include <string.h>

#include "tool.h"

static const char *text(const char *maybe)
{
    return maybe == NULL ? "?" : maybe;
}

/* One line for a row taken, e.g.
 *   dtls12_client.WAIT_SERVER_HELLO  message:server_hello  -> WAIT_CERTIFICATE  spec/machines/dtls12_client.yaml:41  rfc5246#7.4.1.3 */
void trace_print(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)arg;
    (void)conn;
    fprintf(stderr, "  %s.%s  %s", text(event->machine), text(event->state), text(event->event));
    if (event->outcome != NULL) {
        fprintf(stderr, " (%s)", event->outcome);
    }
    if (event->check != NULL) {
        fprintf(stderr, "  refused by %s", event->check);
    } else if (event->next != NULL) {
        fprintf(stderr, "  -> %s", event->next);
    } else {
        fputs("  -> end", stderr);
    }
    fprintf(stderr, "  %s:%u", text(event->file), event->line);
    if (event->ref != NULL) {
        fprintf(stderr, "  %s", event->ref);
    }
    fputc('\n', stderr);
}

void key_log_print(void *arg, const char *line)
{
    key_log *log = arg;
    fprintf(log->file, "%s\n", line);
    if (fflush(log->file) != 0 && !log->lost) {
        log->lost = true;
        (void)complain("cannot write the key log %s: %s; secrets are missing from it", log->path, strerror(errno));
    }
}
