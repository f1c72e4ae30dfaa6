/* A server's door: stateless until a cookie comes back, then one connection for each address. */
#include "api/listener.h"

#include <openssl/mem.h>
#include <string.h>

#include "api/hello_pool.h"
#include "api/info.h"
#include "api/peers.h"
#include "engine/dispatch.h"
#include "engine/flight.h"
#include "engine/input.h"
#include "engine/interpret.h"
#include "engine/messages.h"
#include "engine/output.h"
#include "record/header12.h"
#include "steps/cookie.h"

#define FPL_RANDOM_AT 2 /* in a ClientHello, behind legacy_version */

struct fpl_listener {
    const fpl_config *config;
    fpl_time          now;
    fpl_conn          scratch; /* interprets `listen`; wiped after each hello */
    fpl_cookie_jar    cookies;
    fpl_peers         peers;
    size_t            num_connections; /* in the table, about to replace one there, or replaced */
    fpl_hello_pool    pool;
    fpl_peer         *replaced;    /* ended by a newer association; the application releases them */
    fpl_time          notified_at; /* of the last stateless alert */
    fpl_stats         stats;
};

/* --- life ------------------------------------------------------------------------------------------ */

/* The scratch connection as if new, but for the allocation it holds. */
static fpl_status reset_scratch(fpl_listener *listener)
{
    fpl_conn      *scratch = &listener->scratch;
    fpl_handshake *hs = scratch->hs;
    scratch->current_flight = NULL;
    if (scratch->config != NULL) {
        fpl_flights_free_released(scratch, true);
    }
    memset(scratch, 0, sizeof *scratch);
    scratch->hs = hs;
    if (fpl_conn_setup(scratch, listener->config, FPL_ROLE_SERVER, FPL_MACHINE_LISTEN, listener->now) != FPL_STATUS_OK) {
        return FPL_STATUS_NO_MEMORY;
    }
    scratch->scratch = true;
    scratch->cookies = &listener->cookies;
    scratch->notified_at = listener->notified_at;
    return FPL_STATUS_OK;
}

fpl_listener *fpl_listener_new(const fpl_config *config, fpl_time now)
{
    fpl_listener *listener;
    if (config == NULL || !config->has_credential || config->versions == 0) {
        return NULL;
    }
    fpl_config_freeze(config);
    listener = fpl_allocate(config, sizeof *listener);
    if (listener == NULL) {
        return NULL;
    }
    listener->config = config;
    listener->now = now;
    listener->notified_at = FPL_NEVER;
    listener->stats.size = sizeof listener->stats;
    if (fpl_peers_setup(&listener->peers, config) != FPL_STATUS_OK || reset_scratch(listener) != FPL_STATUS_OK) {
        fpl_listener_free(listener);
        return NULL;
    }
    return listener;
}

static void free_peer(fpl_listener *listener, fpl_peer *peer)
{
    if (peer->conn.listener != NULL) {
        listener->num_connections--;
    }
    fpl_conn_teardown(&peer->conn);
    fpl_release(listener->config, peer, sizeof *peer);
}

static void free_list(fpl_listener *listener, fpl_peer *peer)
{
    while (peer != NULL) {
        fpl_peer *next = peer->next;
        if (peer->replacement != NULL) {
            free_peer(listener, peer->replacement);
        }
        free_peer(listener, peer);
        peer = next;
    }
}

void fpl_listener_free(fpl_listener *listener)
{
    const fpl_config *config;
    if (listener == NULL) {
        return;
    }
    config = listener->config;
    for (size_t i = 0; i < listener->peers.num_buckets; i++) {
        free_list(listener, listener->peers.buckets[i]);
    }
    free_list(listener, listener->replaced);
    fpl_peers_free(&listener->peers, config);
    fpl_hello_pool_free(&listener->pool, config);
    fpl_conn_teardown(&listener->scratch);
    fpl_release(config, listener, sizeof *listener);
}

fpl_result fpl_listener_set_cookie_key(fpl_listener *listener, uint8_t key_id, const uint8_t key[32])
{
    if (listener == NULL || key == NULL || (listener->cookies.num > 0 && listener->cookies.id[0] == key_id)) {
        return FPL_MISUSE;
    }
    listener->cookies.shared = true;
    fpl_cookie_jar_add(&listener->cookies, key_id, key, listener->now);
    return FPL_OK;
}

/* --- a hello ------------------------------------------------------------------------------------------ */

static fpl_peer *new_peer(fpl_listener *listener, fpl_bytes address, uint64_t hash)
{
    fpl_peer *peer;
    if (listener->num_connections >= fpl_config_limit(listener->config, FPL_LIMIT_LISTENER_CONNECTIONS) ||
        !fpl_peers_reserve(&listener->peers, listener->config, listener->num_connections + 1)) {
        return NULL;
    }
    peer = fpl_allocate(listener->config, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    peer->hash = hash;
    peer->heap_at = FPL_NOT_IN_HEAP;
    peer->deadline = FPL_NEVER;
    memcpy(peer->address, address.data, address.len);
    peer->address_len = (uint8_t)address.len;
    if (fpl_conn_setup(&peer->conn, listener->config, FPL_ROLE_SERVER, FPL_MACHINE_LISTEN, listener->now) !=
            FPL_STATUS_OK ||
        !fpl_conn_hand_over(&peer->conn, &listener->scratch)) {
        free_peer(listener, peer);
        return NULL;
    }
    listener->num_connections++;
    peer->conn.listener = listener;
    peer->conn.cookies = &listener->cookies; /* what the cookie of the hello says has yet to be read again */
    peer->conn.peer = peer;
    peer->conn.address = fpl_bytes_of(peer->address, peer->address_len);
    peer->conn.address_validated = listener->config->cookie_exchange; /* its cookie came back */
    return peer;
}

/* The hello passed `listen`: it becomes a connection, or the one that may replace `old`. */
static fpl_conn *admit(fpl_listener *listener, fpl_peer *old, fpl_bytes address, uint64_t hash, const fpl_fragment *hello,
                       uint64_t record_seq, size_t datagram_len)
{
    fpl_peer *peer = new_peer(listener, address, hash);
    if (peer == NULL) {
        listener->stats.dropped_full++;
        return NULL;
    }
    if (old != NULL) {
        old->replacement = peer;
        peer->replaces = old;
    } else if (!fpl_peers_add(&listener->peers, listener->config, peer)) {
        free_peer(listener, peer);
        listener->stats.dropped_full++;
        return NULL;
    }
    peer->conn.stats.datagrams_in = 1;
    peer->conn.stats.bytes_in = datagram_len;
    peer->conn.stats.records_in = 1;
    peer->conn.hello_record_seq = record_seq;
    fpl_conn_number_as_hello(&peer->conn); /* for an alert too: the HelloVerifyRequest had those below */
    peer->conn.next_receive_seq = hello->seq;
    peer->conn.peer_flight_from = hello->seq;
    (void)fpl_input_message(&peer->conn, hello);
    fpl_conn_tidy(&peer->conn);
    fpl_listener_note_deadline(&peer->conn);
    return &peer->conn;
}

static fpl_conn *take_hello(fpl_listener *listener, fpl_peer *old, fpl_bytes address, uint64_t hash,
                            const fpl_fragment *hello, uint64_t record_seq, size_t datagram_len)
{
    fpl_conn *scratch = &listener->scratch;
    if (fpl_cookie_jar_turn(&listener->cookies, listener->config, listener->now) != FPL_STATUS_OK ||
        reset_scratch(listener) != FPL_STATUS_OK) {
        listener->stats.dropped_full++;
        return NULL;
    }
    scratch->address = address;
    scratch->stats.bytes_in = datagram_len;
    scratch->hello_record_seq = record_seq;
    scratch->next_receive_seq = hello->seq;
    scratch->next_send_seq = hello->seq;
    fpl_conn_number_as_hello(scratch);
    if (fpl_input_message(scratch, hello) == FPL_TAKEN && scratch->handshake.machine != FPL_MACHINE_LISTEN) {
        return admit(listener, old, address, hash, hello, record_seq, datagram_len);
    }
    listener->notified_at = scratch->notified_at;
    listener->stats.dropped_malformed += scratch->stats.dropped_malformed;
    listener->stats.dropped_unexpected += scratch->stats.dropped_unexpected;
    return NULL;
}

/* A datagram of nobody we know: only a ClientHello in epoch 0 means anything. */
static fpl_conn *take_stranger(fpl_listener *listener, fpl_peer *old, fpl_bytes address, uint64_t hash, uint8_t *datagram,
                               size_t len)
{
    size_t       at = 0;
    size_t       consumed = 0;
    fpl_drop     why = FPL_DROP_NONE;
    fpl_record12 record;
    while (at < len) {
        fpl_parse parse = fpl_header12_parse(datagram + at, len - at, &record, &consumed, &why);
        at += consumed;
        if (parse == FPL_PARSE_DROP_REST) {
            listener->stats.dropped_malformed++;
            break;
        }
        if (parse == FPL_PARSE_OK && record.epoch == 0 && record.type == FPL_CONTENT_TYPE_HANDSHAKE) {
            fpl_bytes    rest = fpl_bytes_of(record.body, record.body_len);
            fpl_fragment fragment;
            if (fpl_fragment_read(&rest, 0, &fragment) && fragment.type == FPL_HANDSHAKE_TYPE_CLIENT_HELLO &&
                fragment.offset <= fragment.total && fragment.body.len <= fragment.total - fragment.offset) {
                fpl_pooled_hello *whole;
                if (fragment.body.len == fragment.total) {
                    return take_hello(listener, old, address, hash, &fragment, record.seq, len);
                }
                whole = fpl_hello_pool_add(&listener->pool, listener->config, address, hash, &fragment, record.seq,
                                           listener->now);
                if (whole != NULL) {
                    fpl_conn *conn;
                    fragment.offset = 0;
                    fragment.body = fpl_bytes_of(whole->bytes, whole->total);
                    conn = take_hello(listener, old, address, hash, &fragment, whole->record_seq, whole->received);
                    fpl_hello_pool_drop(whole);
                    return conn;
                }
                continue;
            }
        }
        listener->stats.dropped_unexpected++;
    }
    return NULL;
}

/* --- telling associations apart --------------------------------------------------------------------------- */

static bool first_record(uint8_t *datagram, size_t len, fpl_record12 *record)
{
    size_t   consumed = 0;
    fpl_drop why = FPL_DROP_NONE;
    return len > 0 && fpl_header12_parse(datagram, len, record, &consumed, &why) == FPL_PARSE_OK;
}

/* Only a ClientHello may begin a new association: a flight that comes again begins with plain records too. One with the
 * random of the association at hand is that one's own, late or repeated. */
static bool starts_another(const fpl_conn *conn, uint8_t *datagram, size_t len)
{
    fpl_record12 record;
    fpl_fragment fragment;
    fpl_bytes    rest;
    if (!first_record(datagram, len, &record) || record.epoch != 0 || record.type != FPL_CONTENT_TYPE_HANDSHAKE) {
        return false;
    }
    rest = fpl_bytes_of(record.body, record.body_len);
    if (!fpl_fragment_read(&rest, 0, &fragment) || fragment.type != FPL_HANDSHAKE_TYPE_CLIENT_HELLO) {
        return false;
    }
    return fragment.offset != 0 || fragment.body.len < FPL_RANDOM_AT + FPL_RANDOM_LEN ||
           memcmp(fragment.body.data + FPL_RANDOM_AT, conn->client_random, FPL_RANDOM_LEN) != 0;
}

/* Two associations of one address: what any record of the datagram was sealed with tells whose it is, a plain
 * part before it notwithstanding (a flight that comes again has one). On a copy, since opening spoils. */
static bool opens_with(const fpl_listener *listener, fpl_conn *conn, const uint8_t *datagram, size_t len)
{
    bool     opens = false;
    uint8_t *copy = len > 0 ? fpl_allocate(listener->config, len) : NULL;
    if (copy != NULL) {
        memcpy(copy, datagram, len);
        opens = fpl_input_opens(conn, copy, len);
        fpl_release(listener->config, copy, len);
    }
    return opens;
}

/* One that has seen proof of its peer, or is over though the application still holds it, may get a successor (RFC 6347
 * section 4.2.8, RFC 9147 section 5.11). */
static bool may_be_replaced(const fpl_peer *peer)
{
    return peer->replacement == NULL && (peer->conn.authenticated || peer->conn.life != FPL_LIFE_LIVE);
}

static fpl_conn *route(fpl_listener *listener, fpl_peer *peer, uint8_t *datagram, size_t len)
{
    if (peer->replacement == NULL || opens_with(listener, &peer->conn, datagram, len)) {
        return &peer->conn;
    }
    return &peer->replacement->conn;
}

fpl_result fpl_listener_receive(fpl_listener *listener, const uint8_t *address, size_t address_len, uint8_t *datagram,
                                size_t len, fpl_time now, fpl_conn **conn)
{
    fpl_bytes  view = fpl_bytes_of(address, address_len);
    fpl_peer  *peer;
    uint64_t   hash;
    fpl_result result;
    if (listener == NULL || conn == NULL || address == NULL || address_len == 0 || address_len > FPL_LIMIT_VALUE_ADDRESS_BYTES ||
        (datagram == NULL && len > 0)) {
        return FPL_MISUSE;
    }
    *conn = NULL;
    if (now > listener->now) {
        listener->now = now;
    }
    /* An answer that nobody fetched was for another datagram, perhaps of another address. */
    fpl_flights_free_released(&listener->scratch, true);
    listener->scratch.alert.set = false;
    hash = fpl_peers_hash(&listener->peers, view);
    peer = fpl_peers_find(&listener->peers, view, hash);
    if (peer == NULL || (may_be_replaced(peer) && starts_another(&peer->conn, datagram, len))) {
        listener->stats.datagrams_in++;
        listener->stats.bytes_in += len;
        *conn = take_stranger(listener, peer, view, hash, datagram, len);
        return FPL_OK;
    }
    *conn = route(listener, peer, datagram, len);
    result = fpl_conn_receive(*conn, datagram, len, now);
    return result == FPL_FAILED ? FPL_OK : result; /* polling it says so */
}

fpl_result fpl_listener_poll(fpl_listener *listener, uint8_t *buf, size_t cap, fpl_output *out)
{
    size_t     len = 0;
    fpl_result result;
    if (listener == NULL || out == NULL || (buf == NULL && cap > 0)) {
        return FPL_MISUSE;
    }
    memset(out, 0, sizeof *out);
    result = fpl_output_datagram(&listener->scratch, buf, cap, &len);
    if (result == FPL_BUFFER_TOO_SMALL) {
        out->needed = len;
        return result;
    }
    if (len > 0) {
        listener->stats.datagrams_out++;
        listener->stats.bytes_out += len;
        out->type = FPL_OUTPUT_DATAGRAM;
        out->as.datagram_len = len;
        return FPL_OK;
    }
    out->type = FPL_OUTPUT_TIMEOUT;
    out->as.deadline = listener->peers.heap_num > 0 ? listener->peers.heap[0]->deadline : FPL_NEVER;
    return FPL_OK;
}

/* --- the connections it holds --------------------------------------------------------------------------------- */

void fpl_listener_note_deadline(fpl_conn *conn)
{
    if (conn->listener != NULL && conn->peer != NULL) {
        fpl_time deadline = fpl_conn_deadline(conn);
        if (deadline != conn->peer->deadline || conn->peer->heap_at == FPL_NOT_IN_HEAP) {
            fpl_peers_schedule(&conn->listener->peers, conn->peer, deadline);
        }
    }
}

void fpl_listener_note_connected(fpl_conn *conn)
{
    fpl_listener *listener = conn->listener;
    fpl_peer     *peer = conn->peer;
    fpl_peer     *old = peer != NULL ? peer->replaces : NULL;
    fpl_event     event;
    if (old == NULL) {
        return;
    }
    memset(&event, 0, sizeof event);
    event.kind = FPL_EVENT_ASSOCIATION;
    event.code = FPL_ASSOCIATION_REPLACED;
    (void)fpl_dispatch(&old->conn, &event);
    fpl_conn_tidy(&old->conn);
    fpl_peers_schedule(&listener->peers, old, FPL_NEVER);
    fpl_peers_remove(&listener->peers, old);
    old->replacement = NULL;
    peer->replaces = NULL;
    old->next = listener->replaced;
    listener->replaced = old;
    (void)fpl_peers_add(&listener->peers, listener->config, peer); /* the one taken out left its room */
}

fpl_conn *fpl_listener_next_due(fpl_listener *listener, fpl_time now)
{
    if (listener == NULL || listener->peers.heap_num == 0 || listener->peers.heap[0]->deadline > now) {
        return NULL;
    }
    return &listener->peers.heap[0]->conn;
}

fpl_conn *fpl_listener_next_replaced(fpl_listener *listener)
{
    return listener == NULL || listener->replaced == NULL ? NULL : &listener->replaced->conn;
}

static void forget_replaced(fpl_listener *listener, const fpl_peer *peer)
{
    for (fpl_peer **at = &listener->replaced; *at != NULL; at = &(*at)->next) {
        if (*at == peer) {
            *at = peer->next;
            return;
        }
    }
}

void fpl_listener_release(fpl_listener *listener, fpl_conn *conn)
{
    fpl_peer *peer;
    if (listener == NULL || conn == NULL || conn->listener != listener || conn->peer == NULL) {
        return;
    }
    peer = conn->peer;
    fpl_peers_schedule(&listener->peers, peer, FPL_NEVER);
    forget_replaced(listener, peer);
    if (peer->replaces != NULL) {
        peer->replaces->replacement = NULL;
    } else {
        fpl_peers_remove(&listener->peers, peer);
    }
    if (peer->replacement != NULL) {
        peer->replacement->replaces = NULL; /* it goes on as the association of this address */
        (void)fpl_peers_add(&listener->peers, listener->config, peer->replacement);
    }
    free_peer(listener, peer);
}

size_t fpl_listener_num_connections(const fpl_listener *listener)
{
    return listener->num_connections;
}

fpl_result fpl_listener_stats(const fpl_listener *listener, fpl_stats *out)
{
    return listener == NULL ? FPL_MISUSE : fpl_copy_stats(&listener->stats, out);
}
