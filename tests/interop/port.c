#include "port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static void need(int worked, const char *what)
{
    if (!worked) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static int open_port(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    need(fd >= 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "socket");
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in at;
    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    return at;
}

int port_listen(uint16_t *port)
{
    int fd = open_port();
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof at;
    need(bind(fd, (const struct sockaddr *)&at, sizeof at) == 0, "bind");
    need(getsockname(fd, (struct sockaddr *)&at, &len) == 0, "getsockname");
    *port = ntohs(at.sin_port);
    return fd;
}

int port_connect(uint16_t port)
{
    int fd = open_port();
    struct sockaddr_in at = loopback(port);
    need(connect(fd, (const struct sockaddr *)&at, sizeof at) == 0, "connect");
    return fd;
}

void port_join(int fd)
{
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    char one;
    need(recvfrom(fd, &one, 1, MSG_PEEK, (struct sockaddr *)&from, &len) >= 0, "recvfrom");
    need(connect(fd, (const struct sockaddr *)&from, len) == 0, "connect");
}

uint64_t port_now(void)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}
