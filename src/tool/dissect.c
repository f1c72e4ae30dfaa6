#include "dissect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fpl_registries.h"
#include "messages.h"
#include "names.h"
#include "record/number.h"

#define VERSION_MAJOR 0xfeu
#define FIRST_DTLS    20u /* RFC 7983 section 7: 20 to 63 */
#define FIRST_UNIFIED 32u /* RFC 9147 section 4: 001CSLEE */
#define LAST_DTLS     63u

#define UNIFIED_CONNECTION_ID 0x10u
#define UNIFIED_HAS_LENGTH    0x04u

/* A datagram as it is taken apart: a copy, for records are opened in place. */
typedef struct packet {
    dissector    *x;
    conversation *c;
    size_t        speaker;
    uint8_t      *at;
    size_t        left;
    uint8_t      *room; /* as much again, to try keys on */
} packet;

/* Where nobody said who speaks, either side's keys may fit. */
static int first_side(const packet *p)
{
    return p->speaker == p->c->client ? SIDE_CLIENT : SIDE_SERVER;
}

static int num_sides(const packet *p)
{
    return p->c->num_ends == 1 ? NUM_SIDES : 1;
}

static void print_content(const packet *p, const unsealed *u)
{
    messages_print(p->c, p->speaker, u->type, u->epoch, (fpl_bytes){u->content, u->len}, p->x->full);
}

static const char *content_name(uint64_t type)
{
    const char *name = type > UINT8_MAX ? NULL : fpl_content_type_name((fpl_content_type)type);
    return name == NULL ? "unknown" : name;
}

/* ---- records with the header of 13 octets ---- */

static const char *open_plain_header(const packet *p, const fpl_record12 *record, unsealed *out)
{
    const char *why = NULL;
    for (int i = 0; i < num_sides(p); i++) {
        fpl_record12 copy = *record;
        memcpy(p->room, record->body, record->body_len);
        copy.body = p->room;
        why = unseal12(&p->c->unsealer, first_side(p) ^ i, &copy, out);
        if (why == NULL) {
            break;
        }
    }
    return why;
}

/* Lenient about types and versions, which people want to see as they are. */
static bool read_record(packet *p, fpl_record12 *out)
{
    if (p->left < FPL_HEADER12_LEN || fpl_load_u16(p->at + 11) > p->left - FPL_HEADER12_LEN) {
        return false;
    }
    out->header = p->at;
    out->type = p->at[0];
    out->version = fpl_load_u16(p->at + 1);
    out->epoch = fpl_load_u16(p->at + 3);
    out->seq = fpl_load_u64(p->at + 3) & FPL_RECORD_MAX_SEQ;
    out->body_len = fpl_load_u16(p->at + 11);
    out->body = p->at + FPL_HEADER12_LEN;
    p->at = out->body + out->body_len;
    p->left -= FPL_HEADER12_LEN + out->body_len;
    return true;
}

static void print_record(const packet *p, const fpl_record12 *r)
{
    char version_room[8];
    unsealed plain = {r->body, r->body_len, 0, r->seq, r->epoch, r->type};
    const char *why = r->epoch == 0 ? NULL : open_plain_header(p, r, &plain);
    printf("  %s record, version %s, epoch %u, number %llu, %zu octets", content_name(r->type),
           name_or_number(fpl_protocol_version_name(r->version), r->version, version_room), (unsigned)r->epoch,
           (unsigned long long)r->seq, r->body_len);
    if (why != NULL) {
        printf(", encrypted%s\n", why);
        return;
    }
    if (r->epoch > 0) {
        printf(", decrypted to %zu", plain.len);
    }
    putchar('\n');
    print_content(p, &plain);
}

/* ---- records with the unified header ---- */

/* What is unusual about a header. */
static void print_form(const fpl_record13 *r)
{
    if (r->number_len == 1) {
        printf(", its number in 8 bits");
    }
    if ((r->header[0] & UNIFIED_HAS_LENGTH) == 0) {
        printf(", without a length");
    }
}

static void print_unified(const packet *p, const fpl_record13 *r)
{
    unsealed plain;
    const char *why = NULL;
    for (int i = 0; i < num_sides(p); i++) {
        why = unseal13(&p->c->unsealer, first_side(p) ^ i, r, p->room, &plain);
        if (why == NULL) {
            break;
        }
    }
    if (why != NULL) {
        printf("  DTLS 1.3 record, epoch %u modulo 4, %zu octets", (unsigned)r->epoch_bits, r->body_len);
        print_form(r);
        printf(", encrypted%s\n", why);
        return;
    }
    printf("  %s record, DTLS 1.3, epoch %u, number %llu, %zu octets", content_name(plain.type), (unsigned)plain.epoch,
           (unsigned long long)plain.number, r->body_len);
    print_form(r);
    printf(", decrypted to %zu", plain.len);
    if (plain.padding > 0) {
        printf(" and %zu of padding", plain.padding);
    }
    putchar('\n');
    print_content(p, &plain);
}

static void print_unreadable(const packet *p, size_t len, fpl_drop why)
{
    if ((p->at[0] & UNIFIED_CONNECTION_ID) != 0) {
        printf("  DTLS 1.3 record with a connection ID of unknown length, %zu octets to the end of the datagram\n",
               len);
    } else if (why == FPL_DROP_TOO_SHORT) {
        printf("  malformed: a DTLS 1.3 record of %zu octets has no room for its tag\n", len);
    } else if (why == FPL_DROP_TOO_LONG) {
        printf("  malformed: a DTLS 1.3 record of %zu octets is longer than records may be\n", len);
    } else {
        printf("  malformed: the datagram ends within a record\n");
    }
}

static void take_unified(packet *p)
{
    fpl_record13 record;
    size_t consumed = 0;
    fpl_drop why;
    if (fpl_header13_parse(p->at, p->left, &record, &consumed, &why) == FPL_PARSE_OK) {
        p->x->records++;
        print_unified(p, &record);
    } else {
        p->x->records += (p->at[0] & UNIFIED_CONNECTION_ID) != 0;
        print_unreadable(p, consumed, why);
    }
    p->at += consumed;
    p->left -= consumed;
}

/* ---- datagrams ---- */

static void print_records(packet *p)
{
    while (p->left > 0) {
        fpl_record12 one;
        if (fpl_header13_begins(p->at[0])) {
            take_unified(p);
        } else if (read_record(p, &one)) {
            p->x->records++;
            print_record(p, &one);
        } else {
            printf("  malformed: the datagram ends within a record\n");
            return;
        }
    }
}

/* Beside DTLS a port may carry STUN, TURN, RTP (RFC 7983), and a capture anything. */
static bool is_dtls(const dissector *x, const datagram *d)
{
    size_t speaker;
    if (d->len == 0 || d->bytes[0] < FIRST_DTLS || d->bytes[0] > LAST_DTLS) {
        return false;
    }
    if (!x->doubt) {
        return true;
    }
    if (d->bytes[0] < FIRST_UNIFIED) {
        return d->len >= FPL_HEADER12_LEN && d->bytes[1] == VERSION_MAJOR;
    }
    return conversations_find(&x->conversations, d, &speaker) != NULL;
}

void dissect_datagram(void *arg, const datagram *d)
{
    dissector *x = arg;
    packet p = {.x = x, .left = d->len};
    uint8_t *memory = is_dtls(x, d) ? malloc(2 * d->len) : NULL;
    if (memory != NULL) {
        p.c = conversations_get(&x->conversations, d, x->log, &p.speaker);
    }
    if (p.c == NULL) {
        free(memory);
        x->skipped++;
        return;
    }
    memcpy(memory, d->bytes, d->len);
    p.at = memory;
    p.room = memory + d->len;
    x->shown++;
    printf("%s > %s  +%.6f  %zu octets\n", d->from, d->to, d->seconds, d->len);
    print_records(&p);
    explicit_bzero(memory, 2 * d->len);
    free(memory);
}

void dissector_free(dissector *x)
{
    conversations_free(&x->conversations);
}
