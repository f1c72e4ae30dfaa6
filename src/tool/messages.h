/* What records carry, on standard output: handshake messages out of their fragments, alerts, ACKs, data. */
#ifndef FPL_TOOL_MESSAGES_H
#define FPL_TOOL_MESSAGES_H

#include <stdbool.h>

#include "conversation.h"

/* messages_print shows the content of a record that is not, or no longer, encrypted, and takes note of what
 * hellos agree on. */
void messages_print(conversation *c, size_t speaker, uint64_t type, uint64_t epoch, fpl_bytes content, bool full);

#endif
