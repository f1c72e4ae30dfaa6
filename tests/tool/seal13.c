/* Makes records of DTLS 1.3 for the tests of `decode`, in every form that a peer may choose and we do not:
 *
 *   seal13 SUITE SECRET < lines
 *
 * SECRET is a traffic secret in hex. Each line is `EPOCH SEQUENCE FORM INNER`: FORM is the first octet of the
 * header in hex (the epoch's bits are added), INNER content, type and padding in hex. Epochs above 3 take the
 * secret's successors. One record in hex goes out for each line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/schedule13.h"
#include "record/number.h"
#include "record/protect13.h"

#define FIRST_GENERATION 3
#define LONG_NUMBER      0x08u
#define HAS_LENGTH       0x04u

typedef struct sealer {
    const fpl_cipher_suite_row *suite;
    fpl_secret13                secret;
} sealer;

static _Noreturn void stop(const char *why)
{
    fprintf(stderr, "seal13: %s\n", why);
    exit(2);
}

static size_t read_hex(const char *text, uint8_t *out, size_t cap)
{
    size_t len = strlen(text) / 2;
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        if (i == cap || sscanf(text + 2 * i, "%2x", &octet) != 1) {
            stop("no hex, or too much");
        }
        out[i] = (uint8_t)octet;
    }
    return len;
}

static void key_of(const sealer *s, unsigned epoch, fpl_protect13_key *key)
{
    fpl_secret13 secret = s->secret;
    fpl_traffic_keys13 keys;
    for (unsigned at = FIRST_GENERATION; at < epoch; at++) {
        if (fpl_schedule13_update(&secret) != FPL_STATUS_OK) {
            stop("no successor");
        }
    }
    if (fpl_schedule13_traffic(&secret, s->suite->aead, &keys, NULL) != FPL_STATUS_OK ||
        fpl_protect13_init(key, &keys) != FPL_STATUS_OK) {
        stop("no keys");
    }
}

static size_t seal(const fpl_protect13_key *key, unsigned first, uint64_t seq, const uint8_t *inner, size_t len,
                   uint8_t *out, size_t cap)
{
    size_t header = 1;
    uint8_t nonce[FPL_AEAD_NONCE_LEN];
    uint16_t mask;
    out[0] = (uint8_t)first;
    if ((first & LONG_NUMBER) != 0) {
        out[header++] = (uint8_t)(seq >> 8);
    }
    out[header++] = (uint8_t)seq;
    if ((first & HAS_LENGTH) != 0) {
        fpl_store_u16(out + header, (uint16_t)(len + FPL_AEAD_TAG_LEN));
        header += 2;
    }
    memcpy(nonce, key->aead.iv, sizeof nonce);
    fpl_store_u64(nonce + 4, fpl_load_u64(nonce + 4) ^ seq);
    memcpy(out + header, inner, len);
    if (fpl_aead_seal(&key->aead, nonce, fpl_bytes_of(out, header), out + header, len, cap - header) == 0) {
        stop("nothing sealed");
    }
    mask = fpl_mask13_make(&key->mask, out + header);
    out[1] ^= (uint8_t)(mask >> 8);
    if ((first & LONG_NUMBER) != 0) {
        out[2] ^= (uint8_t)mask;
    }
    return header + len + FPL_AEAD_TAG_LEN;
}

int main(int argc, char **argv)
{
    static char line[80000], hex[40000];
    static uint8_t inner[20000], out[20100];
    sealer s = {NULL, {{0}, FPL_HASH_NONE}};
    for (size_t i = 0; argc == 3 && i < FPL_NUM_CIPHER_SUITE; i++) {
        if (strcmp(fpl_cipher_suite_rows[i].name, argv[1]) == 0) {
            s.suite = &fpl_cipher_suite_rows[i];
        }
    }
    if (s.suite == NULL) {
        stop("SUITE SECRET");
    }
    s.secret.hash = s.suite->hash;
    if (read_hex(argv[2], s.secret.bytes, sizeof s.secret.bytes) != fpl_hash_length(s.suite->hash)) {
        stop("the secret is not as long as the hash");
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        unsigned epoch, form;
        uint64_t seq;
        fpl_protect13_key key;
        size_t len;
        if (sscanf(line, "%u %" SCNu64 " %x %39999s", &epoch, &seq, &form, hex) != 4) {
            stop("a line is EPOCH SEQUENCE FORM INNER");
        }
        key_of(&s, epoch, &key);
        len = seal(&key, form | (epoch & 3), seq, inner, read_hex(hex, inner, sizeof inner), out, sizeof out);
        for (size_t i = 0; i < len; i++) {
            printf("%02x", out[i]);
        }
        putchar('\n');
        fpl_protect13_wipe(&key);
    }
    return 0;
}
