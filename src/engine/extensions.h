/* Extension blocks: which extensions a message carries, whether they may, and what we answer.
 *
 * The rules come from spec/extensions through the tables of fpl_extensions.h; nothing here knows any
 * extension. A `list` is the content of a block: the extensions one after the other, without the two
 * octets of their length. Versions are fpl_machine_version, blocks fpl_block_id, and a mask has bit n set
 * for extension n (fpl_extension_id). */
#ifndef FPL_ENGINE_EXTENSIONS_H
#define FPL_ENGINE_EXTENSIONS_H

#include "engine/table.h"
#include "fpl_extensions.h"

/* fpl_block_view is a block that was found to be in order: what it has, as views into the message. */
typedef struct fpl_block_view {
    uint64_t  present;
    fpl_bytes body[FPL_NUM_EXTENSIONS];
} fpl_block_view;

/* fpl_refusal says why a block is not: the alert that answers it, the rule, field or check, and the RFC
 * section. Strings are static, and NULL under FPL_NO_NAMES. */
typedef struct fpl_refusal {
    uint8_t     alert;
    const char *what;
    const char *ref;
} fpl_refusal;

/* fpl_extensions_read decodes and checks a block that the peer sent: no extension twice, none where it may
 * not be, none that we did not offer, every form, what must be there, then the checks of each. Unknown
 * extensions of a request are skipped. True fills `out`, whose views live as long as `list`; false fills
 * `why`. Nothing of the connection changes. */
bool fpl_extensions_read(const fpl_conn *conn, uint8_t version, uint8_t block, fpl_bytes list, fpl_block_view *out,
                         fpl_refusal *why);

/* fpl_extensions_accept lets the connection take what fpl_extensions_read found, in the order of the spec
 * (process_after). It stops at the first hook that fails and returns what that returned. */
fpl_status fpl_extensions_accept(fpl_conn *conn, uint8_t version, uint8_t block, const fpl_block_view *view);

/* fpl_extensions_write appends our whole block, length included: in a request what we offer, in an answer
 * what the peer offered and we have. Where the message allows it, an empty block is no bytes at all. With
 * FPL_VERSION_ANY it is the hello of a client that starts every version. False once `w` has failed. */
bool fpl_extensions_write(const fpl_conn *conn, uint8_t version, uint8_t block, fpl_writer *w);

/* fpl_extensions_write_hello appends the block of a client's hello: what every version that it offers has. */
bool fpl_extensions_write_hello(const fpl_conn *conn, fpl_writer *w);

/* fpl_extensions_mask returns which known extensions stand in a list, as far as it is whole. */
uint64_t fpl_extensions_mask(fpl_bytes list);

/* fpl_extensions_find looks for an extension by its number on the wire, for those who must know before a
 * version is chosen; *body is the first one's. False if it is not there or the list breaks off before. */
bool fpl_extensions_find(fpl_bytes list, uint16_t type, fpl_bytes *body);

/* fpl_extension_bit is the bit of an extension in a mask. */
static inline uint64_t fpl_extension_bit(uint8_t extension)
{
    return UINT64_C(1) << extension;
}

#endif
