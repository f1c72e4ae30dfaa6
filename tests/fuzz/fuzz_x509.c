/* A peer's chain before libflightplan-x509, and whatever may be taken for a file of authorities. After an octet that says
 * what is asked of it, the input is the chain: certificates, each behind its length of two octets. The store trusts one
 * certificate, so only that one is ever trusted. */
#include <flightplan/x509.h>

#include "fuzz.h"
#include "house/credentials.h"

#define MOST 8
#define SECONDS 1800000000

static fpl_trust_store *one;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const house_credential *a = house_credential_of(HOUSE_P256_A);
    (void)argc;
    (void)argv;
    one = fpl_trust_store_new();
    FUZZ_CHECK(one != NULL && fpl_trust_store_add(one, a->certificate, a->certificate_len, NULL) == FPL_OK, "our own");
    return 0;
}

static size_t split(uint8_t *bytes, size_t len, fpl_certificate_view chain[MOST])
{
    size_t num = 0;
    size_t at = 0;
    while (num < MOST && len - at >= 2) {
        size_t size = (size_t)(bytes[at] << 8 | bytes[at + 1]);
        at += 2;
        size = size < len - at ? size : len - at;
        chain[num].der = bytes + at;
        chain[num].len = size;
        num++;
        at += size;
    }
    return num;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = {NULL, "example.org", "192.0.2.1", "2001:db8::1"};
    const house_credential  *a = house_credential_of(HOUSE_P256_A);
    fuzz_input               in = {data, size};
    uint8_t                  head = fuzz_u8(&in);
    uint8_t                 *bytes = fuzz_copy(in.data, in.len);
    fpl_certificate_view     chain[MOST];
    size_t                   num = split(bytes, in.len, chain);
    fpl_verify_options       options = {sizeof options, (head & 4) != 0 ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER, hosts[head & 3], SECONDS};
    fpl_verify_verdict       verdict = {sizeof verdict, false, 0, NULL};
    fpl_result               result = fpl_verify_chain(one, chain, num, &options, &verdict);
    fpl_trust_store         *found;
    size_t                   read = 0;
    FUZZ_CHECK((result == FPL_OK) == verdict.trusted, "a verdict that is none");
    FUZZ_CHECK(result == FPL_OK || (result == FPL_FAILED && verdict.reason != NULL && verdict.certificate <= num), "no reason");
    if (result == FPL_OK) {
        FUZZ_CHECK(chain[0].len == a->certificate_len && memcmp(chain[0].der, a->certificate, chain[0].len) == 0, "a stranger is trusted");
    }
    found = fpl_trust_store_new();
    FUZZ_CHECK(found != NULL, "memory");
    result = fpl_trust_store_add(found, bytes, in.len, &read);
    FUZZ_CHECK((result == FPL_OK) == (read > 0), "authorities that are none");
    if (result == FPL_OK) {
        (void)fpl_verify_chain(found, chain, num, &options, NULL);
    }
    fpl_trust_store_free(found);
    free(bytes);
    return 0;
}
