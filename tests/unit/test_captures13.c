/* DTLS 1.3 handshakes of browsers and BoringSSL, with their key logs: every record opens, every Finished
 * and CertificateVerify is right, every record number that is acknowledged was sent. */

#include <stdio.h>

#include "crypto/certificate.h"
#include "crypto/hmac.h"
#include "crypto/schedule13.h"
#include "crypto/scheme.h"
#include "crypto/sign.h"
#include "record/epoch12.h"
#include "record/epochs13.h"
#include "record/number.h"
#include "unit.h"

#define MAX_DATAGRAM 2048
#define MAX_MESSAGES 8
#define MAX_MESSAGE 4096
#define MAX_NUMBERS 64
#define NUM_EPOCHS 4

#define MESSAGE_HEADER_LEN 12
#define TYPE_ACK 26
#define MESSAGE_SERVER_HELLO 2
#define MESSAGE_CERTIFICATE 11
#define MESSAGE_CERTIFICATE_VERIFY 15
#define MESSAGE_FINISHED 20
#define MESSAGE_HASH 254

typedef struct capture {
    const char *name;
    bool has_retry;
    unsigned records[NUM_EPOCHS]; /* both sides together */
} capture;

static const capture kCaptures[] = {
    {"dtls13-client_chromium-server_firefox", false, {3, 0, 11, 17}},
    {"dtls13-client_firefox-server_boringssl-HRR_P256", true, {5, 0, 4, 6}},
    {"dtls13-client_firefox-server_chromium", false, {3, 0, 4, 19}},
};
#define NUM_CAPTURES ((int)(sizeof(kCaptures) / sizeof(kCaptures[0])))

/* A handshake message as its fragments fill it. */
typedef struct message {
    uint8_t type;
    uint16_t epoch;
    size_t len;
    size_t num_known;
    uint8_t body[MAX_MESSAGE];
    bool known[MAX_MESSAGE];
} message;

/* What one side said. */
typedef struct side {
    fpl_read_epochs13 epochs;
    fpl_protect13_key keys[2];
    fpl_secret13 finished;
    message messages[MAX_MESSAGES];
    size_t num_messages;
    bool sent[NUM_EPOCHS][MAX_NUMBERS];
    unsigned records[NUM_EPOCHS];
    unsigned acknowledged;
} side;

enum { CLIENT, SERVER };
static side sides[2];

static uint32_t load_u24(const uint8_t *in)
{
    return ((uint32_t)in[0] << 16) | fpl_load_u16(in + 1);
}

static FILE *open_file(const char *name, const char *ending)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/captures/%s.%s", FPL_TEST_DATA, name, ending);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    return file;
}

/* add_epoch gives `from` the keys of a traffic secret. */
static void add_epoch(side *from, uint16_t number, const fpl_secret13 *secret)
{
    fpl_traffic_keys13 keys;
    fpl_secret13 finished;
    fpl_protect13_key *key = &from->keys[number - 2];
    fpl_protect13_key *gone;
    ck_assert_int_eq(fpl_schedule13_traffic(secret, FPL_AEAD_AES_128_GCM, &keys, &finished), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_protect13_init(key, &keys), FPL_STATUS_OK);
    ck_assert(fpl_read_epochs13_add(&from->epochs, number, key, &gone));
    if (number == 2) {
        from->finished = finished;
    }
}

static void read_key_log(const char *name)
{
    static const char *const kLabels[] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                                          "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"};
    char line[512];
    unsigned found = 0;
    FILE *file = open_file(name, "keylog");
    while (fgets(line, sizeof(line), file) != NULL) {
        char label[64];
        char hex[65];
        if (line[0] == '#' || sscanf(line, "%63s %*64s %64s", label, hex) != 2) {
            continue;
        }
        for (unsigned i = 0; i < 4; i++) {
            if (strcmp(label, kLabels[i]) == 0) {
                fpl_secret13 secret = {.hash = FPL_HASH_SHA256};
                unit_hex(hex, secret.bytes, sizeof(secret.bytes));
                add_epoch(&sides[i % 2], (uint16_t)(2 + i / 2), &secret);
                found++;
            }
        }
    }
    (void)fclose(file);
    ck_assert_uint_eq(found, 4);
}

/* take_fragment puts one fragment in its place and returns its length. */
static size_t take_fragment(side *from, uint16_t epoch, const uint8_t *data, size_t len)
{
    ck_assert_uint_ge(len, MESSAGE_HEADER_LEN);
    uint16_t seq = fpl_load_u16(data + 4);
    size_t offset = load_u24(data + 6);
    size_t part = load_u24(data + 9);
    ck_assert_uint_lt(seq, MAX_MESSAGES);
    message *m = &from->messages[seq];
    if (seq == from->num_messages) {
        from->num_messages++;
        m->type = data[0];
        m->len = load_u24(data + 1);
        m->epoch = epoch;
    }
    ck_assert_uint_lt(seq, from->num_messages);
    ck_assert_uint_eq(m->type, data[0]);
    ck_assert_uint_eq(m->len, load_u24(data + 1));
    ck_assert_uint_eq(m->epoch, epoch);
    ck_assert_uint_le(m->len, MAX_MESSAGE);
    ck_assert_uint_le(offset + part, m->len);
    ck_assert_uint_le(MESSAGE_HEADER_LEN + part, len);
    for (size_t i = 0; i < part; i++) {
        if (!m->known[offset + i]) {
            m->known[offset + i] = true;
            m->num_known++;
            m->body[offset + i] = data[MESSAGE_HEADER_LEN + i];
        }
        ck_assert_uint_eq(m->body[offset + i], data[MESSAGE_HEADER_LEN + i]);
    }
    return MESSAGE_HEADER_LEN + part;
}

/* take_ack looks for each record that is acknowledged (RFC 9147 section 7). */
static void take_ack(side *from, const side *to, const uint8_t *data, size_t len)
{
    ck_assert_uint_ge(len, 2);
    ck_assert_uint_eq(fpl_load_u16(data), len - 2);
    ck_assert_uint_eq((len - 2) % 16, 0);
    for (size_t at = 2; at < len; at += 16) {
        uint64_t epoch = fpl_load_u64(data + at);
        uint64_t seq = fpl_load_u64(data + at + 8);
        ck_assert_uint_lt(epoch, NUM_EPOCHS);
        ck_assert_uint_lt(seq, MAX_NUMBERS);
        ck_assert_msg(to->sent[epoch][seq], "record %u of epoch %u was never sent", (unsigned)seq,
                      (unsigned)epoch);
        from->acknowledged++;
    }
}

static void take_content(side *from, const side *to, uint16_t epoch, uint64_t seq, fpl_content_type type,
                         const uint8_t *data, size_t len)
{
    ck_assert_uint_lt(seq, MAX_NUMBERS);
    from->sent[epoch][seq] = true;
    from->records[epoch]++;
    if (type == FPL_CONTENT_TYPE_HANDSHAKE) {
        ck_assert_uint_gt(len, 0);
        for (size_t at = 0; at < len;) {
            at += take_fragment(from, epoch, data + at, len - at);
        }
    } else if (type == TYPE_ACK) {
        take_ack(from, to, data, len);
    } else {
        ck_assert(type == FPL_CONTENT_TYPE_ALERT || type == FPL_CONTENT_TYPE_APPLICATION_DATA);
    }
}

static size_t take_plaintext(side *from, const side *to, uint8_t *data, size_t len)
{
    fpl_record12 record;
    size_t consumed;
    fpl_drop why;
    ck_assert_int_eq(fpl_header12_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
    ck_assert_uint_eq(record.epoch, 0);
    take_content(from, to, 0, record.seq, record.type, record.body, record.body_len);
    return consumed;
}

static size_t take_protected(side *from, const side *to, uint8_t *data, size_t len)
{
    uint8_t again[MAX_DATAGRAM];
    fpl_record13 record;
    size_t consumed;
    fpl_drop why;
    fpl_plain13 plain;
    memcpy(again, data, len);
    ck_assert_int_eq(fpl_header13_parse(data, len, &record, &consumed, &why), FPL_PARSE_OK);
    fpl_read_epoch13 *epoch = fpl_read_epochs13_find(&from->epochs, record.epoch_bits);
    ck_assert_ptr_nonnull(epoch);
    ck_assert_int_eq(fpl_epoch13_open(epoch, &record, &plain), FPL_DROP_NONE);
    take_content(from, to, epoch->number, plain.seq, plain.type, plain.content, plain.len);
    /* Nobody here sent a record twice, so it opens once. */
    ck_assert_int_eq(fpl_header13_parse(again, len, &record, &consumed, &why), FPL_PARSE_OK);
    ck_assert_int_eq(fpl_epoch13_open(epoch, &record, &plain), FPL_DROP_REPLAY);
    return consumed;
}

static void read_datagrams(const char *name)
{
    static char line[2 * MAX_DATAGRAM + 64];
    static char hex[2 * MAX_DATAGRAM + 1];
    static uint8_t datagram[MAX_DATAGRAM];
    FILE *file = open_file(name, "txt");
    while (fgets(line, sizeof(line), file) != NULL) {
        char who;
        ck_assert_int_eq(sscanf(line, "%c>%*c +%*s %4096s", &who, hex), 2);
        side *from = &sides[who == 'C' ? CLIENT : SERVER];
        side *to = &sides[who == 'C' ? SERVER : CLIENT];
        size_t len = unit_hex(hex, datagram, sizeof(datagram));
        for (size_t at = 0; at < len;) {
            at += fpl_header13_begins(datagram[at]) ? take_protected(from, to, datagram + at, len - at)
                                                    : take_plaintext(from, to, datagram + at, len - at);
        }
    }
    (void)fclose(file);
}

/* A transcript has TLS's message headers, without DTLS's numbers and fragments (RFC 9147 section 5.2). */
static void append(fpl_running_hash *transcript, uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t header[4] = {type, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    fpl_hash_update(transcript, fpl_bytes_of(header, sizeof(header)));
    fpl_hash_update(transcript, fpl_bytes_of(body, len));
}

static void append_message(fpl_running_hash *transcript, const message *m)
{
    append(transcript, m->type, m->body, m->len);
}

/* start_over puts the hash of the first ClientHello in its place (RFC 8446 section 4.4.1). */
static void start_over(fpl_running_hash *transcript)
{
    uint8_t hash[FPL_HASH_MAX_LEN];
    size_t len = fpl_hash_digest(transcript, hash);
    ck_assert_int_eq(fpl_hash_init(transcript, FPL_HASH_SHA256), FPL_STATUS_OK);
    append(transcript, MESSAGE_HASH, hash, len);
}

static void check_finished(const side *from, const fpl_running_hash *transcript, const message *m)
{
    uint8_t hash[FPL_HASH_MAX_LEN];
    uint8_t expected[FPL_HASH_MAX_LEN];
    size_t len = fpl_hash_digest(transcript, hash);
    ck_assert_int_eq(fpl_schedule13_verify_data(&from->finished, fpl_bytes_of(hash, len), expected),
                     FPL_STATUS_OK);
    ck_assert_uint_eq(m->len, len);
    ck_assert(fpl_equal(expected, m->body, len));
}

/* check_signature is RFC 8446 section 4.4.3; `certificate` is the message before. */
static void check_signature(int who, const fpl_running_hash *transcript, const message *certificate,
                            const message *m)
{
    const char *context =
        who == CLIENT ? "TLS 1.3, client CertificateVerify" : "TLS 1.3, server CertificateVerify";
    uint8_t content[64 + 34 + FPL_HASH_MAX_LEN];
    uint8_t digest[FPL_HASH_MAX_LEN];
    size_t context_len = strlen(context) + 1; /* with its zero */
    memset(content, 0x20, 64);
    memcpy(content + 64, context, context_len);
    size_t len = 64 + context_len + fpl_hash_digest(transcript, content + 64 + context_len);
    fpl_signature_scheme scheme = fpl_load_u16(m->body);
    ck_assert_uint_eq(scheme, FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256);
    ck_assert_uint_eq(fpl_load_u16(m->body + 2), m->len - 4);
    size_t digest_len = fpl_hash_once(fpl_scheme_hash(scheme), fpl_bytes_of(content, len), digest);

    fpl_certificate leaf;
    ck_assert_int_eq(certificate->type, MESSAGE_CERTIFICATE);
    ck_assert_uint_eq(certificate->body[0], 0); /* no request context */
    ck_assert_int_eq(fpl_certificate_parse(fpl_bytes_of(certificate->body + 7, load_u24(certificate->body + 4)),
                                           &leaf),
                     FPL_CERTIFICATE_OK);
    fpl_bytes signature = fpl_bytes_of(m->body + 4, m->len - 4);
    ck_assert_int_eq(fpl_verify(leaf.key, fpl_bytes_of(digest, digest_len), signature), FPL_SIGNATURE_GOOD);
    digest[0] ^= 1;
    ck_assert_int_eq(fpl_verify(leaf.key, fpl_bytes_of(digest, digest_len), signature), FPL_SIGNATURE_BAD);
    fpl_certificate_wipe(&leaf);
}

/* check_flight goes through what a side said under the keys of the handshake. */
static void check_flight(int who, size_t first, fpl_running_hash *transcript)
{
    const side *from = &sides[who];
    bool has_signature = false;
    bool has_finished = false;
    for (size_t i = first; i < from->num_messages; i++) {
        const message *m = &from->messages[i];
        ck_assert_uint_eq(m->epoch, 2);
        ck_assert_uint_eq(m->num_known, m->len);
        ck_assert(!has_finished);
        if (m->type == MESSAGE_CERTIFICATE_VERIFY) {
            check_signature(who, transcript, &from->messages[i - 1], m);
            has_signature = true;
        } else if (m->type == MESSAGE_FINISHED) {
            check_finished(from, transcript, m);
            has_finished = true;
        }
        append_message(transcript, m);
    }
    ck_assert(has_signature);
    ck_assert(has_finished);
}

/* is_retry knows a HelloRetryRequest by its random (RFC 8446 section 4.1.3). */
static bool is_retry(const message *m)
{
    static const char kText[] = "HelloRetryRequest";
    uint8_t random[FPL_HASH_MAX_LEN];
    (void)fpl_hash_once(FPL_HASH_SHA256, fpl_bytes_of((const uint8_t *)kText, sizeof(kText) - 1), random);
    return m->type == MESSAGE_SERVER_HELLO && memcmp(m->body + 2, random, 32) == 0;
}

START_TEST(everything_opens_and_verifies)
{
    const capture *c = &kCaptures[_i];
    fpl_running_hash transcript;
    memset(sides, 0, sizeof(sides));
    read_key_log(c->name);
    read_datagrams(c->name);
    for (size_t epoch = 0; epoch < NUM_EPOCHS; epoch++) {
        ck_assert_uint_eq(sides[CLIENT].records[epoch] + sides[SERVER].records[epoch], c->records[epoch]);
    }
    ck_assert_uint_gt(sides[SERVER].acknowledged, 0);

    ck_assert_int_eq(fpl_hash_init(&transcript, FPL_HASH_SHA256), FPL_STATUS_OK);
    append_message(&transcript, &sides[CLIENT].messages[0]);
    size_t next = 0;
    ck_assert_int_eq(is_retry(&sides[SERVER].messages[0]), c->has_retry);
    if (c->has_retry) {
        start_over(&transcript);
        append_message(&transcript, &sides[SERVER].messages[0]);
        next++;
        append_message(&transcript, &sides[CLIENT].messages[next]);
    }
    append_message(&transcript, &sides[SERVER].messages[next]);
    next++;
    check_flight(SERVER, next, &transcript);
    check_flight(CLIENT, next, &transcript);

    for (int who = 0; who < 2; who++) {
        while (sides[who].epochs.num > 0) {
            (void)fpl_read_epochs13_remove(&sides[who].epochs, sides[who].epochs.list[0].number);
        }
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, everything_opens_and_verifies, 0, NUM_CAPTURES);
}

UNIT_MAIN("captures of DTLS 1.3", tests)
