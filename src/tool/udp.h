/* Sockets and the clock: what the library leaves to us. */
#ifndef FPL_TOOL_UDP_H
#define FPL_TOOL_UDP_H

#include <flightplan/types.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Longest UDP payload, and so the size of a buffer that takes any datagram. */
#define UDP_LARGEST 65535

/* udp_address is where a peer is. Its bytes, `len` of them, tell peers apart. */
typedef struct udp_address {
    union {
        struct sockaddr     any;
        struct sockaddr_in  v4;
        struct sockaddr_in6 v6;
    } as;
    socklen_t len;
} udp_address;

#define ADDRESS_TEXT (INET6_ADDRSTRLEN + 16)

/* udp_connect opens a socket that talks to `host` only; udp_listen one bound to `address` (NULL: any) and
 * `port`. Both do not block. They complain and return -1 on failure. */
int udp_connect(const char *host, const char *port, udp_address *peer);
int udp_listen(const char *address, const char *port, udp_address *bound);

/* udp_receive takes one datagram: its length, or -1 when there is none now. A refusal that ICMP reports counts
 * as none: anybody could have sent it. */
ssize_t udp_receive(int fd, uint8_t *buf, size_t cap, udp_address *from);

/* udp_send sends one datagram, to `to` or (NULL) to the peer of a connected socket. A full or absent network
 * drops it, as networks do: the handshake sends again. */
void udp_send(int fd, const uint8_t *data, size_t len, const udp_address *to);

/* udp_print writes "127.0.0.1:4444" or "[::1]:4444". */
void udp_print(const udp_address *address, char out[ADDRESS_TEXT]);

/* clock_now is the time in milliseconds of a clock that does not jump. */
fpl_time clock_now(void);

#endif
