/* Every allocation of a handshake fails in turn: the call says so or the connection ends, nothing leaks, nothing lies,
 * and one that lived through it is connected as ever. The random source likewise. */
#include "pair13.h"

#define MOST 400

/* One handshake with data and a goodbye, whatever comes of it. */
static void live_through(bool *finished)
{
    fpl_result result = FPL_NO_MEMORY;
    *finished = false;
    for (int i = 0; i < 2; i++) {
        for (unsigned attempt = 0; attempt < 2 && ends[i].conn == NULL; attempt++) {
            ends[i].conn = fpl_conn_new(ends[i].config, i == PAIR_CLIENT ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER, pair_now);
        }
        ck_assert_ptr_nonnull(ends[i].conn); /* the second time there was memory */
    }
    ck_assert_int_eq(fpl_conn_set_address_validated(ends[PAIR_SERVER].conn), FPL_OK);
    for (unsigned attempt = 0; attempt < 2 && result == FPL_NO_MEMORY; attempt++) {
        result = fpl_conn_start(ends[PAIR_CLIENT].conn, pair_now);
    }
    pair_drain(PAIR_CLIENT);
    for (unsigned rounds = 0; rounds < 20; rounds++) {
        pair_pump();
        for (int i = 0; i < 2; i++) {
            if (!ends[i].failed && ends[i].deadline != FPL_NEVER && !ends[0].connected) {
                pair_wake(i);
            }
        }
    }
    ck_assert(!ends[0].connected || ends[1].connected || ends[1].failed);
    if (ends[0].connected && ends[1].connected) {
        uint8_t keys[2][32];
        ck_assert_int_eq(fpl_conn_export(ends[0].conn, keys[0], 32, "EXPERIMENTAL", NULL, 0), FPL_OK);
        ck_assert_int_eq(fpl_conn_export(ends[1].conn, keys[1], 32, "EXPERIMENTAL", NULL, 0), FPL_OK);
        ck_assert_mem_eq(keys[0], keys[1], 32);
        ck_assert_int_eq(pair_send(PAIR_CLIENT, 10), FPL_OK);
        pair_pump();
        ck_assert_uint_eq(ends[1].num_data, 1);
        *finished = true;
    }
    for (int i = 0; i < 2; i++) {
        fpl_explanation why;
        fpl_conn_explain(ends[i].conn, &why);
        ck_assert(ends[i].failed == (why.failure != FPL_FAILURE_NONE));
    }
}

static const unsigned versions[][2] = {
    {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS12},
    {FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS13},
    {FPL_VERSIONS_DTLS12 | FPL_VERSIONS_DTLS13, FPL_VERSIONS_DTLS12},
};

/* Both ends are to speak what the turn `_i` of a looped test says. */
static void set_versions(int turn)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set_versions(ends[i].config, versions[turn][i]), FPL_OK);
    }
}

START_TEST(each_allocation_fails_once)
{
    unsigned finished_in_all = 0;
    unsigned n;
    for (n = 1; n < MOST; n++) {
        bool finished;
        pair_begin();
        set_versions(_i);
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(fpl_config_set_client_auth(ends[i].config, FPL_CLIENT_AUTH_REQUIRED), FPL_OK);
        }
        pair_allocations.count = 0;
        pair_allocations.fail_at = n;
        live_through(&finished);
        finished_in_all += finished;
        pair_allocations.fail_at = 0;
        pair_end_all();
        if (pair_allocations.count < n) {
            ck_assert(finished); /* none failed any more */
            break;
        }
    }
    ck_assert_uint_lt(n, MOST);
    ck_assert_uint_gt(n, 10);
    ck_assert_uint_gt(finished_in_all, 1); /* what is like loss is survived */
}
END_TEST

static unsigned draws, draw_fails_at;

static bool draw(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(draws * 7 + i);
    }
    return ++draws != draw_fails_at;
}

START_TEST(random_that_fails_is_no_random)
{
    unsigned n;
    for (n = 1; n < 20; n++) {
        pair_begin();
        set_versions(_i);
        draws = 0;
        draw_fails_at = n;
        for (int i = 0; i < 2; i++) {
            ck_assert_int_eq(fpl_config_set_random(ends[i].config, draw, NULL), FPL_OK);
        }
        pair_open(false);
        (void)fpl_conn_start(ends[0].conn, pair_now);
        pair_drain(PAIR_CLIENT);
        pair_pump();
        if (draws < n) {
            ck_assert(ends[0].connected && ends[1].connected);
            pair_end_all();
            break;
        }
        ck_assert(ends[0].failed || ends[1].failed);
        ck_assert(!ends[0].connected && !ends[1].connected);
        pair_end_all();
    }
    ck_assert_uint_lt(n, 20);
    ck_assert_uint_gt(n, 2);
}
END_TEST

/* What a connection of `version` takes once the handshake is behind it. */
static size_t idle_size(unsigned version)
{
    size_t one;
    pair_begin();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set_versions(ends[i].config, version), FPL_OK);
    }
    pair_connect();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(pair_send(i, 5), FPL_OK);
    }
    pair_pump();
    pair_now += FPL_LIMIT_VALUE_RETENTION;
    for (int i = 0; i < 2; i++) {
        (void)fpl_conn_timeout(ends[i].conn, pair_now);
        pair_drain(i);
    }
    one = (pair_allocations.live - 2 * sizeof *ends[0].config) / 2;
    pair_end_all();
    return one;
}

START_TEST(who_dies_while_limits_are_looked_at_sends_nothing)
{ /* no memory for the KeyUpdate that is due */
    static uint8_t out[200];
    size_t         len = 1;
    pair_begin13();
    ck_assert_int_eq(fpl_config_set(ends[0].config, FPL_SETTING_SEAL_RECORDS, 1024), FPL_OK);
    pair_connect();
    pair_pump();
    while (fpl_seal_next(ends[0].conn) < ends[0].conn->keys13->seal_soon) {
        ck_assert_int_eq(pair_send(PAIR_CLIENT, 4), FPL_OK);
        ends[0].num_sent = 0;
    }
    pair_allocations.fail_at = pair_allocations.count + 1;
    ck_assert_int_eq(fpl_conn_send(ends[0].conn, (const uint8_t *)"x", 1, out, sizeof out, &len, pair_now), FPL_FAILED);
    ck_assert_uint_eq(len, 0);
    pair_allocations.fail_at = 0;
    pair_end_all();
}
END_TEST

START_TEST(an_idle_connection_is_small)
{ /* DS-10: itself and its keys, and nothing beside them */
    ck_assert_uint_eq(idle_size(FPL_VERSIONS_DTLS12), sizeof(fpl_conn) + sizeof(fpl_keys12));
    ck_assert_uint_eq(idle_size(FPL_VERSIONS_DTLS13),
                      sizeof(fpl_conn) + sizeof(fpl_keys13) + 2 * sizeof(fpl_protect13_key));
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_loop_test(tc, each_allocation_fails_once, 0, sizeof versions / sizeof *versions);
    tcase_add_loop_test(tc, random_that_fails_is_no_random, 0, sizeof versions / sizeof *versions);
    tcase_add_test(tc, who_dies_while_limits_are_looked_at_sends_nothing);
    tcase_add_test(tc, an_idle_connection_is_small);
}

UNIT_MAIN("api/memory", tests)
