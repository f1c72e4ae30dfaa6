#include "house/world.h"

#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/mem.h>

#include "api/config.h"
#include "house/chance.h"
#include "house/wire13.h"
#include "record/header12.h"

#define ROOM 70000
#define POLLS_AT_ONCE 4096
#define CONN_BOUND (300u << 10)
#define LISTENER_BOUND (3u << 20)
#define AMPLIFICATION 3

static uint8_t out_room[ROOM];

/* --- opening ---------------------------------------------------------------------------------------- */

static void pin(fpl_conn *conn, house_credential_id id)
{
    const house_credential *c = house_credential_of(id);
    uint8_t                 fingerprint[32];
    fpl_fingerprint(c->certificate, c->certificate_len, fingerprint);
    FUZZ_CHECK(fpl_conn_add_peer_fingerprint(conn, fingerprint, 0) == FPL_OK, "pin");
}

static assoc *new_assoc(world *w, int which, fpl_conn *conn, uint8_t client)
{
    end   *e = &w->ends[which];
    assoc *a;
    FUZZ_CHECK(e->num_assocs < WORLD_ASSOCS, "more connections than addresses allow");
    a = &e->assocs[e->num_assocs++];
    memset(a, 0, sizeof *a);
    a->conn = conn;
    a->client = client;
    a->deadline = FPL_NEVER;
    a->mtu = (size_t)fpl_config_get(e->config, FPL_SETTING_MTU);
    return a;
}

static void forget(world *w, int which, const assoc *a)
{
    end   *e = &w->ends[which];
    size_t at = (size_t)(a - e->assocs);
    memmove(&e->assocs[at], &e->assocs[at + 1], (e->num_assocs - at - 1) * sizeof *a);
    e->num_assocs--;
}

/* Which versions an end allows. Where that is up to the input, both ends speak 1.3, or both speak both, or they differ. */
static unsigned versions_of(const world_plan *plan, int which, const uint8_t head[5])
{
    static const unsigned pairs[8][2] = {{2, 3}, {3, 2}, {1, 3}, {3, 1}, {2, 1}, {1, 2}, {2, 2}, {3, 3}};
    if (!plan->versions) {
        return FPL_VERSIONS_DTLS12;
    }
    switch (head[2] >> 4 & 3) {
    case 0:
    case 1: return FPL_VERSIONS_DTLS13;
    case 2: return FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13;
    default: return pairs[head[4] >> 5][which == WORLD_SERVER ? 1 : 0];
    }
}

static fpl_config *configure(end *e, int which, const world_plan *plan, const uint8_t head[5])
{
    static const fpl_cipher_suite suites[3][2] = {
        {FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256},
        {FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384},
        {FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256}};
    static const fpl_named_group  groups[3] = {FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP256R1, FPL_NAMED_GROUP_SECP384R1};
    static const fpl_srtp_protection_profile profiles[2] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                            FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    const house_credential       *c = house_credential_of(e->credential);
    fpl_allocator                 allocator = house_memory_allocator(&e->memory);
    fpl_config                   *config;
    bool                          external = (head[1] >> (which == WORLD_SERVER ? 5 : 4) & 1) != 0;
    fpl_result                    result = FPL_OK;
    e->memory.bound = which == WORLD_SERVER ? LISTENER_BOUND : CONN_BOUND;
    config = fpl_config_new_with_allocator(&allocator);
    FUZZ_CHECK(config != NULL, "config");
    result |= fpl_config_set_versions(config, versions_of(plan, which, head));
    result |= fpl_config_set_random(config, house_chance_fill, NULL);
    if ((head[0] & 4) != 0) {
        result |= fpl_config_use_webrtc_profile(config);
    }
    result |= fpl_config_set_cookie_exchange(config, (head[0] & 2) != 0);
    result |= fpl_config_set_client_auth(config, (fpl_client_auth)(FPL_CLIENT_AUTH_OFF + (head[0] >> 3 & 3) % 3));
    if ((head[0] & 32) != 0) {
        result |= fpl_config_set_trust(config, FPL_TRUST_ACCEPT_AND_NOTIFY);
    }
    if ((head[0] & 128) != 0) {
        result |= fpl_config_set_srtp_profiles(config, profiles, 2);
    }
    if ((head[2] & 3) != 3) {
        result |= fpl_config_set_cipher_suites(config, suites[head[2] & 3], 2);
    }
    if ((head[2] >> 2 & 3) != 3) {
        result |= fpl_config_set_groups(config, &groups[head[2] >> 2 & 3], 1);
    } else if (which == WORLD_SERVER && plan->versions && (head[4] & 32) != 0) {
        result |=
            fpl_config_set_groups(config, &groups[2], 1); /* a client of 1.3 has no share of that: it is asked for one */
    }
    if ((head[2] & 64) != 0) {
        result |= fpl_config_set_plaintext_alerts(config, FPL_PLAINTEXT_ALERTS_FATAL);
    }
    result |= fpl_config_set(config, FPL_SETTING_MTU, 200u + 6u * head[3]);
    if ((head[4] & 4) != 0) {
        result |= fpl_config_set(config, FPL_SETTING_FORGERIES, 2);
        result |= fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, 1024);
    }
    if ((head[4] & 8) != 0) {
        result |= fpl_config_set(config, FPL_SETTING_MAX_HANDSHAKE_MESSAGE, 2048);
        result |= fpl_config_set(config, FPL_SETTING_MAX_CERTIFICATE_BYTES, 1024);
        result |= fpl_config_set(config, FPL_SETTING_TRUST_WAIT, 0);
        result |= fpl_config_set(config, FPL_SETTING_LISTENER_CONNECTIONS, 2);
        result |= fpl_config_set(config, FPL_SETTING_HELLO_POOL_SLOTS, 2);
    }
    if (which != WORLD_SERVER && (head[4] & 16) != 0) {
        result |= fpl_config_set_server_name(config, "server.example");
    }
    if (e->credential != HOUSE_NONE) {
        result |= external ? fpl_config_set_external_credential(config, c->certificate, c->certificate_len)
                           : fpl_config_set_credential(config, c->certificate, c->certificate_len, c->key, c->key_len);
    }
    FUZZ_CHECK(result == FPL_OK, "configuration");
    return config;
}

static void open_client(world *w, int which, bool pinned)
{
    end      *e = &w->ends[which];
    fpl_conn *conn = fpl_conn_new(e->config, FPL_ROLE_CLIENT, w->now);
    FUZZ_CHECK(conn != NULL, "client");
    (void)new_assoc(w, which, conn, (uint8_t)(which - WORLD_CLIENT));
    if (pinned) {
        pin(conn, w->ends[WORLD_SERVER].credential);
    }
}

void world_open(world *w, const world_plan *plan, fuzz_input *in)
{
    static const house_credential_id of_server[4] = {HOUSE_P256_A, HOUSE_P256_B, HOUSE_P384_A, HOUSE_P256_A};
    static const house_credential_id of_client[4] = {HOUSE_NONE, HOUSE_P256_B, HOUSE_P256_A, HOUSE_P384_A};
    uint8_t                          head[5];
    for (size_t i = 0; i < sizeof head; i++) {
        head[i] = fuzz_u8(in);
    }
    memset(w, 0, sizeof *w);
    house_chance_begin(1 + (head[4] >> 5));
    w->now = 1000000;
    w->num_clients = plan->num_clients;
    w->validated = (head[2] & 128) != 0;
    w->asks_cookies = (head[0] & 2) != 0;
    for (size_t i = 0; i <= plan->num_clients; i++) {
        end *e = &w->ends[i];
        e->credential = i == WORLD_SERVER ? of_server[head[1] >> 2 & 3] : of_client[head[1] & 3];
        e->hostile = i == WORLD_SERVER ? plan->hostile_server : plan->hostile_client;
        e->tight = (head[0] & 64) != 0;
        e->judges_late = (head[4] & 1) != 0;
        e->signs_late = (head[4] & 2) != 0;
        e->config = configure(e, (int)i, plan, head);
        if (i != WORLD_SERVER) {
            open_client(w, (int)i, (head[1] & 64) != 0);
        }
    }
    if (plan->listener || (head[0] & 1) != 0) {
        w->ends[WORLD_SERVER].listener = fpl_listener_new(w->ends[WORLD_SERVER].config, w->now);
        FUZZ_CHECK(w->ends[WORLD_SERVER].listener != NULL, "listener");
    } else {
        fpl_conn *conn = fpl_conn_new(w->ends[WORLD_SERVER].config, FPL_ROLE_SERVER, w->now);
        FUZZ_CHECK(conn != NULL, "server");
        (void)new_assoc(w, WORLD_SERVER, conn, 0);
        if (w->validated) {
            FUZZ_CHECK(fpl_conn_set_address_validated(conn) == FPL_OK, "validated");
        }
        if ((head[1] & 128) != 0 && w->ends[WORLD_CLIENT].credential != HOUSE_NONE) {
            pin(conn, w->ends[WORLD_CLIENT].credential);
        }
    }
}

void world_close(world *w)
{
    for (size_t i = 0; i <= w->num_clients; i++) {
        end *e = &w->ends[i];
        for (size_t k = 0; k < e->num_queued; k++) {
            free(e->queue[k].bytes);
        }
        if (e->listener != NULL) {
            fpl_listener_free(e->listener);
        } else {
            for (size_t k = 0; k < e->num_assocs; k++) {
                fpl_conn_free(e->assocs[k].conn);
            }
        }
        fpl_config_free(e->config);
        FUZZ_CHECK(e->memory.live == 0, "end %zu keeps %zu octets", i, e->memory.live);
    }
    for (size_t k = 0; k < w->num_history; k++) {
        free(w->history[k].bytes);
    }
}

/* --- what ends say ------------------------------------------------------------------------------------ */

static void check_records(assoc *a, const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at < len) {
        uint8_t  type = bytes[at];
        unsigned epoch;
        uint64_t seq = 0;
        size_t   body;
        if (wire13_begins(type)) {
            FUZZ_CHECK(a != NULL, "a listener answers with a protected record");
            at += wire13_check(a, bytes + at, len - at);
            continue;
        }
        FUZZ_CHECK(len - at >= FPL_HEADER12_LEN, "a record is cut short");
        epoch = (unsigned)bytes[at + 3] << 8 | bytes[at + 4];
        for (size_t i = 5; i < 11; i++) {
            seq = seq << 8 | bytes[at + i];
        }
        body = (size_t)bytes[at + 11] << 8 | bytes[at + 12];
        FUZZ_CHECK(body <= len - at - FPL_HEADER12_LEN, "a record reaches beyond its datagram");
        FUZZ_CHECK(epoch <= 1 && (epoch == 0 || a == NULL || a->conn->version == FPL_VERSION_DTLS12), "epoch %u", epoch);
        FUZZ_CHECK(type != FPL_CONTENT_TYPE_APPLICATION_DATA || epoch > 0, "application data in the clear");
        FUZZ_CHECK(type != FPL_CONTENT_TYPE_ACK, "an ACK in the clear, or in DTLS 1.2");
        if (a != NULL) {
            FUZZ_CHECK(seq >= a->next_record[epoch], "record number %llu again, in epoch %u", (unsigned long long)seq,
                       epoch);
            a->next_record[epoch] = seq + 1;
        }
        at += FPL_HEADER12_LEN + body;
    }
}

static packet make_packet(const uint8_t *bytes, size_t len, uint8_t client)
{
    packet p;
    p.bytes = fuzz_copy(bytes, len);
    p.len = len;
    p.client = client;
    return p;
}

static void put_on_wire(world *w, int from, uint8_t client, const uint8_t *bytes, size_t len)
{
    end *to = &w->ends[from == WORLD_SERVER ? WORLD_CLIENT + client : WORLD_SERVER];
    if (to->num_queued < WORLD_QUEUE) {
        to->queue[to->num_queued++] = make_packet(bytes, len, client);
    }
    if (w->num_history < WORLD_HISTORY) {
        w->history[w->num_history++] = make_packet(bytes, len, client);
    }
}

static void said(world *w, int which, assoc *a, const uint8_t *bytes, size_t len, bool handshake)
{
    end *e = &w->ends[which];
    FUZZ_CHECK(!handshake || len <= a->mtu, "a datagram of %zu octets at an MTU of %zu", len, a->mtu);
    if (!e->hostile) {
        check_records(a, bytes, len);
    }
    if (which == WORLD_SERVER && !w->validated && e->listener == NULL && !a->conn->authenticated) {
        FUZZ_CHECK(a->bytes_out + len <= AMPLIFICATION * a->bytes_in, "%llu octets in, %llu out",
                   (unsigned long long)a->bytes_in, (unsigned long long)(a->bytes_out + len));
    }
    a->bytes_out += len;
    wire13_note_secrets(w, a->conn);
    put_on_wire(w, which, a->client, bytes, len);
}

/* --- agreement ---------------------------------------------------------------------------------------- */

static void connected(world *w, int which, assoc *a)
{
    const fpl_conn *conn = a->conn;
    session         s;
    FUZZ_CHECK(!a->connected && !a->failed, "CONNECTED after the end, or twice");
    FUZZ_CHECK(w->ends[which].hostile || !w->has_spoiled || memcmp(w->spoiled, conn->client_random, sizeof w->spoiled) != 0,
               "CONNECTED after what was spoiled");
    a->connected = true;
    memset(&s, 0, sizeof s);
    memcpy(s.client_random, conn->client_random, sizeof s.client_random);
    memcpy(s.server_random, conn->server_random, sizeof s.server_random);
    s.suite = (uint16_t)fpl_conn_cipher_suite(conn);
    s.at_server = which == WORLD_SERVER;
    if (fpl_conn_export(conn, s.exported, sizeof s.exported, "EXPERIMENTAL fuzz", NULL, 0) != FPL_OK) {
        return; /* libcrypto's memory is not ours to fail, but closed in the same breath it may be */
    }
    if (!w->ends[WORLD_SERVER].hostile && !w->ends[WORLD_CLIENT].hostile) {
        bool found = false;
        for (size_t i = 0; i < w->num_sessions; i++) {
            const session *other = &w->sessions[i];
            if (other->at_server != s.at_server &&
                memcmp(other->client_random, s.client_random, sizeof s.client_random) == 0 &&
                memcmp(other->server_random, s.server_random, sizeof s.server_random) == 0) {
                found = true;
                FUZZ_CHECK(other->suite == s.suite && memcmp(other->exported, s.exported, sizeof s.exported) == 0,
                           "both ends are connected, with different keys");
            }
        }
        if (conn->version == FPL_VERSION_DTLS13) {
            wire13_connected(w, a, s.at_server, found); /* the client is the first to know */
        } else {
            FUZZ_CHECK(found || s.at_server || w->num_sessions == WORLD_SESSIONS, "a client is connected to nobody");
        }
        if (s.at_server && conn->version == FPL_VERSION_DTLS12) {
            /* Nobody but a client of ours can have sent that Finished. */
            const end *peer = &w->ends[WORLD_CLIENT + a->client];
            for (size_t i = 0; i < peer->num_assocs && !found; i++) {
                const fpl_conn *client = peer->assocs[i].conn;
                found = memcmp(client->client_random, s.client_random, sizeof s.client_random) == 0;
                FUZZ_CHECK(!found || client->life != FPL_LIFE_LIVE ||
                               memcmp(client->master_secret, conn->master_secret, sizeof client->master_secret) == 0,
                           "a server is connected with keys that its client does not have");
            }
        }
    }
    if (w->num_sessions < WORLD_SESSIONS) {
        w->sessions[w->num_sessions++] = s;
    }
}

static uint8_t octet_of(unsigned number, size_t at)
{
    return (uint8_t)(number * 53u + at * 11u + (at >> 7));
}

static void got_data(world *w, int which, const assoc *a, const uint8_t *bytes, size_t len)
{
    const end *peer = &w->ends[which == WORLD_SERVER ? WORLD_CLIENT + a->client : WORLD_SERVER];
    unsigned   number;
    FUZZ_CHECK(a->connected, "application data before CONNECTED");
    if (peer->hostile) {
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < len; i++) {
            sum = (uint8_t)(sum + bytes[i]);
        }
        return;
    }
    FUZZ_CHECK(len >= 2, "application data that was not sent");
    number = bytes[0];
    FUZZ_CHECK(w->sent_by[number] == (uint8_t)(peer - w->ends) + 1 && w->sent_len[number] == len,
               "application data that was not sent, or by somebody else");
    for (size_t i = 1; i < len; i++) {
        FUZZ_CHECK(bytes[i] == octet_of(number, i), "octet %zu of message %u changed on its way", i, number);
    }
    FUZZ_CHECK(!w->got[number], "message %u came twice", number);
    w->got[number] = true;
}

void world_send(world *w, int which, assoc *a, size_t len)
{
    uint8_t    data[2048];
    size_t     out_len = 0;
    size_t     most = fpl_conn_max_payload(a->conn);
    fpl_result result;
    if (w->num_sent == WORLD_MESSAGES) {
        return;
    }
    len = len % sizeof data;
    if (len > most) {
        len = most;
    }
    if (len < 2) {
        len = 2;
    }
    data[0] = (uint8_t)w->num_sent;
    for (size_t i = 1; i < len; i++) {
        data[i] = octet_of(w->num_sent, i);
    }
    result = fpl_conn_send(a->conn, data, len, out_room, sizeof out_room, &out_len, w->now);
    if (a->failed) {
        FUZZ_CHECK(result == FPL_FAILED, "a failed connection sends: %d", result);
    }
    if (result != FPL_OK) {
        world_drain(w, which, a);
        return;
    }
    FUZZ_CHECK(a->connected, "sent before CONNECTED");
    w->sent_by[w->num_sent] = (uint8_t)(which + 1);
    w->sent_len[w->num_sent] = (uint16_t)len;
    w->num_sent++;
    said(w, which, a, out_room, out_len, false);
    world_drain(w, which, a);
}

void world_sign(world *w, int which, assoc *a, bool well)
{
    const house_credential *c = house_credential_of(w->ends[which].credential);
    CBS                     cbs;
    EVP_PKEY               *key;
    ECDSA_SIG              *pair;
    uint8_t                *der = NULL;
    size_t                  len = 0;
    if (!a->signature_waits) {
        return;
    }
    a->signature_waits = false;
    if (!well) {
        (void)fpl_conn_provide_signature(a->conn, NULL, 0, w->now);
        return;
    }
    CBS_init(&cbs, c->key, c->key_len);
    key = EVP_parse_private_key(&cbs);
    FUZZ_CHECK(key != NULL, "our own key");
    pair = ECDSA_do_sign(a->digest, a->digest_len, EVP_PKEY_get0_EC_KEY(key));
    FUZZ_CHECK(pair != NULL && ECDSA_SIG_to_bytes(&der, &len, pair), "sign");
    (void)fpl_conn_provide_signature(a->conn, der, len, w->now);
    ECDSA_SIG_free(pair);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

/* --- polling ---------------------------------------------------------------------------------------------- */

static void failed(world *w, assoc *a)
{
    fpl_explanation why;
    fpl_output      out;
    uint8_t         bytes[8];
    char            text[256];
    a->failed = true;
    a->deadline = FPL_NEVER;
    fpl_conn_explain(a->conn, &why);
    FUZZ_CHECK(why.failure != FPL_FAILURE_NONE, "failed without a reason");
    FUZZ_CHECK(fpl_conn_explain_text(a->conn, text, sizeof text) > 0, "no words for it");
    FUZZ_CHECK(fpl_conn_poll(a->conn, out_room, sizeof out_room, &out) == FPL_FAILED, "it lives again");
    FUZZ_CHECK(fpl_conn_receive(a->conn, bytes, sizeof bytes, w->now) == FPL_FAILED, "it listens again");
    FUZZ_CHECK(fpl_conn_export(a->conn, bytes, sizeof bytes, "EXPERIMENTAL fuzz", NULL, 0) != FPL_OK, "it still exports");
    FUZZ_CHECK(!fpl_conn_is_connected(a->conn), "it is connected");
}

static void judge(world *w, assoc *a)
{
    if (a->certificate_waits) {
        a->certificate_waits = false;
        (void)fpl_conn_judge_certificate(a->conn, true, w->now);
    }
}

/* A poll with no room says how much the next datagram takes, and takes no more when it has that. */
static fpl_result poll_tight(fpl_conn *conn, fpl_output *out)
{
    size_t     needed;
    fpl_result result = fpl_conn_poll(conn, NULL, 0, out);
    if (result != FPL_BUFFER_TOO_SMALL) {
        FUZZ_CHECK(result != FPL_OK || out->type != FPL_OUTPUT_DATAGRAM, "a datagram in no room");
        return result;
    }
    needed = out->needed;
    FUZZ_CHECK(needed > 0 && needed <= sizeof out_room, "needs %zu", needed);
    FUZZ_CHECK(fpl_conn_poll(conn, out_room, needed - 1, out) == FPL_BUFFER_TOO_SMALL && out->needed == needed,
               "another need");
    result = fpl_conn_poll(conn, out_room, needed, out);
    FUZZ_CHECK(result == FPL_OK && out->type == FPL_OUTPUT_DATAGRAM && out->as.datagram_len == needed,
               "needed %zu, took %zu", needed, out->as.datagram_len);
    return result;
}

void world_drain(world *w, int which, assoc *a)
{
    end       *e = &w->ends[which];
    bool       was_closed = fpl_conn_is_closed(a->conn);
    fpl_output out;
    for (unsigned polls = 0;; polls++) {
        fpl_result result = e->tight ? poll_tight(a->conn, &out) : fpl_conn_poll(a->conn, out_room, sizeof out_room, &out);
        FUZZ_CHECK(polls < POLLS_AT_ONCE, "polled for ever");
        FUZZ_CHECK(result == FPL_OK || result == FPL_FAILED, "poll: %d", result);
        if (result == FPL_FAILED) {
            failed(w, a);
            return;
        }
        FUZZ_CHECK(!a->failed, "it lives again");
        FUZZ_CHECK(!was_closed ||
                       (fpl_conn_is_closed(a->conn) && (out.type == FPL_OUTPUT_DATAGRAM || out.type == FPL_OUTPUT_TIMEOUT ||
                                                        out.type == FPL_OUTPUT_CLOSE_NOTIFY)),
                   "output %d of one that is closed", (int)out.type);
        switch (out.type) {
        case FPL_OUTPUT_DATAGRAM: said(w, which, a, out_room, out.as.datagram_len, true); break;
        case FPL_OUTPUT_PEER_CERTIFICATE:
            FUZZ_CHECK(out.as.peer_certificate.num > 0, "a chain of none");
            a->certificate_waits = out.as.peer_certificate.waits;
            if (!e->judges_late) {
                judge(w, a);
            }
            break;
        case FPL_OUTPUT_SIGNATURE_WANTED:
            a->signature_waits = true;
            FUZZ_CHECK(out.as.signature_wanted.digest_len <= sizeof a->digest, "a long digest");
            memcpy(a->digest, out.as.signature_wanted.digest, out.as.signature_wanted.digest_len);
            a->digest_len = out.as.signature_wanted.digest_len;
            if (!e->signs_late) {
                world_sign(w, which, a, true);
            }
            break;
        case FPL_OUTPUT_CONNECTED: connected(w, which, a); break;
        case FPL_OUTPUT_APPLICATION_DATA: got_data(w, which, a, out.as.data.bytes, out.as.data.len); break;
        case FPL_OUTPUT_KEYING_MATERIAL:
            FUZZ_CHECK(a->connected && out.as.srtp.key_len > 0, "keys for nobody");
            break;
        case FPL_OUTPUT_CLOSE_NOTIFY: break;
        case FPL_OUTPUT_TIMEOUT: a->deadline = out.as.deadline; break;
        case FPL_OUTPUT_NONE: FUZZ_CHECK(false, "an output of no type"); break;
        }
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            break;
        }
    }
    /* One that has begun to shake hands, and is not through, gives up some time. */
    if (a->conn->life == FPL_LIFE_LIVE && !a->conn->connected && a->conn->has_received) {
        FUZZ_CHECK(a->deadline != FPL_NEVER, "it waits for ever in %s", fpl_conn_state(a->conn));
    }
}

/* --- the server's door ---------------------------------------------------------------------------------------- */

static assoc *find(world *w, int which, const fpl_conn *conn)
{
    for (size_t i = 0; i < w->ends[which].num_assocs; i++) {
        if (w->ends[which].assocs[i].conn == conn) {
            return &w->ends[which].assocs[i];
        }
    }
    return NULL;
}

static void release_ended(world *w)
{
    end      *e = &w->ends[WORLD_SERVER];
    fpl_conn *conn;
    if (e->listener == NULL) {
        return;
    }
    while ((conn = fpl_listener_next_replaced(e->listener)) != NULL) {
        assoc          *a = find(w, WORLD_SERVER, conn);
        fpl_explanation why;
        FUZZ_CHECK(a != NULL, "a connection that nobody knows was replaced");
        fpl_conn_explain(conn, &why);
        FUZZ_CHECK(why.failure != FPL_FAILURE_NONE || fpl_conn_is_closed(conn), "replaced, but alive");
        forget(w, WORLD_SERVER, a);
        fpl_listener_release(e->listener, conn);
    }
    for (size_t i = e->num_assocs; i > 0; i--) {
        if (e->assocs[i - 1].failed || (fpl_conn_is_closed(e->assocs[i - 1].conn) && e->num_assocs > WORLD_NUM_CLIENTS)) {
            conn = e->assocs[i - 1].conn;
            forget(w, WORLD_SERVER, &e->assocs[i - 1]);
            fpl_listener_release(e->listener, conn);
        }
    }
    FUZZ_CHECK(fpl_listener_num_connections(e->listener) <= e->num_assocs, "connections that nobody was told of");
}

/* A HelloVerifyRequest has its cookie at its end, RFC 6347 section 4.2.1: headers, version, length. */
static void note_cookie(world *w, uint8_t client, const uint8_t *bytes, size_t len)
{
    const size_t at = FPL_HEADER12_LEN + 12 + 2;
    unsigned     slot = w->num_cookies[client] % WORLD_COOKIES;
    if (len > at + 1 && bytes[0] == FPL_CONTENT_TYPE_HANDSHAKE &&
        bytes[FPL_HEADER12_LEN] == FPL_HANDSHAKE_TYPE_HELLO_VERIFY_REQUEST) {
        FUZZ_CHECK(len == at + 1 + bytes[at] && bytes[at] > 0, "a cookie of %u octets", bytes[at]);
        memcpy(w->cookies[client][slot], bytes + at + 1, bytes[at]);
        w->cookie_lens[client][slot] = bytes[at];
        w->num_cookies[client]++;
    } else {
        wire13_note_cookie(w, client, bytes, len);
    }
}

/* Was a cookie in `bytes` sent to this address? One that came in fragments is believed if any was. */
static bool has_cookie(const world *w, uint8_t client, const uint8_t *bytes, size_t len)
{
    const uint8_t *header = bytes + FPL_HEADER12_LEN;
    unsigned       num = w->num_cookies[client] < WORLD_COOKIES ? w->num_cookies[client] : WORLD_COOKIES;
    bool           whole = len >= FPL_HEADER12_LEN + 12 && bytes[0] == FPL_CONTENT_TYPE_HANDSHAKE &&
                 header[0] == FPL_HANDSHAKE_TYPE_CLIENT_HELLO && memcmp(header + 1, header + 9, 3) == 0;
    if (w->cookie_in_pieces[client]) {
        return true;
    }
    for (unsigned i = 0; whole && i < num; i++) {
        size_t size = w->cookie_lens[client][i];
        for (size_t at = 0; at + size <= len; at++) {
            if (memcmp(bytes + at, w->cookies[client][i], size) == 0) {
                return true;
            }
        }
    }
    return !whole && num > 0;
}

static void deliver_to_listener(world *w, uint8_t client, uint8_t *bytes, size_t len)
{
    end       *e = &w->ends[WORLD_SERVER];
    fpl_conn  *conn = NULL;
    uint8_t    address[7] = {192, 0, 2, 0, 0x13, 0x88, 0};
    fpl_result result;
    uint8_t    first[2048]; /* the library may write what it is given */
    size_t     first_len = len < sizeof first ? len : sizeof first;
    address[3] = client;
    memcpy(first, bytes, first_len);
    result = fpl_listener_receive(e->listener, address, sizeof address - (client & 1), bytes, len, w->now, &conn);
    FUZZ_CHECK(result == FPL_OK || result == FPL_NO_MEMORY, "listener: %d", result);
    if (conn != NULL) {
        assoc *a = find(w, WORLD_SERVER, conn);
        if (a == NULL) {
            FUZZ_CHECK(!w->asks_cookies || has_cookie(w, client, first, first_len), "a connection without a cookie");
            a = new_assoc(w, WORLD_SERVER, conn, client);
        }
        a->bytes_in += len;
        world_drain(w, WORLD_SERVER, a);
    } else {
        fpl_output out;
        w->strangers_in += len;
        do {
            result = fpl_listener_poll(e->listener, out_room, sizeof out_room, &out);
            FUZZ_CHECK(result == FPL_OK, "listener poll: %d", result);
            if (out.type == FPL_OUTPUT_DATAGRAM) {
                w->strangers_out += out.as.datagram_len;
                FUZZ_CHECK(w->strangers_out <= AMPLIFICATION * w->strangers_in, "stateless answers of %llu octets to %llu",
                           (unsigned long long)w->strangers_out, (unsigned long long)w->strangers_in);
                check_records(NULL, out_room, out.as.datagram_len);
                note_cookie(w, client, out_room, out.as.datagram_len);
                put_on_wire(w, WORLD_SERVER, client, out_room, out.as.datagram_len);
            }
        } while (out.type != FPL_OUTPUT_TIMEOUT);
    }
    release_ended(w);
}

/* --- the network ------------------------------------------------------------------------------------------------- */

assoc *world_current(world *w, int which)
{
    end *e = &w->ends[which];
    return e->num_assocs == 0 ? NULL : &e->assocs[e->num_assocs - 1];
}

void world_deliver(world *w, int to, uint8_t client, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = fuzz_copy(bytes, len);
    client = (uint8_t)(client % w->num_clients);
    if (to == WORLD_SERVER && w->ends[WORLD_SERVER].listener != NULL) {
        deliver_to_listener(w, client, copy, len);
    } else {
        assoc     *a = world_current(w, to);
        fpl_result result;
        FUZZ_CHECK(a != NULL, "no connection");
        result = fpl_conn_receive(a->conn, copy, len, w->now);
        FUZZ_CHECK(a->failed ? result == FPL_FAILED : (result == FPL_OK || result == FPL_FAILED), "receive: %d", result);
        if (result == FPL_OK) {
            a->bytes_in += len;
        }
        world_drain(w, to, a);
    }
    free(copy);
    w->deliveries++;
}

bool world_take(world *w, int to, size_t index, packet *out)
{
    end *e = &w->ends[to];
    if (e->num_queued == 0) {
        return false;
    }
    index %= e->num_queued;
    *out = e->queue[index];
    memmove(&e->queue[index], &e->queue[index + 1], (e->num_queued - index - 1) * sizeof *out);
    e->num_queued--;
    return true;
}

void world_pump(world *w)
{
    bool any = true;
    for (unsigned rounds = 0; any && rounds < 64; rounds++) {
        any = false;
        for (size_t i = 0; i <= w->num_clients; i++) {
            packet p;
            if (world_take(w, (int)i, 0, &p)) {
                any = true;
                world_deliver(w, (int)i, p.client, p.bytes, p.len);
                free(p.bytes);
            }
        }
    }
}

/* --- time ---------------------------------------------------------------------------------------------------------- */

fpl_time world_next(const world *w)
{
    fpl_time next = FPL_NEVER;
    for (size_t i = 0; i <= w->num_clients; i++) {
        for (size_t k = 0; k < w->ends[i].num_assocs; k++) {
            if (w->ends[i].assocs[k].deadline < next) {
                next = w->ends[i].assocs[k].deadline;
            }
        }
    }
    return next;
}

static void wake(world *w, int which, assoc *a)
{
    if (a->idle_since == w->now) {
        FUZZ_CHECK(++a->idle_wakes < 64, "woken for nothing, over and over, in %s", fpl_conn_state(a->conn));
    } else {
        a->idle_since = w->now;
        a->idle_wakes = 0;
    }
    (void)fpl_conn_timeout(a->conn, w->now);
    world_drain(w, which, a);
}

static void wake_due(world *w)
{
    end *server = &w->ends[WORLD_SERVER];
    release_ended(w); /* a judgement or a signature may have connected what replaces another */
    for (size_t i = 0; i <= w->num_clients; i++) {
        for (size_t k = 0; k < w->ends[i].num_assocs; k++) {
            if (w->ends[i].assocs[k].deadline <= w->now && (i != WORLD_SERVER || server->listener == NULL)) {
                wake(w, (int)i, &w->ends[i].assocs[k]);
            }
        }
    }
    if (server->listener != NULL) {
        fpl_conn *conn;
        while ((conn = fpl_listener_next_due(server->listener, w->now)) != NULL) {
            assoc *a = find(w, WORLD_SERVER, conn);
            FUZZ_CHECK(a != NULL, "a connection that nobody knows is due");
            wake(w, WORLD_SERVER, a);
            release_ended(w);
        }
        for (size_t k = 0; k < server->num_assocs; k++) {
            FUZZ_CHECK(server->assocs[k].deadline > w->now || server->assocs[k].failed, "due, and not in the heap");
        }
    }
}

void world_advance(world *w, fpl_time by)
{
    w->now += by;
    wake_due(w);
}

void world_restart(world *w, int client)
{
    assoc *a = world_current(w, client);
    fpl_conn_free(a->conn);
    forget(w, client, a);
    w->ends[client].memory.countdown = 0; /* there has to be a client */
    open_client(w, client, false);
    a = world_current(w, client);
    FUZZ_CHECK(fpl_conn_start(a->conn, w->now) == FPL_OK || house_chance_fails || w->ends[client].memory.failed, "start");
    world_drain(w, client, a);
}

void world_settle(world *w)
{
    house_chance_fails = false;
    for (size_t i = 0; i <= w->num_clients; i++) {
        w->ends[i].memory.countdown = 0;
        w->ends[i].judges_late = false;
        w->ends[i].signs_late = false;
        for (size_t k = 0; k < w->ends[i].num_assocs; k++) {
            assoc *a = &w->ends[i].assocs[k];
            if (a->certificate_waits || a->signature_waits) {
                judge(w, a);
                world_sign(w, (int)i, a, true);
                world_drain(w, (int)i, a);
            }
        }
    }
    release_ended(w);
    for (unsigned i = 0; i < 256; i++) {
        fpl_time next;
        world_pump(w);
        next = world_next(w);
        if (next == FPL_NEVER) {
            break;
        }
        FUZZ_CHECK(i < 255, "it does not come to rest");
        world_advance(w, next > w->now ? next - w->now : 0);
    }
    for (size_t i = 0; i <= w->num_clients; i++) {
        for (size_t k = 0; k < w->ends[i].num_assocs; k++) {
            const fpl_conn *conn = w->ends[i].assocs[k].conn;
            if (getenv("FUZZ_REPLAY_VERBOSE") != NULL) {
                char text[256];
                (void)fpl_conn_explain_text(conn, text, sizeof text);
                fprintf(stderr, "    end %zu, connection %zu: %s, %s\n", i, k, fpl_conn_state(conn), text);
            }
            FUZZ_CHECK(conn->life != FPL_LIFE_LIVE || conn->connected || !conn->has_received,
                       "neither connected nor failed, at rest in %s", fpl_conn_state(conn));
        }
    }
}
