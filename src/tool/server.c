#include "server.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "configure.h"
#include "channel.h"
#include "streams.h"
#include "tool.h"
#include "wait.h"

/* Datagrams taken at one go, so that deadlines and standard input get their turn. */
#define MOST_AT_ONCE 64

/* A peer is one connection of the listener's; they hang together in a list. */
typedef struct peer {
    struct peer *next;
    channel         channel;
    udp_address  address;
} peer;

typedef struct server {
    const options *options;
    const setup   *setup;
    fpl_listener  *listener;
    peer          *peers;
    peer          *last_heard; /* gets what standard input brings */
    int            fd;
    fpl_time       deadline;
    bool           input_ended;
    bool           ended; /* --once, and the one is gone */
    int            result;
} server;

static void forget(server *s, peer *gone)
{
    peer **at = &s->peers;
    while (*at != gone) {
        at = &(*at)->next;
    }
    *at = gone->next;
    if (s->last_heard == gone) {
        s->last_heard = NULL;
    }
    fpl_listener_release(s->listener, gone->channel.conn);
    free(gone);
}

static peer *peer_of(server *s, fpl_conn *conn, const udp_address *from)
{
    peer *p = fpl_conn_user_data(conn);
    if (p != NULL) {
        return p;
    }
    p = calloc(1, sizeof *p);
    if (p == NULL) {
        fpl_listener_release(s->listener, conn);
        return NULL;
    }
    p->address = *from;
    p->channel.conn = conn;
    p->channel.options = s->options;
    p->channel.authorities = s->setup->authorities;
    p->channel.fd = s->fd;
    p->channel.to = &p->address;
    p->channel.deadline = FPL_NEVER;
    udp_print(from, p->channel.who);
    p->next = s->peers;
    s->peers = p;
    fpl_conn_set_user_data(conn, p);
    setup_pin(s->options, conn);
    return p;
}

/* After whatever happened to a peer: is it still with us? */
static void look_after(server *s, peer *p)
{
    bool failed = p->channel.failed || !p->channel.connected;
    if (!channel_over(&p->channel)) {
        return;
    }
    if (!failed) {
        note("%s closed", p->channel.who);
    }
    if (s->options->once) {
        s->ended = true;
        s->result = failed ? TOOL_FAILED : TOOL_OK;
    }
    forget(s, p);
}

/* The listener's own answer to a datagram of nobody's yet. */
static void answer_stranger(server *s, const udp_address *from)
{
    uint8_t datagram[UDP_LARGEST];
    fpl_output out;
    while (fpl_listener_poll(s->listener, datagram, sizeof datagram, &out) == FPL_OK && out.type == FPL_OUTPUT_DATAGRAM) {
        udp_send(s->fd, datagram, out.as.datagram_len, from);
    }
}

static void take_datagrams(server *s)
{
    uint8_t datagram[UDP_LARGEST];
    udp_address from;
    ssize_t len;
    for (int i = 0; i < MOST_AT_ONCE && (len = udp_receive(s->fd, datagram, sizeof datagram, &from)) >= 0; i++) {
        fpl_conn *conn = NULL;
        peer *p;
        if (fpl_listener_receive(s->listener, (const uint8_t *)&from.as, from.len, datagram, (size_t)len, clock_now(), &conn) !=
            FPL_OK) {
            continue;
        }
        if (conn == NULL) {
            answer_stranger(s, &from);
            continue;
        }
        p = peer_of(s, conn, &from);
        if (p != NULL) {
            s->last_heard = p;
            channel_drain(&p->channel);
            look_after(s, p);
        }
    }
}

static void take_deadlines(server *s)
{
    uint8_t datagram[UDP_LARGEST];
    fpl_output out;
    fpl_conn *conn;
    while ((conn = fpl_listener_next_replaced(s->listener)) != NULL) {
        peer *p = fpl_conn_user_data(conn);
        if (p == NULL) {
            fpl_listener_release(s->listener, conn);
        } else {
            note("%s began anew", p->channel.who);
            forget(s, p);
        }
    }
    while ((conn = fpl_listener_next_due(s->listener, clock_now())) != NULL) {
        peer *p = fpl_conn_user_data(conn);
        if (p == NULL) {
            fpl_listener_release(s->listener, conn);
        } else {
            channel_timeout(&p->channel);
            look_after(s, p);
        }
    }
    s->deadline = FPL_NEVER;
    if (fpl_listener_poll(s->listener, datagram, sizeof datagram, &out) == FPL_OK && out.type == FPL_OUTPUT_TIMEOUT) {
        s->deadline = out.as.deadline;
    }
}

static void take_input(server *s)
{
    uint8_t block[UDP_LARGEST];
    channel *to = &s->last_heard->channel;
    size_t most = fpl_conn_max_payload(to->conn);
    /* Where it has ended, clients may still want to talk to us. */
    size_t len = streams_read(block, most < sizeof block ? most : sizeof block, &s->input_ended);
    if (len > 0) {
        channel_send(to, block, len);
        channel_drain(to);
        look_after(s, s->last_heard);
    }
}

static bool input_has_a_reader(const server *s)
{
    return !s->input_ended && s->last_heard != NULL && s->last_heard->channel.connected;
}

static void serve(server *s)
{
    struct pollfd fds[2] = {{s->fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!s->ended && !wait_interrupted() && !streams_lost()) {
        fds[1].fd = input_has_a_reader(s) ? STDIN_FILENO : -1;
        wait_for(fds, 2, s->deadline);
        if (fds[0].revents != 0) {
            take_datagrams(s);
        }
        if (fds[1].revents != 0 && input_has_a_reader(s)) {
            take_input(s);
        }
        take_deadlines(s);
    }
    while (s->peers != NULL) {
        channel_close(&s->peers->channel);
        forget(s, s->peers);
    }
}

static int listen_and_serve(const options *o, const setup *made, int fd, const udp_address *bound)
{
    server s;
    char where[ADDRESS_TEXT];
    memset(&s, 0, sizeof s);
    s.options = o;
    s.setup = made;
    s.fd = fd;
    s.deadline = FPL_NEVER;
    s.listener = fpl_listener_new(made->config, clock_now());
    if (s.listener == NULL) {
        return complain("out of memory");
    }
    wait_catch_signals();
    udp_print(bound, where);
    note("listening on %s", where);
    serve(&s);
    fpl_listener_free(s.listener);
    return s.result;
}

int server_run(const options *o)
{
    setup s;
    udp_address bound;
    int result = setup_make(o, &s);
    if (result == TOOL_OK) {
        int fd = udp_listen(o->bind_address, o->arguments[0], &bound);
        result = TOOL_SYSTEM;
        if (fd >= 0) {
            result = listen_and_serve(o, &s, fd, &bound);
            (void)close(fd);
        }
    }
    return setup_free(&s, result);
}
