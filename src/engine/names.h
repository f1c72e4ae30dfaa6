/* Names of events for people: traces and explanations. */
#ifndef FPL_ENGINE_NAMES_H
#define FPL_ENGINE_NAMES_H

#include <stdint.h>

/* fpl_event_code_name names what happened within its kind (fpl_event_kind), e.g. "server_hello". Static
 * storage; "" when there is no name. */
const char *fpl_event_code_name(uint8_t kind, uint8_t code);

/* fpl_event_kind_name names the kind, e.g. "message". */
const char *fpl_event_kind_name(uint8_t kind);

#endif
