/* A datagram as records, and what is in them, on standard output. */
#ifndef FPL_TOOL_DISSECT_H
#define FPL_TOOL_DISSECT_H

#include "conversation.h"
#include "datagram.h"

typedef struct dissector {
    conversations conversations;
    const keylog *log;     /* NULL: what is encrypted stays so */
    size_t        shown;   /* datagrams that were DTLS */
    size_t        skipped; /* that were not */
    size_t        records; /* that could be told from what is around them, opened or not */
    bool          doubt;   /* the input may hold other things than DTLS */
    bool          full;
} dissector;

/* dissect_datagram is a datagram_fn; `arg` is the dissector. */
void dissect_datagram(void *arg, const datagram *d);
void dissector_free(dissector *d);

#endif
