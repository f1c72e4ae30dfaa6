/* src/engine/extensions.c over the tables of spec/extensions: what a block may hold, in which message, and what
 * answers a breach (RFC 8446 section 4.2, RFC 5246 section 7.4.1.4). Negotiation itself is in
 * tests/spec/emitted/negotiate.c, over extensions of every kind. */
#include "engine/extensions.h"
#include "fpl_limits.h"

#include "engine/conn.h"
#include "unit.h"

#define EMS "00170000"
#define SRTP_128 "000e0005" "0002" "0007" "00"
#define GROUPS "000a0004" "0002" "001d"
#define SCHEMES "000d0004" "0002" "0403"
#define FORMATS "000b0002" "0100"
#define RENEGOTIATION "ff010001" "00"
#define GREASE "0a0a0000"

static fpl_config    *config;
static fpl_conn       conn;
static uint8_t        bytes[4096];
static fpl_block_view view;
static fpl_refusal    why;

static const fpl_srtp_protection_profile profiles[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                       FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};

static void begin(fpl_role role)
{
    config = fpl_config_new();
    ck_assert_ptr_nonnull(config);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, profiles, 2), FPL_OK);
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role,
                                    role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS12_CLIENT : FPL_MACHINE_DTLS12_SERVER, 0),
                     FPL_STATUS_OK);
    conn.we_offered = UINT64_MAX;
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
}

static bool read_hex(uint8_t block, const char *hex)
{
    size_t len = unit_hex(hex, bytes, sizeof bytes);
    memset(&why, 0, sizeof why);
    return fpl_extensions_read(&conn, FPL_VERSION_DTLS12, block, fpl_bytes_of(bytes, len), &view, &why);
}

static void taken(uint8_t block, const char *hex, uint64_t present)
{
    ck_assert_msg(read_hex(block, hex), "%s: alert %u, %s", hex, why.alert, why.what == NULL ? "?" : why.what);
    ck_assert_uint_eq(view.present, present);
}

static void refused(uint8_t block, const char *hex, uint8_t alert)
{
    ck_assert_msg(!read_hex(block, hex), "%s was taken", hex);
    ck_assert_msg(why.alert == alert, "%s: alert %u, not %u", hex, why.alert, alert);
#ifndef FPL_NO_NAMES
    ck_assert_ptr_nonnull(why.what);
    ck_assert_ptr_nonnull(why.ref);
#endif
}

#define BIT(name) fpl_extension_bit(FPL_EXTENSION_##name)
#define CH FPL_BLOCK_CLIENT_HELLO
#define SH FPL_BLOCK_SERVER_HELLO
#define DECODE_ERROR FPL_ALERT_DESCRIPTION_DECODE_ERROR
#define ILLEGAL FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER
#define UNSUPPORTED FPL_ALERT_DESCRIPTION_UNSUPPORTED_EXTENSION

START_TEST(a_request_in_order_is_taken)
{
    fpl_bytes body;
    begin(FPL_ROLE_SERVER);
    taken(CH, "", 0);
    taken(CH, EMS, BIT(EXTENDED_MASTER_SECRET));
    taken(CH, GREASE GROUPS "abcd0003010203" EMS SRTP_128 SCHEMES FORMATS RENEGOTIATION,
          BIT(EXTENDED_MASTER_SECRET) | BIT(SUPPORTED_GROUPS) | BIT(USE_SRTP) | BIT(SIGNATURE_ALGORITHMS) |
              BIT(EC_POINT_FORMATS) | BIT(RENEGOTIATION_INFO));
    body = view.body[FPL_EXTENSION_SUPPORTED_GROUPS];
    unit_mem_is_hex(body.data, body.len, "0002001d");
    ck_assert_ptr_eq(body.data, bytes + 8); /* a view, not a copy */
    finish();
}
END_TEST

START_TEST(no_extension_comes_twice)
{
    begin(FPL_ROLE_SERVER);
    refused(CH, EMS SRTP_128 EMS, ILLEGAL);
    refused(CH, GREASE EMS GREASE, ILLEGAL); /* nor one that we do not know */
    refused(SH, EMS EMS, ILLEGAL);
    refused(CH, "0017000100" EMS, DECODE_ERROR); /* the first breach counts */
    finish();
}
END_TEST

START_TEST(an_answer_needs_an_offer_and_a_place)
{
    begin(FPL_ROLE_CLIENT);
    taken(SH, EMS SRTP_128, BIT(EXTENDED_MASTER_SECRET) | BIT(USE_SRTP));
    refused(SH, GREASE, UNSUPPORTED);
    refused(SH, GROUPS, ILLEGAL); /* offered, but no 1.2 ServerHello has it */
    conn.we_offered &= ~BIT(USE_SRTP);
    refused(SH, EMS SRTP_128, UNSUPPORTED);
    taken(SH, EMS, BIT(EXTENDED_MASTER_SECRET));
    conn.we_offered = 0;
    refused(SH, EMS, UNSUPPORTED);
    taken(CH, EMS, BIT(EXTENDED_MASTER_SECRET)); /* a request needs none */
    finish();
}
END_TEST

START_TEST(bodies_have_their_form_and_nothing_behind_it)
{
    begin(FPL_ROLE_SERVER);
    refused(CH, "0017000100", DECODE_ERROR);
    refused(CH, "000e0006" "0002" "0007" "00" "00", DECODE_ERROR);
    refused(CH, "000e0004" "0001" "07" "00", DECODE_ERROR);
    refused(CH, "000e0003" "0000" "00", DECODE_ERROR); /* an empty list is none */
    refused(CH, "000a0000", DECODE_ERROR);
    refused(CH, "000a0005" "0003" "001d00", DECODE_ERROR);
    refused(CH, "ff010002" "0100", FPL_ALERT_DESCRIPTION_HANDSHAKE_FAILURE); /* well formed; a check of its own */
    refused(CH, "000b0002" "0101", ILLEGAL);
    finish();
}
END_TEST

START_TEST(a_list_breaks_off_nowhere)
{
    static const char whole[] = GROUPS EMS SRTP_128 SCHEMES;
    size_t            starts[] = {0, 8, 12, 21};
    size_t            len;
    begin(FPL_ROLE_SERVER);
    ck_assert(read_hex(CH, whole));
    len = unit_hex(whole, bytes, sizeof bytes);
    for (size_t cut = 0; cut < len; cut++) {
        bool between = cut == starts[0] || cut == starts[1] || cut == starts[2] || cut == starts[3];
        bool ok = fpl_extensions_read(&conn, FPL_VERSION_DTLS12, CH, fpl_bytes_of(bytes, cut), &view, &why);
        ck_assert_msg(ok == between, "cut at %zu", cut);
        ck_assert(ok || why.alert == DECODE_ERROR);
    }
    finish();
}
END_TEST

START_TEST(a_block_is_bounded)
{
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin(FPL_ROLE_SERVER);
    for (uint64_t i = 0; i < FPL_LIMIT_VALUE_EXTENSIONS_PER_BLOCK; i++) {
        (void)fpl_write_uint(&w, 2, 0x4000 + i);
        (void)fpl_write_uint(&w, 2, 0);
    }
    ck_assert(fpl_extensions_read(&conn, FPL_VERSION_DTLS12, CH, fpl_bytes_of(bytes, w.len), &view, &why));
    (void)fpl_write_uint(&w, 2, 0x3000);
    (void)fpl_write_uint(&w, 2, 0);
    ck_assert(!fpl_extensions_read(&conn, FPL_VERSION_DTLS12, CH, fpl_bytes_of(bytes, w.len), &view, &why));
    ck_assert_uint_eq(why.alert, DECODE_ERROR);
    finish();
}
END_TEST

START_TEST(no_block_is_no_crash)
{
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin(FPL_ROLE_CLIENT);
    memset(&view, 0, sizeof view);
    for (uint8_t version = 0; version < 9; version++) {
        for (uint8_t block = 0; block < FPL_NUM_BLOCKS + 3; block++) {
            if (version <= FPL_VERSION_DTLS13 && block < FPL_NUM_BLOCKS && fpl_extension_blocks[version][block] != NULL) {
                continue;
            }
            ck_assert(!fpl_extensions_read(&conn, version, block, fpl_bytes_none(), &view, &why));
            ck_assert_uint_eq(why.alert, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR);
            ck_assert_int_eq(fpl_extensions_accept(&conn, version, block, &view), FPL_STATUS_INTERNAL);
            w = fpl_writer_of(bytes, sizeof bytes);
            ck_assert(!fpl_extensions_write(&conn, version, block, &w));
        }
    }
    finish();
}
END_TEST

START_TEST(an_srtp_answer_is_one_of_ours)
{
    begin(FPL_ROLE_CLIENT);
    refused(SH, "000e0007" "0004" "00070001" "00", ILLEGAL);
    refused(SH, "000e0005" "0002" "0008" "00", ILLEGAL);
    refused(SH, "000e0006" "0002" "0007" "01aa", ILLEGAL); /* an MKI that nobody asked for */
    taken(SH, "000e0005" "0002" "0001" "00", BIT(USE_SRTP));
    ck_assert(!conn.results.has_srtp_profile); /* read changes nothing */
    ck_assert_int_eq(fpl_extensions_accept(&conn, FPL_VERSION_DTLS12, SH, &view), FPL_STATUS_OK);
    ck_assert(conn.results.has_srtp_profile);
    ck_assert_uint_eq(conn.results.srtp_profile, FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80);
    ck_assert_uint_eq(fpl_conn_srtp_profile(&conn), 0); /* the application learns it when CONNECTED */
    finish();
}
END_TEST

START_TEST(what_we_write_we_can_read)
{
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    uint64_t   offered;
    fpl_bytes  list;
    begin(FPL_ROLE_CLIENT);
    ck_assert(fpl_extensions_write(&conn, FPL_VERSION_DTLS12, CH, &w));
    ck_assert_uint_eq((size_t)bytes[0] << 8 | bytes[1], w.len - 2);
    list = fpl_bytes_of(bytes + 2, w.len - 2);
    offered = fpl_extensions_mask(list);
    ck_assert_uint_eq(offered & BIT(USE_SRTP), BIT(USE_SRTP));
    ck_assert_uint_eq(offered & BIT(EXTENDED_MASTER_SECRET), BIT(EXTENDED_MASTER_SECRET));
    ck_assert(fpl_extensions_read(&conn, FPL_VERSION_DTLS12, CH, list, &view, &why));
    ck_assert_uint_eq(view.present, offered);
    finish();
}
END_TEST

START_TEST(a_short_buffer_fails_whole)
{
    uint8_t    small[512];
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin(FPL_ROLE_CLIENT);
    ck_assert(fpl_extensions_write(&conn, FPL_VERSION_DTLS12, CH, &w));
    ck_assert_uint_le(w.len, sizeof small);
    for (size_t cap = 0; cap < w.len; cap++) {
        fpl_writer tight = fpl_writer_of(small, cap);
        ck_assert_msg(!fpl_extensions_write(&conn, FPL_VERSION_DTLS12, CH, &tight), "%zu octets", cap);
        ck_assert(!fpl_writer_ok(&tight));
    }
    finish();
}
END_TEST

START_TEST(a_server_answers_what_was_offered)
{
    fpl_writer w = fpl_writer_of(bytes, sizeof bytes);
    begin(FPL_ROLE_SERVER);
    ck_assert(fpl_extensions_write(&conn, FPL_VERSION_DTLS12, SH, &w));
    ck_assert_uint_eq(w.len, 0); /* RFC 5246 section 7.4.1.3: no empty block */
    taken(CH, EMS "000e0007" "0004" "00010007" "00", BIT(EXTENDED_MASTER_SECRET) | BIT(USE_SRTP));
    ck_assert_int_eq(fpl_extensions_accept(&conn, FPL_VERSION_DTLS12, CH, &view), FPL_STATUS_OK);
    conn.peer_offered = view.present;
    w = fpl_writer_of(bytes, sizeof bytes);
    ck_assert(fpl_extensions_write(&conn, FPL_VERSION_DTLS12, SH, &w));
    unit_mem_is_hex(bytes, w.len, "000d" EMS SRTP_128); /* our first choice, not theirs */
    conn.peer_offered = BIT(USE_SRTP);
    w = fpl_writer_of(bytes, sizeof bytes);
    ck_assert(fpl_extensions_write(&conn, FPL_VERSION_DTLS12, SH, &w));
    unit_mem_is_hex(bytes, w.len, "0009" SRTP_128);
    finish();
}
END_TEST

START_TEST(a_suite_can_offer_an_extension)
{
    ck_assert_uint_eq(fpl_extensions_suite_offers(FPL_CIPHER_SUITE_TLS_EMPTY_RENEGOTIATION_INFO_SCSV), BIT(RENEGOTIATION_INFO));
    ck_assert_uint_eq(fpl_extensions_suite_offers(0x1301), 0);
}
END_TEST

START_TEST(looking_without_judging)
{
    fpl_bytes body;
    size_t    len = unit_hex(GREASE GROUPS EMS GROUPS, bytes, sizeof bytes);
    ck_assert_uint_eq(fpl_extensions_mask(fpl_bytes_of(bytes, len)), BIT(SUPPORTED_GROUPS) | BIT(EXTENDED_MASTER_SECRET));
    ck_assert_uint_eq(fpl_extensions_mask(fpl_bytes_of(bytes, 13)), BIT(SUPPORTED_GROUPS)); /* as far as it is whole */
    ck_assert_uint_eq(fpl_extensions_mask(fpl_bytes_none()), 0);
    ck_assert(fpl_extensions_find(fpl_bytes_of(bytes, len), FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, &body));
    ck_assert_ptr_eq(body.data, bytes + 8);
    ck_assert_uint_eq(body.len, 4);
    ck_assert(!fpl_extensions_find(fpl_bytes_of(bytes, len), FPL_EXTENSION_TYPE_USE_SRTP, &body));
    ck_assert(!fpl_extensions_find(fpl_bytes_of(bytes, 13), FPL_EXTENSION_TYPE_EXTENDED_MASTER_SECRET, &body));
}
END_TEST

START_TEST(settings_are_checked)
{
    static const fpl_srtp_protection_profile none_such[] = {0x7777}, twice[] = {7, 7},
                                             weak[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_32};
    begin(FPL_ROLE_CLIENT);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, none_such, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, weak, 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, twice, 2), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, NULL, 2), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, profiles, FPL_MAX_SRTP_PROFILES + 1), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(NULL, profiles, 2), FPL_MISUSE);
    ck_assert_uint_eq(config->extensions.num_srtp_profiles, 2); /* nothing of that has changed anything */
    ck_assert_uint_eq(config->extensions.srtp_profiles[1], profiles[1]);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, NULL, 0), FPL_OK);
    ck_assert_int_eq(fpl_config_set_extended_master_secret(NULL, true), FPL_MISUSE);
    fpl_config_freeze(config);
    ck_assert_int_eq(fpl_config_set_srtp_profiles(config, profiles, 2), FPL_MISUSE);
    ck_assert_int_eq(fpl_config_set_extended_master_secret(config, false), FPL_MISUSE);
    finish();
}
END_TEST

/* A generator of its own, so that a failure can be repeated. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

START_TEST(noise_is_refused_or_lies_within)
{
    static const char seed_block[] = GROUPS EMS SRTP_128 SCHEMES FORMATS RENEGOTIATION;
    uint32_t          state = 12345;
    begin(FPL_ROLE_SERVER);
    for (int round = 0; round < 200000; round++) {
        size_t   len = unit_hex(seed_block, bytes, sizeof bytes);
        uint8_t *exact;
        uint8_t  block = round % 2 == 0 ? CH : SH;
        for (uint32_t i = next_random(&state) % 4; i > 0; i--) {
            bytes[next_random(&state) % len] = (uint8_t)next_random(&state);
        }
        len -= next_random(&state) % 3 == 0 ? next_random(&state) % len : 0;
        exact = malloc(len == 0 ? 1 : len); /* for the sanitizer to see a read behind it */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, bytes, len);
        memset(&why, 0, sizeof why);
        if (fpl_extensions_read(&conn, FPL_VERSION_DTLS12, block, fpl_bytes_of(exact, len), &view, &why)) {
            for (size_t i = 1; i < FPL_NUM_EXTENSIONS; i++) {
                if ((view.present >> i & 1) != 0) {
                    ck_assert(view.body[i].data >= exact && view.body[i].data + view.body[i].len <= exact + len);
                }
            }
            ck_assert_uint_eq(view.present & ~fpl_extensions_mask(fpl_bytes_of(exact, len)), 0);
        } else {
            ck_assert_uint_ne(why.alert, 0);
        }
        free(exact);
    }
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, a_request_in_order_is_taken);
    tcase_add_test(tc, no_extension_comes_twice);
    tcase_add_test(tc, an_answer_needs_an_offer_and_a_place);
    tcase_add_test(tc, bodies_have_their_form_and_nothing_behind_it);
    tcase_add_test(tc, a_list_breaks_off_nowhere);
    tcase_add_test(tc, a_block_is_bounded);
    tcase_add_test(tc, no_block_is_no_crash);
    tcase_add_test(tc, an_srtp_answer_is_one_of_ours);
    tcase_add_test(tc, what_we_write_we_can_read);
    tcase_add_test(tc, a_short_buffer_fails_whole);
    tcase_add_test(tc, a_server_answers_what_was_offered);
    tcase_add_test(tc, a_suite_can_offer_an_extension);
    tcase_add_test(tc, looking_without_judging);
    tcase_add_test(tc, settings_are_checked);
    tcase_add_test(tc, noise_is_refused_or_lies_within);
}

UNIT_MAIN("engine/extensions", tests)
