/* What the house knows of DTLS 1.3: protected records of both sorts of ends, the cookie in a HelloRetryRequest, and who may
 * be connected to whom. */
#ifndef FPL_TESTS_FUZZ_HOUSE_WIRE13_H
#define FPL_TESTS_FUZZ_HOUSE_WIRE13_H

#include "house/world.h"

/* wire13_begins tells whether a record that starts with `first` has the unified header. */
bool wire13_begins(uint8_t first);

/* wire13_check opens the first record of what `a` has just written, checks its form, number and epoch, and returns how
 * long it is. */
size_t wire13_check(assoc *a, const uint8_t *bytes, size_t len);

/* wire13_seal seals `body` under keys of `conn`: the newest it writes with, or an older one; 0 if it does not fit. */
size_t wire13_seal(fpl_conn *conn, unsigned which, uint8_t type, const uint8_t *body, size_t len, uint8_t *out, size_t cap);

/* wire13_raise_number makes `conn` count as if it had sent `more` records already, or some of them: too many at once and
 * its peer could not tell the numbers any more. */
void wire13_raise_number(fpl_conn *conn, uint64_t more);

/* wire13_note_secrets remembers the secrets of a server that has sent its Finished; wire13_connected checks that an end
 * which has just connected has the same as somebody. `found`: its peer was connected before it. */
void wire13_note_secrets(world *w, const fpl_conn *conn);
void wire13_connected(world *w, const assoc *a, bool at_server, bool found);

/* wire13_note_cookie looks for a cookie in a listener's answer to `client`. */
void wire13_note_cookie(world *w, uint8_t client, const uint8_t *bytes, size_t len);

#endif
