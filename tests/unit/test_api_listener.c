/* The listener: cookies and their keys (DS-01 to DS-04), its pool of fragments, associations that take the place of
 * others (CL-06, CL-07), deadlines, bounds (DS-06). */
#include "api/listener.h"

#include "door.h"

#define CLIENTS 80

/* where the cookie of a hello lies, and how long it is */
static uint8_t *cookie_of(pair_datagram *hello, size_t *len)
{
    uint8_t *at = hello->bytes + 13 + 12 + 2 + 32;
    at += 1 + at[0];
    *len = at[0];
    return at + 1;
}

START_TEST(strangers_leave_nothing)
{ /* DS-01 */
    static pair_datagram d;
    size_t               live;
    begin();
    open_door();
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &d));
    (void)give(0, d.bytes, d.len); /* draws the first key */
    live = pair_allocations.live;
    for (unsigned i = 0; i < 5000; i++) {
        num_answers = 0;
        ck_assert_uint_eq(give((uint8_t)i, d.bytes, d.len), 1);
        ck_assert_uint_le(answers[0].len, d.len); /* no amplification at all */
        ck_assert_ptr_null(last);
    }
    ck_assert_uint_eq(pair_allocations.live, live);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    finish();
}
END_TEST

START_TEST(a_cookie_belongs_to_an_address)
{ /* DS-02 */
    static pair_datagram hello;
    begin();
    open_door();
    hello_with_cookie(1, &hello);
    ck_assert_uint_eq(give(2, hello.bytes, hello.len), 1); /* another cookie request */
    ck_assert_ptr_null(last);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 1);
    finish();
}
END_TEST

START_TEST(a_cookie_is_exact)
{ /* DS-04, HC-36: each bit of it, and of what it vouches for */
    static pair_datagram hello;
    static pair_datagram changed;
    size_t               len;
    begin();
    open_door();
    hello_with_cookie(1, &hello);
    (void)cookie_of(&hello, &len);
    ck_assert_uint_gt(len, 16);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        changed = hello;
        cookie_of(&changed, &len)[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        num_answers = 0;
        (void)give(1, changed.bytes, changed.len);
        ck_assert_msg(last == NULL, "bit %zu", bit);
    }
    changed = hello;
    changed.bytes[13 + 12 + 2] ^= 1; /* the random */
    (void)give(1, changed.bytes, changed.len);
    ck_assert_ptr_null(last);
    num_answers = 0;
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    finish();
}
END_TEST

START_TEST(keys_turn_once_without_harm)
{ /* DS-03 */
    static const uint8_t keys[3][32] = {{1}, {2}, {3}};
    static pair_datagram hello;
    begin();
    open_door();
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 1, keys[0]), FPL_OK);
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 1, keys[1]), FPL_MISUSE); /* the id is taken */
    hello_with_cookie(1, &hello);
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 2, keys[1]), FPL_OK);
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    fpl_listener_release(listener, last);

    hello_with_cookie(1, &hello);
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 3, keys[2]), FPL_OK);
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 4, keys[0]), FPL_OK);
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_null(last);
    finish();
}
END_TEST

START_TEST(a_fleet_shares_its_keys)
{
    static const uint8_t key[32] = {9};
    static pair_datagram hello;
    fpl_listener        *other;
    begin();
    open_door();
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 7, key), FPL_OK);
    hello_with_cookie(1, &hello);
    other = listener;
    open_door();
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_null(last); /* its own key is another */
    ck_assert_int_eq(fpl_listener_set_cookie_key(listener, 7, key), FPL_OK);
    num_answers = 0;
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_nonnull(last);
    fpl_listener_free(other);
    finish();
}
END_TEST

START_TEST(cookies_age)
{
    static pair_datagram hello;
    begin();
    open_door();
    hello_with_cookie(1, &hello);
    pair_now += fpl_config_get(ends[1].config, FPL_SETTING_COOKIE_LIFETIME) + 2000;
    (void)give(1, hello.bytes, hello.len);
    ck_assert_ptr_null(last);
    finish();
}
END_TEST

START_TEST(hellos_in_fragments_are_pooled_and_evicted)
{ /* FR-13: bounded, and a hello whose rest never comes costs others nothing for long */
    static pair_datagram hello;
    uint8_t              half[PAIR_ROOM];
    size_t               body;
    size_t               cut;
    size_t               live;
    begin();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_HELLO_POOL_SLOTS, 8), FPL_OK);
    open_door();
    hello_with_cookie(1, &hello);
    body = hello.len - 25;
    cut = body / 2;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 200; i++) { /* halves without rests, from everywhere */
            memcpy(half, hello.bytes, 25 + cut);
            fpl_put_uint(half + 11, 2, 12 + cut);
            fpl_put_uint(half + 22, 3, cut);
            (void)give((uint8_t)(50 + i), half, 25 + cut);
            ck_assert_ptr_null(last);
        }
        live = pair_allocations.live;
        ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    }
    ck_assert_uint_eq(pair_allocations.live, live);
    (void)give(1, half, 25 + cut);
    memcpy(half, hello.bytes, 25);
    memcpy(half + 25, hello.bytes + 25 + cut, body - cut);
    fpl_put_uint(half + 11, 2, 12 + body - cut);
    fpl_put_uint(half + 19, 3, cut);
    fpl_put_uint(half + 22, 3, body - cut);
    (void)give(1, half, 25 + body - cut);
    ck_assert_ptr_nonnull(last);
    finish();
}
END_TEST

static void both_speak(unsigned version)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(fpl_config_set_versions(ends[i].config, version), FPL_OK);
    }
}

/* A piece of `hello`, of one record that is one fragment: the octets [from, to). */
static void give_piece(const pair_datagram *hello, size_t from, size_t to)
{
    uint8_t piece[PAIR_ROOM];
    memcpy(piece, hello->bytes, 25);
    memcpy(piece + 25, hello->bytes + 25 + from, to - from);
    fpl_put_uint(piece + 11, 2, 12 + (to - from));
    fpl_put_uint(piece + 19, 3, from);
    fpl_put_uint(piece + 22, 3, to - from);
    (void)give(1, piece, 25 + (to - from));
}

START_TEST(octets_of_strangers_spoil_no_hello)
{ /* FR-13: they know the address and the length of a hello that comes in pieces */
    static const unsigned versions[] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13};
    static pair_datagram  hello;
    static pair_datagram  wrong;
    for (size_t i = 0; i < 2; i++) {
        size_t body;
        begin();
        both_speak(versions[i]);
        open_door();
        hello_with_cookie(1, &hello);
        body = hello.len - 25;
        wrong = hello;
        wrong.bytes[25 + 10] ^= 1;

        give_piece(&hello, 0, body / 2); /* one of its random, after it came */
        give_piece(&wrong, 10, 11);
        give_piece(&hello, body / 2, body);
        ck_assert_ptr_nonnull(last);
        finish();

        begin();
        both_speak(versions[i]);
        open_door();
        hello_with_cookie(1, &hello);
        give_piece(&wrong, 10, 11); /* and before: the peer's own resend gets through */
        give_piece(&hello, 0, body / 2);
        ck_assert_ptr_null(last);
        give_piece(&hello, body / 2, body);
        for (unsigned again = 0; again < 2 && last == NULL; again++) {
            give_piece(&hello, 0, body / 2);
            if (last == NULL) {
                give_piece(&hello, body / 2, body);
            }
        }
        ck_assert_ptr_nonnull(last);
        ck_assert(fpl_conn_state(last) != NULL && strcmp(fpl_conn_state(last), "FAILED") != 0);
        finish();
    }
}
END_TEST

START_TEST(a_stranger_who_is_always_first_does_not_win)
{ /* FR-13: the first half of another hello comes before each of the peer's own */
    static const unsigned versions[] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13};
    static pair_datagram  hello;
    static pair_datagram  wrong;
    for (size_t i = 0; i < 2; i++) {
        size_t   body;
        unsigned round = 0;
        begin();
        both_speak(versions[i]);
        open_door();
        hello_with_cookie(1, &hello);
        body = hello.len - 25;
        wrong = hello;
        wrong.bytes[25 + 10] ^= 1; /* of the random: its cookie is good for nothing */
        for (last = NULL; last == NULL && round < 4; round++) {
            give_piece(&wrong, 0, body / 2);
            give_piece(&hello, 0, body / 2);
            give_piece(&hello, body / 2, body);
        }
        ck_assert_ptr_nonnull(last);
        finish();
    }
}
END_TEST

START_TEST(one_piece_is_counted_once)
{ /* RT-01: however many hellos it may belong to */
    static pair_datagram hello;
    size_t               body;
    size_t               in = 0;
    size_t               out = 0;
    begin();
    both_speak(FPL_VERSIONS_DTLS13);
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_HELLO_POOL_SLOTS, 1024), FPL_OK);
    open_door();
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &hello));
    body = hello.len - 25;
    for (unsigned i = 0; i < 200; i++) { /* as many beginnings that contradict each other */
        pair_datagram first = hello;
        first.bytes[25 + 2] = (uint8_t)i; /* of the random */
        give_piece(&first, 0, 3);
        in += 28;
    }
    give_piece(&hello, 3, body - 1);
    in += 25 + body - 4;
    for (unsigned i = 0; i < 200; i++) {
        give_piece(&hello, body - 1, body);
        in += 26;
        for (size_t j = 0; j < num_answers; j++) {
            out += answers[j].len;
        }
        num_answers = 0;
    }
    ck_assert_uint_gt(out, 0);
    ck_assert_uint_le(out, 3 * in);
    finish();
}
END_TEST

START_TEST(a_hellos_number_leaves_its_answer_room)
{ /* nothing vouches for it, and a copy of a good hello may come with another */
    static const unsigned versions[] = {FPL_VERSIONS_DTLS12, FPL_VERSIONS_DTLS13};
    static pair_datagram  hello;
    static pair_datagram  copy;
    for (size_t i = 0; i < 2; i++) {
        begin();
        both_speak(versions[i]);
        open_door();
        hello_with_cookie(1, &hello);
        copy = hello;
        memset(copy.bytes + 5, 0xff, 6); /* sequence_number */
        ck_assert_uint_ge(give(1, copy.bytes, copy.len), 1);
        ck_assert_ptr_nonnull(last);
        (void)give(1, hello.bytes, hello.len);
        for (size_t j = 0; j < num_answers; j++) {
            (void)pair_receive(PAIR_CLIENT, answers[j].bytes, answers[j].len);
        }
        num_answers = 0;
        shuttle(1);
        ck_assert(ends[PAIR_CLIENT].connected);
        ck_assert_uint_eq(server_connected, 1);
        finish();
    }
}
END_TEST

START_TEST(a_whole_handshake_and_an_address)
{
    const uint8_t *address;
    size_t         len = 0;
    fpl_stats      stats;
    begin();
    open_door();
    new_client();
    shuttle(5);
    ck_assert(ends[0].connected);
    ck_assert_uint_eq(server_connected, 1);
    ck_assert_ptr_nonnull(last);
    address = fpl_conn_address(last, &len);
    ck_assert(len == 2 && address[0] == 10 && address[1] == 5);
    stats.size = sizeof stats;
    ck_assert_int_eq(fpl_listener_stats(listener, &stats), FPL_OK);
    ck_assert_uint_ge(stats.datagrams_in, 1);
    ck_assert_uint_ge(stats.datagrams_out, 1);
    fpl_conn_free(last); /* as good as releasing it */
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    finish();
}
END_TEST

START_TEST(spoofed_hellos_do_not_touch_the_living)
{ /* CL-06 */
    static pair_datagram first;
    static pair_datagram wrong;
    fpl_conn            *old;
    begin();
    open_door();
    hello_with_cookie(6, &wrong); /* good, for another address */
    new_client();
    first = ends[PAIR_CLIENT].sent[0];
    shuttle(5);
    old = last;
    ck_assert(ends[0].connected && old != NULL);
    for (unsigned i = 0; i < 100; i++) { /* its own again, and one with a wrong cookie */
        num_answers = 0;
        (void)give(5, first.bytes, first.len);
        ck_assert_ptr_eq(last, old);
        ck_assert_uint_eq(num_answers, 0);
        (void)give(5, wrong.bytes, wrong.len);
        ck_assert_ptr_null(last);
    }
    num_answers = 0;
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 20), FPL_OK);
    shuttle(5);
    ck_assert_uint_eq(server_data, 1);
    ck_assert_ptr_eq(last, old);
    ck_assert_ptr_null(fpl_listener_next_replaced(listener));
    finish();
}
END_TEST

START_TEST(a_client_that_starts_anew_takes_its_own_place)
{ /* CL-07 */
    static pair_datagram hello;
    static pair_datagram data;
    fpl_conn            *old;
    fpl_explanation      why;
    begin();
    open_door();
    new_client();
    shuttle(5);
    old = last;
    ck_assert_int_eq(pair_send(PAIR_CLIENT, 20), FPL_OK);
    data = ends[PAIR_CLIENT].sent[0];
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &hello)); /* as far as a hello with its cookie */
    (void)give(5, hello.bytes, hello.len);
    ck_assert_uint_eq(num_answers, 1);
    (void)pair_receive(PAIR_CLIENT, answers[0].bytes, answers[0].len);
    num_answers = 0;
    ck_assert(pair_take(PAIR_CLIENT, &hello));
    (void)give(5, hello.bytes, hello.len);
    ck_assert(last != NULL && last != old);
    ck_assert(fpl_conn_is_connected(old)); /* until the new one is */
    ck_assert_ptr_null(fpl_listener_next_replaced(listener));
    {
        size_t    kept = num_answers;
        fpl_conn *young = last;
        (void)give(5, data.bytes, data.len); /* late data of the old one is the old one's */
        ck_assert_ptr_eq(last, old);
        ck_assert_uint_eq(server_data, 1);
        ck_assert_uint_eq(num_answers, kept);
        last = young;
    }
    for (size_t i = 0; i < num_answers; i++) {
        (void)pair_receive(PAIR_CLIENT, answers[i].bytes, answers[i].len);
    }
    num_answers = 0;
    shuttle(5);
    ck_assert(ends[0].connected);
    ck_assert_uint_eq(server_connected, 2);
    ck_assert_ptr_eq(fpl_listener_next_replaced(listener), old);
    ck_assert(!poll_server(old));
    fpl_conn_explain(old, &why);
    ck_assert_int_eq(why.failure, FPL_FAILURE_REPLACED);
    fpl_listener_release(listener, old);
    ck_assert_ptr_null(fpl_listener_next_replaced(listener));
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 1);
    (void)give(5, data.bytes, data.len); /* too late now */
    ck_assert_uint_eq(server_data, 1);
    finish();
}
END_TEST

START_TEST(a_half_made_replacement_fades_away)
{
    static pair_datagram hello;
    fpl_conn            *old;
    fpl_conn            *young;
    begin();
    open_door();
    new_client();
    shuttle(5);
    old = last;
    hello_with_cookie(5, &hello);
    (void)give(5, hello.bytes, hello.len);
    young = last;
    ck_assert(young != NULL && young != old);
    for (unsigned i = 0; i < 40; i++) { /* nobody goes on with it */
        fpl_conn *due;
        pair_now += 10000;
        num_answers = 0;
        while ((due = fpl_listener_next_due(listener, pair_now)) != NULL) {
            (void)fpl_conn_timeout(due, pair_now);
            if (!poll_server(due)) {
                ck_assert_ptr_eq(due, young);
                fpl_listener_release(listener, due);
                young = NULL;
            }
        }
    }
    ck_assert_ptr_null(young);
    ck_assert(fpl_conn_is_connected(old));
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 1);
    finish();
}
END_TEST

START_TEST(the_old_one_may_go_first)
{ /* releasing an association that is being replaced leaves the new one in its place */
    static pair_datagram hello;
    fpl_conn            *old;
    fpl_conn            *young;
    begin();
    open_door();
    new_client();
    shuttle(5);
    old = last;
    hello_with_cookie(5, &hello);
    (void)give(5, hello.bytes, hello.len);
    young = last;
    ck_assert(young != old);
    fpl_listener_release(listener, old);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 1);
    for (size_t i = 0; i < num_answers; i++) {
        (void)pair_receive(PAIR_CLIENT, answers[i].bytes, answers[i].len);
    }
    num_answers = 0;
    shuttle(5);
    ck_assert(ends[0].connected);
    ck_assert_ptr_eq(last, young);
    ck_assert_ptr_null(fpl_listener_next_replaced(listener));
    finish();
}
END_TEST

START_TEST(deadlines_come_in_order)
{
    fpl_time     previous = 0;
    unsigned     made = 0;
    fpl_conn    *due;
    fpl_output   out;
    uint8_t      room[PAIR_ROOM];
    begin();
    open_door();
    for (unsigned i = 0; i < CLIENTS; i++) { /* more than the heap holds at first */
        static pair_datagram hello;
        pair_now += (i * 37) % 11;
        hello_with_cookie((uint8_t)i, &hello);
        num_answers = 0;
        (void)give((uint8_t)i, hello.bytes, hello.len);
        made += last != NULL;
        num_answers = 0;
    }
    ck_assert_uint_eq(made, CLIENTS);
    ck_assert_uint_eq(fpl_listener_num_connections(listener), CLIENTS);
    ck_assert_ptr_null(fpl_listener_next_due(listener, pair_now));
    for (unsigned i = 0; i < 20 * CLIENTS && fpl_listener_num_connections(listener) > 0; i++) {
        ck_assert_int_eq(fpl_listener_poll(listener, room, sizeof room, &out), FPL_OK);
        ck_assert_int_eq(out.type, FPL_OUTPUT_TIMEOUT);
        ck_assert(out.as.deadline != FPL_NEVER);
        ck_assert_uint_ge(out.as.deadline, previous);
        previous = out.as.deadline;
        ck_assert_ptr_null(fpl_listener_next_due(listener, previous - 1));
        due = fpl_listener_next_due(listener, previous);
        ck_assert_ptr_nonnull(due);
        pair_now = previous;
        (void)fpl_conn_timeout(due, pair_now);
        num_answers = 0;
        if (!poll_server(due)) {
            fpl_listener_release(listener, due);
        }
    }
    ck_assert_uint_eq(fpl_listener_num_connections(listener), 0);
    finish();
}
END_TEST

START_TEST(connections_are_bounded)
{ /* DS-06 */
    static pair_datagram hello;
    begin();
    ck_assert_int_eq(fpl_config_set(ends[1].config, FPL_SETTING_LISTENER_CONNECTIONS, 3), FPL_OK);
    open_door();
    for (uint8_t i = 0; i < 6; i++) {
        hello_with_cookie(i, &hello);
        (void)give(i, hello.bytes, hello.len);
        ck_assert_int_eq(last != NULL, i < 3);
        ck_assert_uint_le(fpl_listener_num_connections(listener), 3);
        num_answers = 0;
    }
    finish();
}
END_TEST

START_TEST(no_memory_at_the_door)
{
    for (unsigned n = 1; n < 12; n++) {
        static pair_datagram hello;
        begin();
        open_door();
        hello_with_cookie(1, &hello);
        pair_allocations.count = 0;
        pair_allocations.fail_at = n;
        (void)give(1, hello.bytes, hello.len); /* dropped, like a lost datagram, or made */
        pair_allocations.fail_at = 0;
        if (last == NULL) {
            (void)give(1, hello.bytes, hello.len);
            ck_assert_ptr_nonnull(last);
        }
        finish();
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, strangers_leave_nothing);
    tcase_add_test(tc, a_cookie_belongs_to_an_address);
    tcase_add_test(tc, a_cookie_is_exact);
    tcase_add_test(tc, keys_turn_once_without_harm);
    tcase_add_test(tc, a_fleet_shares_its_keys);
    tcase_add_test(tc, cookies_age);
    tcase_add_test(tc, hellos_in_fragments_are_pooled_and_evicted);
    tcase_add_test(tc, octets_of_strangers_spoil_no_hello);
    tcase_add_test(tc, a_stranger_who_is_always_first_does_not_win);
    tcase_add_test(tc, one_piece_is_counted_once);
    tcase_add_test(tc, a_hellos_number_leaves_its_answer_room);
    tcase_add_test(tc, a_whole_handshake_and_an_address);
    tcase_add_test(tc, spoofed_hellos_do_not_touch_the_living);
    tcase_add_test(tc, a_client_that_starts_anew_takes_its_own_place);
    tcase_add_test(tc, a_half_made_replacement_fades_away);
    tcase_add_test(tc, the_old_one_may_go_first);
    tcase_add_test(tc, deadlines_come_in_order);
    tcase_add_test(tc, connections_are_bounded);
    tcase_add_test(tc, no_memory_at_the_door);
}

UNIT_MAIN("api/listener", tests)
