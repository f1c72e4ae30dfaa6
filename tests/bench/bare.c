/* What no library can do without, on the libcrypto that Flightplan uses:
 *
 *   bare <identities> <12|13> <x25519|p256|mlkem> <aes|chacha> <what> [<number>]
 *
 *   handshakes <seconds>, count <number>        for each side: make a key, derive, sign, verify
 *   records <seconds>, count-records <number>   seal and open 1200 bytes in place
 *   count-copies <number>                       the two copies of 1200 bytes that the wire costs those who copy
 */
#include <openssl/aead.h>
#include <openssl/bytestring.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#ifdef __has_include
#if __has_include(<openssl/mlkem.h>)
#include <openssl/mlkem.h>
#define BENCH_MLKEM
#endif
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "identities.h"

#define PAYLOAD 1200
#define HEADER 13 /* what is authenticated besides */

static bench_identity identities[BENCH_IDENTITIES];
static EC_KEY        *signers[BENCH_IDENTITIES];

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

/* --- public keys ------------------------------------------------------------------------------------- */

static void agree_x25519(void)
{
    static uint8_t peer[32] = {9};
    uint8_t        public[32];
    uint8_t        private[32];
    uint8_t        secret[32];
    X25519_keypair(public, private);
    need(X25519(secret, private, peer) == 1, "derive");
    memcpy(peer, public, sizeof peer);
}

static void agree_p256(void)
{
    EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    uint8_t secret[32];
    need(key != NULL && EC_KEY_generate_key(key) == 1, "make a key");
    need(ECDH_compute_key(secret, sizeof secret, EC_KEY_get0_public_key(signers[0]), key, NULL) == 32, "derive");
    EC_KEY_free(key);
}

/* One of two is the client, which makes the key and opens what the other encapsulated. */
static void agree_mlkem(bool server)
{
#ifdef BENCH_MLKEM
    static uint8_t                     encoded[MLKEM768_PUBLIC_KEY_BYTES];
    static uint8_t                     ciphertext[MLKEM768_CIPHERTEXT_BYTES];
    static struct MLKEM768_private_key key;
    uint8_t                            secret[MLKEM_SHARED_SECRET_BYTES];
    if (server) {
        struct MLKEM768_public_key peer;
        CBS                        cbs;
        CBS_init(&cbs, encoded, sizeof encoded);
        need(MLKEM768_parse_public_key(&peer, &cbs) == 1, "read a key");
        MLKEM768_encap(ciphertext, secret, &peer);
        need(MLKEM768_decap(secret, ciphertext, sizeof ciphertext, &key) == 1, "open");
    } else {
        MLKEM768_generate_key(encoded, NULL, &key);
    }
#else
    (void)server;
    need(false, "ML-KEM");
#endif
}

static void agree(bench_group group, bool server)
{
    switch (group) {
    case BENCH_X25519: agree_x25519(); break;
    case BENCH_P256: agree_p256(); break;
    case BENCH_X25519MLKEM768:
        agree_mlkem(server);
        agree_x25519();
        break;
    }
}

static void sign_and_verify(unsigned number)
{
    static uint8_t digest[32];
    uint8_t        signature[80];
    unsigned       len = 0;
    EC_KEY        *key = signers[number % BENCH_IDENTITIES];
    digest[0] = (uint8_t)number;
    need(ECDSA_sign(0, digest, sizeof digest, signature, &len, key) == 1, "sign");
    need(ECDSA_verify(0, digest, sizeof digest, signature, len, key) == 1, "verify");
}

static void handshakes(bench_group group, double seconds, unsigned number)
{
    double   began = cpu_seconds();
    unsigned done = 0;
    while (number != 0 ? done < number : cpu_seconds() - began < seconds) {
        for (unsigned side = 0; side < 2; side++) {
            agree(group, side == 1);
            sign_and_verify(done + side);
        }
        done++;
    }
    printf("handshakes %u\nseconds %.6f\n", done, cpu_seconds() - began);
}

/* --- records ------------------------------------------------------------------------------------------- */

static void records(bool chacha, double seconds, unsigned number)
{
    static const uint8_t secret[32];
    static uint8_t       data[PAYLOAD + 16];
    static uint8_t       header[HEADER];
    uint8_t              nonce[12] = {0};
    const EVP_AEAD      *method = chacha ? EVP_aead_chacha20_poly1305() : EVP_aead_aes_128_gcm();
    EVP_AEAD_CTX         seal;
    EVP_AEAD_CTX         open;
    double               began;
    unsigned             done = 0;
    need(EVP_AEAD_CTX_init(&seal, method, secret, EVP_AEAD_key_length(method), 16, NULL) == 1 &&
             EVP_AEAD_CTX_init(&open, method, secret, EVP_AEAD_key_length(method), 16, NULL) == 1,
         "key");
    began = cpu_seconds();
    while (number != 0 ? done < number : (done & 255) != 0 || cpu_seconds() - began < seconds) {
        size_t len = 0;
        memcpy(nonce, &done, sizeof done);
        need(EVP_AEAD_CTX_seal(&seal, data, &len, sizeof data, nonce, sizeof nonce, data, PAYLOAD, header, HEADER) == 1,
             "seal");
        need(EVP_AEAD_CTX_open(&open, data, &len, sizeof data, nonce, sizeof nonce, data, len, header, HEADER) == 1, "open");
        done++;
    }
    printf("records %u\nseconds %.6f\n", done, cpu_seconds() - began);
    EVP_AEAD_CTX_cleanup(&seal);
    EVP_AEAD_CTX_cleanup(&open);
}

static void copies(unsigned number)
{
    static uint8_t payload[PAYLOAD + 37];
    static uint8_t out[PAYLOAD + 37];
    bench_wire    *wire = calloc(1, sizeof *wire);
    need(wire != NULL, "memory");
    for (unsigned i = 0; i < number; i++) {
        size_t   len = 0;
        uint8_t *datagram;
        memcpy(bench_wire_room(wire), payload, sizeof payload);
        bench_wire_put(wire, sizeof payload);
        datagram = bench_wire_take(wire, &len);
        memcpy(out, datagram, len);
    }
    printf("copies %u\n", number);
    free(wire);
}

int main(int argc, char **argv)
{
    const char *what = argc > 5 ? argv[5] : "";
    const char *number = argc > 6 ? argv[6] : "1";
    bench_group group;
    bool        chacha;
    if (argc < 6 || !bench_identities_read(argv[1], identities)) {
        (void)fprintf(stderr, "usage: bare <identities> <12|13> <x25519|p256|mlkem> <aes|chacha> <what> [<number>]\n");
        return 2;
    }
    /* The version makes no difference here; the arguments are those of the driver. */
    group = strcmp(argv[3], "p256") == 0 ? BENCH_P256 : strcmp(argv[3], "mlkem") == 0 ? BENCH_X25519MLKEM768 : BENCH_X25519;
    chacha = strcmp(argv[4], "chacha") == 0;
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        CBS       der;
        EVP_PKEY *key;
        CBS_init(&der, identities[i].key, identities[i].key_len);
        key = EVP_parse_private_key(&der);
        need(key != NULL, "read a key");
        signers[i] = EVP_PKEY_get1_EC_KEY(key);
        EVP_PKEY_free(key);
    }
    if (strcmp(what, "handshakes") == 0) {
        handshakes(group, strtod(number, NULL), 0);
    } else if (strcmp(what, "count") == 0) {
        handshakes(group, 0, (unsigned)strtoul(number, NULL, 10));
    } else if (strcmp(what, "records") == 0) {
        records(chacha, strtod(number, NULL), 0);
    } else if (strcmp(what, "count-records") == 0) {
        records(chacha, 0, (unsigned)strtoul(number, NULL, 10));
    } else if (strcmp(what, "count-copies") == 0) {
        copies((unsigned)strtoul(number, NULL, 10));
    } else {
        (void)fprintf(stderr, "what is %s?\n", what);
        return 2;
    }
    return 0;
}
