/* engine/flight in DTLS 1.3: a flight in two halves, whose second waits for a signature that is made elsewhere (RFC
 * 9147 section 5.7, RFC 8446 section 4.4.3). */
#include "engine/flight.h"

#include "pair13.h"

static fpl_flight *flight_of(int which)
{
    fpl_flight *found = NULL;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_FLIGHTS; i++) {
        if (ends[which].conn->flights[i] != NULL) {
            ck_assert_ptr_null(found);
            found = ends[which].conn->flights[i];
        }
    }
    ck_assert_ptr_nonnull(found);
    return found;
}

static const char *resend_state(const fpl_flight *flight)
{
    return fpl_machines[flight->resend.machine]->states[flight->resend.state].name;
}

static uint8_t wanted[64];
static size_t  wanted_len;

/* Polls until the signature is asked for, keeping datagrams. */
static void drain_for_signature(int which)
{
    fpl_output out;
    for (unsigned i = 0; i < 100; i++) {
        uint8_t room[PAIR_ROOM];
        ck_assert_int_eq(fpl_conn_poll(ends[which].conn, room, sizeof room, &out), FPL_OK);
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            memcpy(ends[which].sent[ends[which].num_sent].bytes, room, out.as.datagram_len);
            ends[which].sent[ends[which].num_sent++].len = out.as.datagram_len;
        }
        if (out.type == FPL_OUTPUT_SIGNATURE_WANTED) {
            wanted_len = out.as.signature_wanted.digest_len;
            memcpy(wanted, out.as.signature_wanted.digest, wanted_len);
        }
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            ends[which].deadline = out.as.deadline;
            return;
        }
    }
    ck_abort_msg("polled for ever");
}

static void provide_signature(int which)
{
    uint8_t signature[FPL_SIGNATURE_MAX_LEN];
    size_t  len = 0;
    ck_assert_uint_gt(wanted_len, 0);
    ck_assert_int_eq(
        fpl_sign(ends[1 - which].config->credential.key, fpl_bytes_of(wanted, wanted_len), signature, &len),
        FPL_STATUS_OK); /* the pair has one credential */
    ck_assert_int_eq(fpl_conn_provide_signature(ends[which].conn, signature, len, pair_now), FPL_OK);
    pair_drain(which);
}

/* A handshake up to where the client's Certificate is out and its signature is not there. */
static void client_waits_for_signature(void)
{
    pair_begin13();
    ck_assert_int_eq(fpl_config_set_client_auth(ends[1].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
    ck_assert_int_eq(fpl_config_set_external_credential(ends[0].config, pair_credential.certificate,
                                                        pair_credential.certificate_len),
                     FPL_OK);
    pair_open(false);
    pair_start();
    (void)pair_pass(PAIR_CLIENT);
    for (size_t i = 0; i < ends[1].num_sent; i++) {
        static uint8_t copy[PAIR_ROOM];
        memcpy(copy, ends[1].sent[i].bytes, ends[1].sent[i].len);
        ck_assert_int_eq(fpl_conn_receive(ends[0].conn, copy, ends[1].sent[i].len, pair_now), FPL_OK);
        drain_for_signature(PAIR_CLIENT);
    }
    pair_lose(PAIR_SERVER);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "WAIT_SIGNATURE");
}

START_TEST(the_second_half_follows_the_first)
{
    client_waits_for_signature();
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_uint_eq(pair_records[0].body[0], FPL_HANDSHAKE_TYPE_CERTIFICATE);
    (void)pair_pass(PAIR_CLIENT);
    provide_signature(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_uint_eq(pair_records[0].body[0], FPL_HANDSHAKE_TYPE_CERTIFICATE_VERIFY); /* the second half alone */
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    pair_end_all();
}
END_TEST

START_TEST(a_half_that_was_acknowledged_hides_nothing)
{ /* the server has the Certificate and says so before the signature is there: the ACK of the whole is still heard */
    client_waits_for_signature();
    (void)pair_pass(PAIR_CLIENT);
    pair_wake(PAIR_SERVER);
    pair_look_all(PAIR_SERVER);
    ck_assert_int_eq(pair_the_only(FPL_CONTENT_TYPE_ACK)->epoch, 3); /* its own Finished is out */
    (void)pair_pass(PAIR_SERVER);
    ck_assert_str_eq(resend_state(flight_of(PAIR_CLIENT)), "QUIET");
    provide_signature(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_uint_eq(pair_records[0].body[0], FPL_HANDSHAKE_TYPE_CERTIFICATE_VERIFY);
    pair_pump();
    ck_assert(ends[0].connected && ends[1].connected);
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    ck_assert_ptr_null(ends[0].conn->hs);
    ck_assert_uint_eq(pair_flights(PAIR_CLIENT), 0);
    pair_end_all();
}
END_TEST

START_TEST(both_halves_come_again_when_both_are_lost)
{
    client_waits_for_signature();
    pair_lose(PAIR_CLIENT);
    provide_signature(PAIR_CLIENT);
    pair_lose(PAIR_CLIENT);
    pair_wake(PAIR_CLIENT);
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_gt(pair_num_records, 0);
    ck_assert_uint_eq(pair_records[0].body[0], FPL_HANDSHAKE_TYPE_CERTIFICATE);
    pair_pump();
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    ck_assert(ends[1].connected);
    pair_end_all();
}
END_TEST

START_TEST(the_first_half_alone_is_resent_alone)
{
    client_waits_for_signature();
    pair_lose(PAIR_CLIENT);
    while (ends[0].num_sent == 0) {
        pair_now = ends[0].deadline;
        ck_assert_int_eq(fpl_conn_timeout(ends[0].conn, pair_now), FPL_OK);
        drain_for_signature(PAIR_CLIENT);
    }
    pair_look_all(PAIR_CLIENT);
    ck_assert_uint_eq(pair_num_records, 1);
    ck_assert_uint_eq(pair_records[0].body[0], FPL_HANDSHAKE_TYPE_CERTIFICATE);
    provide_signature(PAIR_CLIENT);
    pair_pump();
    ck_assert_str_eq(pair_state(PAIR_CLIENT), "CONNECTED");
    pair_end_all();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, the_second_half_follows_the_first);
    tcase_add_test(tc, a_half_that_was_acknowledged_hides_nothing);
    tcase_add_test(tc, both_halves_come_again_when_both_are_lost);
    tcase_add_test(tc, the_first_half_alone_is_resent_alone);
}

UNIT_MAIN("engine/halves13", tests)
