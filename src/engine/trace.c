#include "engine/trace.h"

#include <stdio.h>
#include <string.h>

#include "engine/names.h"

void fpl_trace_row(fpl_conn *conn, const fpl_machine *machine, const fpl_state *state, const fpl_row *row, uint8_t chosen,
                   const fpl_outcome *outcome, const char *check, const char *next)
{
    char            name[64];
    fpl_trace_event told;
    (void)snprintf(name, sizeof name, "%s%s%s", fpl_event_kind_name(row->event.kind),
                   row->event.kind == FPL_EVENT_IMMEDIATE ? "" : ":",
                   fpl_event_code_name(row->event.kind, row->event.code));
    memset(&told, 0, sizeof told);
    told.machine = machine->name;
    told.state = state->name;
    told.event = name;
    told.outcome = row->select != NULL && row->select->outcome_names != NULL ? row->select->outcome_names[chosen] : NULL;
    told.check = check;
    told.next = next;
    told.file = machine->file;
    told.ref = outcome->ref;
    told.line = outcome->line;
    conn->config->trace(conn->config->trace_arg, conn, &told);
}
