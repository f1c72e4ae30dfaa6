#include "dissect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/wire.h"
#include "fields.h"
#include "fpl_messages.h"
#include "fpl_registries.h"
#include "names.h"

#define CONTENT_ACK          26u /* RFC 9147 section 7 */
#define VERSION_MAJOR        0xfeu
#define FIRST_DTLS           20u /* RFC 7983 section 7: 20 to 63 */
#define FIRST_UNIFIED        32u /* RFC 9147 section 4: 001CSLEE */
#define LAST_DTLS            63u
#define FIELDS_DEPTH         3

typedef struct record {
    uint64_t  type, version, epoch, number;
    fpl_bytes body;
} record;

/* ---- flows ---- */

static flow *find_flow(dissector *x, const char *from, const char *to)
{
    for (size_t i = 0; i < x->num_flows; i++) {
        if (strcmp(x->flows[i].from, from) == 0 && strcmp(x->flows[i].to, to) == 0) {
            return &x->flows[i];
        }
    }
    return NULL;
}

static flow *flow_of(dissector *x, const datagram *d)
{
    flow *more, *found = find_flow(x, d->from, d->to);
    if (found != NULL) {
        return found;
    }
    more = realloc(x->flows, (x->num_flows + 1) * sizeof *more);
    if (more == NULL) {
        return NULL;
    }
    x->flows = more;
    found = &more[x->num_flows++];
    memset(found, 0, sizeof *found);
    memcpy(found->from, d->from, END_TEXT);
    memcpy(found->to, d->to, END_TEXT);
    return found;
}

void dissector_free(dissector *x)
{
    for (size_t i = 0; i < x->num_flows; i++) {
        fragments_free(&x->flows[i].fragments);
    }
    free(x->flows);
}

/* ---- messages ---- */

static void note_suite(dissector *x, flow *f, const fpl_message *msg)
{
    flow *back = find_flow(x, f->to, f->from);
    if (msg->id == FPL_MESSAGE_SERVER_HELLO) {
        f->cipher_suite = msg->as.server_hello.cipher_suite;
        if (back != NULL) {
            back->cipher_suite = f->cipher_suite;
        }
    }
}

/* How keys are exchanged says what ServerKeyExchange and ClientKeyExchange look like. */
static uint64_t key_exchange_of(const flow *f)
{
    const fpl_cipher_suite_row *row = fpl_cipher_suite_find(f->cipher_suite);
    if (row == NULL || row->key_exchange == FPL_KEY_EXCHANGE_ALGORITHM_NONE) {
        return FPL_KEY_EXCHANGE_ALGORITHM_ECDHE_ECDSA; /* which other ECDHE suites share */
    }
    return row->key_exchange;
}

static void print_body(dissector *x, flow *f, uint8_t id, fpl_bytes body)
{
    fpl_message msg;
    fpl_reader reader;
    char room[8];
    memset(&msg, 0, sizeof msg);
    if (id == FPL_MESSAGE_NONE) {
        printf("      (no message of DTLS 1.2 that the spec describes)\n");
        return;
    }
    if (!fpl_message_decode(&msg, id, key_exchange_of(f), body, &reader)) {
        printf("      malformed: %s; the answer is %s\n", reader.where == NULL ? "?" : reader.where,
               name_or_number(fpl_alert_description_name(reader.alert), reader.alert, room));
        return;
    }
    note_suite(x, f, &msg);
    fields_print(&msg, FPL_VERSION_DTLS12, FIELDS_DEPTH, x->full);
}

static void print_fragment(dissector *x, flow *f, const fragment *part)
{
    const assembled *whole = NULL;
    char room[8];
    const char *name = name_or_number(fpl_handshake_type_name(part->type), part->type, room);
    printf("    %s, message %u, %zu octets", name, (unsigned)part->message_seq, part->message_len);
    if (part->len != part->message_len) {
        printf(", of them %zu from %zu on", part->len, part->offset);
    }
    switch (fragments_add(&f->fragments, part, &whole)) {
    case FRAGMENT_COMPLETES:
        printf("%s\n", part->len == part->message_len ? "" : ": now complete");
        print_body(x, f, fpl_message_find(FPL_VERSION_DTLS12, whole->type), (fpl_bytes){whole->bytes, whole->len});
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

static void print_handshake(dissector *x, flow *f, fpl_bytes body)
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
        print_fragment(x, f, &part);
    }
}

/* ---- records ---- */

static uint8_t message_of_content(uint64_t type)
{
    for (uint8_t id = 1; id < FPL_NUM_MESSAGES; id++) {
        if (!fpl_message_infos[id].handshake && fpl_message_infos[id].type == type) {
            return id;
        }
    }
    return FPL_MESSAGE_NONE;
}

static void print_record(dissector *x, flow *f, const record *r)
{
    char version_room[8];
    const char *type = r->type == CONTENT_ACK ? "ack" : fpl_content_type_name((fpl_content_type)r->type);
    printf("  %s record, version %s, epoch %llu, number %llu, %zu octets", type == NULL ? "unknown" : type,
           name_or_number(fpl_protocol_version_name((fpl_protocol_version)r->version), (unsigned)r->version, version_room),
           (unsigned long long)r->epoch, (unsigned long long)r->number, r->body.len);
    if (r->epoch > 0) {
        printf(", encrypted\n");
        return;
    }
    putchar('\n');
    if (r->type == FPL_CONTENT_TYPE_HANDSHAKE) {
        print_handshake(x, f, r->body);
    } else if (r->type == FPL_CONTENT_TYPE_ALERT || r->type == FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC) {
        print_body(x, f, message_of_content(r->type), r->body);
    }
}

static bool read_record(fpl_reader *r, record *out)
{
    return fpl_read_uint(r, 1, &out->type) && fpl_read_uint(r, 2, &out->version) && fpl_read_uint(r, 2, &out->epoch) &&
           fpl_read_uint(r, 6, &out->number) && fpl_read_vector(r, 2, &out->body);
}

/* DTLS 1.3 hides everything but the low bits of the epoch; without its keys not even the length of the number
 * of a further record is worth guessing. */
static void print_unified(fpl_reader *r)
{
    printf("  DTLS 1.3 record, epoch %u modulo 4, encrypted: %zu octets to the end of the datagram\n",
           (unsigned)(r->data[0] & 3), r->len);
    r->len = 0;
}

static void print_records(dissector *x, flow *f, const datagram *d)
{
    fpl_reader r = fpl_reader_of(d->bytes, d->len);
    while (r.len > 0) {
        record one;
        if (r.data[0] >= FIRST_UNIFIED && r.data[0] <= LAST_DTLS) {
            print_unified(&r);
        } else if (read_record(&r, &one)) {
            print_record(x, f, &one);
        } else {
            printf("  malformed: the datagram ends within a record\n");
            return;
        }
    }
}

/* Beside DTLS a port may carry STUN, TURN, RTP (RFC 7983), and a capture anything. */
static bool is_dtls(dissector *x, const datagram *d)
{
    if (d->len == 0 || d->bytes[0] < FIRST_DTLS || d->bytes[0] > LAST_DTLS) {
        return false;
    }
    if (!x->doubt) {
        return true;
    }
    if (d->bytes[0] < FIRST_UNIFIED) {
        return d->len >= 13 && d->bytes[1] == VERSION_MAJOR;
    }
    return find_flow(x, d->from, d->to) != NULL || find_flow(x, d->to, d->from) != NULL;
}

void dissect_datagram(void *arg, const datagram *d)
{
    dissector *x = arg;
    flow *f;
    if (!is_dtls(x, d)) {
        x->skipped++;
        return;
    }
    f = flow_of(x, d);
    if (f == NULL) {
        x->skipped++;
        return;
    }
    x->shown++;
    printf("%s > %s  +%.6f  %zu octets\n", d->from, d->to, d->seconds, d->len);
    print_records(x, f, d);
}
