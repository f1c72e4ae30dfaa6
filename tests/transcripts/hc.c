/* Group HC of the security catalogue: what stands in the messages. */
#include <stdio.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk.h"

static const stage_options plain_server = {.role = FPL_ROLE_SERVER};
static const stage_options plain_client = {.role = FPL_ROLE_CLIENT};

static bytes copy(bytes b)
{
    return bytes_of(b.data, b.len);
}

static void say_hello(stage *s, bytes body)
{
    peer_fragment(&s->peer, CLIENT_HELLO, body.len, 0, 0, body);
}

/* A hello that cannot be read changes nothing, at a door or without one: the machine `listen` keeps nothing and ends nothing, so
 * nobody can keep out the hello that follows. */
static void expect_unreadable(bytes body)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.door = door == 1});
        say_hello(s, body);
        expect_dropped(s);
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* Whether one that has been damaged can be read still; a server without a door says what it does not like about it. */
static bool is_readable(bytes body)
{
    stage *s = stage_open(plain_server);
    say_hello(s, body);
    deliver(s);
    bool readable = drops_of(s) == 0;
    if (readable) {
        EXPECT(s, s->failed && num_heard_messages(s, SERVER_HELLO) == 0);
        expect_alert_either(s, DECODE_ERROR, HANDSHAKE_FAILURE);
    }
    stage_close(s);
    return readable;
}

static bytes sample_hello(void)
{
    stage *s = stage_open(plain_server);
    bytes  body;
    ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex("0004 0007 0001 00"));
    ext_add(&s->peer.extensions, EXT_SERVER_NAME, bytes_hex("0008 00 0005 6261726261"));
    s->peer.session_id = bytes_zero(4);
    body = peer_client_hello(&s->peer);
    stage_close(s);
    return body;
}

/* Positions and widths of every length in a ClientHello, extensions included. */
static size_t lengths_of_hello(bytes body, size_t at[64], size_t width[64])
{
    size_t num = 0, pos = 34;
    size_t fixed[3] = {1, 1, 2};
    for (size_t i = 0; i < 3; i++) {
        at[num] = pos;
        width[num++] = fixed[i];
        pos += fixed[i] + (fixed[i] == 1 ? body.data[pos] : (size_t)body.data[pos] << 8 | body.data[pos + 1]);
    }
    at[num] = pos;
    width[num++] = 1;
    pos += 1u + body.data[pos];
    at[num] = pos;
    width[num++] = 2;
    pos += 2;
    while (pos + 4 <= body.len && num < 60) {
        size_t len = (size_t)body.data[pos + 2] << 8 | body.data[pos + 3];
        at[num] = pos + 2;
        width[num++] = 2;
        if (len > 2) {
            at[num] = pos + 4;
            width[num++] = body.data[pos + 1] == EXT_POINT_FORMATS || body.data[pos] == 0xff ? 1 : 2;
        }
        pos += 4 + len;
    }
    return num;
}

static void hc01_client_hello_lengths(void)
{
    bytes    body = sample_hello();
    size_t   at[64], width[64];
    size_t   num = lengths_of_hello(body, at, width);
    unsigned unreadable = 0;
    EXPECT(NULL, num > 14);
    for (size_t i = 0; i < num; i++) {
        uint64_t max = width[i] == 1 ? 0xff : 0xffff;
        uint64_t value = width[i] == 1 ? body.data[at[i]] : (uint64_t)body.data[at[i]] << 8 | body.data[at[i] + 1];
        uint64_t wrong[5] = {0, value - 1, value + 1, max, max - 1};
        for (size_t w = 0; w < 5; w++) {
            if (wrong[w] == value || wrong[w] > max) {
                continue;
            }
            bytes bad = copy(body);
            bytes_put_uint(&bad, at[i], width[i], wrong[w]);
            if (!is_readable(bad)) {
                expect_unreadable(bad);
                unreadable++;
            }
        }
    }
    EXPECT(NULL, unreadable > 3 * num);
}

static void hc01_client_hello_cut_anywhere(void)
{
    bytes  body = sample_hello();
    size_t at[64], width[64];
    (void)lengths_of_hello(body, at, width);
    for (size_t len = 0; len < body.len; len++) {
        if (len == at[4]) { /* all there but the extensions, which a hello may do without */
            EXPECT(NULL, is_readable(bytes_of(body.data, len)));
        } else {
            expect_unreadable(bytes_of(body.data, len));
        }
    }
}

/* ----- HC-02 --------------------------------------------------------------------------------------------------------- */

static void trailing(fpl_role role, const char *state, unsigned type, bytes (*body_of)(const peer *))
{
    stage *s = stage_at(role, state);
    bytes  body = copy(body_of(&s->peer));
    bytes_u8(&body, 0);
    peer_say(&s->peer, type, body);
    deliver(s);
    expect_alert(s, type == FINISHED ? DECRYPT_ERROR : DECODE_ERROR); /* its length is that of the right one, or it is wrong */
    EXPECT_UINT(s, s->connected, 0);
    stage_close(s);
}

static bytes request_body(const peer *p)
{
    (void)p;
    return peer_certificate_request();
}

static bytes nothing(const peer *p)
{
    (void)p;
    return bytes_none();
}

static bytes verify_request_body(const peer *p)
{
    (void)p;
    return peer_hello_verify_request(DTLS10, bytes_zero(8));
}

static void hc02_trailing_bytes(void)
{
    bytes hello = sample_hello();
    bytes_u8(&hello, 0);
    expect_unreadable(hello);
    trailing(FPL_ROLE_CLIENT, "WAIT_SH", HELLO_VERIFY_REQUEST, verify_request_body);
    trailing(FPL_ROLE_CLIENT, "WAIT_SH", SERVER_HELLO, peer_server_hello);
    trailing(FPL_ROLE_CLIENT, "WAIT_CERT", CERTIFICATE, peer_certificate);
    trailing(FPL_ROLE_CLIENT, "WAIT_SKE", SERVER_KEY_EXCHANGE, peer_server_key_exchange);
    trailing(FPL_ROLE_CLIENT, "WAIT_CR_OR_DONE", CERTIFICATE_REQUEST, request_body);
    trailing(FPL_ROLE_CLIENT, "WAIT_DONE", SERVER_HELLO_DONE, nothing);
    trailing(FPL_ROLE_CLIENT, "WAIT_FINISHED", FINISHED, peer_finished);
    trailing(FPL_ROLE_SERVER, "WAIT_CERT", CERTIFICATE, peer_certificate);
    trailing(FPL_ROLE_SERVER, "WAIT_CKE", CLIENT_KEY_EXCHANGE, peer_client_key_exchange);
    trailing(FPL_ROLE_SERVER, "WAIT_CV", CERTIFICATE_VERIFY, peer_certificate_verify);
    trailing(FPL_ROLE_SERVER, "WAIT_FINISHED", FINISHED, peer_finished);
}

/* Each message cut at each byte. */
static void cut_message(fpl_role role, const char *state, unsigned type, bytes (*body_of)(const peer *))
{
    for (size_t len = 0;; len++) {
        stage *s = stage_at(role, state);
        bytes  body = body_of(&s->peer);
        if (len >= body.len) {
            stage_close(s);
            return;
        }
        peer_say(&s->peer, type, bytes_of(body.data, len));
        deliver(s);
        /* A ServerHello may do without extensions, but not without the extended master secret. */
        bool whole = type == SERVER_HELLO && len + 2 + peer_hello_extensions(body, false).len == body.len;
        expect_alert(s, whole ? HANDSHAKE_FAILURE : type == FINISHED ? DECRYPT_ERROR : DECODE_ERROR);
        EXPECT_UINT(s, s->connected, 0);
        stage_close(s);
        len += type == CERTIFICATE ? 6 : 0;
    }
}

static void hc02_messages_cut_anywhere(void)
{
    cut_message(FPL_ROLE_CLIENT, "WAIT_SH", HELLO_VERIFY_REQUEST, verify_request_body);
    cut_message(FPL_ROLE_CLIENT, "WAIT_SH", SERVER_HELLO, peer_server_hello);
    cut_message(FPL_ROLE_CLIENT, "WAIT_CERT", CERTIFICATE, peer_certificate);
    cut_message(FPL_ROLE_CLIENT, "WAIT_SKE", SERVER_KEY_EXCHANGE, peer_server_key_exchange);
    cut_message(FPL_ROLE_CLIENT, "WAIT_CR_OR_DONE", CERTIFICATE_REQUEST, request_body);
    cut_message(FPL_ROLE_CLIENT, "WAIT_FINISHED", FINISHED, peer_finished);
    cut_message(FPL_ROLE_SERVER, "WAIT_CERT", CERTIFICATE, peer_certificate);
    cut_message(FPL_ROLE_SERVER, "WAIT_CKE", CLIENT_KEY_EXCHANGE, peer_client_key_exchange);
    cut_message(FPL_ROLE_SERVER, "WAIT_CV", CERTIFICATE_VERIFY, peer_certificate_verify);
    cut_message(FPL_ROLE_SERVER, "WAIT_FINISHED", FINISHED, peer_finished);
}

/* ----- hellos ---------------------------------------------------------------------------------------------------------- */

static void hc03_odd_cipher_suites(void)
{
    static const char *const lists[] = {"c0", "c02bc0", ""};
    for (size_t i = 0; i < 3; i++) {
        stage *s = stage_open(plain_server);
        s->peer.suites = bytes_hex(lists[i]);
        bytes body = peer_client_hello(&s->peer);
        stage_close(s);
        expect_unreadable(body);
    }
    /* A length of 65535 that the message does not have. */
    bytes body = sample_hello();
    bytes_put_uint(&body, 34 + 1 + 4 + 1, 2, 65535);
    expect_unreadable(body);
}

static void hc04_extension_twice(void)
{
    static const struct {
        unsigned    type;
        const char *body;
    } known[] = {
        {EXT_GROUPS, "0002 001d"}, {EXT_POINT_FORMATS, "0100"},    {EXT_SCHEMES, "0002 0403"},           {EXT_EMS, ""},
        {EXT_RENEGOTIATION, "00"}, {EXT_USE_SRTP, "0002 0007 00"}, {EXT_SERVER_NAME, "0004 00 0001 61"}, {0x1a2b, "00"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (int apart = 0; apart < 2; apart++) {
            stage *s = stage_open(plain_server);
            ext_set(&s->peer.extensions, known[i].type, bytes_hex(known[i].body));
            if (apart) {
                ext_add(&s->peer.extensions, 0x2a2a, bytes_none());
            }
            ext_add(&s->peer.extensions, known[i].type, bytes_hex(known[i].body));
            say_client_hello(s);
            deliver(s);
            EXPECT_UINT(s, num_heard_messages(s, SERVER_HELLO), 0);
            expect_alert(s, ILLEGAL_PARAMETER);
            stage_close(s);
        }
    }
    /* The client's side of it. */
    stage *c = stage_open(plain_client);
    hello(c);
    c->peer.extensions = peer_extensions(&c->peer);
    ext_add(&c->peer.extensions, EXT_EMS, bytes_none());
    say_server_hello(c);
    deliver(c);
    expect_alert(c, ILLEGAL_PARAMETER);
}

static void without_ems(fpl_config *config)
{
    (void)fpl_config_set_extended_master_secret(config, false);
}

static void hc05_unsolicited_extension(void)
{
    static const struct {
        unsigned    type;
        const char *body;
    } extras[] = {{EXT_USE_SRTP, "0002 0007 00"}, {EXT_ALPN, "0003 02 6832"}, {EXT_CONNECTION_ID, "00"}, {EXT_TICKET, ""},
                  {EXT_SERVER_NAME, ""},          {0x1a2b, ""},               {EXT_SUPPORTED_VERSIONS, "fefd"}};
    for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
        stage *s = stage_open(plain_client);
        hello(s);
        s->peer.extensions = peer_extensions(&s->peer);
        ext_add(&s->peer.extensions, extras[i].type, bytes_hex(extras[i].body));
        say_server_hello(s);
        deliver(s);
        /* One that is known and belongs elsewhere is that before it is unsolicited (RFC 8446 section 4.2). */
        expect_alert_either(s, UNSUPPORTED_EXTENSION,
                            extras[i].type == EXT_SUPPORTED_VERSIONS ? ILLEGAL_PARAMETER : UNSUPPORTED_EXTENSION);
        stage_close(s);
    }
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = without_ems});
    hello(s);
    s->peer.extensions = peer_extensions(&s->peer);
    EXPECT(s, !ext_has(s->peer.extensions, EXT_EMS));
    ext_add(&s->peer.extensions, EXT_EMS, bytes_none());
    say_server_hello(s);
    deliver(s);
    expect_alert(s, UNSUPPORTED_EXTENSION);
}

/* Extensions that belong into a ClientHello only. */
static void hc05_extension_in_wrong_message(void)
{
    static const struct {
        unsigned    type;
        const char *body;
    } extras[] = {{EXT_GROUPS, "0002 001d"}, {EXT_SCHEMES, "0002 0403"}};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_open(plain_client);
        hello(s);
        s->peer.extensions = peer_extensions(&s->peer);
        ext_add(&s->peer.extensions, extras[i].type, bytes_hex(extras[i].body));
        say_server_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        stage_close(s);
    }
}

static void hc06_unknown_values_are_ignored(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.door = door == 1, .auth = FPL_CLIENT_AUTH_REQUIRED});
        peer  *p = &s->peer;
        p->suites = bytes_hex("0a0a c02b 00ff 1301 9999");
        p->compressions = bytes_hex("0100");
        ext_set(&p->extensions, EXT_GROUPS, bytes_hex("000a 1a1a 6399 001d 0100 11ec"));
        ext_set(&p->extensions, EXT_SCHEMES, bytes_hex("000e 0a0a 0804 0403 0503 0807 0201 ffff"));
        ext_set(&p->extensions, EXT_POINT_FORMATS, bytes_hex("03 02 00 01"));
        ext_add(&p->extensions, 0x2a2a, bytes_none());
        ext_add(&p->extensions, 0x3a3a, bytes_zero(1));
        ext_add(&p->extensions, EXT_ALPN, bytes_hex("0005 04 3a3a3a3a"));
        ext_add(&p->extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("06 3a3a fefc fefd"));
        ext_add(&p->extensions, EXT_SERVER_NAME, bytes_hex("000a 05 0001 61 00 0003 626364"));
        hello(s);
        bytes answered = peer_hello_extensions(p->their_hello, false);
        EXPECT(s, !ext_has(answered, 0x2a2a) && !ext_has(answered, 0x3a3a) && !ext_has(answered, EXT_ALPN));
        EXPECT(s, !ext_has(answered, EXT_SUPPORTED_VERSIONS) && !ext_has(answered, EXT_GROUPS));
        EXPECT_UINT(s, p->suite, AES128_GCM);
        finish(s);
        expect_talk(s);
        stage_close(s);
    }
}

/* A list as long as browsers have them (parity 10). */
static void hc06_long_lists(void)
{
    stage *s = stage_open(plain_server);
    s->peer.suites = bytes_none();
    for (unsigned i = 0; i < 300; i++) {
        bytes_u16(&s->peer.suites, 0x5000 + i);
    }
    bytes_u16(&s->peer.suites, CHACHA20);
    bytes groups = bytes_none(), body = bytes_none();
    for (unsigned i = 0; i < 200; i++) {
        bytes_u16(&groups, 0x4000 + i);
    }
    bytes_u16(&groups, X25519_GROUP);
    bytes_u16(&groups, P256_GROUP);
    bytes_vector(&body, 2, groups);
    ext_set(&s->peer.extensions, EXT_GROUPS, body);
    for (unsigned i = 0; i < 50; i++) {
        ext_add(&s->peer.extensions, 0x6000 + i, bytes_zero(i));
    }
    hello(s);
    EXPECT_UINT(s, s->peer.suite, CHACHA20);
    finish(s);
}

/* ----- key shares ------------------------------------------------------------------------------------------------------ */

static void try_server_share(unsigned group, bytes share)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .group = group});
    peer  *p = &s->peer;
    hello(s);
    say_server_hello(s);
    say_certificate(s);
    crypto_share_free(&p->share);
    p->share.public = share;
    say_server_key_exchange(s);
    say_server_hello_done(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    EXPECT_UINT(s, num_heard_messages(s, CLIENT_KEY_EXCHANGE), 0);
    stage_close(s);
}

static void try_client_share(unsigned group, bytes share)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_SERVER, .group = group});
    hello(s);
    bytes body = bytes_none();
    bytes_vector(&body, 1, share);
    unsigned seq = s->peer.msg_seq;
    peer_fragment(&s->peer, CLIENT_KEY_EXCHANGE, body.len, seq, 0, body);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    stage_close(s);
}

static void try_share(unsigned group, bytes share)
{
    try_server_share(group, share);
    try_client_share(group, share);
}

static void hc11_point_off_the_curve(void)
{
    static const unsigned groups[] = {P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 2; i++) {
        crypto_share good = crypto_share_of(groups[i]);
        size_t       half = good.public.len / 2;
        bytes        bad = copy(good.public);
        bad.data[bad.len - 1] ^= 1;
        try_share(groups[i], bad);
        bad = copy(good.public);
        memset(bad.data + 1, 0xff, half); /* x above the prime */
        try_share(groups[i], bad);
        bad = copy(good.public);
        memset(bad.data + 1 + half, 0xff, half);
        try_share(groups[i], bad);
        bad = copy(good.public);
        memset(bad.data + 1, 0, 2 * half);
        try_share(groups[i], bad);
        for (unsigned form = 0; form < 8; form++) { /* compressed, hybrid, infinity */
            if (form == 4) {
                continue;
            }
            bad = copy(good.public);
            bad.data[0] = (uint8_t)form;
            try_share(groups[i], bad);
            bad.len = half + 1;
            try_share(groups[i], bad);
        }
        try_share(groups[i], bytes_zero(1));
        bad = copy(good.public);
        bytes_u8(&bad, 0);
        try_share(groups[i], bad);
        bad.len -= 2;
        try_share(groups[i], bad);
        crypto_share_free(&good);
    }
}

static void hc12_x25519_small_order(void)
{
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* The same with the bit that is to be ignored (RFC 7748 section 5). */
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        try_share(X25519_GROUP, bytes_hex(points[i]));
    }
    for (size_t len = 1; len < 70; len += len == 1 ? 30 : len == 31 ? 2 : 32) {
        try_share(X25519_GROUP, bytes_zero(len));
    }
}

/* ----- signatures -------------------------------------------------------------------------------------------------------
 */

/* Where a signature of ours goes: the client's or the server's. */
static void try_signature(int role, unsigned scheme, bytes signature, int alert, int or_this)
{
    stage *s;
    if (role == 0) {
        s = stage_at(FPL_ROLE_SERVER, "WAIT_CV");
        peer_say(&s->peer, CERTIFICATE_VERIFY, peer_signature(scheme, signature));
    } else {
        s = stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
        bytes body = peer_server_params(s->peer.group, s->peer.share.public);
        bytes_append(&body, peer_signature(scheme, signature));
        peer_say(&s->peer, SERVER_KEY_EXCHANGE, body);
    }
    deliver(s);
    stage_expect_alert(s, alert, or_this, __FILE__, __LINE__);
    EXPECT_UINT(s, s->certificates, 0);
    stage_close(s);
}

static bytes der_pair(bytes r, bytes v)
{
    bytes body = bytes_none(), out = bytes_none();
    bytes_u8(&body, 2);
    bytes_vector(&body, 1, r);
    bytes_u8(&body, 2);
    bytes_vector(&body, 1, v);
    bytes_u8(&out, 0x30);
    bytes_vector(&out, 1, body);
    return out;
}

static void hc14_broken_ecdsa(void)
{
    bytes one = bytes_hex("01"), zero = bytes_hex("00");
    bytes order = bytes_hex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    bytes above = bytes_hex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552");
    bytes negative = bytes_hex("ff");
    bytes broken[] = {der_pair(zero, one),  der_pair(one, zero),     der_pair(zero, zero),    der_pair(order, one),
                      der_pair(one, order), der_pair(above, one),    der_pair(negative, one), der_pair(one, negative),
                      der_pair(one, one),   bytes_hex("3006020100020100"), bytes_hex("3080020101020101 0000"), bytes_none(),
                      bytes_zero(1),        bytes_zero(72),          bytes_hex("30"),         bytes_hex("3000")};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
            try_signature(role, ECDSA_P256_SHA256, broken[i], DECRYPT_ERROR, -1);
        }
    }
}

/* A right signature in a wrong encoding. */
static void recode(int role, int how)
{
    stage *s = role == 0 ? stage_at(FPL_ROLE_SERVER, "WAIT_CV") : stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
    peer  *p = &s->peer;
    bytes  params = peer_server_params(p->group, p->share.public);
    bytes  input = role == 0 ? copy(p->transcript) : copy(p->client_random);
    if (role == 1) {
        bytes_append(&input, p->server_random);
        bytes_append(&input, params);
    }
    bytes good = crypto_sign(p->credential->key, ECDSA_P256_SHA256, input);
    bytes bad = copy(good);
    if (how == 0) { /* a byte behind it */
        bytes_u8(&bad, 0);
    } else if (how == 1) { /* a long length where a short one does */
        bytes_insert(&bad, 1, bytes_hex("81"));
    } else if (how == 2) { /* a superfluous zero in front of r */
        bytes_insert(&bad, 4, bytes_hex("00"));
        bad.data[3]++;
        bad.data[1]++;
    } else { /* a byte short */
        bad.len--;
    }
    bytes body = role == 0 ? bytes_none() : params;
    bytes_append(&body, peer_signature(ECDSA_P256_SHA256, bad));
    peer_say(p, role == 0 ? CERTIFICATE_VERIFY : SERVER_KEY_EXCHANGE, body);
    deliver(s);
    expect_alert(s, DECRYPT_ERROR);
    stage_close(s);
}

static void hc14_right_signature_in_wrong_der(void)
{
    for (int role = 0; role < 2; role++) {
        for (int how = 0; how < 4; how++) {
            recode(role, how);
        }
    }
}

static void one_scheme(fpl_config *config)
{
    const fpl_signature_scheme only[] = {FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256};
    (void)fpl_config_set_signature_schemes(config, only, 1);
}

static void sign_with(stage *s, unsigned scheme)
{
    peer *p = &s->peer;
    p->scheme = scheme;
    if (p->client) {
        say_certificate_verify(s);
    } else {
        say_server_key_exchange(s);
    }
    deliver(s);
}

static void hc15_scheme_not_offered(void)
{
    for (int role = 0; role < 2; role++) {
        static const unsigned schemes[] = {ECDSA_SHA1, RSA_SHA256, ED25519_SCHEME, 0x0603, 0x0000, 0x0804};
        for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
            stage *s = role == 0 ? stage_at(FPL_ROLE_SERVER, "WAIT_CV") : stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
            sign_with(s, schemes[i]);
            expect_alert(s, ILLEGAL_PARAMETER);
            expect_refused_by(s, role == 0 ? "cv_scheme_was_offered" : "ske_scheme_was_offered");
            stage_close(s);
        }
        /* Known, and right, but not in what this end said it takes. */
        stage *s = stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .auth = FPL_CLIENT_AUTH_REQUIRED,
                                              .configure = one_scheme});
        hello(s);
        if (role == 0) {
            say_certificate(s);
            say_client_key_exchange(s);
        } else {
            say_server_hello(s);
            say_certificate(s);
        }
        sign_with(s, ECDSA_P384_SHA384);
        expect_alert(s, ILLEGAL_PARAMETER);
        stage_close(s);
    }
}

/* In 1.2 any curve goes with any hash (RFC 5246 section 7.4.1.4.1; parity 13). */
static void hc15_any_curve_with_any_hash(void)
{
    static const unsigned      schemes[] = {ECDSA_P256_SHA256, ECDSA_P384_SHA384};
    static const credential_id keys[] = {CREDENTIAL_P256_B, CREDENTIAL_P384_B};
    for (int i = 0; i < 8; i++) {
        stage *s = stage_open((stage_options){.role = i < 4 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .auth = FPL_CLIENT_AUTH_REQUIRED,
                                              .peer_credential = keys[i % 2]});
        s->peer.asks = true;
        s->peer.scheme = schemes[i / 2 % 2];
        finish(s);
        EXPECT_UINT(s, fpl_conn_peer_signature_scheme(s->conn), schemes[i / 2 % 2]);
        stage_close(s);
    }
}

static void hc16_signature_over_other_transcript(void)
{
    stage *s = stage_at(FPL_ROLE_SERVER, "WAIT_CV");
    bytes  transcript = copy(s->peer.transcript);
    bytes  right = s->peer.transcript;
    transcript.data[40] ^= 1;
    s->peer.transcript = transcript;
    bytes body = peer_certificate_verify(&s->peer);
    s->peer.transcript = right;
    peer_say(&s->peer, CERTIFICATE_VERIFY, body);
    deliver(s);
    expect_alert(s, DECRYPT_ERROR);
    expect_refused_by(s, "cv_signature_valid");
    EXPECT_UINT(s, s->certificates, 0);
    stage_close(s);
    /* One from another connection, of the same key. */
    stage *a = stage_at(FPL_ROLE_SERVER, "WAIT_CV");
    stage *b = stage_at(FPL_ROLE_SERVER, "WAIT_CV");
    peer_say(&b->peer, CERTIFICATE_VERIFY, peer_certificate_verify(&a->peer));
    deliver(b);
    expect_alert(b, DECRYPT_ERROR);
}

static void hc17_replayed_server_key_exchange(void)
{
    stage *a = stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
    bytes  recorded = peer_server_key_exchange(&a->peer);
    stage *b = stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
    peer_say(&b->peer, SERVER_KEY_EXCHANGE, recorded);
    deliver(b);
    expect_alert(b, DECRYPT_ERROR);
    expect_refused_by(b, "ske_signature_valid");
    EXPECT_UINT(b, b->certificates, 0);
}

/* Another key than the certificate's. */
static void hc17_signed_by_somebody_else(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = role == 0 ? stage_at(FPL_ROLE_SERVER, "WAIT_CV") : stage_at(FPL_ROLE_CLIENT, "WAIT_SKE");
        s->peer.credential = credential_of(CREDENTIAL_P256_A);
        sign_with(s, ECDSA_P256_SHA256);
        expect_alert(s, DECRYPT_ERROR);
        EXPECT_UINT(s, s->certificates, 0);
        stage_close(s);
    }
}

static void hc18_bad_finished(void)
{
    static const size_t lengths[] = {0, 1, 11, 13, 31, 33, 48};
    for (int role = 0; role < 2; role++) {
        fpl_role r = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT;
        for (size_t bit = 0; bit < 96; bit += 5) {
            stage *s = stage_at(r, "WAIT_FINISHED");
            bytes  body = peer_finished(&s->peer);
            body.data[bit / 8] = (uint8_t)(body.data[bit / 8] ^ 1u << bit % 8);
            peer_say(&s->peer, FINISHED, body);
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            expect_refused_by(s, "finished12_valid");
            EXPECT_UINT(s, s->connected, 0);
            stage_close(s);
        }
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            stage *s = stage_at(r, "WAIT_FINISHED");
            bytes  body = peer_finished(&s->peer);
            while (body.len < lengths[i]) {
                bytes_u8(&body, 0);
            }
            body.len = lengths[i];
            peer_say(&s->peer, FINISHED, body);
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            stage_close(s);
        }
        stage *s = stage_at(r, "WAIT_FINISHED");
        peer_say(&s->peer, FINISHED, bytes_zero(12));
        deliver(s);
        expect_alert(s, DECRYPT_ERROR);
        stage_close(s);
        /* The other side's own: directions are told apart. */
        s = stage_at(r, "WAIT_FINISHED");
        s->peer.client = !s->peer.client;
        bytes other = peer_finished(&s->peer);
        s->peer.client = !s->peer.client;
        peer_say(&s->peer, FINISHED, other);
        deliver(s);
        expect_alert(s, DECRYPT_ERROR);
        stage_close(s);
    }
}

/* A second message in the record that ends with Finished. */
static void hc18_more_behind_finished(void)
{
    for (int role = 0; role < 2; role++) {
        stage   *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_FINISHED");
        unsigned seq = s->peer.msg_seq;
        bytes    body = peer_fragment_of(FINISHED, 12, seq, 0, peer_finished(&s->peer));
        bytes_append(&body, peer_fragment_of(CERTIFICATE, 3, seq + 1, 0, bytes_zero(3)));
        peer_record(&s->peer, HANDSHAKE, body);
        deliver(s);
        expect_alert(s, UNEXPECTED_MESSAGE);
        EXPECT_UINT(s, s->connected, 0);
    }
}

/* ----- choices ------------------------------------------------------------------------------------------------------------
 */

static void only_aes128(fpl_config *config)
{
    const fpl_cipher_suite only[] = {FPL_CIPHER_SUITE_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256};
    (void)fpl_config_set_cipher_suites(config, only, 1);
}

static void hc19_suite_not_offered(void)
{
    static const unsigned suites[] = {AES256_GCM, CHACHA20, 0x0a0a, RENEGOTIATION_SCSV, 0x1301, 0xc009,
                                      0xc02f,     0x0000,   0xffff};
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .configure = only_aes128});
        hello(s);
        s->peer.suite = suites[i];
        say_server_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "suite12_was_offered");
        stage_close(s);
    }
}

static const unsigned weak[] = {0x0000, 0x0001, 0x0003, 0x0004, 0x0005, 0x000a, 0x0018, 0x002f,
                                0x0033, 0x0034, 0x0035, 0x009c, 0x009e, 0xc004, 0xc006, 0xc009,
                                0xc00a, 0xc013, 0xc014, 0xc015, 0xc018, 0xc023, 0xc024, 0xc0ac};

static void hc20_weak_suites(void)
{
    /* Nothing else in common. */
    stage *s = stage_open(plain_server);
    s->peer.suites = bytes_none();
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        bytes_u16(&s->peer.suites, weak[i]);
    }
    say_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    stage_close(s);
    /* With one that is good, behind them all. */
    s = stage_open(plain_server);
    s->peer.suites = bytes_none();
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        bytes_u16(&s->peer.suites, weak[i]);
    }
    bytes_u16(&s->peer.suites, AES256_GCM);
    hello(s);
    EXPECT_UINT(s, s->peer.suite, AES256_GCM);
    finish(s);
    /* Never offered, never taken. */
    stage *c = stage_open(plain_client);
    hello(c);
    bytes  body = c->peer.their_hello;
    size_t at = 34 + 1u + body.data[34];
    at += 1u + body.data[at];
    size_t len = (size_t)body.data[at] << 8 | body.data[at + 1];
    for (size_t i = 0; i < len; i += 2) {
        unsigned suite = (unsigned)body.data[at + 2 + i] << 8 | body.data[at + 3 + i];
        for (size_t w = 0; w < sizeof weak / sizeof weak[0]; w++) {
            EXPECT(c, suite != weak[w] || suite == RENEGOTIATION_SCSV);
        }
    }
    EXPECT(c, len >= 6 && len <= 8);
    for (size_t i = 0; i < sizeof weak / sizeof weak[0]; i++) {
        stage *t = stage_open(plain_client);
        hello(t);
        t->peer.suite = weak[i];
        say_server_hello(t);
        deliver(t);
        expect_alert(t, ILLEGAL_PARAMETER);
        stage_close(t);
    }
}

static void hc20_nothing_in_common(void)
{
    /* Groups, then signature schemes. */
    stage *s = stage_open(plain_server);
    ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0004 0100 0019"));
    say_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    s = stage_open(plain_server);
    ext_set(&s->peer.extensions, EXT_SCHEMES, bytes_hex("0006 0201 0401 0203"));
    say_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    s = stage_open(plain_server);
    ext_drop(&s->peer.extensions, EXT_SCHEMES);
    say_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    /* Without supported_groups the server may take any of its own. */
    s = stage_open((stage_options){.group = X25519_GROUP});
    ext_drop(&s->peer.extensions, EXT_GROUPS);
    hello(s);
    finish(s);
}

static void hc22_versions_of_a_client(void)
{
    static const struct {
        unsigned version;
        bool     good;
    } versions[] = {{DTLS12, true}, {DTLS13, true}, {DTLS10, false}, {0xfefe, false}, {0xffff, false}};
    for (int door = 0; door < 2; door++) {
        for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
            stage *s = stage_open((stage_options){.door = door == 1});
            s->peer.hello_version = versions[i].version;
            if (versions[i].good) {
                hello(s);
                EXPECT_UINT(s, fpl_conn_version(s->conn), DTLS12);
                finish(s);
            } else {
                say_client_hello(s);
                deliver(s);
                EXPECT_UINT(s, num_heard(s), 1);
                EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
                EXPECT_UINT(s, heard_new(s, 0)->type, PROTOCOL_VERSION);
            }
            stage_close(s);
        }
    }
    /* Numbers that are no version of DTLS: never a connection of another version than 1.2. */
    static const unsigned odd[] = {TLS12, 0x0000, 0x0301, 0x7f1c};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        stage *s = stage_open(plain_server);
        s->peer.hello_version = odd[i];
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT_UINT(s, num_heard_records(s, ALERT), 1);
        EXPECT_UINT(s, heard_new(s, 0)->type, PROTOCOL_VERSION);
        EXPECT(s, !s->failed && fpl_conn_version(s->conn) == 0);
        stage_close(s);
    }
}

static void hc22_versions_of_a_server(void)
{
    static const unsigned versions[] = {DTLS10, DTLS13, TLS12, 0x0000, 0xffff, 0xfefe};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        stage *s = stage_open(plain_client);
        hello(s);
        s->peer.hello_version = versions[i];
        say_server_hello(s);
        deliver(s);
        expect_alert(s, PROTOCOL_VERSION);
        expect_refused_by(s, "server_version_is_dtls12");
        stage_close(s);
    }
    /* supported_versions of 1.3 means nothing to a server of 1.2. */
    stage *s = stage_open(plain_server);
    ext_add(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("04 fefc fefd"));
    finish(s);
}

static void hc22_compression(void)
{
    static const char *const lists[] = {"01", "0140", "ff"};
    for (size_t i = 0; i < 3; i++) {
        stage *s = stage_open(plain_server);
        s->peer.compressions = bytes_hex(lists[i]);
        say_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "null_compression_offered");
        stage_close(s);
    }
    /* Together with null it is passed over, and a server that chooses it is refused. */
    stage *s = stage_open(plain_server);
    s->peer.compressions = bytes_hex("0100");
    finish(s);
    stage *c = stage_open(plain_client);
    hello(c);
    bytes body = peer_server_hello(&c->peer);
    bytes_put_uint(&body, 34 + 1 + 2, 1, 1);
    peer_say(&c->peer, SERVER_HELLO, body);
    deliver(c);
    expect_alert(c, ILLEGAL_PARAMETER);
}

static void hc23_extended_master_secret_missing(void)
{
    stage *s = stage_open(plain_server);
    ext_drop(&s->peer.extensions, EXT_EMS);
    say_client_hello(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    stage *c = stage_open(plain_client);
    hello(c);
    c->peer.extensions = peer_extensions(&c->peer);
    ext_drop(&c->peer.extensions, EXT_EMS);
    bytes body = bytes_none();
    c->peer.no_extensions = c->peer.extensions.len == 0;
    body = peer_server_hello(&c->peer);
    peer_say(&c->peer, SERVER_HELLO, body);
    deliver(c);
    expect_alert(c, HANDSHAKE_FAILURE);
    expect_refused_by(c, "ems_as_policy_wants");
    /* A body where there is none. */
    s = stage_open(plain_server);
    ext_set(&s->peer.extensions, EXT_EMS, bytes_zero(1));
    say_client_hello(s);
    deliver(s);
    expect_alert(s, DECODE_ERROR);
}

static void hc23_without_by_configuration(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s =
            stage_open((stage_options){.role = role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, .configure = without_ems});
        uint8_t out[16];
        if (role == 0) {
            ext_drop(&s->peer.extensions, EXT_EMS);
        }
        finish(s);
        expect_talk(s);
        EXPECT(s, !fpl_conn_extended_master_secret(s->conn));
        /* RFC 7627 section 5.4: without it exporters bind nothing. */
        EXPECT(s, fpl_conn_export(s->conn, out, sizeof out, "EXPORTER-x", NULL, 0) != FPL_OK);
        stage_close(s);
    }
}

static void hc24_session_hash(void)
{
    /* The peer computes it over its own transcript: with cookies on either side, with client certificates. */
    for (int i = 0; i < 8; i++) {
        bool   server = i % 2 == 0;
        stage *s = stage_open((stage_options){.role = server ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT,
                                              .door = server && i % 4 == 0,
                                              .auth = i < 4 ? FPL_CLIENT_AUTH_REQUIRED : FPL_CLIENT_AUTH_OFF});
        s->peer.asks = i < 4;
        hello(s);
        if (!server) {
            peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS12, bytes_zero(32)));
            deliver(s);
        }
        finish(s);
        EXPECT(s, fpl_conn_extended_master_secret(s->conn) && s->peer.ems);
        expect_talk(s);
        stage_close(s);
    }
}

/* ----- certificates ---------------------------------------------------------------------------------------------------- */

static void try_certificate(int role, bytes body, int alert, int or_this)
{
    stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CERT");
    unsigned seq = peer_note(&s->peer, CERTIFICATE, body);
    for (size_t at = 0; at < body.len && !s->failed; at += 8000) {
        peer_fragment(&s->peer, CERTIFICATE, body.len, seq, at,
                      bytes_of(body.data + at, body.len - at < 8000 ? body.len - at : 8000));
        deliver(s);
    }
    stage_expect_alert(s, alert, or_this, __FILE__, __LINE__);
    EXPECT_UINT(s, s->certificates, 0);
    stage_close(s);
}

static void hc25_empty_server_certificate_list(void)
{
    stage *s = stage_at(FPL_ROLE_CLIENT, "WAIT_CERT");
    peer_say(&s->peer, CERTIFICATE, bytes_hex("000000"));
    deliver(s);
    expect_alert(s, DECODE_ERROR);
    expect_refused_by(s, "certificate12_list_not_empty");
}

static void hc26_empty_client_certificate_list(void)
{
    stage *s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_REQUIRED, .nameless = true});
    hello(s);
    say_certificate(s);
    deliver(s);
    expect_alert(s, HANDSHAKE_FAILURE);
    expect_refused_by(s, "client_may_be_anonymous");
    s = stage_open((stage_options){.auth = FPL_CLIENT_AUTH_OPTIONAL, .nameless = true});
    finish(s);
    EXPECT_UINT(s, s->certificates, 0);
    uint8_t fingerprint[32];
    EXPECT(s, fpl_conn_peer_fingerprint(s->conn, fingerprint) == FPL_MISUSE);
    expect_talk(s);
}

/* An operator with the wrong kind of key is told so, rather than that the certificate is broken. */
static void hc20_certificate_of_another_kind(void)
{
    static const char *const kinds[] = {
        /* RSA */
        "308201ae30820117a003020102020105300d06092a864886f70d01010b0500300c310a300806035504030c0174301e170d32"
        "36303130313030303030305a170d3236303133313030303030305a300c310a300806035504030c017430819f300d06092a86"
        "4886f70d010101050003818d0030818902818100a919db57de1584414e87e25273e273bb9c0f26e0b615e49719c26ab88c6f"
        "abb09cf33e8dd497d11d34e432fd8d2103f4fc841d670e3cf01bf6669e3d1304c39404ac89e755f971a8e8f6d2cc176d1fcb"
        "0716b21d9f717c7e4876d1d7558de46025ac25320410f385c989d8ee7b957c5488b913d2f8b9573d82863d88ece599c30203"
        "010001a320301e300c0603551d130101ff04023000300e0603551d0f0101ff040403020780300d06092a864886f70d01010b"
        "0500038181002cb899b7e20d7e0004e394268ca4aa92a5a7e440e494dcde24df1fc89641c8fe1d6f310f8d7e249e169d48de"
        "4a6c28897422d651ba0b5dcf505412b43ed6c23a6ac4ec05ad5d3e399f88b2cca001ccf1f0368f0ea464be9eb8fddbfec322"
        "432863ba38b23b61a52e874729f3ad255871476f0688497538404dcec444bfb8665c",
        /* Ed25519 */
        "3081c33077a003020102020105300506032b6570300c310a300806035504030c0174301e170d323630313031303030303030"
        "5a170d3236303133313030303030305a300c310a300806035504030c0174302a300506032b65700321003b6a27bcceb6a42d"
        "62a3a8d02a6f0d73653215771de243a63ac048a18b59da29300506032b6570034100fbd635d41b29074f0f29471060252557"
        "ea776eb2a86e28b0cc6363681b772ab070d38963427a5b9182eae1d0fce5671bf8c2afa8d0d0ebe51857a8f504bb9d0c",
    };
    for (int i = 0; i < 4; i++) {
        bytes leaf = bytes_hex(kinds[i / 2]);
        try_certificate(i % 2, peer_certificate_list(&leaf, 1), UNSUPPORTED_CERTIFICATE, UNSUPPORTED_CERTIFICATE);
    }
}

static void hc27_oversized_chains(void)
{
    const credential *c = credential_of(CREDENTIAL_P256_B);
    bytes             leaf = bytes_of(c->made.certificate, c->made.certificate_len);
    for (int role = 0; role < 2; role++) {
        bytes many[40];
        for (size_t i = 0; i < 40; i++) {
            many[i] = leaf;
        }
        try_certificate(role, peer_certificate_list(many, 40), BAD_CERTIFICATE, DECODE_ERROR);
        try_certificate(role, peer_certificate_list(many, 9), BAD_CERTIFICATE, DECODE_ERROR);
        bytes two[2] = {leaf, bytes_zero(17000)};
        try_certificate(role, peer_certificate_list(two, 2), BAD_CERTIFICATE, DECODE_ERROR);
        bytes empty[2] = {leaf, bytes_none()};
        try_certificate(role, peer_certificate_list(empty, 2), DECODE_ERROR, BAD_CERTIFICATE);
        bytes junk = bytes_zero(200);
        try_certificate(role, peer_certificate_list(&junk, 1), BAD_CERTIFICATE, DECODE_ERROR);
        bytes cut = bytes_of(leaf.data, leaf.len - 1);
        try_certificate(role, peer_certificate_list(&cut, 1), BAD_CERTIFICATE, DECODE_ERROR);
        bytes longer = copy(leaf);
        bytes_u8(&longer, 0);
        try_certificate(role, peer_certificate_list(&longer, 1), BAD_CERTIFICATE, DECODE_ERROR);
        /* As many as are allowed go through, the rest of them whatever they like. */
        stage *s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CERT");
        bytes  eight[8] = {leaf, junk, junk, junk, junk, junk, junk, junk};
        peer_say(&s->peer, CERTIFICATE, peer_certificate_list(eight, 8));
        finish(s);
        EXPECT_UINT(s, s->certificates, 1);
        stage_close(s);
        /* A message of 16 MB is refused by its header. */
        s = stage_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, "WAIT_CERT");
        peer_fragment(&s->peer, CERTIFICATE, 0xfffff0, s->peer.msg_seq, 0, bytes_zero(900));
        deliver(s);
        EXPECT(s, s->meter->peak < 200000);
        if (!s->failed) {
            expect_quiet(s);
        }
        stage_close(s);
    }
}

/* ----- cookies and randoms ------------------------------------------------------------------------------------------------
 */

static void hc35_cookie_lengths(void)
{
    static const size_t lengths[] = {0, 1, 20, 32, 33, 254, 255};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        stage *s = stage_open(plain_client);
        hello(s);
        bytes first = s->peer.their_hello;
        bytes cookie = bytes_zero(lengths[i]);
        for (size_t n = 0; n < cookie.len; n++) {
            cookie.data[n] = (uint8_t)(n * 7 + 1);
        }
        peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(DTLS10, cookie));
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
        bytes expected = copy(first);
        bytes_put_uint(&expected, 35u + first.data[34], 1, cookie.len);
        bytes_insert(&expected, 36u + first.data[34], cookie);
        EXPECT(s, bytes_equal(s->peer.their_hello, expected));
        EXPECT_UINT(s, heard_new(s, 0)->msg_seq, 1);
        finish(s);
        stage_close(s);
    }
}

/* Either packet version, and no version is negotiated by it (parity 5). */
static void hc35_verify_request_versions(void)
{
    static const unsigned versions[] = {DTLS10, DTLS12};
    for (size_t i = 0; i < 2; i++) {
        stage *s = stage_open(plain_client);
        hello(s);
        peer_say(&s->peer, HELLO_VERIFY_REQUEST, peer_hello_verify_request(versions[i], bytes_zero(20)));
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, CLIENT_HELLO), 1);
        finish(s);
    }
}

static void hc36_cookie_with_other_parameters(void)
{
    for (int what = 0; what < 8; what++) {
        stage *s = stage_open((stage_options){.door = true});
        peer  *p = &s->peer;
        p->session_id = bytes_zero(4);
        p->compressions = bytes_hex("4000");
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, p->verify_requests, 1);
        switch (what) {
        case 0: p->client_random.data[5] ^= 1; break;
        case 1: bytes_u16(&p->suites, AES256_GCM); break;
        case 2: p->hello_version = DTLS13; break;
        case 3: p->session_id = bytes_zero(8); break;
        case 4: bytes_u8(&p->compressions, 1); break;
        /* Of the same length, too. */
        case 5: p->suites = bytes_hex("c02c"); break;
        case 6: p->session_id.data[2] ^= 1; break;
        default: p->compressions = bytes_hex("4100"); break;
        }
        say_client_hello(s);
        deliver(s);
        EXPECT_UINT(s, num_heard_messages(s, HELLO_VERIFY_REQUEST), 1);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
        stage_close(s);
    }
}

static void hc40_fresh_randoms(void)
{
    enum { RUNS = 500 }; /* in each role: a thousand */
    static uint8_t randoms[2 * RUNS][32], shares[2 * RUNS][32];
    for (size_t i = 0; i < RUNS; i++) {
        stage *s = stage_open((stage_options){.group = X25519_GROUP});
        hello(s);
        memcpy(randoms[2 * i], s->peer.server_random.data, 32);
        memcpy(shares[2 * i], s->peer.their_share.data, 32);
        stage_close(s);
        s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .group = X25519_GROUP});
        hello(s);
        memcpy(randoms[2 * i + 1], s->peer.client_random.data, 32);
        say_rest(s);
        deliver(s);
        EXPECT_UINT(s, s->peer.their_share.len, 32);
        memcpy(shares[2 * i + 1], s->peer.their_share.data, 32);
        stage_close(s);
    }
    for (size_t i = 0; i < 2 * RUNS; i++) {
        for (size_t k = 0; k < i; k++) {
            EXPECT(NULL, memcmp(randoms[i], randoms[k], 8) != 0 && memcmp(randoms[i] + 24, randoms[k] + 24, 8) != 0);
            EXPECT(NULL, memcmp(shares[i], shares[k], 32) != 0);
        }
    }
}

SCENARIOS(hc_scenarios, PLAYS(hc01_client_hello_lengths), PLAYS(hc01_client_hello_cut_anywhere), PLAYS(hc02_trailing_bytes),
          PLAYS(hc02_messages_cut_anywhere), PLAYS(hc03_odd_cipher_suites), PLAYS(hc04_extension_twice),
          PLAYS(hc05_unsolicited_extension), PLAYS(hc05_extension_in_wrong_message), PLAYS(hc06_unknown_values_are_ignored),
          PLAYS(hc06_long_lists), PLAYS(hc11_point_off_the_curve), PLAYS(hc12_x25519_small_order), PLAYS(hc14_broken_ecdsa),
          PLAYS(hc14_right_signature_in_wrong_der), PLAYS(hc15_scheme_not_offered), PLAYS(hc15_any_curve_with_any_hash),
          PLAYS(hc16_signature_over_other_transcript), PLAYS(hc17_replayed_server_key_exchange),
          PLAYS(hc17_signed_by_somebody_else), PLAYS(hc18_bad_finished), PLAYS(hc18_more_behind_finished),
          PLAYS(hc19_suite_not_offered), PLAYS(hc20_weak_suites), PLAYS(hc20_nothing_in_common),
          PLAYS(hc22_versions_of_a_client), PLAYS(hc22_versions_of_a_server), PLAYS(hc22_compression),
          PLAYS(hc23_extended_master_secret_missing), PLAYS(hc23_without_by_configuration), PLAYS(hc24_session_hash),
          PLAYS(hc25_empty_server_certificate_list), PLAYS(hc26_empty_client_certificate_list),
          PLAYS(hc20_certificate_of_another_kind), PLAYS(hc27_oversized_chains), PLAYS(hc35_cookie_lengths),
          PLAYS(hc35_verify_request_versions), PLAYS(hc36_cookie_with_other_parameters), PLAYS(hc40_fresh_randoms));
