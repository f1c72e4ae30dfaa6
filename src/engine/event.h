/* What happens to machines, and what came of it. */
#ifndef FPL_ENGINE_EVENT_H
#define FPL_ENGINE_EVENT_H

#include "engine/conn.h"

/* fpl_event is something that happened. */
typedef struct fpl_event {
    uint8_t   kind;  /* fpl_event_kind */
    uint8_t   code;
    uint16_t  epoch;
    /* FPL_EVENT_FLIGHT only: whose flight, and which; resend machines know theirs without. */
    const fpl_machine *owner;
    uint8_t            flight; /* id in that machine */
    /* FPL_EVENT_MESSAGE only: */
    uint8_t   type;  /* handshake type */
    uint16_t  seq;
    bool      rest_follows;
    fpl_bytes body;
} fpl_event;

typedef enum fpl_taken {
    FPL_TAKEN_NONE,
    FPL_TAKEN,         /* a row listed the event and was obeyed */
    FPL_TAKEN_UNLISTED, /* nothing lists it here; nothing has changed */
    FPL_TAKEN_DROPPED, /* a stateless machine found it wanting; nothing has changed */
    FPL_TAKEN_ENDED,   /* the connection ended over it */
} fpl_taken;

#endif
