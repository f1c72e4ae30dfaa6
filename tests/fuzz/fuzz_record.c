/* Any datagram as records: the parser never reads beyond it, always gets on, and what it accepts comes out of the
 * writer as it went in. Each record is opened under keys too: with two keys that nobody sealed it with (never
 * authentic), and after being sealed by us (always, once). */
#include "crypto/aead.h"
#include "record/epoch12.h"
#include "record/header12.h"

#include "fuzz.h"

#define KEY_BYTES 64
#define NUM_AEADS 3

static fpl_aead_key keys[NUM_AEADS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const fpl_aead aeads[NUM_AEADS] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_AES_256_GCM, FPL_AEAD_CHACHA20_POLY1305};
    uint8_t               bytes[KEY_BYTES];
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < NUM_AEADS; i++) {
        memset(bytes, (int)(0x40 + i), sizeof bytes);
        FUZZ_CHECK(fpl_aead_init(&keys[i], aeads[i], fpl_bytes_of(bytes, fpl_aead_key_length(aeads[i])),
                                 fpl_bytes_of(bytes, fpl_aead_fixed_iv_length(aeads[i]))) == FPL_STATUS_OK,
                   "aead %zu", i);
    }
    return 0;
}

/* A record that the parser took is written again. */
static void same_header(const fpl_record12 *record)
{
    uint8_t header[FPL_HEADER12_LEN];
    fpl_header12_write(header, record->type, record->version, record->epoch, record->seq, (uint16_t)record->body_len);
    FUZZ_CHECK(memcmp(header, record->header, sizeof header) == 0, "another header");
}

/* Nobody has these keys: the record is either dropped for its form or a forgery, and the window stays. */
static void nobody_sealed(const fpl_record12 *record, size_t which)
{
    fpl_read_epoch epoch;
    fpl_replay     before;
    uint8_t       *plain = NULL;
    size_t         len = 0;
    fpl_read_epoch_init(&epoch, record->epoch, &keys[which]);
    before = epoch.replay;
    FUZZ_CHECK(fpl_epoch12_open(&epoch, record, &plain, &len) != FPL_DROP_NONE, "a forgery was opened");
    FUZZ_CHECK(memcmp(&before, &epoch.replay, sizeof before) == 0, "a forgery moved the window");
}

/* What we seal opens once, says the same, and not again. */
static void seal_and_open(const uint8_t *data, size_t len, uint16_t number, size_t which)
{
    fpl_write_epoch writer;
    fpl_read_epoch  reader;
    fpl_record12    record;
    size_t          prefix;
    size_t          cap;
    size_t          written = 0;
    size_t          consumed = 0;
    uint8_t        *plain = NULL;
    size_t          plain_len = 0;
    fpl_drop        why = FPL_DROP_NONE;
    uint8_t        *out;
    uint8_t        *again;
    fpl_write_epoch_init(&writer, number, &keys[which]);
    fpl_read_epoch_init(&reader, number, &keys[which]);
    prefix = fpl_epoch12_prefix(&writer);
    cap = len + fpl_epoch12_overhead(&writer);
    out = malloc(cap);
    FUZZ_CHECK(out != NULL, "memory");
    if (len > 0) {
        memcpy(out + prefix, data, len);
    }
    FUZZ_CHECK(fpl_epoch12_seal(&writer, FPL_CONTENT_TYPE_APPLICATION_DATA, FPL_RECORD_VERSION_DTLS12, out, len, cap,
                                &written) == FPL_SEAL_OK && written == cap, "seal");
    again = fuzz_copy(out, written);
    FUZZ_CHECK(fpl_header12_parse(out, written, &record, &consumed, &why) == FPL_PARSE_OK && consumed == written, "parse");
    FUZZ_CHECK(fpl_epoch12_open(&reader, &record, &plain, &plain_len) == FPL_DROP_NONE && plain_len == len &&
                   (len == 0 || memcmp(plain, data, len) == 0), "what was sealed does not open");
    FUZZ_CHECK(fpl_header12_parse(again, written, &record, &consumed, &why) == FPL_PARSE_OK, "parse again");
    FUZZ_CHECK(fpl_epoch12_open(&reader, &record, &plain, &plain_len) == FPL_DROP_REPLAY, "taken twice");
    free(again);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *datagram = fuzz_copy(data, size);
    size_t   at = 0;
    while (at < size) {
        fpl_record12 record;
        size_t       consumed = 0;
        fpl_drop     why = FPL_DROP_NONE;
        fpl_parse    parse;
        memset(&record, 0, sizeof record);
        parse = fpl_header12_parse(datagram + at, size - at, &record, &consumed, &why);
        FUZZ_CHECK(parse != FPL_PARSE_NONE && consumed <= size - at, "consumed %zu of %zu", consumed, size - at);
        FUZZ_CHECK((parse == FPL_PARSE_OK) == (why == FPL_DROP_NONE), "a reason without a drop");
        if (parse == FPL_PARSE_DROP_REST) {
            FUZZ_CHECK(consumed == size - at, "the rest is all of it");
            break;
        }
        FUZZ_CHECK(consumed > 0, "stands still");
        if (parse == FPL_PARSE_OK) {
            FUZZ_CHECK(consumed == FPL_HEADER12_LEN + record.body_len && record.body == record.header + FPL_HEADER12_LEN,
                       "not where it was found");
            same_header(&record);
            if (record.epoch > 0) {
                nobody_sealed(&record, at % NUM_AEADS);
            }
        }
        at += consumed;
    }
    if (size <= FPL_RECORD_MAX_PLAINTEXT && size > 0) {
        seal_and_open(data, size, (uint16_t)(1 + data[0]), size % NUM_AEADS);
    }
    free(datagram);
    return 0;
}
