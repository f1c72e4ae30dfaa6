/* Ends of the library, one server and up to three clients, with a network between them that a script has in its
 * hands. Whatever the script does, the checks in world.c must hold; they are the oracle of every target that uses
 * this house:
 *
 *   - nothing is CONNECTED to nobody: both ends have the same randoms, suite and keys, unless one is hostile
 *   - application data that comes out went in at the other end, and comes out once
 *   - before its address is proven a client gets no more than three times what it sent
 *   - datagrams keep to the MTU, record numbers only grow, application data is never in the clear
 *   - nobody is CONNECTED after a key exchange, proof or Finished that was changed, even by one who has keys
 *   - a cookie opens the door to the address that it was sent to, and to no other
 *   - memory is bounded, and all of it comes back
 *   - FPL_FAILED is final, and a handshake that has begun always has a deadline
 */
#ifndef FPL_TESTS_FUZZ_HOUSE_WORLD_H
#define FPL_TESTS_FUZZ_HOUSE_WORLD_H

#include "engine/conn.h"

#include "fuzz.h"
#include "house/credentials.h"
#include "house/memory.h"

enum { WORLD_SERVER, WORLD_CLIENT, WORLD_NUM_CLIENTS = 3, WORLD_NUM_ENDS = 1 + WORLD_NUM_CLIENTS };

#define WORLD_EPOCHS 64
#define WORLD_QUEUE 48
#define WORLD_HISTORY 96
#define WORLD_ASSOCS 16
#define WORLD_SESSIONS 32
#define WORLD_EXPORT 32
#define WORLD_COOKIES 128
#define WORLD_MESSAGES 256 /* application messages, all ends together */

typedef struct packet {
    uint8_t *bytes;
    size_t   len;
    uint8_t  client; /* whose: sender or receiver is the server */
} packet;

/* A connection of an end. */
typedef struct assoc {
    fpl_conn *conn;
    uint8_t   client; /* at the server: the address */
    bool      connected;
    bool      failed;
    bool      certificate_waits;
    bool      signature_waits;
    uint8_t   digest[FPL_HASH_MAX_LEN];
    size_t    digest_len;
    size_t    mtu;
    fpl_time  deadline;
    uint64_t  bytes_in, bytes_out;
    uint64_t  next_record[WORLD_EPOCHS]; /* by the low bits of the epoch's number */
    unsigned  idle_wakes;
    fpl_time  idle_since;
} assoc;

typedef struct end {
    fpl_config         *config;
    fpl_listener       *listener;
    house_memory        memory;
    house_credential_id credential;
    assoc               assocs[WORLD_ASSOCS];
    size_t              num_assocs;
    packet              queue[WORLD_QUEUE]; /* to this end */
    size_t              num_queued;
    bool                hostile;
    bool                judges_late;
    bool                signs_late;
    bool                tight; /* polls with too little room first */
} end;

/* What two ends have in common once connected. */
typedef struct session {
    uint8_t client_random[FPL_RANDOM_LEN];
    uint8_t server_random[FPL_RANDOM_LEN];
    uint8_t exported[WORLD_EXPORT];
    uint16_t suite;
    bool     at_server;
} session;

/* The secrets of a server of DTLS 1.3 that has sent its Finished. */
typedef struct made {
    uint8_t      client_random[FPL_RANDOM_LEN];
    uint8_t      server_random[FPL_RANDOM_LEN];
    fpl_secret13 exporter;
} made;

typedef struct world {
    end      ends[WORLD_NUM_ENDS];
    size_t   num_clients;
    fpl_time now;
    packet   history[WORLD_HISTORY];
    size_t   num_history;
    session  sessions[WORLD_SESSIONS];
    size_t   num_sessions;
    made     made[WORLD_SESSIONS];
    size_t   num_made;
    uint8_t  sent_by[WORLD_MESSAGES]; /* end + 1, 0 = not sent */
    uint16_t sent_len[WORLD_MESSAGES];
    bool     got[WORLD_MESSAGES];
    unsigned num_sent;
    uint8_t  spoiled[FPL_RANDOM_LEN]; /* client random of a handshake that must not succeed */
    bool     has_spoiled;
    bool     validated;
    bool     asks_cookies;
    bool     cookie_in_pieces[WORLD_NUM_CLIENTS]; /* a request for one came cut: which it is, nobody knows */
    uint64_t strangers_in, strangers_out; /* octets that the listener was sent, and answered, without a connection */
    uint8_t  cookies[WORLD_NUM_CLIENTS][WORLD_COOKIES][FPL_COOKIE_MAX]; /* sent to each address; the latest */
    uint8_t  cookie_lens[WORLD_NUM_CLIENTS][WORLD_COOKIES];
    unsigned num_cookies[WORLD_NUM_CLIENTS];
    unsigned deliveries; /* bounds a script's work */
} world;

/* A plan says what ends there are; fixed by the target, the rest by the first octets of the input. */
typedef struct world_plan {
    bool   hostile_client;
    bool   hostile_server;
    bool   listener; /* always; else as the input says */
    bool   versions; /* the ends speak DTLS 1.3, or both versions, as the input says; else DTLS 1.2 */
    size_t num_clients;
} world_plan;

/* world_open takes the ends' settings off `in` and makes them; clients have not started. False when there is not
 * enough memory by the input's own wish. */
void world_open(world *w, const world_plan *plan, fuzz_input *in);

/* world_close frees all and sees that all came back. */
void world_close(world *w);

/* world_deliver hands bytes to an end as a datagram from (or, to a client, for) address `client`. */
void world_deliver(world *w, int to, uint8_t client, const uint8_t *bytes, size_t len);

/* world_take removes and hands over the queued datagram at `index`; false if there is none. */
bool world_take(world *w, int to, size_t index, packet *out);

/* world_pump delivers what is queued, in order, until nothing is or a bound is reached. */
void world_pump(world *w);

/* world_advance moves the clock and wakes whoever is due. */
void world_advance(world *w, fpl_time by);

/* world_next is the earliest deadline of all. */
fpl_time world_next(const world *w);

/* world_drain polls one connection until it has nothing left; it may be gone afterwards. */
void world_drain(world *w, int which, assoc *a);

/* world_current is an end's newest connection, or NULL. */
assoc *world_current(world *w, int which);

/* world_restart gives a client a new connection in place of the old one. */
void world_restart(world *w, int client);

/* world_send has a connection send `len` octets of application data that the other end will know again. */
void world_send(world *w, int which, assoc *a, size_t len);

/* world_sign answers FPL_OUTPUT_SIGNATURE_WANTED; badly if asked to. */
void world_sign(world *w, int which, assoc *a, bool well);

/* world_settle plays a perfect network until nobody has anything left to do, or gives up waiting. */
void world_settle(world *w);

#endif
