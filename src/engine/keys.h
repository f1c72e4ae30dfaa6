/* Epochs: their keys are installed and dropped as rows and flight lines say, and records are sealed under them. */
#ifndef FPL_ENGINE_KEYS_H
#define FPL_ENGINE_KEYS_H

#include "engine/conn.h"

/* fpl_keys_install adds the epochs that `keys` names, from secrets that an action has agreed; writing moves to the new
 * one, reading is possible in all (RFC 6347 section 4.1, RFC 9147 section 6.1). */
fpl_status fpl_keys_install(fpl_conn *conn, fpl_keys keys);

/* fpl_keys_drop wipes the epochs that `keys` names; FPL_KEYS_PREVIOUS is all but the newest, of what is read also but epoch
 * 2 of DTLS 1.3. */
void fpl_keys_drop(fpl_conn *conn, fpl_keys keys);

/* fpl_keys_forget_read13 wipes one epoch of what is read. */
void fpl_keys_forget_read13(fpl_conn *conn, uint16_t number);

/* fpl_keys_wipe wipes all epochs and every secret that epochs or exporters are made from. */
void fpl_keys_wipe(fpl_conn *conn);

/* fpl_write13_of is the epoch `number` of ours, or NULL if there are no keys of it. */
fpl_write_epoch13 *fpl_write13_of(fpl_conn *conn, uint16_t number);

/* fpl_seal_prefix and fpl_seal_overhead: where the plaintext lies in a record of `epoch`, and what the record adds to it. */
size_t fpl_seal_prefix(const fpl_conn *conn, uint16_t epoch);
size_t fpl_seal_overhead(const fpl_conn *conn, uint16_t epoch);

/* fpl_seal_record makes the next record of `epoch` in place, around `len` octets at fpl_seal_prefix. `version` goes into
 * a header of DTLS 1.2's form. */
fpl_seal fpl_seal_record(fpl_conn *conn, uint16_t epoch, fpl_content_type type, uint16_t version, uint8_t *record,
                         size_t len, size_t cap, size_t *out_len);

/* fpl_seal_next is the number that the next record of the newest epoch will have. */
uint64_t fpl_seal_next(const fpl_conn *conn);

/* fpl_seal_limit is how many records the keys of the newest epoch may seal (RFC 9147 section 4.5.3). */
uint64_t fpl_seal_limit(const fpl_conn *conn);

#endif
