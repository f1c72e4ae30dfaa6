#include "crypto/certificate.h"

#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>

#include "crypto/failure.h"
#include "crypto/sign.h"
#include "fpl_limits.h"

/* RFC 5280 section 4.1: the tags of the optional fields. */
#define TAG_VERSION (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)
#define TAG_ISSUER_ID (CBS_ASN1_CONTEXT_SPECIFIC | 1)
#define TAG_SUBJECT_ID (CBS_ASN1_CONTEXT_SPECIFIC | 2)
#define TAG_EXTENSIONS (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3)

#define VERSION_2 1
#define VERSION_3 2

/* leaf_parts are views into a certificate. */
typedef struct leaf_parts {
    CBS spki; /* SubjectPublicKeyInfo, with its header */
    bool has_key_usage;
    bool may_sign;
} leaf_parts;

static bool oid_is(const CBS *oid, const uint8_t *value, size_t len)
{
    return CBS_mem_equal(oid, value, len);
}

static bool read_key_usage(CBS value, leaf_parts *out)
{
    CBS bits;
    if (out->has_key_usage || !CBS_get_asn1(&value, &bits, CBS_ASN1_BITSTRING) || CBS_len(&value) != 0 ||
        !CBS_is_valid_asn1_bitstring(&bits)) {
        return false;
    }
    out->has_key_usage = true;
    out->may_sign = CBS_asn1_bitstring_has_bit(&bits, 0) == 1;
    return true;
}

static bool read_extension(CBS *list, leaf_parts *out)
{
    static const uint8_t kKeyUsage[] = {0x55, 0x1d, 0x0f}; /* 2.5.29.15 */
    CBS extension, oid, value;
    int critical;
    if (!CBS_get_asn1(list, &extension, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) ||
        (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &critical)) ||
        !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0) {
        return false;
    }
    /* Critical extensions are for whoever judges trust: the application. */
    return !oid_is(&oid, kKeyUsage, sizeof(kKeyUsage)) || read_key_usage(value, out);
}

static bool read_extensions(CBS explicit_tag, leaf_parts *out)
{
    CBS list;
    if (!CBS_get_asn1(&explicit_tag, &list, CBS_ASN1_SEQUENCE) || CBS_len(&explicit_tag) != 0 ||
        CBS_len(&list) == 0) {
        return false;
    }
    while (CBS_len(&list) != 0) {
        if (!read_extension(&list, out)) {
            return false;
        }
    }
    return true;
}

/* read_version reads the version, which DER leaves out for the default of v1. */
static bool read_version(CBS *tbs, uint64_t *version)
{
    CBS child;
    int present;
    *version = 0;
    if (!CBS_get_optional_asn1(tbs, &child, &present, TAG_VERSION)) {
        return false;
    }
    return !present || (CBS_get_asn1_uint64(&child, version) && CBS_len(&child) == 0 &&
                        (*version == VERSION_2 || *version == VERSION_3));
}

/* read_tail reads what may follow the key. */
static bool read_tail(CBS *tbs, uint64_t version, leaf_parts *out)
{
    CBS unique_id, extensions;
    int has_issuer_id, has_subject_id, has_extensions;
    if (!CBS_get_optional_asn1(tbs, &unique_id, &has_issuer_id, TAG_ISSUER_ID) ||
        !CBS_get_optional_asn1(tbs, &unique_id, &has_subject_id, TAG_SUBJECT_ID) ||
        !CBS_get_optional_asn1(tbs, &extensions, &has_extensions, TAG_EXTENSIONS) || CBS_len(tbs) != 0) {
        return false;
    }
    if ((has_issuer_id || has_subject_id) && version < VERSION_2) {
        return false;
    }
    return !has_extensions || (version == VERSION_3 && read_extensions(extensions, out));
}

static bool read_tbs(CBS tbs, const CBS *outer_algorithm, leaf_parts *out)
{
    uint64_t version;
    CBS serial, algorithm, skipped;
    return read_version(&tbs, &version) && CBS_get_asn1(&tbs, &serial, CBS_ASN1_INTEGER) &&
           CBS_is_valid_asn1_integer(&serial, NULL) && CBS_get_asn1(&tbs, &algorithm, CBS_ASN1_SEQUENCE) &&
           /* RFC 5280 section 4.1.1.2 */
           CBS_mem_equal(outer_algorithm, CBS_data(&algorithm), CBS_len(&algorithm)) &&
           CBS_get_asn1(&tbs, &skipped, CBS_ASN1_SEQUENCE) && /* issuer */
           CBS_get_asn1(&tbs, &skipped, CBS_ASN1_SEQUENCE) && /* validity */
           CBS_get_asn1(&tbs, &skipped, CBS_ASN1_SEQUENCE) && /* subject */
           CBS_get_asn1_element(&tbs, &out->spki, CBS_ASN1_SEQUENCE) && read_tail(&tbs, version, out);
}

static bool read_leaf(fpl_bytes der, leaf_parts *out)
{
    CBS input, certificate, tbs, algorithm, signature;
    CBS_init(&input, der.data, der.len);
    return CBS_get_asn1(&input, &certificate, CBS_ASN1_SEQUENCE) && CBS_len(&input) == 0 &&
           CBS_get_asn1(&certificate, &tbs, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&certificate, &algorithm, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&certificate, &signature, CBS_ASN1_BITSTRING) &&
           CBS_is_valid_asn1_bitstring(&signature) && CBS_len(&certificate) == 0 &&
           read_tbs(tbs, &algorithm, out);
}

/* judge_key_kind looks at the key before libcrypto does, which knows more kinds and curves than we
 * take, and compressed points. */
static fpl_certificate_result judge_key_kind(CBS spki)
{
    static const uint8_t kEcPublicKey[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
    static const uint8_t kP256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    static const uint8_t kP384[] = {0x2b, 0x81, 0x04, 0x00, 0x22};
    CBS info, algorithm, oid, curve, bits;
    uint8_t unused_bits, form;
    if (!CBS_get_asn1(&spki, &info, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&info, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) || !CBS_get_asn1(&info, &bits, CBS_ASN1_BITSTRING) ||
        CBS_len(&info) != 0) {
        return FPL_CERTIFICATE_MALFORMED;
    }
    if (!oid_is(&oid, kEcPublicKey, sizeof(kEcPublicKey)) ||
        !CBS_get_asn1(&algorithm, &curve, CBS_ASN1_OBJECT)) {
        return FPL_CERTIFICATE_UNSUPPORTED_KEY;
    }
    if (!oid_is(&curve, kP256, sizeof(kP256)) && !oid_is(&curve, kP384, sizeof(kP384))) {
        return FPL_CERTIFICATE_UNSUPPORTED_KEY;
    }
    if (!CBS_get_u8(&bits, &unused_bits) || !CBS_get_u8(&bits, &form)) {
        return FPL_CERTIFICATE_MALFORMED;
    }
    return form == 0x04 ? FPL_CERTIFICATE_OK : FPL_CERTIFICATE_UNSUPPORTED_KEY;
}

static fpl_certificate_result read_key(CBS spki, fpl_certificate *out)
{
    fpl_certificate_result result = judge_key_kind(spki);
    if (result != FPL_CERTIFICATE_OK) {
        return result;
    }
    out->key = EVP_parse_public_key(&spki);
    if (out->key == NULL) {
        return fpl_crypto_out_of_memory() ? FPL_CERTIFICATE_NO_MEMORY : FPL_CERTIFICATE_MALFORMED;
    }
    out->curve = fpl_key_curve(out->key);
    return FPL_CERTIFICATE_OK;
}

fpl_certificate_result fpl_certificate_parse(fpl_bytes der, fpl_certificate *out)
{
    memset(out, 0, sizeof(*out));
    leaf_parts parts;
    memset(&parts, 0, sizeof(parts));
    if (der.len > FPL_LIMIT_VALUE_LEAF_BYTES || !read_leaf(der, &parts)) {
        return FPL_CERTIFICATE_MALFORMED;
    }
    fpl_certificate_result result = read_key(parts.spki, out);
    /* RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2: if it is there, it must allow this. */
    if (result == FPL_CERTIFICATE_OK && parts.has_key_usage && !parts.may_sign) {
        result = FPL_CERTIFICATE_KEY_USAGE;
    }
    if (result != FPL_CERTIFICATE_OK) {
        fpl_certificate_wipe(out);
    }
    return result;
}

void fpl_certificate_wipe(fpl_certificate *certificate)
{
    EVP_PKEY_free(certificate->key);
    memset(certificate, 0, sizeof(*certificate));
}
