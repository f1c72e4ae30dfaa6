/* The protected records of one association, opened with the secrets of a key log. Hellos say which secrets,
 * whose, and for which version and suite; generations after a KeyUpdate follow from the first. */
#ifndef FPL_TOOL_UNSEAL_H
#define FPL_TOOL_UNSEAL_H

#include "keylog.h"
#include "record/protect12.h"
#include "record/protect13.h"

#define UNSEAL_EPOCHS 4 /* as many as the two bits of a header tell apart */

enum { SIDE_CLIENT, SIDE_SERVER, NUM_SIDES };

/* One epoch of DTLS 1.3. By pointer, for keys must not be moved. */
typedef struct unseal_epoch {
    fpl_protect13_key key;
    uint64_t          next; /* one more than the highest number seen */
    uint16_t          number;
} unseal_epoch;

/* What one side protects. */
typedef struct unseal_side {
    fpl_aead_key  key12;
    bool          has_key12;
    unseal_epoch *epochs[UNSEAL_EPOCHS]; /* [low bits of the number] */
    fpl_secret13  application;           /* of the newest generation */
    uint16_t      newest;                /* its epoch; 0 = there is no such secret */
} unseal_side;

typedef struct unsealer {
    const keylog *log; /* NULL: nothing is opened */
    uint8_t       client_random[KEYLOG_RANDOM];
    bool          has_client_random;
    bool          agreed; /* a ServerHello came */
    bool          proven; /* and what follows from it has opened a record */
    unseal_side   sides[NUM_SIDES];
} unsealer;

/* What was in a record; `content` is within the memory that was handed in. */
typedef struct unsealed {
    uint8_t *content;
    size_t   len;
    size_t   padding;
    uint64_t number;
    uint16_t epoch;
    uint8_t  type;
} unsealed;

/* unsealer_hello hears of a ClientHello, unsealer_choice of a ServerHello or HelloRetryRequest. Keys that have
 * opened records stay until a hello comes that the key log knows: anybody can put hellos into a capture. */
void unsealer_hello(unsealer *u, fpl_bytes client_random);
void unsealer_choice(unsealer *u, uint8_t version, uint16_t suite, fpl_bytes server_random);

/* unseal12 and unseal13 open a record of `side` and return NULL, or say why they can not. unseal12 works in place,
 * unseal13 in `room`, which holds the record's body. */
const char *unseal12(unsealer *u, int side, const fpl_record12 *record, unsealed *out);
const char *unseal13(unsealer *u, int side, const fpl_record13 *record, uint8_t *room, unsealed *out);

void unsealer_free(unsealer *u);

#endif
