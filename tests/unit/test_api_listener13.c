/* The listener and DTLS 1.3: the self-contained cookie (RFC 9147 section 5.1), retries, and both versions at one door. */
#include "api/listener.h"

#include "crypto/features.h"
#include "door.h"

#define HELLO_AT 25 /* headers of record and message */

static void versions(unsigned client, unsigned server)
{
    ck_assert_int_eq(fpl_config_set_versions(ends[PAIR_CLIENT].config, client), FPL_OK);
    ck_assert_int_eq(fpl_config_set_versions(ends[PAIR_SERVER].config, server), FPL_OK);
}

static void begin13(void)
{
    begin();
    versions(FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS13);
}

static void groups(int which, fpl_named_group first, fpl_named_group second)
{
    fpl_named_group list[2] = {first, second};
    ck_assert_int_eq(fpl_config_set_groups(ends[which].config, list, second == 0 ? 1 : 2), FPL_OK);
}

/* The body of an extension within a ClientHello datagram. */
static uint8_t *extension_of(pair_datagram *hello, uint16_t type, size_t *len)
{
    fpl_message message;
    fpl_reader  reader;
    fpl_bytes   body;
    bool        found;
    ck_assert(fpl_message_decode(&message, FPL_MESSAGE_CLIENT_HELLO, 0,
                                 fpl_bytes_of(hello->bytes + HELLO_AT, hello->len - HELLO_AT), &reader));
    found = fpl_extensions_find(message.as.client_hello.extensions, type, &body);
    *len = found ? body.len : 0;
    return found ? hello->bytes + (body.data - hello->bytes) : NULL;
}

static bool is_alert(const pair_datagram *d, uint8_t description)
{
    return d->len == 15 && d->bytes[0] == FPL_CONTENT_TYPE_ALERT && d->bytes[13] == 2 && d->bytes[14] == description;
}

START_TEST(strangers_leave_nothing)
{ /* DS-01 */
    static pair_datagram d;
    size_t               live;
    begin13();
    open_door();
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &d));
    ck_assert_uint_eq(give(0, d.bytes, d.len), 1); /* draws the first key */
    live = pair_allocations.live;
    for (unsigned i = 0; i < 50; i++) {
        num_answers = 0;
        ck_assert_uint_eq(give((uint8_t)i, d.bytes, d.len), 1);
        ck_assert_ptr_null(last);
        ck_assert_uint_le(answers[0].len, 3 * d.len); /* RFC 9147 section 5.1 */
    }
    ck_assert_uint_eq(pair_allocations.live, live);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    finish();
}
END_TEST

/* Connects through the door and returns how many hellos it took. */
static unsigned connect_through(uint8_t address, uint16_t version, fpl_named_group group)
{
    new_client();
    shuttle(address);
    ck_assert(ends[PAIR_CLIENT].connected && server_connected == 1);
    ck_assert_uint_eq(fpl_conn_version(ends[PAIR_CLIENT].conn), version);
    ck_assert_uint_eq(fpl_conn_group(ends[PAIR_CLIENT].conn), group);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 1);
    return ends[PAIR_CLIENT].datagrams;
}

START_TEST(a_retry_for_the_cookie_alone_keeps_the_share)
{
    static pair_datagram first, second;
    uint8_t             *share;
    uint8_t             *again;
    size_t               len, len_again;
    begin13();
    open_door();
    new_client();
    first = ends[PAIR_CLIENT].sent[0];
    (void)pair_take(PAIR_CLIENT, &second);
    ck_assert_uint_eq(give(1, second.bytes, second.len), 1);
    (void)pair_receive(PAIR_CLIENT, answers[0].bytes, answers[0].len);
    ck_assert(pair_take(PAIR_CLIENT, &second));
    share = extension_of(&first, FPL_EXTENSION_TYPE_KEY_SHARE, &len);
    again = extension_of(&second, FPL_EXTENSION_TYPE_KEY_SHARE, &len_again);
    ck_assert(len == len_again && memcmp(share, again, len) == 0);
    ck_assert_ptr_null(extension_of(&first, FPL_EXTENSION_TYPE_COOKIE, &len));
    ck_assert_ptr_nonnull(extension_of(&second, FPL_EXTENSION_TYPE_COOKIE, &len));
    num_answers = 0;
    (void)give(1, second.bytes, second.len);
    ck_assert_ptr_nonnull(last);
    shuttle(1);
    ck_assert(ends[PAIR_CLIENT].connected && server_connected == 1);
    finish();
}
END_TEST

START_TEST(a_retry_may_demand_another_group_as_well)
{
    begin13();
    groups(PAIR_CLIENT, FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP384R1);
    groups(PAIR_SERVER, FPL_NAMED_GROUP_SECP384R1, 0);
    open_door();
    (void)connect_through(1, FPL_DTLS13, FPL_NAMED_GROUP_SECP384R1);
    finish();
}
END_TEST

START_TEST(every_suite_passes_the_door)
{ /* the hash of the first hello is the suite's */
    for (unsigned i = 0; i < FPL_NUM_CIPHER_SUITE; i++) {
        fpl_cipher_suite suite = fpl_cipher_suite_rows[i].value;
        if ((fpl_cipher_suite_rows[i].use & FPL_USE_DTLS13) == 0) {
            continue;
        }
        begin13();
        ck_assert_int_eq(fpl_config_set_cipher_suites(ends[PAIR_SERVER].config, &suite, 1), FPL_OK);
        open_door();
        (void)connect_through(1, FPL_DTLS13, FPL_NAMED_GROUP_X25519);
        ck_assert_uint_eq(fpl_conn_cipher_suite(ends[PAIR_CLIENT].conn), suite);
        finish();
    }
}
END_TEST

START_TEST(nothing_in_common_is_said_at_the_door)
{
    static pair_datagram d;
    begin13();
    groups(PAIR_CLIENT, FPL_NAMED_GROUP_X25519, 0);
    groups(PAIR_SERVER, FPL_NAMED_GROUP_SECP384R1, 0);
    open_door();
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &d));
    ck_assert_uint_eq(give(1, d.bytes, d.len), 1);
    ck_assert(is_alert(&answers[0], FPL_ALERT_DESCRIPTION_HANDSHAKE_FAILURE));
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    finish();
}
END_TEST

/* What a door says to a hello with a cookie that it does not take. */
static void assert_refused(uint8_t address, const pair_datagram *hello)
{
    num_answers = 0;
    pair_now += 5000; /* past the interval between such alerts */
    ck_assert_uint_eq(give(address, hello->bytes, hello->len), 1);
    ck_assert_ptr_null(last);
    ck_assert(is_alert(&answers[0], FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
}

START_TEST(a_cookie_belongs_to_an_address)
{ /* DS-02 */
    static pair_datagram hello;
    begin13();
    open_door();
    hello_with_cookie(1, &hello);
    assert_refused(2, &hello);
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    finish();
}
END_TEST

START_TEST(a_cookie_is_exact)
{ /* DS-04: every bit of it */
    static pair_datagram hello;
    uint8_t             *cookie;
    size_t               len;
    begin13();
    open_door();
    hello_with_cookie(1, &hello);
    cookie = extension_of(&hello, FPL_EXTENSION_TYPE_COOKIE, &len);
    ck_assert_uint_gt(len, 2 + 1 + 12 + 16);
    for (size_t at = 2; at < len; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            pair_datagram bent = hello;
            bent.bytes[cookie - hello.bytes + (ptrdiff_t)at] ^= (uint8_t)(1u << bit);
            num_answers = 0; /* few of which there are at a time */
            (void)give(1, bent.bytes, bent.len);
            ck_assert_msg(last == NULL, "octet %zu, bit %u", at, bit);
            ck_assert(num_answers == 0 || is_alert(&answers[0], FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER));
        }
    }
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    finish();
}
END_TEST

START_TEST(cookies_age)
{
    static pair_datagram hello;
    fpl_time             made;
    begin13();
    ck_assert_int_eq(fpl_config_set(ends[PAIR_SERVER].config, FPL_SETTING_COOKIE_LIFETIME, 30000), FPL_OK);
    open_door();
    hello_with_cookie(1, &hello);
    made = pair_now;
    pair_now = made + 26000; /* and the five seconds that assert_refused waits */
    assert_refused(1, &hello);
    hello_with_cookie(1, &hello);
    pair_now += 30000;
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    finish();
}
END_TEST

START_TEST(keys_turn_once_without_harm)
{
    static pair_datagram hello;
    uint8_t              key[32] = {1};
    begin13();
    open_door();
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 1, key), FPL_OK);
    hello_with_cookie(1, &hello);
    key[0] = 2;
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 2, key), FPL_OK);
    key[0] = 3;
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 3, key), FPL_OK);
    assert_refused(1, &hello);
    hello_with_cookie(1, &hello);
    key[0] = 4;
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 4, key), FPL_OK);
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    shuttle(1);
    ck_assert(ends[PAIR_CLIENT].connected);
    finish();
}
END_TEST

START_TEST(a_fleet_shares_its_keys)
{ /* DS-03: one door gives the cookie, another takes it and knows nothing else */
    static pair_datagram hello;
    uint8_t              key[32] = {7};
    fpl_listener        *other;
    begin13();
    open_door();
    other = listener;
    open_door();
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 9, key), FPL_OK);
    ck_assert_int_eq(fpl_listener_set_cookie_key(other, 9, key), FPL_OK);
    hello_with_cookie(1, &hello);
    fpl_listener_free(listener);
    listener = other;
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    shuttle(1);
    ck_assert(ends[PAIR_CLIENT].connected && server_connected == 1);
    finish();
}
END_TEST

START_TEST(a_second_hello_that_changed_is_refused)
{ /* RFC 8446 section 4.1.2: its random, one of its suites, its share */
    static pair_datagram hello;
    size_t               len;
    begin13();
    open_door();
    for (unsigned what = 0; what < 3; what++) {
        fpl_explanation why;
        hello_with_cookie((uint8_t)what, &hello);
        switch (what) {
        case 0: hello.bytes[HELLO_AT + 2] ^= 1; break;
        case 1: hello.bytes[HELLO_AT + 2 + 32 + 1 + 1 + 2 + 5] ^= 1; break;
        default: extension_of(&hello, FPL_EXTENSION_TYPE_KEY_SHARE, &len)[8] ^= 1; break;
        }
        (void)give((uint8_t)what, hello.bytes, hello.len);
        ck_assert_ptr_nonnull(last);
        fpl_conn_explain(last, &why);
        ck_assert_int_eq(why.failure, FPL_FAILURE_WE_ALERTED);
        ck_assert_int_eq(why.alert, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
#ifndef FPL_NO_NAMES
        ck_assert_str_eq(why.what, "second_hello_unchanged");
#endif
    }
    finish();
}
END_TEST

START_TEST(both_versions_at_one_door)
{ /* {1.2, 1.3, both} at a door for both, and for each alone */
    static const unsigned one[3] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13};
    for (unsigned c = 0; c < 3; c++) {
        for (unsigned s = 0; s < 3; s++) {
            unsigned common = one[c] & one[s];
            begin();
            versions(one[c], one[s]);
            open_door();
            if (common != 0) {
                (void)connect_through(1, (common & FPL_VERSIONS_DTLS13) != 0 ? FPL_DTLS13 : FPL_DTLS12,
                                      FPL_NAMED_GROUP_X25519);
            } else {
                static pair_datagram d;
                new_client();
                ck_assert(pair_take(PAIR_CLIENT, &d));
                ck_assert_uint_eq(give(1, d.bytes, d.len), 1);
                ck_assert(is_alert(&answers[0], FPL_ALERT_DESCRIPTION_PROTOCOL_VERSION));
            }
            finish();
        }
    }
}
END_TEST

#if FPL_HAVE_MLKEM
START_TEST(a_hello_of_two_datagrams_comes_through_as_well)
{ /* both hellos are pooled: one for the cookie, one with it */
    begin();
    versions(FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13);
    groups(PAIR_CLIENT, FPL_NAMED_GROUP_X25519MLKEM768, FPL_NAMED_GROUP_X25519);
    groups(PAIR_SERVER, FPL_NAMED_GROUP_X25519MLKEM768, FPL_NAMED_GROUP_X25519);
    open_door();
    ck_assert_uint_ge(connect_through(1, FPL_DTLS13, FPL_NAMED_GROUP_X25519MLKEM768), 5);
    finish();
}
END_TEST
#endif

START_TEST(without_cookies_the_first_hello_will_do)
{ /* once the address is known to be right; a retry is then the connection's own */
    for (unsigned retry = 0; retry < 2; retry++) {
        static pair_datagram d;
        begin13();
        ck_assert_int_eq(fpl_config_set_cookie_exchange(ends[PAIR_SERVER].config, false), FPL_OK);
        groups(PAIR_CLIENT, FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP256R1);
        groups(PAIR_SERVER, retry ? FPL_NAMED_GROUP_SECP256R1 : FPL_NAMED_GROUP_X25519, 0);
        open_door();
        new_client();
        ck_assert(pair_take(PAIR_CLIENT, &d));
        (void)give(1, d.bytes, d.len);
        ck_assert_ptr_nonnull(last);
        ck_assert_int_eq(fpl_conn_set_address_validated(last), FPL_OK);
        ck_assert(poll_server(last));
        shuttle(1);
        ck_assert(ends[PAIR_CLIENT].connected && server_connected == 1);
        ck_assert_uint_eq(ends[PAIR_CLIENT].datagrams, retry ? 3 : 2);
        finish();
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, strangers_leave_nothing);
    tcase_add_test(tc, a_retry_for_the_cookie_alone_keeps_the_share);
    tcase_add_test(tc, a_retry_may_demand_another_group_as_well);
    tcase_add_test(tc, every_suite_passes_the_door);
    tcase_add_test(tc, nothing_in_common_is_said_at_the_door);
    tcase_add_test(tc, a_cookie_belongs_to_an_address);
    tcase_add_test(tc, a_cookie_is_exact);
    tcase_add_test(tc, cookies_age);
    tcase_add_test(tc, keys_turn_once_without_harm);
    tcase_add_test(tc, a_fleet_shares_its_keys);
    tcase_add_test(tc, a_second_hello_that_changed_is_refused);
    tcase_add_test(tc, both_versions_at_one_door);
#if FPL_HAVE_MLKEM
    tcase_add_test(tc, a_hello_of_two_datagrams_comes_through_as_well);
#endif
    tcase_add_test(tc, without_cookies_the_first_hello_will_do);
}

UNIT_MAIN("api/listener13", tests)
