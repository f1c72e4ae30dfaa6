/* The honest way through a DTLS 1.3 handshake, step by step, as walk.h is for DTLS 1.2. */
#ifndef FPL_TESTS_TRANSCRIPTS_WALK13_H
#define FPL_TESTS_TRANSCRIPTS_WALK13_H

#include "transcripts/stage.h"

bool has_said13(const peer13 *q, unsigned type);

/* Each says one message; nothing is delivered. */
void say13_client_hello(stage *s);
void say13_server_hello(stage *s);
void say13_encrypted_extensions(stage *s);
void say13_certificate_request(stage *s);
void say13_certificate(stage *s);
void say13_certificate_verify(stage *s);
void say13_finished(stage *s);

/* say13_retry says a HelloRetryRequest; group 0 or an empty cookie: without. */
void say13_retry(stage *s, unsigned group, bytes cookie);

/* hello13 brings the peer's ClientHello, again if a retry is asked for, and the server's flight back; with the library
 * as client, that starts it. */
void hello13(stage *s);

/* say13_rest says what an honest peer has left to say in its flight. */
void say13_rest(stage *s);

/* finish13 goes the rest of the way, ACKs included, to CONNECTED on both sides. */
void   finish13(stage *s);
stage *connected13(stage_options options);

/* stage13_at is a stage whose library end waits in `state`. */
stage *stage13_at(fpl_role role, const char *state);

extern const char *const server13_states[];
extern const char *const client13_states[];

/* say13_next says the one message that an honest peer says next. */
void say13_next(stage *s);

/* role13 is the options for one of both roles: 0 the library as server, 1 as client. */
stage_options role13(int role);

/* What has been said and not delivered, taken away: to be changed, lost or delivered later. */
bytes take_said(stage *s);

/* body13_of is a message of this type that is right, or at least well-formed, for the present moment. */
bytes body13_of(stage *s, unsigned type);

bytes slice(bytes b, size_t from, size_t to);

#endif
