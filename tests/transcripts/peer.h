/* A DTLS 1.2 peer that does as it is told: it can say anything, right or wrong, at any time.
 *
 * It has a record layer, a key schedule and a transcript of its own and shares no code with the library. What
 * it hears it checks as an honest peer would; `complaint` tells what was wrong. What it says is up to the
 * scenario: the builders give the right bytes, which may be changed before they are said. */
#ifndef FPL_TESTS_TRANSCRIPTS_PEER_H
#define FPL_TESTS_TRANSCRIPTS_PEER_H

#include <flightplan/types.h>

#include "common/credential.h"
#include "transcripts/bytes.h"
#include "transcripts/crypto.h"

#define PEER_MESSAGES 32

/* What came in: one for each handshake fragment, and for each record of another kind. */
typedef struct heard {
    fpl_time at;
    size_t   datagram; /* number of the datagram, from 0 */
    size_t   datagram_len;
    unsigned record;   /* content type */
    unsigned version;
    unsigned epoch;
    uint64_t seq;
    bool     opened;   /* readable: in the clear, or the keys fitted */
    unsigned type;     /* handshake type; alert description */
    unsigned level;    /* of an alert */
    unsigned msg_seq;
    size_t   offset, total;
    bytes    body;     /* of the fragment or record, as plaintext */
} heard;

/* What was said, to say it again. */
typedef struct said {
    bool     ccs;
    unsigned type;
    unsigned epoch;
    unsigned msg_seq;
    bytes    body;
} said;

typedef struct part {
    bool     begun;
    unsigned type;
    bytes    body, have;
    size_t   got;
} part;

typedef struct peer {
    bool              client;
    unsigned          suite, group, scheme;
    const credential *credential; /* NULL: nothing to show */
    bool              asks;       /* a server that sends CertificateRequest */

    /* What the next hello says. */
    unsigned hello_version;
    bytes    session_id, cookie, suites, compressions, extensions;
    bool     no_extensions;

    /* Records. */
    unsigned    epoch;
    uint64_t    seq[4];
    unsigned    msg_seq;      /* of the next message said */
    bool        ready;        /* keys are there */
    crypto_keys ours, theirs;
    bytes       datagram;     /* being written */

    /* The handshake. */
    bytes        client_random, server_random, transcript, master;
    crypto_share share;
    bytes        their_share, their_certificate;
    bool         ems, was_asked, flight_done, their_finished;
    unsigned     their_ccs;
    bytes        their_hello; /* body */
    unsigned     verify_requests;
    unsigned     hears_seq;   /* of the next message to be heard */
    part         parts[PEER_MESSAGES];
    said         said[PEER_MESSAGES];
    size_t       num_said;

    heard *heard;
    size_t num_heard, cap_heard;
    size_t datagrams_heard;
    char   complaint[200];
} peer;

/* peer_init makes a peer with a fresh share of `group`; peer_free frees what is not bytes. */
void peer_init(peer *p, bool client, unsigned suite, unsigned group, credential_id credential);
void peer_free(peer *p);

/* ----- hearing ----------------------------------------------------------------------------------------------- */

void peer_hear(peer *p, const uint8_t *datagram, size_t len, fpl_time now);

/* peer_log appends a zeroed entry to what was heard; peer_complain keeps the first complaint. */
heard *peer_log(peer *p);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void peer_complain(peer *p, const char *format, ...);

/* ----- the right bytes of each message -------------------------------------------------------------------------- */

bytes peer_client_hello(const peer *p);
bytes peer_hello_verify_request(unsigned version, bytes cookie);
bytes peer_server_hello(const peer *p);
bytes peer_certificate(const peer *p);
bytes peer_certificate_list(const bytes *certificates, size_t num);
bytes peer_server_params(unsigned group, bytes share);
bytes peer_signature(unsigned scheme, bytes signature);
bytes peer_server_key_exchange(const peer *p);
bytes peer_certificate_request(void);
bytes peer_client_key_exchange(const peer *p);
bytes peer_certificate_verify(const peer *p);
bytes peer_finished(const peer *p);

/* peer_extensions is the block that an honest peer of its kind sends; a server answers what was offered. */
bytes peer_extensions(const peer *p);
void  ext_add(bytes *block, unsigned type, bytes body);
bool  ext_drop(bytes *block, unsigned type);
bool  ext_has(bytes block, unsigned type);
void  ext_set(bytes *block, unsigned type, bytes body);

/* peer_hello_extensions is the extension block of a ClientHello or ServerHello body. */
bytes peer_hello_extensions(bytes hello, bool of_client);

/* ----- saying ------------------------------------------------------------------------------------------------- */

/* peer_say appends a whole message to the datagram, in a record of its own, with the next message_seq; it
 * enters the transcript. A ClientKeyExchange brings the keys with it. */
void peer_say(peer *p, unsigned type, bytes body);

/* peer_note does all of that but writing it: the caller writes fragments. Returns its message_seq. */
unsigned peer_note(peer *p, unsigned type, bytes body);

/* peer_say_ccs appends a ChangeCipherSpec and moves to epoch 1. */
void peer_say_ccs(peer *p);

/* peer_say_again repeats what was said from the `first`-th thing on, under the epochs it had. */
void peer_say_again(peer *p, size_t first);

/* peer_alert and peer_data append such a record in the present epoch. */
void peer_alert(peer *p, unsigned level, unsigned description);
void peer_data(peer *p, bytes payload);

/* peer_fragment appends a record with one fragment. */
void peer_fragment(peer *p, unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body);

/* peer_fragment_of makes the bytes of one, header first. */
bytes peer_fragment_of(unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body);

/* peer_record appends a record of the present epoch with the next number. peer_record_at does it with any
 * epoch and number; the body is sealed in epoch 1 if there are keys. */
void peer_record(peer *p, unsigned type, bytes body);
void peer_record_at(peer *p, unsigned type, unsigned epoch, uint64_t seq, bytes body);

/* record_of makes a record of any bytes, sealed by nobody. */
bytes record_of(unsigned type, unsigned version, unsigned epoch, uint64_t seq, bytes body);

/* peer_agree makes the keys from what has been said and heard so far. */
void peer_agree(peer *p);

#endif
