/* A pair that speaks DTLS 1.3, and what a test needs to look into its records and to make some of its own: sealed with
 * an end's own keys, so that the other takes them for real. */
#ifndef FPL_TESTS_UNIT_PAIR13_H
#define FPL_TESTS_UNIT_PAIR13_H

#include "engine/keys.h"
#include "pair.h"

#define PAIR_SEEN 32

/* pair_seen is one record that an end has sent, opened. */
typedef struct pair_seen {
    fpl_content_type type;
    uint16_t         epoch;
    uint64_t         seq;
    size_t           len;
    uint8_t          body[PAIR_ROOM];
} pair_seen;

/* pair_number is a record number as an ACK has it. */
typedef struct pair_number {
    uint64_t epoch;
    uint64_t seq;
} pair_number;

static pair_seen pair_records[PAIR_SEEN];
static size_t    pair_num_records;

static inline void pair_versions(unsigned client, unsigned server)
{
    ck_assert_int_eq(fpl_config_set_versions(ends[PAIR_CLIENT].config, client), FPL_OK);
    ck_assert_int_eq(fpl_config_set_versions(ends[PAIR_SERVER].config, server), FPL_OK);
}

/* pair_begin13 makes both configurations, for DTLS 1.3 alone. */
static inline void pair_begin13(void)
{
    pair_begin();
    pair_versions(FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS13);
}

static inline void pair_connect13(void)
{
    pair_begin13();
    pair_connect();
    ck_assert_uint_eq(fpl_conn_version(ends[0].conn), FPL_DTLS13);
    for (int i = 0; i < 2; i++) {
        ends[i].num_sent = 0;
    }
}

/* pair_look opens the records of one datagram of `from`'s with the keys that it was made with, and appends them to
 * pair_records. */
static inline void pair_look(int from, const pair_datagram *d)
{
    static pair_datagram copy;
    size_t               at = 0;
    copy = *d;
    while (at < copy.len) {
        pair_seen *seen = &pair_records[pair_num_records++];
        size_t     consumed = 0;
        fpl_drop   why = FPL_DROP_NONE;
        ck_assert_uint_le(pair_num_records, PAIR_SEEN);
        if (fpl_header13_begins(copy.bytes[at])) {
            fpl_record13       record;
            fpl_plain13        plain;
            fpl_write_epoch13 *epoch = NULL;
            ck_assert_int_eq(fpl_header13_parse(copy.bytes + at, copy.len - at, &record, &consumed, &why),
                             FPL_PARSE_OK);
            for (size_t i = 0; i < FPL_WRITE_EPOCHS13 && epoch == NULL; i++) {
                fpl_write_epoch13 *one = &ends[from].conn->keys13->write[i];
                epoch = one->key != NULL && (one->number & 3) == record.epoch_bits ? one : NULL;
            }
            ck_assert_ptr_nonnull(epoch);
            ck_assert_int_eq(fpl_protect13_open(epoch->key, &record, epoch->next_seq, &plain), FPL_DROP_NONE);
            seen->type = plain.type;
            seen->epoch = epoch->number;
            seen->seq = plain.seq;
            seen->len = plain.len;
            memcpy(seen->body, plain.content, plain.len);
        } else {
            fpl_record12 record;
            ck_assert_int_eq(fpl_header12_parse(copy.bytes + at, copy.len - at, &record, &consumed, &why),
                             FPL_PARSE_OK);
            seen->type = record.type;
            seen->epoch = record.epoch;
            seen->seq = record.seq;
            seen->len = record.body_len;
            memcpy(seen->body, record.body, record.body_len);
        }
        at += consumed;
    }
}

/* pair_look_all looks at all that `from` has sent and that is not delivered yet. */
static inline void pair_look_all(int from)
{
    pair_num_records = 0;
    for (size_t i = 0; i < ends[from].num_sent; i++) {
        pair_look(from, &ends[from].sent[i]);
    }
}

/* pair_the_only finds the one record of `type` among those looked at. */
static inline const pair_seen *pair_the_only(fpl_content_type type)
{
    const pair_seen *found = NULL;
    for (size_t i = 0; i < pair_num_records; i++) {
        if (pair_records[i].type == type) {
            ck_assert_msg(found == NULL, "more than one record of type %u", type);
            found = &pair_records[i];
        }
    }
    ck_assert_msg(found != NULL, "no record of type %u", type);
    return found;
}

static inline size_t pair_count(fpl_content_type type)
{
    size_t num = 0;
    for (size_t i = 0; i < pair_num_records; i++) {
        num += pair_records[i].type == type;
    }
    return num;
}

/* pair_ack_names asserts that the body of an ACK is exactly the `num` record numbers (epoch, sequence number). */
static inline void pair_ack_names(const pair_seen *ack, size_t num, const pair_number *numbers)
{
    uint8_t expected[2 + 16 * 64];
    ck_assert_uint_le(num, 64);
    fpl_put_uint(expected, 2, 16 * num);
    for (size_t i = 0; i < num; i++) {
        fpl_put_uint(expected + 2 + 16 * i, 8, numbers[i].epoch);
        fpl_put_uint(expected + 10 + 16 * i, 8, numbers[i].seq);
    }
    ck_assert_uint_eq(ack->len, 2 + 16 * num);
    ck_assert_mem_eq(ack->body, expected, 2 + 16 * num);
}

/* pair_put appends a record to `d`, which `from` seals with its keys of `epoch`; epoch 0 has none. */
static inline void pair_put(int from, pair_datagram *d, uint16_t epoch, fpl_content_type type, const uint8_t *body,
                            size_t len)
{
    fpl_conn *conn = ends[from].conn;
    size_t    written = 0;
    uint8_t  *at = d->bytes + d->len;
    ck_assert_uint_le(d->len + len + 64, sizeof d->bytes);
    if (len > 0) {
        memcpy(at + fpl_seal_prefix(conn, epoch), body, len);
    }
    ck_assert_int_eq(
        fpl_seal_record(conn, epoch, type, FPL_RECORD_VERSION_DTLS12, at, len, sizeof d->bytes - d->len, &written),
        FPL_SEAL_OK);
    d->len += written;
}

/* pair_say delivers one record that `from` seals, as if it had been sent. */
static inline void pair_say(int from, uint16_t epoch, fpl_content_type type, const uint8_t *body, size_t len)
{
    pair_datagram d;
    d.len = 0;
    pair_put(from, &d, epoch, type, body, len);
    (void)pair_receive(1 - from, d.bytes, d.len);
}

/* pair_message writes a handshake message that has come unfragmented, and returns how long it is with its header. */
static inline size_t pair_message(uint8_t *out, uint8_t type, uint16_t seq, const uint8_t *body, size_t len)
{
    out[0] = type;
    fpl_put_uint(out + 1, 3, len);
    fpl_put_uint(out + 4, 2, seq);
    fpl_put_uint(out + 6, 3, 0);
    fpl_put_uint(out + 9, 3, len);
    if (len > 0) {
        memcpy(out + 12, body, len);
    }
    return 12 + len;
}

/* pair_say_message delivers one handshake message of `from`'s, numbered as its next. */
static inline void pair_say_message(int from, uint16_t epoch, uint8_t type, const uint8_t *body, size_t len)
{
    uint8_t message[PAIR_ROOM];
    size_t  whole = pair_message(message, type, ends[from].conn->next_send_seq++, body, len);
    pair_say(from, epoch, FPL_CONTENT_TYPE_HANDSHAKE, message, whole);
}

/* pair_say_ack delivers an ACK that names the `num` records. */
static inline void pair_say_ack(int from, uint16_t epoch, size_t num, const pair_number *numbers)
{
    uint8_t body[PAIR_ROOM];
    ck_assert_uint_le(2 + 16 * num + 64, sizeof body);
    fpl_put_uint(body, 2, 16 * num);
    for (size_t i = 0; i < num; i++) {
        fpl_put_uint(body + 2 + 16 * i, 8, numbers[i].epoch);
        fpl_put_uint(body + 10 + 16 * i, 8, numbers[i].seq);
    }
    pair_say(from, epoch, FPL_CONTENT_TYPE_ACK, body, 2 + 16 * num);
}

/* pair_lose forgets what `from` has sent. */
static inline void pair_lose(int from)
{
    ends[from].num_sent = 0;
}

/* pair_state is the name of the state of the handshake machine. */
static inline const char *pair_state(int which)
{
    const fpl_instance *at = &ends[which].conn->handshake;
    return fpl_machines[at->machine]->states[at->state].name;
}

/* pair_companion is the name of the state of a companion. */
static inline const char *pair_companion(int which, uint8_t machine)
{
    const fpl_conn *conn = ends[which].conn;
    for (uint8_t i = 0; i < conn->num_companions; i++) {
        if (conn->companions[i].machine == machine) {
            return fpl_machines[machine]->states[conn->companions[i].state].name;
        }
    }
    ck_abort_msg("no such companion");
    return NULL;
}

static inline size_t pair_flights(int which)
{
    size_t num = 0;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        num += ends[which].conn->flights[i] != NULL;
    }
    return num;
}

#endif
