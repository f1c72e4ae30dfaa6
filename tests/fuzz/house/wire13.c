#include "house/wire13.h"

#include "record/epochs13.h"

#define MOST_AT_ONCE 30000u /* record numbers; 16 bits of them are on the wire */
#define EXTENSION_COOKIE 44 /* RFC 8446 section 4.2 */

bool wire13_begins(uint8_t first)
{
    return fpl_header13_begins(first);
}

/* --- records --------------------------------------------------------------------------------------------- */

static const fpl_write_epoch13 *epoch_of(const fpl_conn *conn, uint8_t bits)
{
    for (size_t i = 0; conn->keys13 != NULL && i < FPL_WRITE_EPOCHS13; i++) {
        const fpl_write_epoch13 *epoch = &conn->keys13->write[i];
        if (epoch->key != NULL && (epoch->number & 3) == bits) {
            return epoch;
        }
    }
    return NULL; /* dropped in the same breath */
}

static void check_ack(const fpl_plain13 *plain, uint16_t epoch)
{
    uint64_t last_epoch = 0;
    uint64_t last_seq = 0;
    FUZZ_CHECK(plain->len > 2 && ((size_t)plain->content[0] << 8 | plain->content[1]) == plain->len - 2 &&
                   plain->len % 16 == 2,
               "an ACK of %zu octets", plain->len);
    for (size_t at = 2; at < plain->len; at += 16) {
        uint64_t of = 0;
        uint64_t seq = 0;
        for (size_t i = 0; i < 8; i++) {
            of = of << 8 | plain->content[at + i];
            seq = seq << 8 | plain->content[at + 8 + i];
        }
        FUZZ_CHECK(at == 2 || of > last_epoch || (of == last_epoch && seq > last_seq), "an ACK out of order");
        FUZZ_CHECK(epoch >= 3 || of <= epoch, "an ACK for a newer epoch than its own");
        last_epoch = of;
        last_seq = seq;
    }
}

size_t wire13_check(assoc *a, const uint8_t *bytes, size_t len)
{
    uint8_t                 *copy = fuzz_copy(bytes, len);
    fpl_record13             record;
    fpl_plain13              plain;
    size_t                   consumed = 0;
    fpl_drop                 why = FPL_DROP_NONE;
    const fpl_write_epoch13 *epoch;
    FUZZ_CHECK(a->conn->version == FPL_VERSION_DTLS13, "a protected record of DTLS 1.3");
    FUZZ_CHECK((bytes[0] & 0xfc) == 0x2c, "header %02x", bytes[0]); /* 16 bits of number, a length, no connection ID */
    FUZZ_CHECK(fpl_header13_parse(copy, len, &record, &consumed, &why) == FPL_PARSE_OK, "a header that is none");
    epoch = epoch_of(a->conn, record.epoch_bits);
    if (epoch != NULL) {
        uint64_t *next = &a->next_record[epoch->number % WORLD_EPOCHS];
        FUZZ_CHECK(fpl_protect13_open(epoch->key, &record, epoch->next_seq, &plain) == FPL_DROP_NONE,
                   "our own record does not open");
        FUZZ_CHECK(epoch->number >= WORLD_EPOCHS || plain.seq >= *next, "record number %llu again, in epoch %u",
                   (unsigned long long)plain.seq, epoch->number);
        *next = plain.seq + 1;
        FUZZ_CHECK(plain.type != FPL_CONTENT_TYPE_APPLICATION_DATA || epoch->number >= 3, "application data in epoch %u",
                   epoch->number);
        FUZZ_CHECK(plain.type != FPL_CONTENT_TYPE_CHANGE_CIPHER_SPEC, "a change_cipher_spec");
        if (plain.type == FPL_CONTENT_TYPE_ACK) {
            check_ack(&plain, epoch->number);
        }
    }
    free(copy);
    return consumed;
}

size_t wire13_seal(fpl_conn *conn, unsigned which, uint8_t type, const uint8_t *body, size_t len, uint8_t *out, size_t cap)
{
    size_t             num = 0;
    size_t             written = 0;
    fpl_write_epoch13 *epoch;
    while (conn->keys13 != NULL && num < FPL_WRITE_EPOCHS13 && conn->keys13->write[num].key != NULL) {
        num++;
    }
    if (num == 0 || cap < FPL_PROTECT13_OVERHEAD + len) {
        return 0;
    }
    epoch = &conn->keys13->write[which % num];
    if (len > 0) {
        memcpy(out + FPL_PROTECT13_PREFIX, body, len);
    }
    return fpl_epoch13_seal(epoch, (fpl_content_type)type, out, len, 0, cap, &written) == FPL_SEAL_OK ? written : 0;
}

void wire13_raise_number(fpl_conn *conn, uint64_t more)
{
    if (conn->keys13 != NULL && conn->keys13->write[0].key != NULL) {
        conn->keys13->write[0].next_seq += more % MOST_AT_ONCE;
    }
}

/* --- who is connected to whom -------------------------------------------------------------------------------- */

static bool same_hellos(const fpl_conn *conn, const made *m)
{
    return memcmp(conn->client_random, m->client_random, FPL_RANDOM_LEN) == 0 &&
           memcmp(conn->server_random, m->server_random, FPL_RANDOM_LEN) == 0;
}

/* A connection that has failed meanwhile has none, and is excused. */
static bool same_secret(const fpl_secret13 *secret, const fpl_conn *conn)
{
    return conn->life == FPL_LIFE_FAILED ||
           (conn->keys13 != NULL && secret->hash == conn->keys13->exporter.hash &&
            memcmp(secret->bytes, conn->keys13->exporter.bytes, fpl_hash_length(secret->hash)) == 0);
}

void wire13_note_secrets(world *w, const fpl_conn *conn)
{
    made *m = &w->made[w->num_made % WORLD_SESSIONS];
    if (conn->version != FPL_VERSION_DTLS13 || conn->role != FPL_ROLE_SERVER || conn->keys13 == NULL ||
        conn->keys13->exporter.hash == 0) {
        return;
    }
    for (size_t i = 0; i < w->num_made && i < WORLD_SESSIONS; i++) {
        if (same_hellos(conn, &w->made[i])) {
            return;
        }
    }
    memcpy(m->client_random, conn->client_random, FPL_RANDOM_LEN);
    memcpy(m->server_random, conn->server_random, FPL_RANDOM_LEN);
    m->exporter = conn->keys13->exporter;
    w->num_made++;
}

/* A client is connected once it has the server's Finished, which somebody must have sent who has the same secrets; a
 * server, once it has the client's. */
void wire13_connected(world *w, const assoc *a, bool at_server, bool found)
{
    const end *peer = at_server ? &w->ends[WORLD_CLIENT + a->client] : NULL;
    for (size_t i = 0; !at_server && i < w->num_made && i < WORLD_SESSIONS; i++) {
        if (same_hellos(a->conn, &w->made[i])) {
            found = true;
            FUZZ_CHECK(same_secret(&w->made[i].exporter, a->conn),
                       "a client is connected with other secrets than its server");
        }
    }
    for (size_t i = 0; peer != NULL && i < peer->num_assocs; i++) {
        const fpl_conn *client = peer->assocs[i].conn;
        if (memcmp(client->client_random, a->conn->client_random, FPL_RANDOM_LEN) == 0) {
            found = true;
            FUZZ_CHECK(client->life != FPL_LIFE_LIVE ||
                           (client->keys13 != NULL && same_secret(&client->keys13->exporter, a->conn)),
                       "a server is connected with other secrets than its client");
        }
    }
    FUZZ_CHECK(found || w->num_sessions == WORLD_SESSIONS || w->num_made >= WORLD_SESSIONS, "an end is connected to nobody");
}

/* --- cookies --------------------------------------------------------------------------------------------------- */

/* The body of a HelloRetryRequest, as RFC 8446 section 4.1.3 has it, down to its cookie. */
static fpl_bytes find_cookie(const uint8_t *body, size_t len)
{
    size_t at = 2 + FPL_RANDOM_LEN;
    at += at < len ? 1u + body[at] : 0; /* legacy_session_id_echo */
    at += 2 + 1 + 2;                    /* suite, compression, length of the extensions */
    while (at + 4 <= len) {
        unsigned type = (unsigned)body[at] << 8 | body[at + 1];
        size_t   size = (size_t)body[at + 2] << 8 | body[at + 3];
        at += 4;
        if (size > len - at) {
            break;
        }
        if (type == EXTENSION_COOKIE && size > 2) {
            return fpl_bytes_of(body + at + 2, size - 2);
        }
        at += size;
    }
    return fpl_bytes_none();
}

void wire13_note_cookie(world *w, uint8_t client, const uint8_t *bytes, size_t len)
{
    const uint8_t *header = bytes + FPL_HEADER12_LEN;
    unsigned       slot = w->num_cookies[client] % WORLD_COOKIES;
    fpl_bytes      cookie;
    if (len < FPL_HEADER12_LEN + 12 || bytes[0] != FPL_CONTENT_TYPE_HANDSHAKE ||
        header[0] != FPL_HANDSHAKE_TYPE_SERVER_HELLO) {
        return;
    }
    cookie =
        memcmp(header + 1, header + 9, 3) == 0 ? find_cookie(header + 12, len - FPL_HEADER12_LEN - 12) : fpl_bytes_none();
    if (cookie.len == 0 || cookie.len > FPL_COOKIE_MAX) {
        w->cookie_in_pieces[client] = true;
        return;
    }
    memcpy(w->cookies[client][slot], cookie.data, cookie.len);
    w->cookie_lens[client][slot] = (uint8_t)cookie.len;
    w->num_cookies[client]++;
}
