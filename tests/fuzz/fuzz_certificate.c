/* A peer's certificate, from DER to the facts that the handshake wants of it: found or refused, never more. The
 * bytes after the first octet are the certificate; the same bytes are tried as credential, PEM or DER, and as a
 * signature under a key that did not make it. */
#include "crypto/certificate.h"
#include "crypto/credential.h"
#include "crypto/sign.h"

#include "fuzz.h"
#include "house/credentials.h"

static fpl_certificate known;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const house_credential *a = house_credential_of(HOUSE_P256_A);
    (void)argc;
    (void)argv;
    FUZZ_CHECK(fpl_certificate_parse(fpl_bytes_of(a->certificate, a->certificate_len), &known) == FPL_CERTIFICATE_OK,
               "our own");
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input      in = {data, size};
    uint8_t         head = fuzz_u8(&in);
    uint8_t        *bytes = fuzz_copy(in.data, in.len);
    fpl_bytes       view = fpl_bytes_of(bytes, in.len);
    fpl_certificate certificate;
    fpl_credential  credential;
    uint8_t         digest[32];
    memset(digest, 0x5a, sizeof digest);
    memset(&certificate, 0, sizeof certificate);
    if (fpl_certificate_parse(view, &certificate) == FPL_CERTIFICATE_OK) {
        FUZZ_CHECK(certificate.key != NULL, "a certificate without a key");
        (void)fpl_verify(certificate.key, fpl_bytes_of(digest, sizeof digest), view);
    }
    fpl_certificate_wipe(&certificate);
    FUZZ_CHECK(fpl_verify(known.key, fpl_bytes_of(digest, sizeof digest), view) != FPL_SIGNATURE_GOOD, "a forgery is good");
    memset(&credential, 0, sizeof credential);
    if ((head & 1) != 0) {
        size_t half = in.len / 2;
        (void)fpl_credential_load(&credential, fpl_bytes_of(bytes, half), fpl_bytes_of(bytes + half, in.len - half));
    } else {
        (void)fpl_credential_load(&credential, view, fpl_bytes_none());
    }
    fpl_credential_wipe(&credential);
    free(bytes);
    return 0;
}
