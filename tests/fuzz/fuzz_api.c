/* Public calls in any order with any arguments: two connections of each role and a listener, and a wire between them.
 * Each call is four octets: which, on whom, and two for its arguments. A call that says FPL_MISUSE, FPL_NOT_YET or
 * FPL_CLOSED has changed nothing but the clock, and what has failed stays so. */
#include "engine/conn.h"

#include "fuzz.h"
#include "house/chance.h"
#include "house/credentials.h"
#include "house/memory.h"

#define CONNS 4
#define ROOM 2048
#define WIRE 16
#define CALLS 300

typedef struct wire {
    uint8_t bytes[WIRE][ROOM];
    size_t  len[WIRE];
    size_t  num;
} wire;

typedef struct player {
    fpl_conn *conn;
    uint8_t  *attached; /* lent to the library until poll says that it is done */
    bool      failed;
} player;

static house_memory  memory;
static fpl_config   *config;
static fpl_listener *listener;
static player        players[CONNS]; /* even: clients; odd: their servers */
static wire          wires[CONNS];   /* to each */
static fpl_time      now;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

static void give_back(player *p)
{
    free(p->attached);
    p->attached = NULL;
}

static void drop(player *p)
{
    fpl_conn_free(p->conn);
    p->conn = NULL;
    p->failed = false;
    give_back(p);
}

static fpl_role role_of(size_t i)
{
    return i % 2 == 0 ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER;
}

static void configure(uint8_t call, uint8_t a, uint8_t b)
{
    const house_credential *c = house_credential_of(1 + a % (HOUSE_NUM_CREDENTIALS - 1));
    uint16_t list[9] = {(uint16_t)(a << 8 | b), 0xc02b, 0x001d, 0x0403, 0xcca9, 0x0017, 0x0503, 0x1301, 0x11ec};
    uint16_t               *at = &list[b % 4];
    fpl_result              result = FPL_OK;
    char                    name[300];
    bool                    frozen = config->frozen;
    switch (call % 12) {
    case 0: result = fpl_config_set(config, (fpl_setting)(a % (FPL_SETTING_COUNT + 1)), (uint64_t)b << (a >> 4)); break;
    case 1: result = fpl_config_use_webrtc_profile(config); break;
    case 2: result = fpl_config_set_cipher_suites(config, at, b % 5); break;
    case 3: result = fpl_config_set_groups(config, at, b % 5); break;
    case 4: result = fpl_config_set_signature_schemes(config, at, b % 5); break;
    case 5: result = fpl_config_set_client_auth(config, (fpl_client_auth)(a % 5)); break;
    case 6: result = fpl_config_set_trust(config, (fpl_trust)(a % 4)); break;
    case 7: result = fpl_config_set_plaintext_alerts(config, (fpl_plaintext_alerts)(a % 4)); break;
    case 8:
        memset(name, 'a' + b % 20, sizeof name);
        name[(size_t)a + (b & 15)] = '\0';
        result = fpl_config_set_server_name(config, name);
        break;
    case 9:
        result = fpl_config_set_credential(config, c->certificate, c->certificate_len - (b & 1), c->key,
                                           c->key_len - (b >> 1 & 1));
        break;
    case 10: result = fpl_config_set_external_credential(config, c->certificate, c->certificate_len - (b & 1)); break;
    case 11:
        result = (a & 2) != 0 ? fpl_config_set_versions(config, b) : fpl_config_set_cookie_exchange(config, (a & 1) != 0);
        break;
    default: break;
    }
    FUZZ_CHECK(result == FPL_OK || result == FPL_MISUSE || result == FPL_NO_MEMORY, "setter: %d", result);
    FUZZ_CHECK(!frozen || result == FPL_MISUSE, "a frozen configuration was changed");
}

/* fpl_result of a call on a connection that must not have changed it, unless it did what it should. */
static void unchanged(const fpl_conn *before, const fpl_conn *conn, fpl_result result)
{
    if (result == FPL_MISUSE || result == FPL_NOT_YET || result == FPL_CLOSED || result == FPL_BUFFER_TOO_SMALL) {
        fpl_conn copy = *before;
        copy.now = conn->now;
        for (size_t i = 0; i < sizeof copy; i++) {
            FUZZ_CHECK(((const uint8_t *)&copy)[i] == ((const uint8_t *)conn)[i], "a call changed octet %zu and said %d", i,
                       result);
        }
    }
}

static void poll_one(size_t i, size_t cap)
{
    player        *p = &players[i];
    uint8_t       *room = malloc(cap + 1);
    fpl_output     out;
    fpl_result     result;
    FUZZ_CHECK(room != NULL, "memory");
    result = fpl_conn_poll(p->conn, cap == 0 ? NULL : room, cap, &out);
    FUZZ_CHECK(!p->failed || result == FPL_FAILED, "it lives again");
    if (result == FPL_FAILED) {
        p->failed = true;
        give_back(p);
    } else if (result == FPL_OK && out.type == FPL_OUTPUT_TIMEOUT) {
        give_back(p);
    } else if (result == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM) {
        wire *to = &wires[i ^ 1];
        FUZZ_CHECK(out.as.datagram_len > 0 && out.as.datagram_len <= cap, "%zu octets in %zu", out.as.datagram_len, cap);
        if (to->num < WIRE && out.as.datagram_len <= ROOM) {
            memcpy(to->bytes[to->num], room, out.as.datagram_len);
            to->len[to->num++] = out.as.datagram_len;
        }
    } else if (result == FPL_BUFFER_TOO_SMALL) {
        FUZZ_CHECK(out.needed > cap, "%zu is not more than %zu", out.needed, cap);
    } else {
        FUZZ_CHECK(result == FPL_OK, "poll: %d", result);
    }
    free(room);
}

static void receive(size_t i, uint8_t a)
{
    player    *p = &players[i];
    wire      *from = &wires[i];
    uint8_t   *bytes;
    size_t     len = 0;
    size_t     at;
    fpl_conn   before = *p->conn;
    fpl_result result;
    if (from->num == 0) {
        return;
    }
    at = a % from->num;
    len = from->len[at];
    bytes = fuzz_copy(from->bytes[at], len);
    result = fpl_conn_receive(p->conn, bytes, len, now);
    unchanged(&before, p->conn, result);
    FUZZ_CHECK(p->attached == NULL || result == FPL_MISUSE || result == FPL_FAILED, "two datagrams at once");
    FUZZ_CHECK(!p->failed || result == FPL_FAILED, "it listens again");
    if (result != FPL_OK) {
        free(bytes);
        return;
    }
    p->attached = bytes;
    from->num--;
    memmove(from->bytes[at], from->bytes[at + 1 < WIRE ? at + 1 : at], (from->num - at) * ROOM);
    memmove(&from->len[at], &from->len[at + 1 < WIRE ? at + 1 : at], (from->num - at) * sizeof from->len[0]);
}

static void act(size_t i, uint8_t call, uint8_t a, uint8_t b)
{
    player                 *p = &players[i];
    const house_credential *c = house_credential_of(1 + a % (HOUSE_NUM_CREDENTIALS - 1));
    uint8_t                 bytes[256];
    uint8_t                 room[ROOM];
    size_t                  len = 0;
    fpl_conn                before;
    fpl_result              result = FPL_OK;
    if (p->conn == NULL) {
        p->conn = fpl_conn_new(config, role_of(i), now);
        return;
    }
    fpl_conn_tidy(p->conn); /* every call may take away what an earlier event left behind */
    before = *p->conn;
    memset(bytes, a, sizeof bytes);
    switch (call % 14) {
    case 0: result = fpl_conn_start(p->conn, now); break;
    case 1: receive(i, a); return;
    case 2:
    case 3: poll_one(i, a == 0 ? 0 : 1500u + b); return;
    case 4: poll_one(i, (size_t)a * 8); return;
    case 5: result = fpl_conn_timeout(p->conn, now); break;
    case 6: result = fpl_conn_judge_certificate(p->conn, (b & 1) != 0, now); break;
    case 7: result = fpl_conn_provide_signature(p->conn, (b & 1) != 0 ? bytes : NULL, a, now); break;
    case 8:
        result = fpl_conn_send(p->conn, bytes, a, room, (size_t)b * 8, &len, now);
        if (result == FPL_OK && wires[i ^ 1].num < WIRE) {
            memcpy(wires[i ^ 1].bytes[wires[i ^ 1].num], room, len);
            wires[i ^ 1].len[wires[i ^ 1].num++] = len;
        }
        FUZZ_CHECK(result != FPL_OK || len <= (size_t)b * 8, "sent more than there is room for");
        break;
    case 9: result = (b & 2) != 0 ? fpl_conn_update_keys(p->conn, now) : fpl_conn_close(p->conn, now); break;
    case 10:
        fpl_fingerprint(c->certificate, c->certificate_len, bytes);
        result = fpl_conn_add_peer_fingerprint(p->conn, bytes, now);
        break;
    case 11:
        result = (b & 1) != 0 ? fpl_conn_set_mtu(p->conn, (size_t)a * 16) : fpl_conn_set_address_validated(p->conn);
        break;
    case 12: {
        fpl_explanation why;
        fpl_stats       stats;
        char            text[64];
        stats.size = a % (sizeof stats + 1);
        (void)fpl_conn_stats(p->conn, &stats);
        fpl_conn_explain(p->conn, &why);
        FUZZ_CHECK(!p->failed || why.failure != FPL_FAILURE_NONE, "failed without a reason");
        (void)fpl_conn_explain_text(p->conn, b % 64 == 0 ? NULL : text, b % 64);
        (void)fpl_conn_state(p->conn);
        (void)fpl_conn_version(p->conn);
        (void)fpl_conn_cipher_suite(p->conn);
        (void)fpl_conn_server_name(p->conn);
        (void)fpl_conn_peer_fingerprint(p->conn, bytes);
        (void)fpl_conn_send_prefix(p->conn);
        (void)fpl_conn_max_payload(p->conn);
        result = fpl_conn_export(p->conn, bytes, b, a % 2 == 0 ? "EXPERIMENTAL x" : "key expansion", bytes, a);
        FUZZ_CHECK(result != FPL_OK || (p->conn->connected && a % 2 == 0), "exported too early, or under a reserved label");
        break;
    }
    case 13: drop(p); return;
    default: break;
    }
    FUZZ_CHECK(!p->failed || result == FPL_FAILED || result == FPL_MISUSE || (call % 14) == 11 || (call % 14) == 12,
               "call %u on what has failed: %d", call % 14u, result);
    unchanged(&before, p->conn, result);
}

static void at_door(uint8_t call, uint8_t a, uint8_t b)
{
    uint8_t    address[80] = {0};
    uint8_t    key[32];
    uint8_t    room[ROOM];
    fpl_conn  *conn = NULL;
    fpl_output out;
    fpl_stats  stats;
    uint8_t   *bytes;
    if (listener == NULL) {
        listener = fpl_listener_new(config, now);
        return;
    }
    address[0] = (uint8_t)(a & 3);
    switch (call % 6) {
    case 0:
    case 1:
        if (wires[1].num > 0) {
            size_t at = b % wires[1].num;
            bytes = fuzz_copy(wires[1].bytes[at], wires[1].len[at]);
            (void)fpl_listener_receive(listener, address, (a >> 2) % sizeof address, bytes, wires[1].len[at], now, &conn);
            for (unsigned i = 0; conn != NULL && i < 1000; i++) {
                fpl_result result = fpl_conn_poll(conn, room, sizeof room, &out);
                if (result == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM && wires[0].num < WIRE) {
                    memcpy(wires[0].bytes[wires[0].num], room, out.as.datagram_len);
                    wires[0].len[wires[0].num++] = out.as.datagram_len;
                }
                if (result == FPL_FAILED || out.type == FPL_OUTPUT_TIMEOUT) {
                    break;
                }
                FUZZ_CHECK(i < 999, "polled for ever");
            }
            free(bytes);
        }
        break;
    case 2:
        if (fpl_listener_poll(listener, a == 0 ? NULL : room, (size_t)a * 8, &out) == FPL_OK &&
            out.type == FPL_OUTPUT_DATAGRAM && wires[0].num < WIRE) {
            memcpy(wires[0].bytes[wires[0].num], room, out.as.datagram_len);
            wires[0].len[wires[0].num++] = out.as.datagram_len;
        }
        break;
    case 3:
        conn = (a & 1) != 0 ? fpl_listener_next_due(listener, now) : fpl_listener_next_replaced(listener);
        if (conn != NULL) {
            if ((b & 1) != 0) {
                fpl_conn_free(conn);
            } else {
                fpl_listener_release(listener, conn);
            }
        }
        break;
    case 4:
        memset(key, b, sizeof key);
        (void)fpl_listener_set_cookie_key(listener, a, key);
        break;
    case 5:
        stats.size = a % (sizeof stats + 1);
        (void)fpl_listener_stats(listener, &stats);
        (void)fpl_listener_num_connections(listener);
        if (b == 0) {
            fpl_listener_free(listener);
            listener = NULL;
        }
        break;
    default: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input              in = {data, size};
    fpl_allocator           allocator = house_memory_allocator(&memory);
    const house_credential *a = house_credential_of(HOUSE_P256_A);
    uint8_t                 first;
    memset(&memory, 0, sizeof memory);
    memory.bound = 16u << 20;
    memset(players, 0, sizeof players);
    memset(wires, 0, sizeof wires);
    listener = NULL;
    now = 5000;
    house_chance_begin(7);
    config = fpl_config_new_with_allocator(&allocator);
    FUZZ_CHECK(config != NULL && fpl_config_set_random(config, house_chance_fill, NULL) == FPL_OK, "configuration");
    FUZZ_CHECK(fpl_config_set(config, FPL_SETTING_HELLO_POOL_SLOTS, 4) == FPL_OK, "pool");
    first = fuzz_u8(&in);
    FUZZ_CHECK(fpl_config_set_versions(config, (first >> 1 & 3) == 0 ? FPL_VERSIONS_DTLS12 : (first >> 1 & 3)) == FPL_OK,
               "versions");
    if ((first & 1) == 0) {
        FUZZ_CHECK(fpl_config_set_credential(config, a->certificate, a->certificate_len, a->key, a->key_len) == FPL_OK,
                   "credential");
    }
    for (unsigned calls = 0; in.len >= 4 && calls < CALLS; calls++) {
        uint8_t call = fuzz_u8(&in);
        uint8_t whom = fuzz_u8(&in);
        uint8_t x = fuzz_u8(&in);
        uint8_t y = fuzz_u8(&in);
        switch (whom & 7) {
        case 0:
        case 1:
        case 2:
        case 3: act(whom & 3, call, x, y); break;
        case 4: configure(call, x, y); break;
        case 5: now += (fpl_time)x << (y & 15); break;
        case 6: at_door(call, x, y); break;
        case 7: memory.countdown = x == 0xff ? 1u + y : memory.countdown; break;
        default: break;
        }
    }
    for (size_t i = 0; i < CONNS; i++) {
        drop(&players[i]);
    }
    fpl_listener_free(listener);
    fpl_config_free(config);
    FUZZ_CHECK(memory.live == 0, "%zu octets leaked", memory.live);
    return 0;
}
