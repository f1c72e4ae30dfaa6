#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

static struct addrinfo *resolve(const char *host, const char *port, int flags)
{
    struct addrinfo hints, *list = NULL;
    int error;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = flags | AI_NUMERICSERV; /* option_checks.c lets nothing but numbers through */
    error = getaddrinfo(host, port, &hints, &list);
    if (error != 0) {
        (void)complain("cannot find `%s`: %s%s", host == NULL ? "any address" : host,
                       error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error),
                       host != NULL && strpbrk(host, "[]:/") != NULL
                           ? "; give a name or an address alone: no brackets, no port, no URL" : "");
        return NULL;
    }
    return list;
}

static bool address_from(udp_address *out, const struct sockaddr *from, socklen_t len)
{
    memset(out, 0, sizeof *out);
    if (len > sizeof out->as) {
        return false;
    }
    memcpy(&out->as, from, len);
    out->len = len;
    return true;
}

static int open_socket(const struct addrinfo *at)
{
    return socket(at->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
}

int udp_connect(const char *host, const char *port, udp_address *peer)
{
    struct addrinfo *list = resolve(host, port, AI_ADDRCONFIG);
    int fd = -1;
    if (list == NULL) {
        return -1;
    }
    for (struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next) {
        fd = open_socket(at);
        if (fd >= 0 && (connect(fd, at->ai_addr, at->ai_addrlen) != 0 || !address_from(peer, at->ai_addr, at->ai_addrlen))) {
            int error = errno;
            (void)close(fd);
            errno = error;
            fd = -1;
        }
    }
    if (fd < 0) {
        (void)complain("cannot reach `%s` port %s: %s", host, port, strerror(errno));
    }
    freeaddrinfo(list);
    return fd;
}

/* One socket for both families where there is IPv6, unless an address was asked for. */
static int bind_one(const struct addrinfo *at)
{
    int fd = open_socket(at);
    int off = 0;
    if (fd < 0) {
        return -1;
    }
    if (at->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int udp_listen(const char *address, const char *port, udp_address *bound)
{
    struct addrinfo *list = resolve(address, port, AI_PASSIVE);
    int fd = -1;
    if (list == NULL) {
        return -1;
    }
    for (int family = AF_INET6; fd < 0; family = AF_INET) {
        for (struct addrinfo *at = list; at != NULL && fd < 0; at = at->ai_next) {
            if (at->ai_family == family) {
                fd = bind_one(at);
            }
        }
        if (family == AF_INET) {
            break;
        }
    }
    if (fd < 0) {
        (void)complain("cannot listen on %s%sport %s: %s", address == NULL ? "" : address, address == NULL ? "" : " ", port,
                       strerror(errno));
    } else {
        bound->len = sizeof bound->as;
        (void)getsockname(fd, &bound->as.any, &bound->len);
    }
    freeaddrinfo(list);
    return fd;
}

/* Whoever waits for a mistyped port should know; whoever forges ICMP should not end a handshake. */
static void note_refusal(void)
{
    static bool noted = false;
    if (!noted) {
        note("an ICMP message says that nobody listens there; trying on until the handshake's deadline");
        noted = true;
    }
}

ssize_t udp_receive(int fd, uint8_t *buf, size_t cap, udp_address *from)
{
    for (;;) {
        ssize_t len;
        memset(from, 0, sizeof *from);
        from->len = sizeof from->as;
        len = recvfrom(fd, buf, cap, 0, &from->as.any, &from->len);
        if (len >= 0) {
            if (from->as.any.sa_family == AF_INET6) {
                from->as.v6.sin6_flowinfo = 0; /* may change from datagram to datagram */
            }
            return len;
        }
        if (errno == ECONNREFUSED) {
            note_refusal();
        } else if (errno != EINTR && errno != EHOSTUNREACH && errno != ENETUNREACH) {
            return -1;
        }
    }
}

void udp_send(int fd, const uint8_t *data, size_t len, const udp_address *to)
{
    ssize_t sent;
    do {
        sent = to == NULL ? send(fd, data, len, 0) : sendto(fd, data, len, 0, &to->as.any, to->len);
        /* ECONNREFUSED tells of an earlier datagram; this one has not been sent yet. */
    } while (sent < 0 && (errno == EINTR || errno == ECONNREFUSED));
    if (sent < 0 && errno == EMSGSIZE) {
        (void)complain("a datagram of %zu bytes is too large for this path: give a smaller --mtu", len);
    }
}

void udp_print(const udp_address *address, char out[ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->as.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address->as.v4.sin_addr, host, sizeof host);
        (void)snprintf(out, ADDRESS_TEXT, "%s:%u", host, (unsigned)ntohs(address->as.v4.sin_port));
        return;
    }
    if (IN6_IS_ADDR_V4MAPPED(&address->as.v6.sin6_addr)) {
        (void)inet_ntop(AF_INET, address->as.v6.sin6_addr.s6_addr + 12, host, sizeof host);
        (void)snprintf(out, ADDRESS_TEXT, "%s:%u", host, (unsigned)ntohs(address->as.v6.sin6_port));
        return;
    }
    (void)inet_ntop(AF_INET6, &address->as.v6.sin6_addr, host, sizeof host);
    (void)snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, (unsigned)ntohs(address->as.v6.sin6_port));
}

fpl_time clock_now(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (fpl_time)now.tv_sec * 1000u + (fpl_time)now.tv_nsec / 1000000u;
}
