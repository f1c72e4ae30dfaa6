/* What the driver wants of a library. Each backend_<library>.c has all of it, and nothing else is different
 * between the programs that are compared. */
#ifndef BENCH_BACKEND_H
#define BENCH_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define BENCH_IDENTITIES 32
#define BENCH_MTU 1200

/* bench_identity is a self-signed P-256 certificate and its PKCS#8 key, both DER. */
typedef struct bench_identity {
    uint8_t certificate[1024];
    size_t  certificate_len;
    uint8_t key[256];
    size_t  key_len;
} bench_identity;

typedef enum bench_group { BENCH_X25519, BENCH_P256, BENCH_X25519MLKEM768 } bench_group;

/* bench_setup is what is the same for all: one version, one group, one suite (AES-128-GCM or ChaCha20-Poly1305
 * with SHA-256), ECDSA with P-256, both sides with certificates, any certificate taken, use_srtp, no cookie, no
 * ticket. */
typedef struct bench_setup {
    const bench_identity *identities; /* BENCH_IDENTITIES of them */
    bench_group           group;
    bool                  dtls13;     /* instead of DTLS 1.2 */
    bool                  chacha;     /* instead of AES-128-GCM */
    bool                  no_srtp;    /* asked of Flightplan only */
} bench_setup;

typedef struct bench_end bench_end;

/* backend_can tells whether the library has what `setup` asks for. */
bool backend_can(const bench_setup *setup);

/* backend_open prepares what connections share, one configuration for each identity and role. */
bool backend_open(const bench_setup *setup);

/* backend_new makes one end, which reads from `in` and writes to `out`; backend_free frees it. */
bench_end *backend_new(bool server, unsigned identity, bench_wire *in, bench_wire *out);
void       backend_free(bench_end *end);

typedef enum bench_progress { BENCH_FAILED, BENCH_GOING, BENCH_DONE } bench_progress;

/* backend_handshake goes as far as what lies on the wire allows, and takes that off it also when it is done. */
bench_progress backend_handshake(bench_end *end);

/* backend_prefix is how far into a datagram plaintext may lie to be sealed without a copy; 0 = it cannot. */
size_t backend_prefix(const bench_end *end);

/* backend_seal puts one record on the wire, backend_open_record reads one off and returns its plaintext. */
bool           backend_seal(bench_end *end, const uint8_t *data, size_t len);
const uint8_t *backend_open_record(bench_end *end, size_t *len);

/* backend_settle lets timers run out: what a connection holds when nothing happens any more. */
void backend_settle(bench_end *end);

/* backend_own tells the library's own allocations so far, its libcrypto's not counted; false if it cannot be told. */
bool backend_own(size_t *allocations, size_t *bytes_now, size_t *bytes_peak);

#endif
