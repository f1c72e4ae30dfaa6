#ifndef FPL_CRYPTO_ASN1_TIME_H
#define FPL_CRYPTO_ASN1_TIME_H

#include <openssl/base.h>
#include <stdbool.h>
#include <stdint.h>

/* FPL_ASN1_TIME_MAX is the last second that can be written: the end of the year 9999. */
#define FPL_ASN1_TIME_MAX INT64_C(253402300799)

/* fpl_asn1_time_add appends `unix_time`, from 0 to `FPL_ASN1_TIME_MAX`, to `out` as a Time (RFC 5280
 * section 4.1.2.5): UTCTime through 2049, GeneralizedTime after. It returns false if `out` has no
 * memory or the time is out of range. */
bool fpl_asn1_time_add(CBB *out, int64_t unix_time);

#endif /* FPL_CRYPTO_ASN1_TIME_H */
