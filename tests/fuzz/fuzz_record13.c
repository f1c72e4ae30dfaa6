/* Any datagram as records of DTLS 1.3: the parser never reads beyond it, always gets on, and nothing opens that nobody
 * sealed. What we seal opens once, says the same, and not again; with any one octet changed it does not open at all. */
#include "record/epochs13.h"

#include "fuzz.h"

#define NUM_AEADS 3

static const fpl_aead aeads[NUM_AEADS] = {FPL_AEAD_AES_128_GCM, FPL_AEAD_AES_256_GCM, FPL_AEAD_CHACHA20_POLY1305};
static fpl_protect13_key keys[NUM_AEADS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < NUM_AEADS; i++) {
        fpl_traffic_keys13 traffic;
        memset(&traffic, (int)(0x40 + i), sizeof traffic);
        traffic.aead = aeads[i];
        FUZZ_CHECK(fpl_protect13_init(&keys[i], &traffic) == FPL_STATUS_OK, "aead %zu", i);
    }
    return 0;
}

/* Each epoch has keys here, and none has sealed anything: a record is dropped for its form or is a forgery, and the window
 * stays. `next` brings the number near any bound. */
static void nobody_sealed(const fpl_record13 *record, size_t which, uint64_t next)
{
    fpl_read_epoch13 epoch;
    fpl_replay       before;
    fpl_plain13      plain;
    fpl_drop         why;
    fpl_read_epoch13_init(&epoch, record->epoch_bits, &keys[which]);
    epoch.replay.next = next;
    before = epoch.replay;
    why = fpl_epoch13_open(&epoch, record, &plain);
    FUZZ_CHECK(why == FPL_DROP_FORGED || why == FPL_DROP_TOO_LONG, "dropped for %d", (int)why);
    FUZZ_CHECK(epoch.forgeries == (why == FPL_DROP_FORGED), "forgeries are counted");
    FUZZ_CHECK(memcmp(&before, &epoch.replay, sizeof before) == 0, "a forgery moved the window");
}

static fpl_drop open_copy(fpl_read_epochs13 *epochs, const uint8_t *sealed, size_t sealed_len, const uint8_t *data,
                          size_t len)
{
    fpl_record13      record;
    fpl_plain13       plain;
    fpl_read_epoch13 *epoch;
    size_t            consumed = 0;
    fpl_drop          why = FPL_DROP_NONE;
    uint8_t          *copy = fuzz_copy(sealed, sealed_len);
    if (fpl_header13_parse(copy, sealed_len, &record, &consumed, &why) == FPL_PARSE_OK) {
        epoch = fpl_read_epochs13_find(epochs, record.epoch_bits);
        why = epoch == NULL ? FPL_DROP_EPOCH : fpl_epoch13_open(epoch, &record, &plain);
    }
    if (why == FPL_DROP_NONE) {
        FUZZ_CHECK(plain.type == FPL_CONTENT_TYPE_APPLICATION_DATA && plain.len == len &&
                       (len == 0 || memcmp(plain.content, data, len) == 0), "what was sealed says something else");
    }
    free(copy);
    return why;
}

static void seal_and_open(const uint8_t *data, size_t len, uint16_t number, uint64_t seq, size_t padding, size_t which)
{
    fpl_write_epoch13  writer;
    fpl_read_epochs13  epochs = {0};
    fpl_protect13_key *gone;
    size_t             written = 0;
    size_t             cap = FPL_PROTECT13_OVERHEAD + len + padding;
    size_t             spoilt;
    uint8_t           *out = malloc(cap);
    FUZZ_CHECK(out != NULL, "memory");
    if (len > 0) {
        memcpy(out + FPL_PROTECT13_PREFIX, data, len);
    }
    fpl_write_epoch13_init(&writer, number, &keys[which]);
    writer.next_seq = seq;
    FUZZ_CHECK(fpl_read_epochs13_add(&epochs, number, &keys[which], &gone) && gone == NULL, "epoch");
    epochs.list[0].replay.next = seq;
    FUZZ_CHECK(fpl_epoch13_seal(&writer, FPL_CONTENT_TYPE_APPLICATION_DATA, out, len, padding, cap, &written) ==
                       FPL_SEAL_OK &&
                   written == cap,
               "seal");
    spoilt = (size_t)(seq % written);
    out[spoilt] ^= 0x01;
    FUZZ_CHECK(open_copy(&epochs, out, written, data, len) != FPL_DROP_NONE, "octet %zu is not authentic", spoilt);
    out[spoilt] ^= 0x01;
    FUZZ_CHECK(open_copy(&epochs, out, written, data, len) == FPL_DROP_NONE, "what was sealed does not open");
    FUZZ_CHECK(open_copy(&epochs, out, written, data, len) == FPL_DROP_REPLAY, "taken twice");
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    uint16_t   number = fuzz_u16(&in);
    uint64_t   seq = (uint64_t)fuzz_u16(&in) << 32 | (uint64_t)fuzz_u16(&in) << 16 | fuzz_u16(&in);
    size_t     padding = fuzz_u8(&in);
    size_t     at = 0;
    uint8_t   *datagram = fuzz_copy(in.data, in.len);
    while (at < in.len) {
        fpl_record13 record;
        size_t       consumed = 0;
        fpl_drop     why = FPL_DROP_NONE;
        fpl_parse    parse = fpl_header13_parse(datagram + at, in.len - at, &record, &consumed, &why);
        FUZZ_CHECK(parse != FPL_PARSE_NONE && consumed > 0 && consumed <= in.len - at, "consumed %zu", consumed);
        FUZZ_CHECK((parse == FPL_PARSE_OK) == (why == FPL_DROP_NONE), "a reason without a drop");
        FUZZ_CHECK(parse != FPL_PARSE_DROP_REST || consumed == in.len - at, "the rest is all of it");
        if (parse == FPL_PARSE_OK) {
            FUZZ_CHECK(record.header == datagram + at && record.body == record.header + record.header_len &&
                           consumed == record.header_len + record.body_len, "not where it was found");
            nobody_sealed(&record, at % NUM_AEADS, at % 2 == 0 ? seq : ~seq);
        }
        at += consumed;
    }
    free(datagram);
    if (in.len + padding <= FPL_RECORD_MAX_PLAINTEXT) {
        seal_and_open(in.data, in.len, number, seq, padding, in.len % NUM_AEADS);
    }
    return 0;
}
