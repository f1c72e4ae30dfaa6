/* What a fuzzer's input says is to happen to a world: a list of steps of eight octets, some with a body behind them.
 * A default mutator would spend itself on lengths; script_mutate knows where steps begin and end. */
#ifndef FPL_TESTS_FUZZ_HOUSE_SCRIPT_H
#define FPL_TESTS_FUZZ_HOUSE_SCRIPT_H

#include "house/world.h"

#define SCRIPT_HEAD 5 /* octets of settings in front, see world_open */
#define SCRIPT_STEP 8
#define SCRIPT_STEPS 200 /* more are not played */

typedef enum script_op {
    SCRIPT_PUMP,     /* play the network as it should be, until it is silent */
    SCRIPT_DELIVER,  /* one queued datagram; `a` says which */
    SCRIPT_DROP,
    SCRIPT_DOUBLE,   /* deliver, and keep */
    SCRIPT_FLIP,     /* octet `b` of a queued datagram by `c` */
    SCRIPT_TRUNCATE, /* to `b` octets */
    SCRIPT_SPLICE,   /* append an old datagram to a queued one */
    SCRIPT_REPLAY,   /* deliver an old datagram, to whomever */
    SCRIPT_RECUT,    /* cut the plain handshake records of a queued datagram into fragments of `b` octets, shuffled by `c` */
    SCRIPT_INJECT,   /* BODY as a datagram */
    SCRIPT_RECORD,   /* BODY as a plain record of type `a`, epoch and number from `b` */
    SCRIPT_FRAGMENT, /* BODY as a handshake fragment of type `a`, message_seq and length from `b`, offset `c` */
    SCRIPT_START,
    SCRIPT_WAKE,     /* at the next deadline, or just before or long after */
    SCRIPT_ADVANCE,
    SCRIPT_SEND,
    SCRIPT_CLOSE,
    SCRIPT_MTU,
    SCRIPT_JUDGE,
    SCRIPT_SIGN,
    SCRIPT_PIN,
    SCRIPT_RESTART,
    SCRIPT_NO_MEMORY, /* an allocation to come fails */
    SCRIPT_NO_RANDOM, /* random is short from here on, or no longer */
    SCRIPT_SETTLE,
    SCRIPT_COOKIE_KEY,
    SCRIPT_BACK,      /* the clock goes back for one call */
    /* Of a hostile end only: */
    SCRIPT_SEAL,      /* BODY as a record under its keys */
    SCRIPT_SEAL_FRAGMENT,
    SCRIPT_MUTATE,    /* its next message of type `a` has octet `b` changed by `c`, and both transcripts agree on that */
    /* Later additions, of any end: numbers of steps are in corpora. */
    SCRIPT_NUMBERS, /* as if it had sent many records already: its next number grows by `b` << `a` */
    SCRIPT_UPDATE,  /* renew keys (DTLS 1.3) */
    SCRIPT_NUM_OPS
} script_op;

/* script_play does what is left of `in`, then settles if the script left everybody alone for that. */
void script_play(world *w, fuzz_input *in);

/* script_mutate is an LLVMFuzzerCustomMutator for such inputs. */
size_t script_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* script_cross is an LLVMFuzzerCustomCrossOver for them. */
size_t script_cross(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t cap, unsigned seed);

#endif
