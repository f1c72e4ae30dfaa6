#include "x509/strength.h"

#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/nid.h>

#define MIN_RSA_BITS 2048
#define MIN_EC_BITS 256

static bool is_sha2(const CBS *oid)
{
    static const uint8_t kSha2[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02}; /* 2.16.840.1.101.3.4.2 */
    CBS rest = *oid, arc;
    uint8_t last;
    return CBS_get_bytes(&rest, &arc, sizeof(kSha2)) && CBS_mem_equal(&arc, kSha2, sizeof(kSha2)) &&
           CBS_get_u8(&rest, &last) && CBS_len(&rest) == 0 && (last == 1 || last == 2 || last == 3);
}

/* RFC 4055 section 3.1: the hash is the first of the parameters, and SHA-1 when it is left out. */
static bool pss_is_strong(const X509_ALGOR *algorithm)
{
    const void *value;
    int type;
    X509_ALGOR_get0(NULL, &type, &value, algorithm);
    if (type != V_ASN1_SEQUENCE) {
        return false;
    }
    const ASN1_STRING *der = value;
    CBS all, parameters, tagged, hash, oid;
    CBS_init(&all, ASN1_STRING_get0_data(der), (size_t)ASN1_STRING_length(der));
    return CBS_get_asn1(&all, &parameters, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&parameters, &tagged, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
           CBS_get_asn1(&tagged, &hash, CBS_ASN1_SEQUENCE) && CBS_get_asn1(&hash, &oid, CBS_ASN1_OBJECT) &&
           is_sha2(&oid);
}

bool fpl_signature_is_strong(const X509 *certificate)
{
    const X509_ALGOR *algorithm;
    X509_get0_signature(NULL, &algorithm, certificate);
    switch (X509_get_signature_nid(certificate)) {
    case NID_ecdsa_with_SHA256:
    case NID_ecdsa_with_SHA384:
    case NID_ecdsa_with_SHA512:
    case NID_sha256WithRSAEncryption:
    case NID_sha384WithRSAEncryption:
    case NID_sha512WithRSAEncryption:
    case NID_ED25519:
        return true;
    case NID_rsassaPss:
        return pss_is_strong(algorithm);
    default:
        return false;
    }
}

bool fpl_key_is_strong(X509 *certificate)
{
    EVP_PKEY *key = X509_get_pubkey(certificate);
    bool strong = false;
    if (key != NULL) {
        int kind = EVP_PKEY_id(key);
        strong = kind == EVP_PKEY_ED25519 || (kind == EVP_PKEY_EC && EVP_PKEY_bits(key) >= MIN_EC_BITS) ||
                 (kind == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= MIN_RSA_BITS);
    }
    EVP_PKEY_free(key);
    return strong;
}
