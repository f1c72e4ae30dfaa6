#include "transcripts/peer.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire_view.h"
#include "transcripts/wire.h"

void peer_complain(peer *p, const char *format, ...)
{
    va_list args;
    if (p->complaint[0] != '\0') {
        return;
    }
    va_start(args, format);
    vsnprintf(p->complaint, sizeof p->complaint, format, args);
    va_end(args);
}

static bytes random_bytes(size_t len)
{
    bytes b = bytes_zero(len);
    RAND_bytes(b.data, len);
    return b;
}

void peer_init(peer *p, bool client, unsigned suite, unsigned group, credential_id id)
{
    memset(p, 0, sizeof *p);
    p->client = client;
    p->suite = suite;
    p->group = group;
    p->credential = id == CREDENTIAL_NONE ? NULL : credential_of(id);
    p->scheme =
        p->credential != NULL && p->credential->curve == FPL_NAMED_GROUP_SECP384R1 ? ECDSA_P384_SHA384 : ECDSA_P256_SHA256;
    p->hello_version = DTLS12;
    p->ems = true;
    p->share = crypto_share_of(group);
    if (client) {
        p->client_random = random_bytes(32);
        bytes_u16(&p->suites, suite);
        bytes_u8(&p->compressions, 0);
        p->extensions = peer_extensions(p);
    } else {
        p->server_random = random_bytes(32);
    }
}

void peer_free(peer *p)
{
    crypto_share_free(&p->share);
    free(p->heard);
    p->heard = NULL;
    p->num_heard = p->cap_heard = 0;
}

/* ----- extensions --------------------------------------------------------------------------------------------- */

void ext_add(bytes *block, unsigned type, bytes body)
{
    bytes_u16(block, type);
    bytes_vector(block, 2, body);
}

/* Where the extension `type` begins, or the length of the block. */
static size_t ext_at(bytes block, unsigned type, size_t *size)
{
    size_t at = 0;
    while (at + 4 <= block.len) {
        size_t len = (size_t)block.data[at + 2] << 8 | block.data[at + 3];
        if (((unsigned)block.data[at] << 8 | block.data[at + 1]) == type) {
            *size = 4 + len;
            return at;
        }
        at += 4 + len;
    }
    *size = 0;
    return block.len;
}

bool ext_has(bytes block, unsigned type)
{
    size_t size;
    return ext_at(block, type, &size) < block.len;
}

bool ext_drop(bytes *block, unsigned type)
{
    size_t size;
    size_t at = ext_at(*block, type, &size);
    if (at == block->len) {
        return false;
    }
    bytes_remove(block, at, size);
    return true;
}

void ext_set(bytes *block, unsigned type, bytes body)
{
    (void)ext_drop(block, type);
    ext_add(block, type, body);
}

bytes peer_hello_extensions(bytes hello, bool of_client)
{
    size_t at = 34;
    at += 1 + (at < hello.len ? hello.data[at] : 0u); /* session id */
    if (of_client) {
        at += 1 + (at < hello.len ? hello.data[at] : 0u); /* cookie */
        at += 2 + (at + 1 < hello.len ? (size_t)hello.data[at] << 8 | hello.data[at + 1] : 0u);
        at += 1 + (at < hello.len ? hello.data[at] : 0u);
    } else {
        at += 3;
    }
    if (at + 2 > hello.len) {
        return bytes_none();
    }
    return bytes_of(hello.data + at + 2, hello.len - at - 2);
}

static bytes u16_list(const unsigned *values, size_t num)
{
    bytes list = bytes_none();
    bytes body = bytes_none();
    for (size_t i = 0; i < num; i++) {
        bytes_u16(&list, values[i]);
    }
    bytes_vector(&body, 2, list);
    return body;
}

bytes peer_extensions(const peer *p)
{
    bytes block = bytes_none();
    if (p->client) {
        /* One group: the server, whose preference decides, has no other to take. */
        const unsigned schemes[2] = {ECDSA_P256_SHA256, ECDSA_P384_SHA384};
        ext_add(&block, EXT_GROUPS, u16_list(&p->group, 1));
        ext_add(&block, EXT_POINT_FORMATS, bytes_hex("0100"));
        ext_add(&block, EXT_SCHEMES, u16_list(schemes, 2));
        ext_add(&block, EXT_EMS, bytes_none());
        ext_add(&block, EXT_RENEGOTIATION, bytes_hex("00"));
        return block;
    }
    bytes offered = peer_hello_extensions(p->their_hello, true);
    if (ext_has(offered, EXT_EMS)) {
        ext_add(&block, EXT_EMS, bytes_none());
    }
    if (ext_has(offered, EXT_RENEGOTIATION)) {
        ext_add(&block, EXT_RENEGOTIATION, bytes_hex("00"));
    }
    if (ext_has(offered, EXT_POINT_FORMATS)) {
        ext_add(&block, EXT_POINT_FORMATS, bytes_hex("0100"));
    }
    return block;
}

/* ----- messages ------------------------------------------------------------------------------------------------ */

bytes peer_client_hello(const peer *p)
{
    bytes b = bytes_none();
    bytes_u16(&b, p->hello_version);
    bytes_append(&b, p->client_random);
    bytes_vector(&b, 1, p->session_id);
    bytes_vector(&b, 1, p->cookie);
    bytes_vector(&b, 2, p->suites);
    bytes_vector(&b, 1, p->compressions);
    if (!p->no_extensions) {
        bytes_vector(&b, 2, p->extensions);
    }
    return b;
}

bytes peer_hello_verify_request(unsigned version, bytes cookie)
{
    bytes b = bytes_none();
    bytes_u16(&b, version);
    bytes_vector(&b, 1, cookie);
    return b;
}

bytes peer_server_hello(const peer *p)
{
    bytes b = bytes_none();
    bytes_u16(&b, p->hello_version);
    bytes_append(&b, p->server_random);
    bytes_vector(&b, 1, p->session_id);
    bytes_u16(&b, p->suite);
    bytes_u8(&b, 0);
    if (!p->no_extensions) {
        bytes_vector(&b, 2, p->extensions.len > 0 ? p->extensions : peer_extensions(p));
    }
    return b;
}

bytes peer_certificate_list(const bytes *certificates, size_t num)
{
    bytes list = bytes_none();
    bytes b = bytes_none();
    for (size_t i = 0; i < num; i++) {
        bytes_vector(&list, 3, certificates[i]);
    }
    bytes_vector(&b, 3, list);
    return b;
}

bytes peer_certificate(const peer *p)
{
    bytes leaf;
    if (p->credential == NULL) {
        return peer_certificate_list(NULL, 0);
    }
    leaf = bytes_of(p->credential->made.certificate, p->credential->made.certificate_len);
    return peer_certificate_list(&leaf, 1);
}

bytes peer_server_params(unsigned group, bytes share)
{
    bytes b = bytes_none();
    bytes_u8(&b, 3);
    bytes_u16(&b, group);
    bytes_vector(&b, 1, share);
    return b;
}

bytes peer_signature(unsigned scheme, bytes signature)
{
    bytes b = bytes_none();
    bytes_u16(&b, scheme);
    bytes_vector(&b, 2, signature);
    return b;
}

bytes peer_server_key_exchange(const peer *p)
{
    bytes params = peer_server_params(p->group, p->share.public);
    bytes input = bytes_of(p->client_random.data, p->client_random.len);
    bytes b = bytes_of(params.data, params.len);
    bytes_append(&input, p->server_random);
    bytes_append(&input, params);
    bytes_append(&b, peer_signature(p->scheme, crypto_sign(p->credential->key, p->scheme, input)));
    return b;
}

bytes peer_certificate_request(void)
{
    return bytes_hex("01 40  0004 0403 0503  0000");
}

bytes peer_client_key_exchange(const peer *p)
{
    bytes b = bytes_none();
    bytes_vector(&b, 1, p->share.public);
    return b;
}

bytes peer_certificate_verify(const peer *p)
{
    return peer_signature(p->scheme, crypto_sign(p->credential->key, p->scheme, p->transcript));
}

static bytes verify_data(const peer *p, bool of_client)
{
    return crypto_prf(p->suite, p->master, of_client ? "client finished" : "server finished",
                      crypto_hash(p->suite, p->transcript), 12);
}

bytes peer_finished(const peer *p)
{
    return verify_data(p, p->client);
}

/* ----- keys ------------------------------------------------------------------------------------------------------ */

void peer_agree(peer *p)
{
    bytes  premaster = bytes_none();
    bytes  randoms = bytes_of(p->client_random.data, p->client_random.len);
    bytes  expansion = bytes_of(p->server_random.data, p->server_random.len);
    size_t key = crypto_key_len(p->suite), iv = crypto_iv_len(p->suite);
    bytes  block;
    bytes_append(&randoms, p->server_random);
    bytes_append(&expansion, p->client_random);
    if (!crypto_agree(&p->share, p->their_share, &premaster)) {
        peer_complain(p, "the key share does not fit");
        return;
    }
    p->master = p->ems ? crypto_prf(p->suite, premaster, "extended master secret", crypto_hash(p->suite, p->transcript), 48)
                       : crypto_prf(p->suite, premaster, "master secret", randoms, 48);
    block = crypto_prf(p->suite, p->master, "key expansion", expansion, 2 * (key + iv));
    crypto_keys *client = p->client ? &p->ours : &p->theirs;
    crypto_keys *server = p->client ? &p->theirs : &p->ours;
    memcpy(client->key, block.data, key);
    memcpy(server->key, block.data + key, key);
    memcpy(client->iv, block.data + 2 * key, iv);
    memcpy(server->iv, block.data + 2 * key + iv, iv);
    p->ready = true;
}

/* ----- saying ---------------------------------------------------------------------------------------------------- */

bytes record_of(unsigned type, unsigned version, unsigned epoch, uint64_t seq, bytes body)
{
    bytes b = bytes_none();
    bytes_u8(&b, type);
    bytes_u16(&b, version);
    bytes_u16(&b, epoch);
    bytes_u48(&b, seq);
    bytes_vector(&b, 2, body);
    return b;
}

void peer_record_at(peer *p, unsigned type, unsigned epoch, uint64_t seq, bytes body)
{
    if (epoch == 1 && p->ready) {
        body = crypto_seal(p->suite, &p->ours, type, DTLS12, epoch, seq, body);
    }
    bytes_append(&p->datagram, record_of(type, DTLS12, epoch, seq, body));
}

void peer_record(peer *p, unsigned type, bytes body)
{
    peer_record_at(p, type, p->epoch, p->seq[p->epoch]++, body);
}

bytes peer_fragment_of(unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body)
{
    bytes b = bytes_none();
    bytes_u8(&b, type);
    bytes_u24(&b, total);
    bytes_u16(&b, msg_seq);
    bytes_u24(&b, offset);
    bytes_u24(&b, body.len);
    bytes_append(&b, body);
    return b;
}

void peer_fragment(peer *p, unsigned type, size_t total, unsigned msg_seq, size_t offset, bytes body)
{
    peer_record(p, HANDSHAKE, peer_fragment_of(type, total, msg_seq, offset, body));
}

static said *keep(peer *p)
{
    if (p->num_said == PEER_MESSAGES) {
        abort();
    }
    return &p->said[p->num_said++];
}

unsigned peer_note(peer *p, unsigned type, bytes body)
{
    said *s = keep(p);
    s->type = type;
    s->epoch = p->epoch;
    s->msg_seq = p->msg_seq++;
    s->body = bytes_of(body.data, body.len);
    if (type == HELLO_VERIFY_REQUEST) {
        p->transcript = bytes_none();
    } else if (type != HELLO_REQUEST) {
        bytes_append(&p->transcript, peer_fragment_of(type, body.len, s->msg_seq, 0, body));
    }
    if (type == CLIENT_KEY_EXCHANGE && p->client && p->their_share.len > 0) {
        peer_agree(p);
    }
    return s->msg_seq;
}

void peer_say(peer *p, unsigned type, bytes body)
{
    unsigned seq = peer_note(p, type, body);
    peer_fragment(p, type, body.len, seq, 0, body);
}

void peer_say_ccs(peer *p)
{
    said *s = keep(p);
    s->ccs = true;
    peer_record(p, CCS, bytes_hex("01"));
    p->epoch = 1;
}

void peer_say_again(peer *p, size_t first)
{
    unsigned present = p->epoch;
    for (size_t i = first; i < p->num_said; i++) {
        const said *s = &p->said[i];
        p->epoch = s->epoch;
        if (s->ccs) {
            peer_record(p, CCS, bytes_hex("01"));
        } else {
            peer_fragment(p, s->type, s->body.len, s->msg_seq, 0, s->body);
        }
    }
    p->epoch = present;
}

void peer_alert(peer *p, unsigned level, unsigned description)
{
    uint8_t alert[2] = {(uint8_t)level, (uint8_t)description};
    peer_record(p, ALERT, bytes_of(alert, 2));
}

void peer_data(peer *p, bytes payload)
{
    peer_record(p, DATA, payload);
}

/* ----- hearing ----------------------------------------------------------------------------------------------------- */

heard *peer_log(peer *p)
{
    if (p->num_heard == p->cap_heard) {
        size_t cap = p->cap_heard == 0 ? 64 : 2 * p->cap_heard;
        heard *grown = realloc(p->heard, cap * sizeof *grown);
        if (grown == NULL) {
            abort();
        }
        p->heard = grown;
        p->cap_heard = cap;
    }
    memset(&p->heard[p->num_heard], 0, sizeof *p->heard);
    return &p->heard[p->num_heard++];
}

static bytes cut(bytes b, size_t at, size_t len)
{
    return at + len <= b.len ? bytes_of(b.data + at, len) : bytes_none();
}

static void hear_client_hello(peer *p, bytes body)
{
    p->their_hello = body;
    p->client_random = cut(body, 2, 32);
    p->ems = ext_has(peer_hello_extensions(body, true), EXT_EMS) && p->ems;
    if (body.len < 40 || body.data[0] != 0xfe || body.data[1] != 0xfd) {
        peer_complain(p, "a ClientHello of another version");
    }
}

static void hear_server_hello(peer *p, bytes body)
{
    size_t at = 34;
    p->their_hello = body;
    p->server_random = cut(body, 2, 32);
    at += body.len > 34 ? 1u + body.data[34] : 0u;
    if (at + 3 > body.len) {
        peer_complain(p, "a short ServerHello");
        return;
    }
    p->suite = (unsigned)body.data[at] << 8 | body.data[at + 1];
    p->ems = ext_has(peer_hello_extensions(body, false), EXT_EMS);
    if (body.data[0] != 0xfe || body.data[1] != 0xfd) {
        peer_complain(p, "a ServerHello of another version");
    }
}

static void hear_certificate(peer *p, bytes body)
{
    if (body.len >= 6) {
        size_t len = (size_t)body.data[3] << 16 | (size_t)body.data[4] << 8 | body.data[5];
        p->their_certificate = cut(body, 6, len);
    }
}

static void hear_server_key_exchange(peer *p, bytes body)
{
    bytes  input = bytes_of(p->client_random.data, p->client_random.len);
    size_t params = body.len >= 4 ? 4u + body.data[3] : 0;
    if (params == 0 || body.len < params + 4 || body.data[0] != 3) {
        peer_complain(p, "a short ServerKeyExchange");
        return;
    }
    unsigned group = (unsigned)body.data[1] << 8 | body.data[2];
    unsigned scheme = (unsigned)body.data[params] << 8 | body.data[params + 1];
    if (group != p->group) {
        p->group = group;
        crypto_share_free(&p->share);
        p->share = crypto_share_of(group);
    }
    p->their_share = cut(body, 4, body.data[3]);
    bytes_append(&input, p->server_random);
    bytes_append(&input, cut(body, 0, params));
    if (!crypto_verify(p->their_certificate, scheme, input, cut(body, params + 4, body.len - params - 4))) {
        peer_complain(p, "the signature of ServerKeyExchange is wrong");
    }
}

static void hear_client_key_exchange(peer *p, bytes body)
{
    p->their_share = body.len > 1 ? cut(body, 1, body.data[0]) : bytes_none();
    peer_agree(p);
}

static void hear_certificate_verify(peer *p, bytes body, bytes before)
{
    unsigned scheme = body.len >= 4 ? (unsigned)body.data[0] << 8 | body.data[1] : 0;
    if (!crypto_verify(p->their_certificate, scheme, before, cut(body, 4, body.len - 4))) {
        peer_complain(p, "the signature of CertificateVerify is wrong");
    }
}

static void hear_message(peer *p, unsigned type, unsigned seq, bytes body)
{
    bytes before = bytes_of(p->transcript.data, p->transcript.len);
    if (type == HELLO_VERIFY_REQUEST) {
        p->transcript = bytes_none();
        p->verify_requests++;
        p->cookie = body.len >= 3 ? cut(body, 3, body.data[2]) : bytes_none();
        return;
    }
    if (type == FINISHED && !bytes_equal(body, verify_data(p, !p->client))) {
        peer_complain(p, "verify_data is wrong");
    }
    bytes_append(&p->transcript, peer_fragment_of(type, body.len, seq, 0, body));
    switch (type) {
    case CLIENT_HELLO: hear_client_hello(p, body); break;
    case SERVER_HELLO: hear_server_hello(p, body); break;
    case CERTIFICATE: hear_certificate(p, body); break;
    case SERVER_KEY_EXCHANGE: hear_server_key_exchange(p, body); break;
    case CERTIFICATE_REQUEST: p->was_asked = true; break;
    case SERVER_HELLO_DONE: p->flight_done = true; break;
    case CLIENT_KEY_EXCHANGE: hear_client_key_exchange(p, body); break;
    case CERTIFICATE_VERIFY: hear_certificate_verify(p, body, before); break;
    case FINISHED: p->their_finished = true; break;
    default: peer_complain(p, "handshake message %u", type); break;
    }
}

static void hear_fragment(peer *p, const view_fragment *f)
{
    part *q = &p->parts[f->msg_seq % PEER_MESSAGES];
    if (f->msg_seq < p->hears_seq || f->msg_seq >= p->hears_seq + 12 || f->offset + f->len > f->total || f->total > 100000) {
        return; /* again, or nonsense */
    }
    if (!q->begun) {
        q->begun = true;
        q->type = f->type;
        q->body = bytes_zero(f->total);
        q->have = bytes_zero(f->total);
        q->got = 0;
    }
    if (q->body.len != f->total || q->type != f->type) {
        peer_complain(p, "message %u has changed its type or length", f->msg_seq);
        return;
    }
    for (size_t i = 0; i < f->len; i++) {
        q->got += q->have.data[f->offset + i] == 0 ? 1 : 0;
        q->have.data[f->offset + i] = 1;
        q->body.data[f->offset + i] = f->body[i];
    }
    while ((q = &p->parts[p->hears_seq % PEER_MESSAGES])->begun && q->got == q->body.len) {
        unsigned seq = p->hears_seq++;
        q->begun = false;
        hear_message(p, q->type, seq, q->body);
    }
}

void peer_hear(peer *p, const uint8_t *datagram, size_t len, fpl_time now)
{
    view        records = view_of(datagram, len);
    view_record r;
    size_t      number = p->datagrams_heard++;
    while (view_next_record(&records, &r)) {
        bytes body = bytes_of(r.body, r.len);
        bool  opened = r.epoch == 0;
        if (r.epoch == 1 && p->ready) {
            bytes sealed = body;
            opened = crypto_open(p->suite, &p->theirs, r.type, r.version, r.epoch, r.seq, sealed, &body);
            if (!opened) {
                peer_complain(p, "record 1/%llu does not open", (unsigned long long)r.seq);
            } else if (p->suite != CHACHA20 && memcmp(sealed.data, r.body - 10, 8) != 0) {
                /* Epoch and number, as they stand in the header; anything random could repeat. */
                peer_complain(p, "record 1/%llu has another explicit nonce", (unsigned long long)r.seq);
            }
        }
        if (r.type == CCS) {
            p->their_ccs++;
        }
        view          fragments = view_of(body.data, body.len);
        view_fragment f;
        bool          any = false;
        while (r.type == HANDSHAKE && opened && view_next_fragment(&fragments, &f)) {
            heard *h = peer_log(p);
            h->at = now;
            h->datagram = number;
            h->datagram_len = len;
            h->record = r.type;
            h->version = r.version;
            h->epoch = r.epoch;
            h->seq = r.seq;
            h->opened = true;
            h->type = f.type;
            h->msg_seq = f.msg_seq;
            h->offset = f.offset;
            h->total = f.total;
            h->body = bytes_of(f.body, f.len);
            any = true;
            hear_fragment(p, &f);
        }
        if (any) {
            continue;
        }
        heard *h = peer_log(p);
        h->at = now;
        h->datagram = number;
        h->datagram_len = len;
        h->record = r.type;
        h->version = r.version;
        h->epoch = r.epoch;
        h->seq = r.seq;
        h->opened = opened;
        h->body = body;
        if (r.type == ALERT && opened && body.len == 2) {
            h->level = body.data[0];
            h->type = body.data[1];
        }
    }
    if (records.left > 0) {
        peer_complain(p, "%zu bytes of a datagram are no record", records.left);
    }
}
