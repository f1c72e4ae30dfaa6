/* What must hold of DTLS 1.3 besides: of record numbers and epochs, ACKs, key updates, and the pace of resends. */
#ifndef FPL_TESTS_NET_ORACLE13_H
#define FPL_TESTS_NET_ORACLE13_H

#include "net/oracle.h"

/* oracle13_record looks at a protected record that `a` sends (`b` may be NULL for one of data), oracle13_fragment at each
 * handshake fragment of any: is it, or part of it, sent for the first time, or again? `b` learns which flights are in it. */
void oracle13_record(assoc *a, const burst *b, const tap_record *r);
struct view_fragment;
void oracle13_fragment(assoc *a, burst *b, const tap_record *r, const struct view_fragment *f, bool fresh, bool again);

/* oracle13_took remembers what was handed to `a`. */
void oracle13_took(assoc *a, const tap_view *view);
void oracle13_took_forged(assoc *a, const uint8_t *datagram, size_t len);

/* oracle13_burst judges the pace of what was sent at once. */
void oracle13_burst(assoc *a, const burst *b);

/* oracle13_expects tells whether the one record of `view`, application data, must come out when it is handed in. */
bool oracle13_expects(const assoc *a, const tap_record *record);

/* oracle13_gave_up tells whether `a` ended after the last resend of a flight and the wait behind it. */
bool oracle13_gave_up(const assoc *a);

#endif
