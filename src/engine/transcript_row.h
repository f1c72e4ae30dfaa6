/* What a row's key `transcript` does. */
#ifndef FPL_ENGINE_TRANSCRIPT_ROW_H
#define FPL_ENGINE_TRANSCRIPT_ROW_H

#include "engine/event.h"

/* fpl_transcript_obey does `op` with the message of `event`, which `msg` is decoded. */
fpl_status fpl_transcript_obey(fpl_conn *conn, fpl_transcript_op op, const fpl_event *event, const fpl_message *msg);

#endif
