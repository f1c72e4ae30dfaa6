#include "engine/transcript_row.h"

#include "steps/steps.h"

/* The hash of the suite that a ServerHello chose; a HelloRetryRequest fixes it before any action runs. */
static fpl_hash hash_at_hand(const fpl_conn *conn, const fpl_message *msg)
{
    const fpl_cipher_suite_row *suite = conn->suite;
    if (msg->id == FPL_MESSAGE_SERVER_HELLO) {
        suite = fpl_cipher_suite_find(msg->as.server_hello.cipher_suite);
    }
    return suite != NULL ? suite->hash : 0;
}

fpl_status fpl_transcript_obey(fpl_conn *conn, fpl_transcript_op op, const fpl_event *event, const fpl_message *msg)
{
    fpl_transcript *transcript = conn->hs != NULL ? &conn->hs->transcript : NULL;
    fpl_status      status = FPL_STATUS_OK;
    if (op == FPL_TRANSCRIPT_NOTHING || op == FPL_TRANSCRIPT_NO) {
        return FPL_STATUS_OK;
    }
    if (transcript == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    switch (op) {
    case FPL_TRANSCRIPT_RESTART: fpl_transcript_restart(conn->config, transcript); return FPL_STATUS_OK;
    case FPL_TRANSCRIPT_AS_MESSAGE_HASH:
        status = fpl_transcript_as_message_hash(conn->config, transcript, hash_at_hand(conn, msg));
        break;
    case FPL_TRANSCRIPT_FROM_COOKIE: status = fpl_cookie13_rebuild(conn, &msg->as.client_hello); break;
    case FPL_TRANSCRIPT_APPEND:
    case FPL_TRANSCRIPT_NOTHING:
    case FPL_TRANSCRIPT_NO: break;
    }
    return status != FPL_STATUS_OK
               ? status
               : fpl_transcript_append(conn->config, transcript, event->type, event->seq, event->body);
}
