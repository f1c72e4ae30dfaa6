#include "crypto/scheme.h"

fpl_hash fpl_scheme_hash(fpl_signature_scheme scheme)
{
    switch (scheme) {
    case FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256: return FPL_HASH_SHA256;
    case FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384: return FPL_HASH_SHA384;
    default: return 0;
    }
}

fpl_named_group fpl_scheme_curve(fpl_signature_scheme scheme)
{
    switch (scheme) {
    case FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256: return FPL_NAMED_GROUP_SECP256R1;
    case FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384: return FPL_NAMED_GROUP_SECP384R1;
    default: return 0;
    }
}

fpl_signature_scheme fpl_curve_scheme(fpl_named_group curve)
{
    switch (curve) {
    case FPL_NAMED_GROUP_SECP256R1: return FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256;
    case FPL_NAMED_GROUP_SECP384R1: return FPL_SIGNATURE_SCHEME_ECDSA_SECP384R1_SHA384;
    default: return 0;
    }
}
