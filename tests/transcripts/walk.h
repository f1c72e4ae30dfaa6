/* The honest way through a handshake, step by step, so that a scenario can leave it where it likes. */
#ifndef FPL_TESTS_TRANSCRIPTS_WALK_H
#define FPL_TESTS_TRANSCRIPTS_WALK_H

#include "transcripts/stage.h"

bool has_said(const peer *p, unsigned type);

/* Each says one message; nothing is delivered. */
void say_client_hello(stage *s);
void say_certificate(stage *s);
void say_client_key_exchange(stage *s);
void say_certificate_verify(stage *s);
void say_ccs(stage *s);
void say_finished(stage *s);
void say_server_hello(stage *s);
void say_server_key_exchange(stage *s);
void say_certificate_request(stage *s);
void say_server_hello_done(stage *s);

/* hello brings the peer's ClientHello, with a cookie if one is asked for, and the server's flight back; with the
 * library as client, that starts it. */
void hello(stage *s);

/* say_rest says what an honest peer has left to say in its present flight. */
void say_rest(stage *s);

/* finish goes the rest of the way to CONNECTED; application decisions are made in favour of it. */
void finish(stage *s);

/* connected_stage is a stage that has been there. */
stage *connected_stage(stage_options options);

/* stage_at is a stage whose library end waits in `state`, with whatever options that takes. `role` is the
 * library's. */
stage *stage_at(fpl_role role, const char *state);

/* The states of each role in which something may arrive; a NULL ends the list. */
extern const char *const server_states[];
extern const char *const client_states[];

#endif
