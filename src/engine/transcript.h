/* The running hash of the handshake messages (RFC 5246 section 7.4.9, RFC 6347 section 4.2.6, RFC 8446 section 4.4.1).
 *
 * Until a ServerHello fixes version and hash, the raw messages are kept. In DTLS 1.2 a certificate may be signed with
 * another hash than the suite's (RFC 5246 section 7.4.8), so a second one runs beside it while that is possible. */
#ifndef FPL_ENGINE_TRANSCRIPT_H
#define FPL_ENGINE_TRANSCRIPT_H

#include "crypto/hash.h"
#include "engine/memory.h"
#include "engine/table.h"

typedef struct fpl_transcript {
    fpl_buffer       raw;        /* what came before the hash was known, each with its 12-byte header */
    fpl_running_hash running[2]; /* the suite's; the other one */
    uint8_t          num_running;
    bool             short_headers; /* of DTLS 1.3: type and length alone go in, RFC 9147 section 5.2 */
} fpl_transcript;

/* fpl_transcript_append takes one message in, as if it had come unfragmented. */
fpl_status fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                 fpl_bytes body);

/* fpl_transcript_restart forgets all so far (RFC 6347 section 4.2.1). Before the hash is chosen only. */
void fpl_transcript_restart(const fpl_config *config, fpl_transcript *transcript);

/* fpl_transcript_choose fixes the form of the headers by `version` and the hash; `other`, unless 0, runs beside it.
 * One that runs already, because of a retry, goes on: its hash must be the same. */
fpl_status fpl_transcript_choose(const fpl_config *config, fpl_transcript *transcript, fpl_machine_version version,
                                 fpl_hash hash, fpl_hash other);

/* fpl_transcript_as_message_hash replaces all so far, which is ClientHello1, with the synthetic message_hash, and fixes
 * `hash` (RFC 8446 section 4.4.1). */
fpl_status fpl_transcript_as_message_hash(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash);

/* fpl_transcript_from_retry makes the transcript message_hash of `hash_of_hello` and then `retry`, the body of the
 * HelloRetryRequest that a stateless server once sent. */
fpl_status fpl_transcript_from_retry(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash,
                                     fpl_bytes hash_of_hello, fpl_bytes retry);

/* fpl_transcript_drop_other stops the second hash. */
void fpl_transcript_drop_other(fpl_transcript *transcript);

/* fpl_transcript_digest writes the digest under `hash` and returns its length; 0 when that hash does not run. */
size_t fpl_transcript_digest(const fpl_transcript *transcript, fpl_hash hash, uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_transcript_wipe frees and forgets everything. */
void fpl_transcript_wipe(const fpl_config *config, fpl_transcript *transcript);

#endif
