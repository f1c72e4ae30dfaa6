/* A listener of the library and a client at its door, with the network between them in the test's hands. */
#ifndef FPL_TESTS_UNIT_DOOR_H
#define FPL_TESTS_UNIT_DOOR_H

#include "pair.h"

static fpl_listener *listener;
static fpl_conn     *last; /* the connection that the last datagram went to, or NULL */
static unsigned      server_connected, server_data;

static pair_datagram answers[PAIR_WIRE];
static size_t        num_answers;

static inline void begin(void)
{
    pair_begin();
    num_answers = 0;
    server_connected = 0;
    server_data = 0;
    last = NULL;
}

static inline void open_door(void)
{
    listener = fpl_listener_new(ends[PAIR_SERVER].config, pair_now);
    ck_assert_ptr_nonnull(listener);
}

static inline void finish(void)
{
    fpl_listener_free(listener);
    pair_end_all();
}

static inline void keep(const uint8_t *bytes, size_t len)
{
    ck_assert_uint_lt(num_answers, PAIR_WIRE);
    memcpy(answers[num_answers].bytes, bytes, len);
    answers[num_answers++].len = len;
}

/* poll_server polls a connection of the listener's dry; false when it has failed. */
static inline bool poll_server(fpl_conn *conn)
{
    uint8_t    room[PAIR_ROOM];
    fpl_output out;
    for (unsigned i = 0; i < 1000; i++) {
        fpl_result result = fpl_conn_poll(conn, room, sizeof room, &out);
        if (result == FPL_FAILED) {
            return false;
        }
        ck_assert_int_eq(result, FPL_OK);
        server_connected += out.type == FPL_OUTPUT_CONNECTED;
        server_data += out.type == FPL_OUTPUT_APPLICATION_DATA;
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            keep(room, out.as.datagram_len);
        }
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            return true;
        }
    }
    ck_abort_msg("polled for ever");
}

/* give hands the listener a datagram from `address`; answers are kept. Returns how many datagrams came back. */
static inline size_t give(uint8_t address, const uint8_t *bytes, size_t len)
{
    uint8_t  copy[PAIR_ROOM];
    size_t   before = num_answers;
    uint8_t  from[2] = {10, address};
    memcpy(copy, bytes, len);
    ck_assert_int_eq(fpl_listener_receive(listener, from, sizeof from, copy, len, pair_now, &last), FPL_OK);
    if (last != NULL) {
        (void)poll_server(last);
    } else {
        uint8_t    room[PAIR_ROOM];
        fpl_output out;
        ck_assert_int_eq(fpl_listener_poll(listener, room, sizeof room, &out), FPL_OK);
        if (out.type == FPL_OUTPUT_DATAGRAM) {
            keep(room, out.as.datagram_len);
        }
    }
    return num_answers - before;
}

static inline void new_client(void)
{
    fpl_conn_free(ends[PAIR_CLIENT].conn);
    ends[PAIR_CLIENT].conn = fpl_conn_new(ends[PAIR_CLIENT].config, FPL_ROLE_CLIENT, pair_now);
    ck_assert_ptr_nonnull(ends[PAIR_CLIENT].conn);
    ends[PAIR_CLIENT].num_sent = 0;
    ends[PAIR_CLIENT].connected = ends[PAIR_CLIENT].failed = false;
    pair_start();
}

/* shuttle plays the network between the client and the listener, as `address`, until it is silent. */
static inline void shuttle(uint8_t address)
{
    static pair_datagram d;
    for (unsigned rounds = 0; rounds < 50; rounds++) {
        bool any = false;
        while (pair_take(PAIR_CLIENT, &d)) {
            (void)give(address, d.bytes, d.len);
            any = true;
        }
        for (size_t i = 0; i < num_answers; i++) {
            (void)pair_receive(PAIR_CLIENT, answers[i].bytes, answers[i].len);
            any = true;
        }
        num_answers = 0;
        if (!any) {
            return;
        }
    }
}

/* hello_with_cookie leaves the client's second hello in `out`, and the listener without a connection. */
static inline void hello_with_cookie(uint8_t address, pair_datagram *out)
{
    static pair_datagram d;
    new_client();
    ck_assert(pair_take(PAIR_CLIENT, &d));
    num_answers = 0;
    ck_assert_uint_eq(give(address, d.bytes, d.len), 1);
    (void)pair_receive(PAIR_CLIENT, answers[0].bytes, answers[0].len);
    num_answers = 0;
    ck_assert(pair_take(PAIR_CLIENT, out));
}

#endif
