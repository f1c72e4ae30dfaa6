/* x509/store: what it takes, and that it takes all or nothing. */

#include "x509_make.h"

START_TEST(takes_pem_and_der)
{
    identity *one = x509_authority("one", NULL), *two = x509_authority("two", NULL);
    const identity *both[] = {one, two};
    size_t len, num = 9;
    char *text = x509_pem(both, 2, &len);
    fpl_trust_store *store = fpl_trust_store_new();
    ck_assert_int_eq(fpl_trust_store_add(store, (const uint8_t *)text, len, &num), FPL_OK);
    ck_assert_uint_eq(num, 2);
    ck_assert_int_eq(fpl_trust_store_add(store, one->der, one->len, &num), FPL_OK); /* again, and nobody minds */
    ck_assert_uint_eq(num, 1);
    ck_assert_int_eq(fpl_trust_store_add(store, one->der, one->len, NULL), FPL_OK);
    fpl_trust_store_free(store);
    free(text);
    x509_discard(one);
    x509_discard(two);
}
END_TEST

/* Whether the store vouches for one of its own. */
static bool trusts(const fpl_trust_store *store, const identity *who)
{
    fpl_verify_options options = {sizeof(options), FPL_ROLE_SERVER, NULL, X509_NOW};
    fpl_certificate_view chain = {who->der, who->len};
    return fpl_verify_chain(store, &chain, 1, &options, NULL) == FPL_OK;
}

START_TEST(all_or_nothing)
{
    wish leaf = {.name = "leaf"};
    identity *one = x509_make(&leaf), *two = x509_make(&leaf);
    const identity *both[] = {one, two};
    size_t len, num = 9;
    char *text = x509_pem(both, 2, &len);
    fpl_trust_store *store = fpl_trust_store_new();
    ck_assert(!trusts(store, one));
    size_t cut = len - 40; /* the second ends in the middle of a line */
    ck_assert_int_eq(fpl_trust_store_add(store, (const uint8_t *)text, cut, &num), FPL_MISUSE);
    ck_assert_uint_eq(num, 0);
    char *inside = strstr(strstr(text, "-----END"), "-----BEGIN CERTIFICATE-----\n") + 28;
    inside[0] = 'A'; /* well-formed base64, and no certificate */
    ck_assert_int_eq(fpl_trust_store_add(store, (const uint8_t *)text, len, &num), FPL_MISUSE);
    ck_assert(!trusts(store, one));
    ck_assert_int_eq(fpl_trust_store_add(store, one->der, one->len, &num), FPL_OK);
    ck_assert(trusts(store, one));
    ck_assert(!trusts(store, two)); /* of the same name */
    fpl_trust_store_free(store);
    free(text);
    x509_discard(one);
    x509_discard(two);
}
END_TEST

START_TEST(refuses_what_is_none)
{
    static const uint8_t kGarbage[] = {0x30, 0x03, 0x02, 0x01, 0x00};
    static const char kKey[] = "-----BEGIN PRIVATE KEY-----\nMAMCAQA=\n-----END PRIVATE KEY-----\n";
    fpl_trust_store *store = fpl_trust_store_new();
    size_t num;
    ck_assert_int_eq(fpl_trust_store_add(store, kGarbage, sizeof(kGarbage), &num), FPL_MISUSE);
    ck_assert_int_eq(fpl_trust_store_add(store, kGarbage, 0, &num), FPL_MISUSE);
    ck_assert_int_eq(fpl_trust_store_add(store, (const uint8_t *)kKey, sizeof(kKey) - 1, &num), FPL_MISUSE);
    ck_assert_int_eq(fpl_trust_store_add(store, NULL, 0, &num), FPL_MISUSE);
    ck_assert_int_eq(fpl_trust_store_add(NULL, kGarbage, sizeof(kGarbage), NULL), FPL_MISUSE);
    fpl_trust_store_free(store);
    fpl_trust_store_free(NULL);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, takes_pem_and_der);
    tcase_add_test(tc, all_or_nothing);
    tcase_add_test(tc, refuses_what_is_none);
}

UNIT_MAIN("x509/store", tests)
