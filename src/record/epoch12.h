#ifndef FPL_RECORD_EPOCH12_H
#define FPL_RECORD_EPOCH12_H

#include <flightplan/registries.h>
#include <stddef.h>
#include <stdint.h>

#include "record/drop.h"
#include "record/epoch.h"
#include "record/header12.h"
#include "record/seal.h"

/* fpl_epoch12_prefix returns how far behind the start of a record its plaintext lies. */
size_t fpl_epoch12_prefix(const fpl_write_epoch *epoch);

/* fpl_epoch12_overhead returns what a record adds to its plaintext. */
size_t fpl_epoch12_overhead(const fpl_write_epoch *epoch);

/* fpl_epoch12_seal makes the next record of `epoch` in place. The `len` bytes of plaintext lie at
 * `record` + `fpl_epoch12_prefix`; `cap` bytes from `record` on may be written. `version` goes into
 * the header and must be `FPL_RECORD_VERSION_DTLS12` unless the epoch is plaintext. `*out_len` is
 * the length of the record. */
fpl_seal fpl_epoch12_seal(fpl_write_epoch *epoch, fpl_content_type type, uint16_t version, uint8_t *record,
                          size_t len, size_t cap, size_t *out_len);

/* fpl_epoch12_open judges `record`, whose epoch is that of `epoch`: replay window, then
 * authenticity, and only then the window moves. It returns `FPL_DROP_NONE` and sets `*out` and
 * `*out_len` to the plaintext within the datagram, or says why it is dropped. In a plaintext epoch
 * every record passes: a window that strangers can move would only help them. */
fpl_drop fpl_epoch12_open(fpl_read_epoch *epoch, const fpl_record12 *record, uint8_t **out, size_t *out_len);

#endif /* FPL_RECORD_EPOCH12_H */
