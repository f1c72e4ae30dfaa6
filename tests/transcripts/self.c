/* The peer is a witness only if it is right: two of them, without the library, have to agree. */
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static void across(stage *from, stage *to)
{
    bytes datagram = from->peer.datagram;
    from->peer.datagram = bytes_none();
    peer_hear(&to->peer, datagram.data, datagram.len, 0);
    if (to->peer.complaint[0] != '\0') {
        stage_fail(NULL, __FILE__, __LINE__, "%s", to->peer.complaint);
    }
}

static void pair(unsigned suite, unsigned group, bool ems, bool auth)
{
    stage c, s;
    memset(&c, 0, sizeof c);
    memset(&s, 0, sizeof s);
    peer_init(&c.peer, true, suite, group, CREDENTIAL_P256_A);
    peer_init(&s.peer, false, suite, group, CREDENTIAL_P384_B);
    s.peer.asks = auth;
    if (!ems) {
        ext_drop(&c.peer.extensions, EXT_EMS);
    }
    say_client_hello(&c);
    across(&c, &s);
    say_rest(&s);
    across(&s, &c);
    say_rest(&c);
    across(&c, &s);
    say_rest(&s);
    across(&s, &c);
    EXPECT(NULL, c.peer.their_finished && s.peer.their_finished);
    EXPECT(NULL, c.peer.ems == ems && s.peer.ems == ems);
    peer_data(&c.peer, bytes_of("x", 1));
    across(&c, &s);
    EXPECT(NULL, s.peer.heard[s.peer.num_heard - 1].opened);
    peer_free(&c.peer);
    peer_free(&s.peer);
}

static void self_peers_agree(void)
{
    static const unsigned suites[] = {AES128_GCM, AES256_GCM, CHACHA20};
    static const unsigned groups[] = {X25519_GROUP, P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 9; i++) {
        pair(suites[i % 3], groups[i / 3], i % 2 == 0, i % 4 < 2);
    }
}

SCENARIOS(self_scenarios, PLAYS(self_peers_agree));
