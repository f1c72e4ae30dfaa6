/* What of a flight was sent in which record, and what of it has arrived (RFC 9147 section 7.2). */
#ifndef FPL_ENGINE_SENT_H
#define FPL_ENGINE_SENT_H

#include "engine/conn.h"

/* fpl_sent_note notes that a record carries [from, to) of the message at `message` in `flight`. */
void fpl_sent_note(fpl_flight *flight, uint16_t epoch, uint64_t seq, uint8_t message, size_t from, size_t to);

/* fpl_sent_name marks what an ACK names, and tells whether there was anything: a record that we never sent, or no longer
 * know, has no effect. */
bool fpl_sent_name(fpl_conn *conn, uint16_t epoch, uint64_t seq);

/* fpl_sent_name_earlier: an ACK that named a record of `epoch` comes from a peer that reads in it. The way to its keys led
 * through every message before it, so a flight of an earlier epoch whose last message is named has arrived whole. (There
 * are peers that never name the first record of a long flight.) */
void fpl_sent_name_earlier(fpl_conn *conn, uint16_t epoch);

/* fpl_sent_news tells whether something was named that had not been acknowledged before. */
bool fpl_sent_news(const fpl_flight *flight);

/* fpl_sent_all_named tells whether, with what was named, all of `flight` has arrived. */
bool fpl_sent_all_named(const fpl_flight *flight);

/* fpl_sent_mark takes what was named out of what is still to be sent. */
void fpl_sent_mark(fpl_flight *flight);

/* fpl_sent_plain_arrived is called when the peer's first protected record was accepted: what we had sent in plain has
 * arrived, for without it there would be no keys. */
void fpl_sent_plain_arrived(fpl_conn *conn);

/* fpl_sent_last_arrived tells whether the last message of `flight` was acknowledged, whatever of those before it was. */
bool fpl_sent_last_arrived(const fpl_flight *flight);

/* fpl_sent_gap finds the next octets from *from on, of the message at `message`, that have not arrived: [*from, *to). False
 * when there are none. An empty message is a gap of no octets until it is acknowledged. */
bool fpl_sent_gap(const fpl_flight *flight, uint8_t message, size_t *from, size_t *to);

#endif
