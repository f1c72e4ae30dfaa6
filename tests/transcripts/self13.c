/* The peer of DTLS 1.3 is a witness only if it is right: two of them have to agree, and its key schedule and records
 * with what the library has of them, though the two share no code. */
#include <string.h>

#include "crypto/schedule13.h"
#include "record/protect13.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static void across(stage *from, stage *to)
{
    bytes datagram = from->peer.datagram;
    from->peer.datagram = bytes_none();
    peer13_hear(&to->peer13, datagram.data, datagram.len, 0);
    if (to->peer.complaint[0] != '\0') {
        stage_fail(NULL, __FILE__, __LINE__, "%s", to->peer.complaint);
    }
}

static void open_pair(stage *c, stage *s, unsigned suite, unsigned group)
{
    memset(c, 0, sizeof *c);
    memset(s, 0, sizeof *s);
    peer_init(&c->peer, true, suite, group, CREDENTIAL_P256_A);
    peer_init(&s->peer, false, suite, group, CREDENTIAL_P384_B);
    peer13_init(&c->peer13, &c->peer, false);
    peer13_init(&s->peer13, &s->peer, false);
}

static void pair(unsigned suite, unsigned group, bool auth, bool retry)
{
    stage c, s;
    open_pair(&c, &s, suite, group);
    s.peer.asks = auth;
    say13_client_hello(&c);
    across(&c, &s);
    if (retry) {
        say13_retry(&s, group == P256_GROUP ? P384_GROUP : P256_GROUP, bytes_of("again", 5));
        across(&s, &c);
        EXPECT(NULL, c.peer13.retries == 1 && c.peer.group == s.peer.group);
        EXPECT(NULL, bytes_equal(c.peer13.retry_cookie, bytes_of("again", 5)));
        say13_client_hello(&c);
        across(&c, &s);
    }
    say13_rest(&s);
    across(&s, &c);
    say13_rest(&c);
    across(&c, &s);
    EXPECT(NULL, c.peer.their_finished && s.peer.their_finished && c.peer.was_asked == auth);
    EXPECT(NULL, bytes_equal(c.peer13.exporter_secret, s.peer13.exporter_secret));
    for (int round = 0; round < 3; round++) {
        peer13_data(&c.peer13, bytes_of("x", 1));
        across(&c, &s);
        const heard *h = &s.peer.heard[s.peer.num_heard - 1];
        EXPECT(NULL, h->opened && h->record == DATA && h->epoch == 3 + (unsigned)round && h->body.len == 1);
        peer13_say(&c.peer13, KEY_UPDATE, peer13_key_update(round == 1));
        across(&c, &s);
        EXPECT(NULL, s.peer13.updates == (unsigned)round + 1 && s.peer13.update_requested == (round == 1));
        EXPECT(NULL, peer13_ack_heard(&s.peer13) > 0);
        across(&s, &c);
        EXPECT(NULL, ack_names(&c.peer.heard[c.peer.num_heard - 1], c.peer13.said[c.peer13.num_said - 1].record));
        peer13_next_keys(&c.peer13);
    }
    peer_free(&c.peer);
    peer_free(&s.peer);
}

static void self13_peers_agree(void)
{
    static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};
    static const unsigned groups[] = {X25519_GROUP, P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 18; i++) {
        pair(suites[i % 3], groups[i / 3 % 3], i % 4 < 2, i >= 9);
    }
}

static fpl_bytes view_bytes(bytes b)
{
    return fpl_bytes_of(b.data, b.len);
}

static bool same(const fpl_secret13 *ours, bytes theirs)
{
    return fpl_hash_length(ours->hash) == theirs.len && memcmp(ours->bytes, theirs.data, theirs.len) == 0;
}

static void same_keys(const fpl_traffic_keys13 *ours, const crypto13_keys *theirs, size_t len)
{
    EXPECT(NULL, memcmp(ours->key, theirs->key, len) == 0 && memcmp(ours->sn, theirs->sn, len) == 0);
    EXPECT(NULL, memcmp(ours->iv, theirs->iv, 12) == 0);
}

/* Records of one are opened by the other, numbers and all. */
static void same_records(unsigned suite, const fpl_traffic_keys13 *keys, const crypto13_keys *theirs)
{
    fpl_protect13_key key;
    EXPECT(NULL, fpl_protect13_init(&key, keys) == FPL_STATUS_OK);
    for (uint64_t seq = 0; seq < 0x30000; seq = seq * 3 + 1) {
        uint8_t  record[100];
        uint64_t got = 0;
        bytes    inner = bytes_none();
        memcpy(record + FPL_PROTECT13_PREFIX, "hello", 5);
        size_t len = fpl_protect13_seal(&key, FPL_CONTENT_TYPE_HANDSHAKE, 6, seq, record, 5, 3, sizeof record);
        EXPECT(NULL, len > 0 && record[0] == (UNIFIED_USUAL | 2));
        EXPECT(NULL, crypto13_open(suite, theirs, record, 5, len, seq, &got, &inner) && got == seq);
        EXPECT(NULL, bytes_equal(inner, bytes_of("hello\x16\0\0\0", 9)));
        for (unsigned form = 0; form < 4; form++) {
            unsigned     first = UNIFIED | (form & 1 ? UNIFIED_LONG : 0) | (form & 2 ? UNIFIED_LENGTH : 0);
            bytes        sealed = crypto13_seal(suite, theirs, first, 7, seq, bytes_of("there\x17\0", 7));
            fpl_record13 header;
            fpl_plain13  plain;
            fpl_drop     why;
            size_t       consumed;
            EXPECT(NULL, fpl_header13_parse(sealed.data, sealed.len, &header, &consumed, &why) == FPL_PARSE_OK);
            EXPECT(NULL, consumed == sealed.len && header.epoch_bits == 3);
            EXPECT(NULL, fpl_protect13_open(&key, &header, seq, &plain) == FPL_DROP_NONE);
            EXPECT(NULL, plain.seq == seq && plain.type == FPL_CONTENT_TYPE_APPLICATION_DATA && plain.len == 5);
        }
    }
    fpl_protect13_wipe(&key);
}

static void self13_schedule_is_ours(void)
{
    static const struct {
        unsigned suite;
        fpl_hash hash;
        fpl_aead aead;
        size_t   key_len;
    } cases[] = {{AES128_GCM_13, FPL_HASH_SHA256, FPL_AEAD_AES_128_GCM, 16},
                 {AES256_GCM_13, FPL_HASH_SHA384, FPL_AEAD_AES_256_GCM, 32},
                 {CHACHA20_13, FPL_HASH_SHA256, FPL_AEAD_CHACHA20_POLY1305, 32}};
    for (size_t i = 0; i < 3; i++) {
        stage c, s;
        open_pair(&c, &s, cases[i].suite, X25519_GROUP);
        say13_client_hello(&c);
        across(&c, &s);
        say13_server_hello(&s);
        across(&s, &c);
        const peer13             *q = &c.peer13;
        fpl_secret13              early, salt, finished;
        fpl_handshake_secrets13   hs;
        fpl_application_secrets13 app;
        fpl_traffic_keys13        keys;
        uint8_t                   verify[64], exported[40];
        bytes                     shared;
        bytes                     hash = crypto_hash(cases[i].suite, q->transcript);
        EXPECT(NULL, crypto_agree(&c.peer.share, c.peer.their_share, &shared));
        EXPECT(NULL, fpl_schedule13_early(cases[i].hash, fpl_bytes_none(), &early) == FPL_STATUS_OK);
        EXPECT(NULL, fpl_schedule13_salt(&early, &salt) == FPL_STATUS_OK);
        EXPECT(NULL, fpl_schedule13_handshake(&salt, view_bytes(shared), view_bytes(hash), &hs) == FPL_STATUS_OK);
        EXPECT(NULL, same(&hs.client, q->client_handshake) && same(&hs.server, q->server_handshake));
        EXPECT(NULL, fpl_schedule13_traffic(&hs.client, cases[i].aead, &keys, &finished) == FPL_STATUS_OK);
        same_keys(&keys, &q->ours[2].keys, cases[i].key_len);
        EXPECT(NULL, fpl_schedule13_verify_data(&finished, view_bytes(hash), verify) == FPL_STATUS_OK);
        EXPECT(NULL, memcmp(verify, peer13_finished(q).data, hash.len) == 0);
        peer13_agree_traffic(&c.peer13);
        EXPECT(NULL, fpl_schedule13_application(&hs.master, view_bytes(hash), &app) == FPL_STATUS_OK);
        EXPECT(NULL, same(&app.client, q->client_traffic) && same(&app.server, q->server_traffic));
        EXPECT(NULL, same(&app.exporter, q->exporter_secret));
        c.peer13.epoch = 3;
        peer13_next_keys(&c.peer13);
        EXPECT(NULL, fpl_schedule13_update(&app.client) == FPL_STATUS_OK);
        EXPECT(NULL, same(&app.client, q->ours[4].secret));
        EXPECT(NULL, fpl_schedule13_traffic(&app.client, cases[i].aead, &keys, NULL) == FPL_STATUS_OK);
        same_keys(&keys, &q->ours[4].keys, cases[i].key_len);
        same_records(cases[i].suite, &keys, &q->ours[4].keys);
        EXPECT(NULL, fpl_schedule13_export(&app.exporter, view_bytes(bytes_of("EXPORTER-x", 10)),
                                           view_bytes(bytes_of("y", 1)), exported, sizeof exported) == FPL_STATUS_OK);
        EXPECT(NULL, memcmp(exported,
                            crypto13_expand(cases[i].suite,
                                            crypto13_derive(cases[i].suite, q->exporter_secret, "EXPORTER-x", bytes_none()),
                                            "exporter", crypto_hash(cases[i].suite, bytes_of("y", 1)), sizeof exported)
                                .data,
                            sizeof exported) == 0);
        peer_free(&c.peer);
        peer_free(&s.peer);
    }
}

SCENARIOS(self13_scenarios, PLAYS(self13_peers_agree), PLAYS(self13_schedule_is_ours));
