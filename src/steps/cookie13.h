/* The self-contained cookie of DTLS 1.3: all that a listener must know again about a hello that it has forgotten, sealed
 * and bound to the address (RFC 9147 section 5.1, RFC 8446 section 4.2.2). */
#ifndef FPL_STEPS_COOKIE13_H
#define FPL_STEPS_COOKIE13_H

#include "crypto/hash.h"
#include "engine/conn.h"
#include "steps/retry13.h"

/* fpl_cookie13_state is what a cookie says. */
typedef struct fpl_cookie13_state {
    fpl_retry13 retry;
    uint32_t    time;                         /* seconds */
    uint8_t     hello_hash[FPL_HASH_MAX_LEN]; /* of the first ClientHello, by the suite's hash */
    uint8_t     hello_hash_len;
    uint8_t     fixed_part[FPL_FIXED_PART_LEN];
} fpl_cookie13_state;

/* fpl_cookie13_open reads the cookie that `hello` brings. False if there is none, or it is not one of ours for this
 * address; its age is not judged. */
bool fpl_cookie13_open(const fpl_conn *conn, const fpl_client_hello *hello, fpl_cookie13_state *out);

#endif
