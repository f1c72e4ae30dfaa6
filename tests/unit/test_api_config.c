/* Setters: their ranges, their freezing, and what a credential must be. */
#include "api/config.h"

#include "pair.h"

START_TEST(every_setting_keeps_its_range)
{
    fpl_config *config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    for (unsigned s = 0; s < FPL_SETTING_COUNT + 3u; s++) {
        fpl_setting setting = (fpl_setting)s;
        uint8_t     id = s < FPL_SETTING_COUNT ? fpl_limit_of_setting[s] : 0;
        if (id == 0) {
            ck_assert_int_eq(fpl_config_set(config, setting, 1), FPL_MISUSE);
            ck_assert_uint_eq(fpl_config_get(config, setting), 0);
            continue;
        }
        ck_assert_uint_eq(fpl_config_get(config, setting), fpl_limits[id].value);
        ck_assert_int_eq(fpl_config_set(config, setting, fpl_limits[id].min), FPL_OK);
        ck_assert_uint_eq(fpl_config_get(config, setting), fpl_limits[id].min);
        ck_assert_int_eq(fpl_config_set(config, setting, fpl_limits[id].max), FPL_OK);
        ck_assert_uint_eq(fpl_config_get(config, setting), fpl_limits[id].max);
        ck_assert_int_eq(fpl_config_set(config, setting, fpl_limits[id].max + 1), FPL_MISUSE);
        if (fpl_limits[id].min > 0) {
            ck_assert_int_eq(fpl_config_set(config, setting, fpl_limits[id].min - 1), FPL_MISUSE);
        }
        ck_assert_int_eq(fpl_config_set(config, setting, UINT64_MAX), FPL_MISUSE);
        ck_assert_uint_eq(fpl_config_get(config, setting), fpl_limits[id].max); /* refused: unchanged */
    }
    ck_assert_int_eq(fpl_config_set(config, (fpl_setting)-1, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set(NULL, FPL_SETTING_MTU, 500), FPL_MISUSE);
    ck_assert_uint_eq(fpl_config_get(NULL, FPL_SETTING_MTU), 0);
    fpl_config_free(config);
    fpl_config_free(NULL);
}
END_TEST

START_TEST(lists_are_exact)
{
    fpl_config      *config = fpl_config_new();
    fpl_cipher_suite suites[20];
    fpl_named_group  groups[3] = {FPL_NAMED_GROUP_SECP384R1, FPL_NAMED_GROUP_X25519, FPL_NAMED_GROUP_SECP384R1};
    ck_assert_ptr_nonnull(config);
    suites[0] = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    suites[1] = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, 2), FPL_OK);
    ck_assert(config->num_suites == 2 && config->suites[0] == suites[0]);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, NULL, 1), FPL_MISUSE);
    suites[1] = suites[0];
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, 2), FPL_MISUSE);
    suites[1] = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA; /* known, never used: HC-20 */
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, 2), FPL_MISUSE);
    suites[1] = 0x0a0a;
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, 2), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, suites, FPL_LIMIT_VALUE_CONFIGURED_VALUES + 1), FPL_MISUSE);
    ck_assert(config->num_suites == 2); /* as it was */
    ck_assert_int_eq(fpl_config_set_groups(config, groups, 2), FPL_OK);
    ck_assert(config->num_groups == 2 && config->groups[0] == FPL_NAMED_GROUP_SECP384R1);
    ck_assert_int_eq(fpl_config_set_groups(config, groups, 3), FPL_MISUSE);
    groups[0] = 0x4142;
    ck_assert_int_eq(fpl_config_set_groups(config, groups, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_groups(NULL, groups, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_signature_schemes(NULL, NULL, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_cipher_suites(NULL, suites, 1), FPL_MISUSE);
    fpl_config_free(config);
}
END_TEST

START_TEST(versions_are_those_that_something_is_left_for)
{
    static const fpl_cipher_suite of12 = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    static const fpl_cipher_suite of13 = FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256;
    static const unsigned         both = FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13;
    fpl_cipher_suite              suites[FPL_LIMIT_VALUE_CONFIGURED_VALUES];
    fpl_config                   *config = fpl_config_new();
    fpl_conn                     *conn;
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(fpl_config_set_versions(config, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_versions(config, 4), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_versions(config, both | 4), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_versions(NULL, both), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_versions(config, both), FPL_OK);
    ck_assert_uint_eq(config->versions, both);
    ck_assert_uint_eq(fpl_config_suites(config, FPL_VERSIONS_DTLS13, suites), 3);
    ck_assert_uint_eq(fpl_config_suites(config, both, suites), config->num_suites);

    /* whichever is said first */
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, &of12, 1), FPL_OK);
    ck_assert_uint_eq(config->versions, FPL_VERSIONS_DTLS12);
    ck_assert_uint_eq(fpl_config_suites(config, FPL_VERSIONS_DTLS13, suites), 0);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, &of13, 1), FPL_OK);
    ck_assert_uint_eq(config->versions, FPL_VERSIONS_DTLS13);
    ck_assert_uint_eq(fpl_config_suites(config, both, suites), 1);
    ck_assert_uint_eq(suites[0], of13);

    /* none is left: no connection, and the configuration stays open */
    ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS12), FPL_OK);
    ck_assert_uint_eq(config->versions, 0);
    ck_assert_ptr_null(fpl_conn_new(config, FPL_ROLE_CLIENT, 0));
    ck_assert(!config->frozen);
    ck_assert_int_eq(fpl_config_set_versions(config, FPL_VERSIONS_DTLS13), FPL_OK);
    conn = fpl_conn_new(config, FPL_ROLE_CLIENT, 0);
    ck_assert_ptr_nonnull(conn);
    ck_assert_int_eq(fpl_config_set_versions(config, both), FPL_MISUSE); /* in use */
    fpl_conn_free(conn);
    fpl_config_free(config);
}
END_TEST

START_TEST(policies_are_what_they_are)
{
    fpl_config *config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    for (int value = -1; value <= 5; value++) {
        bool known = value >= 1 && value <= 3;
        ck_assert_int_eq(fpl_config_set_client_auth(config, (fpl_client_auth)value), known ? FPL_OK : FPL_MISUSE);
        known = value >= 1 && value <= 2;
        ck_assert_int_eq(fpl_config_set_trust(config, (fpl_trust)value), known ? FPL_OK : FPL_MISUSE);
        ck_assert_int_eq(fpl_config_set_plaintext_alerts(config, (fpl_plaintext_alerts)value), known ? FPL_OK : FPL_MISUSE);
    }
    fpl_config_free(config);
}
END_TEST

START_TEST(host_names)
{
    fpl_config *config = fpl_config_new();
    char        name[258];
    ck_assert_ptr_nonnull(config);
    memset(name, 'a', sizeof name);
    name[256] = '\0';
    ck_assert_int_eq(fpl_config_set_server_name(config, name), FPL_MISUSE);
    name[255] = '\0';
    ck_assert_int_eq(fpl_config_set_server_name(config, name), FPL_OK);
    ck_assert_str_eq(config->server_name, name);
    ck_assert_int_eq(fpl_config_set_server_name(config, ""), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_server_name(config, "host."), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_server_name(config, "h"), FPL_OK);
    ck_assert_str_eq(config->server_name, "h");
    ck_assert_int_eq(fpl_config_set_server_name(config, NULL), FPL_OK);
    ck_assert_str_eq(config->server_name, "");
    fpl_config_free(config);
}
END_TEST

START_TEST(credentials_are_whole_or_refused)
{
    fpl_config     *config = fpl_config_new();
    fpl_self_signed a;
    fpl_self_signed b;
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(fpl_make_self_signed(&a, FPL_NAMED_GROUP_SECP256R1, NULL, 0), FPL_OK);
    ck_assert_int_eq(fpl_make_self_signed(&b, FPL_NAMED_GROUP_SECP384R1, "other", 1767225600), FPL_OK);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, a.certificate_len, b.key, b.key_len), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, a.certificate_len - 1, a.key, a.key_len), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, a.certificate_len, a.key, a.key_len - 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, NULL, 5, a.key, a.key_len), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, a.certificate_len, NULL, 5), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, 0, a.key, a.key_len), FPL_MISUSE);
    ck_assert_ptr_null(fpl_conn_new(config, FPL_ROLE_SERVER, 0)); /* a server needs one */
    ck_assert_ptr_null(fpl_listener_new(config, 0));
    ck_assert(!config->frozen);
    ck_assert_int_eq(fpl_config_set_credential(config, a.certificate, a.certificate_len, a.key, a.key_len), FPL_OK);
    ck_assert_int_eq(fpl_config_set_credential(config, b.certificate, b.certificate_len, b.key, b.key_len), FPL_OK); /* in its place */
    ck_assert_int_eq(fpl_config_set_external_credential(config, a.certificate, a.certificate_len), FPL_OK);
    ck_assert_int_eq(fpl_config_set_external_credential(config, a.certificate, a.certificate_len / 2), FPL_MISUSE);
    ck_assert_int_eq(fpl_make_self_signed(NULL, FPL_NAMED_GROUP_SECP256R1, NULL, 0), FPL_MISUSE);
    ck_assert_int_eq(fpl_make_self_signed(&a, FPL_NAMED_GROUP_X25519, NULL, 0), FPL_MISUSE);
    fpl_config_free(config);
}
END_TEST

START_TEST(a_configuration_in_use_is_frozen)
{
    fpl_config      *config;
    fpl_conn        *conn;
    fpl_cipher_suite suite = FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    fpl_named_group  group = FPL_NAMED_GROUP_X25519;
    fpl_signature_scheme        scheme = FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;
    fpl_srtp_protection_profile profile = FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80;
    memset(&pair_allocations, 0, sizeof pair_allocations);
    config = pair_config();
    conn = fpl_conn_new(config, FPL_ROLE_CLIENT, 0);
    ck_assert_ptr_nonnull(conn);
    ck_assert_int_eq(fpl_config_set(config, FPL_SETTING_MTU, 500), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_use_webrtc_profile(config), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_cipher_suites(config, &suite, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_groups(config, &group, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_signature_schemes(config, &scheme, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, &profile, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_client_auth(config, FPL_CLIENT_AUTH_OFF), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_cookie_exchange(config, false), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_trust(config, FPL_TRUST_ASK), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_plaintext_alerts(config, FPL_PLAINTEXT_ALERTS_HINT), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_credential(config, pair_credential.certificate, pair_credential.certificate_len,
                                               pair_credential.key, pair_credential.key_len), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_external_credential(config, pair_credential.certificate, pair_credential.certificate_len),
                     FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_server_name(config, "x"), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_trace(config, NULL, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_key_log(config, NULL, NULL), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_random(config, NULL, NULL), FPL_MISUSE);
    fpl_conn_free(conn);
    ck_assert_int_eq(fpl_config_set(config, FPL_SETTING_MTU, 500), FPL_MISUSE); /* for good */
    fpl_config_free(config);
    ck_assert_uint_eq(pair_allocations.live, 0);
}
END_TEST

START_TEST(the_allocator_is_whole)
{
    fpl_allocator half = {pair_allocate, NULL, &pair_allocations};
    ck_assert_ptr_null(fpl_config_new_with_allocator(NULL));
    ck_assert_ptr_null(fpl_config_new_with_allocator(&half));
    half.allocate = NULL;
    half.release = pair_release;
    ck_assert_ptr_null(fpl_config_new_with_allocator(&half));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, every_setting_keeps_its_range);
    tcase_add_test(tc, lists_are_exact);
    tcase_add_test(tc, versions_are_those_that_something_is_left_for);
    tcase_add_test(tc, policies_are_what_they_are);
    tcase_add_test(tc, host_names);
    tcase_add_test(tc, credentials_are_whole_or_refused);
    tcase_add_test(tc, a_configuration_in_use_is_frozen);
    tcase_add_test(tc, the_allocator_is_whole);
}

UNIT_MAIN("api/config", tests)
