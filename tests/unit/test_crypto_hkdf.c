/* crypto/hkdf against RFC 5869, the whole key schedule of RFC 8448 section 3, and Python's hmac. */

#include "crypto/hkdf.h"

#include "unit.h"

typedef struct rfc5869 {
    const char *salt;
    const char *material;
    const char *info;
    const char *prk;
    const char *out;
} rfc5869;

/* RFC 5869 appendices A.1 to A.3. */
static const rfc5869 kPublished[] = {
    {"000102030405060708090a0b0c", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "f0f1f2f3f4f5f6f7f8f9",
     "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {"606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
     "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
     "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
     "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
     "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {"", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
};

#define NO_MESSAGES "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TO_SERVER_HELLO "860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8"
#define TO_SERVER_FINISHED "9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13"
#define TO_CLIENT_FINISHED "209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define EARLY "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a"
#define HANDSHAKE "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"
#define MASTER "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
#define HANDSHAKE_SALT "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba"
#define MASTER_SALT "43de77e0c77713859a944db9db2590b53190a65b3ee2e4f12dd7a0bb7ce254b4"
#define CLIENT_HS "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
#define SERVER_HS "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
#define CLIENT_AP "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5"
#define SERVER_AP "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643"
#define RESUMPTION "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c"

typedef struct extraction {
    const char *salt;
    const char *material;
    const char *secret;
} extraction;

/* RFC 8448 section 3. */
static const extraction kExtractions[] = {
    {"", ZEROS, EARLY},
    {HANDSHAKE_SALT, "8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", HANDSHAKE},
    {MASTER_SALT, ZEROS, MASTER},
};

typedef struct expansion {
    const char *secret;
    const char *label;
    const char *context;
    const char *out;
} expansion;

/* RFC 8448 section 3. */
static const expansion kExpansions[] = {
    {EARLY, "derived", NO_MESSAGES, HANDSHAKE_SALT},
    {HANDSHAKE, "c hs traffic", TO_SERVER_HELLO, CLIENT_HS},
    {HANDSHAKE, "s hs traffic", TO_SERVER_HELLO, SERVER_HS},
    {HANDSHAKE, "derived", NO_MESSAGES, MASTER_SALT},
    {MASTER, "c ap traffic", TO_SERVER_FINISHED, CLIENT_AP},
    {MASTER, "s ap traffic", TO_SERVER_FINISHED, SERVER_AP},
    {MASTER, "exp master", TO_SERVER_FINISHED,
     "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50"},
    {MASTER, "res master", TO_CLIENT_FINISHED, RESUMPTION},
    {RESUMPTION, "resumption", "0000", "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3"},
    {SERVER_HS, "key", "", "3fce516009c21727d0f2e4e86ee403bc"},
    {SERVER_HS, "iv", "", "5d313eb2671276ee13000b30"},
    {SERVER_HS, "finished", "", "008d3b66f816ea559f96b537e885c31fc068bf492c652f01f288a1d8cdc19fc8"},
    {CLIENT_HS, "key", "", "dbfaa693d1762c5b666af5d950258d01"},
    {CLIENT_HS, "iv", "", "5bd3c71b836e0b76bb73265f"},
    {CLIENT_HS, "finished", "", "b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4"},
    {CLIENT_AP, "key", "", "17422dda596ed5d9acd890e3c63f5051"},
    {CLIENT_AP, "iv", "", "5b78923dee08579033e523d9"},
    {SERVER_AP, "key", "", "9f02283b6c9c07efc26bb9f2ac92e356"},
    {SERVER_AP, "iv", "", "cf782b88dd83549aadf1e984"},
};

#define NUM_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* A buffer of bytes written as hex. */
typedef struct bytes {
    uint8_t data[512];
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

static void start(fpl_hkdf *hkdf, fpl_hash hash, const char *key)
{
    bytes secret = of_hex(key);
    ck_assert_int_eq(fpl_hkdf_init(hkdf, hash, view(&secret)), FPL_STATUS_OK);
}

START_TEST(extracts_and_expands_as_published)
{
    const rfc5869 *v = &kPublished[_i];
    bytes material = of_hex(v->material);
    bytes info = of_hex(v->info);
    fpl_hkdf hkdf;
    uint8_t prk[FPL_HASH_MAX_LEN];
    uint8_t out[128];
    size_t len = strlen(v->out) / 2;
    start(&hkdf, FPL_HASH_SHA256, v->salt);
    ck_assert_int_eq(fpl_hkdf_mac(&hkdf, view(&material), prk), FPL_STATUS_OK);
    unit_mem_is_hex(prk, 32, v->prk);
    /* The same object goes on, with the pseudorandom key. */
    ck_assert_int_eq(fpl_hkdf_rekey(&hkdf, fpl_bytes_of(prk, 32)), FPL_STATUS_OK);
    for (int again = 0; again < 3; again++) {
        memset(out, 0, sizeof(out));
        ck_assert_int_eq(fpl_hkdf_expand(&hkdf, view(&info), out, len), FPL_STATUS_OK);
        unit_mem_is_hex(out, len, v->out);
    }
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(shorter_outputs_are_prefixes)
{
    const rfc5869 *v = &kPublished[_i];
    bytes info = of_hex(v->info);
    bytes expected = of_hex(v->out);
    fpl_hkdf hkdf;
    uint8_t out[128];
    start(&hkdf, FPL_HASH_SHA256, v->prk);
    for (size_t len = 0; len <= expected.len; len++) {
        memset(out, 0xee, sizeof(out));
        ck_assert_int_eq(fpl_hkdf_expand(&hkdf, view(&info), out, len), FPL_STATUS_OK);
        if (len != 0) {
            ck_assert_mem_eq(out, expected.data, len);
        }
        ck_assert_uint_eq(out[len], 0xee);
    }
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(extracts_the_secrets_of_tls)
{
    const extraction *v = &kExtractions[_i];
    bytes material = of_hex(v->material);
    fpl_hkdf hkdf;
    uint8_t out[FPL_HASH_MAX_LEN];
    start(&hkdf, FPL_HASH_SHA256, v->salt);
    ck_assert_int_eq(fpl_hkdf_mac(&hkdf, view(&material), out), FPL_STATUS_OK);
    unit_mem_is_hex(out, 32, v->secret);
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(expands_the_secrets_of_tls_and_no_others)
{ /* HC-41 */
    const expansion *v = &kExpansions[_i];
    bytes context = of_hex(v->context);
    bytes expected = of_hex(v->out);
    fpl_hkdf hkdf;
    uint8_t out[FPL_HASH_MAX_LEN];
    start(&hkdf, FPL_HASH_SHA256, v->secret);
    ck_assert_int_eq(
        fpl_hkdf_expand_label(&hkdf, text("tls13 "), text(v->label), view(&context), out, expected.len),
        FPL_STATUS_OK);
    ck_assert_mem_eq(out, expected.data, expected.len);
    static const char *const kOthers[] = {"dtls13", "dtls13 ", "tls13", ""};
    for (int i = 0; i < NUM_OF(kOthers); i++) {
        ck_assert_int_eq(
            fpl_hkdf_expand_label(&hkdf, text(kOthers[i]), text(v->label), view(&context), out, expected.len),
            FPL_STATUS_OK);
        ck_assert_mem_ne(out, expected.data, expected.len);
    }
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(computes_the_finished_of_tls)
{
    /* RFC 8448 section 3: what the client's Finished covers is all up to the server's. */
    bytes transcript = of_hex(TO_SERVER_FINISHED);
    fpl_hkdf hkdf;
    uint8_t out[FPL_HASH_MAX_LEN];
    start(&hkdf, FPL_HASH_SHA256, "b80ad01015fb2f0bd65ff7d4da5d6bf83f84821d1f87fdc7d3c75b5a7b42d9c4");
    ck_assert_int_eq(fpl_hkdf_mac(&hkdf, view(&transcript), out), FPL_STATUS_OK);
    unit_mem_is_hex(out, 32, "a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61");
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(has_sha384)
{
    /* Python's hmac; three blocks. */
    fpl_hkdf hkdf;
    uint8_t out[112];
    ck_assert_int_eq(fpl_hkdf_init(&hkdf, FPL_HASH_SHA384, text("salt")), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hkdf_mac(&hkdf, text("material"), out), FPL_STATUS_OK);
    unit_mem_is_hex(out, 48,
                    "63f097f5adc9f85e496298712088dc3833da884aca431a06e8cb36341bb267e2"
                    "09e1327f945314cf6197fa7b2f606040");
    ck_assert_int_eq(fpl_hkdf_rekey(&hkdf, fpl_bytes_of(out, 48)), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hkdf_expand(&hkdf, text("info"), out, sizeof(out)), FPL_STATUS_OK);
    unit_mem_is_hex(out, sizeof(out),
                    "8279b3847a1c8035338ab06e4200fe0a491caac8c6f9dbf96e59f807a40192a3"
                    "1e3acd96b67699d7ab9293a3be64ab130b621be030570b2c048efa63a22fb138"
                    "94cef33754243f11de32026c15093d83b2745c2518953a11167e8a0d85570da6"
                    "b3c2046c2c62f317d40e96c1c7c6c7a9");
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(has_the_limits_of_the_rfcs)
{
    static uint8_t out[255 * 48 + 1];
    static const uint8_t kLong[256] = {'a'};
    static const fpl_hash kHashes[] = {FPL_HASH_SHA256, FPL_HASH_SHA384};
    for (int i = 0; i < NUM_OF(kHashes); i++) {
        size_t most = 255 * fpl_hash_length(kHashes[i]);
        fpl_hkdf hkdf;
        ck_assert_int_eq(fpl_hkdf_init(&hkdf, kHashes[i], text("key")), FPL_STATUS_OK);
        ck_assert_int_eq(fpl_hkdf_expand(&hkdf, text("info"), out, most), FPL_STATUS_OK);
        memset(out, 0xee, sizeof(out));
        ck_assert_int_eq(fpl_hkdf_expand(&hkdf, text("info"), out, most + 1), FPL_STATUS_INTERNAL);
        for (size_t j = 0; j <= most; j++) {
            ck_assert_uint_eq(out[j], 0);
        }
        fpl_bytes prefix = text("dtls13");
        ck_assert_int_eq(fpl_hkdf_expand_label(&hkdf, prefix, fpl_bytes_of(kLong, 249),
                                               fpl_bytes_of(kLong, 255), out, 32),
                         FPL_STATUS_OK);
        ck_assert_int_eq(
            fpl_hkdf_expand_label(&hkdf, prefix, fpl_bytes_of(kLong, 250), fpl_bytes_none(), out, 32),
            FPL_STATUS_INTERNAL);
        ck_assert_int_eq(
            fpl_hkdf_expand_label(&hkdf, prefix, text("a"), fpl_bytes_of(kLong, 256), out, 32),
            FPL_STATUS_INTERNAL);
        ck_assert_int_eq(
            fpl_hkdf_expand_label(&hkdf, fpl_bytes_of(kLong, 256), text(""), fpl_bytes_none(), out, 32),
            FPL_STATUS_INTERNAL);
        fpl_hkdf_wipe(&hkdf);
    }
}
END_TEST

START_TEST(takes_an_empty_key)
{
    /* The key must be the empty one and not that of before. */
    fpl_hkdf hkdf;
    uint8_t out[FPL_HASH_MAX_LEN];
    ck_assert_int_eq(fpl_hkdf_init(&hkdf, FPL_HASH_SHA256, text("another")), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hkdf_rekey(&hkdf, fpl_bytes_none()), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_hkdf_mac(&hkdf, fpl_bytes_none(), out), FPL_STATUS_OK);
    unit_mem_is_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(refuses_strange_hashes)
{
    fpl_hkdf hkdf;
    ck_assert_int_eq(fpl_hkdf_init(&hkdf, 0, text("key")), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_hkdf_init(&hkdf, 99, text("key")), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(fpl_hkdf_rekey(&hkdf, text("key")), FPL_STATUS_INTERNAL);
    fpl_hkdf_wipe(&hkdf);
}
END_TEST

START_TEST(leaves_nothing_behind)
{ /* SC-06 */
    static const fpl_hkdf kUnused;
    fpl_hkdf hkdf;
    start(&hkdf, FPL_HASH_SHA256, MASTER);
    fpl_hkdf_wipe(&hkdf);
    ck_assert_mem_eq(&hkdf, &kUnused, sizeof(hkdf));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, extracts_and_expands_as_published, 0, NUM_OF(kPublished));
    tcase_add_loop_test(tc, shorter_outputs_are_prefixes, 0, NUM_OF(kPublished));
    tcase_add_loop_test(tc, extracts_the_secrets_of_tls, 0, NUM_OF(kExtractions));
    tcase_add_loop_test(tc, expands_the_secrets_of_tls_and_no_others, 0, NUM_OF(kExpansions));
    tcase_add_test(tc, computes_the_finished_of_tls);
    tcase_add_test(tc, has_sha384);
    tcase_add_test(tc, has_the_limits_of_the_rfcs);
    tcase_add_test(tc, takes_an_empty_key);
    tcase_add_test(tc, refuses_strange_hashes);
    tcase_add_test(tc, leaves_nothing_behind);
}

UNIT_MAIN("crypto/hkdf", tests)
