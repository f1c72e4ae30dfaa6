/* A client and a server that have nothing but extension blocks, over those that test_emit_machines.py adds. */
#include <flightplan/flightplan.h>
#include <stdio.h>
#include <string.h>

#include "engine/extensions.h"
#include "fpl_registries.h"

struct fpl_config {
    fpl_extension_settings settings;
    bool                   frozen;
};

struct fpl_conn {
    fpl_config           *config;
    fpl_extension_results results;
    uint64_t              offered; /* by the client */
    bool                  connected;
};

fpl_extension_settings *fpl_config_extension_settings(fpl_config *config)
{
    return config == NULL || config->frozen ? NULL : &config->settings;
}

const fpl_extension_settings *fpl_conn_extension_settings(const fpl_conn *conn)
{
    return &conn->config->settings;
}

fpl_extension_results *fpl_conn_extension_results(fpl_conn *conn)
{
    return &conn->results;
}

const fpl_extension_results *fpl_conn_extension_results_const(const fpl_conn *conn)
{
    return &conn->results;
}

bool fpl_conn_peer_offered(const fpl_conn *conn, uint8_t extension)
{
    return (conn->offered >> extension & 1) != 0;
}

bool fpl_conn_we_offered(const fpl_conn *conn, uint8_t extension)
{
    return (conn->offered >> extension & 1) != 0;
}

bool fpl_conn_is_connected(const fpl_conn *conn)
{
    return conn->connected;
}

static int failures;

#define EXPECT(condition)                                                    \
    do {                                                                     \
        if (!(condition)) {                                                  \
            printf("line %d: not so: %s\n", __LINE__, #condition);           \
            failures++;                                                      \
        }                                                                    \
    } while (0)

static fpl_config     client_config, server_config;
static fpl_conn       client, server;
static uint8_t        hello[2048], answer[2048];
static size_t         hello_len, answer_len;
static fpl_block_view view;
static fpl_refusal    why;

static void begin(void)
{
    memset(&client_config, 0, sizeof client_config);
    memset(&server_config, 0, sizeof server_config);
    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    fpl_extension_settings_init(&client_config.settings);
    fpl_extension_settings_init(&server_config.settings);
    client.config = &client_config;
    server.config = &server_config;
}

/* offer has the client's block written and read; false when the server refuses it. */
static bool offer(void)
{
    fpl_writer w = fpl_writer_of(hello, sizeof hello);
    fpl_bytes  list;
    EXPECT(fpl_extensions_write(&client, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, &w));
    hello_len = w.len;
    list = fpl_bytes_of(hello + 2, hello_len - 2);
    client.offered = fpl_extensions_mask(list);
    server.offered = client.offered;
    if (!fpl_extensions_read(&server, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, list, &view, &why)) {
        return false;
    }
    EXPECT(view.present == client.offered);
    EXPECT(fpl_extensions_accept(&server, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, &view) == FPL_STATUS_OK);
    return true;
}

/* reply has the server's block written and read; false when the client refuses it. */
static bool reply(void)
{
    fpl_writer w = fpl_writer_of(answer, sizeof answer);
    EXPECT(fpl_extensions_write(&server, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, &w));
    answer_len = w.len;
    if (answer_len == 0) {
        return true;
    }
    if (!fpl_extensions_read(&client, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, fpl_bytes_of(answer + 2, answer_len - 2), &view,
                             &why)) {
        return false;
    }
    EXPECT(fpl_extensions_accept(&client, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, &view) == FPL_STATUS_OK);
    client.connected = true;
    server.connected = true;
    return true;
}

/* refuses_answer tells whether a client refuses a ServerHello with this one extension. */
static bool refuses_answer(uint16_t type, const char *body, size_t len, uint8_t alert)
{
    fpl_writer w = fpl_writer_of(answer, sizeof answer);
    (void)fpl_write_uint(&w, 2, type);
    (void)fpl_write_vector(&w, 2, fpl_bytes_of((const uint8_t *)body, len));
    memset(&why, 0, sizeof why);
    return !fpl_extensions_read(&client, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, fpl_bytes_of(answer, w.len), &view, &why) &&
           why.alert == alert;
}

#define ALPN_TYPE FPL_EXTENSION_TYPE_APPLICATION_LAYER_PROTOCOL_NEGOTIATION
#define LIST(text) (const uint8_t *)(text), sizeof(text) - 1

static bool is(const uint8_t *data, size_t len, const char *text)
{
    return data != NULL && len == strlen(text) && memcmp(data, text, len) == 0;
}

static void names(void)
{
    size_t         len;
    const uint8_t *name;
    begin();
    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\x06webrtc\x08" "c-webrtc")) == FPL_OK);
    EXPECT(fpl_config_set_application_protocols(&server_config, LIST("\x02h3\x08" "c-webrtc\x06webrtc")) == FPL_OK);
    EXPECT(offer() && reply());
    name = fpl_conn_application_protocol(&client, &len);
    EXPECT(is(name, len, "c-webrtc")); /* the server's order */
    name = fpl_conn_application_protocol(&server, &len);
    EXPECT(is(name, len, "c-webrtc"));
    client.connected = false;
    EXPECT(fpl_conn_application_protocol(&client, &len) == NULL && len == 0);
    EXPECT(fpl_conn_application_protocol(NULL, &len) == NULL && len == 0);

    EXPECT(refuses_answer(ALPN_TYPE, "\0\x0a\x06webrtc\x02h3", 12, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(refuses_answer(ALPN_TYPE, "\0\x03\x02h3", 5, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(refuses_answer(ALPN_TYPE, "\0\x04\x02h3", 5, FPL_ALERT_DESCRIPTION_DECODE_ERROR));
    EXPECT(refuses_answer(ALPN_TYPE, "\0\x03\x02h3x", 6, FPL_ALERT_DESCRIPTION_DECODE_ERROR));
    EXPECT(refuses_answer(ALPN_TYPE, "", 0, FPL_ALERT_DESCRIPTION_DECODE_ERROR));
    EXPECT(!refuses_answer(ALPN_TYPE, "\0\x07\x06webrtc", 9, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));

    begin(); /* nothing in common: an alert, if the server wants any at all */
    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\x02h3")) == FPL_OK);
    EXPECT(offer());
    EXPECT(reply());
    EXPECT(fpl_conn_application_protocol(&client, &len) == NULL);
    EXPECT(fpl_config_set_application_protocols(&server_config, LIST("\x02h2")) == FPL_OK);
    EXPECT(!offer() && why.alert == FPL_ALERT_DESCRIPTION_NO_APPLICATION_PROTOCOL);

    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\x02h3\x02h3")) == FPL_MISUSE);
    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\x02h3\x02h")) == FPL_MISUSE);
    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\0")) == FPL_MISUSE);
    EXPECT(fpl_config_set_application_protocols(&client_config, NULL, 1) == FPL_MISUSE);
    EXPECT(fpl_config_set_application_protocols(&client_config, hello, FPL_MAX_APPLICATION_PROTOCOLS + 1) == FPL_MISUSE);
    EXPECT(fpl_config_set_application_protocols(NULL, LIST("\x02h3")) == FPL_MISUSE);
    client_config.frozen = true;
    EXPECT(fpl_config_set_application_protocols(&client_config, LIST("\x02h3")) == FPL_MISUSE);
    client_config.frozen = false;
    EXPECT(fpl_config_set_application_protocols(&client_config, NULL, 0) == FPL_OK);
    EXPECT(offer() && !fpl_conn_peer_offered(&server, FPL_EXTENSION_APPLICATION_LAYER_PROTOCOL_NEGOTIATION));
}

static void names_by_the_client(void)
{
    size_t         len;
    const uint8_t *name;
    begin();
    EXPECT(fpl_config_set_application_others(&client_config, LIST("\x01z\x01" "b\x01" "a")) == FPL_OK);
    EXPECT(fpl_config_set_application_others(&server_config, LIST("\x01" "a\x01" "b")) == FPL_OK);
    EXPECT(offer() && reply());
    name = fpl_conn_application_other(&client, &len);
    EXPECT(is(name, len, "b"));
    EXPECT(name >= client_config.settings.application_others); /* a view of our own list, not of the peer's message */
    EXPECT(name < client_config.settings.application_others + sizeof client_config.settings.application_others);
    name = fpl_conn_application_other(&server, &len);
    EXPECT(is(name, len, "b"));
    begin();
    EXPECT(fpl_config_set_application_others(&client_config, LIST("\x01z")) == FPL_OK);
    EXPECT(fpl_config_set_application_others(&server_config, LIST("\x01" "a")) == FPL_OK);
    EXPECT(offer() && reply());
    EXPECT(fpl_conn_application_other(&client, &len) == NULL);
}

static void numbers(void)
{
    static const uint8_t                     ours[] = {9, 3, 7}, theirs[] = {7, 3};
    static const fpl_srtp_protection_profile profiles[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                           FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    static const fpl_srtp_protection_profile unused[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_32};
    static const fpl_srtp_protection_profile twice[] = {7, 7};
    begin();
    EXPECT(fpl_config_set_small_numbers(&client_config, ours, 3) == FPL_OK);
    EXPECT(fpl_config_set_small_numbers(&server_config, theirs, 2) == FPL_OK);
    EXPECT(fpl_config_set_srtp_profiles(&client_config, profiles, 2) == FPL_OK);
    EXPECT(fpl_config_set_srtp_profiles(&server_config, profiles + 1, 1) == FPL_OK);
    EXPECT(offer() && reply());
    EXPECT(fpl_conn_small_number(&client) == 3 && fpl_conn_small_number(&server) == 3); /* the client's order */
    EXPECT(fpl_conn_srtp_profile(&client) == profiles[1] && fpl_conn_srtp_profile(&server) == profiles[1]);
    EXPECT(fpl_conn_extended_master_secret(&client) && fpl_conn_extended_master_secret(&server));
    EXPECT(fpl_config_set_srtp_profiles(&client_config, unused, 1) == FPL_MISUSE);
    EXPECT(fpl_config_set_srtp_profiles(&client_config, twice, 2) == FPL_MISUSE);
    EXPECT(fpl_config_set_srtp_profiles(&client_config, profiles, FPL_MAX_SRTP_PROFILES + 1) == FPL_MISUSE);
    EXPECT(fpl_config_set_srtp_profiles(&client_config, NULL, 1) == FPL_MISUSE);
    EXPECT(refuses_answer(FPL_EXTENSION_TYPE_USE_SRTP, "\0\4\0\7\0\1\0", 7, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(refuses_answer(FPL_EXTENSION_TYPE_USE_SRTP, "\0\2\0\x8\0", 5, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(!refuses_answer(FPL_EXTENSION_TYPE_USE_SRTP, "\0\2\0\7\0", 5, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    begin(); /* a server that does not want it says nothing */
    EXPECT(fpl_config_set_srtp_profiles(&client_config, profiles, 2) == FPL_OK);
    EXPECT(fpl_config_set_extended_master_secret(&server_config, false) == FPL_OK);
    EXPECT(offer() && reply());
    EXPECT(answer_len == 0); /* and no empty block either */
    client.connected = true;
    EXPECT(fpl_conn_srtp_profile(&client) == 0 && !fpl_conn_extended_master_secret(&client));
}

static void announcements(void)
{
    begin();
    EXPECT(fpl_config_set_max_record_plaintext(&client_config, 63) == FPL_MISUSE);
    EXPECT(fpl_config_set_max_record_plaintext(&client_config, 16385) == FPL_MISUSE);
    EXPECT(fpl_config_set_max_record_plaintext(&client_config, 64) == FPL_OK);
    EXPECT(fpl_config_set_max_record_plaintext(&server_config, 16384) == FPL_OK);
    EXPECT(offer() && reply());
    EXPECT(fpl_conn_peer_record_limit(&client) == 16384 && fpl_conn_peer_record_limit(&server) == 64);
    EXPECT(refuses_answer(FPL_EXTENSION_TYPE_RECORD_SIZE_LIMIT, "\0\x3f", 2, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(refuses_answer(FPL_EXTENSION_TYPE_RECORD_SIZE_LIMIT, "\x40\x01", 2, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    EXPECT(!refuses_answer(FPL_EXTENSION_TYPE_RECORD_SIZE_LIMIT, "\x40\0", 2, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    begin(); /* a server clamps */
    client_config.settings.max_record_plaintext = 64;
    EXPECT(offer());
    hello[hello_len - 2] = 0xff;
    EXPECT(fpl_extensions_mask(fpl_bytes_of(hello + 2, hello_len - 2)) == client.offered);
    begin();
    EXPECT(fpl_extensions_read(&server, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO,
                               fpl_bytes_of((const uint8_t *)"\0\x1c\0\2\xff\xff", 6), &view, &why));
    EXPECT(fpl_extensions_accept(&server, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, &view) == FPL_STATUS_OK);
    EXPECT(server.results.peer_record_limit == 16384);
}

static void octets(void)
{
    size_t         len;
    const uint8_t *data;
    begin();
    EXPECT(fpl_config_set_some_octets(&client_config, LIST("abc")) == FPL_MISUSE);
    EXPECT(fpl_config_set_some_octets(&client_config, hello, FPL_MAX_SOME_OCTETS + 1) == FPL_MISUSE);
    EXPECT(fpl_config_set_some_octets(&client_config, NULL, 4) == FPL_MISUSE);
    EXPECT(fpl_config_set_some_octets(&client_config, LIST("client's")) == FPL_OK);
    EXPECT(fpl_config_set_some_octets(&server_config, LIST("server's own")) == FPL_OK);
    EXPECT(offer() && reply());
    data = fpl_conn_peer_octets(&client, &len);
    EXPECT(is(data, len, "server's own"));
    data = fpl_conn_peer_octets(&server, &len);
    EXPECT(is(data, len, "client's"));
    begin();
    EXPECT(fpl_config_set_some_octets(&client_config, LIST("client's")) == FPL_OK);
    EXPECT(fpl_config_set_some_octets(&client_config, NULL, 0) == FPL_OK);
    EXPECT(fpl_config_set_some_octets(&server_config, LIST("server's own")) == FPL_OK);
    EXPECT(offer() && reply());
    EXPECT(fpl_conn_peer_octets(&client, &len) == NULL && len == 0); /* not asked, not told */
}

static void versions(void)
{
    static const uint8_t both_know[] = {0, FPL_EXTENSION_TYPE_PADDING, 0, 0, 0, FPL_EXTENSION_TYPE_SUPPORTED_VERSIONS, 0, 3, 2, 0xfe, 0xfc};
    fpl_bytes            list = fpl_bytes_of(both_know, sizeof both_know);
    fpl_bytes            body;
    fpl_writer           w = fpl_writer_of(hello, sizeof hello);
    uint64_t             padding = fpl_extension_bit(FPL_EXTENSION_PADDING);
    uint64_t             versions_bit = fpl_extension_bit(FPL_EXTENSION_SUPPORTED_VERSIONS);
    uint64_t             ems = fpl_extension_bit(FPL_EXTENSION_EXTENDED_MASTER_SECRET);
    begin();
    EXPECT(fpl_extensions_write(&client, FPL_VERSION_ANY, FPL_BLOCK_CLIENT_HELLO, &w));
    client.offered = fpl_extensions_mask(fpl_bytes_of(hello + 2, w.len - 2));
    EXPECT((client.offered & (padding | ems)) == (padding | ems));
    EXPECT(fpl_extensions_find(fpl_bytes_of(hello + 2, w.len - 2), FPL_EXTENSION_TYPE_PADDING, &body) && body.len == 0);
    EXPECT(!fpl_extensions_find(fpl_bytes_of(hello + 2, w.len - 2), 0xfafa, &body));
    EXPECT(fpl_extensions_read(&server, FPL_VERSION_DTLS13, FPL_BLOCK_CLIENT_HELLO, list, &view, &why) && view.present == (padding | versions_bit));
    EXPECT(fpl_extensions_accept(&server, FPL_VERSION_DTLS13, FPL_BLOCK_CLIENT_HELLO, &view) == FPL_STATUS_OK);
    EXPECT(server.results.padded);
    EXPECT(fpl_extensions_read(&server, FPL_VERSION_DTLS12, FPL_BLOCK_CLIENT_HELLO, list, &view, &why) && view.present == versions_bit);
    list.len = 4; /* without the versions, which 1.3 cannot do without */
    EXPECT(!fpl_extensions_read(&server, FPL_VERSION_DTLS13, FPL_BLOCK_CLIENT_HELLO, list, &view, &why) &&
           why.alert == FPL_ALERT_DESCRIPTION_MISSING_EXTENSION);
    EXPECT(!fpl_extensions_read(&client, FPL_VERSION_DTLS12, FPL_BLOCK_SERVER_HELLO, list, &view, &why) &&
           why.alert == FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
    EXPECT(!fpl_extensions_read(&client, FPL_VERSION_DTLS12, FPL_BLOCK_ENCRYPTED_EXTENSIONS, list, &view, &why) &&
           why.alert == FPL_ALERT_DESCRIPTION_INTERNAL_ERROR); /* no such block */
    EXPECT(fpl_extensions_accept(&client, FPL_VERSION_DTLS12, FPL_BLOCK_ENCRYPTED_EXTENSIONS, &view) == FPL_STATUS_INTERNAL);
    EXPECT(!fpl_extensions_write(&client, FPL_VERSION_DTLS12, FPL_BLOCK_ENCRYPTED_EXTENSIONS, &w));
}

int main(void)
{
    names();
    versions();
    names_by_the_client();
    numbers();
    announcements();
    octets();
    if (failures == 0) {
        printf("ok\n");
    }
    return failures != 0;
}
