/* One record of either form: what the record tables of spec/records say becomes of it, and doing that. */
#ifndef FPL_ENGINE_RECORD_IN_H
#define FPL_ENGINE_RECORD_IN_H

#include "engine/conn.h"

/* fpl_record is a record as it stands in a datagram. */
typedef struct fpl_record {
    bool unified; /* it has the header of RFC 9147 section 4, else that of RFC 6347 section 4.1 */
    union {
        fpl_record12 v12;
        fpl_record13 v13;
    } as;
} fpl_record;

/* fpl_record_parse reads the first record of the `len` octets at `data`, as fpl_header12_parse does. */
fpl_parse fpl_record_parse(uint8_t *data, size_t len, fpl_record *out, size_t *consumed, fpl_drop *why);

/* fpl_record_fate_of is the row of the record tables for what lies in a record of `epoch` now. */
const fpl_record_row *fpl_record_fate_of(const fpl_conn *conn, fpl_content_class content, uint16_t epoch);

/* fpl_record_take holds, opens, handles or drops a record. */
void fpl_record_take(fpl_conn *conn, const fpl_record *record);

/* fpl_record_waits tells whether a held record's time has still not come; fpl_record_take_held takes one whose has. */
bool fpl_record_waits(const fpl_conn *conn, const fpl_held *held);
void fpl_record_take_held(fpl_conn *conn, fpl_held *held);

/* fpl_record_opens tells whether a record was sealed with keys of `conn`. A forgery
 * is counted, nothing else of `conn` changes; the record is spoilt. */
bool fpl_record_opens(fpl_conn *conn, const fpl_record *record);

/* fpl_record_count_drop counts a record that was dropped before the tables were asked. */
void fpl_record_count_drop(fpl_conn *conn, fpl_drop why);

#endif
