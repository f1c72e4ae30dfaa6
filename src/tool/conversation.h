/* Two ends that talk, and what can be known of it: halves of messages, the version, the suite, the keys. */
#ifndef FPL_TOOL_CONVERSATION_H
#define FPL_TOOL_CONVERSATION_H

#include "datagram.h"
#include "fragments.h"
#include "unseal.h"

typedef struct speaker {
    char      name[END_TEXT];
    fragments fragments; /* of what it sends */
} speaker;

typedef struct conversation {
    speaker  ends[2];
    size_t   num_ends;     /* 1: nobody said who speaks to whom */
    size_t   client;       /* which end sent the latest ClientHello */
    uint16_t cipher_suite; /* of the latest ServerHello; 0 = none seen */
    uint8_t  version;      /* fpl_machine_version of that; FPL_VERSION_NONE */
    unsealer unsealer;
} conversation;

typedef struct conversations {
    conversation **list;
    size_t         num;
} conversations;

/* conversations_find returns the one between two ends, and who of the two speaks; NULL if there is none.
 * conversations_get makes it then, and returns NULL when memory is out. */
conversation *conversations_find(const conversations *all, const datagram *d, size_t *speaker);
conversation *conversations_get(conversations *all, const datagram *d, const keylog *log, size_t *speaker);
void          conversations_free(conversations *all);

#endif
