/* Whole extension blocks as a peer would send them, against connections that have offered this and that: what is
 * refused has an alert and changes nothing, what is taken obeys the rules of spec/extensions/_rules.yaml. The first
 * octet chooses role and block, the second what we offered. Built for each version (-DFUZZ_VERSION=FPL_VERSION_...). */
#include "engine/conn.h"
#include "engine/extensions.h"
#include "fpl_limits.h"
#include "fpl_machines.h"

#include "fuzz.h"

#ifndef FUZZ_VERSION
#error "build with -DFUZZ_VERSION=FPL_VERSION_DTLS12 or FPL_VERSION_DTLS13"
#endif

static fpl_config *config;

static uint8_t machine_of(fpl_role role)
{
    if (FUZZ_VERSION == FPL_VERSION_DTLS12) {
        return role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS12_CLIENT : FPL_MACHINE_DTLS12_SERVER;
    }
    return role == FPL_ROLE_CLIENT ? FPL_MACHINE_DTLS13_CLIENT : FPL_MACHINE_DTLS13_SERVER;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const fpl_srtp_protection_profile profiles[] = {FPL_SRTP_PROTECTION_PROFILE_SRTP_AEAD_AES_128_GCM,
                                                           FPL_SRTP_PROTECTION_PROFILE_SRTP_AES128_CM_HMAC_SHA1_80};
    (void)argc;
    (void)argv;
    config = fpl_config_new();
    FUZZ_CHECK(config != NULL &&
                   fpl_config_set_versions(config, FUZZ_VERSION == FPL_VERSION_DTLS12
                                                       ? FPL_VERSIONS_DTLS12
                                                       : FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13) == FPL_OK &&
                   fpl_config_set_srtp_profiles(config, profiles, 2) == FPL_OK &&
                   fpl_config_set_server_name(config, "server.example") == FPL_OK,
               "configuration");
    return 0;
}

/* What a taken block must be, found out the slow way. */
static void obeys_the_rules(const fpl_conn *conn, const fpl_extension_block *block, fpl_bytes list,
                            const fpl_block_view *view)
{
    uint16_t  seen[FPL_LIMIT_VALUE_EXTENSIONS_PER_BLOCK];
    size_t    num = 0;
    uint64_t  present = 0;
    fpl_bytes rest = list;
    while (rest.len > 0) {
        uint16_t type;
        size_t   len;
        uint8_t  id;
        FUZZ_CHECK(rest.len >= 4, "a list that breaks off was taken");
        type = (uint16_t)(rest.data[0] << 8 | rest.data[1]);
        len = (size_t)rest.data[2] << 8 | rest.data[3];
        FUZZ_CHECK(len <= rest.len - 4, "a body that breaks off was taken");
        FUZZ_CHECK(num < FPL_LIMIT_VALUE_EXTENSIONS_PER_BLOCK, "too many extensions were taken");
        for (size_t i = 0; i < num; i++) {
            FUZZ_CHECK(seen[i] != type, "extension %u was taken twice", type);
        }
        seen[num++] = type;
        id = fpl_extension_of_type(type);
        if (id != FPL_EXTENSION_NONE && (view->present >> id & 1) != 0) {
            present |= fpl_extension_bit(id);
            FUZZ_CHECK(view->body[id].len == len && view->body[id].data == rest.data + 4, "extension %u lies elsewhere",
                       type);
        }
        if (!block->request) {
            bool unsolicited = false;
            for (uint8_t i = 0; i < block->num_uses; i++) {
                unsolicited = unsolicited || (block->uses[i].extension == id && block->uses[i].unsolicited);
            }
            FUZZ_CHECK(unsolicited || (id != FPL_EXTENSION_NONE && (conn->we_offered >> id & 1) != 0),
                       "extension %u was answered but not offered", type);
        }
        rest.data += 4 + len;
        rest.len -= 4 + len;
    }
    FUZZ_CHECK(present == view->present, "the view has extensions that are not there");
    for (uint8_t i = 0; i < block->num_uses; i++) {
        FUZZ_CHECK(block->uses[i].absent_alert == FPL_NO_ALERT || (present >> block->uses[i].extension & 1) != 0,
                   "an extension that must be there is not");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input                 in = {data, size};
    uint8_t                    head = fuzz_u8(&in);
    uint8_t                    offered = fuzz_u8(&in);
    fpl_role                   role = (head & 1) != 0 ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER;
    uint8_t                    block = (uint8_t)(1 + (head >> 1) % (FPL_NUM_BLOCKS - 1));
    uint8_t                   *list = fuzz_copy(in.data, in.len);
    fpl_bytes                  view = fpl_bytes_of(list, in.len);
    fpl_conn                   conn;
    fpl_conn                   before;
    fpl_block_view             found;
    fpl_refusal                why;
    const fpl_extension_block *known = fpl_extension_blocks[FUZZ_VERSION][block];
    (void)fpl_extensions_mask(view);
    if (known == NULL) {
        free(list);
        return 0;
    }
    memset(&conn, 0, sizeof conn);
    FUZZ_CHECK(fpl_conn_setup(&conn, config, role, machine_of(role), 0) == FPL_STATUS_OK, "setup");
    conn.version = FUZZ_VERSION;
    conn.we_offered =
        (uint64_t)offered << 1 | (uint64_t)offered << 9 | (uint64_t)offered << 17; /* bit = index, none has index 0 */
    before = conn;
    memset(&why, 0, sizeof why);
    memset(&found, 0, sizeof found);
    if (fpl_extensions_read(&conn, FUZZ_VERSION, block, view, &found, &why)) {
        obeys_the_rules(&conn, known, view, &found);
        FUZZ_CHECK(memcmp(&conn, &before, sizeof conn) == 0, "reading changed the connection");
        FUZZ_CHECK(fpl_extensions_accept(&conn, FUZZ_VERSION, block, &found) == FPL_STATUS_OK, "accept failed");
        conn.peer_offered |= found.present;
    } else {
        FUZZ_CHECK(why.alert != 0, "refused without an alert");
        FUZZ_CHECK(memcmp(&conn, &before, sizeof conn) == 0, "a refusal changed the connection");
    }
    for (uint8_t answer = 1; answer < FPL_NUM_BLOCKS; answer++) {
        /* Whatever was taken, what we say next is well formed. */
        uint8_t    out[2048];
        fpl_writer w = fpl_writer_of(out, sizeof out);
        bool       plain = answer == FPL_BLOCK_CERTIFICATE_REQUEST || answer == FPL_BLOCK_ENCRYPTED_EXTENSIONS;
        if (fpl_extension_blocks[FUZZ_VERSION][answer] == NULL || (FUZZ_VERSION == FPL_VERSION_DTLS13 && !plain)) {
            continue; /* the hellos of DTLS 1.3 want shares */
        }
        FUZZ_CHECK(fpl_extensions_write(&conn, FUZZ_VERSION, answer, &w), "cannot write block %u", answer);
        FUZZ_CHECK(w.len == 0 || (w.len >= 2 && ((size_t)out[0] << 8 | out[1]) == w.len - 2),
                   "the block has another length");
    }
    fpl_conn_teardown(&conn);
    free(list);
    return 0;
}
