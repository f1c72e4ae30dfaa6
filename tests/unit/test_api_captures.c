/* Browsers' first ClientHellos, byte for byte as they were captured, are answered in the newest version that both sides
 * speak. */
#include <flightplan/flightplan.h>
#include <stdio.h>
#include <string.h>

#include "crypto/features.h"
#include "engine/wire.h"
#include "fpl_messages.h"
#include "unit.h"

#define MAX_DATAGRAM 2048

/* Chromium may carry DTLS in a STUN attribute, 0xC070: the hex of what one such line holds. */
static bool take_from_stun(const char *hex, char *out)
{
    for (const char *at = hex; (at = strstr(at, "c070")) != NULL; at++) {
        unsigned len = 0;
        if ((at - hex) % 8 == 0 && sscanf(at + 4, "%4x", &len) == 1 && strncmp(at + 8, "16fe", 4) == 0 &&
            2 * (size_t)len <= strlen(at + 8)) {
            memcpy(out, at + 8, 2 * (size_t)len);
            out[2 * (size_t)len] = '\0';
            return true;
        }
    }
    return false;
}

/* The datagrams that the client of a capture sent before it heard anything. */
typedef struct opening {
    uint8_t datagrams[4][MAX_DATAGRAM];
    size_t  lens[4];
    size_t  num;
} opening;

static void read_opening(const char *name, opening *out)
{
    char  path[512];
    char  line[2 * MAX_DATAGRAM + 64];
    FILE *file;
    (void)snprintf(path, sizeof path, "%s/captures/%s.txt", FPL_TEST_DATA, name);
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    memset(out, 0, sizeof *out);
    while (fgets(line, sizeof line, file) != NULL && out->num < 4) {
        char hex[2 * MAX_DATAGRAM + 1];
        char side = '\0';
        char stun[2 * MAX_DATAGRAM + 1];
        if (sscanf(line, "# STUN C>S +%*s %4096s", stun) == 1 && take_from_stun(stun, hex)) {
            out->lens[out->num] = unit_hex(hex, out->datagrams[out->num], MAX_DATAGRAM);
            out->num++;
            continue;
        }
        if (line[0] == '#') {
            continue;
        }
        if (sscanf(line, "%c>%*c +%*s %4096s", &side, hex) != 2 || side != 'C') {
            break;
        }
        out->lens[out->num] = unit_hex(hex, out->datagrams[out->num], MAX_DATAGRAM);
        out->num++;
    }
    (void)fclose(file);
    ck_assert_uint_gt(out->num, 0);
}

static fpl_config *server_config(unsigned versions, bool webrtc)
{
    static fpl_self_signed made;
    fpl_config            *config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    if (made.key_len == 0) {
        ck_assert_int_eq(fpl_make_self_signed(&made, FPL_NAMED_GROUP_SECP256R1, NULL, 1800000000), FPL_OK);
    }
    ck_assert_int_eq(fpl_config_set_credential(config, made.certificate, made.certificate_len, made.key, made.key_len),
                     FPL_OK);
    ck_assert_int_eq(fpl_config_set_versions(config, versions), FPL_OK);
    if (webrtc) {
        ck_assert_int_eq(fpl_config_use_webrtc_profile(config), FPL_OK);
    }
    return config;
}

/* The first handshake message of a datagram: its type, and where its body begins. */
static uint8_t first_message(const uint8_t *datagram, size_t len, const uint8_t **body)
{
    ck_assert_uint_gt(len, 25);
    ck_assert_uint_eq(datagram[0], 22);
    *body = datagram + 25;
    return datagram[13];
}

/* A server of both versions says in the random that it would have spoken the newer one (RFC 8446 section 4.1.3). */
static const uint8_t sentinel[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};

static void expect_server_hello(fpl_conn *conn, unsigned versions, bool dtls13)
{
    uint8_t        buf[1500];
    fpl_output     out;
    const uint8_t *body;
    bool           warned;
    ck_assert_int_eq(fpl_conn_poll(conn, buf, sizeof buf, &out), FPL_OK);
    ck_assert_int_eq(out.type, FPL_OUTPUT_DATAGRAM);
    ck_assert_uint_eq(first_message(buf, out.as.datagram_len, &body), FPL_HANDSHAKE_TYPE_SERVER_HELLO);
    ck_assert_uint_eq(body[0], 0xfe);
    ck_assert_uint_eq(body[1], 0xfd);
    ck_assert_mem_ne(body + 2, fpl_hello_retry_request_random, 32);
    ck_assert_uint_eq(fpl_conn_version(conn), dtls13 ? FPL_DTLS13 : FPL_DTLS12);
    ck_assert_uint_eq(fpl_conn_cipher_suite(conn), dtls13 ? FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256
                                                          : FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256);
    if (!dtls13 || !FPL_HAVE_MLKEM) {
        ck_assert_uint_eq(fpl_conn_group(conn), FPL_NAMED_GROUP_X25519);
    }
    warned = memcmp(body + 2 + 32 - sizeof sentinel, sentinel, sizeof sentinel) == 0;
    ck_assert_int_eq(warned, !dtls13 && (versions & FPL_VERSIONS_DTLS13) != 0);
}

/* Named by what browser and peer agreed on; most browsers offered more than that. */
static const struct {
    const char *name;
    bool        offers_dtls13;
} captures[] = {
    {"dtls12-client_chromium-server_firefox", true},
    {"dtls12-client_chromium-server_openssl3-HVR", true},
    {"dtls12-client_firefox-server_firefox", false},
    {"dtls12-client_firefox-server_openssl3-HVR", true},
    {"dtls13-client_chromium-server_boringssl-HRR_P256", true},
    {"dtls13-client_chromium-server_chromium-DTLS_IN_STUN", true},
    {"dtls13-client_chromium-server_chromium", true},
    {"dtls13-client_chromium-server_firefox-NO_PQ", true},
    {"dtls13-client_chromium-server_firefox", true},
    {"dtls13-client_firefox-server_boringssl-HRR_P256", true},
    {"dtls13-client_firefox-server_chromium-NO_PQ", true},
    {"dtls13-client_firefox-server_chromium", true},
};
#define NUM_CAPTURES (sizeof captures / sizeof *captures)

/* What the server is allowed to speak, in the turns of a looped test. */
static const unsigned servers[] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13};
#define NUM_SERVERS 2

static bool agrees_on_dtls13(int capture, unsigned versions)
{
    return captures[capture].offers_dtls13 && (versions & FPL_VERSIONS_DTLS13) != 0;
}

/* In either order of the two datagrams that a hello with an ML-KEM share takes. */
static void answer(int capture, unsigned versions, bool backwards)
{
    opening     hello;
    fpl_config *config = server_config(versions, true);
    fpl_conn   *conn = fpl_conn_new(config, FPL_ROLE_SERVER, 0);
    ck_assert_ptr_nonnull(conn);
    ck_assert_int_eq(fpl_conn_set_address_validated(conn), FPL_OK);
    read_opening(captures[capture].name, &hello);
    for (size_t i = 0; i < hello.num; i++) {
        size_t     at = backwards ? hello.num - 1 - i : i;
        fpl_output out;
        uint8_t    buf[1500];
        ck_assert_int_eq(fpl_conn_receive(conn, hello.datagrams[at], hello.lens[at], i), FPL_OK);
        if (i + 1 < hello.num) {
            ck_assert_int_eq(fpl_conn_poll(conn, buf, sizeof buf, &out), FPL_OK);
            ck_assert_msg(out.type == FPL_OUTPUT_TIMEOUT, "%s: answered before the hello was whole",
                          captures[capture].name);
        }
    }
    expect_server_hello(conn, versions, agrees_on_dtls13(capture, versions));
    fpl_conn_free(conn);
    fpl_config_free(config);
}

START_TEST(browsers_hellos_are_answered)
{
    for (size_t i = 0; i < NUM_SERVERS; i++) {
        answer(_i, servers[i], false);
        answer(_i, servers[i], true);
    }
}
END_TEST

/* Does a ServerHello ask for the hello once more, with a cookie and nothing else (RFC 9147 section 5.1)? */
static void expect_retry(const uint8_t *body, size_t len)
{
    fpl_message   msg;
    fpl_reader    reader = fpl_reader_of(NULL, 0);
    fpl_bytes     list;
    fpl_extension one;
    bool          cookie = false;
    bool          group = false;
    ck_assert(fpl_message_decode(&msg, FPL_MESSAGE_SERVER_HELLO, 0, fpl_bytes_of(body, len), &reader));
    ck_assert(fpl_server_hello_is_hello_retry_request(&msg.as.server_hello));
    ck_assert(fpl_message_extensions(&msg, &list));
    while (fpl_extension_next(&list, &one)) {
        cookie = cookie || one.extension_type == FPL_EXTENSION_TYPE_COOKIE;
        group = group || one.extension_type == FPL_EXTENSION_TYPE_KEY_SHARE;
    }
    ck_assert(cookie);
    ck_assert(!group); /* they all have a share that will do */
}

START_TEST(a_listener_answers_them_with_a_cookie_first)
{
    static const uint8_t address[] = {10, 9, 9, 1, 0xd4, 0x31};
    for (size_t s = 0; s < NUM_SERVERS; s++) {
        opening        hello;
        fpl_config    *config = server_config(servers[s], false);
        fpl_listener  *listener = fpl_listener_new(config, 0);
        fpl_output     out;
        uint8_t        buf[1500];
        fpl_conn      *conn = NULL;
        const uint8_t *body;
        uint8_t        type;
        ck_assert_ptr_nonnull(listener);
        read_opening(captures[_i].name, &hello);
        for (size_t i = 0; i < hello.num; i++) {
            ck_assert_int_eq(
                fpl_listener_receive(listener, address, sizeof address, hello.datagrams[i], hello.lens[i], i, &conn),
                FPL_OK);
            ck_assert_ptr_null(conn);
            ck_assert_int_eq(fpl_listener_poll(listener, buf, sizeof buf, &out), FPL_OK);
            ck_assert_int_eq(out.type, i + 1 < hello.num ? FPL_OUTPUT_TIMEOUT : FPL_OUTPUT_DATAGRAM);
        }
        type = first_message(buf, out.as.datagram_len, &body);
        if (agrees_on_dtls13(_i, servers[s])) {
            ck_assert_uint_eq(type, FPL_HANDSHAKE_TYPE_SERVER_HELLO);
            expect_retry(body, out.as.datagram_len - (size_t)(body - buf));
        } else {
            ck_assert_uint_eq(type, FPL_HANDSHAKE_TYPE_HELLO_VERIFY_REQUEST);
        }
        ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
        fpl_listener_free(listener);
        fpl_config_free(config);
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, browsers_hellos_are_answered, 0, (int)NUM_CAPTURES);
    tcase_add_loop_test(tc, a_listener_answers_them_with_a_cookie_first, 0, (int)NUM_CAPTURES);
}

UNIT_MAIN("api/captures", tests)
