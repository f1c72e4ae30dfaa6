#include "messages.h"

#include <stdio.h>
#include <string.h>

#include "engine/table.h"
#include "engine/wire.h"
#include "fields.h"
#include "fpl_messages.h"
#include "fpl_registries.h"
#include "names.h"

#define FIELDS_DEPTH 3

/* A record's content on its way to people. */
typedef struct content {
    conversation *c;
    size_t        speaker;
    uint64_t      epoch;
    bool          full;
} content;

/* ---- what hellos agree on ---- */

/* The versions that a ClientHello offers are a list, the one that a ServerHello chose stands alone (RFC 8446
 * section 4.2.1): in both, DTLS 1.3 is at an even place of what is left behind the list's length. */
static bool has_dtls13(const fpl_message *msg)
{
    fpl_bytes list;
    fpl_extension one;
    (void)fpl_message_extensions(msg, &list);
    while (fpl_extension_next(&list, &one)) {
        fpl_bytes versions = one.extension_data;
        uint16_t version;
        if (one.extension_type != FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS) {
            continue;
        }
        if (msg->type == FPL_HANDSHAKE_TYPE_CLIENT_HELLO && versions.len > 0) {
            versions = fpl_bytes_of(versions.data + 1, versions.len - 1);
        }
        while (fpl_u16_next(&versions, &version)) {
            if (version == FPL_PROTOCOL_VERSION_DTLS13) {
                return true;
            }
        }
    }
    return false;
}

/* Returns the version by which the message is to be shown. */
static uint8_t take_note(const content *at, const fpl_message *msg)
{
    conversation *c = at->c;
    if (msg->type == FPL_HANDSHAKE_TYPE_CLIENT_HELLO) {
        c->client = at->speaker;
        unsealer_hello(&c->unsealer, msg->as.client_hello.random);
        return has_dtls13(msg) ? FPL_VERSION_DTLS13 : FPL_VERSION_DTLS12;
    }
    if (msg->type == FPL_HANDSHAKE_TYPE_SERVER_HELLO) {
        c->version = has_dtls13(msg) ? FPL_VERSION_DTLS13 : FPL_VERSION_DTLS12;
        c->cipher_suite = msg->as.server_hello.cipher_suite;
        unsealer_choice(&c->unsealer, c->version, c->cipher_suite, msg->as.server_hello.random);
    }
    return c->version == FPL_VERSION_NONE ? FPL_VERSION_DTLS12 : c->version;
}

/* ---- bodies ---- */

/* What the codec has to be told besides the octets. */
static uint64_t argument_of(const content *at, uint8_t id)
{
    const fpl_cipher_suite_row *row = fpl_cipher_suite_find(at->c->cipher_suite);
    if (id == FPL_MESSAGE_ACK) {
        return at->epoch;
    }
    /* How keys are exchanged says what ServerKeyExchange and ClientKeyExchange look like; other ECDHE suites share
     * what these have. */
    return row == NULL || row->key_exchange == 0 ? FPL_KEY_EXCHANGE_ALGORITHM_ECDHE_ECDSA : row->key_exchange;
}

static void print_body(const content *at, uint8_t id, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader reader;
    char room[8];
    memset(&msg, 0, sizeof msg);
    if (id == FPL_MESSAGE_NONE) {
        printf("      (no message of DTLS 1.%d that the spec describes)\n",
               at->c->version == FPL_VERSION_DTLS13 ? 3 : 2);
        return;
    }
    if (!fpl_message_decode(&msg, id, argument_of(at, id), body, &reader)) {
        printf("      malformed: %s; the answer is %s\n", reader.where == NULL ? "?" : reader.where,
               name_or_number(fpl_alert_description_name(reader.alert), reader.alert, room));
        return;
    }
    if (id == FPL_MESSAGE_SERVER_HELLO && fpl_server_hello_is_hello_retry_request(&msg.as.server_hello)) {
        printf("      (a HelloRetryRequest, by its random)\n");
    }
    fields_print(&msg, take_note(at, &msg), FIELDS_DEPTH, at->full);
}

/* ---- handshake messages ---- */

/* Messages of both versions have one form; else the one that was agreed on decides. */
static uint8_t message_of_type(const content *at, uint8_t type)
{
    return fpl_message_find(at->c->version == FPL_VERSION_DTLS13 ? FPL_VERSION_DTLS13 : FPL_VERSION_DTLS12, type);
}

static void print_fragment(const content *at, const fragment *part)
{
    const assembled *whole = NULL;
    char room[8];
    const char *name = name_or_number(fpl_handshake_type_name(part->type), part->type, room);
    printf("    %s, message %u, %zu octets", name, (unsigned)part->message_seq, part->message_len);
    if (part->len != part->message_len) {
        printf(", of them %zu from %zu on", part->len, part->offset);
    }
    switch (fragments_add(&at->c->ends[at->speaker].fragments, part, &whole)) {
    case FRAGMENT_COMPLETES:
        printf("%s\n", part->len == part->message_len ? "" : ": now complete");
        print_body(at, message_of_type(at, whole->type), (fpl_bytes){whole->bytes, whole->len});
        return;
    case FRAGMENT_AGAIN:
        printf(": seen before\n");
        return;
    case FRAGMENT_WANTS_MORE:
        printf(": more to come\n");
        return;
    case FRAGMENT_BAD:
    case FRAGMENT_NONE:
        break;
    }
    printf(": malformed, the fragment reaches beyond its message\n");
}

static void print_handshake(const content *at, fpl_bytes body)
{
    fpl_reader r = fpl_reader_of(body.data, body.len);
    while (r.len > 0) {
        uint64_t type, message_len, seq, offset, len;
        fpl_bytes bytes;
        fragment part;
        if (!fpl_read_uint(&r, 1, &type) || !fpl_read_uint(&r, 3, &message_len) || !fpl_read_uint(&r, 2, &seq) ||
            !fpl_read_uint(&r, 3, &offset) || !fpl_read_uint(&r, 3, &len) || !fpl_read_bytes(&r, (size_t)len, &bytes)) {
            printf("    malformed: the record ends within a fragment\n");
            return;
        }
        part = (fragment){(uint8_t)type, (uint16_t)seq, (size_t)message_len, (size_t)offset, bytes.data, bytes.len};
        print_fragment(at, &part);
    }
}

/* ---- other content ---- */

static uint8_t message_of_content(uint64_t type)
{
    for (uint8_t id = 1; id < FPL_NUM_MESSAGES; id++) {
        if (!fpl_message_infos[id].handshake && fpl_message_infos[id].type == type) {
            return id;
        }
    }
    return FPL_MESSAGE_NONE;
}

void messages_print(conversation *c, size_t speaker, uint64_t type, uint64_t epoch, fpl_bytes body, bool full)
{
    content at = {c, speaker, epoch, full};
    uint8_t id = message_of_content(type);
    if (type == FPL_CONTENT_TYPE_HANDSHAKE) {
        print_handshake(&at, body);
    } else if (type == FPL_CONTENT_TYPE_APPLICATION_DATA) {
        fields_print_octets("data", body, FIELDS_DEPTH, full);
    } else if (id != FPL_MESSAGE_NONE) {
        print_body(&at, id, body);
    }
}
