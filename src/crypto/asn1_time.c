#include "crypto/asn1_time.h"

#include <openssl/bytestring.h>

#define SECONDS_PER_DAY 86400
#define FIRST_GENERALIZED_YEAR 2050

/* moment is a date and time of day in UTC. */
typedef struct moment {
    unsigned year;
    unsigned month;  /* from 1 */
    unsigned day;    /* from 1 */
    unsigned second; /* of the day */
} moment;

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const unsigned char kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return kDays[month - 1] + (month == 2 && is_leap(year) ? 1U : 0U);
}

/* to_moment counts years, then months: eight thousand steps at the very most, for something done
 * once per certificate. */
static moment to_moment(int64_t unix_time)
{
    moment out = {1970, 1, 1, (unsigned)(unix_time % SECONDS_PER_DAY)};
    unsigned days = (unsigned)(unix_time / SECONDS_PER_DAY);
    while (days >= (is_leap(out.year) ? 366U : 365U)) {
        days -= is_leap(out.year) ? 366U : 365U;
        out.year++;
    }
    while (days >= days_of_month(out.year, out.month)) {
        days -= days_of_month(out.year, out.month);
        out.month++;
    }
    out.day += days;
    return out;
}

static bool add_two_digits(CBB *out, unsigned number)
{
    return CBB_add_u8(out, (uint8_t)('0' + number / 10)) && CBB_add_u8(out, (uint8_t)('0' + number % 10));
}

bool fpl_asn1_time_add(CBB *out, int64_t unix_time)
{
    if (unix_time < 0 || unix_time > FPL_ASN1_TIME_MAX) {
        return false;
    }
    moment m = to_moment(unix_time);
    bool generalized = m.year >= FIRST_GENERALIZED_YEAR;
    CBB text;
    return CBB_add_asn1(out, &text, generalized ? CBS_ASN1_GENERALIZEDTIME : CBS_ASN1_UTCTIME) &&
           (!generalized || add_two_digits(&text, m.year / 100)) && add_two_digits(&text, m.year % 100) &&
           add_two_digits(&text, m.month) && add_two_digits(&text, m.day) &&
           add_two_digits(&text, m.second / 3600) && add_two_digits(&text, m.second / 60 % 60) &&
           add_two_digits(&text, m.second % 60) && CBB_add_u8(&text, 'Z') && CBB_flush(out);
}
