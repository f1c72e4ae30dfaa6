/* Group HC of the security catalogue in DTLS 1.3: what stands in the messages. */
#include <stdio.h>
#include <string.h>

#include "transcripts/runner.h"
#include "transcripts/walk13.h"

static bytes copy(bytes b)
{
    return bytes_of(b.data, b.len);
}

static stage *at(int role, const char *state)
{
    return stage13_at(role == 0 ? FPL_ROLE_SERVER : FPL_ROLE_CLIENT, state);
}

/* ----- hellos ------------------------------------------------------------------------------------------------------ */

/* What a stranger got from the door is no more than a retry, and no connection. */
static void expect_not_let_in(stage *s)
{
    EXPECT(s, !s->peer.ready && s->connected == 0 && num_heard(s) <= 1);
    EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
    for (size_t i = s->sent_mark; i < s->num_sent; i++) {
        EXPECT(s, s->sent[i].len <= 3 * s->bytes_in);
    }
}

static void say_hello(stage *s, bytes hello)
{
    peer13_fragment(&s->peer13, CLIENT_HELLO, hello.len, s->peer.msg_seq, 0, hello);
}

static stage *hears(stage *s, bytes hello)
{
    say_hello(s, hello);
    deliver(s);
    if (s->listener != NULL) {
        expect_not_let_in(s);
    }
    return s;
}

static void expect_refused_with(stage *s, int alert)
{
    expect_alert(s, alert);
    EXPECT(s, num_heard(s) == 1 && !s->peer.ready && s->connected == 0);
    stage_close(s);
}

/* A hello that can be read, and has something wrong in it. A server whose peer is proven says so, of the first hello and of the
 * second; the door gives strangers a retry or an alert, and nothing else. */
static void try_hello(bytes body, int alert)
{
    stage_close(hears(stage_open((stage_options){.dtls13 = true, .door = true}), body));
    expect_refused_with(hears(stage_open(role13(0)), body), alert);
    expect_refused_with(hears(at(0, "WAIT_CH_AGAIN"), body), alert);
}

/* What cannot be read as a hello. The machine `listen` keeps nothing and ends nothing, at a door or without one: it is dropped,
 * and the right hello still counts. A server that has answered a hello says what is wrong with the second. */
static void try_no_hello(bytes body)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
        say_hello(s, body);
        expect_dropped(s);
        hello13(s);
        stage_close(s);
    }
    expect_refused_with(hears(at(0, "WAIT_CH_AGAIN"), body), DECODE_ERROR);
}

/* A whole hello that has lost all its extensions is one of DTLS 1.2, which these servers do not speak; a second one lacks
 * what the first had. */
static void try_hello_of_12(bytes body)
{
    for (int door = 0; door < 2; door++) {
        stage *s = hears(stage_open((stage_options){.dtls13 = true, .door = door == 1}), body);
        EXPECT_UINT(s, num_heard(s), 1);
        EXPECT(s, heard_new(s, 0)->record == ALERT && heard_new(s, 0)->level == FATAL);
        EXPECT_UINT(s, heard_new(s, 0)->type, PROTOCOL_VERSION);
        hello13(s);
        stage_close(s);
    }
    expect_refused_with(hears(at(0, "WAIT_CH_AGAIN"), body), MISSING_EXTENSION);
}

static bytes sample_hello(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true});
    bytes  body;
    ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex("0004 0007 0001 00"));
    ext_add(&s->peer.extensions, EXT_SERVER_NAME, bytes_hex("0008 00 0005 6261726261"));
    ext_add(&s->peer.extensions, EXT_SCHEMES_CERT, bytes_hex("0004 0403 0503"));
    s->peer.session_id = bytes_zero(4);
    body = peer13_client_hello(&s->peer13);
    stage_close(s);
    return body;
}

/* A length in a ClientHello. Those inside the body of an extension are read by the machine of the version; one that is wrong
 * anywhere else makes it no hello at all. */
typedef struct length_field {
    size_t at, width;
    bool   inside;
} length_field;

static size_t length_at(bytes b, size_t at, size_t width)
{
    return width == 1 ? b.data[at] : (size_t)b.data[at] << 8 | b.data[at + 1];
}

/* Every length of a ClientHello, extensions included. */
static size_t lengths_of_hello(bytes body, length_field lengths[64])
{
    static const size_t fixed[] = {1, 1, 2, 1}; /* session id, cookie, suites, compression methods */
    size_t              num = 0, pos = 34;
    for (size_t i = 0; i < 4; i++) {
        lengths[num++] = (length_field){pos, fixed[i], false};
        pos += fixed[i] + length_at(body, pos, fixed[i]);
    }
    lengths[num++] = (length_field){pos, 2, false};
    pos += 2;
    while (pos + 4 <= body.len && num < 60) {
        size_t   len = length_at(body, pos + 2, 2);
        unsigned type = (unsigned)length_at(body, pos, 2);
        lengths[num++] = (length_field){pos + 2, 2, false};
        if (len > 2) {
            lengths[num++] = (length_field){pos + 4, type == EXT_SUPPORTED_VERSIONS ? 1 : 2, true};
        }
        if (type == EXT_KEY_SHARE) {
            lengths[num++] = (length_field){pos + 8, 2, true}; /* of the share itself */
        }
        pos += 4 + len;
    }
    return num;
}

static void hc01_13_client_hello_lengths(void)
{
    bytes        body = sample_hello();
    length_field lengths[64];
    size_t       num = lengths_of_hello(body, lengths);
    EXPECT(NULL, num > 16);
    for (size_t i = 0; i < num; i++) {
        const length_field *l = &lengths[i];
        size_t              max = l->width == 1 ? 0xff : 0xffff, value = length_at(body, l->at, l->width);
        size_t              wrong[5] = {0, value - 1, value + 1, max, max - 1};
        for (size_t w = 0; w < 5; w++) {
            bytes bad = copy(body);
            if (wrong[w] == value || wrong[w] > max) {
                continue;
            }
            bytes_put_uint(&bad, l->at, l->width, wrong[w]);
            if (!l->inside) {
                try_no_hello(bad);
            } else {
                /* A share that is there, but one octet too short for its group. */
                try_hello(bad, value == 32 && wrong[w] == 31 ? ILLEGAL_PARAMETER : DECODE_ERROR);
            }
        }
    }
}

static void hc01_13_client_hello_cut_anywhere(void)
{
    bytes        body = sample_hello();
    length_field lengths[64];
    (void)lengths_of_hello(body, lengths);
    for (size_t len = 0; len < body.len; len++) {
        if (len == lengths[4].at) {
            try_hello_of_12(bytes_of(body.data, len));
        } else {
            try_no_hello(bytes_of(body.data, len));
        }
    }
}

/* ----- HC-02 ------------------------------------------------------------------------------------------------------- */

static const struct {
    int         role;
    const char *state;
    unsigned    type;
} messages[] = {{1, "WAIT_SH", SERVER_HELLO},           {1, "WAIT_SH_AGAIN", SERVER_HELLO},
                {1, "WAIT_EE", ENCRYPTED_EXTENSIONS},   {1, "WAIT_CERT_CR", CERTIFICATE_REQUEST},
                {1, "WAIT_CERT_CR", CERTIFICATE},       {1, "WAIT_CERT", CERTIFICATE},
                {1, "WAIT_CV", CERTIFICATE_VERIFY},     {1, "WAIT_FINISHED", FINISHED},
                {1, "CONNECTED", NEW_SESSION_TICKET},   {1, "CONNECTED", KEY_UPDATE},
                {0, "WAIT_CH_AGAIN", CLIENT_HELLO},     {0, "WAIT_CERT", CERTIFICATE},
                {0, "WAIT_CV", CERTIFICATE_VERIFY},     {0, "WAIT_FINISHED", FINISHED},
                {0, "CONNECTED", KEY_UPDATE},           {1, "WAIT_ACK", NEW_SESSION_TICKET}};

static void hc02_13_trailing_bytes(void)
{
    bytes hello = sample_hello();
    bytes_u8(&hello, 0);
    try_no_hello(hello);
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        stage *s = at(messages[i].role, messages[i].state);
        bytes  body = copy(body13_of(s, messages[i].type));
        bytes_u8(&body, 0);
        peer13_fragment(&s->peer13, messages[i].type, body.len, s->peer.msg_seq, 0, body);
        deliver(s);
        expect_alert(s, messages[i].type == FINISHED ? DECRYPT_ERROR : DECODE_ERROR);
        stage_close(s);
    }
}

/* What the first `len` octets of a message draw. */
static int alert_of_cut(unsigned type, const char *state, size_t len)
{
    if (type == FINISHED) {
        return DECRYPT_ERROR; /* any length can be read; only the right one fits */
    }
    /* A hello that is whole but for its extensions is one of DTLS 1.2. */
    if (type == CLIENT_HELLO && len == 42) {
        return MISSING_EXTENSION;
    }
    if (type == SERVER_HELLO && len == 38) {
        return strcmp(state, "WAIT_SH") == 0 ? PROTOCOL_VERSION : ILLEGAL_PARAMETER; /* other version than the retry had */
    }
    return DECODE_ERROR;
}

static void hc02_13_messages_cut_anywhere(void)
{
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        for (size_t len = 0;; len++) {
            stage   *s = at(messages[i].role, messages[i].state);
            bytes    body = body13_of(s, messages[i].type);
            unsigned connected = s->connected;
            if (len >= body.len) {
                stage_close(s);
                break;
            }
            peer13_fragment(&s->peer13, messages[i].type, len, s->peer.msg_seq, 0, bytes_of(body.data, len));
            deliver(s);
            expect_alert(s, alert_of_cut(messages[i].type, messages[i].state, len));
            EXPECT_UINT(s, s->connected, connected);
            stage_close(s);
        }
    }
}

/* ----- HC-03 to HC-10 ------------------------------------------------------------------------------------------------- */

static void hc03_13_odd_cipher_suites(void)
{
    static const char *const lists[] = {"13", "130113", ""};
    for (size_t i = 0; i < 3; i++) {
        stage *s = stage_open(role13(0));
        s->peer.suites = bytes_hex(lists[i]);
        bytes body = peer13_client_hello(&s->peer13);
        stage_close(s);
        try_no_hello(body);
    }
    bytes body = sample_hello();
    bytes_put_uint(&body, 34 + 1 + 4 + 1, 2, 65535);
    try_no_hello(body);
}

static void hc04_13_extension_twice(void)
{
    static const struct {
        unsigned    type;
        const char *body;
    } known[] = {{EXT_GROUPS, "0002 001d"},          {EXT_SCHEMES, "0002 0403"},
                 {EXT_SUPPORTED_VERSIONS, "02 fefc"}, {EXT_KEY_SHARE, "0000"},
                 {EXT_USE_SRTP, "0002 0007 00"},      {EXT_SERVER_NAME, "0004 00 0001 61"},
                 {EXT_COOKIE, "0001 00"},             {EXT_SCHEMES_CERT, "0002 0403"},
                 {EXT_AUTHORITIES, "0003 0001 00"},   {0x1a2b, "00"}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        for (int apart = 0; apart < 2; apart++) {
            stage *s = stage_open(role13(0));
            ext_set(&s->peer.extensions, known[i].type, bytes_hex(known[i].body));
            if (apart == 1) {
                ext_add(&s->peer.extensions, 0x7a7a, bytes_none());
            }
            ext_add(&s->peer.extensions, known[i].type, bytes_hex(known[i].body));
            bytes body = peer13_client_hello(&s->peer13);
            stage_close(s);
            try_hello(body, ILLEGAL_PARAMETER);
        }
    }
    /* And a server's. */
    static const char *const states[] = {"WAIT_SH", "WAIT_EE"};
    for (size_t i = 0; i < 2; i++) {
        stage *s = at(1, states[i]);
        if (i == 0) {
            s->peer.extensions = peer13_extensions(&s->peer13);
            ext_add(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("fefc"));
            say13_server_hello(s);
        } else {
            ext_add(&s->peer13.extensions, EXT_GROUPS, bytes_hex("0002 001d"));
            ext_add(&s->peer13.extensions, EXT_GROUPS, bytes_hex("0002 001d"));
            say13_encrypted_extensions(s);
        }
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "duplicate");
        stage_close(s);
    }
}

/* Says the message of this state with one more extension. */
static void with_extension(stage *s, const char *state, unsigned type, bytes body)
{
    peer13 *q = &s->peer13;
    bytes   block = bytes_none(), message = bytes_none();
    if (strcmp(state, "WAIT_SH") == 0) {
        s->peer.extensions = peer13_extensions(q);
        ext_add(&s->peer.extensions, type, body);
        say13_server_hello(s);
    } else if (strcmp(state, "WAIT_EE") == 0) {
        ext_add(&q->extensions, type, body);
        say13_encrypted_extensions(s);
    } else { /* of the only CertificateEntry */
        bytes leaf = bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len);
        bytes list = bytes_none();
        ext_add(&block, type, body);
        bytes_vector(&list, 3, leaf);
        bytes_vector(&list, 2, block);
        bytes_u8(&message, 0);
        bytes_vector(&message, 3, list);
        peer13_say(q, CERTIFICATE, message);
    }
    deliver(s);
}

static void hc05_13_unsolicited_extension(void)
{
    static const struct {
        int         role;
        const char *state;
    } places[] = {{1, "WAIT_SH"}, {1, "WAIT_EE"}, {1, "WAIT_CERT_CR"}, {1, "WAIT_CERT"}, {0, "WAIT_CERT"}};
    static const struct {
        unsigned    type;
        const char *body;
    } extras[] = {{EXT_USE_SRTP, "0002 0007 00"},
                  {EXT_ALPN, "0003 02 6832"},
                  {EXT_CONNECTION_ID, "00"},
                  {EXT_SERVER_NAME, ""},
                  {0x1a2b, ""},
                  {EXT_TICKET, ""}};
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (size_t i = 0; i < sizeof extras / sizeof extras[0]; i++) {
            stage *s = at(places[p].role, places[p].state);
            with_extension(s, places[p].state, extras[i].type, bytes_hex(extras[i].body));
            expect_alert(s, UNSUPPORTED_EXTENSION);
            stage_close(s);
        }
    }
}

/* Known ones where they have no place (RFC 8446 section 4.2); a cookie was not even offered. */
static void hc05_13_extension_in_wrong_message(void)
{
    static const struct {
        const char *state;
        unsigned    type;
        const char *body;
    } wrong[] = {{"WAIT_SH", EXT_GROUPS, "0002 001d"},    {"WAIT_SH", EXT_SCHEMES, "0002 0403"},
                 {"WAIT_SH", EXT_COOKIE, "0001 00"},      {"WAIT_EE", EXT_SUPPORTED_VERSIONS, "fefc"},
                 {"WAIT_EE", EXT_KEY_SHARE, "001d 0001 00"}, {"WAIT_EE", EXT_SCHEMES, "0002 0403"},
                 {"WAIT_EE", EXT_COOKIE, "0001 00"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        stage *s = at(1, wrong[i].state);
        with_extension(s, wrong[i].state, wrong[i].type, bytes_hex(wrong[i].body));
        expect_alert(s, wrong[i].type == EXT_COOKIE ? UNSUPPORTED_EXTENSION : ILLEGAL_PARAMETER);
        stage_close(s);
    }
}

static void hc06_13_unknown_values_are_ignored(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1, .auth = FPL_CLIENT_AUTH_REQUIRED});
        peer  *p = &s->peer;
        bytes  shares = bytes_none(), body = bytes_none();
        p->suites = bytes_hex("0a0a 1301 00ff c02b 9999 1305");
        bytes_append(&shares, bytes_hex("2a2a 0001 00"));
        bytes_append(&shares, peer13_share(false, p->group, p->share.public));
        bytes_append(&shares, bytes_hex("6399 0003 010203"));
        bytes_vector(&body, 2, shares);
        ext_set(&p->extensions, EXT_GROUPS, bytes_hex("000c 2a2a 1a1a 001d 0100 6399 0018"));
        ext_set(&p->extensions, EXT_KEY_SHARE, body);
        ext_set(&p->extensions, EXT_SCHEMES, bytes_hex("000e 0a0a 0804 0403 0503 0807 0201 ffff"));
        ext_set(&p->extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("0a 3a3a 0304 fefb fefc 7f17"));
        ext_add(&p->extensions, EXT_SCHEMES_CERT, bytes_hex("0004 0401 0804"));
        ext_add(&p->extensions, 0x2a2a, bytes_none());
        ext_add(&p->extensions, 0x3a3a, bytes_zero(1));
        ext_add(&p->extensions, EXT_ALPN, bytes_hex("0005 04 3a3a3a3a"));
        ext_add(&p->extensions, EXT_PSK_MODES, bytes_hex("02 01 aa"));
        ext_add(&p->extensions, EXT_SERVER_NAME, bytes_hex("000a 05 0001 61 00 0003 626364"));
        ext_add(&p->extensions, EXT_AUTHORITIES, bytes_hex("0006 0004 30020101"));
        hello13(s);
        bytes answered = s->peer13.their_extensions;
        EXPECT(s, !ext_has(answered, 0x2a2a) && !ext_has(answered, 0x3a3a) && !ext_has(answered, EXT_ALPN));
        EXPECT_UINT(s, p->suite, AES128_GCM_13);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void hc06_13_unknown_values_of_a_server(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_server_hello(s);
    /* supported_groups is for the next connection; what a CertificateRequest says may be unknown. */
    ext_add(&s->peer13.extensions, EXT_GROUPS, bytes_hex("0006 2a2a 001d 0017"));
    say13_encrypted_extensions(s);
    bytes block = bytes_none(), request = bytes_hex("00");
    ext_add(&block, 0x4a4a, bytes_zero(3));
    ext_add(&block, EXT_SCHEMES, bytes_hex("0008 0a0a 0804 0403 ffff"));
    ext_add(&block, EXT_AUTHORITIES, bytes_hex("0006 0004 30020101"));
    ext_add(&block, EXT_SCHEMES_CERT, bytes_hex("0004 0401 2a2a"));
    bytes_vector(&request, 2, block);
    peer13_say(&s->peer13, CERTIFICATE_REQUEST, request);
    finish13(s);
    EXPECT(s, s->peer.their_certificate.len > 0);
    expect_talk(s);
}

static void hc06_13_long_lists(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .suite = CHACHA20_13});
    bytes  suites = bytes_none(), groups = bytes_none(), body = bytes_none();
    for (unsigned i = 0; i < 300; i++) {
        bytes_u16(&suites, 0x5000 + i);
    }
    bytes_u16(&suites, CHACHA20_13);
    s->peer.suites = suites;
    for (unsigned i = 0; i < 200; i++) {
        bytes_u16(&groups, 0x4000 + i);
    }
    bytes_u16(&groups, X25519_GROUP);
    bytes_vector(&body, 2, groups);
    ext_set(&s->peer.extensions, EXT_GROUPS, body);
    for (unsigned i = 0; i < 50; i++) {
        ext_add(&s->peer.extensions, 0x6000 + i, bytes_zero(i));
    }
    hello13(s);
    EXPECT_UINT(s, s->peer.suite, CHACHA20_13);
    finish13(s);
}

static void hc07_13_missing_mandatory_extension(void)
{
    static const unsigned types[] = {EXT_GROUPS, EXT_KEY_SHARE, EXT_SCHEMES};
    for (size_t i = 0; i < 3; i++) {
        for (int again = 0; again < 2; again++) {
            stage *s = again == 0 ? stage_open(role13(0)) : at(0, "WAIT_CH_AGAIN");
            if (again == 1) {
                ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
            }
            EXPECT(s, ext_drop(&s->peer.extensions, types[i]));
            say13_client_hello(s);
            deliver(s);
            expect_alert(s, MISSING_EXTENSION);
            expect_refused_by(s, "mandatory_extensions_there");
            stage_close(s);
        }
    }
    /* A CertificateRequest without signature_algorithms. */
    stage *s = at(1, "WAIT_CERT_CR");
    peer13_say(&s->peer13, CERTIFICATE_REQUEST, bytes_hex("00 0005 4a4a 0001 00"));
    deliver(s);
    expect_alert(s, MISSING_EXTENSION);
}

/* The door lets pass what has a valid cookie; the rest is judged behind it. */
static void behind_the_door(void (*change)(stage *), int alert, const char *check)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
    say13_client_hello(s);
    deliver(s);
    EXPECT_UINT(s, s->peer13.retries, 1);
    change(s);
    say13_client_hello(s);
    deliver(s);
    expect_alert(s, alert);
    expect_refused_by(s, check);
    stage_close(s);
}

static void without_groups(stage *s)
{
    EXPECT(s, ext_drop(&s->peer.extensions, EXT_GROUPS));
}

static void with_compression(stage *s)
{
    s->peer.compressions = bytes_hex("0001");
}

static void with_other_random(stage *s)
{
    s->peer.client_random.data[5] ^= 1;
}

static void with_other_suites(stage *s)
{
    bytes_u16(&s->peer.suites, CHACHA20_13);
}

static void with_another_extension(stage *s)
{
    ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex("0002 0007 00"));
}

static void with_other_groups(stage *s)
{
    ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0004 001d 0017"));
}

static void with_session_id(stage *s)
{
    s->peer.session_id = bytes_zero(8);
}

static void with_padding(stage *s)
{
    ext_add(&s->peer.extensions, EXT_PADDING, bytes_zero(20));
}

static void hc37_13_second_hello_altered(void)
{
    void (*const changes[])(stage *) = {with_other_random, with_other_suites, with_another_extension, with_other_groups,
                                        with_session_id};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        behind_the_door(changes[i], ILLEGAL_PARAMETER, "second_hello_unchanged");
        stage *s = at(0, "WAIT_CH_AGAIN");
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, s->peer.group, s->peer.share.public));
        changes[i](s);
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "second_hello_unchanged");
        stage_close(s);
    }
    behind_the_door(without_groups, MISSING_EXTENSION, "mandatory_extensions_there");
    behind_the_door(with_compression, ILLEGAL_PARAMETER, "only_null_compression");
}

/* What may change (RFC 8446 section 4.1.2): the share, the cookie, padding, and no early data any more. */
static void hc37_13_what_may_change(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .door = true});
    ext_add(&s->peer.extensions, EXT_EARLY_DATA, bytes_none());
    say13_client_hello(s);
    deliver(s);
    with_padding(s);
    EXPECT(s, ext_drop(&s->peer.extensions, EXT_EARLY_DATA));
    finish13(s);
    expect_talk(s);
}

/* A second hello without the share that was asked for. */
static void hc37_13_second_hello_without_the_share(void)
{
    for (int what = 0; what < 2; what++) {
        stage *s = at(0, "WAIT_CH_AGAIN");
        if (what == 1) {
            crypto_share_free(&s->peer.share);
            s->peer.share = crypto_share_of(P256_GROUP); /* of the other group */
            ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, P256_GROUP, s->peer.share.public));
        } else {
            ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
        }
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        stage_close(s);
    }
}

static void hc08_13_server_hello_without_share(void)
{
    for (int again = 0; again < 2; again++) {
        stage *s = at(1, again == 0 ? "WAIT_SH" : "WAIT_SH_AGAIN");
        s->peer.extensions = peer13_extensions(&s->peer13);
        EXPECT(s, ext_drop(&s->peer.extensions, EXT_KEY_SHARE));
        bytes body = peer13_server_hello(&s->peer13);
        peer13_fragment(&s->peer13, SERVER_HELLO, body.len, s->peer.msg_seq, 0, body);
        deliver(s);
        expect_alert(s, MISSING_EXTENSION);
        stage_close(s);
        /* A PSK that was never offered in its place. */
        s = at(1, again == 0 ? "WAIT_SH" : "WAIT_SH_AGAIN");
        s->peer.extensions = peer13_extensions(&s->peer13);
        EXPECT(s, ext_drop(&s->peer.extensions, EXT_KEY_SHARE));
        ext_add(&s->peer.extensions, EXT_PRE_SHARED_KEY, bytes_hex("0000"));
        body = peer13_server_hello(&s->peer13);
        peer13_fragment(&s->peer13, SERVER_HELLO, body.len, s->peer.msg_seq, 0, body);
        deliver(s);
        expect_alert(s, UNSUPPORTED_EXTENSION);
        stage_close(s);
    }
}

/* ----- key shares ----------------------------------------------------------------------------------------------------- */

static void x25519_only(fpl_config *config)
{
    const fpl_named_group only[] = {FPL_NAMED_GROUP_X25519};
    (void)fpl_config_set_groups(config, only, 1);
}

static void p256_first(fpl_config *config)
{
    const fpl_named_group groups[] = {FPL_NAMED_GROUP_SECP256R1, FPL_NAMED_GROUP_X25519};
    (void)fpl_config_set_groups(config, groups, 2);
}

static void p384_first(fpl_config *config)
{
    const fpl_named_group groups[] = {FPL_NAMED_GROUP_SECP384R1, FPL_NAMED_GROUP_X25519};
    (void)fpl_config_set_groups(config, groups, 2);
}

static void try_server_share(unsigned group, bytes share)
{
    stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT,
                                          .dtls13 = true,
                                          .group = group,
                                          .configure = group == P256_GROUP   ? p256_first
                                                       : group == P384_GROUP ? p384_first
                                                                             : NULL});
    peer *p = &s->peer;
    hello13(s);
    p->extensions = peer13_extensions(&s->peer13);
    ext_set(&p->extensions, EXT_KEY_SHARE, peer13_share(false, group, share));
    bytes body = peer13_server_hello(&s->peer13);
    peer13_fragment(&s->peer13, SERVER_HELLO, body.len, p->msg_seq, 0, body);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    stage_close(s);
}

static void try_client_share(unsigned group, bytes share)
{
    for (int again = 0; again < 2; again++) {
        stage *s = again == 0 ? stage_open((stage_options){.dtls13 = true, .group = group}) : at(0, "WAIT_CH_AGAIN");
        if (again == 1 && group != X25519_GROUP) {
            stage_close(s);
            continue;
        }
        ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(true, group, share));
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        stage_close(s);
    }
}

static void try_share(unsigned group, bytes share)
{
    try_server_share(group, share);
    try_client_share(group, share);
}

static void hc09_13_share_of_another_group_or_size(void)
{
    static const unsigned groups[] = {P256_GROUP, P384_GROUP, 0x0019, 0x2a2a, 0x11ec};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        for (int offered = 0; offered < 2; offered++) {
            /* Never offered, and offered without a share. */
            stage *s = stage_open((stage_options){
                .role = FPL_ROLE_CLIENT, .dtls13 = true, .configure = offered == 0 ? x25519_only : NULL});
            hello13(s);
            crypto_share other = crypto_share_of(groups[i] == P384_GROUP ? P384_GROUP : P256_GROUP);
            s->peer.extensions = peer13_extensions(&s->peer13);
            ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(false, groups[i], other.public));
            crypto_share_free(&other);
            bytes body = peer13_server_hello(&s->peer13);
            peer13_fragment(&s->peer13, SERVER_HELLO, body.len, s->peer.msg_seq, 0, body);
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            stage_close(s);
        }
    }
    for (size_t len = 1; len < 70; len += len == 1 ? 30 : len == 31 ? 2 : 32) {
        try_share(X25519_GROUP, bytes_zero(len));
    }
}

/* The retry demanded one group and the ServerHello comes with another, though a share of that was sent at first. */
static void hc09_13_share_of_another_group_than_demanded(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    say13_retry(s, P256_GROUP, bytes_none());
    deliver(s);
    expect_state(s, "WAIT_SH_AGAIN");
    crypto_share other = crypto_share_of(X25519_GROUP);
    s->peer.extensions = peer13_extensions(&s->peer13);
    ext_set(&s->peer.extensions, EXT_KEY_SHARE, peer13_share(false, X25519_GROUP, other.public));
    bytes body = peer13_server_hello(&s->peer13);
    peer13_fragment(&s->peer13, SERVER_HELLO, body.len, s->peer.msg_seq, 0, body);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
}

static void hc09_13_retry_for_a_group_not_offered(void)
{
    static const unsigned groups[] = {P256_GROUP, 0x0019, 0x2a2a};
    for (size_t i = 0; i < 3; i++) {
        stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .dtls13 = true, .configure = x25519_only});
        hello13(s);
        bytes body = peer13_hello_retry(&s->peer13, groups[i], bytes_none());
        peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "demanded_group_was_supported");
        stage_close(s);
    }
}

static void hc10_13_shares_and_supported_groups(void)
{
    for (int what = 0; what < 2; what++) {
        stage       *s = stage_open(role13(0));
        crypto_share other = crypto_share_of(P256_GROUP);
        if (what == 0) {
            /* A share whose group is not among the groups. */
            ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0002 0017"));
        } else {
            /* In another order. */
            bytes shares = bytes_none(), body = bytes_none();
            bytes_append(&shares, peer13_share(false, P256_GROUP, other.public));
            bytes_append(&shares, peer13_share(false, X25519_GROUP, s->peer.share.public));
            bytes_vector(&body, 2, shares);
            ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0004 001d 0017"));
            ext_set(&s->peer.extensions, EXT_KEY_SHARE, body);
        }
        crypto_share_free(&other);
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "shares_follow_supported_groups");
        stage_close(s);
    }
    /* Two shares of one group. */
    stage *s = stage_open(role13(0));
    bytes  shares = bytes_none(), body = bytes_none();
    bytes_append(&shares, peer13_share(false, X25519_GROUP, s->peer.share.public));
    bytes_append(&shares, peer13_share(false, X25519_GROUP, s->peer.share.public));
    bytes_vector(&body, 2, shares);
    ext_set(&s->peer.extensions, EXT_KEY_SHARE, body);
    say13_client_hello(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
}

static void hc11_13_point_off_the_curve(void)
{
    static const unsigned groups[] = {P256_GROUP, P384_GROUP};
    for (size_t i = 0; i < 2; i++) {
        crypto_share good = crypto_share_of(groups[i]);
        size_t       half = good.public.len / 2;
        bytes        bad = copy(good.public);
        bad.data[bad.len - 1] ^= 1;
        try_share(groups[i], bad);
        bad = copy(good.public);
        memset(bad.data + 1, 0xff, half);
        try_share(groups[i], bad);
        bad = copy(good.public);
        memset(bad.data + 1, 0, 2 * half);
        try_share(groups[i], bad);
        for (unsigned form = 0; form < 8; form++) {
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
        crypto_share_free(&good);
    }
}

static void hc12_13_x25519_small_order(void)
{
    static const char *const points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
                                         "0100000000000000000000000000000000000000000000000000000000000000",
                                         "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                                         "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                                         "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                         "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                         "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                                         "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        try_share(X25519_GROUP, bytes_hex(points[i]));
    }
}

/* ----- signatures ----------------------------------------------------------------------------------------------------- */

static void sign_with(stage *s, unsigned scheme)
{
    s->peer.scheme = scheme;
    say13_certificate_verify(s);
    deliver(s);
}

static void p384_peer_at_verify(int role, stage **out)
{
    stage_options o = role13(role);
    o.auth = FPL_CLIENT_AUTH_REQUIRED;
    o.peer_credential = CREDENTIAL_P384_B;
    stage *s = *out = stage_open(o);
    hello13(s);
    if (role == 1) {
        say13_server_hello(s);
        say13_encrypted_extensions(s);
    }
    say13_certificate(s);
    deliver(s);
    expect_state(s, "WAIT_CV");
}

/* In 1.3 the curve belongs to the scheme. */
static void hc13_13_scheme_of_another_curve(void)
{
    for (int role = 0; role < 2; role++) {
        stage *s = at(role, "WAIT_CV");
        sign_with(s, ECDSA_P384_SHA384); /* the key is on P-256 */
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "cv_scheme_fits_key");
        EXPECT_UINT(s, s->certificates, 0);
        stage_close(s);
        p384_peer_at_verify(role, &s);
        sign_with(s, ECDSA_P256_SHA256);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "cv_scheme_fits_key");
        stage_close(s);
        p384_peer_at_verify(role, &s);
        sign_with(s, ECDSA_P384_SHA384);
        EXPECT(s, !s->failed);
        stage_close(s);
    }
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

static void try_signature(int role, bytes signature)
{
    stage *s = at(role, "WAIT_CV");
    peer13_say(&s->peer13, CERTIFICATE_VERIFY, peer_signature(ECDSA_P256_SHA256, signature));
    deliver(s);
    expect_alert(s, DECRYPT_ERROR);
    expect_refused_by(s, "cv_signature_valid");
    EXPECT_UINT(s, s->certificates, 0);
    stage_close(s);
}

static void hc14_13_broken_ecdsa(void)
{
    bytes one = bytes_hex("01"), zero = bytes_hex("00");
    bytes order = bytes_hex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    bytes above = bytes_hex("00ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552");
    bytes negative = bytes_hex("ff");
    bytes broken[] = {der_pair(zero, one),  der_pair(one, zero),  der_pair(zero, zero),    der_pair(order, one),
                      der_pair(one, order), der_pair(above, one), der_pair(negative, one), der_pair(one, negative),
                      der_pair(one, one),   bytes_hex("3006020100020100"), bytes_none(),   bytes_zero(1),
                      bytes_zero(72),       bytes_hex("30"),      bytes_hex("3000")};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
            try_signature(role, broken[i]);
        }
        for (int how = 0; how < 4; how++) { /* right, and wrongly encoded */
            stage *s = at(role, "WAIT_CV");
            bytes  bad = crypto_sign(s->peer.credential->key, ECDSA_P256_SHA256,
                                     crypto13_proof_input(s->peer.suite, role == 0, s->peer13.transcript));
            if (how == 0) {
                bytes_u8(&bad, 0);
            } else if (how == 1) {
                bytes_insert(&bad, 1, bytes_hex("81"));
            } else if (how == 2) {
                bytes_insert(&bad, 4, bytes_hex("00"));
                bad.data[3]++;
                bad.data[1]++;
            } else {
                bad.len--;
            }
            peer13_say(&s->peer13, CERTIFICATE_VERIFY, peer_signature(ECDSA_P256_SHA256, bad));
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            stage_close(s);
        }
    }
}

static void one_scheme(fpl_config *config)
{
    const fpl_signature_scheme only[] = {FPL_SIGNATURE_SCHEME_ECDSA_SECP256R1_SHA256};
    (void)fpl_config_set_signature_schemes(config, only, 1);
}

static void hc15_13_scheme_not_offered(void)
{
    static const unsigned schemes[] = {ECDSA_SHA1, RSA_SHA256, ED25519_SCHEME, 0x0603, 0x0000, 0x0804};
    for (int role = 0; role < 2; role++) {
        for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
            stage *s = at(role, "WAIT_CV");
            sign_with(s, schemes[i]);
            expect_alert(s, ILLEGAL_PARAMETER);
            expect_refused_by(s, "cv_scheme_was_offered");
            stage_close(s);
        }
        stage_options o = role13(role);
        o.auth = FPL_CLIENT_AUTH_REQUIRED;
        o.configure = one_scheme;
        o.peer_credential = CREDENTIAL_P384_B;
        stage *s = stage_open(o);
        hello13(s);
        if (role == 1) {
            say13_server_hello(s);
            say13_encrypted_extensions(s);
        }
        say13_certificate(s);
        deliver(s);
        expect_state(s, "WAIT_CV");
        sign_with(s, ECDSA_P384_SHA384);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "cv_scheme_was_offered");
        stage_close(s);
    }
}

static void hc16_13_signature_over_something_else(void)
{
    for (int role = 0; role < 2; role++) {
        for (int what = 0; what < 5; what++) {
            stage *s = at(role, "WAIT_CV"), *other = at(role, "WAIT_CV");
            bytes  transcript = copy(s->peer13.transcript), body;
            bool   of_client = role == 0;
            if (what == 0) {
                transcript.data[40] ^= 1;
            } else if (what == 1) {
                of_client = !of_client; /* the other side's context */
            } else if (what == 2) {
                transcript = other->peer13.transcript;
            }
            bytes input = crypto13_proof_input(s->peer.suite, of_client, transcript);
            if (what == 3) {
                input = transcript; /* as in 1.2 */
            } else if (what == 4) {
                s->peer.credential = credential_of(CREDENTIAL_P256_A); /* another key than the certificate's */
            }
            body = peer_signature(ECDSA_P256_SHA256, crypto_sign(s->peer.credential->key, ECDSA_P256_SHA256, input));
            peer13_say(&s->peer13, CERTIFICATE_VERIFY, body);
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            expect_refused_by(s, "cv_signature_valid");
            EXPECT_UINT(s, s->certificates, 0);
            stage_close(s);
            stage_close(other);
        }
    }
}

static void hc18_13_bad_finished(void)
{
    static const size_t lengths[] = {0, 1, 11, 12, 13, 31, 33, 48};
    for (int role = 0; role < 2; role++) {
        for (size_t bit = 0; bit < 256; bit += 5) {
            stage *s = at(role, "WAIT_FINISHED");
            bytes  body = peer13_finished(&s->peer13);
            body.data[bit / 8] = (uint8_t)(body.data[bit / 8] ^ 1u << bit % 8);
            peer13_say(&s->peer13, FINISHED, body);
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            expect_refused_by(s, "finished13_valid");
            EXPECT_UINT(s, s->connected, 0);
            stage_close(s);
        }
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            stage *s = at(role, "WAIT_FINISHED");
            bytes  body = peer13_finished(&s->peer13);
            while (body.len < lengths[i]) {
                bytes_u8(&body, 0);
            }
            body.len = lengths[i];
            peer13_say(&s->peer13, FINISHED, body);
            deliver(s);
            expect_alert(s, DECRYPT_ERROR);
            stage_close(s);
        }
        /* Zeros, and the other side's own. */
        stage *s = at(role, "WAIT_FINISHED");
        peer13_say(&s->peer13, FINISHED, bytes_zero(32));
        deliver(s);
        expect_alert(s, DECRYPT_ERROR);
        stage_close(s);
        s = at(role, "WAIT_FINISHED");
        bytes other = crypto13_verify_data(
            s->peer.suite, role == 0 ? s->peer13.server_handshake : s->peer13.client_handshake, s->peer13.transcript);
        peer13_say(&s->peer13, FINISHED, other);
        deliver(s);
        expect_alert(s, DECRYPT_ERROR);
        stage_close(s);
    }
}

/* ----- choices ----------------------------------------------------------------------------------------------------------
 */

static void only_aes128(fpl_config *config)
{
    const fpl_cipher_suite only[] = {FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256};
    (void)fpl_config_set_cipher_suites(config, only, 1);
}

static void hc19_13_suite_not_offered(void)
{
    static const unsigned suites[] = {AES256_GCM_13, CHACHA20_13, 0x0a0a, RENEGOTIATION_SCSV, AES128_GCM, 0x1304,
                                      0x1305,        0x0000,      0xffff};
    for (int retry = 0; retry < 2; retry++) {
        for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
            stage *s = stage_open((stage_options){.role = FPL_ROLE_CLIENT, .dtls13 = true, .configure = only_aes128});
            hello13(s);
            s->peer.suite = suites[i];
            bytes body = retry == 1 ? peer13_hello_retry(&s->peer13, 0, bytes_of("c", 1)) : peer13_server_hello(&s->peer13);
            peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            expect_refused_by(s, "suite13_was_offered");
            stage_close(s);
        }
    }
}

static void hc20_13_nothing_in_common(void)
{
    static const char *const suites[] = {"0000", "002f", "c02b", "1304 1305", "0a0a 00ff", "00a8"};
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        for (int door = 0; door < 2; door++) {
            stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
            s->peer.suites = bytes_hex(suites[i]);
            say13_client_hello(s);
            deliver(s);
            EXPECT(s, s->peer13.retries == 0 && !s->peer.ready);
            if (door == 0) {
                expect_alert(s, HANDSHAKE_FAILURE);
            } else {
                EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == HANDSHAKE_FAILURE);
                EXPECT_UINT(s, fpl_listener_num_connections(s->listener), 0);
            }
            stage_close(s);
        }
    }
    /* No group, or no scheme that fits our key. */
    for (int what = 0; what < 2; what++) {
        for (int door = 0; door < 2; door++) {
            stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
            if (what == 0) {
                ext_set(&s->peer.extensions, EXT_GROUPS, bytes_hex("0002 0019"));
                ext_set(&s->peer.extensions, EXT_KEY_SHARE, bytes_hex("0000"));
            } else {
                ext_set(&s->peer.extensions, EXT_SCHEMES, bytes_hex("0002 0804"));
            }
            say13_client_hello(s);
            deliver(s);
            if (door == 1 && s->peer13.retries == 1) {
                say13_client_hello(s);
                deliver(s);
            }
            EXPECT(s, !s->peer.ready && num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == HANDSHAKE_FAILURE);
            stage_close(s);
        }
    }
}

static void hc21_13_session_id_echo(void)
{
    static const char *const states[] = {"WAIT_SH", "WAIT_SH_AGAIN"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t len = 1; len <= 32; len += 31) {
            for (int retry = 0; retry < 2; retry++) {
                stage *s = at(1, states[i]);
                s->peer.session_id = bytes_zero(len);
                bytes body =
                    retry == 1 ? peer13_hello_retry(&s->peer13, 0, bytes_of("c", 1)) : peer13_server_hello(&s->peer13);
                peer13_fragment(&s->peer13, SERVER_HELLO, body.len, s->peer.msg_seq, 0, body);
                deliver(s);
                expect_alert(s, i == 1 && retry == 1 ? UNEXPECTED_MESSAGE : ILLEGAL_PARAMETER);
                stage_close(s);
            }
        }
    }
}

/* A client may send one (it was for middleboxes of TLS); a server of ours never echoes it: the peer would complain. */
static void hc21_13_session_id_of_a_client(void)
{
    for (int door = 0; door < 2; door++) {
        stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
        s->peer.session_id = bytes_zero(32);
        finish13(s);
        stage_close(s);
    }
}

static void hc22_13_versions_of_a_client(void)
{
    static const unsigned legacy[] = {DTLS12, DTLS10, DTLS13, TLS12, 0x0000, 0xfe00};
    for (size_t i = 0; i < sizeof legacy / sizeof legacy[0]; i++) {
        stage *s = stage_open(role13(0));
        s->peer.hello_version = legacy[i];
        ext_set(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex("08 3a3a fefb 0304 fefc"));
        say13_client_hello(s);
        deliver(s);
        /* supported_versions decides, whatever stands in the old place. */
        EXPECT(s, !s->failed && s->peer.flight_done);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
    static const char *const none[] = {"02 0304", "02 feff", "04 3a3a fefb", "02 fefd"};
    for (size_t i = 0; i < 4; i++) {
        for (int door = 0; door < 2; door++) {
            stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
            ext_set(&s->peer.extensions, EXT_SUPPORTED_VERSIONS, bytes_hex(none[i]));
            say13_client_hello(s);
            deliver(s);
            EXPECT(s, num_heard_records(s, ALERT) == 1 && heard_new(s, 0)->type == PROTOCOL_VERSION);
            stage_close(s);
        }
    }
    /* Without the extension it is no hello of 1.3 at all. */
    for (size_t i = 0; i < sizeof legacy / sizeof legacy[0]; i++) {
        for (int door = 0; door < 2; door++) {
            stage *s = stage_open((stage_options){.dtls13 = true, .door = door == 1});
            s->peer.hello_version = legacy[i];
            EXPECT(s, ext_drop(&s->peer.extensions, EXT_SUPPORTED_VERSIONS));
            say13_client_hello(s);
            deliver(s);
            EXPECT(s, num_heard(s) == 1 && heard_new(s, 0)->record == ALERT && heard_new(s, 0)->type == PROTOCOL_VERSION);
            stage_close(s);
        }
    }
}

static void hc22_13_cookie_and_compression_of_a_client(void)
{
    static const char *const compressions[] = {"01", "0001", "0100", "000000"};
    for (size_t i = 0; i < 4; i++) {
        for (int again = 0; again < 2; again++) {
            stage *s = again == 0 ? stage_open(role13(0)) : at(0, "WAIT_CH_AGAIN");
            s->peer.compressions = bytes_hex(compressions[i]);
            say13_client_hello(s);
            deliver(s);
            expect_alert(s, ILLEGAL_PARAMETER);
            expect_refused_by(s, "only_null_compression");
            stage_close(s);
        }
    }
    for (int again = 0; again < 2; again++) {
        stage *s = again == 0 ? stage_open(role13(0)) : at(0, "WAIT_CH_AGAIN");
        s->peer.cookie = bytes_zero(20);
        say13_client_hello(s);
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "legacy_cookie_empty");
        stage_close(s);
    }
    /* And compression in a ServerHello. */
    stage *s = at(1, "WAIT_SH");
    bytes  body = peer13_server_hello(&s->peer13);
    body.data[37] = 1;
    peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
}

static void with_legacy_cookie(stage *s)
{
    s->peer.cookie = bytes_zero(9);
}

static void without_schemes(stage *s)
{
    EXPECT(s, ext_drop(&s->peer.extensions, EXT_SCHEMES));
}

static void hc22_13_behind_the_door(void)
{
    behind_the_door(with_legacy_cookie, ILLEGAL_PARAMETER, "legacy_cookie_empty");
    behind_the_door(without_schemes, MISSING_EXTENSION, "mandatory_extensions_there");
}

/* ----- certificates ---------------------------------------------------------------------------------------------------- */

static void hc25_13_empty_server_certificate_list(void)
{
    static const char *const states[] = {"WAIT_CERT_CR", "WAIT_CERT"};
    for (size_t i = 0; i < 2; i++) {
        stage *s = at(1, states[i]);
        peer13_say(&s->peer13, CERTIFICATE, peer13_certificate_list(bytes_none(), NULL, 0));
        deliver(s);
        expect_alert(s, DECODE_ERROR);
        expect_refused_by(s, "certificate13_list_not_empty");
        stage_close(s);
    }
}

static void hc26_13_empty_client_certificate_list(void)
{
    stage *s = stage_open((stage_options){.dtls13 = true, .auth = FPL_CLIENT_AUTH_REQUIRED, .nameless = true});
    hello13(s);
    say13_rest(s);
    deliver(s);
    expect_alert(s, CERTIFICATE_REQUIRED);
    expect_refused_by(s, "client_may_be_anonymous");
    EXPECT_UINT(s, s->connected, 0);
    s = stage_open((stage_options){.dtls13 = true, .auth = FPL_CLIENT_AUTH_OPTIONAL, .nameless = true});
    finish13(s);
    EXPECT_UINT(s, s->certificates, 0);
    uint8_t fingerprint[32];
    EXPECT(s, fpl_conn_peer_fingerprint(s->conn, fingerprint) == FPL_MISUSE);
    expect_talk(s);
}

static void hc26_13_contexts(void)
{
    static const struct {
        int         role;
        const char *state;
        bool        empty;
    } places[] = {{1, "WAIT_CERT_CR", false}, {1, "WAIT_CERT", false}, {0, "WAIT_CERT", false}, {0, "WAIT_CERT", true}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        stage *s = at(places[i].role, places[i].state);
        bytes  leaf = bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len);
        peer13_say(&s->peer13, CERTIFICATE,
                   peer13_certificate_list(bytes_of("context", 7), &leaf, places[i].empty ? 0 : 1));
        deliver(s);
        expect_alert(s, ILLEGAL_PARAMETER);
        expect_refused_by(s, "certificate_context_empty");
        stage_close(s);
    }
    stage *s = at(1, "WAIT_CERT_CR");
    s->peer13.context = bytes_of("context", 7);
    say13_certificate_request(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
    expect_refused_by(s, "request_context_empty");
}

static const struct {
    int         role;
    const char *state;
} certificate_places[] = {{1, "WAIT_CERT_CR"}, {1, "WAIT_CERT"}, {0, "WAIT_CERT"}};

/* The peer's leaf and behind it what makes the chain `num` entries long. */
static bytes chain_of(const stage *s, bytes other, size_t num)
{
    bytes chain[1000];
    chain[0] = bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len);
    for (size_t i = 1; i < num; i++) {
        chain[i] = other;
    }
    return peer13_certificate_list(bytes_none(), chain, num);
}

/* A Certificate with one entry that has a thousand extensions. */
static bytes thousand_extensions(const stage *s)
{
    bytes leaf = bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len);
    bytes block = bytes_none(), list = bytes_none(), body = bytes_hex("00");
    for (unsigned i = 0; i < 1000; i++) {
        ext_add(&block, 0x5000 + i, bytes_none());
    }
    bytes_vector(&list, 3, leaf);
    bytes_vector(&list, 2, block);
    bytes_vector(&body, 3, list);
    return body;
}

static bytes zero_length_entry(const stage *s)
{
    (void)s;
    return bytes_hex("00 000005 000000 0000");
}

static bytes of_255(const stage *s)
{
    return chain_of(s, bytes_zero(20), 255);
}

static bytes of_1000(const stage *s)
{
    return chain_of(s, bytes_zero(20), 1000);
}

static bytes one_more_than_allowed(const stage *s)
{
    return chain_of(s, bytes_zero(20), 9); /* limit certificate_count */
}

static bytes of_18_kilobytes(const stage *s)
{
    return chain_of(s, bytes_zero(9000), 3); /* limit certificate_bytes */
}

static bytes of_16_megabytes(const stage *s)
{
    bytes body = chain_of(s, bytes_zero(20), 2);
    bytes_put_uint(&body, 1, 3, 0xffffff); /* the list says so, and the message ends before */
    return body;
}

/* A message that says it has 16 MB is dropped by its header, before anything of it is kept; the honest one still counts. */
static void message_of_16_megabytes(void)
{
    for (size_t p = 0; p < 3; p++) {
        stage *s = at(certificate_places[p].role, certificate_places[p].state);
        size_t live = s->meter->live;
        s->meter->peak = live;
        for (size_t i = 0; i < 20; i++) {
            peer13_fragment(&s->peer13, CERTIFICATE, 0xffffff, s->peer.msg_seq, 8000 * i, bytes_zero(8000));
            expect_dropped(s);
            EXPECT_UINT(s, stats_of(s).dropped_malformed, i + 1);
        }
        EXPECT(s, s->meter->peak - live < 4096); /* the list of what to acknowledge */
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
}

static void hc27_13_oversized_chains(void)
{
    static const struct {
        bytes (*body)(const stage *s);
        int         alert;
        const char *what;
    } chains[] = {{of_255, BAD_CERTIFICATE, "certificate13_acceptable"},
                  {of_1000, BAD_CERTIFICATE, "certificate13_acceptable"},
                  {one_more_than_allowed, BAD_CERTIFICATE, "certificate13_acceptable"},
                  {of_18_kilobytes, BAD_CERTIFICATE, "certificate13_acceptable"},
                  {thousand_extensions, UNSUPPORTED_EXTENSION, "certificate13_extensions_offered"},
                  {zero_length_entry, DECODE_ERROR, "CertificateEntry.cert_data"},
                  {of_16_megabytes, DECODE_ERROR, "Certificate13.certificate_list"}};
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
            stage *s = at(certificate_places[p].role, certificate_places[p].state);
            size_t before = s->meter->live;
            peer13_say_pieces(&s->peer13, CERTIFICATE, chains[i].body(s), 8000);
            deliver(s);
            expect_alert(s, chains[i].alert);
            expect_refused_by(s, chains[i].what);
            EXPECT(s, s->meter->peak - before < 100000 && s->certificates == 0);
            stage_close(s);
        }
    }
    message_of_16_megabytes();
}

/* What does not parse, and a key that none of ours can verify. */
static void hc27_13_certificates_of_no_use(void)
{
    static const char ed25519[] =
        "3081c33077a003020102020105300506032b6570300c310a300806035504030c0174301e170d323630313031303030303030"
        "5a170d3236303133313030303030305a300c310a300806035504030c0174302a300506032b65700321003b6a27bcceb6a42d"
        "62a3a8d02a6f0d73653215771de243a63ac048a18b59da29300506032b6570034100fbd635d41b29074f0f29471060252557"
        "ea776eb2a86e28b0cc6363681b772ab070d38963427a5b9182eae1d0fce5671bf8c2afa8d0d0ebe51857a8f504bb9d0c";
    for (size_t p = 0; p < 3; p++) {
        for (int what = 0; what < 3; what++) {
            stage *s = at(certificate_places[p].role, certificate_places[p].state);
            bytes  leaf = bytes_of(s->peer.credential->made.certificate, s->peer.credential->made.certificate_len);
            if (what == 0) {
                leaf.data[4] ^= 0xff;
            } else if (what == 1) {
                bytes_u8(&leaf, 0);
            } else {
                leaf = bytes_hex(ed25519);
            }
            peer13_say(&s->peer13, CERTIFICATE, peer13_certificate_list(bytes_none(), &leaf, 1));
            deliver(s);
            expect_alert(s, what == 2 ? UNSUPPORTED_CERTIFICATE : BAD_CERTIFICATE);
            expect_refused_by(s, what == 2 ? "certificate13_key_supported" : "certificate13_acceptable");
            stage_close(s);
        }
    }
}

/* ----- HC-34, HC-40, HC-41 ------------------------------------------------------------------------------------------------
 */

static bytes some_cookie(size_t len)
{
    bytes cookie = bytes_zero(len);
    for (size_t n = 0; n < len; n++) {
        cookie.data[n] = (uint8_t)(n * 7 + 1);
    }
    return cookie;
}

static void say_retry_in_pieces(stage *s, bytes cookie)
{
    peer13_say_pieces(&s->peer13, SERVER_HELLO, peer13_hello_retry(&s->peer13, 0, cookie), 16000);
}

static void long_messages(fpl_config *config)
{
    EXPECT(NULL, fpl_config_set(config, FPL_SETTING_MAX_HANDSHAKE_MESSAGE, 131072) == FPL_OK);
}

/* The longest one is longer than a message may be unless the application says so (limit message_bytes). */
static void hc34_13_retry_cookies(void)
{
    static const size_t lengths[] = {1, 32, 255, 256, 2000, 30000, 65000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        stage_options o = role13(1);
        o.configure = lengths[i] > 30000 ? long_messages : NULL;
        stage *s = stage_open(o);
        hello13(s);
        bytes first = s->peer.their_hello;
        bytes cookie = some_cookie(lengths[i]), echoed = bytes_none();
        say_retry_in_pieces(s, cookie);
        deliver(s);
        for (int more = 0; more < 9 && bytes_equal(s->peer.their_hello, first); more++) {
            wake(s);
        }
        bytes block = peer_hello_extensions(s->peer.their_hello, true);
        EXPECT(s, ext_has(block, EXT_COOKIE));
        /* All else as it was, the share included. */
        bytes_vector(&echoed, 2, cookie);
        EXPECT(s, ext_drop(&block, EXT_COOKIE));
        EXPECT(s, bytes_equal(block, peer_hello_extensions(first, true)));
        bool found = false;
        for (size_t n = 0; n + echoed.len <= s->peer.their_hello.len && !found; n++) {
            found = memcmp(s->peer.their_hello.data + n, echoed.data, echoed.len) == 0;
        }
        EXPECT(s, found);
        finish13(s);
        expect_talk(s);
        stage_close(s);
    }
    static const char *const bad[] = {"", "00", "0000", "0002 00", "0001 0000", "ffff 00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        stage *s = stage_open(role13(1));
        hello13(s);
        bytes body = peer13_hello_retry(&s->peer13, P256_GROUP, bytes_none());
        bytes block = peer_hello_extensions(body, false);
        ext_add(&block, EXT_COOKIE, bytes_hex(bad[i]));
        body.len = 38;
        bytes_vector(&body, 2, block);
        peer13_fragment(&s->peer13, SERVER_HELLO, body.len, 0, 0, body);
        deliver(s);
        expect_alert(s, DECODE_ERROR);
        stage_close(s);
        /* The same at a server. */
        s = stage_open(role13(0));
        ext_add(&s->peer.extensions, EXT_COOKIE, bytes_hex(bad[i]));
        body = peer13_client_hello(&s->peer13);
        stage_close(s);
        try_hello(body, DECODE_ERROR);
    }
}

/* A retry longer than a message may be is dropped piece by piece before anything of it is kept: anybody could have sent
 * it. The honest one, with the same message_seq, is not kept out. */
static void hc34_13_retry_longer_than_a_message(void)
{
    stage *s = stage_open(role13(1));
    hello13(s);
    peer   before = s->peer;
    peer13 before13 = s->peer13;
    size_t live = s->meter->live;
    say_retry_in_pieces(s, some_cookie(65000));
    bytes bad = take_said(s);
    s->peer = before;
    s->peer13 = before13;
    s->peer.seq[0] += 5; /* as many records have gone */
    s->peer.datagram = bad;
    expect_dropped(s);
    EXPECT_UINT(s, stats_of(s).dropped_malformed, 5);
    EXPECT_UINT(s, s->meter->live, live);
    say_retry_in_pieces(s, some_cookie(255));
    deliver(s);
    EXPECT(s, ext_has(peer_hello_extensions(s->peer.their_hello, true), EXT_COOKIE));
    finish13(s);
    expect_talk(s);
}

/* A cookie that nobody asked for, at a server that asks for none. */
static void hc34_13_unasked_cookie(void)
{
    stage *s = stage_open(role13(0));
    ext_add(&s->peer.extensions, EXT_COOKIE, bytes_hex("0004 01020304"));
    say13_client_hello(s);
    deliver(s);
    expect_alert(s, ILLEGAL_PARAMETER);
}

/* As many handshakes as the catalogue has, half of them in each role, begun by a client's hello and a server's flight. */
static void hc40_13_fresh_randoms_and_shares(void)
{
    enum { RUNS = 1000 };
    static uint8_t randoms[RUNS][32], shares[RUNS][32];
    for (size_t i = 0; i < RUNS; i++) {
        bool          server = i % 2 == 0;
        stage_options o = role13(server ? 0 : 1);
        o.group = X25519_GROUP;
        stage *s = stage_open(o);
        hello13(s);
        if (!server) {
            say13_server_hello(s); /* the peer takes the share when it answers */
        }
        bytes random = server ? s->peer.server_random : s->peer.client_random;
        EXPECT(s, random.len == 32 && s->peer.their_share.len == 32);
        memcpy(randoms[i], random.data, 32);
        memcpy(shares[i], s->peer.their_share.data, 32);
        stage_close(s);
    }
    for (size_t i = 0; i < RUNS; i++) {
        for (size_t k = 0; k < i; k++) {
            EXPECT(NULL, memcmp(randoms[i], randoms[k], 8) != 0 && memcmp(randoms[i] + 24, randoms[k] + 24, 8) != 0);
            EXPECT(NULL, memcmp(shares[i], shares[k], 32) != 0);
        }
    }
}

static void with_srtp(fpl_config *config)
{
    const fpl_srtp_protection_profile profiles[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_256_GCM,
                                                    FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                    FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    EXPECT(NULL, fpl_config_set_srtp_profiles(config, profiles, 3) == FPL_OK);
}

/* Exported keys by the peer's own schedule, which stands against published vectors through the library's tests; contexts
 * that are absent and empty are one (RFC 8446 section 7.5). */
static void hc41_13_exported_keys(void)
{
    static const unsigned suites[] = {AES128_GCM_13, AES256_GCM_13, CHACHA20_13};
    for (int i = 0; i < 6; i++) {
        stage_options o = role13(i % 2);
        o.suite = suites[i / 2];
        o.configure = with_srtp;
        stage *s = stage_open(o);
        if (i % 2 == 0) {
            ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex("0004 0007 0001 00"));
        } else {
            ext_add(&s->peer13.extensions, EXT_USE_SRTP, bytes_hex("0002 0007 00"));
        }
        finish13(s);
        const struct {
            const char *label;
            const char *context;
            size_t      len, out;
        } cases[] = {{"EXPORTER-one", NULL, 0, 32}, {"EXPORTER-one", "", 0, 32}, {"EXPORTER-two", "context", 7, 100}};
        for (size_t n = 0; n < 3; n++) {
            uint8_t out[100];
            bytes   context = bytes_of(cases[n].context, cases[n].len);
            EXPECT(s, fpl_conn_export(s->conn, out, cases[n].out, cases[n].label,
                                      (const uint8_t *)cases[n].context, cases[n].len) == FPL_OK);
            bytes secret = crypto13_derive(o.suite, s->peer13.exporter_secret, cases[n].label, bytes_none());
            bytes want = crypto13_expand(o.suite, secret, "exporter", crypto_hash(o.suite, context), cases[n].out);
            EXPECT(s, memcmp(out, want.data, cases[n].out) == 0);
        }
        stage_close(s);
    }
}

/* As much material as each profile takes (RFC 5764 section 4.1.2, RFC 7714 section 12), keys before salts. */
static void hc41_13_srtp_keys(void)
{
    static const struct {
        const char *offer, *answer;
        unsigned    code, suite;
        size_t      key, salt, all;
    } profiles[] = {{"0002 0001 00", "0002 0001 00", 1, AES128_GCM_13, 16, 14, 60},
                    {"0004 0007 0001 00", "0002 0007 00", 7, CHACHA20_13, 16, 12, 56},
                    {"0006 0008 0007 0001 00", "0002 0008 00", 8, AES256_GCM_13, 32, 12, 88}};
    for (int i = 0; i < 6; i++) {
        stage_options o = role13(i % 2);
        size_t        key = profiles[i / 2].key, salt = profiles[i / 2].salt, all = profiles[i / 2].all;
        o.suite = profiles[i / 2].suite;
        o.configure = with_srtp;
        stage *s = stage_open(o);
        if (i % 2 == 0) {
            ext_add(&s->peer.extensions, EXT_USE_SRTP, bytes_hex(profiles[i / 2].offer));
        } else {
            ext_add(&s->peer13.extensions, EXT_USE_SRTP, bytes_hex(profiles[i / 2].answer));
        }
        finish13(s);
        EXPECT_UINT(s, s->keys, 1);
        EXPECT_UINT(s, s->srtp_profile, profiles[i / 2].code);
        bytes secret = crypto13_derive(o.suite, s->peer13.exporter_secret, "EXTRACTOR-dtls_srtp", bytes_none());
        bytes wanted = crypto13_expand(o.suite, secret, "exporter", crypto_hash(o.suite, bytes_none()), all);
        bytes given = bytes_none();
        bytes_append(&given, s->srtp_client_key);
        bytes_append(&given, s->srtp_server_key);
        bytes_append(&given, s->srtp_client_salt);
        bytes_append(&given, s->srtp_server_salt);
        EXPECT_UINT(s, given.len, all);
        EXPECT(s, bytes_equal(given, wanted));
        EXPECT(s, s->srtp_client_key.len == key && s->srtp_server_key.len == key);
        EXPECT(s, s->srtp_client_salt.len == salt && s->srtp_server_salt.len == salt);
        stage_close(s);
    }
}

SCENARIOS(hc_13_scenarios, PLAYS(hc01_13_client_hello_lengths), PLAYS(hc01_13_client_hello_cut_anywhere),
          PLAYS(hc02_13_trailing_bytes), PLAYS(hc02_13_messages_cut_anywhere), PLAYS(hc03_13_odd_cipher_suites),
          PLAYS(hc04_13_extension_twice), PLAYS(hc05_13_unsolicited_extension),
          PLAYS(hc05_13_extension_in_wrong_message), PLAYS(hc06_13_unknown_values_are_ignored),
          PLAYS(hc06_13_unknown_values_of_a_server), PLAYS(hc06_13_long_lists),
          PLAYS(hc07_13_missing_mandatory_extension), PLAYS(hc08_13_server_hello_without_share),
          PLAYS(hc09_13_share_of_another_group_or_size), PLAYS(hc09_13_share_of_another_group_than_demanded),
          PLAYS(hc09_13_retry_for_a_group_not_offered), PLAYS(hc10_13_shares_and_supported_groups),
          PLAYS(hc11_13_point_off_the_curve), PLAYS(hc12_13_x25519_small_order), PLAYS(hc13_13_scheme_of_another_curve),
          PLAYS(hc14_13_broken_ecdsa), PLAYS(hc15_13_scheme_not_offered), PLAYS(hc16_13_signature_over_something_else),
          PLAYS(hc18_13_bad_finished), PLAYS(hc19_13_suite_not_offered), PLAYS(hc20_13_nothing_in_common),
          PLAYS(hc21_13_session_id_echo), PLAYS(hc21_13_session_id_of_a_client), PLAYS(hc22_13_versions_of_a_client),
          PLAYS(hc22_13_cookie_and_compression_of_a_client), PLAYS(hc22_13_behind_the_door),
          PLAYS(hc25_13_empty_server_certificate_list), PLAYS(hc26_13_empty_client_certificate_list),
          PLAYS(hc26_13_contexts), PLAYS(hc27_13_oversized_chains), PLAYS(hc27_13_certificates_of_no_use),
          PLAYS(hc34_13_retry_cookies), PLAYS(hc34_13_retry_longer_than_a_message),
          PLAYS(hc34_13_unasked_cookie), PLAYS(hc37_13_second_hello_altered),
          PLAYS(hc37_13_what_may_change), PLAYS(hc37_13_second_hello_without_the_share),
          PLAYS(hc40_13_fresh_randoms_and_shares), PLAYS(hc41_13_exported_keys), PLAYS(hc41_13_srtp_keys));
