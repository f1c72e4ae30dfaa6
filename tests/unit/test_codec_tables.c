/* generated/fpl_registries.c and fpl_limits.c: rows that agree with each other. */
#include "unit.h"

#include "fpl_limits.h"
#include "fpl_registries.h"

/* FPL_NO_NAMES leaves out what only people read. */
#ifdef FPL_NO_NAMES
#define assert_name(name, text) ck_assert((name) == NULL && (text) == NULL)
#else
#define assert_name(name, text) ck_assert_str_eq((name), (text))
#endif

START_TEST(every_row_is_found_and_named)
{
    for (size_t i = 0; i < FPL_NUM_CIPHER_SUITE; i++) {
        const fpl_cipher_suite_row *row = &fpl_cipher_suite_rows[i];
        ck_assert_ptr_eq(fpl_cipher_suite_find(row->value), row);
        assert_name(fpl_cipher_suite_name(row->value), row->name);
        /* What we use has everything it needs. */
        if ((row->use & FPL_USE_DTLS12) != 0) {
            ck_assert_ptr_nonnull(fpl_aead_find(row->aead));
            ck_assert_ptr_nonnull(fpl_hash_find(row->hash));
            ck_assert_ptr_nonnull(fpl_key_exchange_algorithm_find(row->key_exchange));
        }
    }
    for (size_t i = 0; i < FPL_NUM_NAMED_GROUP; i++) {
        ck_assert_ptr_eq(fpl_named_group_find(fpl_named_group_rows[i].value), &fpl_named_group_rows[i]);
        ck_assert(fpl_named_group_rows[i].use == 0 || fpl_named_group_rows[i].share_length > 0);
    }
}
END_TEST

START_TEST(unlisted_values_have_neither_row_nor_name)
{
    ck_assert_ptr_null(fpl_cipher_suite_find(0x0a0a));
    ck_assert_ptr_null(fpl_cipher_suite_name(0x0a0a));
    ck_assert_ptr_null(fpl_named_group_name(0));
    ck_assert_ptr_null(fpl_alert_description_name(255));
    ck_assert_ptr_null(fpl_hash_find(FPL_HASH_NONE));
    ck_assert_ptr_null(fpl_aead_find(FPL_AEAD_NONE));
}
END_TEST

START_TEST(code_points_are_those_of_iana)
{
    ck_assert_uint_eq(FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 0xc02b);
    ck_assert_uint_eq(FPL_NAMED_GROUP_X25519, 0x001d);
    ck_assert_uint_eq(FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256, 0x0403);
    ck_assert_uint_eq(FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM, 0x0007);
    ck_assert_uint_eq(FPL_ALERT_DESCRIPTION_DECODE_ERROR, 50);
    ck_assert_uint_eq(FPL_PROTOCOL_VERSION_DTLS12, 0xfefd);
    ck_assert_uint_eq(FPL_EXTENSION_TYPE_RENEGOTIATION_INFO, 0xff01);
#ifndef FPL_NO_NAMES
    ck_assert_str_eq(fpl_alert_description_name(0), "close_notify");
    ck_assert_str_eq(fpl_compression_method_name(0), "null");
#endif
    ck_assert_uint_eq(fpl_cipher_suite_find(0xc02c)->hash, FPL_HASH_SHA384);
    ck_assert_uint_eq(fpl_cipher_suite_find(0xcca9)->aead, FPL_AEAD_CHACHA20_POLY1305);
    ck_assert_uint_eq(fpl_signature_scheme_find(0x0403)->curve, FPL_NAMED_GROUP_SECP256R1);
}
END_TEST

START_TEST(defaults_lie_within_their_bounds)
{
    ck_assert_uint_eq(fpl_limits[FPL_LIMIT_NONE].max, 0);
    for (size_t i = 1; i < FPL_NUM_LIMITS; i++) {
        ck_assert_uint_le(fpl_limits[i].min, fpl_limits[i].value);
        ck_assert_uint_le(fpl_limits[i].value, fpl_limits[i].max);
        if (fpl_limits[i].setting != FPL_SETTING_NONE) {
            ck_assert_uint_eq(fpl_limit_of_setting[fpl_limits[i].setting], i);
        }
    }
    ck_assert_uint_eq(fpl_limit_of_setting[FPL_SETTING_NONE], FPL_LIMIT_NONE);
    for (size_t i = 1; i < FPL_SETTING_COUNT; i++) {
        ck_assert_uint_ne(fpl_limit_of_setting[i], FPL_LIMIT_NONE);
        ck_assert_uint_eq(fpl_limits[fpl_limit_of_setting[i]].setting, i);
    }
    ck_assert_uint_eq(FPL_LIMIT_VALUE_HELD_RECORDS, fpl_limits[FPL_LIMIT_HELD_RECORDS].value);
}
END_TEST

START_TEST(timers_count_from_a_limit_or_another_timer)
{
    for (size_t i = 1; i < FPL_NUM_TIMERS; i++) {
        ck_assert_int_ne(fpl_timers[i].initial == FPL_LIMIT_NONE, fpl_timers[i].fraction_of == FPL_TIMER_ID_NONE);
        ck_assert_uint_ne(fpl_timers[i].divisor, 0);
        ck_assert_uint_ne(fpl_timers[i].fraction_of, i);
    }
    ck_assert_uint_eq(fpl_timers[FPL_TIMER_ID_RESEND].initial, FPL_LIMIT_RESEND_INITIAL);
    ck_assert_uint_eq(fpl_timers[FPL_TIMER_ID_RESEND].maximum, FPL_LIMIT_RESEND_MAXIMUM);
    ck_assert_uint_eq(fpl_timers[FPL_TIMER_ID_RETENTION].maximum, FPL_LIMIT_NONE);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, every_row_is_found_and_named);
    tcase_add_test(tc, unlisted_values_have_neither_row_nor_name);
    tcase_add_test(tc, code_points_are_those_of_iana);
    tcase_add_test(tc, defaults_lie_within_their_bounds);
    tcase_add_test(tc, timers_count_from_a_limit_or_another_timer);
}

UNIT_MAIN("codec/tables", tests)
