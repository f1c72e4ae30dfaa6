/* Flights: prepared once as messages, cut into records whenever they are written (RFC 6347 section 4.2.4). */
#ifndef FPL_ENGINE_FLIGHT_H
#define FPL_ENGINE_FLIGHT_H

#include "engine/conn.h"
#include "engine/event.h"

/* fpl_flight_prepare builds flight `id` of `machine`: its messages are hashed, its keys installed, and its
 * resend machine is told. `event` is the row's event, for `numbers: of_request`. */
fpl_status fpl_flight_prepare(fpl_conn *conn, const fpl_machine *machine, uint8_t id, const fpl_event *event);

/* fpl_conn_number_as_hello lets the next plaintext record have the number of the ClientHello that it answers (RFC 6347 section
 * 4.2.1), unless lower ones are used up, or that number leaves no room behind it. */
void fpl_conn_number_as_hello(fpl_conn *conn);

/* fpl_flight_rewind is called when a resend machine enters a state that writes, with the kind and code of the event
 * that led there: all of the flight is written again, or only what was added to it. */
void fpl_flight_rewind(fpl_conn *conn, fpl_flight *flight, uint8_t kind, uint8_t code);

/* fpl_flight_writes tells whether `flight` is in a state that writes. */
bool fpl_flight_writes(const fpl_flight *flight);

/* fpl_flights_answered tells all outstanding flights that the peer's next flight is complete. */
void fpl_flights_answered(fpl_conn *conn);

/* fpl_flights_next_started tells them that part of it has come: in DTLS 1.3 an implicit ACK (RFC 9147 section 7.1). */
void fpl_flights_next_started(fpl_conn *conn);

/* fpl_flights_note_received notes that the message of `event` was consumed. With `acknowledges` (DTLS 1.3) it is an
 * implicit ACK of the flight that it answers (RFC 9147 section 7.1). */
void fpl_flights_note_received(fpl_conn *conn, const fpl_event *event, bool acknowledges);

/* fpl_flights_answer tells whether an outstanding flight answers the message `seq` or one after it, and no ACK does. */
bool fpl_flights_answer(const fpl_conn *conn, uint16_t seq);

/* fpl_flights_note_again handles a fragment of a message that was consumed before. */
void fpl_flights_note_again(fpl_conn *conn, const fpl_fragment *fragment, bool authenticated);

/* fpl_flight_mtu is the size of datagrams that `flight` is cut for now. */
size_t fpl_flight_mtu(fpl_conn *conn, const fpl_flight *flight);

/* fpl_flights_free_released frees the flights whose resend machine let go of them; `all` frees every one. */
void fpl_flights_free_released(fpl_conn *conn, bool all);

#endif
