/* What a server asks of a client that has to say its hello again, and what that hello may not change. */
#ifndef FPL_STEPS_RETRY13_H
#define FPL_STEPS_RETRY13_H

#include "engine/conn.h"

#define FPL_FIXED_PART_LEN 32

/* fpl_retry13 is the substance of a HelloRetryRequest. */
typedef struct fpl_retry13 {
    fpl_cipher_suite suite;
    fpl_named_group  group; /* of which a share is wanted; 0 = those that came will do */
} fpl_retry13;

/* fpl_retry13_plan decides it by the configuration and the hello alone, the same at every call; false when they have
 * nothing in common. */
bool fpl_retry13_plan(const fpl_config *config, const fpl_client_hello *hello, fpl_retry13 *out);

/* fpl_retry13_at_hand is the one that a connection has decided or read from a cookie, else the plan for the hello being
 * interpreted. False when there is none. */
bool fpl_retry13_at_hand(const fpl_conn *conn, fpl_retry13 *out);

/* fpl_retry13_write writes the HelloRetryRequest that asks for the retry at hand; the same again for the same hello, or
 * for the one that brings its cookie back. */
bool fpl_retry13_write(const fpl_conn *conn, fpl_writer *w);

/* fpl_hello_fixed_part hashes what a second ClientHello must repeat (RFC 8446 section 4.1.2); key_share is a part of it
 * unless another share was demanded. */
void fpl_hello_fixed_part(const fpl_client_hello *hello, bool share_demanded, uint8_t out[FPL_FIXED_PART_LEN]);

/* fpl_hello_groups finds the client's supported_groups; false if there is none that can be read. */
bool fpl_hello_groups(const fpl_client_hello *hello, fpl_bytes *groups);

/* fpl_suite13_choose is our first suite of DTLS 1.3 that `offered` lists, or NULL; `bound`, unless 0, is the only one
 * that will do. */
const fpl_cipher_suite_row *fpl_suite13_choose(const fpl_config *config, fpl_bytes offered, fpl_cipher_suite bound);

#endif
