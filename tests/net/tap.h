/* What somebody on the path sees who was given the key log: the records of a datagram, those of DTLS 1.3 opened. One
 * tap listens to what one connection sends, in the order in which it does. */
#ifndef FPL_TESTS_NET_TAP_H
#define FPL_TESTS_NET_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/schedule13.h"
#include "record/epoch13.h"

#define TAP_RECORDS 24
#define TAP_RANDOM  32

typedef struct tap_secret {
    char    label[40];
    uint8_t client_random[TAP_RANDOM];
    uint8_t bytes[FPL_HASH_MAX_LEN];
    size_t  len;
} tap_secret;

/* The lines of the key log, of both ends. */
typedef struct tap_log {
    tap_secret *secrets;
    size_t      num, cap;
} tap_log;

/* tap_note is an fpl_key_log_fn whose `arg` is a tap_log. */
void tap_note(void *arg, const char *line);
void tap_log_free(tap_log *log);

typedef struct tap_record {
    uint8_t        type;
    bool           opaque; /* protected as in DTLS 1.2: only its header can be read */
    bool           unified;
    uint16_t       epoch;
    uint64_t       seq;
    const uint8_t *body;
    size_t         len;
} tap_record;

/* The records of one datagram. It is shared: each owner lets go of it. */
typedef struct tap_view {
    unsigned   owners;
    bool       whole; /* every octet belongs to a record that could be read */
    bool       sealed; /* there is one with the unified header */
    size_t     num;
    tap_record records[TAP_RECORDS];
    uint8_t    bytes[];
} tap_view;

typedef struct tap {
    const tap_log *log;
    bool           client;  /* the one that is listened to */
    bool           known;   /* which secrets it uses */
    uint8_t        client_random[TAP_RANDOM];
    fpl_aead       aead;
    fpl_secret13   traffic; /* of epoch `newest`, from 3 on */
    uint16_t       newest;
    struct {
        bool              used;
        fpl_protect13_key key;
        fpl_read_epoch13  epoch;
    } epochs[4]; /* by their low bits */
} tap;

void tap_begin(tap *t, const tap_log *log, bool client);
void tap_end(tap *t);

/* tap_look reads a datagram. The caller is the first owner of what it returns. */
tap_view *tap_look(tap *t, const uint8_t *datagram, size_t len);
tap_view *tap_share(tap_view *v);
void      tap_drop(tap_view *v);

#endif
