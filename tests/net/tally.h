/* How often each octet of each handshake message was lost on its way: what mode A bounds. An ACK counts as what it
 * acknowledges, since its loss is made good by that being sent again. */
#ifndef FPL_TESTS_NET_TALLY_H
#define FPL_TESTS_NET_TALLY_H

#include "net/tap.h"

#define NETWORK_MESSAGES 64 /* message_seqs whose bytes are told apart */
#define NETWORK_BYTES    4096

typedef struct tally tally;

typedef enum tally_what { TALLY_NONE, TALLY_WORST, TALLY_LOST, TALLY_ARRIVED } tally_what;

tally *tally_new(void);
void   tally_free(tally *t);

/* tally_sent learns which record of `side` carries what, so that ACKs can be understood. */
void tally_sent(tally *t, int side, const tap_view *view);

/* tally_visit visits the counters of all that a datagram carries, and returns the highest. */
unsigned tally_visit(tally *t, int side, const tap_view *view, tally_what what);

/* tally_last_exchange tells whether a datagram belongs to what ends a handshake, and is repeated for a bounded time only. */
bool tally_last_exchange(const tap_view *view, int side);

/* tally_is_retry tells whether `f` begins a HelloRetryRequest. */
struct view_fragment;
bool tally_is_retry(const struct view_fragment *f);

#endif
