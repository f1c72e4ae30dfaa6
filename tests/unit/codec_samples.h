/* Real handshake messages for the tests of the codecs: tests/data/messages.txt, one a line. */
#ifndef FPL_TESTS_UNIT_CODEC_SAMPLES_H
#define FPL_TESTS_UNIT_CODEC_SAMPLES_H

#include <stdio.h>

#include "unit.h"

#include "fpl_messages.h"

#ifndef FPL_TEST_DATA
#define FPL_TEST_DATA "tests/data"
#endif

/* assert_name compares a string that only people read, and that FPL_NO_NAMES leaves out. */
#ifdef FPL_NO_NAMES
#define assert_name(name, text) ck_assert((name) == NULL && (text) != NULL)
#define assert_named(name) ck_assert_ptr_null(name)
#else
#define assert_name(name, text) ck_assert_str_eq((name), (text))
#define assert_named(name) ck_assert_ptr_nonnull(name)
#endif

#define MAX_SAMPLES 128

/* sample is one body as it was on the wire, in memory of exactly its size so that sanitizers see overreads. */
typedef struct sample {
    uint8_t id;       /* fpl_message_id */
    uint8_t type;     /* HandshakeType */
    uint8_t *data;    /* never NULL */
    size_t len;
    uint64_t argument;
} sample;

static sample samples[MAX_SAMPLES];
static size_t num_samples;

/* argument_of is what a `select` of the message wants: every capture is of ECDHE_ECDSA. */
static inline uint64_t argument_of(uint8_t id)
{
    return id == FPL_MESSAGE_SERVER_KEY_EXCHANGE || id == FPL_MESSAGE_CLIENT_KEY_EXCHANGE
               ? FPL_KEY_EXCHANGE_ALGORITHM_ECDHE_ECDSA
               : 0;
}

/* exact_copy returns |len| octets in memory of that size. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    ck_assert_ptr_nonnull(copy);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    return copy;
}

static inline void load_samples(void)
{
    static char line[16384];
    static char hex[16384];
    static uint8_t body[8192];
    FILE *file = fopen(FPL_TEST_DATA "/messages.txt", "r");
    ck_assert_msg(file != NULL, "no " FPL_TEST_DATA "/messages.txt");
    num_samples = 0;
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned type;
        unsigned minor;
        sample *s = &samples[num_samples];
        if (line[0] == '#') {
            continue;
        }
        ck_assert_uint_lt(num_samples, MAX_SAMPLES);
        ck_assert_int_eq(sscanf(line, "dtls1%u-%*s %*s %u %16383s", &minor, &type, hex), 3);
        s->type = (uint8_t)type;
        s->id = fpl_message_find(minor == 3 ? FPL_VERSION_DTLS13 : FPL_VERSION_DTLS12, s->type);
        ck_assert_uint_ne(s->id, FPL_MESSAGE_NONE);
        s->len = hex[0] == '-' ? 0 : unit_hex(hex, body, sizeof(body));
        s->data = exact_copy(body, s->len);
        s->argument = argument_of(s->id);
        num_samples++;
    }
    (void)fclose(file);
    ck_assert_uint_gt(num_samples, 40);
}

static inline void free_samples(void)
{
    for (size_t i = 0; i < num_samples; i++) {
        free(samples[i].data);
    }
    num_samples = 0;
}

/* decode_bytes decodes; |r| tells why not. */
static inline bool decode_bytes(fpl_message *msg, const sample *s, const uint8_t *data, size_t len, fpl_reader *r)
{
    memset(msg, 0xa5, sizeof(*msg));
    return fpl_message_decode(msg, s->id, s->argument, fpl_bytes_of(data, len), r);
}

/* first_sample returns the first sample of a message. */
static inline const sample *first_sample(uint8_t id)
{
    for (size_t i = 0; i < num_samples; i++) {
        if (samples[i].id == id) {
            return &samples[i];
        }
    }
    ck_abort_msg("no sample of that message");
    return NULL;
}

#endif
