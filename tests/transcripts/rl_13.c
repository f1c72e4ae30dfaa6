/* Group RL of the security catalogue in DTLS 1.3: the record layer. */
#include <openssl/rand.h>
#include <string.h>

#include "common/rng.h"
#include "engine/conn.h"
#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};

static const unsigned forms[] = {UNIFIED, UNIFIED | UNIFIED_LONG, UNIFIED | UNIFIED_LENGTH, UNIFIED_USUAL};

/* Puts application data sealed under any number into the peer's datagram. */
static void data_at(stage *s, uint64_t seq, const char *text)
{
    bytes_append(&s->peer.datagram, peer13_sealed_at(&s->peer13, DATA, s->peer13.epoch, seq, bytes_of(text, strlen(text))));
}

/* A record of any inner plaintext. */
static bytes raw(stage *s, unsigned form, uint64_t seq, bytes inner)
{
    const epoch13 *e = &s->peer13.ours[s->peer13.epoch % PEER13_EPOCHS];
    return crypto13_seal(s->peer.suite, &e->keys, form, e->number, seq, inner);
}

static void rl01_13_replay(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        peer13_data(&s->peer13, bytes_of("once", 4));
        bytes datagram = take_said(s);
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

/* Records of the handshake too: a record that comes twice is not even acknowledged twice. */
static void rl01_13_replay_of_handshake_records(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.auth = FPL_CLIENT_AUTH_REQUIRED;
        stage *s = stage_open(o);
        hello13(s);
        bytes records[6];
        size_t num = 0;
        while (!has_said13(&s->peer13, FINISHED)) {
            say13_next(s);
            records[num] = take_said(s);
            deliver_bytes(s, records[num++]);
        }
        expect_connected(s);
        for (size_t i = 0; i < num; i++) {
            uint64_t replayed = stats_of(s).dropped_replayed;
            for (int n = 0; n < 10; n++) {
                deliver_bytes(s, records[i]);
                expect_quiet(s);
            }
            EXPECT(s, (role == 1 && i == 0) || stats_of(s).dropped_replayed == replayed + 10);
        }
        stage_close(s);
    }
}

static void rl02_13_window_edge(void)
{
    stage         *s = connected13(role13(0));
    const uint64_t top = 500;
    data_at(s, top, "a");
    deliver(s);
    EXPECT_UINT(s, s->num_data, 1);
    data_at(s, top - 64, "b");
    expect_dropped(s);
    data_at(s, top - 63, "c");
    bytes edge = take_said(s);
    deliver_bytes(s, edge);
    EXPECT_UINT(s, s->num_data, 2);
    deliver_bytes(s, edge);
    EXPECT_UINT(s, s->num_data, 2);
    EXPECT_UINT(s, stats_of(s).dropped_replayed, 2);
    for (uint64_t seq = top - 62; seq < top; seq++) {
        data_at(s, seq, "d");
        deliver(s);
    }
    EXPECT_UINT(s, s->num_data, 64);
}

static void rl03_13_forgery_moves_no_window(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        /* What the mask makes of the number is anybody's guess, so many are tried. */
        for (unsigned i = 0; i < 500; i++) {
            bytes junk = bytes_zero(60);
            RAND_bytes(junk.data, junk.len);
            junk.data[0] = UNIFIED_USUAL | 3;
            bytes_put_uint(&junk, 3, 2, 55);
            fpl_stats before = stats_of(s);
            s->peer.datagram = junk;
            expect_dropped(s);
            EXPECT_UINT(s, stats_of(s).dropped_forged, before.dropped_forged + 1);
        }
        expect_talk(s);
        stage_close(s);
        s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        for (unsigned epoch = 1; epoch < 4; epoch++) {
            bytes junk = bytes_zero(60);
            RAND_bytes(junk.data, junk.len);
            junk.data[0] = (uint8_t)(UNIFIED_USUAL | epoch);
            bytes_put_uint(&junk, 3, 2, 55);
            deliver_bytes(s, junk);
            EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        }
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* The peer renews its keys: it says KeyUpdate, hears the ACK and goes on in the next epoch. */
static void renew(stage *s)
{
    peer13 *q = &s->peer13;
    peer13_say(q, KEY_UPDATE, peer13_key_update(false));
    number13 number = q->said[q->num_said - 1].record;
    deliver(s);
    bool acked = false;
    for (size_t i = 0; i < num_heard(s); i++) {
        acked = acked || ack_names(heard_new(s, i), number);
    }
    EXPECT(s, acked && !s->failed);
    peer13_next_keys(q);
}

static void rl04_13_window_of_each_epoch(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        data_at(s, 50, "old");
        deliver(s);
        data_at(s, 40, "late");
        bytes late = take_said(s);
        s->peer13.ours[3].seq = 60;
        renew(s);
        data_at(s, 0, "new");
        bytes fresh = take_said(s);
        deliver_bytes(s, fresh);
        EXPECT_UINT(s, s->num_data, 2);
        deliver_bytes(s, late);
        EXPECT_UINT(s, s->num_data, 3);
        deliver_bytes(s, late);
        deliver_bytes(s, fresh);
        EXPECT_UINT(s, s->num_data, 3);
        EXPECT_UINT(s, stats_of(s).dropped_replayed, 2);
        s->peer13.ours[4].seq = 1;
        s->num_data = 0;
        expect_talk(s);
        stage_close(s);
    }
}

static void rl06_13_absurd_epochs(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
            for (unsigned type = CCS; type <= ACK; type++) {
                static const unsigned epochs[] = {1, 2, 3, 4, 5, 255, 256, 65535};
                for (size_t e = 0; e < sizeof epochs / sizeof epochs[0]; e++) {
                    bytes_append(&s->peer.datagram, record_of(type, DTLS12, epochs[e], 7, bytes_zero(50)));
                    if (e == 0 && strcmp(states[i], "WAIT_CH") == 0) {
                        expect_ignored(s); /* held: it could be one of DTLS 1.2 */
                    } else {
                        expect_dropped(s);
                    }
                }
            }
            for (unsigned bits = 0; bits < 4; bits++) {
                bytes record = bytes_hex("2c 0000 0032");
                bytes_append(&record, bytes_zero(50));
                record.data[0] = (uint8_t)(record.data[0] | bits);
                deliver_bytes(s, record); /* held, if it could be of the next epoch */
                EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
                expect_state(s, states[i]);
            }
            EXPECT_UINT(s, s->num_data, 0);
            stage_close(s);
        }
    }
}

static void rl07_13_low_bits_of_the_epoch(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        data_at(s, 100, "of epoch 3");
        bytes old = take_said(s); /* never arrived */
        for (int i = 0; i < 4; i++) {
            renew(s);
            peer13_data(&s->peer13, bytes_of("x", 1));
            deliver(s);
            advance(s, 3000); /* limit old_read_keys */
        }
        EXPECT_UINT(s, s->peer13.epoch, 7);
        s->num_data = 0;
        uint64_t forged = stats_of(s).dropped_forged;
        s->peer.datagram = old;
        expect_dropped(s);
        EXPECT_UINT(s, stats_of(s).dropped_forged, forged + 1);
        expect_talk(s);
        stage_close(s);
    }
}

static size_t span_of(unsigned form)
{
    return (form & UNIFIED_LONG) != 0 ? 65536 : 256;
}

/* Each eight records in an order of their own, one in five of them lost. */
static void say_shuffled(stage *s, unsigned form, uint64_t end)
{
    rng    r = rng_of(form);
    size_t num = 0;
    for (uint64_t seq = 1; seq < end; seq += 8) {
        uint64_t turn = rng_below(&r, 8);
        for (uint64_t n = 0; n < 8; n++) {
            if (!rng_percent(&r, 20)) {
                deliver_bytes(s, raw(s, form, seq + ((3 * n) ^ turn) % 8, bytes_of("x\x17", 2)));
                num++;
            }
        }
    }
    EXPECT_UINT(s, s->num_data, num);
    EXPECT_UINT(s, stats_of(s).dropped_forged, 0);
}

/* The longest gap that a cut number can tell of is half of all such numbers. What comes after a longer one is taken for another
 * record, which it is not: it is dropped, and the next one that is near enough counts. Returns the number expected then. */
static uint64_t jump(stage *s, unsigned form, uint64_t next)
{
    const uint64_t half = span_of(form) / 2, unseen[] = {half + 1, span_of(form) - 1, span_of(form) == 256 ? 600 : 70000};
    uint64_t       forged = stats_of(s).dropped_forged;
    for (size_t i = 0; i < 3; i++) {
        s->peer.datagram = raw(s, form, next + unseen[i], bytes_of("far\x17", 4));
        expect_dropped(s);
        EXPECT_UINT(s, stats_of(s).dropped_forged, forged + i + 1);
    }
    size_t before = s->num_data;
    deliver_bytes(s, raw(s, form, next + half, bytes_of("near\x17", 5)));
    EXPECT_UINT(s, s->num_data, before + 1);
    deliver_bytes(s, raw(s, form, next + half - 63, bytes_of("back\x17", 5))); /* in the window */
    EXPECT_UINT(s, s->num_data, before + 2);
    return next + half + 1;
}

/* The number on the wire is cut to 16 or 8 bits; what protects the record is the whole of it. */
static void rl08_13_cut_numbers(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t f = 0; f < 4; f++) {
            uint64_t end = span_of(forms[f]) == 256 ? 601 : 70001;
            stage   *s = connected13(role13(role));
            say_shuffled(s, forms[f], end);
            for (int i = 0; i < 5; i++) {
                end = jump(s, forms[f], end);
            }
            s->num_data = 0;
            s->peer13.ours[3].seq = end;
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void rl08_13_our_numbers_beyond_16_bits(void)
{
    stage  *s = connected13(role13(0));
    uint8_t out[100];
    size_t  len;
    for (unsigned i = 0; i < 70000; i++) {
        EXPECT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now) == FPL_OK);
        if (i % 9999 == 0 || (i > 65500 && i < 65600)) {
            peer13_hear(&s->peer13, out, len, s->now);
            const heard *h = &s->peer.heard[s->peer.num_heard - 1];
            EXPECT(s, h->opened && h->record == DATA && h->body.len == 1);
        }
    }
    EXPECT(s, s->peer.complaint[0] == '\0');
    EXPECT(s, s->peer.heard[s->peer.num_heard - 1].seq > 65540);
}

/* ChaCha20, whose records have no limit of their own below 2^48. */
static void rl09_13_record_numbers_run_out(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.suite = CHACHA20_13;
        stage         *s = connected13(o);
        uint8_t        out[100];
        size_t         len;
        fpl_result     result = FPL_OK;
        unsigned       sent = 0;
        const uint64_t most = (UINT64_C(1) << 48) - 1; /* limit seal_records */
        /* As if so many had been sent. */
        s->conn->keys13->write[0].next_seq = most - 200;
        s->peer13.theirs[3].seq = most - 200;
        while (sent < 300 &&
               (result = fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now)) == FPL_OK) {
            peer13_hear(&s->peer13, out, len, s->now);
            sent++;
        }
        EXPECT_UINT(s, sent, 200 - 16); /* limit seal_reserve */
        EXPECT_UINT(s, result, FPL_CLOSED);
        const heard *last = &s->peer.heard[s->peer.num_heard - 1];
        EXPECT(s, last->record == DATA && last->epoch == 3 && last->seq == most - 17);
        forget(s);
        poll(s);
        EXPECT_UINT(s, num_heard(s), 1);
        last = heard_new(s, 0);
        EXPECT(s, last->record == ALERT && last->type == CLOSE_NOTIFY && last->epoch == 3 && last->seq == most - 16);
        EXPECT(s, fpl_conn_is_closed(s->conn) && s->peer.complaint[0] == '\0');
        EXPECT_UINT(s, fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now), FPL_CLOSED);
        stage_close(s);
    }
}

static void few_records(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, 1024);
}

/* A KeyUpdate goes out before the limit, by itself; without an ACK there are no new keys, and at the limit it ends. */
static void rl10_13_confidentiality_limit(void)
{
    for (int role = 0; role < 2; role++) {
        for (int answered = 0; answered < 2; answered++) {
            stage_options o = role13(role);
            o.configure = few_records;
            stage     *s = connected13(o);
            uint8_t    out[100];
            size_t     len;
            unsigned   sent = 0;
            fpl_result result = FPL_OK;
            forget(s);
            while (sent < 5000 &&
                   (result = fpl_conn_send(s->conn, (const uint8_t *)"x", 1, out, sizeof out, &len, s->now)) == FPL_OK) {
                peer13_hear(&s->peer13, out, len, s->now);
                sent++;
                poll(s);
                if (answered == 1 && num_heard_messages(s, KEY_UPDATE) > 0) {
                    (void)peer13_ack_heard(&s->peer13);
                    deliver(s);
                    forget(s);
                }
            }
            if (answered == 1) {
                EXPECT_UINT(s, sent, 5000);
                EXPECT(s, s->peer13.updates >= 5);
                EXPECT(s, !s->peer13.update_requested);
                expect_talk(s);
            } else {
                EXPECT(s, sent < 1024 && sent > 900 && result == FPL_CLOSED);
                EXPECT_UINT(s, s->peer13.updates, 1);
                poll(s);
                EXPECT(s, s->peer.heard[s->peer.num_heard - 1].record == ALERT && fpl_conn_is_closed(s->conn));
            }
            EXPECT(s, s->peer.complaint[0] == '\0');
            stage_close(s);
        }
    }
}

/* The limit of AES-GCM (RFC 9147 section 4.5.3) stands whatever the setting says; ChaCha20 has none below 2^48. */
static void rl10_13_limit_of_the_aead(void)
{
    for (size_t i = 0; i < 3; i++) {
        stage_options o = role13(0);
        o.suite = suites[i];
        stage         *s = connected13(o);
        const uint64_t limit = 23726566, soon = limit - 1048576;
        s->conn->keys13->write[0].next_seq = soon - 5;
        s->peer13.theirs[3].seq = soon - 5;
        for (int n = 0; n < 10; n++) {
            app_send(s, bytes_of("x", 1));
        }
        EXPECT_UINT(s, s->peer13.updates, suites[i] == CHACHA20_13 ? 0 : 1);
        stage_close(s);
    }
}

static void few_forgeries(fpl_config *config)
{
    (void)fpl_config_set(config, FPL_SETTING_FORGERIES, 40);
}

/* Before the limit the peer is asked for new keys, under which counting begins anew; at the limit it ends. */
static void rl11_13_forgery_limit(void)
{
    for (int role = 0; role < 2; role++) {
        for (int renewed = 0; renewed < 2; renewed++) {
            stage_options o = role13(role);
            o.configure = few_forgeries;
            stage   *s = connected13(o);
            unsigned forged = 0;
            for (; forged < 39; forged++) {
                bytes junk = bytes_hex("2f 0000 0032");
                bytes_append(&junk, bytes_zero(50));
                junk.data[7] = (uint8_t)forged;
                deliver_bytes(s, junk);
                EXPECT(s, !s->failed);
                if (s->peer13.updates == 1 && renewed == 1) {
                    break;
                }
            }
            EXPECT_UINT(s, s->peer13.updates, 1);
            EXPECT(s, s->peer13.update_requested);
            if (renewed == 1) {
                (void)peer13_ack_heard(&s->peer13);
                renew(s);
                peer13_data(&s->peer13, bytes_of("x", 1));
                deliver(s);
                s->num_data = 0;
                expect_talk(s);
                for (unsigned i = 0; i < 15; i++) { /* fewer than ask for yet another update */
                    bytes junk = bytes_hex("2c 0000 0032");
                    bytes_append(&junk, bytes_zero(50));
                    junk.data[7] = (uint8_t)i;
                    deliver_bytes(s, junk);
                    EXPECT(s, !s->failed);
                }
                s->num_data = 0;
                expect_talk(s);
            } else {
                bytes junk = bytes_hex("2f 0000 0032");
                bytes_append(&junk, bytes_zero(50));
                deliver_bytes(s, junk);
                expect_alert(s, BAD_RECORD_MAC);
            }
            stage_close(s);
        }
    }
}

/* An update of ours waits for its ACK when the peer's keys have to be renewed: it is asked as soon as that has come. */
static void rl11_13_forgeries_while_an_update_waits(void)
{
    for (int role = 0; role < 2; role++) {
        stage_options o = role13(role);
        o.configure = few_forgeries;
        stage *s = connected13(o);
        /* The first asks the peer; its answer makes one of ours, without a question, and that one waits. */
        peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(true));
        deliver(s);
        peer13_next_keys(&s->peer13);
        EXPECT(s, s->peer13.updates == 1 && !s->peer13.update_requested);
        for (unsigned i = 0; i < 36; i++) {
            bytes junk = bytes_hex("2c 0000 0032");
            bytes_append(&junk, bytes_zero(50));
            junk.data[7] = (uint8_t)i;
            deliver_bytes(s, junk);
            EXPECT(s, !s->failed);
        }
        (void)peer13_ack_heard(&s->peer13);
        deliver(s);
        for (unsigned i = 36; i < 39 && s->peer13.updates < 2; i++) {
            bytes junk = bytes_hex("2c 0000 0032");
            bytes_append(&junk, bytes_zero(50));
            junk.data[7] = (uint8_t)i;
            deliver_bytes(s, junk);
        }
        EXPECT(s, !s->failed && s->peer13.updates == 2 && s->peer13.update_requested);
        stage_close(s);
    }
}

static void rl12_13_shorter_than_the_mask_needs(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t suite = 0; suite < 3; suite++) {
            stage_options o = role13(role);
            o.suite = suites[suite];
            stage *s = connected13(o);
            for (size_t f = 0; f < 4; f++) {
                for (size_t len = 0; len < 17; len++) {
                    bytes record = bytes_none();
                    bytes_u8(&record, forms[f] | 3);
                    bytes_append(&record, bytes_zero((forms[f] & UNIFIED_LONG) != 0 ? 2 : 1));
                    if ((forms[f] & UNIFIED_LENGTH) != 0) {
                        bytes_u16(&record, (unsigned)len);
                    }
                    bytes_append(&record, bytes_zero(len));
                    s->peer.datagram = record;
                    expect_dropped(s);
                }
            }
            expect_talk(s);
            stage_close(s);
        }
    }
}

static void rl13_13_truncated_header(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (unsigned bits = 0; bits < 8; bits++) {
            bytes whole = raw(s, UNIFIED | bits << 2, 90 + bits, bytes_of("x\x17", 2));
            for (size_t len = 1; len < 6; len++) {
                s->peer.datagram = bytes_of(whole.data, len);
                expect_dropped(s);
            }
        }
        expect_talk(s);
        stage_close(s);
    }
}

static void rl14_13_connection_id_bit(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (size_t f = 0; f < 4; f++) {
            for (size_t id = 0; id < 20; id++) {
                bytes record = raw(s, forms[f] | UNIFIED_CID, 90, bytes_of("data\x17", 5));
                bytes_insert(&record, 1, bytes_zero(id));
                /* Where it ends cannot be known, so what follows is lost with it. */
                peer13_data(&s->peer13, bytes_of("x", 1));
                bytes_append(&record, take_said(s));
                s->peer.datagram = record;
                expect_dropped(s);
            }
        }
        expect_talk(s);
        stage_close(s);
    }
}

static void rl15_13_record_without_length(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t f = 0; f < 2; f++) {
            stage *s = connected13(role13(role));
            deliver_bytes(s, raw(s, forms[f], 10, bytes_of("alone\x17", 6)));
            EXPECT(s, s->num_data == 1 && bytes_equal(s->data[0], bytes_of("alone", 5)));
            /* Behind one with a length it is fine too, in front of another record it swallows that. */
            bytes pair = raw(s, UNIFIED_USUAL, 11, bytes_of("a\x17", 2));
            bytes_append(&pair, raw(s, forms[f], 12, bytes_of("b\x17", 2)));
            deliver_bytes(s, pair);
            EXPECT_UINT(s, s->num_data, 3);
            pair = raw(s, forms[f], 13, bytes_of("c\x17", 2));
            bytes_append(&pair, raw(s, UNIFIED_USUAL, 14, bytes_of("d\x17", 2)));
            s->peer.datagram = pair;
            expect_dropped(s);
            EXPECT_UINT(s, stats_of(s).dropped_forged, 1);
            stage_close(s);
        }
    }
}

static void rl16_13_length_beyond_datagram(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t place = 0; place < 3; place++) {
            for (int far = 0; far < 2; far++) {
                stage *s = connected13(role13(role));
                bytes  datagram = bytes_none();
                for (size_t n = 0; n < 3; n++) {
                    peer13_data(&s->peer13, bytes_of("data", 4));
                    bytes record = take_said(s);
                    if (n == place) {
                        size_t rest = (2 - n) * record.len + record.len - 5;
                        bytes_put_uint(&record, 3, 2, far == 0 ? rest + 1 : 0xffff);
                    }
                    bytes_append(&datagram, record);
                }
                deliver_bytes(s, datagram);
                expect_quiet(s);
                EXPECT_UINT(s, s->num_data, place);
                s->num_data = 0;
                expect_talk(s);
                stage_close(s);
            }
        }
    }
}

static void rl17_13_one_bad_among_good(void)
{
    for (int role = 0; role < 2; role++) {
        for (size_t suite = 0; suite < 3; suite++) {
            stage_options o = role13(role);
            o.suite = suites[suite];
            stage *s = connected13(o);
            bytes  datagram = bytes_none();
            for (int n = 0; n < 5; n++) {
                peer13_data(&s->peer13, bytes_of(n == 0 ? "first" : "other", 5));
                bytes record = take_said(s);
                if (n == 1) {
                    record.data[record.len - 1] ^= 1;
                } else if (n == 3) {
                    record = record_of(DATA, DTLS12, 0, 3, bytes_of("clear", 5));
                }
                bytes_append(&datagram, record);
            }
            deliver_bytes(s, datagram);
            expect_quiet(s);
            EXPECT_UINT(s, s->num_data, 3);
            EXPECT_UINT(s, stats_of(s).dropped_forged, 1);
            stage_close(s);
        }
    }
}

static void rl18_13_first_byte(void)
{
    static const char *const states[] = {"WAIT_SH", "WAIT_EE", "WAIT_FINISHED", "CONNECTED"};
    for (size_t i = 0; i < 4; i++) {
        stage *s = stage13_at(FPL_ROLE_CLIENT, states[i]);
        for (unsigned first = 0; first < 256; first++) {
            bytes datagram = bytes_zero(80);
            RAND_bytes(datagram.data, 80);
            datagram.data[0] = (uint8_t)first;
            datagram.data[1] = 0;
            if ((first & 0xe0) == 0x20) {
                continue; /* a record of DTLS 1.3, as far as anybody can see */
            }
            uint64_t forged = stats_of(s).dropped_forged;
            s->peer.datagram = datagram;
            expect_dropped(s);
            EXPECT_UINT(s, stats_of(s).dropped_forged, forged);
        }
        for (unsigned first = 0; first < 256; first++) {
            if ((first >= ALERT && first <= HANDSHAKE) || (first & 0xe0) == 0x20) {
                continue;
            }
            bytes_append(&s->peer.datagram, record_of(first, DTLS12, 0, 3, bytes_zero(40)));
            expect_dropped(s);
        }
    }
}

static void rl19_13_oversize(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        bytes  huge = bytes_hex("2f 0000 4101");
        bytes_append(&huge, bytes_zero(16384 + 257));
        s->peer.datagram = huge;
        expect_dropped(s);
        peer13_data(&s->peer13, bytes_zero(16385));
        uint64_t malformed = stats_of(s).dropped_malformed;
        expect_dropped(s);
        EXPECT_UINT(s, stats_of(s).dropped_malformed, malformed + 1);
        peer13_data(&s->peer13, bytes_zero(16384));
        deliver(s);
        EXPECT_UINT(s, s->num_data, 1);
        EXPECT_UINT(s, s->data[0].len, 16384);
        stage_close(s);
    }
}

static void rl20_13_padding(void)
{
    static const size_t paddings[] = {0, 1, 15, 16, 255, 4000, 16383 - 5};
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
            s->num_data = 0;
            bytes_append(&s->peer.datagram,
                         peer13_sealed(&s->peer13, DATA, 3, UNIFIED_USUAL, paddings[i], bytes_of("data", 4)));
            deliver(s);
            EXPECT(s, s->num_data == 1 && bytes_equal(s->data[0], bytes_of("data", 4)));
        }
        /* Empty application data is legal and no error. */
        s->num_data = 0;
        peer13_data(&s->peer13, bytes_none());
        deliver(s);
        expect_quiet(s);
        EXPECT_UINT(s, s->num_data, 0);
        expect_talk(s);
        stage_close(s);
    }
}

static void rl21_13_nothing_but_zeros(void)
{
    static const size_t lengths[] = {0, 1, 2, 100, 16384};
    for (int role = 0; role < 2; role++) {
        stage *s = connected13(role13(role));
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            s->peer.datagram = raw(s, UNIFIED_USUAL, 20 + i, bytes_zero(lengths[i]));
            expect_dropped(s);
        }
        /* Types that no protected record may have inside. */
        static const uint8_t types[] = {CCS, 24, 25, 27, 99, 255};
        for (size_t i = 0; i < sizeof types; i++) {
            bytes inner = bytes_of("x", 1);
            bytes_u8(&inner, types[i]);
            s->peer.datagram = raw(s, UNIFIED_USUAL, 40 + i, inner);
            expect_dropped(s);
        }
        s->peer13.ours[3].seq = 60;
        expect_talk(s);
        stage_close(s);
    }
}

static void rl22_13_record_versions(void)
{
    static const unsigned good[] = {DTLS12, DTLS10}, wrong[] = {DTLS13, TLS12, 0x0301, 0x0000, 0xffff};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_open(role13(0));
        bytes  body = peer13_client_hello(&s->peer13);
        (void)peer13_note(&s->peer13, CLIENT_HELLO, body);
        for (size_t w = 0; w < sizeof wrong / sizeof wrong[0]; w++) {
            deliver_bytes(s,
                          record_of(HANDSHAKE, wrong[w], 0, 50 + w, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body)));
            expect_quiet(s);
        }
        bytes record = record_of(HANDSHAKE, good[i], 0, 60, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body));
        deliver_bytes(s, record);
        EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 1);
        /* Repeated with another version once it is chosen. */
        record = record_of(HANDSHAKE, DTLS10, 0, 61, peer_fragment_of(CLIENT_HELLO, body.len, 0, 0, body));
        deliver_bytes(s, record);
        EXPECT(s, !s->failed && num_heard_records(s, ALERT) == 0);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void rl23_13_header_tampering(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        for (size_t f = 0; f < 4; f++) {
            stage_options o = role13((int)suite % 2);
            o.suite = suites[suite];
            stage *s = connected13(o);
            bytes  good = raw(s, forms[f], 70, bytes_of("payload\x17", 8));
            size_t header = 1 + ((forms[f] & UNIFIED_LONG) != 0 ? 2u : 1u) + ((forms[f] & UNIFIED_LENGTH) != 0 ? 2u : 0u);
            for (size_t bit = 0; bit < header * 8; bit++) {
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

static void rl25_13_every_bit_of_protected_records(void)
{
    for (size_t suite = 0; suite < 3; suite++) {
        for (int role = 0; role < 2; role++) {
            stage_options o = role13(role);
            o.suite = suites[suite];
            stage *s = connected13(o);
            /* A KeyUpdate, its ACK's counterpart, data and an alert; Finished is below. */
            peer13_data(&s->peer13, bytes_of("data", 4));
            bytes data = take_said(s);
            every_bit(s, data);
            deliver_bytes(s, data);
            EXPECT_UINT(s, s->num_data, 1);
            peer13_ack(&s->peer13, NULL, 0);
            bytes ack = take_said(s);
            every_bit(s, ack);
            peer13_say(&s->peer13, KEY_UPDATE, peer13_key_update(false));
            bytes update = take_said(s);
            every_bit(s, update);
            deliver_bytes(s, update);
            EXPECT_UINT(s, num_heard_records(s, ACK), 1);
            peer13_next_keys(&s->peer13);
            peer13_alert(&s->peer13, WARNING, CLOSE_NOTIFY);
            bytes alert = take_said(s);
            every_bit(s, alert);
            EXPECT_UINT(s, s->close_notifies, 0);
            deliver_bytes(s, alert);
            EXPECT_UINT(s, s->close_notifies, 1);
            stage_close(s);
        }
    }
}

static void rl25_13_every_bit_of_finished(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        say13_finished(s);
        bytes finished = take_said(s);
        for (size_t bit = 0; bit < finished.len * 8; bit++) {
            bytes bad = bytes_of(finished.data, finished.len);
            bad.data[bit / 8] = (uint8_t)(bad.data[bit / 8] ^ 1u << bit % 8);
            deliver_bytes(s, bad); /* in the bits of the epoch it may be held for the next one */
            EXPECT(s, !s->failed && s->connected == 0 && num_heard_records(s, ALERT) == 0);
        }
        deliver_bytes(s, finished);
        expect_connected(s);
        stage_close(s);
    }
}

static void rl26_13_degenerate_datagrams(void)
{
    for (int role = 0; role < 2; role++) {
        const char *const *states = role == 0 ? server13_states : client13_states;
        bytes              large = bytes_zero(65535);
        RAND_bytes(large.data, large.len);
        large.data[0] = 0x99;
        for (size_t i = 0; states[i] != NULL; i++) {
            stage *s = stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, states[i]);
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
            for (unsigned type = CCS; type <= ACK; type++) {
                s->peer.datagram = record_of(type, DTLS12, 0, 900, bytes_none());
                expect_ignored(s);
            }
            stage_close(s);
        }
    }
    stage *s = stage_open((stage_options){.door = true, .dtls13 = true});
    for (size_t len = 0; len <= 60; len++) {
        bytes junk = bytes_zero(len);
        RAND_bytes(junk.data, len);
        if (len > 0) {
            junk.data[0] = (uint8_t)(0x20 | (len & 0x1f));
        }
        deliver_bytes(s, junk);
        expect_quiet(s);
    }
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    finish13(s);
}

SCENARIOS(rl_13_scenarios, PLAYS(rl01_13_replay), PLAYS(rl01_13_replay_of_handshake_records),
          PLAYS(rl02_13_window_edge), PLAYS(rl03_13_forgery_moves_no_window), PLAYS(rl04_13_window_of_each_epoch),
          PLAYS(rl06_13_absurd_epochs), PLAYS(rl07_13_low_bits_of_the_epoch), PLAYS(rl08_13_cut_numbers),
          PLAYS(rl08_13_our_numbers_beyond_16_bits), PLAYS(rl09_13_record_numbers_run_out),
          PLAYS(rl10_13_confidentiality_limit), PLAYS(rl10_13_limit_of_the_aead), PLAYS(rl11_13_forgery_limit),
          PLAYS(rl11_13_forgeries_while_an_update_waits), PLAYS(rl12_13_shorter_than_the_mask_needs),
          PLAYS(rl13_13_truncated_header), PLAYS(rl14_13_connection_id_bit), PLAYS(rl15_13_record_without_length),
          PLAYS(rl16_13_length_beyond_datagram), PLAYS(rl17_13_one_bad_among_good), PLAYS(rl18_13_first_byte),
          PLAYS(rl19_13_oversize), PLAYS(rl20_13_padding), PLAYS(rl21_13_nothing_but_zeros),
          PLAYS(rl22_13_record_versions), PLAYS(rl23_13_header_tampering),
          PLAYS(rl25_13_every_bit_of_protected_records), PLAYS(rl25_13_every_bit_of_finished),
          PLAYS(rl26_13_degenerate_datagrams));
