/* What a program on somebody else's library has to offer. other_main.c steers it by lines (lines.h) and has
 * the socket and the options; one file for each library implements the functions below, for one connection.
 *
 *   <program> server 0 [OPTION=VALUE...]         <program> client PORT [OPTION=VALUE...]
 *
 * Options: versions=HEX,... suite=HEX other_suite=HEX (for the other version) groups=HEX,... cert=FILE key=FILE
 * trust=FILE client_auth=off|optional|required cookie=0|1 mtu=N srtp=HEX,... name=HOST resend=MS
 * limit=N (records before keys have to change)
 */
#ifndef FPL_TESTS_INTEROP_OTHER_H
#define FPL_TESTS_INTEROP_OTHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define OTHER_LARGEST 16384 /* bytes of a record's payload */
#define OTHER_LISTED 8

typedef enum other_asks { ASKS_OFF, ASKS_OPTIONAL, ASKS_REQUIRED } other_asks;

typedef struct other_options {
    bool is_server;
    uint16_t versions[OTHER_LISTED];
    uint16_t suite, other_suite;
    uint16_t groups[OTHER_LISTED]; /* best first; 0 ends it */
    uint16_t profiles[OTHER_LISTED];
    const char *cert, *key, *trust, *name; /* NULL: not given */
    other_asks asks;                       /* for a client's certificate */
    bool cookie;
    unsigned mtu;
    unsigned resend; /* ms */
    int fd;          /* non-blocking, its peer known */
} other_options;

typedef struct other_facts {
    uint16_t version, suite, group, profile; /* 0: not known, or none */
    bool has_certificate;
    uint8_t fingerprint[32]; /* of the other side's */
} other_facts;

typedef enum other_result {
    OTHER_DONE,
    OTHER_PAUSE,  /* nothing more until a datagram or a timer */
    OTHER_CLOSED, /* by the other side, in order */
    OTHER_FAILED
} other_result;

extern const char other_name[];

/* other_begin makes the connection; what is not there to be had ends the program (other_refuse). */
void other_begin(const other_options *options);
void other_end(void);

/* other_shake_hands goes on with the handshake, timers included. */
other_result other_shake_hands(void);
void other_tell(other_facts *facts);

/* other_read takes one record, and serves timers that outlive the handshake. */
other_result other_read(uint8_t data[OTHER_LARGEST], size_t *len);
bool other_write(const uint8_t *data, size_t len);
void other_close(void);

/* other_update_keys sends a KeyUpdate, and asks for one in return or not (DTLS 1.3). */
bool other_update_keys(bool ask);

bool other_export(const char *label, uint8_t *out, size_t len);
void other_set_mtu(size_t mtu);
size_t other_max_payload(void);

/* other_why says what the last failure was. */
const char *other_why(void);

noreturn void other_refuse(const char *what, const char *value);

#endif
