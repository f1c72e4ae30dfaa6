/* crypto/schedule13 against whole schedules that Python computed. */

#include "crypto/schedule13.h"

#include "crypto/hkdf.h"
#include "schedule13_samples.h"
#include "unit.h"

#define NUM_SCHEDULES ((int)(sizeof(kSchedules) / sizeof(kSchedules[0])))

/* A buffer of bytes written as hex. */
typedef struct bytes {
    uint8_t data[128];
    size_t len;
} bytes;

static bytes of_hex(const char *hex)
{
    bytes b;
    b.len = unit_hex(hex, b.data, sizeof(b.data));
    return b;
}

static fpl_bytes view(const bytes *b)
{
    return fpl_bytes_of(b->data, b->len);
}

static fpl_bytes text(const char *s)
{
    return fpl_bytes_of((const uint8_t *)s, strlen(s));
}

static fpl_secret13 secret_of(const schedule13_sample *v, const char *hex)
{
    fpl_secret13 secret = {.hash = v->hash};
    unit_hex(hex, secret.bytes, sizeof(secret.bytes));
    return secret;
}

static void secret_is(const schedule13_sample *v, const fpl_secret13 *secret, const char *hex)
{
    ck_assert_int_eq(secret->hash, v->hash);
    unit_mem_is_hex(secret->bytes, fpl_hash_length(v->hash), hex);
}

static void is_zero(const void *data, size_t len)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < len; i++) {
        ck_assert_uint_eq(at[i], 0);
    }
}

START_TEST(walks_the_whole_schedule)
{ /* HC-41 */
    const schedule13_sample *v = &kSchedules[_i];
    bytes psk = of_hex(v->psk);
    bytes shared = of_hex(v->shared);
    bytes server_hello = of_hex(v->to_server_hello);
    bytes server_finished = of_hex(v->to_server_finished);
    bytes client_finished = of_hex(v->to_client_finished);
    fpl_secret13 early;
    fpl_secret13 salt;
    fpl_secret13 one;
    ck_assert_int_eq(fpl_schedule13_early(v->hash, view(&psk), &early), FPL_STATUS_OK);
    secret_is(v, &early, v->early);
    ck_assert_int_eq(fpl_schedule13_salt(&early, &salt), FPL_STATUS_OK);
    secret_is(v, &salt, v->salt);
    ck_assert_int_eq(fpl_schedule13_binder(&early, true, &one), FPL_STATUS_OK);
    secret_is(v, &one, v->ext_binder);
    ck_assert_int_eq(fpl_schedule13_binder(&early, false, &one), FPL_STATUS_OK);
    secret_is(v, &one, v->res_binder);

    fpl_handshake_secrets13 handshake;
    ck_assert_int_eq(fpl_schedule13_handshake(&salt, view(&shared), view(&server_hello), &handshake),
                     FPL_STATUS_OK);
    secret_is(v, &handshake.client, v->client_hs);
    secret_is(v, &handshake.server, v->server_hs);
    secret_is(v, &handshake.master, v->master);

    fpl_application_secrets13 application;
    ck_assert_int_eq(fpl_schedule13_application(&handshake.master, view(&server_finished), &application),
                     FPL_STATUS_OK);
    secret_is(v, &application.client, v->client_ap);
    secret_is(v, &application.server, v->server_ap);
    secret_is(v, &application.exporter, v->exporter);

    fpl_secret13 resumption;
    ck_assert_int_eq(fpl_schedule13_resumption(&handshake.master, view(&client_finished), &resumption),
                     FPL_STATUS_OK);
    secret_is(v, &resumption, v->resumption);
    static const uint8_t kNonce[] = {0, 1, 2};
    ck_assert_int_eq(fpl_schedule13_ticket(&resumption, fpl_bytes_of(kNonce, sizeof(kNonce)), &one),
                     FPL_STATUS_OK);
    secret_is(v, &one, v->ticket);
}
END_TEST

START_TEST(derives_record_keys_and_finished)
{
    const schedule13_sample *v = &kSchedules[_i];
    fpl_secret13 secret = secret_of(v, v->client_hs);
    bytes transcript = of_hex(v->to_client_finished);
    size_t key_len = strlen(v->key) / 2;
    fpl_traffic_keys13 keys;
    fpl_secret13 finished;
    uint8_t verify_data[FPL_HASH_MAX_LEN];
    ck_assert_int_eq(fpl_schedule13_traffic(&secret, v->aead, &keys, &finished), FPL_STATUS_OK);
    ck_assert_int_eq(keys.aead, v->aead);
    unit_mem_is_hex(keys.key, key_len, v->key);
    is_zero(keys.key + key_len, sizeof(keys.key) - key_len);
    unit_mem_is_hex(keys.iv, sizeof(keys.iv), v->iv);
    unit_mem_is_hex(keys.sn, key_len, v->sn);
    secret_is(v, &finished, v->finished);
    ck_assert_int_eq(fpl_schedule13_verify_data(&finished, view(&transcript), verify_data), FPL_STATUS_OK);
    unit_mem_is_hex(verify_data, fpl_hash_length(v->hash), v->verify_data);

    fpl_traffic_keys13 again;
    ck_assert_int_eq(fpl_schedule13_traffic(&secret, v->aead, &again, NULL), FPL_STATUS_OK);
    ck_assert_mem_eq(&again, &keys, sizeof(keys));
}
END_TEST

START_TEST(updates)
{
    const schedule13_sample *v = &kSchedules[_i];
    fpl_secret13 secret = secret_of(v, v->client_ap);
    ck_assert_int_eq(fpl_schedule13_update(&secret), FPL_STATUS_OK);
    secret_is(v, &secret, v->updated);
    ck_assert_int_eq(fpl_schedule13_update(&secret), FPL_STATUS_OK);
    secret_is(v, &secret, v->updated_twice);
}
END_TEST

START_TEST(exports)
{
    const schedule13_sample *v = &kSchedules[_i];
    fpl_secret13 exporter = secret_of(v, v->exporter);
    uint8_t out[100];
    ck_assert_int_eq(
        fpl_schedule13_export(&exporter, text("EXTRACTOR-dtls_srtp"), fpl_bytes_none(), out, 60),
        FPL_STATUS_OK);
    unit_mem_is_hex(out, 60, v->exported);
    ck_assert_int_eq(fpl_schedule13_export(&exporter, text("EXPERIMENTAL"), text("context"), out, 100),
                     FPL_STATUS_OK);
    unit_mem_is_hex(out, 100, v->exported_in_context);
}
END_TEST

START_TEST(exports_as_much_as_there_is)
{
    static const uint8_t kLabel[250] = {'E'};
    static uint8_t out[255 * 32 + 1];
    fpl_secret13 exporter = secret_of(&kSchedules[0], kSchedules[0].exporter);
    ck_assert_int_eq(
        fpl_schedule13_export(&exporter, fpl_bytes_of(kLabel, 249), fpl_bytes_none(), out, 255 * 32),
        FPL_STATUS_OK);
    memset(out, 0xee, sizeof(out));
    ck_assert_int_eq(
        fpl_schedule13_export(&exporter, fpl_bytes_of(kLabel, 249), fpl_bytes_none(), out, 255 * 32 + 1),
        FPL_STATUS_INTERNAL);
    is_zero(out, sizeof(out));
    memset(out, 0xee, sizeof(out));
    ck_assert_int_eq(fpl_schedule13_export(&exporter, fpl_bytes_of(kLabel, 250), fpl_bytes_none(), out, 32),
                     FPL_STATUS_INTERNAL);
    is_zero(out, 32);
    ck_assert_uint_eq(out[32], 0xee);
}
END_TEST

START_TEST(is_not_the_schedule_of_tls)
{ /* HC-41: RFC 8448 section 3 starts from the same early secret and ends elsewhere. */
    fpl_secret13 early;
    fpl_secret13 salt;
    ck_assert_int_eq(fpl_schedule13_early(FPL_HASH_SHA256, fpl_bytes_none(), &early), FPL_STATUS_OK);
    unit_mem_is_hex(early.bytes, 32, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    ck_assert_int_eq(fpl_schedule13_salt(&early, &salt), FPL_STATUS_OK);
    bytes tls = of_hex("6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
    ck_assert_mem_ne(salt.bytes, tls.data, tls.len);
}
END_TEST

START_TEST(knows_the_salt_of_no_psk)
{
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    fpl_secret13 early;
    fpl_secret13 computed;
    fpl_secret13 known;
    for (size_t i = 0; i < 2; i++) {
        memset(&computed, 0, sizeof(computed));
        memset(&known, 0xee, sizeof(known));
        ck_assert_int_eq(fpl_schedule13_early(kHashes[i], fpl_bytes_none(), &early), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_schedule13_salt(&early, &computed), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_schedule13_salt_without_psk(kHashes[i], &known), FPL_STATUS_OK);
        ck_assert_mem_eq(&known, &computed, sizeof(known));
    }
    memset(&known, 0xee, sizeof(known));
    ck_assert_int_eq(fpl_schedule13_salt_without_psk(FPL_HASH_NONE, &known), FPL_STATUS_INTERNAL);
    is_zero(&known, sizeof(known));
}
END_TEST

/* An exporter without context hashes nothing, with SHA-256 and SHA-384: as if that were computed. */
START_TEST(takes_no_context_for_an_empty_one)
{
    const schedule13_sample *v = &kSchedules[_i];
    fpl_secret13 exporter = secret_of(v, v->exporter);
    uint8_t hash[FPL_HASH_MAX_LEN];
    uint8_t secret[FPL_HASH_MAX_LEN];
    uint8_t expected[40];
    uint8_t out[40];
    size_t len = fpl_hash_once(v->hash, fpl_bytes_none(), hash);
    fpl_hkdf hkdf;
    ck_assert_int_eq(fpl_hkdf_init(&hkdf, v->hash, fpl_bytes_of(exporter.bytes, len)), FPL_STATUS_OK);
    ck_assert_int_eq(
        fpl_hkdf_expand_label(&hkdf, text("dtls13"), text("E"), fpl_bytes_of(hash, len), secret, len),
        FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hkdf_rekey(&hkdf, fpl_bytes_of(secret, len)), FPL_STATUS_OK);
    ck_assert_int_eq(
        fpl_hkdf_expand_label(&hkdf, text("dtls13"), text("exporter"), fpl_bytes_of(hash, len), expected, 40),
        FPL_STATUS_OK);
    ck_assert_int_eq(fpl_schedule13_export(&exporter, text("E"), fpl_bytes_none(), out, 40), FPL_STATUS_OK);
    ck_assert_mem_eq(out, expected, 40);
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(takes_nothing_but_secrets_and_hashes)
{
    const schedule13_sample *v = &kSchedules[_i];
    static const fpl_secret13 kNone;
    fpl_secret13 good = secret_of(v, v->master);
    bytes shared = of_hex(v->shared);
    bytes hash = of_hex(v->to_server_hello);
    fpl_bytes hashes[] = {fpl_bytes_none(), fpl_bytes_of(hash.data, hash.len - 1),
                          fpl_bytes_of(hash.data, hash.len + 1), view(&hash)};
    for (size_t i = 0; i < 4; i++) {
        /* Either the hash or, the last time, the secret is none. */
        const fpl_secret13 *from = i < 3 ? &good : &kNone;
        fpl_handshake_secrets13 handshake;
        fpl_application_secrets13 application;
        fpl_secret13 one;
        uint8_t out[FPL_HASH_MAX_LEN];
        memset(&handshake, 0xee, sizeof(handshake));
        memset(&application, 0xee, sizeof(application));
        memset(&one, 0xee, sizeof(one));
        memset(out, 0xee, sizeof(out));
        ck_assert_int_eq(fpl_schedule13_handshake(from, view(&shared), hashes[i], &handshake),
                         FPL_STATUS_INTERNAL);
        ck_assert_int_eq(fpl_schedule13_application(from, hashes[i], &application), FPL_STATUS_INTERNAL);
        ck_assert_int_eq(fpl_schedule13_resumption(from, hashes[i], &one), FPL_STATUS_INTERNAL);
        ck_assert_int_eq(fpl_schedule13_verify_data(from, hashes[i], out), FPL_STATUS_INTERNAL);
        is_zero(&handshake, sizeof(handshake));
        is_zero(&application, sizeof(application));
        is_zero(&one, sizeof(one));
        is_zero(out, sizeof(out));
    }
    fpl_secret13 one;
    fpl_traffic_keys13 keys;
    uint8_t out[32];
    ck_assert_int_eq(fpl_schedule13_early(FPL_HASH_NONE, fpl_bytes_none(), &one), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_schedule13_salt(&kNone, &one), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_schedule13_binder(&kNone, true, &one), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_schedule13_ticket(&kNone, view(&hash), &one), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_schedule13_traffic(&kNone, v->aead, &keys, &one), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_schedule13_export(&kNone, text("a"), fpl_bytes_none(), out, sizeof(out)),
                     FPL_STATUS_INTERNAL);
    is_zero(out, sizeof(out));
    memset(&keys, 0xee, sizeof(keys));
    memset(&one, 0xee, sizeof(one));
    ck_assert_int_eq(fpl_schedule13_traffic(&good, FPL_AEAD_NONE, &keys, &one), FPL_STATUS_INTERNAL);
    is_zero(&keys, sizeof(keys));
    is_zero(&one, sizeof(one));
    one = kNone;
    ck_assert_int_eq(fpl_schedule13_update(&one), FPL_STATUS_INTERNAL);
    ck_assert_mem_eq(&one, &kNone, sizeof(one));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, walks_the_whole_schedule, 0, NUM_SCHEDULES);
    tcase_add_loop_test(tc, derives_record_keys_and_finished, 0, NUM_SCHEDULES);
    tcase_add_loop_test(tc, updates, 0, NUM_SCHEDULES);
    tcase_add_loop_test(tc, exports, 0, NUM_SCHEDULES);
    tcase_add_test(tc, exports_as_much_as_there_is);
    tcase_add_test(tc, is_not_the_schedule_of_tls);
    tcase_add_test(tc, knows_the_salt_of_no_psk);
    tcase_add_loop_test(tc, takes_no_context_for_an_empty_one, 0, NUM_SCHEDULES);
    tcase_add_loop_test(tc, takes_nothing_but_secrets_and_hashes, 0, NUM_SCHEDULES);
}

UNIT_MAIN("crypto/schedule13", tests)
