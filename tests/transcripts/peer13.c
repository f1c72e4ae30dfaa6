#include "transcripts/peer13.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"
#include "transcripts/wire.h"

/* SHA-256 of "HelloRetryRequest", RFC 8446 section 4.1.3. */
const uint8_t hello_retry_random[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

void peer13_init(peer13 *q, peer *p, bool both)
{
    memset(q, 0, sizeof *q);
    q->p = p;
    q->both = both;
    if (p->client) {
        if (both) {
            bytes_u16(&p->suites, AES128_GCM);
        }
        p->extensions = peer13_extensions(q);
    }
}

static bytes cut(bytes b, size_t at, size_t len)
{
    return at + len <= b.len ? bytes_of(b.data + at, len) : bytes_none();
}

static unsigned u16_at(bytes b, size_t at)
{
    return at + 2 <= b.len ? (unsigned)b.data[at] << 8 | b.data[at + 1] : 0;
}

/* The body of extension `type`, or false. */
static bool extension_of(bytes block, unsigned type, bytes *body)
{
    for (size_t at = 0; at + 4 <= block.len; at += 4 + u16_at(block, at + 2)) {
        if (u16_at(block, at) == type) {
            *body = cut(block, at + 4, u16_at(block, at + 2));
            return true;
        }
    }
    return false;
}

static bool is_retry(unsigned type, bytes body)
{
    return type == SERVER_HELLO && body.len >= 34 && memcmp(body.data + 2, hello_retry_random, 32) == 0;
}

/* ----- messages ------------------------------------------------------------------------------------------------- */

bytes peer13_share(bool of_client, unsigned group, bytes share)
{
    bytes entry = bytes_none(), body = bytes_none();
    bytes_u16(&entry, group);
    bytes_vector(&entry, 2, share);
    if (!of_client) {
        return entry;
    }
    bytes_vector(&body, 2, entry);
    return body;
}

bytes peer13_extensions(const peer13 *q)
{
    const peer *p = q->p;
    bytes       block = bytes_none(), groups = bytes_none();
    if (!p->client) {
        ext_add(&block, EXT_SUPPORTED_VERSIONS, bytes_hex("fefc"));
        ext_add(&block, EXT_KEY_SHARE, peer13_share(false, p->group, p->share.public));
        return block;
    }
    bytes_u16(&groups, 2);
    bytes_u16(&groups, p->group);
    ext_add(&block, EXT_SUPPORTED_VERSIONS, q->both ? bytes_hex("04 fefc fefd") : bytes_hex("02 fefc"));
    ext_add(&block, EXT_GROUPS, groups);
    ext_add(&block, EXT_SCHEMES, bytes_hex("0004 0403 0503"));
    if (q->both) {
        ext_add(&block, EXT_POINT_FORMATS, bytes_hex("0100"));
        ext_add(&block, EXT_EMS, bytes_none());
        ext_add(&block, EXT_RENEGOTIATION, bytes_hex("00"));
    }
    ext_add(&block, EXT_KEY_SHARE, peer13_share(true, p->group, p->share.public));
    return block;
}

bytes peer13_client_hello(const peer13 *q)
{
    return peer_client_hello(q->p);
}

static bytes hello_of_server(const peer *p, const uint8_t random[32], bytes extensions)
{
    bytes b = bytes_none();
    bytes_u16(&b, p->hello_version);
    bytes_add(&b, random, 32);
    bytes_vector(&b, 1, p->session_id);
    bytes_u16(&b, p->suite);
    bytes_u8(&b, 0);
    bytes_vector(&b, 2, extensions);
    return b;
}

bytes peer13_server_hello(const peer13 *q)
{
    const peer *p = q->p;
    return hello_of_server(p, p->server_random.data, p->extensions.len > 0 ? p->extensions : peer13_extensions(q));
}

bytes peer13_hello_retry(const peer13 *q, unsigned group, bytes cookie)
{
    bytes block = bytes_none(), demand = bytes_none(), token = bytes_none();
    ext_add(&block, EXT_SUPPORTED_VERSIONS, bytes_hex("fefc"));
    if (group != 0) {
        bytes_u16(&demand, group);
        ext_add(&block, EXT_KEY_SHARE, demand);
    }
    if (cookie.len > 0) {
        bytes_vector(&token, 2, cookie);
        ext_add(&block, EXT_COOKIE, token);
    }
    return hello_of_server(q->p, hello_retry_random, block);
}

bytes peer13_encrypted_extensions(const peer13 *q)
{
    bytes b = bytes_none();
    bytes_vector(&b, 2, q->extensions);
    return b;
}

bytes peer13_certificate_request(const peer13 *q)
{
    bytes b = bytes_none(), block = bytes_none();
    ext_add(&block, EXT_SCHEMES, bytes_hex("0004 0403 0503"));
    bytes_vector(&b, 1, q->context);
    bytes_vector(&b, 2, block);
    return b;
}

bytes peer13_certificate_list(bytes context, const bytes *certificates, size_t num)
{
    bytes list = bytes_none(), b = bytes_none();
    for (size_t i = 0; i < num; i++) {
        bytes_vector(&list, 3, certificates[i]);
        bytes_u16(&list, 0);
    }
    bytes_vector(&b, 1, context);
    bytes_vector(&b, 3, list);
    return b;
}

bytes peer13_certificate(const peer13 *q)
{
    const credential *c = q->p->credential;
    bytes             leaf;
    if (c == NULL) {
        return peer13_certificate_list(bytes_none(), NULL, 0);
    }
    leaf = bytes_of(c->made.certificate, c->made.certificate_len);
    return peer13_certificate_list(bytes_none(), &leaf, 1);
}

bytes peer13_certificate_verify(const peer13 *q)
{
    const peer *p = q->p;
    return peer_signature(p->scheme, crypto_sign(p->credential->key, p->scheme,
                                                 crypto13_proof_input(p->suite, p->client, q->transcript)));
}

bytes peer13_finished(const peer13 *q)
{
    return crypto13_verify_data(q->p->suite, q->p->client ? q->client_handshake : q->server_handshake, q->transcript);
}

bytes peer13_key_update(bool requested)
{
    return bytes_hex(requested ? "01" : "00");
}

bytes peer13_ticket(size_t len)
{
    bytes b = bytes_hex("00000e10 01020304");
    bytes_vector(&b, 1, bytes_hex("00"));
    bytes_vector(&b, 2, bytes_zero(len));
    bytes_u16(&b, 0);
    return b;
}

/* ----- keys ------------------------------------------------------------------------------------------------------ */

static void open_epoch(const peer13 *q, epoch13 *epochs, unsigned number, bytes secret)
{
    epoch13 *e = &epochs[number % PEER13_EPOCHS];
    memset(e, 0, sizeof *e);
    e->there = true;
    e->number = number;
    e->secret = secret;
    e->keys = crypto13_keys_of(q->p->suite, secret);
}

static epoch13 *epoch_of(epoch13 *epochs, unsigned number)
{
    epoch13 *e = &epochs[number % PEER13_EPOCHS];
    return e->there && e->number == number ? e : NULL;
}

static void open_both(peer13 *q, unsigned number, bytes of_client, bytes of_server)
{
    open_epoch(q, q->ours, number, q->p->client ? of_client : of_server);
    open_epoch(q, q->theirs, number, q->p->client ? of_server : of_client);
    q->newest = number;
}

void peer13_agree(peer13 *q)
{
    peer    *p = q->p;
    unsigned suite = p->suite;
    bytes    none = bytes_none(), shared = bytes_none();
    bytes    zeros = bytes_zero(crypto_hash(suite, none).len);
    bytes    early = crypto13_extract(suite, zeros, zeros);
    if (!crypto_agree(&p->share, p->their_share, &shared)) {
        peer_complain(p, "the key share does not fit");
        return;
    }
    q->handshake_secret = crypto13_extract(suite, crypto13_derive(suite, early, "derived", none), shared);
    q->client_handshake = crypto13_derive(suite, q->handshake_secret, "c hs traffic", q->transcript);
    q->server_handshake = crypto13_derive(suite, q->handshake_secret, "s hs traffic", q->transcript);
    q->master_secret = crypto13_extract(suite, crypto13_derive(suite, q->handshake_secret, "derived", none), zeros);
    open_both(q, 2, q->client_handshake, q->server_handshake);
    p->ready = true;
}

void peer13_agree_traffic(peer13 *q)
{
    unsigned suite = q->p->suite;
    q->client_traffic = crypto13_derive(suite, q->master_secret, "c ap traffic", q->transcript);
    q->server_traffic = crypto13_derive(suite, q->master_secret, "s ap traffic", q->transcript);
    q->exporter_secret = crypto13_derive(suite, q->master_secret, "exp master", q->transcript);
    open_both(q, 3, q->client_traffic, q->server_traffic);
}

static bytes next_secret(const peer13 *q, bytes secret)
{
    return crypto13_expand(q->p->suite, secret, "traffic upd", bytes_none(), secret.len);
}

void peer13_next_keys(peer13 *q)
{
    const epoch13 *now = epoch_of(q->ours, q->epoch);
    if (now == NULL) {
        abort();
    }
    open_epoch(q, q->ours, q->epoch + 1, next_secret(q, now->secret));
    q->epoch++;
}

/* ----- saying ---------------------------------------------------------------------------------------------------- */

static bytes inner_of(unsigned type, size_t padding, bytes body)
{
    bytes inner = bytes_of(body.data, body.len);
    bytes_u8(&inner, type);
    bytes_append(&inner, bytes_zero(padding));
    return inner;
}

static void note_sent(peer13 *q, unsigned type, unsigned epoch, uint64_t seq)
{
    if (type == HANDSHAKE) {
        number13 number = {epoch, seq};
        bytes_add(&q->sent, &number, sizeof number);
        if (q->num_said > 0) {
            q->said[q->num_said - 1].record = number;
        }
    }
}

static bytes seal(peer13 *q, unsigned type, unsigned epoch, unsigned form, uint64_t seq, size_t padding, bytes body)
{
    const epoch13 *e = epoch_of(q->ours, epoch);
    note_sent(q, type, epoch, seq);
    if (epoch == 0) {
        return record_of(type, DTLS12, 0, seq, body);
    }
    if (e == NULL) {
        abort();
    }
    return crypto13_seal(q->p->suite, &e->keys, form, epoch, seq, inner_of(type, padding, body));
}

bytes peer13_sealed(peer13 *q, unsigned type, unsigned epoch, unsigned form, size_t padding, bytes body)
{
    uint64_t *next = epoch == 0 ? &q->p->seq[0] : &q->ours[epoch % PEER13_EPOCHS].seq;
    return seal(q, type, epoch, form, (*next)++, padding, body);
}

bytes peer13_sealed_at(peer13 *q, unsigned type, unsigned epoch, uint64_t seq, bytes body)
{
    return seal(q, type, epoch, UNIFIED_USUAL, seq, 0, body);
}

void peer13_record(peer13 *q, unsigned type, bytes body)
{
    bytes_append(&q->p->datagram, peer13_sealed(q, type, q->epoch, UNIFIED_USUAL, 0, body));
}

void peer13_fragment(peer13 *q, unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body)
{
    peer13_record(q, HANDSHAKE, peer_fragment_of(type, total, msg_seq, offset, body));
}

static void enter(peer13 *q, unsigned type, bytes body)
{
    if (type == KEY_UPDATE || type == NEW_SESSION_TICKET || q->epoch > 2) {
        return;
    }
    if (is_retry(type, body)) {
        bytes hash = crypto_hash(q->p->suite, q->transcript);
        q->transcript = bytes_none();
        bytes_u8(&q->transcript, MESSAGE_HASH);
        bytes_vector(&q->transcript, 3, hash);
    }
    bytes_u8(&q->transcript, type);
    bytes_vector(&q->transcript, 3, body);
}

static bytes share_of(bytes shares, unsigned group)
{
    for (size_t at = 0; at + 4 <= shares.len; at += 4 + u16_at(shares, at + 2)) {
        if (u16_at(shares, at) == group) {
            return cut(shares, at + 4, u16_at(shares, at + 2));
        }
    }
    return bytes_none();
}

unsigned peer13_note(peer13 *q, unsigned type, bytes body)
{
    peer   *p = q->p;
    said13  spare;
    said13 *s = q->num_said < PEER13_SAID ? &q->said[q->num_said++] : &spare;
    memset(s, 0, sizeof *s);
    s->type = type;
    s->epoch = q->epoch;
    s->msg_seq = p->msg_seq++;
    s->body = bytes_of(body.data, body.len);
    enter(q, type, body);
    if (type == SERVER_HELLO && !p->client && !is_retry(type, body) && !p->ready) {
        p->their_share = share_of(q->shares, p->group);
        peer13_agree(q);
    }
    if (type == FINISHED && !p->client && q->epoch == 2) {
        peer13_agree_traffic(q);
    }
    return s->msg_seq;
}

void peer13_moves(peer13 *q, unsigned type)
{
    if (type == SERVER_HELLO && !q->p->client && q->p->ready && q->epoch == 0) {
        q->epoch = 2;
    }
    if (type == FINISHED && q->epoch == 2) {
        q->epoch = 3;
    }
}

void peer13_say(peer13 *q, unsigned type, bytes body)
{
    unsigned seq = peer13_note(q, type, body);
    peer13_fragment(q, type, body.len, seq, 0, body);
    peer13_moves(q, type);
}

void peer13_say_pieces(peer13 *q, unsigned type, bytes body, size_t size)
{
    unsigned seq = peer13_note(q, type, body);
    for (size_t at = 0; at < body.len; at += size) {
        size_t len = body.len - at < size ? body.len - at : size;
        peer13_fragment(q, type, body.len, seq, at, bytes_of(body.data + at, len));
    }
    peer13_moves(q, type);
}

void peer13_say_again(peer13 *q, size_t first)
{
    unsigned present = q->epoch;
    size_t   num = q->num_said;
    for (size_t i = first; i < num; i++) {
        q->epoch = q->said[i].epoch;
        q->num_said = i + 1; /* its record is noted there */
        peer13_fragment(q, q->said[i].type, q->said[i].body.len, q->said[i].msg_seq, 0, q->said[i].body);
    }
    q->num_said = num;
    q->epoch = present;
}

void peer13_alert(peer13 *q, unsigned level, unsigned description)
{
    uint8_t alert[2] = {(uint8_t)level, (uint8_t)description};
    peer13_record(q, ALERT, bytes_of(alert, 2));
}

void peer13_data(peer13 *q, bytes payload)
{
    peer13_record(q, DATA, payload);
}

/* ----- ACKs -------------------------------------------------------------------------------------------------------- */

static void u64(bytes *b, uint64_t value)
{
    bytes_u16(b, (unsigned)(value >> 48));
    bytes_u48(b, value);
}

void peer13_ack(peer13 *q, const number13 *numbers, size_t num)
{
    bytes list = bytes_none(), body = bytes_none();
    for (size_t i = 0; i < num; i++) {
        u64(&list, numbers[i].epoch);
        u64(&list, numbers[i].seq);
    }
    bytes_vector(&body, 2, list);
    peer13_record(q, ACK, body);
}

size_t peer13_ack_heard(peer13 *q)
{
    number13 numbers[64];
    size_t   num = 0;
    for (; q->acked_upto < q->p->num_heard; q->acked_upto++) {
        const heard *h = &q->p->heard[q->acked_upto];
        if (h->record != HANDSHAKE || !h->opened || h->epoch == 0 || num == 64) {
            continue;
        }
        if (num > 0 && numbers[num - 1].epoch == h->epoch && numbers[num - 1].seq == h->seq) {
            continue; /* several messages in one record */
        }
        numbers[num++] = (number13){h->epoch, h->seq};
    }
    peer13_ack(q, numbers, num);
    return num;
}

static uint64_t u64_at(const uint8_t *at)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

size_t ack_len(const heard *h)
{
    return h == NULL || h->record != ACK || h->body.len < 2 ? 0 : (h->body.len - 2) / 16;
}

bool ack_names(const heard *h, number13 number)
{
    for (size_t i = 0; i < ack_len(h); i++) {
        const uint8_t *at = h->body.data + 2 + 16 * i;
        if (u64_at(at) == number.epoch && u64_at(at + 8) == number.seq) {
            return true;
        }
    }
    return false;
}

static bool may_name(const peer13 *q, uint64_t epoch, uint64_t seq)
{
    number13 number;
    for (size_t at = q->flight; at + sizeof number <= q->sent.len; at += sizeof number) {
        memcpy(&number, q->sent.data + at, sizeof number);
        if (number.epoch == epoch && number.seq == seq) {
            return true;
        }
    }
    return false;
}

/* RFC 9147 section 7: handshake records of the present flight, in increasing order, and, while there is a handshake, none of
 * a later epoch than the ACK's. */
static void hear_ack(peer13 *q, const heard *h)
{
    uint64_t last_epoch = 0, last_seq = 0;
    if (h->body.len < 2 || u16_at(h->body, 0) != h->body.len - 2 || (h->body.len - 2) % 16 != 0) {
        peer_complain(q->p, "a malformed ACK");
        return;
    }
    for (size_t i = 0; i < ack_len(h); i++) {
        const uint8_t *at = h->body.data + 2 + 16 * i;
        uint64_t       epoch = u64_at(at), seq = u64_at(at + 8);
        if (!may_name(q, epoch, seq)) {
            peer_complain(q->p, "an ACK of %llu/%llu, which is no handshake record of our present flight",
                          (unsigned long long)epoch, (unsigned long long)seq);
        }
        if (i > 0 && (epoch < last_epoch || (epoch == last_epoch && seq <= last_seq))) {
            peer_complain(q->p, "an ACK whose numbers do not increase");
        }
        if (epoch > h->epoch && h->epoch < 3) {
            peer_complain(q->p, "an ACK of epoch %llu in epoch %u", (unsigned long long)epoch, h->epoch);
        }
        last_epoch = epoch;
        last_seq = seq;
    }
}

/* ----- hearing ----------------------------------------------------------------------------------------------------- */

static void hear_client_hello(peer13 *q, bytes body)
{
    bytes share = bytes_none(), block = peer_hello_extensions(body, true);
    if (q->p->client_random.len > 0 && !bytes_equal(q->p->client_random, cut(body, 2, 32))) {
        peer_complain(q->p, "the second ClientHello has another random");
    }
    q->p->their_hello = body;
    q->p->client_random = cut(body, 2, 32);
    if (extension_of(block, EXT_KEY_SHARE, &share) && share.len >= 2) {
        q->shares = cut(share, 2, share.len - 2);
    }
    if (body.len < 40 || u16_at(body, 0) != DTLS12 || body.data[34] != 0 || body.data[35] != 0) {
        peer_complain(q->p, "a ClientHello with another version, a session id or a cookie of 1.2");
    }
    if (!ext_has(block, EXT_SUPPORTED_VERSIONS)) {
        peer_complain(q->p, "a ClientHello without supported_versions");
    }
}

static void hear_retry(peer13 *q, bytes block)
{
    peer *p = q->p;
    bytes body = bytes_none();
    q->retries++;
    if (extension_of(block, EXT_COOKIE, &body)) {
        q->retry_cookie = cut(body, 2, u16_at(body, 0));
        ext_set(&p->extensions, EXT_COOKIE, body);
    }
    if (extension_of(block, EXT_KEY_SHARE, &body)) {
        q->retry_group = u16_at(body, 0);
        p->group = q->retry_group;
        crypto_share_free(&p->share);
        p->share = crypto_share_of(p->group);
        ext_set(&p->extensions, EXT_KEY_SHARE, peer13_share(true, p->group, p->share.public));
    }
}

static void hear_server_hello(peer13 *q, bytes body)
{
    peer *p = q->p;
    bytes block = peer_hello_extensions(body, false), version = bytes_none(), share = bytes_none();
    p->their_hello = body;
    if (body.len < 38 || u16_at(body, 0) != DTLS12 || body.data[34] != 0 || body.data[37] != 0) {
        peer_complain(p, "a ServerHello with another legacy version, a session id or compression");
        return;
    }
    p->suite = u16_at(body, 35);
    if (!extension_of(block, EXT_SUPPORTED_VERSIONS, &version) || u16_at(version, 0) != DTLS13) {
        peer_complain(p, "a ServerHello that does not select DTLS 1.3");
        return;
    }
    if (is_retry(SERVER_HELLO, body)) {
        hear_retry(q, block);
        return;
    }
    p->server_random = cut(body, 2, 32);
    if (memcmp(body.data + 26, "DOWNGRD", 7) == 0) {
        peer_complain(p, "a downgrade sentinel in DTLS 1.3");
    }
    if (!extension_of(block, EXT_KEY_SHARE, &share) || u16_at(share, 0) != p->group) {
        peer_complain(p, "a ServerHello without a share of our group");
        return;
    }
    p->their_share = cut(share, 4, u16_at(share, 2));
}

static void hear_certificate(peer13 *q, bytes body)
{
    size_t at = body.len > 0 ? 1u + body.data[0] : 0;
    if (body.len > 0 && body.data[0] != 0) {
        peer_complain(q->p, "a Certificate with a context");
    }
    if (at + 6 <= body.len) {
        size_t len = (size_t)body.data[at + 3] << 16 | (size_t)body.data[at + 4] << 8 | body.data[at + 5];
        q->p->their_certificate = cut(body, at + 6, len);
    }
}

static void hear_certificate_verify(peer13 *q, bytes body, bytes before)
{
    unsigned scheme = u16_at(body, 0);
    if (body.len < 4 || !crypto_verify(q->p->their_certificate, scheme,
                                       crypto13_proof_input(q->p->suite, !q->p->client, before),
                                       cut(body, 4, body.len - 4))) {
        peer_complain(q->p, "the signature of CertificateVerify is wrong");
    }
}

static void hear_key_update(peer13 *q, unsigned epoch, bytes body)
{
    const epoch13 *now = epoch_of(q->theirs, epoch);
    q->updates++;
    q->update_requested = body.len == 1 && body.data[0] == 1;
    if (body.len != 1 || body.data[0] > 1 || now == NULL || epoch != q->newest) {
        peer_complain(q->p, "a KeyUpdate of %zu octets in epoch %u", body.len, epoch);
        return;
    }
    open_epoch(q, q->theirs, epoch + 1, next_secret(q, now->secret));
    q->newest = epoch + 1;
}

static void hear_message(peer13 *q, unsigned type, unsigned epoch, bytes body)
{
    peer    *p = q->p;
    bytes    before = bytes_of(q->transcript.data, q->transcript.len);
    unsigned wanted = type == CLIENT_HELLO || type == SERVER_HELLO ? 0 : type == KEY_UPDATE ? epoch : 2;
    if (epoch != wanted || (type == KEY_UPDATE && epoch < 3)) {
        peer_complain(p, "handshake message %u in epoch %u", type, epoch);
    }
    if (type == FINISHED &&
        !bytes_equal(body, crypto13_verify_data(p->suite, p->client ? q->server_handshake : q->client_handshake, before))) {
        peer_complain(p, "verify_data is wrong");
    }
    if (type == SERVER_HELLO) {
        hear_server_hello(q, body); /* first: its suite says which hash message_hash is made with */
    }
    if (type != KEY_UPDATE) {
        unsigned present = q->epoch;
        q->epoch = 0; /* what is heard counts whatever epoch we write in */
        enter(q, type, body);
        q->epoch = present;
    }
    if (type == CLIENT_HELLO || type == SERVER_HELLO) {
        q->flight = q->sent.len; /* what we said before is answered */
    }
    switch (type) {
    case CLIENT_HELLO: hear_client_hello(q, body); break;
    case SERVER_HELLO:
        if (!is_retry(type, body) && p->their_share.len > 0) {
            peer13_agree(q);
            q->epoch = 2;
        }
        break;
    case ENCRYPTED_EXTENSIONS: q->their_extensions = cut(body, 2, body.len - 2); break;
    case CERTIFICATE_REQUEST:
        p->was_asked = true;
        q->their_request = body;
        break;
    case CERTIFICATE: hear_certificate(q, body); break;
    case CERTIFICATE_VERIFY: hear_certificate_verify(q, body, before); break;
    case FINISHED:
        p->their_finished = true;
        p->flight_done = true;
        if (p->client) {
            peer13_agree_traffic(q);
        }
        break;
    case KEY_UPDATE: hear_key_update(q, epoch, body); break;
    default: peer_complain(p, "handshake message %u", type); break;
    }
}

static void hear_fragment(peer13 *q, const view_fragment *f, unsigned epoch)
{
    peer   *p = q->p;
    part13 *slot = &q->parts[f->msg_seq % PEER_MESSAGES];
    part   *t = &slot->part;
    if (f->msg_seq < p->hears_seq || f->msg_seq >= p->hears_seq + 12 || f->offset + f->len > f->total || f->total > 100000) {
        return; /* again, or nonsense */
    }
    if (!t->begun) {
        memset(slot, 0, sizeof *slot);
        t->begun = true;
        t->type = f->type;
        t->body = bytes_zero(f->total);
        t->have = bytes_zero(f->total);
        slot->epoch = epoch;
    }
    if (t->body.len != f->total || t->type != f->type || slot->epoch != epoch) {
        peer_complain(p, "message %u has changed its type, length or epoch", f->msg_seq);
        return;
    }
    for (size_t i = 0; i < f->len; i++) {
        t->got += t->have.data[f->offset + i] == 0 ? 1 : 0;
        t->have.data[f->offset + i] = 1;
        t->body.data[f->offset + i] = f->body[i];
    }
    while ((slot = &q->parts[p->hears_seq % PEER_MESSAGES])->part.begun && slot->part.got == slot->part.body.len) {
        p->hears_seq++;
        slot->part.begun = false;
        hear_message(q, slot->part.type, slot->epoch, slot->part.body);
    }
}

/* What a record holds goes into the log: each fragment, or the record itself. */
static void hear_content(peer13 *q, heard like, bytes body)
{
    view          fragments = view_of(body.data, body.len);
    view_fragment f;
    bool          any = false;
    while (like.record == HANDSHAKE && like.opened && view_next_fragment(&fragments, &f)) {
        heard *h = peer_log(q->p);
        *h = like;
        h->type = f.type;
        h->msg_seq = f.msg_seq;
        h->offset = f.offset;
        h->total = f.total;
        h->body = bytes_of(f.body, f.len);
        any = true;
        hear_fragment(q, &f, like.epoch);
    }
    if (like.record == HANDSHAKE && like.opened && fragments.left > 0) {
        peer_complain(q->p, "%zu octets of a handshake record are no fragment", fragments.left);
    }
    if (any) {
        return;
    }
    heard *h = peer_log(q->p);
    *h = like;
    h->body = body;
    if (like.record == ALERT && like.opened && body.len == 2) {
        h->level = body.data[0];
        h->type = body.data[1];
    }
    if (like.record == ACK && like.opened) {
        hear_ack(q, h);
    }
}

/* The newest epoch of theirs with these low bits. */
static epoch13 *epoch_by_bits(peer13 *q, unsigned bits)
{
    for (unsigned n = q->newest; n > 0 && n + 4 > q->newest; n--) {
        if ((n & 3) == bits) {
            return epoch_of(q->theirs, n);
        }
    }
    return NULL;
}

static void hear_protected(peer13 *q, heard like, const uint8_t *record, size_t header_len, size_t len)
{
    epoch13 *e = epoch_by_bits(q, record[0] & 3);
    bytes    inner = bytes_none();
    like.epoch = record[0] & 3;
    if (e == NULL) {
        hear_content(q, like, bytes_of(record + header_len, len - header_len));
        return;
    }
    like.epoch = e->number;
    if (!crypto13_open(q->p->suite, &e->keys, record, header_len, len, e->seq, &like.seq, &inner)) {
        peer_complain(q->p, "a record of epoch %u does not open", e->number);
        return;
    }
    if (like.seq < e->seq) {
        peer_complain(q->p, "record number %u/%llu was used before", e->number, (unsigned long long)like.seq);
    }
    e->seq = like.seq + 1;
    while (inner.len > 0 && inner.data[inner.len - 1] == 0) {
        inner.len--;
    }
    if (inner.len == 0) {
        peer_complain(q->p, "a record without a type");
        return;
    }
    like.record = inner.data[inner.len - 1];
    like.opened = true;
    if (q->closed && (like.record == DATA || like.record == HANDSHAKE) &&
        (like.epoch > q->goodbye.epoch || (like.epoch == q->goodbye.epoch && like.seq > q->goodbye.seq))) {
        peer_complain(q->p, "content type %u behind close_notify", like.record);
    }
    if (like.record == ALERT && inner.len == 3 && inner.data[1] == CLOSE_NOTIFY) {
        q->closed = true;
        q->goodbye = (number13){like.epoch, like.seq};
    }
    hear_content(q, like, bytes_of(inner.data, inner.len - 1));
}

void peer13_hear(peer13 *q, const uint8_t *datagram, size_t len, fpl_time now)
{
    view  records = view_of(datagram, len);
    heard like;
    memset(&like, 0, sizeof like);
    like.at = now;
    like.datagram = q->p->datagrams_heard++;
    like.datagram_len = len;
    while (records.left > 0) {
        view_record r;
        view_sealed u;
        if (view_next_sealed(&records, &u)) {
            hear_protected(q, like, u.record, u.header_len, u.len);
            continue;
        }
        if (!view_next_record(&records, &r)) {
            break;
        }
        heard h = like;
        h.record = r.type;
        h.version = r.version;
        h.epoch = r.epoch;
        h.seq = r.seq;
        h.opened = r.epoch == 0;
        if (r.epoch != 0) {
            peer_complain(q->p, "a plaintext header with epoch %u", r.epoch);
        }
        if (r.type == CCS) {
            peer_complain(q->p, "a ChangeCipherSpec in DTLS 1.3");
        }
        hear_content(q, h, bytes_of(r.body, r.len));
    }
    if (records.left > 0) {
        peer_complain(q->p, "%zu bytes of a datagram are no record", records.left);
    }
}
