/* One UDP socket on the loopback interface, and the clock. */
#ifndef FPL_TESTS_INTEROP_PORT_H
#define FPL_TESTS_INTEROP_PORT_H

#include <stdint.h>

#define PORT_LARGEST 65536

/* port_listen returns a socket bound to a free port of 127.0.0.1 and says which; port_connect one whose
 * peer is `port`. Both are non-blocking, and end the program when it cannot be had. */
int port_listen(uint16_t *port);
int port_connect(uint16_t port);

/* port_join gives a listening socket the sender of the datagram that waits in it for its only peer. */
void port_join(int fd);

/* milliseconds of a clock that does not jump. */
uint64_t port_now(void);

#endif
