#include "client.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "configure.h"
#include "channel.h"
#include "streams.h"
#include "tool.h"
#include "wait.h"

typedef struct client {
    channel     channel;
    bool     input_ended;
    fpl_time last_heard; /* when data last came, or input ended */
} client;

/* One read, one record: lines from a terminal, blocks from a file. */
static void take_input(client *c)
{
    uint8_t block[UDP_LARGEST];
    size_t most = fpl_conn_max_payload(c->channel.conn);
    size_t len = streams_read(block, most < sizeof block ? most : sizeof block, &c->input_ended);
    if (len > 0) {
        channel_send(&c->channel, block, len);
        channel_drain(&c->channel);
    } else if (c->input_ended) {
        c->last_heard = clock_now();
    }
}

static void take_datagrams(client *c)
{
    uint8_t datagram[UDP_LARGEST];
    udp_address from;
    ssize_t len;
    while (!c->channel.failed && (len = udp_receive(c->channel.fd, datagram, sizeof datagram, &from)) >= 0) {
        uint64_t before = c->channel.bytes_received;
        (void)fpl_conn_receive(c->channel.conn, datagram, (size_t)len, clock_now());
        channel_drain(&c->channel);
        if (c->channel.bytes_received != before) {
            c->last_heard = clock_now();
        }
    }
}

/* When to look up again, whatever comes. */
static fpl_time next_look(const client *c)
{
    fpl_time quiet = c->last_heard + c->channel.options->linger_ms;
    return c->input_ended && quiet < c->channel.deadline ? quiet : c->channel.deadline;
}

static void talk(client *c)
{
    struct pollfd fds[2] = {{c->channel.fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!channel_over(&c->channel) && !wait_interrupted() && !streams_lost()) {
        fds[1].fd = c->channel.connected && !c->input_ended ? STDIN_FILENO : -1;
        wait_for(fds, 2, next_look(c));
        if (fds[0].revents != 0) {
            take_datagrams(c);
        }
        if (!channel_over(&c->channel) && clock_now() >= c->channel.deadline) {
            channel_timeout(&c->channel);
        }
        if (!channel_over(&c->channel) && fds[1].revents != 0) {
            take_input(c);
        }
        if (c->input_ended && clock_now() >= c->last_heard + c->channel.options->linger_ms) {
            return;
        }
    }
}

static int connect_and_talk(const options *o, const setup *s, int fd, const udp_address *peer)
{
    client c;
    memset(&c, 0, sizeof c);
    c.channel.options = o;
    c.channel.authorities = s->authorities;
    c.channel.fd = fd;
    c.channel.deadline = FPL_NEVER;
    udp_print(peer, c.channel.who);
    c.channel.conn = fpl_conn_new(s->config, FPL_ROLE_CLIENT, clock_now());
    if (c.channel.conn == NULL) {
        return complain("out of memory");
    }
    setup_pin(o, c.channel.conn);
    wait_catch_signals();
    (void)fpl_conn_start(c.channel.conn, clock_now());
    channel_drain(&c.channel);
    talk(&c);
    if (!channel_over(&c.channel)) {
        channel_close(&c.channel);
    }
    fpl_conn_free(c.channel.conn);
    if (c.channel.failed || !c.channel.connected) {
        return TOOL_FAILED;
    }
    note("closed%s", c.channel.peer_closed ? " by the peer" : "");
    return TOOL_OK;
}

int client_run(const options *o)
{
    setup s;
    udp_address peer;
    int result = setup_make(o, &s);
    if (result == TOOL_OK) {
        int fd = udp_connect(o->arguments[0], o->arguments[1], &peer);
        result = TOOL_SYSTEM;
        if (fd >= 0) {
            result = connect_and_talk(o, &s, fd, &peer);
            (void)close(fd);
        }
    }
    return setup_free(&s, result);
}
