/* A key log: the secrets that an endpoint wrote down (SSLKEYLOGFILE, draft-ietf-tls-keylogfile). */
#ifndef FPL_TOOL_KEYLOG_H
#define FPL_TOOL_KEYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYLOG_RANDOM 32
#define KEYLOG_SECRET 48 /* the longest: a master secret of DTLS 1.2, or one of SHA-384 */

typedef enum keylog_label {
    KEYLOG_NONE,
    KEYLOG_MASTER_SECRET, /* CLIENT_RANDOM, DTLS 1.2 */
    KEYLOG_CLIENT_HANDSHAKE,
    KEYLOG_SERVER_HANDSHAKE,
    KEYLOG_CLIENT_TRAFFIC_0,
    KEYLOG_SERVER_TRAFFIC_0
} keylog_label;

typedef struct keylog_entry {
    keylog_label label;
    uint8_t      client_random[KEYLOG_RANDOM]; /* tells associations apart */
    uint8_t      secret[KEYLOG_SECRET];
    size_t       secret_len;
} keylog_entry;

typedef struct keylog {
    keylog_entry *entries;
    size_t        num;
    size_t        unreadable; /* lines that were neither empty, nor a comment, nor a label with two words of hex */
} keylog;

/* keylog_parse adds the lines of `text`; labels of no use here are passed over. False: out of memory. */
bool keylog_parse(keylog *log, const uint8_t *text, size_t len);

/* keylog_find returns what stands under `label` for an association, or NULL. */
const keylog_entry *keylog_find(const keylog *log, keylog_label label, const uint8_t client_random[KEYLOG_RANDOM]);

/* keylog_knows tells whether the log has anything about an association. */
bool keylog_knows(const keylog *log, const uint8_t client_random[KEYLOG_RANDOM]);

void keylog_free(keylog *log);

#endif
