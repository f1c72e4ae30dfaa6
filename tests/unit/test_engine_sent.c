/* engine/sent: what of a flight has arrived, and what is still to be sent (RFC 9147 section 7.2). */
#include "engine/sent.h"

#include "unit.h"

static fpl_conn      conn;
static fpl_flight    flight, other;
static fpl_sent_book book, other_book;

/* A flight of two messages, of 100 octets and of none, and another one of a single message. */
static void begin(void)
{
    memset(&conn, 0, sizeof conn);
    memset(&flight, 0, sizeof flight);
    memset(&other, 0, sizeof other);
    memset(&book, 0, sizeof book);
    memset(&other_book, 0, sizeof other_book);
    flight.book = &book;
    flight.num_messages = 2;
    flight.messages[0].len = 100;
    other.book = &other_book;
    other.num_messages = 1;
    other.messages[0].len = 10;
    conn.flights[0] = &flight;
    conn.flights[2] = &other;
}

/* Asserts that the next octets to send of a message, from `at` on, are [from, to). */
static void gap_is(uint8_t message, size_t at, size_t from, size_t to)
{
    size_t end = 0;
    ck_assert(fpl_sent_gap(&flight, message, &at, &end));
    ck_assert_uint_eq(at, from);
    ck_assert_uint_eq(end, to);
}

static void no_gap(uint8_t message, size_t at)
{
    size_t end = 0;
    ck_assert(!fpl_sent_gap(&flight, message, &at, &end));
}

static void acknowledge(uint16_t epoch, uint64_t seq)
{
    fpl_sent_name(&conn, epoch, seq);
    ck_assert(fpl_sent_news(&flight));
    fpl_sent_mark(&flight);
    ck_assert(!fpl_sent_news(&flight));
}

START_TEST(at_first_all_is_a_gap)
{
    begin();
    gap_is(0, 0, 0, 100);
    gap_is(0, 60, 60, 100);
    no_gap(0, 100);
    gap_is(1, 0, 0, 0); /* the header of an empty message */
    ck_assert(!fpl_sent_news(&flight));
    ck_assert(!fpl_sent_all_named(&flight));
    flight.book = NULL; /* DTLS 1.2 keeps no book */
    gap_is(0, 0, 0, 100);
    gap_is(0, 99, 99, 100);
    no_gap(0, 100);
    gap_is(1, 0, 0, 0);
    fpl_sent_note(&flight, 0, 1, 0, 0, 100);
    fpl_sent_name(&conn, 0, 1);
}
END_TEST

START_TEST(gaps_lie_between_what_has_arrived)
{
    begin();
    fpl_sent_note(&flight, 2, 1, 0, 0, 20);
    fpl_sent_note(&flight, 2, 2, 0, 20, 50);
    fpl_sent_note(&flight, 2, 3, 0, 50, 70);
    fpl_sent_note(&flight, 2, 4, 0, 70, 100);
    acknowledge(2, 2);
    gap_is(0, 0, 0, 20);
    gap_is(0, 20, 50, 100);
    gap_is(0, 30, 50, 100);
    gap_is(0, 55, 55, 100);
    acknowledge(2, 4);
    gap_is(0, 20, 50, 70);
    no_gap(0, 70);
    acknowledge(2, 1);
    gap_is(0, 0, 50, 70);
    ck_assert(!flight.whole_acked);
    acknowledge(2, 3);
    no_gap(0, 0);
    ck_assert(!flight.whole_acked); /* the empty one has not arrived */
}
END_TEST

START_TEST(an_empty_message_arrives_too)
{
    begin();
    fpl_sent_note(&flight, 2, 1, 0, 0, 100);
    fpl_sent_note(&flight, 2, 1, 1, 0, 0); /* in one record */
    fpl_sent_name(&conn, 2, 1);
    ck_assert(fpl_sent_news(&flight));
    ck_assert(fpl_sent_all_named(&flight));
    ck_assert(!flight.whole_acked); /* naming alone changes nothing */
    gap_is(1, 0, 0, 0);
    fpl_sent_mark(&flight);
    ck_assert(flight.whole_acked);
    no_gap(0, 0);
    no_gap(1, 0);
    fpl_sent_name(&conn, 2, 1);
    ck_assert(!fpl_sent_news(&flight)); /* the same ACK again */
}
END_TEST

START_TEST(a_number_names_one_epoch_and_one_flight)
{
    begin();
    fpl_sent_note(&flight, 2, 7, 0, 0, 100);
    fpl_sent_note(&other, 3, 7, 0, 0, 10);
    fpl_sent_name(&conn, 0, 7);
    fpl_sent_name(&conn, 2, 8);
    fpl_sent_name(&conn, 4, 7);
    ck_assert(!fpl_sent_news(&flight) && !fpl_sent_news(&other));
    fpl_sent_name(&conn, 3, 7);
    ck_assert(!fpl_sent_news(&flight));
    ck_assert(fpl_sent_news(&other) && fpl_sent_all_named(&other));
    conn.flights[0] = NULL;
    fpl_sent_name(&conn, 2, 7);
    ck_assert(!fpl_sent_news(&flight));
}
END_TEST

START_TEST(a_message_sent_twice_in_other_pieces_arrives)
{
    begin();
    flight.num_messages = 1;
    fpl_sent_note(&flight, 2, 1, 0, 0, 60);
    fpl_sent_note(&flight, 2, 2, 0, 60, 100);
    fpl_sent_note(&flight, 2, 3, 0, 0, 30);
    fpl_sent_note(&flight, 2, 4, 0, 30, 100);
    acknowledge(2, 1);
    fpl_sent_name(&conn, 2, 4); /* the second half of the second time */
    ck_assert(fpl_sent_all_named(&flight));
    fpl_sent_mark(&flight);
    ck_assert(flight.whole_acked);
    fpl_sent_name(&conn, 2, 2); /* later, of the first time: no news */
    ck_assert(!fpl_sent_news(&flight));
}
END_TEST

START_TEST(the_oldest_records_are_forgotten)
{ /* what can no longer be understood has no effect, and is sent again */
    begin();
    flight.num_messages = 1;
    for (uint64_t seq = 0; seq <= FPL_LIMIT_VALUE_SENT_RECORDS; seq++) {
        fpl_sent_note(&flight, 2, seq, 0, seq % 2 == 0 ? 0 : 50, seq % 2 == 0 ? 50 : 100);
    }
    fpl_sent_name(&conn, 2, 0);
    ck_assert(!fpl_sent_news(&flight));
    acknowledge(2, 1);
    gap_is(0, 0, 0, 50);
    acknowledge(2, FPL_LIMIT_VALUE_SENT_RECORDS);
    no_gap(0, 0);
    ck_assert(flight.whole_acked);
    ck_assert_uint_eq(book.num, FPL_LIMIT_VALUE_SENT_RECORDS);
}
END_TEST

START_TEST(a_new_record_in_an_old_place_is_not_named)
{
    begin();
    for (uint64_t seq = 0; seq < FPL_LIMIT_VALUE_SENT_RECORDS; seq++) {
        fpl_sent_note(&flight, 2, seq, 0, 0, 10);
    }
    fpl_sent_name(&conn, 2, 0);
    fpl_sent_note(&flight, 2, 1000, 0, 0, 100);
    ck_assert(!fpl_sent_news(&flight));
}
END_TEST

START_TEST(the_peers_next_flight_names_all)
{ /* RFC 9147 section 7.1: an implicit ACK, also of what was never written */
    begin();
    book.named_all = true;
    ck_assert(fpl_sent_news(&flight));
    ck_assert(fpl_sent_all_named(&flight));
    fpl_sent_mark(&flight);
    ck_assert(flight.whole_acked);
    ck_assert(!book.named_all);
    no_gap(0, 0);
    no_gap(1, 0);
    book.named_all = true;
    ck_assert(!fpl_sent_news(&flight)); /* nothing new once all has arrived */
}
END_TEST

START_TEST(what_is_added_is_still_to_be_sent)
{ /* a flight that extends this one has joined it */
    begin();
    flight.num_messages = 1;
    book.named_all = true;
    fpl_sent_mark(&flight);
    ck_assert(flight.whole_acked);
    flight.num_messages = 2;
    flight.messages[1].len = 30;
    flight.whole_acked = false;
    ck_assert(!fpl_sent_all_named(&flight));
    no_gap(0, 0);
    gap_is(1, 0, 0, 30);
    fpl_sent_note(&flight, 2, 1, 1, 0, 30);
    fpl_sent_name(&conn, 2, 1);
    ck_assert(fpl_sent_news(&flight) && fpl_sent_all_named(&flight));
}
END_TEST

START_TEST(of_many_pieces_the_last_are_sent_again)
{ /* more than are kept apart: nothing is lost, the rest goes once more */
    size_t sent = 0;
    size_t end = 0;
    begin();
    flight.num_messages = 1;
    for (uint64_t i = 0; i < 20; i++) {
        fpl_sent_note(&flight, 2, i, 0, (size_t)i * 5, (size_t)i * 5 + 5);
    }
    for (uint64_t i = 0; i < 20; i += 2) {
        fpl_sent_name(&conn, 2, i);
    }
    ck_assert(!fpl_sent_all_named(&flight));
    fpl_sent_mark(&flight);
    ck_assert(!flight.whole_acked);
    for (size_t at = 0; fpl_sent_gap(&flight, 0, &at, &end); at = end) {
        ck_assert_uint_lt(at, end);
        ck_assert_uint_le(end, 100);
        sent += end - at;
    }
    ck_assert_uint_ge(sent, 50); /* at least what has not arrived */
    ck_assert_uint_lt(sent, 100);
    for (uint64_t i = 0; i < 20; i++) {
        fpl_sent_name(&conn, 2, i);
    }
    ck_assert(fpl_sent_all_named(&flight));
}
END_TEST

/* Against a bitmap: whatever is sent and named in whatever order, a gap is never what has not been sent yet, and what
 * has not arrived is always in one. */
START_TEST(gaps_are_those_of_a_bitmap)
{
    uint32_t random = 88172645;
    for (unsigned round = 0; round < 2000; round++) {
        bool arrived[100] = {false};
        bool gap[100] = {false};
        size_t end = 0;
        begin();
        flight.num_messages = 1;
        for (uint64_t seq = 0; seq < 12; seq++) {
            size_t from;
            size_t len;
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            from = random % 100;
            len = 1 + (random >> 8) % (100 - from);
            fpl_sent_note(&flight, 2, seq, 0, from, from + len);
            if ((random >> 20 & 3) == 0) {
                fpl_sent_name(&conn, 2, seq);
                for (size_t i = from; i < from + len; i++) {
                    arrived[i] = true;
                }
                if ((random >> 22 & 1) == 0) {
                    fpl_sent_mark(&flight);
                }
            }
        }
        fpl_sent_mark(&flight);
        for (size_t at = 0; fpl_sent_gap(&flight, 0, &at, &end); at = end) {
            ck_assert_uint_lt(at, end);
            memset(gap + at, 1, end - at);
        }
        for (size_t i = 0; i < 100; i++) {
            ck_assert_msg(gap[i] || arrived[i], "octet %zu of round %u would never be sent again", i, round);
            ck_assert_msg(!gap[i] || !arrived[i] || book.acked[0].num == FPL_LIMIT_VALUE_ACKED_PIECES, "octet %zu of round %u",
                          i, round);
        }
        ck_assert_int_eq(flight.whole_acked, memchr(arrived, 0, sizeof arrived) == NULL);
    }
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, at_first_all_is_a_gap);
    tcase_add_test(tc, gaps_lie_between_what_has_arrived);
    tcase_add_test(tc, an_empty_message_arrives_too);
    tcase_add_test(tc, a_number_names_one_epoch_and_one_flight);
    tcase_add_test(tc, a_message_sent_twice_in_other_pieces_arrives);
    tcase_add_test(tc, the_oldest_records_are_forgotten);
    tcase_add_test(tc, a_new_record_in_an_old_place_is_not_named);
    tcase_add_test(tc, the_peers_next_flight_names_all);
    tcase_add_test(tc, what_is_added_is_still_to_be_sent);
    tcase_add_test(tc, of_many_pieces_the_last_are_sent_again);
    tcase_add_test(tc, gaps_are_those_of_a_bitmap);
}

UNIT_MAIN("engine/sent", tests)
