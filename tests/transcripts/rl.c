/* Group RL of the security catalogue: the record layer. */
#include <openssl/rand.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const unsigned suites[] = {AES128_GCM, AES256_GCM, CHACHA20};

static stage_options with_role(int role)
{
    stage_options o = {.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT};
    return o;
}

static bytes take_datagram_of(stage *s)
{
    bytes datagram = s->peer.datagram;
    s->peer.datagram = bytes_none();
    return datagram;
}

static void rl01_replay(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(with_role(role));
        peer_data(&s->peer, bytes_of("once", 4));
        bytes datagram = take_datagram_of(s);
        deliver_bytes(s, datagram);
        EXPECT_UINT(s, s->num_data, 1);
        fpl_stats before = stats_of(s);
        for (int i = 0; i < 1000; i++) {
            deliver_bytes(s, datagram);
            expect_quiet(s);
        }
        EXPECT_UINT(s, s->num_data, 1);
        EXPECT_UINT(s, stats_of(s).dropped_replayed, before.dropped_replayed + 1000);
        expect_talk(s);
    }
}

static void rl02_window_edge(void)
{
    stage         *s = connected_stage(with_role(0));
    const uint64_t top = 500;
    peer_record_at(&s->peer, DATA, 1, top, bytes_of("a", 1));
    deliver(s);
    EXPECT_UINT(s, s->num_data, 1);
    peer_record_at(&s->peer, DATA, 1, top - 64, bytes_of("b", 1));
    expect_dropped(s);
    peer_record_at(&s->peer, DATA, 1, top - 63, bytes_of("c", 1));
    bytes edge = take_datagram_of(s);
    deliver_bytes(s, edge);
    EXPECT_UINT(s, s->num_data, 2);
    deliver_bytes(s, edge);
    EXPECT_UINT(s, s->num_data, 2);
    EXPECT_UINT(s, stats_of(s).dropped_replayed, 2);
    for (uint64_t seq = top - 62; seq < top; seq++) {
        peer_record_at(&s->peer, DATA, 1, seq, bytes_of("d", 1));
        deliver(s);
    }
    EXPECT_UINT(s, s->num_data, 64);
}

static void rl03_forgery_moves_no_window(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(with_role(role));
        bytes  junk = bytes_zero(60);
        RAND_bytes(junk.data, junk.len);
        fpl_stats before = stats_of(s);
        deliver_bytes(s, record_of(DATA, DTLS12, 1, (UINT64_C(1) << 48) - 1, junk));
        expect_quiet(s);
        EXPECT_UINT(s, stats_of(s).dropped_forged, before.dropped_forged + 1);
        expect_talk(s);
        stage_close(s);
        /* Also while there are no keys to tell. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CCS");
        deliver_bytes(s, record_of(HANDSHAKE, DTLS12, 1, (UINT64_C(1) << 48) - 1, junk));
        expect_quiet(s);
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void rl05_next_epoch_flood(void)
{
    for (int same = 0; same < 2; same++) {
        stage        *s = stage_open((stage_options){0});
        hello(s);
        size_t before = s->meter->live;
        s->meter->peak = s->meter->live;
        bytes record = record_of(DATA, DTLS12, 1, 0, bytes_zero(900));
        for (uint64_t i = 0; i < 100000; i++) {
            if (!same) {
                bytes_put_uint(&record, 5, 6, i);
                RAND_bytes(record.data + 13, 32);
            }
            deliver_bytes(s, record);
            expect_quiet(s);
        }
        /* Limits held_records (4) and held_bytes (4096), and what keeps them. */
        EXPECT(s, s->meter->peak - before <= 4096 + 4 * 64);
        if (same) {
            EXPECT(s, s->meter->peak - before <= 1100);
        }
        EXPECT(s, stats_of(s).dropped_full + stats_of(s).dropped_replayed + stats_of(s).duplicates > 99000);
        finish(s);
        expect_talk(s);
        EXPECT(s, s->meter->live <= before);
        stage_close(s);
    }
}

/* Either bound by itself: few small ones, and fewer large ones. What was held comes out in its order. */
static void rl05_held_data(void)
{
    static const size_t sizes[] = {30, 1500};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CCS");
        static const uint64_t order[] = {7, 5, 9, 3, 8, 4, 6};
        for (size_t n = 0; n < 7; n++) {
            bytes payload = bytes_zero(sizes[i]);
            payload.data[0] = (uint8_t)order[n];
            peer_record_at(&s->peer, DATA, 1, order[n], payload);
            deliver(s);
            expect_quiet(s);
        }
        EXPECT_UINT(s, s->num_data, 0);
        EXPECT_UINT(s, stats_of(s).dropped_full, i == 0 ? 3 : 5);
        finish(s);
        EXPECT_UINT(s, s->num_data, i == 0 ? 4 : 2);
        for (size_t n = 1; n < s->num_data; n++) {
            EXPECT(s, s->data[n].data[0] > s->data[n - 1].data[0]);
        }
        s->num_data = 0;
        s->peer.seq[1] = 20;
        expect_talk(s);
    }
}

static void rl06_absurd_epochs(void)
{
    static const unsigned epochs[] = {2, 5, 255, 256, 65535};
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            for (size_t e = 0; e < sizeof epochs / sizeof epochs[0]; e++) {
                for (unsigned type = CCS; type <= DATA; type++) {
                    bytes_append(&s->peer.datagram, record_of(type, DTLS12, epochs[e], 7, bytes_zero(50)));
                    expect_dropped(s);
                }
            }
            stage_close(s);
        }
    }
}

static void few_records(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, 1024);
}

static void rl09_record_numbers_run_out(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = with_role(role);
        o.configure = few_records;
        stage     *s = connected_stage(o);
        uint8_t    out[200];
        size_t     len = 0;
        unsigned   sent = 0;
        fpl_result result;
        while ((result = fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now)) == FPL_OK &&
               sent < 2000) {
            peer_hear(&s->peer, out, len, s->now);
            sent++;
        }
        /* The peer's complaint would tell of a number used twice: see `heard`. */
        EXPECT(s, sent < 1024 && sent > 900);
        EXPECT(s, result == FPL_CLOSED);
        forget(s);
        poll(s);
        EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
        EXPECT(s, heard_new(s, 0)->opened && heard_new(s, 0)->type == CLOSE_NOTIFY);
        EXPECT(s, fpl_conn_is_closed(s->conn));
        for (size_t i = 1; i < s->peer.num_heard; i++) {
            const heard *a = &s->peer.heard[i - 1], *b = &s->peer.heard[i];
            EXPECT(s, a->epoch != 1 || b->epoch != 1 || b->seq > a->seq);
        }
    }
}

static void rl16_length_beyond_datagram(void)
{
    for (int role = 0; role < 2; role++) {
        static const unsigned beyond[] = {1, 0xffff};
        for (size_t i = 0; i < 2; i++) {
            for (size_t place = 0; place < 3; place++) {
                stage *s = connected_stage(with_role(role));
                bytes  datagram = bytes_none();
                for (size_t n = 0; n < 3; n++) {
                    peer_data(&s->peer, bytes_of("data", 4));
                    bytes record = take_datagram_of(s);
                    if (n == place) {
                        /* As it stands in the datagram: beyond its end. */
                        size_t rest = (2 - n) * record.len + record.len - 13;
                        bytes_put_uint(&record, 11, 2, beyond[i] == 1 ? rest + 1 : 0xffff);
                    }
                    bytes_append(&datagram, record);
                }
                deliver_bytes(s, datagram);
                expect_quiet(s);
                EXPECT_UINT(s, s->num_data, place);
                expect_talk(s);
                stage_close(s);
            }
        }
    }
}

static void rl17_one_bad_among_good(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t suite = 0; suite < 3; suite++) {
            stage_options o = with_role(role);
            o.suite = suites[suite];
            stage *s = connected_stage(o);
            bytes  datagram = bytes_none();
            for (int n = 0; n < 3; n++) {
                peer_data(&s->peer, bytes_of(n == 0 ? "first" : "other", 5));
                bytes record = take_datagram_of(s);
                if (n == 1) {
                    record.data[record.len - 1] ^= 1;
                }
                bytes_append(&datagram, record);
            }
            deliver_bytes(s, datagram);
            expect_quiet(s);
            EXPECT_UINT(s, s->num_data, 2);
            EXPECT_UINT(s, stats_of(s).dropped_forged, 1);
            stage_close(s);
        }
    }
}

static void rl18_first_byte(void)
{
    static const char *const states[] = {"WAIT_SH", "WAIT_FINISHED", "CONNECTED"};
    for (size_t i = 0; i < 3; i++) {
        stage *s = stage_at(FPL_ROLE_CLIENT, states[i]);
        for (unsigned first = 0; first < 256; first++) {
            bytes datagram = bytes_zero(80);
            RAND_bytes(datagram.data, 80);
            datagram.data[0] = (uint8_t)first;
            datagram.data[1] = 0; /* STUN, RTP and QUIC have other things where a version would stand */
            uint64_t forged = stats_of(s).dropped_forged;
            s->peer.datagram = datagram;
            expect_dropped(s);
            EXPECT_UINT(s, stats_of(s).dropped_forged, forged);
        }
        /* With the version of DTLS only its own content types go any further. */
        for (unsigned first = 0; first < 256; first++) {
            if (first >= CCS && first <= DATA) {
                continue;
            }
            bytes_append(&s->peer.datagram, record_of(first, DTLS12, 0, 3, bytes_zero(40)));
            expect_dropped(s);
            bytes_append(&s->peer.datagram, record_of(first, DTLS12, 1, 3, bytes_zero(40)));
            deliver(s); /* while there are no keys, a record of the next epoch is held whatever its type */
            expect_quiet(s);
        }
    }
}

static void rl19_oversize(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected_stage(with_role(role));
        bytes_append(&s->peer.datagram, record_of(DATA, DTLS12, 1, 9, bytes_zero(16384 + 2049)));
        expect_dropped(s);
        peer_data(&s->peer, bytes_zero(16385));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 0);
        if (s->failed) {
            expect_alert(s, RECORD_OVERFLOW);
        } else {
            expect_quiet(s);
            peer_data(&s->peer, bytes_zero(16384));
            deliver(s);
            EXPECT_UINT(s, s->num_data, 1);
            EXPECT_UINT(s, s->data[0].len, 16384);
        }
        stage_close(s);
    }
}

static void rl20_shorter_than_nonce_and_tag(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        for (int role = 0; role < 2; role++) {
            stage_options o = with_role(role);
            o.suite = suites[suite];
            stage *s = connected_stage(o);
            for (size_t len = 0; len <= (suites[suite] == CHACHA20 ? 16u : 24u); len++) {
                for (unsigned type = ALERT; type <= DATA; type++) {
                    bytes_append(&s->peer.datagram, record_of(type, DTLS12, 1, 9, bytes_zero(len)));
                    expect_dropped(s);
                }
            }
            expect_talk(s);
            stage_close(s);
        }
    }
}

/* Empty application data is legal (RFC 5246 section 6.2.1) and must not look like an error. */
static void rl20_empty_plaintext(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        stage_options o = with_role(0);
        o.suite = suites[suite];
        stage *s = connected_stage(o);
        peer_data(&s->peer, bytes_none());
        deliver(s);
        expect_quiet(s);
        EXPECT(s, s->num_data <= 1 && (s->num_data == 0 || s->data[0].len == 0));
        EXPECT_UINT(s, stats_of(s).dropped_forged, 0);
        stage_close(s);
    }
}

static void rl22_record_versions(void)
{
    /* A hello may say 1.0, also once the version is chosen. */
    stage *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED});
    bytes  body = peer_client_hello(&s->peer);
    (void)peer_note(&s->peer, CLIENT_HELLO, body);
    bytes record = record_of(HANDSHAKE, DTLS10, 0, 0, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body));
    deliver_bytes(s, record);
    EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
    bytes_put_uint(&record, 5, 6, 1);
    deliver_bytes(s, record);
    EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
    s->peer.seq[0] = 2;
    finish(s);
    /* Under keys there is one version, and 03 is not DTLS at all. */
    static const unsigned wrong[] = {DTLS10, DTLS13, TLS12, 0x0301, 0x0000, 0xffff};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t seq = s->peer.seq[1]++;
        bytes    sealed = crypto_seal(s->peer.suite, &s->peer.ours, DATA, wrong[i], 1, seq, bytes_of("x", 1));
        bytes_append(&s->peer.datagram, record_of(DATA, wrong[i], 1, seq, sealed));
        expect_dropped(s);
        bytes_append(&s->peer.datagram, record_of(HANDSHAKE, wrong[i] == DTLS10 ? TLS12 : wrong[i], 0, 9, bytes_zero(12)));
        expect_dropped(s);
    }
    expect_talk(s);
}

static void rl23_header_tampering(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        stage_options o = with_role((int)suite % 2);
        o.suite = suites[suite];
        stage *s = connected_stage(o);
        peer_data(&s->peer, bytes_of("payload", 7));
        bytes good = take_datagram_of(s);
        for (size_t bit = 0; bit < 13 * 8; bit++) {
            bytes bad = bytes_of(good.data, good.len);
            bad.data[bit / 8] = (uint8_t)(bad.data[bit / 8] ^ 1u << bit % 8);
            s->peer.datagram = bad;
            expect_dropped(s);
        }
        deliver_bytes(s, good);
        EXPECT_UINT(s, s->num_data, 1);
        stage_close(s);
    }
}

/* The peer compares each explicit nonce with the record's number as it opens it; of a million, far more than it can
 * remember, nonce and header are compared here: they grow by one together, so none comes twice and none is random. */
static void rl24_explicit_nonce(void)
{
    enum { OPENED = 2000, ALL = 1000000 };
    for (size_t suite = 0; suite < 2; suite++) {
        stage_options o = with_role((int)suite);
        uint8_t       out[100], number[8] = {0, 1}; /* epoch, sequence number */
        o.suite = suites[suite];
        stage *s = connected_stage(o);
        for (uint64_t i = 0; i < OPENED; i++) {
            app_send(s, bytes_of("x", 1));
            EXPECT(s, heard_new(s, 0)->seq == i + 1);
        }
        for (uint64_t i = OPENED; i < ALL; i++) {
            size_t len = 0;
            EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now) == FPL_OK);
            for (size_t n = 0; n < 6; n++) {
                number[2 + n] = (uint8_t)((i + 1) >> (40 - 8 * n));
            }
            EXPECT(s, len > 21 && memcmp(out + 3, number, 8) == 0 && memcmp(out + 13, number, 8) == 0);
        }
        stage_close(s);
    }
}

static void every_bit(stage *s, bytes good)
{
    for (size_t bit = 0; bit < good.len * 8; bit++) {
        bytes bad = bytes_of(good.data, good.len);
        bad.data[bit / 8] = (uint8_t)(bad.data[bit / 8] ^ 1u << bit % 8);
        s->peer.datagram = bad;
        expect_ignored(s);
    }
}

static void rl25_every_bit_of_protected_records(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        for (int role = 0; role < 2; role++) {
            stage_options o = with_role(role);
            o.suite = suites[suite];
            stage *s = stage_open(o);
            /* Finished. */
            hello(s);
            if (role == 0) {
                say_client_key_exchange(s);
                say_ccs(s);
            } else {
                say_rest(s);
                deliver(s);
                say_ccs(s);
            }
            deliver(s);
            say_finished(s);
            bytes finished = take_datagram_of(s);
            every_bit(s, finished);
            deliver_bytes(s, finished);
            expect_connected(s);
            /* Application data and an alert. */
            peer_data(&s->peer, bytes_of("data", 4));
            bytes data = take_datagram_of(s);
            every_bit(s, data);
            deliver_bytes(s, data);
            EXPECT_UINT(s, s->num_data, 1);
            peer_alert(&s->peer, WARNING, CLOSE_NOTIFY);
            bytes alert = take_datagram_of(s);
            every_bit(s, alert);
            EXPECT_UINT(s, s->close_notifies, 0);
            deliver_bytes(s, alert);
            EXPECT_UINT(s, s->close_notifies, 1);
            stage_close(s);
        }
    }
}

static void rl26_degenerate_datagrams(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server_states : client_states;
        bytes              large = bytes_zero(65535);
        RAND_bytes(large.data, large.len);
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            s->peer.datagram = bytes_none();
            expect_ignored(s);
            for (size_t len = 1; len <= 13; len++) {
                s->peer.datagram = bytes_zero(len);
                expect_dropped(s);
                s->peer.datagram = bytes_of(large.data, len);
                expect_dropped(s);
            }
            s->peer.datagram = large;
            expect_dropped(s);
            /* A record without a body, of each type. */
            for (unsigned type = ALERT; type <= DATA; type++) {
                s->peer.datagram = record_of(type, DTLS12, 0, 900, bytes_none());
                expect_ignored(s);
            }
            stage_close(s);
        }
    }
}

static void rl26_degenerate_datagrams_at_the_door(void)
{
    stage *s = stage_open((stage_options){.door = true});
    bytes  large = bytes_zero(65535);
    RAND_bytes(large.data, large.len);
    for (size_t len = 0; len <= 40; len++) {
        deliver_bytes(s, bytes_of(large.data, len));
        expect_quiet(s);
        deliver_bytes(s, bytes_zero(len));
        expect_quiet(s);
    }
    deliver_bytes(s, large);
    expect_quiet(s);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish(s);
}

SCENARIOS(rl_scenarios, PLAYS(rl01_replay), PLAYS(rl02_window_edge), PLAYS(rl03_forgery_moves_no_window),
          PLAYS(rl05_next_epoch_flood), PLAYS(rl05_held_data), PLAYS(rl06_absurd_epochs), PLAYS(rl09_record_numbers_run_out),
          PLAYS(rl16_length_beyond_datagram), PLAYS(rl17_one_bad_among_good), PLAYS(rl18_first_byte), PLAYS(rl19_oversize),
          PLAYS(rl20_shorter_than_nonce_and_tag), PLAYS(rl20_empty_plaintext), PLAYS(rl22_record_versions),
          PLAYS(rl23_header_tampering), PLAYS(rl24_explicit_nonce), PLAYS(rl25_every_bit_of_protected_records),
          PLAYS(rl26_degenerate_datagrams), PLAYS(rl26_degenerate_datagrams_at_the_door));
