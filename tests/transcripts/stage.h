/* The library's end, the scripted peer and a clock, and what scenarios expect of the first. */
#ifndef FPL_TESTS_TRANSCRIPTS_STAGE_H
#define FPL_TESTS_TRANSCRIPTS_STAGE_H

#include <flightplan/flightplan.h>

#include "common/rng.h"
#include "transcripts/meter.h"
#include "transcripts/peer.h"
#include "transcripts/peer13.h"
#include "transcripts/wire.h"

/* Zeroed: a bare server of address proven, with a P-256 certificate and no wish to see the client's, that
 * takes any certificate; a peer with X25519, AES-128-GCM and a P-256 certificate; both speak DTLS 1.2 only. */
typedef struct stage_options {
    fpl_role             role;      /* the library's; none = server */
    bool                 dtls13;    /* the peer speaks DTLS 1.3, and so does the library, which speaks nothing else */
    bool                 both;      /* but for this */
    bool                 peer_both; /* the hello of a peer that speaks 1.3 offers 1.2 too */
    bool                 door;      /* the server stands behind a listener */
    bool                 no_cookie; /* which asks for no cookie */
    bool                 unproven;  /* nobody vouches for the peer's address */
    bool                 anonymous; /* the library's client has no credential */
    bool                 external;  /* the library's private key is elsewhere */
    bool                 nameless;  /* the peer has no credential */
    fpl_client_auth      auth;
    fpl_trust            trust;
    fpl_plaintext_alerts plaintext_alerts;
    credential_id        credential, peer_credential;
    unsigned             suite, group;
    void (*configure)(fpl_config *config);
} stage_options;

#define STAGE_DATA 64

typedef struct stage {
    struct stage *next;
    stage_options options;
    meter        *meter; /* of all that the library allocates */
    fpl_config   *config;
    fpl_listener *listener;
    fpl_conn     *conn;
    uint8_t       address[8];
    peer          peer;
    peer13        peer13; /* what it is in DTLS 1.3 */
    fpl_time      now, deadline;
    bool          verbose;

    size_t mark;      /* what was heard before is old */
    size_t sent_mark; /* likewise, datagrams */

    /* Events. */
    unsigned certificates, connected, keys, close_notifies, signatures_wanted;
    bool     certificate_waits;
    bytes    certificate, digest, data[STAGE_DATA], srtp_client_key, srtp_server_key, srtp_client_salt, srtp_server_salt;
    unsigned srtp_profile, signature_scheme;
    size_t   num_data;
    bool     failed;
    fpl_explanation why;

    uint8_t *arriving; /* the datagram that is being handed in */
    bytes  sent[512]; /* the library's datagrams */
    size_t num_sent;
    size_t bytes_out, bytes_in;

    unsigned loses; /* percent of the library's datagrams that the peer never hears */
    rng      luck;
    size_t   narrow; /* if set, the peer never hears a datagram longer than this */
} stage;

/* stage_open makes configuration, end and peer. A client is not started. Everything is freed when the scenario
 * ends; stage_close does it earlier, and fails the scenario if the library has kept anything. */
stage *stage_open(stage_options options);
void   stage_close(stage *s);
void   stage_close_all(void);
stage *stage_first(void); /* any that is open, or NULL */

/* stage_fail ends the scenario as failed. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5), noreturn))
#endif
void stage_fail(const stage *s, const char *file, int line, const char *format, ...);

#define EXPECT(s, condition)                                                     \
    do {                                                                         \
        if (!(condition)) {                                                      \
            stage_fail((s), __FILE__, __LINE__, "expected: %s", #condition);     \
        }                                                                        \
    } while (0)

#define EXPECT_UINT(s, actual, wanted)                                                                              \
    do {                                                                                                            \
        unsigned long long stage_actual = (unsigned long long)(actual), stage_wanted = (unsigned long long)(wanted); \
        if (stage_actual != stage_wanted) {                                                                         \
            stage_fail((s), __FILE__, __LINE__, "%s is %llu, expected %llu", #actual, stage_actual, stage_wanted);  \
        }                                                                                                           \
    } while (0)

/* ----- things to do ------------------------------------------------------------------------------------------- */

/* start begins the library's handshake, as a client. */
void start(stage *s);

/* deliver hands the peer's datagram to the library, and the library's to the peer, until it is quiet. What
 * was heard before it counts as old afterwards. */
void deliver(stage *s);
void deliver_bytes(stage *s, bytes datagram);

/* advance lets time pass; the library is woken whenever it has asked for it. wake goes to the next such time. */
void advance(stage *s, fpl_time by);
void wake(stage *s);

/* poll does what there is to do, after a call made by the scenario itself. */
void poll(stage *s);

void judge(stage *s, bool trusted);
void sign(stage *s);
void app_send(stage *s, bytes payload);
void app_close(stage *s);

/* forget makes all that was heard old. */
void forget(stage *s);

/* ----- things to see ------------------------------------------------------------------------------------------- */

const heard *heard_new(const stage *s, size_t i); /* i-th thing since the mark, or NULL */
size_t       num_heard(const stage *s);
unsigned     num_heard_messages(const stage *s, unsigned type); /* whole or first fragments, since the mark */
unsigned     num_heard_records(const stage *s, unsigned type);
fpl_stats    stats_of(const stage *s);
uint64_t     drops_of(const stage *s);
const char  *state_of(const stage *s); /* without the machine */

#define expect_alert(s, description) stage_expect_alert((s), (description), -1, __FILE__, __LINE__)
#define expect_alert_either(s, one, other) stage_expect_alert((s), (one), (other), __FILE__, __LINE__)
#define expect_refused_by(s, check) stage_expect_refused_by((s), (check), __FILE__, __LINE__)
#define expect_quiet(s) stage_expect_quiet((s), __FILE__, __LINE__)
#define expect_state(s, name) stage_expect_state((s), (name), __FILE__, __LINE__)
#define expect_connected(s) stage_expect_connected((s), __FILE__, __LINE__)
#define expect_dropped(s) stage_expect_dropped((s), true, __FILE__, __LINE__)
#define expect_ignored(s) stage_expect_dropped((s), false, __FILE__, __LINE__)
#define expect_dead(s) stage_expect_dead((s), __FILE__, __LINE__)
#define expect_talk(s) stage_expect_talk((s), __FILE__, __LINE__)
#define expect_timeout(s) stage_expect_timeout((s), __FILE__, __LINE__)

/* One fatal alert came, and explain knows the line of the spec that sent it. */
void stage_expect_alert(stage *s, int description, int or_this, const char *file, int line);
/* explain names this check, or this field. */
void stage_expect_refused_by(stage *s, const char *what, const char *file, int line);
void stage_expect_quiet(stage *s, const char *file, int line);
void stage_expect_state(stage *s, const char *name, const char *file, int line);
void stage_expect_connected(stage *s, const char *file, int line);
/* The peer's datagram is handed in and nothing comes of it: no answer, same state, same deadline. If `counted`,
 * a drop was counted. */
void stage_expect_dropped(stage *s, bool counted, const char *file, int line);
/* Every call refuses, and goes on refusing. */
void stage_expect_dead(stage *s, const char *file, int line);
/* Application data passes both ways. */
void stage_expect_talk(stage *s, const char *file, int line);
void stage_expect_timeout(stage *s, const char *file, int line);

#endif
