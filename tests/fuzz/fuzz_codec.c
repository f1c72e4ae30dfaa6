/* One codec, built once for each message (-DFUZZ_MESSAGE=<fpl_message_id>) so that each has a corpus and a figure
 * of its own: a body that decodes is encoded again to the same octets, its lists walk to their end, and a visitor
 * hears a well-nested story that accounts for every octet; a body that does not decode names an alert. */
#include "fpl_extension_types.h"
#include "fpl_visit.h"

#include "fuzz.h"

#ifndef FUZZ_MESSAGE
#error "build with -DFUZZ_MESSAGE=<fpl_message_id>"
#endif

/* What a visitor heard. */
typedef struct story {
    int    depth;
    size_t fields;
    size_t octets;
} story;

static void hear_number(void *user, const char *name, uint64_t value, const char *symbol)
{
    story *s = user;
    s->fields++;
    if (symbol != NULL) {
        FUZZ_CHECK(strlen(symbol) > 0, "an empty name");
    }
    (void)name;
    (void)value;
}

static void hear_octets(void *user, const char *name, fpl_bytes bytes)
{
    story           *s = user;
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        sum = (uint8_t)(sum + bytes.data[i]); /* each can be read */
    }
    s->fields++;
    s->octets += bytes.len;
    (void)name;
}

static void hear_begin(void *user, const char *name)
{
    ((story *)user)->depth++;
    (void)name;
}

static void hear_end(void *user)
{
    story *s = user;
    s->depth--;
    FUZZ_CHECK(s->depth >= 0, "more ends than beginnings");
}

static bool encode(fpl_writer *w, const fpl_message *msg)
{
    switch ((fpl_message_id)msg->id) {
    case FPL_MESSAGE_CERTIFICATE12: return fpl_encode_certificate12(w, &msg->as.certificate12);
    case FPL_MESSAGE_SERVER_KEY_EXCHANGE: return fpl_encode_server_key_exchange(w, &msg->as.server_key_exchange);
    case FPL_MESSAGE_CLIENT_KEY_EXCHANGE: return fpl_encode_client_key_exchange(w, &msg->as.client_key_exchange);
    case FPL_MESSAGE_CERTIFICATE_REQUEST12: return fpl_encode_certificate_request12(w, &msg->as.certificate_request12);
    case FPL_MESSAGE_SERVER_HELLO_DONE: return fpl_encode_server_hello_done(w, &msg->as.server_hello_done);
    case FPL_MESSAGE_CERTIFICATE_VERIFY: return fpl_encode_certificate_verify(w, &msg->as.certificate_verify);
    case FPL_MESSAGE_FINISHED: return fpl_encode_finished(w, &msg->as.finished);
    case FPL_MESSAGE_CLIENT_HELLO: return fpl_encode_client_hello(w, &msg->as.client_hello);
    case FPL_MESSAGE_SERVER_HELLO: return fpl_encode_server_hello(w, &msg->as.server_hello);
    case FPL_MESSAGE_HELLO_VERIFY_REQUEST: return fpl_encode_hello_verify_request(w, &msg->as.hello_verify_request);
    case FPL_MESSAGE_HELLO_REQUEST: return fpl_encode_hello_request(w, &msg->as.hello_request);
    case FPL_MESSAGE_ALERT: return fpl_encode_alert(w, &msg->as.alert);
    case FPL_MESSAGE_CHANGE_CIPHER_SPEC: return fpl_encode_change_cipher_spec(w, &msg->as.change_cipher_spec);
    case FPL_MESSAGE_CERTIFICATE13: return fpl_encode_certificate13(w, &msg->as.certificate13);
    case FPL_MESSAGE_CERTIFICATE_REQUEST13: return fpl_encode_certificate_request13(w, &msg->as.certificate_request13);
    case FPL_MESSAGE_ENCRYPTED_EXTENSIONS: return fpl_encode_encrypted_extensions(w, &msg->as.encrypted_extensions);
    case FPL_MESSAGE_NEW_SESSION_TICKET: return fpl_encode_new_session_ticket(w, &msg->as.new_session_ticket);
    case FPL_MESSAGE_KEY_UPDATE: return fpl_encode_key_update(w, &msg->as.key_update);
    case FPL_MESSAGE_ACK: return fpl_encode_ack(w, &msg->as.ack);
    case FPL_MESSAGE_NONE: break;
    }
    return false;
}

/* The octets that were decoded, and nothing else; one octet less of room is an overflow and not a write. */
static void encodes_the_same(const fpl_message *msg, const uint8_t *body, size_t size)
{
    uint8_t   *out = malloc(size + 1);
    fpl_writer w;
    FUZZ_CHECK(out != NULL, "memory");
    w = fpl_writer_of(out, size);
    FUZZ_CHECK(encode(&w, msg) && fpl_writer_ok(&w), "what was decoded cannot be encoded");
    FUZZ_CHECK(w.len == size && (size == 0 || memcmp(out, body, size) == 0), "%zu octets became %zu others", size, w.len);
    if (size > 0) {
        uint8_t other = (uint8_t)(body[size - 1] ^ 0xff);
        out[size - 1] = other;
        w = fpl_writer_of(out, size - 1);
        FUZZ_CHECK(!encode(&w, msg) && w.failed, "%zu octets fitted into one less", size);
        FUZZ_CHECK(out[size - 1] == other, "written beyond the room");
    }
    free(out);
}

/* Iterators agree with what the decoder said of the lists: they end at the end. */
static void lists_end(const fpl_message *msg)
{
    fpl_bytes     list;
    fpl_extension extension;
    fpl_reader    r = fpl_reader_of(NULL, 0);
    if (fpl_message_extensions(msg, &list)) {
        FUZZ_CHECK(fpl_extension_list_ok(list, &r), "a list that was decoded is not whole");
        while (fpl_extension_next(&list, &extension)) {
        }
        FUZZ_CHECK(list.len == 0, "%zu octets are left of the extensions", list.len);
    }
    if (msg->id == FPL_MESSAGE_CERTIFICATE12) {
        fpl_certificate12_entry entry;
        list = msg->as.certificate12.certificate_list;
        while (fpl_certificate12_entry_next(&list, &entry)) {
            FUZZ_CHECK(entry.cert_data.len > 0, "an empty certificate");
        }
        FUZZ_CHECK(list.len == 0, "%zu octets are left of the chain", list.len);
    }
    if (msg->id == FPL_MESSAGE_CERTIFICATE13) {
        fpl_certificate_entry entry;
        list = msg->as.certificate13.certificate_list;
        while (fpl_certificate_entry_next(&list, &entry)) {
            FUZZ_CHECK(entry.cert_data.len > 0, "an empty certificate");
            FUZZ_CHECK(fpl_extension_list_ok(entry.extensions, &r), "a list that was decoded is not whole");
        }
        FUZZ_CHECK(list.len == 0, "%zu octets are left of the chain", list.len);
    }
    if (msg->id == FPL_MESSAGE_ACK) {
        fpl_record_number number;
        list = msg->as.ack.record_numbers;
        while (fpl_record_number_next(&list, &number)) {
        }
        FUZZ_CHECK(list.len == 0, "%zu octets are left of the numbers", list.len);
    }
    if (msg->id == FPL_MESSAGE_CERTIFICATE_REQUEST12) {
        fpl_distinguished_name name;
        list = msg->as.certificate_request12.certificate_authorities;
        while (fpl_distinguished_name_next(&list, &name)) {
        }
        FUZZ_CHECK(list.len == 0, "%zu octets are left of the names", list.len);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void judge(uint64_t argument, const uint8_t *data, size_t size)
{
    uint8_t    *body = fuzz_copy(data, size);
    fpl_reader  r = fpl_reader_of(NULL, 0);
    fpl_message msg;
    memset(&msg, 0xa5, sizeof msg);
    if (fpl_message_decode(&msg, FUZZ_MESSAGE, argument, fpl_bytes_of(body, size), &r)) {
        const fpl_visitor visitor = {NULL, hear_number, hear_octets, hear_begin, hear_end};
        FUZZ_CHECK(msg.id == FUZZ_MESSAGE && r.alert == 0, "decoded as %u with alert %u", msg.id, r.alert);
        encodes_the_same(&msg, body, size);
        lists_end(&msg);
        for (uint8_t version = FPL_VERSION_ANY; version <= FPL_VERSION_DTLS13; version++) {
            story       heard = {0, 0, 0};
            fpl_visitor told = visitor;
            told.user = &heard;
            fpl_visit_message(&told, &msg, version);
            FUZZ_CHECK(heard.depth == 0, "more beginnings than ends");
            FUZZ_CHECK(heard.octets <= size, "%zu octets of %zu were shown", heard.octets, size);
        }
    } else {
        FUZZ_CHECK(msg.id == FPL_MESSAGE_NONE && r.alert != 0, "refused without an alert");
    }
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    switch ((fpl_message_id)FUZZ_MESSAGE) {
    case FPL_MESSAGE_SERVER_KEY_EXCHANGE:
    case FPL_MESSAGE_CLIENT_KEY_EXCHANGE: judge(FPL_KEY_EXCHANGE_ALGORITHM_ECDHE_ECDSA, data, size); break;
    case FPL_MESSAGE_ACK: /* its epoch bounds what it may name, until the handshake is over */
        judge(2, data, size);
        judge(3, data, size);
        break;
    case FPL_MESSAGE_NONE:
    case FPL_MESSAGE_CERTIFICATE12:
    case FPL_MESSAGE_CERTIFICATE_REQUEST12:
    case FPL_MESSAGE_SERVER_HELLO_DONE:
    case FPL_MESSAGE_CERTIFICATE_VERIFY:
    case FPL_MESSAGE_FINISHED:
    case FPL_MESSAGE_CLIENT_HELLO:
    case FPL_MESSAGE_SERVER_HELLO:
    case FPL_MESSAGE_HELLO_VERIFY_REQUEST:
    case FPL_MESSAGE_HELLO_REQUEST:
    case FPL_MESSAGE_ALERT:
    case FPL_MESSAGE_CHANGE_CIPHER_SPEC:
    case FPL_MESSAGE_CERTIFICATE13:
    case FPL_MESSAGE_CERTIFICATE_REQUEST13:
    case FPL_MESSAGE_ENCRYPTED_EXTENSIONS:
    case FPL_MESSAGE_NEW_SESSION_TICKET:
    case FPL_MESSAGE_KEY_UPDATE: judge(0, data, size); break;
    }
    return 0;
}
