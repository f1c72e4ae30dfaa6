/* generated/fpl_visit.c, which the library leaves out: a message as people read it. */
#include "codec_samples.h"

#include "fpl_machines.h"
#include "fpl_visit.c"

/* Everything heard, one word each: `name=number(symbol)`, `name:octets`, `name{` and `}`. */
static char heard[65536];
static int depth;

static void say(const char *text)
{
    ck_assert_uint_lt(strlen(heard) + strlen(text) + 1, sizeof(heard));
    strcat(heard, text);
}

static void say_name(const char *name)
{
    say(name == NULL ? "-" : name);
}

static void on_number(void *user, const char *name, uint64_t value, const char *symbol)
{
    char digits[32];
    (void)user;
    (void)snprintf(digits, sizeof(digits), "=%llu", (unsigned long long)value);
    say_name(name);
    say(digits);
    if (symbol != NULL) {
        say("(");
        say(symbol);
        say(")");
    }
    say(" ");
}

static void on_octets(void *user, const char *name, fpl_bytes bytes)
{
    char digits[32];
    (void)user;
    (void)snprintf(digits, sizeof(digits), ":%zu ", bytes.len);
    say_name(name);
    say(digits);
}

static void on_begin(void *user, const char *name)
{
    (void)user;
    say_name(name);
    say("{ ");
    depth++;
}

static void on_end(void *user)
{
    (void)user;
    say("} ");
    depth--;
    ck_assert_int_ge(depth, 0);
}

static const fpl_visitor listener = {NULL, on_number, on_octets, on_begin, on_end};

static void visit(const fpl_message *msg, uint8_t version)
{
    heard[0] = '\0';
    depth = 0;
    fpl_visit_message(&listener, msg, version);
    ck_assert_int_eq(depth, 0);
}

START_TEST(every_sample_is_walked)
{
    for (size_t i = 0; i < num_samples; i++) {
        fpl_message msg;
        fpl_reader r;
        ck_assert(decode_bytes(&msg, &samples[i], samples[i].data, samples[i].len, &r));
        visit(&msg, FPL_VERSION_DTLS12);
        ck_assert_int_eq(heard[0] == '\0', samples[i].len == 0);
    }
}
END_TEST

START_TEST(a_client_hello_shows_its_extensions)
{
    const sample *s = first_sample(FPL_MESSAGE_CLIENT_HELLO);
    fpl_message msg;
    fpl_reader r;
    ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
    visit(&msg, FPL_VERSION_DTLS12);
    ck_assert_ptr_eq(strstr(heard, "legacy_version=65277(dtls12) random:32 legacy_session_id:0 legacy_cookie:0 cipher_suites{ "), heard);
    ck_assert_ptr_nonnull(strstr(heard, "-=49195(TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256) "));
    ck_assert_ptr_nonnull(strstr(heard, "extension_type=14(use_srtp) profiles{ "));
    ck_assert_ptr_nonnull(strstr(heard, "extension_type=23(extended_master_secret) } "));
    ck_assert_ptr_nonnull(strstr(heard, "named_group_list{ "));

    /* Without a version nobody knows how the bodies look. */
    visit(&msg, FPL_VERSION_ANY);
    ck_assert_ptr_null(strstr(heard, "named_group_list"));
    ck_assert_ptr_nonnull(strstr(heard, "extension_type=10(supported_groups) extension_data:"));
}
END_TEST

START_TEST(a_signed_share_is_nested)
{
    const sample *s = first_sample(FPL_MESSAGE_SERVER_KEY_EXCHANGE);
    fpl_message msg;
    fpl_reader r;
    ck_assert(decode_bytes(&msg, s, s->data, s->len, &r));
    visit(&msg, FPL_VERSION_DTLS12);
    ck_assert_ptr_eq(strstr(heard, "params{ curve_type=3(named_curve) named_curve=29(x25519) public:32 } algorithm=1027(ecdsa_secp256r1_sha256) "), heard);
}
END_TEST

START_TEST(an_extension_out_of_place_or_form_is_not_walked)
{
    static const uint8_t groups[] = {0, 2, 0, 0x1d};
    heard[0] = '\0';
    ck_assert(!fpl_visit_extension(&listener, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, FPL_BLOCK_SERVER_HELLO, FPL_VERSION_DTLS12, fpl_bytes_of(groups, 4)));
    ck_assert(!fpl_visit_extension(&listener, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, FPL_BLOCK_CLIENT_HELLO, FPL_VERSION_DTLS12, fpl_bytes_of(groups, 3)));
    ck_assert(!fpl_visit_extension(&listener, FPL_EXTENSION_TYPE_EXTENDED_MASTER_SECRET, FPL_BLOCK_CLIENT_HELLO, FPL_VERSION_DTLS12, fpl_bytes_of(groups, 1)));
    ck_assert(!fpl_visit_extension(&listener, 0x4a4a, FPL_BLOCK_CLIENT_HELLO, FPL_VERSION_DTLS12, fpl_bytes_none()));
    ck_assert_str_eq(heard, "");
    ck_assert(fpl_visit_extension(&listener, FPL_EXTENSION_TYPE_SUPPORTED_GROUPS, FPL_BLOCK_CLIENT_HELLO, FPL_VERSION_DTLS12, fpl_bytes_of(groups, 4)));
    ck_assert_str_eq(heard, "named_group_list{ -=29(x25519) } ");
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_unchecked_fixture(tc, load_samples, free_samples);
    tcase_add_test(tc, every_sample_is_walked);
#ifndef FPL_NO_NAMES /* values have no names then */
    tcase_add_test(tc, a_client_hello_shows_its_extensions);
    tcase_add_test(tc, a_signed_share_is_nested);
    tcase_add_test(tc, an_extension_out_of_place_or_form_is_not_walked);
#endif
}

UNIT_MAIN("codec/visit", tests)
