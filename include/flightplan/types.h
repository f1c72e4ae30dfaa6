/* The few types that every public header of Flightplan shares. */
#ifndef FLIGHTPLAN_TYPES_H
#define FLIGHTPLAN_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* fpl_time counts milliseconds of any clock that does not jump; the library reads none itself. A value
 * smaller than an earlier one given to the same object is taken as that earlier one. */
typedef uint64_t fpl_time;

/* FPL_NEVER is a deadline that does not come. */
#define FPL_NEVER UINT64_MAX

/* fpl_result is what a call did. All but FPL_OK and FPL_FAILED mean that nothing has changed, and
 * FPL_FAILED means that nothing ever will: fpl_conn_explain() says why. Input from the network that is
 * malformed, forged, replayed or late is no result at all: it is dropped and counted. */
typedef enum fpl_result {
    FPL_OK,               /* done */
    FPL_NOT_YET,          /* right call, too early: the handshake has not come that far */
    FPL_MISUSE,           /* wrong call or argument; the function's comment lists when */
    FPL_BUFFER_TOO_SMALL, /* the size needed is reported; call again with as much, nothing was used up */
    FPL_NO_MEMORY,        /* an allocation failed; try again later. A handshake that runs out of memory ends: FPL_FAILED */
    FPL_CLOSED,           /* the connection has been closed in order; there is no more to send */
    FPL_FAILED            /* the connection is over */
} fpl_result;

/* fpl_role is the side of the handshake that a connection plays. */
typedef enum fpl_role {
    FPL_ROLE_NONE,
    FPL_ROLE_CLIENT,
    FPL_ROLE_SERVER
} fpl_role;

/* fpl_config is what connections have in common: suites, credentials, limits, callbacks. */
typedef struct fpl_config fpl_config;

/* fpl_conn is one end of one association. */
typedef struct fpl_conn fpl_conn;

/* fpl_listener is a server's door: many connections, told apart by their peers' addresses. */
typedef struct fpl_listener fpl_listener;

#ifdef __cplusplus
}
#endif

#endif
