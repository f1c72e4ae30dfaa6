/* The form of each extension, by itself: the first octets choose extension, block and version; the rest is a body.
 * The table's decoder and the visitor are of one mind, and what one of our encoders can say is said the same. */
#include "engine/extensions.h"
#include "fpl_extension_types.h"
#include "fpl_machines.h"
#include "fpl_visit.h"

#include "fuzz.h"

static void hear_number(void *user, const char *name, uint64_t value, const char *symbol)
{
    (void)user;
    (void)name;
    (void)value;
    (void)symbol;
}

static void hear_octets(void *user, const char *name, fpl_bytes bytes)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        sum = (uint8_t)(sum + bytes.data[i]);
    }
    (void)user;
    (void)name;
}

static void hear_begin(void *user, const char *name)
{
    ++*(int *)user;
    (void)name;
}

static void hear_end(void *user)
{
    --*(int *)user;
}

/* FUZZ_SAME decodes `bytes` as `form`, and encodes it again. */
#define FUZZ_SAME(form, bytes)                                                                               \
    do {                                                                                                     \
        fpl_##form  value;                                                                                   \
        fpl_reader  reader = fpl_reader_of((bytes).data, (bytes).len);                                       \
        fpl_writer  writer = fpl_writer_of(room, sizeof room);                                               \
        if (fpl_decode_##form(&value, &reader)) {                                                            \
            FUZZ_CHECK(fpl_encode_##form(&writer, &value) && writer.len == (bytes).len &&                    \
                           memcmp(room, (bytes).data, (bytes).len) == 0, #form);                             \
        } else {                                                                                             \
            FUZZ_CHECK(reader.alert != 0, #form " refused without an alert");                                \
        }                                                                                                    \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t             room[1u << 17];
    fuzz_input                 in = {data, size < (1u << 16) ? size : (1u << 16)};
    uint8_t                    version = (uint8_t)(FPL_VERSION_ANY + fuzz_u8(&in) % 3);
    uint8_t                    block = (uint8_t)(1 + fuzz_u8(&in) % (FPL_NUM_BLOCKS - 1));
    uint16_t                   type = fuzz_u16(&in);
    uint8_t                   *body = fuzz_copy(in.data, in.len);
    fpl_bytes                  view = fpl_bytes_of(body, in.len);
    const fpl_extension_block *known = fpl_extension_blocks[version][block];
    int                        depth = 0;
    fpl_visitor                visitor = {NULL, hear_number, hear_octets, hear_begin, hear_end};
    bool                       visited;
    visitor.user = &depth;
    visited = fpl_visit_extension(&visitor, type, block, version, view);
    FUZZ_CHECK(depth == 0, "the visitor's beginnings and ends do not match");
    for (uint8_t i = 0; known != NULL && i < known->num_uses; i++) {
        const fpl_extension_use *use = &known->uses[i];
        fpl_reader               reader = fpl_reader_of(view.data, view.len);
        bool                     decoded = use->decode(&reader) && reader.len == 0;
        if (fpl_extension_types[use->extension] == type && version != FPL_VERSION_ANY) {
            FUZZ_CHECK(decoded == visited, "the visitor and the table disagree about extension %u", type);
        }
    }
    FUZZ_SAME(ec_point_format_list, view);
    FUZZ_SAME(renegotiation_info, view);
    FUZZ_SAME(server_name_list, view);
    FUZZ_SAME(signature_scheme_list, view);
    FUZZ_SAME(named_group_list, view);
    FUZZ_SAME(use_srtp_data, view);
    FUZZ_SAME(version_list, view);
    FUZZ_SAME(selected_version, view);
    FUZZ_SAME(cookie, view);
    FUZZ_SAME(key_share_client_hello, view);
    FUZZ_SAME(key_share_hello_retry_request, view);
    FUZZ_SAME(key_share_server_hello, view);
    FUZZ_SAME(certificate_authorities, view);
    free(body);
    return 0;
}
