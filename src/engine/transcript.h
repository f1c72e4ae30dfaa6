/* The running hash of the handshake messages (RFC 5246 section 7.4.9, RFC 6347 section 4.2.6).
 *
 * Until a ServerHello fixes the hash, the raw messages are kept. A certificate may be signed with another
 * hash than the suite's (RFC 5246 section 7.4.8), so a second one runs beside it while that is possible. */
#ifndef FPL_ENGINE_TRANSCRIPT_H
#define FPL_ENGINE_TRANSCRIPT_H

#include "crypto/hash.h"
#include "engine/memory.h"

typedef struct fpl_transcript {
    fpl_buffer       raw;        /* what came before the hash was known */
    fpl_running_hash running[2]; /* the suite's; the other one */
    uint8_t          num_running;
} fpl_transcript;

/* fpl_transcript_append takes one message in, with the 12-byte header of an unfragmented DTLS 1.2 message. */
fpl_status fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                 fpl_bytes body);

/* fpl_transcript_restart forgets all so far (RFC 6347 section 4.2.1). Before the hash is chosen only. */
void fpl_transcript_restart(const fpl_config *config, fpl_transcript *transcript);

/* fpl_transcript_choose fixes the hash; `other`, unless 0, runs beside it. */
fpl_status fpl_transcript_choose(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash, fpl_hash other);

/* fpl_transcript_drop_other stops the second hash. */
void fpl_transcript_drop_other(fpl_transcript *transcript);

/* fpl_transcript_digest writes the digest under `hash` and returns its length; 0 when that hash does not run. */
size_t fpl_transcript_digest(const fpl_transcript *transcript, fpl_hash hash, uint8_t out[FPL_HASH_MAX_LEN]);

/* fpl_transcript_wipe frees and forgets everything. */
void fpl_transcript_wipe(const fpl_config *config, fpl_transcript *transcript);

#endif
