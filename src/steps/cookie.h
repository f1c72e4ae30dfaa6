/* The keys of stateless cookies, and those of DTLS 1.2: a MAC over what the client must repeat (RFC 6347 section 4.2.1). */
#ifndef FPL_STEPS_COOKIE_H
#define FPL_STEPS_COOKIE_H

#include "engine/conn.h"

#define FPL_COOKIE_KEY_LEN 32
#define FPL_COOKIE13_KEY_LEN 16 /* of AES-128-GCM */

/* fpl_cookie_jar holds the key that new cookies are made with and the one before it. */
typedef struct fpl_cookie_jar {
    uint8_t  key[2][FPL_COOKIE_KEY_LEN]; /* [0] is the newest */
    uint8_t  key13[2][FPL_COOKIE13_KEY_LEN]; /* of the cookies of DTLS 1.3, derived from it */
    uint8_t  id[2];
    uint8_t  num;
    bool     shared;                     /* the application rotates */
    fpl_time made;                       /* of the newest */
} fpl_cookie_jar;

/* fpl_cookie_jar_add makes `key` the newest. */
void fpl_cookie_jar_add(fpl_cookie_jar *jar, uint8_t id, const uint8_t key[FPL_COOKIE_KEY_LEN], fpl_time now);

/* fpl_cookie_jar_turn draws a fresh key when there is none, or the newest is older than cookie_key_life. */
fpl_status fpl_cookie_jar_turn(fpl_cookie_jar *jar, const fpl_config *config, fpl_time now);

#endif
