/* generated/fpl_messages.c on messages that browsers and OpenSSL sent: what is decoded is encoded again byte
 * for byte, and nothing malformed passes (HC-01, HC-02, HC-03 of the security catalogue). */
#include "codec_samples.h"

/* refused asserts that decoding failed as a malformed message fails. */
static void refused(const fpl_message *msg, const fpl_reader *r, const char *what, const sample *s, size_t at)
{
    ck_assert_msg(r->alert == FPL_ALERT_DESCRIPTION_DECODE_ERROR || r->alert == FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER,
                  "%s at %zu of message type %u: alert %u", what, at, s->type, r->alert);
    assert_named(r->where);
    ck_assert_uint_eq(msg->id, FPL_MESSAGE_NONE);
}

static bool encode(fpl_writer *w, const fpl_message *msg)
{
    switch ((fpl_message_id)msg->id) {
    case FPL_MESSAGE_CERTIFICATE12:
        return fpl_encode_certificate12(w, &msg->as.certificate12);
    case FPL_MESSAGE_SERVER_KEY_EXCHANGE:
        return fpl_encode_server_key_exchange(w, &msg->as.server_key_exchange);
    case FPL_MESSAGE_CLIENT_KEY_EXCHANGE:
        return fpl_encode_client_key_exchange(w, &msg->as.client_key_exchange);
    case FPL_MESSAGE_CERTIFICATE_REQUEST12:
        return fpl_encode_certificate_request12(w, &msg->as.certificate_request12);
    case FPL_MESSAGE_SERVER_HELLO_DONE:
        return fpl_encode_server_hello_done(w, &msg->as.server_hello_done);
    case FPL_MESSAGE_CERTIFICATE_VERIFY:
        return fpl_encode_certificate_verify(w, &msg->as.certificate_verify);
    case FPL_MESSAGE_FINISHED:
        return fpl_encode_finished(w, &msg->as.finished);
    case FPL_MESSAGE_CLIENT_HELLO:
        return fpl_encode_client_hello(w, &msg->as.client_hello);
    case FPL_MESSAGE_SERVER_HELLO:
        return fpl_encode_server_hello(w, &msg->as.server_hello);
    case FPL_MESSAGE_HELLO_VERIFY_REQUEST:
        return fpl_encode_hello_verify_request(w, &msg->as.hello_verify_request);
    case FPL_MESSAGE_HELLO_REQUEST:
        return fpl_encode_hello_request(w, &msg->as.hello_request);
    case FPL_MESSAGE_ALERT:
        return fpl_encode_alert(w, &msg->as.alert);
    case FPL_MESSAGE_CHANGE_CIPHER_SPEC:
        return fpl_encode_change_cipher_spec(w, &msg->as.change_cipher_spec);
    case FPL_MESSAGE_CERTIFICATE13:
        return fpl_encode_certificate13(w, &msg->as.certificate13);
    case FPL_MESSAGE_CERTIFICATE_REQUEST13:
        return fpl_encode_certificate_request13(w, &msg->as.certificate_request13);
    case FPL_MESSAGE_ENCRYPTED_EXTENSIONS:
        return fpl_encode_encrypted_extensions(w, &msg->as.encrypted_extensions);
    case FPL_MESSAGE_NEW_SESSION_TICKET:
        return fpl_encode_new_session_ticket(w, &msg->as.new_session_ticket);
    case FPL_MESSAGE_KEY_UPDATE:
        return fpl_encode_key_update(w, &msg->as.key_update);
    case FPL_MESSAGE_ACK:
        return fpl_encode_ack(w, &msg->as.ack);
    case FPL_MESSAGE_NONE:
    default:
        ck_abort_msg("a message without an encoder here");
        return false;
    }
}

START_TEST(decoding_and_encoding_is_identity)
{
    for (size_t i = 0; i < num_samples; i++) {
        const sample *s = &samples[i];
        uint8_t out[4096];
        fpl_writer w = fpl_writer_of(out, sizeof(out));
        fpl_message msg;
        fpl_reader r;
        ck_assert_msg(decode_bytes(&msg, s, s->data, s->len, &r), "type %u: alert %u", s->type, r.alert);
        ck_assert_uint_eq(msg.id, s->id);
        ck_assert_uint_eq(msg.type, s->type);
        ck_assert_ptr_eq(msg.raw.data, s->data);
        ck_assert_uint_eq(msg.raw.len, s->len);
        ck_assert_uint_eq(r.alert, 0);
        ck_assert(encode(&w, &msg));
        ck_assert_uint_eq(w.len, s->len);
        ck_assert_mem_eq(out, s->data, s->len);
    }
}
END_TEST

START_TEST(a_writer_too_small_fails_and_never_overflows)
{
    for (size_t i = 0; i < num_samples; i++) {
        const sample *s = &samples[i];
        fpl_message msg;
        fpl_reader r;
        ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
        for (size_t cap = 0; cap < s->len; cap++) {
            uint8_t *out = malloc(cap + 1);
            fpl_writer w = fpl_writer_of(out, cap);
            out[cap] = 0x5a;
            ck_assert(!encode(&w, &msg));
            ck_assert(!fpl_writer_ok(&w));
            ck_assert_uint_eq(out[cap], 0x5a);
            free(out);
        }
    }
}
END_TEST

/* ends_by_itself tells whether a message says how long it is; a Finished is as long as its hash, which the step knows
 * that checks it. */
static bool ends_by_itself(const sample *s)
{
    return s->id != FPL_MESSAGE_FINISHED;
}

START_TEST(truncation_at_every_byte_is_refused)
{
    for (size_t i = 0; i < num_samples; i++) {
        const sample *s = &samples[i];
        fpl_message msg;
        fpl_reader r;
        fpl_bytes extensions;
        size_t may_end = SIZE_MAX; /* a hello may leave its extensions out */
        if (!ends_by_itself(s)) {
            continue;
        }
        ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
        if ((s->id == FPL_MESSAGE_CLIENT_HELLO || s->id == FPL_MESSAGE_SERVER_HELLO) &&
            fpl_message_extensions(&msg, &extensions)) {
            may_end = s->len - extensions.len - 2;
        }
        for (size_t len = 0; len < s->len; len++) {
            uint8_t *cut = exact_copy(s->data, len);
            const bool taken = decode_bytes(&msg, s, cut, len, &r);
            ck_assert_msg(taken == (len == may_end), "type %u cut at %zu of %zu", s->type, len, s->len);
            if (taken) {
                ck_assert(!fpl_message_extensions(&msg, &extensions));
                ck_assert_uint_eq(extensions.len, 0);
            } else {
                refused(&msg, &r, "cut", s, len);
            }
            free(cut);
        }
    }
}
END_TEST

START_TEST(trailing_bytes_are_refused)
{
    for (size_t i = 0; i < num_samples; i++) {
        const sample *s = &samples[i];
        for (unsigned octet = 0; ends_by_itself(s) && octet < 256; octet += 51) {
            uint8_t *longer = malloc(s->len + 1);
            fpl_message msg;
            fpl_reader r;
            memcpy(longer, s->data, s->len);
            longer[s->len] = (uint8_t)octet;
            ck_assert_msg(!decode_bytes(&msg, s, longer, s->len + 1, &r), "type %u", s->type);
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
            assert_named(r.where);
            free(longer);
        }
    }
}
END_TEST

START_TEST(a_body_without_fields_is_empty)
{
    static const uint8_t one[] = {0};
    fpl_message msg;
    fpl_reader r;
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_HELLO_REQUEST, 0, fpl_bytes_none(), &r));
    ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_HELLO_REQUEST, 0, fpl_bytes_of(one, 1), &r));
    ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
}
END_TEST

/* --- HC-01: every length field wrong ----------------------------------------------------------- */

typedef struct prefix {
    size_t at;
    size_t width;
    bool shifting; /* what follows may, by chance, be read as other extensions that fill the list exactly */
} prefix;

static size_t num_prefixes;
static prefix prefixes[256];

static void note_as(const sample *s, fpl_bytes view, size_t width, bool shifting)
{
    ck_assert_uint_lt(num_prefixes, sizeof(prefixes) / sizeof(prefixes[0]));
    prefixes[num_prefixes].at = (size_t)(view.data - s->data) - width;
    prefixes[num_prefixes].width = width;
    prefixes[num_prefixes].shifting = shifting;
    num_prefixes++;
}

static void note(const sample *s, fpl_bytes view, size_t width)
{
    note_as(s, view, width, false);
}

static void note_extensions(const sample *s, fpl_bytes list)
{
    fpl_extension item;
    note(s, list, 2);
    while (fpl_extension_next(&list, &item)) {
        note_as(s, item.extension_data, 2, true);
    }
}

/* find_prefixes lists where the length fields of a decoded message stand. */
static void find_prefixes(const sample *s, const fpl_message *msg)
{
    fpl_bytes list;
    fpl_certificate12_entry certificate;
    fpl_certificate_entry entry13;
    fpl_distinguished_name name;
    num_prefixes = 0;
    switch ((fpl_message_id)msg->id) {
    case FPL_MESSAGE_CLIENT_HELLO:
        note(s, msg->as.client_hello.legacy_session_id, 1);
        note(s, msg->as.client_hello.legacy_cookie, 1);
        note(s, msg->as.client_hello.cipher_suites, 2);
        note(s, msg->as.client_hello.legacy_compression_methods, 1);
        note_extensions(s, msg->as.client_hello.extensions);
        break;
    case FPL_MESSAGE_SERVER_HELLO:
        note(s, msg->as.server_hello.legacy_session_id_echo, 1);
        note_extensions(s, msg->as.server_hello.extensions);
        break;
    case FPL_MESSAGE_HELLO_VERIFY_REQUEST:
        note(s, msg->as.hello_verify_request.cookie, 1);
        break;
    case FPL_MESSAGE_CERTIFICATE12:
        list = msg->as.certificate12.certificate_list;
        note(s, list, 3);
        while (fpl_certificate12_entry_next(&list, &certificate)) {
            note(s, certificate.cert_data, 3);
        }
        break;
    case FPL_MESSAGE_SERVER_KEY_EXCHANGE:
        note(s, msg->as.server_key_exchange.as.ecdhe_ecdsa.params.public, 1);
        note(s, msg->as.server_key_exchange.as.ecdhe_ecdsa.signature, 2);
        break;
    case FPL_MESSAGE_CLIENT_KEY_EXCHANGE:
        note(s, msg->as.client_key_exchange.as.ecdhe_ecdsa.public, 1);
        break;
    case FPL_MESSAGE_CERTIFICATE_REQUEST12:
        list = msg->as.certificate_request12.certificate_authorities;
        note(s, msg->as.certificate_request12.certificate_types, 1);
        note(s, msg->as.certificate_request12.supported_signature_algorithms, 2);
        note(s, list, 2);
        while (fpl_distinguished_name_next(&list, &name)) {
            note(s, name.name, 2);
        }
        break;
    case FPL_MESSAGE_CERTIFICATE_VERIFY:
        note(s, msg->as.certificate_verify.signature, 2);
        break;
    case FPL_MESSAGE_CERTIFICATE13:
        note(s, msg->as.certificate13.certificate_request_context, 1);
        list = msg->as.certificate13.certificate_list;
        note(s, list, 3);
        while (fpl_certificate_entry_next(&list, &entry13)) {
            note(s, entry13.cert_data, 3);
            note_extensions(s, entry13.extensions);
        }
        break;
    case FPL_MESSAGE_CERTIFICATE_REQUEST13:
        note(s, msg->as.certificate_request13.certificate_request_context, 1);
        note_extensions(s, msg->as.certificate_request13.extensions);
        break;
    case FPL_MESSAGE_ENCRYPTED_EXTENSIONS:
        note_extensions(s, msg->as.encrypted_extensions.extensions);
        break;
    case FPL_MESSAGE_NEW_SESSION_TICKET:
        note(s, msg->as.new_session_ticket.ticket_nonce, 1);
        note(s, msg->as.new_session_ticket.ticket, 2);
        note_extensions(s, msg->as.new_session_ticket.extensions);
        break;
    case FPL_MESSAGE_ACK:
        note(s, msg->as.ack.record_numbers, 2);
        break;
    case FPL_MESSAGE_KEY_UPDATE:
    case FPL_MESSAGE_NONE:
    case FPL_MESSAGE_SERVER_HELLO_DONE:
    case FPL_MESSAGE_FINISHED:
    case FPL_MESSAGE_HELLO_REQUEST:
    case FPL_MESSAGE_ALERT:
    case FPL_MESSAGE_CHANGE_CIPHER_SPEC:
    default:
        break;
    }
}

START_TEST(every_length_field_is_believed_only_when_right)
{
    size_t tried = 0;
    size_t shifted = 0;
    for (size_t i = 0; i < num_samples; i++) {
        const sample *s = &samples[i];
        fpl_message msg;
        fpl_reader r;
        ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
        find_prefixes(s, &msg);
        for (size_t p = 0; p < num_prefixes; p++) {
            const uint64_t max = (UINT64_C(1) << 8 * prefixes[p].width) - 1;
            uint64_t right = 0;
            for (size_t k = 0; k < prefixes[p].width; k++) {
                right = right << 8 | s->data[prefixes[p].at + k];
            }
            const uint64_t wrong[] = {right - 1, right + 1, 0, max};
            for (size_t k = 0; k < sizeof(wrong) / sizeof(wrong[0]); k++) {
                uint8_t *copy;
                if (wrong[k] > max || wrong[k] == right) {
                    continue;
                }
                copy = exact_copy(s->data, s->len);
                fpl_put_uint(copy + prefixes[p].at, prefixes[p].width, wrong[k]);
                tried++;
                if (decode_bytes(&msg, s, copy, s->len, &r)) {
                    ck_assert_msg(prefixes[p].shifting, "sample %zu (type %u): length %llu for %llu at %zu", i, s->type,
                                  (unsigned long long)wrong[k], (unsigned long long)right, prefixes[p].at);
                    shifted++;
                } else {
                    refused(&msg, &r, "length", s, prefixes[p].at);
                }
                free(copy);
            }
        }
    }
    ck_assert_uint_gt(tried, 1000);
    ck_assert_uint_lt(shifted, tried / 50);
}
END_TEST

/* Changed at random, a message is refused or still means exactly its bytes: nothing is skipped or made up. */
START_TEST(what_is_decoded_after_mutation_is_encoded_again)
{
    uint32_t random = 2463534242u; /* xorshift */
    size_t taken = 0;
    for (size_t round = 0; round < 40000; round++) {
        const sample *s = &samples[round % num_samples];
        uint8_t *copy;
        uint8_t out[4096];
        fpl_writer w = fpl_writer_of(out, sizeof(out));
        fpl_message msg;
        fpl_reader r;
        if (s->len == 0) {
            continue;
        }
        copy = exact_copy(s->data, s->len);
        for (size_t changes = 0; changes <= round % 3; changes++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            copy[random % s->len] = (uint8_t)(random >> 24);
        }
        if (decode_bytes(&msg, s, copy, s->len, &r)) {
            ck_assert(encode(&w, &msg));
            ck_assert_uint_eq(w.len, s->len);
            ck_assert_mem_eq(out, copy, s->len);
            taken++;
        } else {
            refused(&msg, &r, "mutation", s, round);
        }
        free(copy);
    }
    ck_assert_uint_gt(taken, 1000);
    ck_assert_uint_lt(taken, 39000);
}
END_TEST

/* HC-03, and the bounds of the other lists: built from a hello that passes. */
START_TEST(lists_have_bounds_and_whole_elements)
{
    static const uint8_t zeros[65536];
    const sample *s = first_sample(FPL_MESSAGE_CLIENT_HELLO);
    static const size_t odd[] = {1, 3, 27, 65535};
    static uint8_t out[131072];
    fpl_message msg;
    fpl_reader r;
    fpl_client_hello hello;
    ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
    hello = msg.as.client_hello;
    hello.has_extensions = false;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        /* The writer keeps the bounds but not the elements, so the length is written by hand. */
        fpl_writer w = fpl_writer_of(out, sizeof(out));
        (void)fpl_write_uint(&w, 2, hello.legacy_version);
        (void)fpl_write_bytes(&w, hello.random.data, 32);
        (void)fpl_write_uint(&w, 2, 0);
        (void)fpl_write_vector(&w, 2, fpl_bytes_of(zeros, odd[i]));
        (void)fpl_write_uint(&w, 2, 0x0100);
        ck_assert(fpl_writer_ok(&w));
        ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_CLIENT_HELLO, 0, fpl_bytes_of(out, w.len), &r));
        ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
        assert_name(r.where, "ClientHello.cipher_suites");
    }
}
END_TEST

#define ACK_ENTRY "00000000000000020000000000000007"
#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"

/* The least and the most that each vector may hold: RFC 5246's T<a..b>, one octet to either side. */
static const struct {
    uint8_t id;
    const char *hex;
    const char *where; /* NULL: passes */
} bounds[] = {
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0002c02b" "0100", NULL},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "20" ZEROS32 "00" "0002c02b" "0100" "0000", NULL},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "21" ZEROS32 "00" "00" "0002c02b" "0100", "ClientHello.legacy_session_id"},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0000" "0100", "ClientHello.cipher_suites"},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0002c02b" "00", "ClientHello.legacy_compression_methods"},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0002c02b" "0100" "00", "ClientHello.extensions"},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0002c02b" "0100" "0003000a00", "Extension.extension_data"},
    {FPL_MESSAGE_CLIENT_HELLO, "fefd" ZEROS32 "00" "00" "0002c02b" "0100" "000100", "Extension.extension_type"},
    {FPL_MESSAGE_SERVER_HELLO, "fefd" ZEROS32 "20" ZEROS32 "c02b" "00", NULL},
    {FPL_MESSAGE_SERVER_HELLO, "fefd" ZEROS32 "21" ZEROS32 "00" "c02b" "00", "ServerHello.legacy_session_id_echo"},
    {FPL_MESSAGE_CERTIFICATE12, "000000", NULL},
    {FPL_MESSAGE_CERTIFICATE12, "000004" "00000130", NULL},
    {FPL_MESSAGE_CERTIFICATE12, "000003" "000000", "Certificate12Entry.cert_data"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST12, "0140" "00020403" "0000", NULL},
    {FPL_MESSAGE_CERTIFICATE_REQUEST12, "00" "00020403" "0000", "CertificateRequest12.certificate_types"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST12, "0140" "0000" "0000", "CertificateRequest12.supported_signature_algorithms"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST12, "0140" "0003040300" "0000", "CertificateRequest12.supported_signature_algorithms"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST12, "0140" "00020403" "00020000", "DistinguishedName.name"},
    {FPL_MESSAGE_CLIENT_KEY_EXCHANGE, "0104", NULL},
    {FPL_MESSAGE_CLIENT_KEY_EXCHANGE, "00", "ClientKeyExchange.public"},
    {FPL_MESSAGE_SERVER_KEY_EXCHANGE, "03001d00" "0403" "0000", "ServerECDHParams.public"},
    {FPL_MESSAGE_SERVER_KEY_EXCHANGE, "03001d20" ZEROS32 "0403" "0000", NULL},
    {FPL_MESSAGE_CERTIFICATE_VERIFY, "0403" "0000", NULL},
    {FPL_MESSAGE_HELLO_VERIFY_REQUEST, "feff" "00", NULL},
    {FPL_MESSAGE_FINISHED, "", NULL},
    /* RFC 8446 sections 4.3.1, 4.3.2, 4.4.2, 4.6.1 and 4.6.3 */
    {FPL_MESSAGE_ENCRYPTED_EXTENSIONS, "0000", NULL},
    {FPL_MESSAGE_ENCRYPTED_EXTENSIONS, "", "EncryptedExtensions.extensions"}, /* not to be left out as in 1.2 */
    {FPL_MESSAGE_ENCRYPTED_EXTENSIONS, "0003000a00", "Extension.extension_data"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST13, "00" "0008000d000400020403", NULL},
    {FPL_MESSAGE_CERTIFICATE_REQUEST13, "01aa" "0008000d000400020403", NULL}, /* a context is for the machine to refuse */
    {FPL_MESSAGE_CERTIFICATE_REQUEST13, "00" "0000", "CertificateRequest13.extensions"},
    {FPL_MESSAGE_CERTIFICATE_REQUEST13, "02aa", "CertificateRequest13.certificate_request_context"},
    {FPL_MESSAGE_CERTIFICATE13, "00" "000000", NULL},
    {FPL_MESSAGE_CERTIFICATE13, "01aa" "000006" "00000130" "0000", NULL},
    {FPL_MESSAGE_CERTIFICATE13, "00" "000005" "000000" "0000", "CertificateEntry.cert_data"},
    {FPL_MESSAGE_CERTIFICATE13, "00" "000004" "00000130", "CertificateEntry.extensions"},
    {FPL_MESSAGE_CERTIFICATE13, "00" "000009" "00000130" "0004" "000500", "CertificateEntry.extensions"},
    {FPL_MESSAGE_NEW_SESSION_TICKET, "0000000000000000" "00" "000101" "0000", NULL},
    {FPL_MESSAGE_NEW_SESSION_TICKET, "0000000000000000" "00" "0000" "0000", "NewSessionTicket.ticket"},
    {FPL_MESSAGE_NEW_SESSION_TICKET, "0000000000000000" "00" "000101", "NewSessionTicket.extensions"},
    {FPL_MESSAGE_KEY_UPDATE, "00", NULL},
    {FPL_MESSAGE_KEY_UPDATE, "01", NULL},
    {FPL_MESSAGE_KEY_UPDATE, "", "KeyUpdate.request_update"},
    /* RFC 9147 section 7: whole record numbers; none at all says that nothing could be named */
    {FPL_MESSAGE_ACK, "0000", NULL},
    {FPL_MESSAGE_ACK, "0010" ACK_ENTRY, NULL},
    {FPL_MESSAGE_ACK, "0020" ACK_ENTRY ACK_ENTRY, NULL}, /* twice is no matter */
    {FPL_MESSAGE_ACK, "", "ACK.record_numbers"},
    {FPL_MESSAGE_ACK, "0008" "0000000000000002", "RecordNumber.sequence_number"},
    {FPL_MESSAGE_ACK, "000f" "000000000000000200000000000000", "RecordNumber.sequence_number"},
    {FPL_MESSAGE_ACK, "0010" "0000000000000002", "ACK.record_numbers"},
};

/* An ACK is decoded with the epoch that carries it. */
static uint64_t bound_argument(uint8_t id)
{
    return id == FPL_MESSAGE_ACK ? 2 : argument_of(id);
}

START_TEST(vectors_have_bounds)
{
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        uint8_t bytes[256];
        const size_t len = unit_hex(bounds[i].hex, bytes, sizeof(bytes));
        uint8_t *copy = exact_copy(bytes, len);
        fpl_message msg;
        fpl_reader r;
        const bool taken = fpl_message_decode(&msg, bounds[i].id, bound_argument(bounds[i].id), fpl_bytes_of(copy, len), &r);
        ck_assert_msg(taken == (bounds[i].where == NULL), "message %u: %s", bounds[i].id, bounds[i].hex);
        if (!taken) {
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
            assert_name(r.where, bounds[i].where);
        }
        free(copy);
    }
}
END_TEST

START_TEST(writers_refuse_views_outside_the_bounds)
{
    static const uint8_t zeros[256];
    const sample *s = first_sample(FPL_MESSAGE_CLIENT_HELLO);
    static uint8_t out[4096];
    fpl_message msg;
    fpl_reader r;
    fpl_client_hello hello;
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));

    hello = msg.as.client_hello;
    hello.random.len = 31;
    ck_assert(!fpl_encode_client_hello(&w, &hello));

    w = fpl_writer_of(out, sizeof(out));
    hello = msg.as.client_hello;
    hello.legacy_session_id = fpl_bytes_of(zeros, 33);
    ck_assert(!fpl_encode_client_hello(&w, &hello));

    w = fpl_writer_of(out, sizeof(out));
    hello = msg.as.client_hello;
    hello.legacy_compression_methods = fpl_bytes_none();
    ck_assert(!fpl_encode_client_hello(&w, &hello));

    w = fpl_writer_of(out, sizeof(out));
    hello = msg.as.client_hello;
    hello.legacy_cookie = fpl_bytes_of(zeros, 256);
    ck_assert(!fpl_encode_client_hello(&w, &hello));

    w = fpl_writer_of(out, sizeof(out));
    ck_assert(fpl_encode_client_hello(&w, &msg.as.client_hello));
}
END_TEST

/* --- each constraint with its alert ------------------------------------------------------------- */

/* change decodes a sample with one octet changed and expects an alert. */
static void change(uint8_t id, size_t at, uint8_t value, uint8_t alert, const char *where)
{
    const sample *s = first_sample(id);
    uint8_t *copy = exact_copy(s->data, s->len);
    fpl_message msg;
    fpl_reader r;
    copy[at] = value;
    ck_assert(!decode_bytes(&msg, s, copy, s->len, &r));
    ck_assert_uint_eq(r.alert, alert);
    assert_name(r.where, where);
    free(copy);
}

START_TEST(compression_is_refused)
{
    const sample *s = first_sample(FPL_MESSAGE_SERVER_HELLO);
    change(FPL_MESSAGE_SERVER_HELLO, 2u + 32u + 1u + s->data[34] + 2u, 1, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER,
           "ServerHello.legacy_compression_method");
}
END_TEST

START_TEST(explicit_curves_are_refused)
{
    change(FPL_MESSAGE_SERVER_KEY_EXCHANGE, 0, 1, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER, "ServerECDHParams.curve_type");
    change(FPL_MESSAGE_SERVER_KEY_EXCHANGE, 0, 2, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER, "ServerECDHParams.curve_type");
}
END_TEST

START_TEST(a_share_has_the_length_of_its_group)
{
    /* x25519, 32 octets, called secp256r1, which has 65; and a group nobody knows passes the codec. */
    const sample *s = first_sample(FPL_MESSAGE_SERVER_KEY_EXCHANGE);
    uint8_t *copy = exact_copy(s->data, s->len);
    fpl_message msg;
    fpl_reader r;
    ck_assert_uint_eq(s->data[2], FPL_NAMED_GROUP_X25519);
    change(FPL_MESSAGE_SERVER_KEY_EXCHANGE, 2, FPL_NAMED_GROUP_SECP256R1, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER,
           "ServerECDHParams.public");
    copy[1] = 0x7f;
    ck_assert(decode_bytes(&msg, s, copy, s->len, &r));
    ck_assert_uint_eq(msg.as.server_key_exchange.as.ecdhe_ecdsa.params.named_curve, 0x7f1d);
    free(copy);
}
END_TEST

START_TEST(a_change_cipher_spec_says_one)
{
    static const uint8_t good[] = {1};
    static const uint8_t bad[] = {2};
    fpl_message msg;
    fpl_reader r;
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_CHANGE_CIPHER_SPEC, 0, fpl_bytes_of(good, 1), &r));
    ck_assert_uint_eq(msg.type, FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC);
    ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_CHANGE_CIPHER_SPEC, 0, fpl_bytes_of(bad, 1), &r));
    ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
}
END_TEST

START_TEST(alerts_of_any_number_are_decoded)
{
    static const uint8_t known[] = {2, 50};
    static const uint8_t unknown[] = {2, 199};
    static const uint8_t no_level[] = {7, 50};
    fpl_message msg;
    fpl_reader r;
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, fpl_bytes_of(known, 2), &r));
    ck_assert_uint_eq(msg.as.alert.level, FPL_ALERT_LEVEL_FATAL);
    ck_assert_uint_eq(msg.as.alert.description, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, fpl_bytes_of(unknown, 2), &r));
    ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, fpl_bytes_of(unknown, 1), &r));
    ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_ALERT, 0, fpl_bytes_of(no_level, 2), &r));
    ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
}
END_TEST

START_TEST(a_key_update_says_zero_or_one)
{ /* RFC 8446 section 4.6.3 */
    for (unsigned octet = 0; octet < 256; octet++) {
        uint8_t body = (uint8_t)octet;
        fpl_message msg;
        fpl_reader r;
        if (octet < 2) {
            ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_KEY_UPDATE, 0, fpl_bytes_of(&body, 1), &r));
            ck_assert_uint_eq(msg.as.key_update.request_update, octet);
        } else {
            ck_assert(!fpl_message_decode(&msg, FPL_MESSAGE_KEY_UPDATE, 0, fpl_bytes_of(&body, 1), &r));
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
        }
    }
}
END_TEST

START_TEST(an_ack_names_no_epoch_above_its_own_in_the_handshake)
{ /* RFC 9147 as revised, section 7.2: later each direction counts epochs of its own */
    for (uint64_t carrying = 0; carrying < 8; carrying++) {
        for (uint64_t named = 0; named < 8; named++) {
            uint8_t body[18] = {0, 16};
            fpl_message msg;
            fpl_reader r;
            const bool legal = named <= carrying || carrying >= 3;
            fpl_put_uint(body + 2, 8, named);
            ck_assert_msg(fpl_message_decode(&msg, FPL_MESSAGE_ACK, carrying, fpl_bytes_of(body, sizeof(body)), &r) == legal,
                          "epoch %llu names %llu", (unsigned long long)carrying, (unsigned long long)named);
            ck_assert_uint_eq(r.alert, legal ? 0 : FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
        }
    }
}
END_TEST

START_TEST(an_ack_is_read_as_it_is_written)
{
    uint8_t entries[48] = {0};
    uint8_t out[64];
    fpl_ack ack = {.record_numbers = fpl_bytes_of(entries, sizeof(entries))};
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    fpl_message msg;
    fpl_reader r;
    fpl_record_number number;
    fpl_bytes list;
    fpl_put_uint(entries, 8, 2);
    fpl_put_uint(entries + 8, 8, UINT64_MAX);
    fpl_put_uint(entries + 16, 8, UINT64_MAX); /* whatever fits the field is well-formed */
    fpl_put_uint(entries + 32, 8, 3);
    fpl_put_uint(entries + 40, 8, 0x0102030405060708);
    ck_assert(fpl_encode_ack(&w, &ack));
    ck_assert_uint_eq(w.len, 50);
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_ACK, 3, fpl_bytes_of(out, w.len), &r));
    list = msg.as.ack.record_numbers;
    ck_assert(fpl_record_number_next(&list, &number));
    ck_assert(number.epoch == 2 && number.sequence_number == UINT64_MAX);
    ck_assert(fpl_record_number_next(&list, &number));
    ck_assert(number.epoch == UINT64_MAX && number.sequence_number == 0);
    ck_assert(fpl_record_number_next(&list, &number));
    ck_assert(number.epoch == 3 && number.sequence_number == 0x0102030405060708);
    ck_assert(!fpl_record_number_next(&list, &number));
    for (size_t cap = 0; cap < 50; cap++) {
        w = fpl_writer_of(out, cap);
        ck_assert(!fpl_encode_ack(&w, &ack));
    }
}
END_TEST

START_TEST(a_key_exchange_nobody_agreed_on_is_our_own_mistake)
{
    const sample *s = first_sample(FPL_MESSAGE_SERVER_KEY_EXCHANGE);
    fpl_message msg;
    fpl_reader r;
    fpl_server_key_exchange none = {.key_exchange_algorithm = FPL_KEY_EXCHANGE_ALGORITHM_NONE};
    uint8_t out[16];
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    for (uint64_t argument = 0; argument < 16; argument++) {
        if (argument != FPL_KEY_EXCHANGE_ALGORITHM_ECDHE_ECDSA) {
            ck_assert(!fpl_message_decode(&msg, s->id, argument, fpl_bytes_of(s->data, s->len), &r));
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR);
        }
    }
    ck_assert(!fpl_encode_server_key_exchange(&w, &none));
}
END_TEST

/* --- the envelope -------------------------------------------------------------------------------- */

START_TEST(ids_that_are_none_decode_to_nothing)
{
    fpl_message msg;
    fpl_reader r;
    for (unsigned id = 0; id < 256; id++) {
        if (id == FPL_MESSAGE_NONE || id >= FPL_NUM_MESSAGES) {
            ck_assert(!fpl_message_decode(&msg, (uint8_t)id, 0, fpl_bytes_none(), &r));
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR);
            ck_assert_uint_eq(msg.id, FPL_MESSAGE_NONE);
        }
    }
}
END_TEST

START_TEST(messages_are_found_by_version_and_type)
{
    static const struct {
        uint8_t version;
        uint8_t use;
        size_t  messages;
    } versions[] = {{FPL_VERSION_DTLS12, FPL_USE_DTLS12, 11}, {FPL_VERSION_DTLS13, FPL_USE_DTLS13, 9}};
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_DTLS12, FPL_HANDSHAKE_TYPE_CERTIFICATE), FPL_MESSAGE_CERTIFICATE12);
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_DTLS13, FPL_HANDSHAKE_TYPE_CERTIFICATE), FPL_MESSAGE_CERTIFICATE13);
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_DTLS13, FPL_HANDSHAKE_TYPE_SERVER_KEY_EXCHANGE), FPL_MESSAGE_NONE);
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_ANY, FPL_HANDSHAKE_TYPE_CLIENT_HELLO), FPL_MESSAGE_CLIENT_HELLO);
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_NONE, FPL_HANDSHAKE_TYPE_CLIENT_HELLO), FPL_MESSAGE_NONE);
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_DTLS12, FPL_HANDSHAKE_TYPE_NEW_SESSION_TICKET), FPL_MESSAGE_NONE);
    /* Record bodies are no handshake messages, whatever their number. */
    ck_assert_uint_eq(fpl_message_find(FPL_VERSION_DTLS12, FPL_CONTENT_TYPE_ALERT), FPL_MESSAGE_NONE);
    for (size_t v = 0; v < sizeof(versions) / sizeof(*versions); v++) {
        size_t found = 0;
        for (unsigned type = 0; type < 256; type++) {
            const uint8_t id = fpl_message_find(versions[v].version, (uint8_t)type);
            if (id != FPL_MESSAGE_NONE) {
                ck_assert_uint_eq(fpl_message_infos[id].type, type);
                ck_assert(fpl_message_infos[id].handshake);
                ck_assert_uint_ne(fpl_message_infos[id].versions & versions[v].use, 0);
                ck_assert_uint_ne(fpl_message_infos[id].sent_by & FPL_SENT_BY_BOTH, 0);
                found++;
            }
        }
        ck_assert_uint_eq(found, versions[v].messages);
    }
    ck_assert_uint_eq(fpl_message_infos[FPL_MESSAGE_CLIENT_HELLO].sent_by, FPL_SENT_BY_CLIENT);
    ck_assert_uint_eq(fpl_message_infos[FPL_MESSAGE_FINISHED].epoch_dtls12, 1);
    ck_assert_uint_eq(fpl_message_infos[FPL_MESSAGE_FINISHED].epoch_dtls13, 2);
    ck_assert_uint_eq(fpl_message_infos[FPL_MESSAGE_KEY_UPDATE].epoch_dtls13, FPL_EPOCH_CURRENT);
    ck_assert_uint_eq(fpl_message_infos[FPL_MESSAGE_KEY_UPDATE].epoch_dtls12, FPL_EPOCH_ANY);
    assert_name(fpl_message_infos[FPL_MESSAGE_CERTIFICATE12].name, "Certificate12");
    assert_name(fpl_message_infos[FPL_MESSAGE_CERTIFICATE12].wire_name, "certificate");
}
END_TEST

START_TEST(iterators_walk_what_was_decoded)
{
    const sample *s = first_sample(FPL_MESSAGE_CLIENT_HELLO);
    fpl_message msg;
    fpl_reader r;
    fpl_bytes list;
    fpl_cipher_suite suite;
    fpl_extension extension;
    size_t num = 0;
    size_t octets = 0;
    ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
    list = msg.as.client_hello.cipher_suites;
    while (fpl_cipher_suite_next(&list, &suite)) {
        num++;
    }
    ck_assert_uint_eq(num, msg.as.client_hello.cipher_suites.len / 2);
    ck_assert(fpl_message_extensions(&msg, &list));
    while (fpl_extension_next(&list, &extension)) {
        octets += 4 + extension.extension_data.len;
    }
    ck_assert_uint_eq(octets, msg.as.client_hello.extensions.len);
    ck_assert_uint_eq(list.len, 0);
    ck_assert(!fpl_extension_next(&list, &extension));
}
END_TEST

START_TEST(an_iterator_ends_on_a_list_that_nobody_decoded)
{
    static const uint8_t broken[] = {0, 0, 5, 1, 2, 3};
    fpl_bytes list = fpl_bytes_of(broken, sizeof(broken));
    fpl_certificate12_entry entry;
    ck_assert(!fpl_certificate12_entry_next(&list, &entry));
    ck_assert_uint_eq(list.len, 0);
}
END_TEST

START_TEST(a_cookie_is_ours_alone_but_decoded_with_care)
{
    uint8_t mac[16] = {0x7e};
    uint8_t out[32];
    fpl_cookie12 in = {.key_id = 3, .time = 0xfedcba98, .mac = fpl_bytes_of(mac, sizeof(mac))};
    fpl_cookie12 back;
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    fpl_reader r;
    ck_assert(fpl_encode_cookie12(&w, &in));
    ck_assert_uint_eq(w.len, 21);
    for (size_t len = 0; len <= sizeof(out); len++) {
        r = fpl_reader_of(out, len);
        ck_assert_int_eq(fpl_decode_cookie12(&back, &r), len == 21);
    }
    r = fpl_reader_of(out, 21);
    ck_assert(fpl_decode_cookie12(&back, &r));
    ck_assert_uint_eq(back.key_id, 3);
    ck_assert_uint_eq(back.time, 0xfedcba98);
    ck_assert_mem_eq(back.mac.data, mac, 16);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, load_samples, free_samples);
    tcase_add_test(tc, decoding_and_encoding_is_identity);
    tcase_add_test(tc, a_writer_too_small_fails_and_never_overflows);
    tcase_add_test(tc, truncation_at_every_byte_is_refused);
    tcase_add_test(tc, trailing_bytes_are_refused);
    tcase_add_test(tc, a_body_without_fields_is_empty);
    tcase_add_test(tc, every_length_field_is_believed_only_when_right);
    tcase_add_test(tc, what_is_decoded_after_mutation_is_encoded_again);
    tcase_add_test(tc, lists_have_bounds_and_whole_elements);
    tcase_add_test(tc, vectors_have_bounds);
    tcase_add_test(tc, writers_refuse_views_outside_the_bounds);
    tcase_add_test(tc, compression_is_refused);
    tcase_add_test(tc, explicit_curves_are_refused);
    tcase_add_test(tc, a_share_has_the_length_of_its_group);
    tcase_add_test(tc, a_change_cipher_spec_says_one);
    tcase_add_test(tc, alerts_of_any_number_are_decoded);
    tcase_add_test(tc, a_key_update_says_zero_or_one);
    tcase_add_test(tc, an_ack_names_no_epoch_above_its_own_in_the_handshake);
    tcase_add_test(tc, an_ack_is_read_as_it_is_written);
    tcase_add_test(tc, a_key_exchange_nobody_agreed_on_is_our_own_mistake);
    tcase_add_test(tc, ids_that_are_none_decode_to_nothing);
    tcase_add_test(tc, messages_are_found_by_version_and_type);
    tcase_add_test(tc, iterators_walk_what_was_decoded);
    tcase_add_test(tc, an_iterator_ends_on_a_list_that_nobody_decoded);
    tcase_add_test(tc, a_cookie_is_ours_alone_but_decoded_with_care);
}

UNIT_MAIN("codec/messages", tests)
