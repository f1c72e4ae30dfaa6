/* x509/verify: the chains that a peer may show, good and bad, and whom they are issued to. */

#include <stdio.h>

#include "x509_make.h"

static identity *root, *middle, *leaf;
static fpl_trust_store *store;
static fpl_verify_options options;
static fpl_verify_verdict verdict;

/* A server's certificate, under whom it may be. */
static wish leaf_under(const identity *issuer)
{
    return (wish){.name = "leaf",
                  .issuer = issuer,
                  .key_usage = "critical,digitalSignature",
                  .extended_key_usage = "serverAuth",
                  .alt_name = "DNS:www.example.org,DNS:*.wild.example.org,IP:192.0.2.1,IP:2001:db8::1"};
}

static void set_up(void)
{
    root = x509_authority("root", NULL);
    middle = x509_authority("middle", root);
    wish w = leaf_under(middle);
    leaf = x509_make(&w);
    store = x509_store(root);
    options = (fpl_verify_options){sizeof(options), FPL_ROLE_SERVER, "www.example.org", X509_NOW};
    verdict = (fpl_verify_verdict){.size = sizeof(verdict)};
}

static void tear_down(void)
{
    fpl_trust_store_free(store);
    x509_discard(leaf);
    x509_discard(middle);
    x509_discard(root);
}

static fpl_result verify(const identity *const *list, size_t num)
{
    fpl_certificate_view chain[FPL_VERIFY_MAX_CERTIFICATES + 1];
    for (size_t i = 0; i < num; i++) {
        chain[i].der = list[i]->der;
        chain[i].len = list[i]->len;
    }
    fpl_result result = fpl_verify_chain(store, chain, num, &options, &verdict);
    ck_assert_int_eq(verdict.trusted, result == FPL_OK);
    ck_assert_int_eq(verdict.reason != NULL, result == FPL_FAILED);
    ck_assert_int_eq(fpl_verify_chain(store, chain, num, &options, NULL), result);
    ck_assert_uint_eq(ERR_peek_error(), 0); /* nothing of ours stays in libcrypto's queue */
    return result;
}

#define VERIFY(...) verify((const identity *const[]){__VA_ARGS__}, sizeof((const identity *const[]){__VA_ARGS__}) / sizeof(identity *))

#define TRUSTED(...) ck_assert_msg(VERIFY(__VA_ARGS__) == FPL_OK, "refused: %zu, %s", verdict.certificate, verdict.reason)

#define REFUSED(at, says, ...)                                                                                     \
    do {                                                                                                           \
        ck_assert_int_eq(VERIFY(__VA_ARGS__), FPL_FAILED);                                                         \
        ck_assert_msg(strstr(verdict.reason, says) != NULL, "says `%s`", verdict.reason);                          \
        ck_assert_uint_eq(verdict.certificate, at);                                                                \
    } while (0)

/* ---- paths ---- */

START_TEST(good_chains)
{
    TRUSTED(leaf, middle);
    TRUSTED(leaf, middle, root);
    TRUSTED(leaf, root, leaf, middle); /* RFC 8446 section 4.4.2: in any order, and with what is of no use */
    options.host = NULL;
    TRUSTED(leaf, middle);
}
END_TEST

START_TEST(missing_intermediate)
{
    REFUSED(0, "issuer certificate", leaf);
    REFUSED(0, "issuer certificate", leaf, root);
}
END_TEST

START_TEST(every_certificate_of_the_store_is_an_anchor)
{ /* one without the root above it, and a leaf */
    fpl_trust_store_free(store);
    store = x509_store(middle);
    TRUSTED(leaf);
    TRUSTED(leaf, middle);
    fpl_trust_store_free(store);
    store = x509_store(leaf);
    TRUSTED(leaf);
    TRUSTED(leaf, middle);
    wish w = leaf_under(leaf);
    identity *below = x509_make(&w);
    REFUSED(0, "issuer certificate", below, leaf); /* but no authority */
    x509_discard(below);
}
END_TEST

START_TEST(self_signed)
{
    wish w = leaf_under(NULL);
    w.key_usage = NULL;
    identity *alone = x509_make(&w);
    REFUSED(0, "self signed", alone);
    ck_assert_int_eq(fpl_trust_store_add(store, alone->der, alone->len, NULL), FPL_OK);
    TRUSTED(alone);
    options.host = "elsewhere.example.org"; /* also then */
    REFUSED(0, "ostname", alone);
    x509_discard(alone);
}
END_TEST

START_TEST(another_root)
{ /* with the right one's name */
    identity *fake = x509_authority("root", NULL), *under = x509_authority("middle", fake);
    wish w = leaf_under(under);
    identity *forged = x509_make(&w);
    ck_assert_int_eq(VERIFY(forged, under, fake), FPL_FAILED);
    ck_assert_int_eq(VERIFY(forged, under), FPL_FAILED);
    ck_assert_int_eq(VERIFY(forged, middle), FPL_FAILED);
    x509_discard(fake);
    x509_discard(under);
    x509_discard(forged);
}
END_TEST

START_TEST(tampered)
{
    leaf->der[leaf->len - 1] ^= 1;
    REFUSED(0, "signature", leaf, middle);
    leaf->der[leaf->len - 1] ^= 1;
    middle->der[middle->len - 1] ^= 1;
    REFUSED(1, "signature", leaf, middle);
}
END_TEST

START_TEST(another_signer)
{
    wish w = leaf_under(middle);
    w.another_key = true;
    identity *forged = x509_make(&w);
    REFUSED(0, "signature", forged, middle);
    x509_discard(forged);
}
END_TEST

START_TEST(no_flipped_bit_is_trusted)
{ /* of the leaf; nor does one do harm */
    for (size_t bit = 0; bit < 8 * leaf->len; bit += 3) {
        leaf->der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        ck_assert_int_eq(VERIFY(leaf, middle), FPL_FAILED);
        leaf->der[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
}
END_TEST

START_TEST(issued_by_a_leaf)
{ /* which says that it may not, or says nothing of it */
    wish w = leaf_under(leaf), silent = leaf_under(middle);
    silent.key_usage = NULL;
    identity *below = x509_make(&w), *parent = x509_make(&silent);
    wish v = leaf_under(parent);
    identity *child = x509_make(&v);
    REFUSED(0, "issuer certificate", below, leaf, middle);
    REFUSED(1, "CA", child, parent, middle);
    x509_discard(below);
    x509_discard(parent);
    x509_discard(child);
}
END_TEST

START_TEST(longer_than_the_issuer_allows)
{ /* RFC 5280 section 4.2.1.9 */
    wish w = {.name = "short", .issuer = root, .basic_constraints = "critical,CA:TRUE,pathlen:0", .key_usage = "keyCertSign"};
    identity *brief = x509_make(&w), *one_more = x509_authority("one more", brief);
    wish l = leaf_under(one_more);
    identity *last = x509_make(&l);
    REFUSED(2, "path length", last, one_more, brief);
    x509_discard(brief);
    x509_discard(one_more);
    x509_discard(last);
}
END_TEST

START_TEST(chain_too_long)
{ /* FPL_VERIFY_MAX_INTERMEDIATES, and one more */
    identity *list[FPL_VERIFY_MAX_INTERMEDIATES + 2];
    for (size_t many = FPL_VERIFY_MAX_INTERMEDIATES; many <= FPL_VERIFY_MAX_INTERMEDIATES + 1; many++) {
        const identity *above = root;
        for (size_t i = many; i > 0; i--) {
            char name[8];
            (void)snprintf(name, sizeof(name), "ca %zu", i);
            above = list[i] = x509_authority(name, above);
        }
        wish w = leaf_under(above);
        list[0] = x509_make(&w);
        fpl_result result = verify((const identity *const *)list, many + 1);
        if (many == FPL_VERIFY_MAX_INTERMEDIATES) {
            ck_assert_msg(result == FPL_OK, "%s", verdict.reason);
        } else {
            ck_assert_int_eq(result, FPL_FAILED);
            ck_assert_str_eq(verdict.reason, "the way to a trusted certificate takes too many others");
        }
        for (size_t i = 0; i <= many; i++) {
            x509_discard(list[i]);
        }
    }
}
END_TEST

START_TEST(name_constraints)
{
    wish w = {.name = "narrow", .issuer = root, .basic_constraints = "critical,CA:TRUE", .key_usage = "keyCertSign",
              .name_constraints = "critical,permitted;DNS:example.com"};
    identity *narrow = x509_make(&w);
    wish outside = leaf_under(narrow);
    outside.alt_name = "DNS:www.example.org";
    wish inside = leaf_under(narrow);
    inside.alt_name = "DNS:www.example.com";
    identity *out = x509_make(&outside), *in = x509_make(&inside);
    REFUSED(0, "subtree", out, narrow);
    options.host = "www.example.com";
    TRUSTED(in, narrow);
    x509_discard(narrow);
    x509_discard(out);
    x509_discard(in);
}
END_TEST

START_TEST(unknown_critical_extension)
{ /* RFC 5280 section 4.2 */
    static const uint8_t kNull[] = {5, 0};
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *oid = OBJ_txt2obj("1.2.3.4.5", 1);
    ck_assert_int_eq(ASN1_OCTET_STRING_set(value, kNull, sizeof(kNull)), 1);
    X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, oid, 1, value);
    wish w = leaf_under(middle);
    ck_assert_int_eq(X509_add_ext(leaf->x509, extension, -1), 1);
    x509_sign_it(leaf->x509, &w, middle->key);
    uint8_t *at = leaf->der;
    leaf->len = (size_t)i2d_X509(leaf->x509, &at);
    REFUSED(0, "critical extension", leaf, middle);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}
END_TEST

/* ---- time ---- */

START_TEST(time_is_the_callers)
{ /* the store's own, index 2, is the first to be looked at */
    options.unix_seconds = X509_NOW + 30 * X509_DAY - 1;
    TRUSTED(leaf, middle);
    options.unix_seconds += 2;
    REFUSED(2, "expired", leaf, middle);
    options.unix_seconds = X509_NOW - 30 * X509_DAY + 1;
    TRUSTED(leaf, middle);
    options.unix_seconds -= 2;
    REFUSED(2, "not yet valid", leaf, middle);
    options.unix_seconds = 0; /* forgotten: nothing is valid then */
    ck_assert_int_eq(VERIFY(leaf, middle), FPL_FAILED);
}
END_TEST

START_TEST(one_is_out_of_date)
{
    wish old = leaf_under(middle), early = leaf_under(middle);
    old.to = X509_NOW - 1;
    early.from = X509_NOW + 1;
    wish above = {.name = "old", .issuer = root, .basic_constraints = "critical,CA:TRUE", .to = X509_NOW - 1};
    identity *expired = x509_make(&old), *future = x509_make(&early), *authority = x509_make(&above);
    wish w = leaf_under(authority);
    identity *under = x509_make(&w);
    REFUSED(0, "expired", expired, middle);
    REFUSED(0, "not yet valid", future, middle);
    REFUSED(1, "expired", under, authority);
    x509_discard(expired);
    x509_discard(future);
    x509_discard(authority);
    x509_discard(under);
}
END_TEST

/* ---- whom and for what ---- */

typedef struct host_sample {
    const char *host;
    fpl_result result;
} host_sample;

static const host_sample kHosts[] = {
    {"www.example.org", FPL_OK},
    {"WWW.Example.ORG", FPL_OK},
    {"example.org", FPL_FAILED},
    {"www.example.org.evil.test", FPL_FAILED},
    {"leaf", FPL_FAILED}, /* the common name */
    {"a.wild.example.org", FPL_OK},
    {"a.b.wild.example.org", FPL_FAILED},
    {"wild.example.org", FPL_FAILED},
    {"192.0.2.1", FPL_OK},
    {"192.0.2.2", FPL_FAILED},
    {"2001:db8::1", FPL_OK},
    {"2001:0DB8:0:0:0:0:0.0.0.1", FPL_OK},
    {"2001:db8::2", FPL_FAILED},
    {"::", FPL_FAILED},
    {"::ffff:192.0.2.1", FPL_FAILED}, /* another address */
    {"1:2:3:4:5:6:7:8", FPL_FAILED},
    {"1::8", FPL_FAILED},
    {"1:2:3:4:5:6:7::", FPL_FAILED},
    {"", FPL_MISUSE},
    {".example.org", FPL_MISUSE},
    {"www.example.org.", FPL_MISUSE},
    {"www..example.org", FPL_MISUSE},
    {"*.wild.example.org", FPL_MISUSE},
    {"www.example.org/", FPL_MISUSE},
    {"w\xc3\xbcw.example.org", FPL_MISUSE},
    {"192.0.2.1.example", FPL_FAILED},
    {"192.0.2", FPL_MISUSE},
    {"192.0.2.1.", FPL_MISUSE},
    {"192.0.2.1.5", FPL_MISUSE},
    {"192.0.2.256", FPL_MISUSE},
    {"192.0.2.0001", FPL_MISUSE},
    {"192.0.2.01", FPL_MISUSE},
    {"0192.0.2.1", FPL_MISUSE},
    {"[2001:db8::1]", FPL_MISUSE},
    {"2001:db8::1%eth0", FPL_MISUSE},
    {"2001:db8::1::", FPL_MISUSE},
    {"2001:db8:::1", FPL_MISUSE},
    {"1:2:3:4:5:6:7", FPL_MISUSE},
    {"1:2:3:4:5:6:7:", FPL_MISUSE},
    {"1:2:3:4:5:6:7:8:9", FPL_MISUSE},
    {"1:2:3:4::5:6:7:8", FPL_MISUSE},
    {":1:2:3:4:5:6:7", FPL_MISUSE},
    {"1:2:3:4:5:6:7:1.2.3.4", FPL_MISUSE},
    {"12345::", FPL_MISUSE},
    {":", FPL_MISUSE},
};
#define NUM_HOSTS ((int)(sizeof(kHosts) / sizeof(kHosts[0])))

START_TEST(hosts)
{
    options.host = kHosts[_i].host;
    ck_assert_msg(VERIFY(leaf, middle) == kHosts[_i].result, "`%s`", options.host);
    if (kHosts[_i].result == FPL_FAILED) {
        ck_assert_uint_eq(verdict.certificate, 0);
    }
}
END_TEST

START_TEST(names_have_bounds)
{ /* labels of 63, names of 253 */
    char name[256];
    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    options.host = name;
    ck_assert_int_eq(VERIFY(leaf, middle), FPL_FAILED);
    name[253] = 'a';
    name[254] = '\0';
    ck_assert_int_eq(VERIFY(leaf, middle), FPL_MISUSE);
    name[64] = '\0';
    name[63] = 'a';
    ck_assert_int_eq(VERIFY(leaf, middle), FPL_MISUSE);
}
END_TEST

START_TEST(a_common_name_is_no_host)
{
    wish w = leaf_under(middle);
    w.name = "www.example.org";
    w.alt_name = NULL;
    identity *nameless = x509_make(&w);
    REFUSED(0, "ostname", nameless, middle);
    x509_discard(nameless);
}
END_TEST

START_TEST(purposes)
{
    options.peer = FPL_ROLE_CLIENT;
    REFUSED(0, "purpose", leaf, middle);
    wish w = leaf_under(middle), both = leaf_under(middle);
    w.extended_key_usage = "clientAuth";
    both.extended_key_usage = NULL;
    identity *client = x509_make(&w), *any = x509_make(&both);
    TRUSTED(client, middle);
    TRUSTED(any, middle);
    options.peer = FPL_ROLE_SERVER;
    REFUSED(0, "purpose", client, middle);
    TRUSTED(any, middle);
    x509_discard(client);
    x509_discard(any);
}
END_TEST

START_TEST(an_authority_of_another_purpose)
{
    wish w = {.name = "mail", .issuer = root, .basic_constraints = "critical,CA:TRUE", .extended_key_usage = "emailProtection"};
    identity *mail = x509_make(&w);
    wish l = leaf_under(mail);
    identity *under = x509_make(&l);
    REFUSED(1, "purpose", under, mail);
    x509_discard(mail);
    x509_discard(under);
}
END_TEST

/* ---- strength ---- */

START_TEST(weak_signatures)
{ /* libcrypto takes SHA-1 */
    wish w = leaf_under(middle);
    w.hash = EVP_sha1();
    wish a = {.name = "weak", .issuer = root, .basic_constraints = "critical,CA:TRUE", .hash = EVP_sha1()};
    identity *weak = x509_make(&w), *authority = x509_make(&a);
    wish u = leaf_under(authority);
    identity *under = x509_make(&u);
    REFUSED(0, "algorithm", weak, middle);
    REFUSED(1, "algorithm", under, authority);
    ck_assert_int_eq(fpl_trust_store_add(store, authority->der, authority->len, NULL), FPL_OK);
    TRUSTED(under); /* nobody's signature makes an anchor one */
    x509_discard(weak);
    x509_discard(authority);
    x509_discard(under);
}
END_TEST

START_TEST(rsa)
{
    wish a = {.name = "rsa", .key = x509_rsa_key(2048), .basic_constraints = "critical,CA:TRUE"};
    identity *authority = x509_make(&a);
    ck_assert_int_eq(fpl_trust_store_add(store, authority->der, authority->len, NULL), FPL_OK);
    const EVP_MD *const strong[] = {EVP_sha256(), EVP_sha384(), EVP_sha512()};
    for (size_t i = 0; i < 6; i++) {
        wish w = leaf_under(authority);
        w.hash = strong[i / 2];
        w.pss = i % 2 == 1;
        identity *signed_by_it = x509_make(&w);
        TRUSTED(signed_by_it);
        x509_discard(signed_by_it);
    }
    wish w = leaf_under(authority);
    w.hash = EVP_sha1();
    identity *weak = x509_make(&w);
    REFUSED(0, "algorithm", weak);
    x509_discard(weak);
    x509_discard(authority);
}
END_TEST

START_TEST(short_keys)
{
    EVP_PKEY *const keys[] = {x509_rsa_key(1024), x509_key(NID_secp224r1)};
    for (size_t i = 0; i < 2; i++) {
        wish w = leaf_under(middle);
        w.key = keys[i];
        identity *brief = x509_make(&w);
        REFUSED(0, "key", brief, middle);
        x509_discard(brief);
    }
    wish a = {.name = "short", .key = x509_rsa_key(1024), .basic_constraints = "critical,CA:TRUE"};
    identity *authority = x509_make(&a);
    wish w = leaf_under(authority);
    identity *under = x509_make(&w);
    ck_assert_int_eq(fpl_trust_store_add(store, authority->der, authority->len, NULL), FPL_OK);
    REFUSED(1, "key", under);
    x509_discard(authority);
    x509_discard(under);
}
END_TEST

START_TEST(other_curves_and_hashes)
{
    EVP_PKEY *const keys[] = {x509_key(NID_secp384r1), x509_key(NID_secp521r1)};
    const EVP_MD *const hashes[] = {EVP_sha384(), EVP_sha512()};
    for (size_t i = 0; i < 2; i++) {
        wish a = {.name = "other", .issuer = root, .key = keys[i], .basic_constraints = "critical,CA:TRUE"};
        identity *authority = x509_make(&a);
        wish w = leaf_under(authority);
        w.hash = hashes[i];
        identity *under = x509_make(&w);
        TRUSTED(under, authority);
        x509_discard(authority);
        x509_discard(under);
    }
}
END_TEST

/* ---- what is no chain ---- */

START_TEST(garbage)
{
    fpl_certificate_view chain[2] = {{leaf->der, leaf->len}, {middle->der, middle->len}};
    for (size_t i = 0; i < 2; i++) {
        size_t len = chain[i].len;
        for (size_t cut = 0; cut < len; cut++) {
            /* A heap copy of just this length lets the sanitizer see every byte too far. */
            uint8_t *exact = malloc(cut + 1);
            const uint8_t *whole = chain[i].der;
            memcpy(exact, whole, cut);
            chain[i].der = exact;
            chain[i].len = cut;
            ck_assert_int_eq(fpl_verify_chain(store, chain, 2, &options, &verdict), FPL_FAILED);
            ck_assert_str_eq(verdict.reason, "not a certificate");
            ck_assert_uint_eq(verdict.certificate, i);
            chain[i].der = whole;
            free(exact);
        }
        chain[i].len = len + 1; /* and what follows one */
        ck_assert_int_eq(fpl_verify_chain(store, chain, 2, &options, &verdict), FPL_FAILED);
        ck_assert_uint_eq(verdict.certificate, i);
        chain[i].len = len;
    }
}
END_TEST

START_TEST(empty_chain)
{
    ck_assert_int_eq(fpl_verify_chain(store, NULL, 0, &options, &verdict), FPL_FAILED);
    ck_assert_str_eq(verdict.reason, "no certificate was shown");
}
END_TEST

START_TEST(too_many_and_too_long)
{
    const identity *list[FPL_VERIFY_MAX_CERTIFICATES + 1];
    for (size_t i = 0; i <= FPL_VERIFY_MAX_CERTIFICATES; i++) {
        list[i] = i == 0 ? leaf : middle;
    }
    ck_assert_int_eq(verify(list, FPL_VERIFY_MAX_CERTIFICATES), FPL_OK);
    ck_assert_int_eq(verify(list, FPL_VERIFY_MAX_CERTIFICATES + 1), FPL_FAILED);
    ck_assert_str_eq(verdict.reason, "too many certificates");
    uint8_t *large = calloc(1, FPL_VERIFY_MAX_BYTES);
    fpl_certificate_view chain[2] = {{leaf->der, leaf->len}, {large, FPL_VERIFY_MAX_BYTES}};
    ck_assert_int_eq(fpl_verify_chain(store, chain, 2, &options, &verdict), FPL_FAILED);
    ck_assert_str_eq(verdict.reason, "the certificates are too long together");
    free(large);
}
END_TEST

START_TEST(misuse)
{
    fpl_certificate_view chain[2] = {{leaf->der, leaf->len}, {NULL, 0}};
    verdict.trusted = true;
    ck_assert_int_eq(fpl_verify_chain(NULL, chain, 1, &options, &verdict), FPL_MISUSE);
    ck_assert(!verdict.trusted); /* also then it says so */
    ck_assert_int_eq(fpl_verify_chain(store, NULL, 1, &options, &verdict), FPL_MISUSE);
    ck_assert_int_eq(fpl_verify_chain(store, chain, 2, &options, &verdict), FPL_MISUSE);
    ck_assert_int_eq(fpl_verify_chain(store, chain, 1, NULL, &verdict), FPL_MISUSE);
    options.peer = FPL_ROLE_NONE;
    ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, &verdict), FPL_MISUSE);
    options.peer = FPL_ROLE_SERVER;
    options.size--;
    ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, &verdict), FPL_MISUSE);
    options.size += 2;
    ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, &verdict), FPL_MISUSE);
    options.size--;
    verdict.size--;
    ck_assert_int_eq(fpl_verify_chain(store, chain, 1, &options, &verdict), FPL_MISUSE);
}
END_TEST

START_TEST(an_empty_store_trusts_nobody)
{
    fpl_trust_store_free(store);
    store = fpl_trust_store_new();
    ck_assert_int_eq(VERIFY(leaf, middle, root), FPL_FAILED);
    ck_assert_int_eq(VERIFY(root), FPL_FAILED);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, good_chains);
    tcase_add_test(tc, missing_intermediate);
    tcase_add_test(tc, every_certificate_of_the_store_is_an_anchor);
    tcase_add_test(tc, self_signed);
    tcase_add_test(tc, another_root);
    tcase_add_test(tc, tampered);
    tcase_add_test(tc, another_signer);
    tcase_add_test(tc, no_flipped_bit_is_trusted);
    tcase_add_test(tc, issued_by_a_leaf);
    tcase_add_test(tc, longer_than_the_issuer_allows);
    tcase_add_test(tc, chain_too_long);
    tcase_add_test(tc, name_constraints);
    tcase_add_test(tc, unknown_critical_extension);
    tcase_add_test(tc, time_is_the_callers);
    tcase_add_test(tc, one_is_out_of_date);
    tcase_add_loop_test(tc, hosts, 0, NUM_HOSTS);
    tcase_add_test(tc, names_have_bounds);
    tcase_add_test(tc, a_common_name_is_no_host);
    tcase_add_test(tc, purposes);
    tcase_add_test(tc, an_authority_of_another_purpose);
    tcase_add_test(tc, weak_signatures);
    tcase_add_test(tc, rsa);
    tcase_add_test(tc, short_keys);
    tcase_add_test(tc, other_curves_and_hashes);
    tcase_add_test(tc, garbage);
    tcase_add_test(tc, empty_chain);
    tcase_add_test(tc, too_many_and_too_long);
    tcase_add_test(tc, misuse);
    tcase_add_test(tc, an_empty_store_trusts_nobody);
}

UNIT_MAIN("x509/verify", tests)
