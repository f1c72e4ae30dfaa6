/* A client and a server of the library with a wire between them that a test has in its hands. Allocations are counted
 * and can be made to fail. One pair per test. */
#ifndef FPL_TESTS_UNIT_PAIR_H
#define FPL_TESTS_UNIT_PAIR_H

#include <flightplan/flightplan.h>
#include <stdio.h>

#include "engine/conn.h"
#include "unit.h"

#define PAIR_ROOM 2048
#define PAIR_WIRE 64

enum { PAIR_CLIENT, PAIR_SERVER };

typedef struct pair_datagram {
    uint8_t bytes[PAIR_ROOM];
    size_t  len;
} pair_datagram;

typedef struct pair_end {
    fpl_config   *config;
    fpl_conn     *conn;
    pair_datagram sent[PAIR_WIRE]; /* not yet delivered */
    size_t        num_sent;
    unsigned      datagrams; /* in all */
    fpl_time      deadline;
    bool          connected, failed, closed, waits;
    uint8_t       data[PAIR_ROOM];
    size_t        data_len;
    unsigned      num_data, num_keys;
} pair_end;

typedef struct pair_memory {
    size_t   live;
    unsigned count;
    unsigned fail_at; /* this one fails; 0 = none does */
} pair_memory;

static pair_end        ends[2];
static pair_memory     pair_allocations;
static fpl_time        pair_now;
static fpl_self_signed pair_credential;

static inline void *pair_allocate(void *arg, size_t size)
{
    pair_memory *memory = arg;
    void        *block;
    if (++memory->count == memory->fail_at) {
        return NULL;
    }
    block = malloc(size);
    ck_assert_ptr_nonnull(block);
    memory->live += size;
    return block;
}

static inline void pair_release(void *arg, void *block, size_t size)
{
    pair_memory *memory = arg;
    ck_assert_uint_le(size, memory->live);
    memory->live -= size;
    free(block);
}

/* pair_config makes a configuration with the test's credential, which counts its allocations. NULL when it was one
 * of them that failed. */
static inline fpl_config *pair_config(void)
{
    fpl_allocator allocator = {pair_allocate, pair_release, &pair_allocations};
    fpl_config   *config;
    if (pair_credential.certificate_len == 0) {
        ck_assert_int_eq(fpl_make_self_signed(&pair_credential, FPL_NAMED_GROUP_SECP256R1, "pair", 1767225600), FPL_OK);
    }
    config = fpl_config_new_with_allocator(&allocator);
    if (config != NULL) {
        ck_assert_int_eq(fpl_config_set_credential(config, pair_credential.certificate, pair_credential.certificate_len,
                                                   pair_credential.key, pair_credential.key_len),
                         FPL_OK);
        ck_assert_int_eq(fpl_config_set_trust(config, FPL_TRUST_ACCEPT_AND_NOTIFY), FPL_OK);
        ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS12), FPL_OK); /* unless a test says otherwise */
    }
    return config;
}

/* pair_begin makes both configurations; change them before pair_connect. */
static inline void pair_begin(void)
{
    memset(ends, 0, sizeof ends);
    memset(&pair_allocations, 0, sizeof pair_allocations);
    pair_now = 1000;
    for (int i = 0; i < 2; i++) {
        ends[i].config = pair_config();
        ck_assert_ptr_nonnull(ends[i].config);
    }
}

/* pair_open makes both connections. The server's address counts as proven unless `doubted`. */
static inline void pair_open(bool doubted)
{
    ends[PAIR_CLIENT].conn = fpl_conn_new(ends[PAIR_CLIENT].config, FPL_ROLE_CLIENT, pair_now);
    ends[PAIR_SERVER].conn = fpl_conn_new(ends[PAIR_SERVER].config, FPL_ROLE_SERVER, pair_now);
    ck_assert(ends[0].conn != NULL && ends[1].conn != NULL);
    if (!doubted) {
        ck_assert_int_eq(fpl_conn_set_address_validated(ends[PAIR_SERVER].conn), FPL_OK);
    }
}

static inline void pair_end_all(void)
{
    for (int i = 0; i < 2; i++) {
        fpl_conn_free(ends[i].conn);
        fpl_config_free(ends[i].config);
    }
    ck_assert_uint_eq(pair_allocations.live, 0);
}

/* pair_drain polls one end until it only has a deadline left, keeping what it sends. */
static inline void pair_drain(int which)
{
    pair_end  *e = &ends[which];
    fpl_output out;
    for (unsigned polls = 0; polls < 1000; polls++) {
        uint8_t    room[PAIR_ROOM];
        fpl_result result = fpl_conn_poll(e->conn, room, sizeof room, &out);
        if (result == FPL_FAILED) {
            e->failed = true;
            e->deadline = FPL_NEVER;
            return;
        }
        ck_assert_int_eq(result, FPL_OK);
        switch (out.type) {
        case FPL_OUTPUT_DATAGRAM:
            ck_assert_uint_lt(e->num_sent, PAIR_WIRE);
            memcpy(e->sent[e->num_sent].bytes, room, out.as.datagram_len);
            e->sent[e->num_sent++].len = out.as.datagram_len;
            e->datagrams++;
            break;
        case FPL_OUTPUT_CONNECTED: e->connected = true; break;
        case FPL_OUTPUT_PEER_CERTIFICATE: e->waits = out.as.peer_certificate.waits; break;
        case FPL_OUTPUT_KEYING_MATERIAL: e->num_keys++; break;
        case FPL_OUTPUT_APPLICATION_DATA:
            ck_assert_uint_le(out.as.data.len, sizeof e->data);
            memcpy(e->data, out.as.data.bytes, out.as.data.len);
            e->data_len = out.as.data.len;
            e->num_data++;
            break;
        case FPL_OUTPUT_CLOSE_NOTIFY: e->closed = true; break;
        case FPL_OUTPUT_SIGNATURE_WANTED: break;
        case FPL_OUTPUT_TIMEOUT: e->deadline = out.as.deadline; return;
        case FPL_OUTPUT_NONE: ck_abort_msg("an output of no type");
        }
    }
    ck_abort_msg("polled for ever");
}

/* pair_receive hands one end a datagram, in memory of its own, and polls it dry. */
static inline fpl_result pair_receive(int to, const uint8_t *bytes, size_t len)
{
    uint8_t   *copy = malloc(len == 0 ? 1 : len);
    fpl_result result;
    ck_assert_ptr_nonnull(copy);
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    result = fpl_conn_receive(ends[to].conn, copy, len, pair_now);
    pair_drain(to);
    free(copy);
    return result;
}

/* pair_take removes the oldest datagram that `from` has sent; false if there is none. */
static inline bool pair_take(int from, pair_datagram *out)
{
    pair_end *e = &ends[from];
    if (e->num_sent == 0) {
        return false;
    }
    *out = e->sent[0];
    memmove(&e->sent[0], &e->sent[1], --e->num_sent * sizeof *out);
    return true;
}

static inline void pair_start(void)
{
    ck_assert_int_eq(fpl_conn_start(ends[PAIR_CLIENT].conn, pair_now), FPL_OK);
    pair_drain(PAIR_CLIENT);
}

/* pair_pass delivers what `from` has sent so far; true if there was something. */
static inline bool pair_pass(int from)
{
    static pair_datagram d;
    bool                 any = false;
    for (size_t left = ends[from].num_sent; left > 0 && pair_take(from, &d); left--) {
        (void)pair_receive(1 - from, d.bytes, d.len);
        any = true;
    }
    return any;
}

/* pair_pump delivers everything until both are silent. */
static inline void pair_pump(void)
{
    for (unsigned rounds = 0; rounds < 100; rounds++) {
        bool client = pair_pass(PAIR_CLIENT);
        bool server = pair_pass(PAIR_SERVER);
        if (!client && !server) {
            return;
        }
    }
    ck_abort_msg("never silent");
}

/* pair_wake moves the clock to an end's deadline. */
static inline void pair_wake(int which)
{
    ck_assert(ends[which].deadline != FPL_NEVER);
    if (ends[which].deadline > pair_now) {
        pair_now = ends[which].deadline;
    }
    (void)fpl_conn_timeout(ends[which].conn, pair_now);
    pair_drain(which);
}

static inline void pair_connect(void)
{
    pair_open(false);
    pair_start();
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
}

/* pair_send sends `len` octets of application data and leaves the datagram with what the end has sent. */
static inline fpl_result pair_send(int from, size_t len)
{
    static uint8_t data[PAIR_ROOM];
    pair_end      *e = &ends[from];
    size_t         out_len = 0;
    fpl_result     result = fpl_conn_send(e->conn, data, len, e->sent[e->num_sent].bytes, PAIR_ROOM, &out_len, pair_now);
    if (result == FPL_OK) {
        e->sent[e->num_sent++].len = out_len;
    }
    return result;
}

#endif
