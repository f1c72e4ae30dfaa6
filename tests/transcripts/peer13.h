/* The scripted peer in DTLS 1.3: message order, epochs, record forms, ACKs and key updates are all up to the scenario.
 *
 * It speaks and hears through a `peer`, whose datagram, log, credential, suites, extensions and complaint it uses; the
 * transcript, the key schedule and the record layer of 1.3 are its own. It acknowledges nothing unless told to. */
#ifndef FPL_TESTS_TRANSCRIPTS_PEER13_H
#define FPL_TESTS_TRANSCRIPTS_PEER13_H

#include "transcripts/crypto13.h"
#include "transcripts/peer.h"

#define PEER13_EPOCHS 8
#define PEER13_SAID 64

typedef struct epoch13 {
    bool          there;
    unsigned      number;
    bytes         secret;
    crypto13_keys keys;
    uint64_t      seq; /* of the next record written, or expected */
} epoch13;

typedef struct number13 {
    uint64_t epoch, seq;
} number13;

typedef struct said13 {
    unsigned type;
    unsigned epoch;
    unsigned msg_seq;
    bytes    body;
    number13 record; /* that carried it last, or its last piece */
} said13;

typedef struct part13 {
    part     part;
    unsigned epoch;
} part13;

typedef struct peer13 {
    peer    *p;
    bool     both;       /* its hello offers DTLS 1.2 too */
    unsigned retry_group;
    bytes    retry_cookie;
    unsigned retries;    /* HelloRetryRequests heard */
    bytes    extensions; /* a server's, of EncryptedExtensions */
    bytes    context;    /* of CertificateRequest */

    /* Records. `epochs[n % PEER13_EPOCHS]` is epoch n; there is none for 0. */
    unsigned epoch; /* that it writes in */
    epoch13  ours[PEER13_EPOCHS], theirs[PEER13_EPOCHS];
    unsigned newest; /* of theirs */

    /* Key schedule. */
    bytes transcript; /* messages with headers of four octets */
    bytes handshake_secret, master_secret, exporter_secret;
    bytes client_handshake, server_handshake, client_traffic, server_traffic;

    /* Hearing. */
    bytes    shares; /* client_shares of their hello */
    bytes    their_extensions, their_request; /* of EncryptedExtensions and CertificateRequest */
    part13   parts[PEER_MESSAGES];
    unsigned updates;          /* KeyUpdates heard */
    bool     update_requested; /* by the last of them */

    said13 said[PEER13_SAID];
    size_t num_said;
    bytes  sent;       /* record numbers of all handshake records of ours */
    size_t flight;     /* where in `sent` those of our present flight begin: what an ACK may name */
    size_t acked_upto; /* in the log */
    bool     closed;    /* their close_notify came, in this record */
    number13 goodbye;
} peer13;

/* peer13_init goes on from peer_init. A client that offers `both` versions offers suites of both. */
void peer13_init(peer13 *q, peer *p, bool both);

void peer13_hear(peer13 *q, const uint8_t *datagram, size_t len, fpl_time now);

/* ----- the right bytes of each message ------------------------------------------------------------------------------ */

bytes peer13_extensions(const peer13 *q); /* of its hello */
bytes peer13_client_hello(const peer13 *q);
bytes peer13_server_hello(const peer13 *q);
bytes peer13_hello_retry(const peer13 *q, unsigned group, bytes cookie); /* group 0, cookie of no octets: left out */
bytes peer13_encrypted_extensions(const peer13 *q);
bytes peer13_certificate_request(const peer13 *q);
bytes peer13_certificate(const peer13 *q);
bytes peer13_certificate_list(bytes context, const bytes *certificates, size_t num);
bytes peer13_certificate_verify(const peer13 *q);
bytes peer13_finished(const peer13 *q);
bytes peer13_key_update(bool requested);
bytes peer13_ticket(size_t len);

/* peer13_share is the body of a key_share extension with this one share: a client's or a server's. */
bytes peer13_share(bool of_client, unsigned group, bytes share);

extern const uint8_t hello_retry_random[32];

/* ----- saying ---------------------------------------------------------------------------------------------------- */

/* peer13_say appends a whole message in a record of the present epoch, enters it into the transcript, makes the keys
 * that come with it and moves to the epoch that follows it. */
void peer13_say(peer13 *q, unsigned type, bytes body);

/* peer13_note does all but the record, and returns the message_seq; peer13_moves moves to the epoch that follows. */
unsigned peer13_note(peer13 *q, unsigned type, bytes body);
void     peer13_moves(peer13 *q, unsigned type);

/* peer13_say_pieces says a message in pieces of at most `size` octets. */
void peer13_say_pieces(peer13 *q, unsigned type, bytes body, size_t size);

/* peer13_say_again repeats what was said from the `first`-th message on, in the epochs it had, under new numbers. */
void peer13_say_again(peer13 *q, size_t first);

void peer13_alert(peer13 *q, unsigned level, unsigned description);
void peer13_data(peer13 *q, bytes payload);
void peer13_fragment(peer13 *q, unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body);

/* peer13_record appends a record of the present epoch; peer13_sealed makes one of any epoch, form and padding, and
 * peer13_sealed_at one with any number. Plaintext in epoch 0. */
void  peer13_record(peer13 *q, unsigned type, bytes body);
bytes peer13_sealed(peer13 *q, unsigned type, unsigned epoch, unsigned form, size_t padding, bytes body);
bytes peer13_sealed_at(peer13 *q, unsigned type, unsigned epoch, uint64_t seq, bytes body);

/* peer13_agree makes the handshake keys, peer13_agree_traffic those of epoch 3 and the exporter. */
void peer13_agree(peer13 *q);
void peer13_agree_traffic(peer13 *q);

/* peer13_next_keys opens our next epoch for writing and moves there. */
void peer13_next_keys(peer13 *q);

/* peer13_ack appends an ACK of these records; peer13_ack_heard one of all handshake records heard and not yet
 * acknowledged by it. */
void   peer13_ack(peer13 *q, const number13 *numbers, size_t num);
size_t peer13_ack_heard(peer13 *q);

/* ack_names returns whether the ACK `h` names that record. */
bool   ack_names(const heard *h, number13 number);
size_t ack_len(const heard *h);

#endif
