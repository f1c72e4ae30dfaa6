/* scale <identities> <connections> <datagrams>: a listener that holds so many connections takes so many
 * datagrams. Under callgrind with --instr-atstart=no only those are counted; by itself it tells the CPU time.
 *
 * The connections are unfinished ones, waiting for a signature from outside: each has a deadline, so the heap
 * of deadlines is as full as the table of addresses. The datagrams are their hellos once more and, every other
 * one, a record that nobody may send, from addresses all over the table: to each at most one, if there are no
 * more of them than connections, so that the work is the same whatever their number. */
#include <flightplan/flightplan.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "identities.h"

#define ADDRESS_LEN 6
#define DATAGRAM_MAX 2048

static bench_identity identities[BENCH_IDENTITIES];

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void need(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "%s failed\n", what);
        exit(1);
    }
}

static size_t make_hello(uint8_t *out)
{
    fpl_config *config = fpl_config_new();
    fpl_conn   *conn;
    fpl_output  output;
    size_t      len;
    need(config != NULL, "configuration");
    conn = fpl_conn_new(config, FPL_ROLE_CLIENT, 0);
    need(conn != NULL && fpl_conn_start(conn, 0) == FPL_OK && fpl_conn_poll(conn, out, DATAGRAM_MAX, &output) == FPL_OK &&
             output.type == FPL_OUTPUT_DATAGRAM,
         "hello");
    len = output.as.datagram_len;
    fpl_conn_free(conn);
    fpl_config_free(config);
    return len;
}

static void deliver(fpl_listener *listener, uint32_t peer, const uint8_t *bytes, size_t len, fpl_time now)
{
    static uint8_t out[DATAGRAM_MAX];
    uint8_t        datagram[DATAGRAM_MAX];
    uint8_t        address[ADDRESS_LEN] = {10, 0, 0, 0, 0, 0};
    fpl_conn      *conn = NULL;
    fpl_output     output;
    memcpy(address + 1, &peer, sizeof peer);
    memcpy(datagram, bytes, len);
    need(fpl_listener_receive(listener, address, sizeof address, datagram, len, now, &conn) == FPL_OK && conn != NULL,
         "receive");
    do {
        need(fpl_conn_poll(conn, out, sizeof out, &output) == FPL_OK, "poll");
    } while (output.type != FPL_OUTPUT_TIMEOUT);
}

int main(int argc, char **argv)
{
    /* application_data of epoch 0, which nobody may send */
    static const uint8_t stray[13 + 16] = {23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 16};
    uint8_t              hello[DATAGRAM_MAX];
    size_t               hello_len;
    fpl_config          *config;
    fpl_listener        *listener;
    uint32_t             connections;
    uint32_t             datagrams;
    double               began;
    if (argc != 4 || !bench_identities_read(argv[1], identities)) {
        (void)fprintf(stderr, "usage: scale <identities> <connections> <datagrams>\n");
        return 2;
    }
    connections = (uint32_t)strtoul(argv[2], NULL, 10);
    datagrams = (uint32_t)strtoul(argv[3], NULL, 10);
    hello_len = make_hello(hello);
    config = fpl_config_new();
    need(config != NULL && fpl_config_set_cookie_exchange(config, false) == FPL_OK &&
             fpl_config_set(config, FPL_SETTING_LISTENER_CONNECTIONS, connections) == FPL_OK &&
             fpl_config_set_external_credential(config, identities[0].certificate, identities[0].certificate_len) == FPL_OK,
         "configuration");
    listener = fpl_listener_new(config, 0);
    need(listener != NULL, "listener");
    for (uint32_t i = 0; i < connections; i++) {
        deliver(listener, i, hello, hello_len, i / 1024); /* deadlines that differ */
    }
    need(fpl_listener_num_connections(listener) == connections, "connections");
    began = cpu_seconds();
    CALLGRIND_START_INSTRUMENTATION;
    for (uint32_t i = 0; i < datagrams; i++) {
        uint32_t peer = (uint32_t)((uint64_t)i * 2654435761u % connections);
        if (i % 2 == 0) {
            deliver(listener, peer, hello, hello_len, connections / 1024 + 1);
        } else {
            deliver(listener, peer, stray, sizeof stray, connections / 1024 + 1);
        }
    }
    CALLGRIND_STOP_INSTRUMENTATION;
    printf("connections %u\ndatagrams %u\nseconds %.6f\n", connections, datagrams, cpu_seconds() - began);
    return 0; /* freeing a million connections tells nothing */
}
