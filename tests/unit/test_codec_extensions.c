/* generated/fpl_extension_types.c: bodies of extensions, from hellos of browsers and made here. */
#include "codec_samples.h"

#include "fpl_extension_types.h"

/* body is one codec for bytes alone: decodes and encodes again. False: refused; |r| tells why. */
typedef bool (*body)(fpl_reader *r, fpl_writer *w);

#define BODY(name)                                            \
    static bool again_##name(fpl_reader *r, fpl_writer *w)    \
    {                                                         \
        fpl_##name in;                                        \
        if (!fpl_decode_##name(&in, r)) {                     \
            return false;                                     \
        }                                                     \
        ck_assert(fpl_encode_##name(w, &in));                 \
        return true;                                          \
    }

BODY(ec_point_format_list)
BODY(renegotiation_info)
BODY(server_name_list)
BODY(signature_scheme_list)
BODY(named_group_list)
BODY(use_srtp_data)

static const struct {
    uint16_t type;
    body again;
    const char *sample; /* where no capture has one */
} bodies[] = {
    {FPL_EXTENSION_TYPE_EC_POINT_FORMATS, again_ec_point_format_list, NULL},
    {FPL_EXTENSION_TYPE_RENEGOTIATION_INFO, again_renegotiation_info, NULL},
    {FPL_EXTENSION_TYPE_SIGNATURE_ALGORITHMS, again_signature_scheme_list, NULL},
    {FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, again_named_group_list, NULL},
    {FPL_EXTENSION_TYPE_USE_SRTP, again_use_srtp_data, NULL},
    {FPL_EXTENSION_TYPE_SERVER_NAME, again_server_name_list, "000e00000b6578616d706c652e6f7267"},
};

#define NUM_BODIES (sizeof(bodies) / sizeof(bodies[0]))

/* check_body decodes and encodes a good body, cuts it at every byte and lengthens it. */
static void check_body(size_t which, fpl_bytes good)
{
    uint8_t out[512];
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    fpl_reader r = fpl_reader_of(good.data, good.len);
    ck_assert_msg(bodies[which].again(&r, &w), "extension %u: alert %u", bodies[which].type, r.alert);
    ck_assert_uint_eq(w.len, good.len);
    ck_assert_mem_eq(out, good.data, good.len);
    for (size_t len = 0; len <= good.len + 1; len++) {
        uint8_t *copy = malloc(len + 1);
        memset(copy, 0, len + 1);
        memcpy(copy, good.data, len < good.len ? len : good.len);
        if (len != good.len) {
            r = fpl_reader_of(copy, len);
            ck_assert_msg(!bodies[which].again(&r, &w), "extension %u with %zu of %zu", bodies[which].type, len, good.len);
            ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_DECODE_ERROR);
            assert_named(r.where);
        }
        free(copy);
    }
}

START_TEST(bodies_of_browsers_pass_whole_and_not_otherwise)
{
    size_t seen[NUM_BODIES] = {0};
    for (size_t i = 0; i < num_samples; i++) {
        fpl_message msg;
        fpl_reader r;
        fpl_bytes list;
        fpl_extension extension;
        ck_assert(decode_bytes(&msg, &samples[i], samples[i].data, samples[i].len, &r));
        (void)fpl_message_extensions(&msg, &list);
        while (fpl_extension_next(&list, &extension)) {
            for (size_t b = 0; b < NUM_BODIES; b++) {
                if (bodies[b].type == extension.extension_type) {
                    check_body(b, extension.extension_data);
                    seen[b]++;
                }
            }
        }
    }
    for (size_t b = 0; b < NUM_BODIES; b++) {
        if (bodies[b].sample != NULL) {
            uint8_t made[128];
            check_body(b, fpl_bytes_of(made, unit_hex(bodies[b].sample, made, sizeof(made))));
        } else {
            ck_assert_msg(seen[b] > 0, "no capture with extension %u", bodies[b].type);
        }
    }
}
END_TEST

/* expect decodes hex and expects an alert, 0 for none. */
static void expect(body again, const char *hex, uint8_t alert)
{
    uint8_t bytes[256];
    uint8_t out[256];
    fpl_writer w = fpl_writer_of(out, sizeof(out));
    fpl_reader r = fpl_reader_of(bytes, unit_hex(hex, bytes, sizeof(bytes)));
    ck_assert_int_eq(again(&r, &w), alert == 0);
    ck_assert_uint_eq(r.alert, alert);
}

START_TEST(lists_are_not_empty_and_have_whole_elements)
{
    expect(again_named_group_list, "0000", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_named_group_list, "0003001d00", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_named_group_list, "0002001d", 0);
    expect(again_signature_scheme_list, "0000", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_signature_scheme_list, "0003040305", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_use_srtp_data, "000000", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_use_srtp_data, "000300010000", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_use_srtp_data, "0002000103aabbcc", 0);
    expect(again_ec_point_format_list, "00", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
}
END_TEST

START_TEST(a_server_has_one_name_of_each_type)
{
    expect(again_server_name_list, "00080000016101000162", 0);
    expect(again_server_name_list, "00080000016100000162", FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
    /* Type 255 is the last bit of what is remembered. */
    expect(again_server_name_list, "0008ff000161ff000162", FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
    expect(again_server_name_list, "0003000000", FPL_ALERT_DESCRIPTION_DECODE_ERROR);
    expect(again_server_name_list, "00050000026162", 0);
}
END_TEST

/* A list as long as the wire allows is refused at its first repetition: no work that grows with its square. */
START_TEST(the_longest_list_costs_no_more_than_its_length)
{
    static uint8_t bytes[2 + 65535];
    fpl_server_name_list in;
    fpl_reader r;
    size_t at = 2;
    fpl_put_uint(bytes, 2, 65532);
    for (unsigned i = 0; i < 16383; i++) {
        bytes[at] = (uint8_t)(i < 255 ? i : 255);
        bytes[at + 2] = 1;
        at += 4;
    }
    r = fpl_reader_of(bytes, at);
    ck_assert(!fpl_decode_server_name_list(&in, &r));
    ck_assert_uint_eq(r.alert, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER);
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, load_samples, free_samples);
    tcase_add_test(tc, bodies_of_browsers_pass_whole_and_not_otherwise);
    tcase_add_test(tc, lists_are_not_empty_and_have_whole_elements);
    tcase_add_test(tc, a_server_has_one_name_of_each_type);
    tcase_add_test(tc, the_longest_list_costs_no_more_than_its_length);
}

UNIT_MAIN("codec/extensions", tests)
