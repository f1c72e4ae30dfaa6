/* One library's program: driver <identities> <12|13> <x25519|p256|mlkem> <aes|chacha> <what> [<number>]
 *
 *   can                     exits with 0 if the library has all of these, with 3 if not
 *   handshakes <seconds>    handshakes for that much CPU time: their number and the time
 *   count <number>          that many handshakes and no more, for callgrind
 *   count-plain <number>    likewise, without use_srtp and its keys
 *   records <seconds>       1200-byte records sealed and opened
 *   count-records <number>  likewise
 *   heap                    allocations and bytes (the program built with heap.c)
 *   wire                    datagrams and bytes
 *
 * Figures go to standard output as `name value`, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"
#include "identities.h"
#ifdef BENCH_HEAP
#include "heap.h"
#endif

#define PAYLOAD 1200
#define IDLE_PAIRS 64

static bench_identity identities[BENCH_IDENTITIES];
static bench_wire     to_server;
static bench_wire     to_client;

typedef struct pair {
    bench_end *client;
    bench_end *server;
} pair;

static double cpu_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "%s failed\n", what);
    exit(1);
}

static pair connect_pair(unsigned number)
{
    pair           ends;
    bench_progress client = BENCH_GOING;
    bench_progress server = BENCH_GOING;
    ends.client = backend_new(false, number % BENCH_IDENTITIES, &to_client, &to_server);
    ends.server = backend_new(true, (number + 7) % BENCH_IDENTITIES, &to_server, &to_client);
    if (ends.client == NULL || ends.server == NULL) {
        die("new");
    }
    for (unsigned turn = 0; client != BENCH_DONE || server != BENCH_DONE; turn++) {
        client = client == BENCH_DONE ? client : backend_handshake(ends.client);
        server = server == BENCH_DONE ? server : backend_handshake(ends.server);
        if (client == BENCH_FAILED || server == BENCH_FAILED || turn > 30) {
            die(client == BENCH_FAILED ? "client" : "server");
        }
    }
    /* In DTLS 1.3 the server's last word is an ACK, to a client that is done already. */
    if (to_client.first < to_client.num && backend_handshake(ends.client) != BENCH_DONE) {
        die("the last datagram");
    }
    return ends;
}

static void free_pair(pair ends)
{
    backend_free(ends.client);
    backend_free(ends.server);
}

static void handshakes(double seconds, unsigned number)
{
    double   began = cpu_seconds();
    unsigned done = 0;
    while (number != 0 ? done < number : cpu_seconds() - began < seconds) {
        free_pair(connect_pair(done++));
    }
    printf("handshakes %u\nseconds %.6f\n", done, cpu_seconds() - began);
}

static void one_record(pair ends, const uint8_t *payload, size_t len)
{
    size_t got = 0;
    if (!backend_seal(ends.client, payload, len) || backend_open_record(ends.server, &got) == NULL || got != len) {
        die("record");
    }
}

static void records(double seconds, unsigned number)
{
    pair           ends = connect_pair(0);
    static uint8_t payload[PAYLOAD];
    const uint8_t *from = payload;
    size_t         prefix = backend_prefix(ends.client);
    double         began;
    unsigned       done = 0;
    memset(payload, 0x5a, sizeof payload);
    if (prefix > 0) {
        /* What is opened in place is sealed in place again: no copy at all. */
        from = memcpy(bench_wire_room(&to_server) + prefix, payload, sizeof payload);
    }
    began = cpu_seconds();
    while (number != 0 ? done < number : (done & 255) != 0 || cpu_seconds() - began < seconds) {
        one_record(ends, from, sizeof payload);
        done++;
    }
    printf("records %u\nseconds %.6f\n", done, cpu_seconds() - began);
    free_pair(ends);
}

static void wire(void)
{
    static const uint8_t payload[PAYLOAD];
    pair                 ends = connect_pair(0);
    printf("client_bytes %zu\nclient_datagrams %zu\nserver_bytes %zu\nserver_datagrams %zu\n", to_server.bytes,
           to_server.datagrams, to_client.bytes, to_client.datagrams);
    to_server.bytes = 0;
    one_record(ends, payload, sizeof payload);
    printf("bytes_added %zu\n", to_server.bytes - sizeof payload);
    free_pair(ends);
}

#ifdef BENCH_HEAP
static void heap(void)
{
    static uint8_t payload[100];
    pair           ends[IDLE_PAIRS];
    bench_heap     before;
    bench_heap     after;
    size_t         own_before = 0, own_after = 0, own_bytes_before = 0, own_bytes = 0, own_peak = 0;
    bool           own;
    /* What is made once must not be charged to one pair. */
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        free_pair(connect_pair(i));
    }
    bench_heap_mark();
    before = bench_heap_now();
    own = backend_own(&own_before, &own_bytes_before, &own_peak);
    free_pair(connect_pair(0));
    after = bench_heap_now();
    (void)backend_own(&own_after, &own_bytes, &own_peak);
    printf("allocations_per_handshake %zu\npeak_bytes %zu\n", after.allocations - before.allocations,
           after.peak - before.bytes);
    if (own) {
        printf("own_allocations_per_handshake %zu\nown_peak_bytes %zu\n", own_after - own_before, own_peak - own_bytes_before);
    }
    before = bench_heap_now();
    for (unsigned i = 0; i < IDLE_PAIRS; i++) {
        ends[i] = connect_pair(i);
        one_record(ends[i], payload, sizeof payload);
        backend_settle(ends[i].client);
        backend_settle(ends[i].server);
    }
    after = bench_heap_now();
    printf("idle_bytes %zu\n", (after.bytes - before.bytes) / IDLE_PAIRS);
    if (own) {
        (void)backend_own(&own_after, &own_bytes, &own_peak);
        printf("own_idle_bytes %zu\n", (own_bytes - own_bytes_before) / IDLE_PAIRS);
    }
    before = after;
    for (unsigned i = 0; i < 100; i++) {
        one_record(ends[0], payload, sizeof payload);
    }
    after = bench_heap_now();
    printf("allocations_per_100_records %zu\n", after.allocations - before.allocations);
    for (unsigned i = 0; i < IDLE_PAIRS; i++) {
        free_pair(ends[i]);
    }
}
#endif

static bool read_setup(bench_setup *setup, char **arguments)
{
    static const char *const groups[] = {
        [BENCH_X25519] = "x25519", [BENCH_P256] = "p256", [BENCH_X25519MLKEM768] = "mlkem"};
    unsigned                 group = 0;
    while (group < sizeof groups / sizeof *groups && strcmp(arguments[1], groups[group]) != 0) {
        group++;
    }
    setup->identities = identities;
    setup->dtls13 = strcmp(arguments[0], "13") == 0;
    setup->group = (bench_group)group;
    setup->chacha = strcmp(arguments[2], "chacha") == 0;
    return group < sizeof groups / sizeof *groups && (setup->dtls13 || strcmp(arguments[0], "12") == 0) &&
           (setup->chacha || strcmp(arguments[2], "aes") == 0);
}

int main(int argc, char **argv)
{
    bench_setup setup;
    const char *what = argc > 5 ? argv[5] : "";
    const char *number = argc > 6 ? argv[6] : "1";
    if (argc < 6 || !bench_identities_read(argv[1], identities) || !read_setup(&setup, argv + 2)) {
        (void)fprintf(stderr, "usage: driver <identities> <12|13> <x25519|p256|mlkem> <aes|chacha> <what> [<number>]\n");
        return 2;
    }
    setup.no_srtp = strcmp(what, "count-plain") == 0;
    if (strcmp(what, "can") == 0) {
        return backend_can(&setup) ? 0 : 3;
    }
    if (!backend_open(&setup)) {
        die("open");
    }
    if (strcmp(what, "handshakes") == 0) {
        handshakes(strtod(number, NULL), 0);
    } else if (strcmp(what, "count") == 0 || setup.no_srtp) {
        handshakes(0, (unsigned)strtoul(number, NULL, 10));
    } else if (strcmp(what, "records") == 0) {
        records(strtod(number, NULL), 0);
    } else if (strcmp(what, "count-records") == 0) {
        records(0, (unsigned)strtoul(number, NULL, 10));
    } else if (strcmp(what, "wire") == 0) {
        wire();
#ifdef BENCH_HEAP
    } else if (strcmp(what, "heap") == 0) {
        heap();
#endif
    } else {
        (void)fprintf(stderr, "what is %s?\n", what);
        return 2;
    }
    return 0;
}
