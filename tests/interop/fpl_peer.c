/* Our side of an interoperability case: one connection on the public API, steered by lines (lines.h).
 *
 *   fpl_peer server 0 [OPTION=VALUE...]         fpl_peer client PORT [OPTION=VALUE...]
 *
 * Options: those of other.h, validated=0|1 (the address is proven by other means), and keylog=FILE (whoever reads it
 * reads the connection).
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <flightplan/flightplan.h>

#include "common/trace.h"
#include "lines.h"
#include "port.h"
#include "wire_count.h"

#define MOST_LISTED 8
#define MOST_FILE 16384

typedef struct peer {
    fpl_config *config;
    fpl_listener *listener; /* a server's */
    fpl_conn *conn;         /* NULL: a server that nobody has called yet */
    int fd;
    struct sockaddr_in to; /* a server's client */
    fpl_time deadline;
    size_t mtu;
    bool is_server;
    bool validated;
    bool connected;
    bool over;
    wire_count in, out;
    unsigned epoch_in, epoch_out; /* low bits, of the last records that had any (DTLS 1.3) */
    uint16_t suites[2];
    size_t num_suites;
} peer;

_Noreturn static void refuse(const char *what, const char *value)
{
    fprintf(stderr, "fpl_peer: %s %s\n", what, value);
    exit(2);
}

static void must(fpl_result result, const char *option)
{
    if (result != FPL_OK) {
        refuse("the library does not take", option);
    }
}

/* ---- what happens, for people ---- */

static const char *or_dash(const char *text)
{
    return text == NULL ? "-" : text;
}

static void show_step(void *arg, const fpl_conn *conn, const fpl_trace_event *event)
{
    (void)arg;
    (void)conn;
    fprintf(stderr, "%llu %s.%s %s (%s)%s%s -> %s  %s:%u\n", (unsigned long long)port_now() % 1000000u,
            or_dash(event->machine), or_dash(event->state), or_dash(event->event), or_dash(event->outcome),
            event->check == NULL ? "" : " refused by ", event->check == NULL ? "" : event->check, or_dash(event->next),
            or_dash(event->file), event->line);
}

static void keep_secret(void *arg, const char *line)
{
    (void)fprintf((FILE *)arg, "%s\n", line);
    (void)fflush((FILE *)arg);
}

/* ---- options ---- */

static size_t numbers(const char *list, uint16_t out[MOST_LISTED])
{
    size_t num = 0;
    while (num < MOST_LISTED && *list != '\0') {
        char *end;
        out[num++] = (uint16_t)strtoul(list, &end, 16);
        list = *end == ',' ? end + 1 : end;
    }
    return num;
}

static size_t whole_file(const char *path, uint8_t out[MOST_FILE])
{
    FILE *file = fopen(path, "rb");
    size_t len;
    if (file == NULL) {
        refuse("cannot read", path);
    }
    len = fread(out, 1, MOST_FILE, file);
    (void)fclose(file);
    return len;
}

static void take_credential(fpl_config *config, const char *cert, const char *key)
{
    static uint8_t chain[MOST_FILE], secret[MOST_FILE];
    size_t chain_len = whole_file(cert, chain);
    must(fpl_config_set_credential(config, chain, chain_len, secret, whole_file(key, secret)), cert);
}

static fpl_client_auth client_auth_of(const char *value)
{
    if (strcmp(value, "required") == 0) {
        return FPL_CLIENT_AUTH_REQUIRED;
    }
    return strcmp(value, "optional") == 0 ? FPL_CLIENT_AUTH_OPTIONAL : FPL_CLIENT_AUTH_OFF;
}

static unsigned versions_of(const uint16_t *list, size_t num)
{
    unsigned versions = 0;
    for (size_t i = 0; i < num; i++) {
        versions |= list[i] == FPL_DTLS13 ? FPL_VERSIONS_DTLS13 : FPL_VERSIONS_DTLS12;
    }
    return versions;
}

static void take_option(peer *p, const char *name, const char *value)
{
    uint16_t list[MOST_LISTED];
    size_t num = numbers(value, list);
    if (strcmp(name, "versions") == 0) {
        must(fpl_config_set_versions(p->config, versions_of(list, num)), value);
    } else if (strcmp(name, "suite") == 0 || strcmp(name, "other_suite") == 0) {
        p->suites[p->num_suites++ % 2] = list[0];
        must(fpl_config_set_cipher_suites(p->config, p->suites, p->num_suites), value);
    } else if (strcmp(name, "groups") == 0) {
        must(fpl_config_set_groups(p->config, list, num), value);
    } else if (strcmp(name, "srtp") == 0) {
        must(fpl_config_set_srtp_profiles(p->config, list, num), value);
    } else if (strcmp(name, "client_auth") == 0) {
        must(fpl_config_set_client_auth(p->config, client_auth_of(value)), value);
    } else if (strcmp(name, "cookie") == 0) {
        must(fpl_config_set_cookie_exchange(p->config, value[0] == '1'), value);
    } else if (strcmp(name, "name") == 0) {
        must(fpl_config_set_server_name(p->config, value), value);
    } else if (strcmp(name, "resend") == 0) {
        must(fpl_config_set(p->config, FPL_SETTING_RESEND_INITIAL, strtoul(value, NULL, 10)), value);
    } else if (strcmp(name, "mtu") == 0) {
        p->mtu = strtoul(value, NULL, 10);
        must(fpl_config_set(p->config, FPL_SETTING_MTU, p->mtu), value);
    } else if (strcmp(name, "keylog") == 0) {
        FILE *file = fopen(value, "w");
        if (file == NULL) {
            refuse("cannot write", value);
        }
        must(fpl_config_set_key_log(p->config, keep_secret, file), value);
    } else if (strcmp(name, "validated") == 0) {
        p->validated = value[0] == '1';
    } else {
        refuse("no such option:", name);
    }
}

static void take_options(peer *p, int argc, char **argv)
{
    const char *cert = NULL, *key = NULL;
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            refuse("not OPTION=VALUE:", argv[i]);
        }
        *value++ = '\0';
        if (strcmp(argv[i], "cert") == 0) {
            cert = value;
        } else if (strcmp(argv[i], "key") == 0) {
            key = value;
        } else {
            take_option(p, argv[i], value);
        }
    }
    if (cert != NULL && key != NULL) {
        take_credential(p->config, cert, key);
    }
    /* The driver compares the fingerprint itself. */
    must(fpl_config_set_trust(p->config, FPL_TRUST_ACCEPT_AND_NOTIFY), "trust");
    /* A peer that refuses us in plaintext should fail the case at once, not at the deadline. */
    must(fpl_config_set_plaintext_alerts(p->config, FPL_PLAINTEXT_ALERTS_FATAL), "plaintext_alerts");
}

/* ---- the connection ---- */

static void send_datagram(peer *p, const uint8_t *datagram, size_t len)
{
    if (!p->connected) {
        wire_count_add(&p->out, datagram, len);
    }
    p->epoch_out = wire_epoch_bits(datagram, len, p->epoch_out);
    for (;;) {
        ssize_t sent = p->is_server ? sendto(p->fd, datagram, len, 0, (const struct sockaddr *)&p->to, sizeof p->to)
                                    : send(p->fd, datagram, len, 0);
        if (sent >= 0 || (errno != EINTR && errno != ECONNREFUSED)) {
            return;
        }
    }
}

static void say_fingerprint(const fpl_conn *conn)
{
    uint8_t fingerprint[32];
    if (fpl_conn_peer_fingerprint(conn, fingerprint) == FPL_OK) {
        say_hex("certificate", fingerprint, sizeof fingerprint);
    } else {
        say("certificate none");
    }
}

static void say_connected(peer *p)
{
    const char *name = fpl_conn_server_name(p->conn);
    say_fingerprint(p->conn);
    say("connected version=%04x suite=%04x group=%04x scheme=%04x ems=%d srtp=%04x name=%s datagrams=%zu "
        "in_largest=%zu out_largest=%zu in_split=%zu out_split=%zu in_split_hello=%zu out_split_hello=%zu cookies=%zu "
        "retries=%zu group_requests=%zu",
        (unsigned)fpl_conn_version(p->conn), (unsigned)fpl_conn_cipher_suite(p->conn), (unsigned)fpl_conn_group(p->conn),
        (unsigned)fpl_conn_peer_signature_scheme(p->conn), fpl_conn_extended_master_secret(p->conn),
        (unsigned)fpl_conn_srtp_profile(p->conn), or_dash(name), p->in.datagrams + p->out.datagrams, p->in.largest,
        p->out.largest, p->in.split, p->out.split, p->in.split_hello, p->out.split_hello,
        p->in.cookie_request + p->out.cookie_request, p->in.retry + p->out.retry,
        p->in.group_request + p->out.group_request);
}

/* In the order in which RFC 5764 section 4.2 exports them. */
static void say_srtp(const fpl_srtp_keys *keys)
{
    uint8_t all[256];
    size_t at = 0;
    const struct {
        const uint8_t *bytes;
        size_t len;
    } parts[] = {{keys->client_key, keys->key_len},
                 {keys->server_key, keys->key_len},
                 {keys->client_salt, keys->salt_len},
                 {keys->server_salt, keys->salt_len}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && parts[i].len <= sizeof all - at; i++) {
        memcpy(all + at, parts[i].bytes, parts[i].len);
        at += parts[i].len;
    }
    say_hex("srtp", all, at);
}

static void say_failed(peer *p)
{
    char why[512];
    (void)fpl_conn_explain_text(p->conn, why, sizeof why);
    say("failed %s", why);
    p->over = true;
}

/* False when there is nothing more to poll for. */
static bool take(peer *p, const fpl_output *output, const uint8_t *datagram)
{
    switch (output->type) {
    case FPL_OUTPUT_DATAGRAM:
        send_datagram(p, datagram, output->as.datagram_len);
        return true;
    case FPL_OUTPUT_PEER_CERTIFICATE:
        return true;
    case FPL_OUTPUT_CONNECTED:
        p->connected = true;
        say_connected(p);
        return true;
    case FPL_OUTPUT_KEYING_MATERIAL:
        say_srtp(&output->as.srtp);
        return true;
    case FPL_OUTPUT_APPLICATION_DATA:
        say_hex("data", output->as.data.bytes, output->as.data.len);
        return true;
    case FPL_OUTPUT_CLOSE_NOTIFY:
        say("closed");
        (void)fpl_conn_close(p->conn, port_now());
        return true;
    case FPL_OUTPUT_TIMEOUT:
        p->deadline = output->as.deadline;
        return false;
    case FPL_OUTPUT_SIGNATURE_WANTED: /* our keys are here */
    case FPL_OUTPUT_NONE:
        break;
    }
    return false;
}

static void drain(peer *p)
{
    static uint8_t datagram[PORT_LARGEST];
    fpl_output output;
    do {
        fpl_result result = fpl_conn_poll(p->conn, datagram, sizeof datagram, &output);
        if (result == FPL_FAILED && !p->over) {
            say_failed(p);
        }
        if (result != FPL_OK) {
            p->deadline = FPL_NEVER;
            return;
        }
    } while (take(p, &output, datagram));
}

/* A listener's own answers, while there is no connection. */
static void drain_listener(peer *p)
{
    static uint8_t datagram[PORT_LARGEST];
    fpl_output output;
    while (fpl_listener_poll(p->listener, datagram, sizeof datagram, &output) == FPL_OK &&
           output.type == FPL_OUTPUT_DATAGRAM) {
        send_datagram(p, datagram, output.as.datagram_len);
    }
}

static void serve_datagram(peer *p, uint8_t *datagram, size_t len, const struct sockaddr_in *from)
{
    fpl_conn *conn = NULL;
    p->to = *from;
    if (fpl_listener_receive(p->listener, (const uint8_t *)from, sizeof *from, datagram, len, port_now(), &conn) != FPL_OK) {
        return;
    }
    if (conn == NULL) {
        drain_listener(p);
        return;
    }
    if (p->conn == NULL) {
        p->conn = conn;
        if (p->validated) {
            (void)fpl_conn_set_address_validated(conn);
        }
    }
    drain(p);
}

static void take_datagrams(peer *p)
{
    static uint8_t datagram[PORT_LARGEST];
    for (;;) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t len;
        memset(&from, 0, sizeof from);
        len = recvfrom(p->fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &from_len);
        if (len < 0) {
            if (errno == EINTR || errno == ECONNREFUSED) {
                continue;
            }
            return;
        }
        if (!p->connected) {
            wire_count_add(&p->in, datagram, (size_t)len);
        }
        p->epoch_in = wire_epoch_bits(datagram, (size_t)len, p->epoch_in);
        if (p->is_server) {
            serve_datagram(p, datagram, (size_t)len, &from);
        } else {
            (void)fpl_conn_receive(p->conn, datagram, (size_t)len, port_now());
            drain(p);
        }
    }
}

/* ---- commands ---- */

static void send_data(peer *p, const char *hex)
{
    static uint8_t data[LINES_MOST / 2], datagram[PORT_LARGEST];
    size_t len = from_hex(hex, data, sizeof data), out_len = 0;
    fpl_result result = fpl_conn_send(p->conn, data, len, datagram, sizeof datagram, &out_len, port_now());
    if (result == FPL_OK) {
        send_datagram(p, datagram, out_len);
    }
    say("sent %zu %d", len, (int)result);
}

static void export_secret(peer *p, const char *label, size_t len)
{
    uint8_t secret[256];
    if (len <= sizeof secret && fpl_conn_export(p->conn, secret, len, label, NULL, 0) == FPL_OK) {
        say_hex("export", secret, len);
    } else {
        say("export refused");
    }
}

static void obey(peer *p, char *line)
{
    char *argument = strchr(line, ' ');
    char *second = argument == NULL ? NULL : strchr(argument + 1, ' ');
    if (strcmp(line, "quit") == 0) {
        p->over = true;
    } else if (p->conn == NULL) {
        say("nobody is there");
    } else if (strcmp(line, "close") == 0) {
        (void)fpl_conn_close(p->conn, port_now());
        say("closing");
    } else if (strcmp(line, "max") == 0) {
        say("max %zu", fpl_conn_max_payload(p->conn));
    } else if (argument != NULL && strncmp(line, "update ", 7) == 0) {
        say("updating %d", (int)fpl_conn_update_keys(p->conn, port_now()));
    } else if (strcmp(line, "epochs") == 0) {
        say("epochs %u %u", p->epoch_in, p->epoch_out);
    } else if (argument != NULL && strncmp(line, "mtu ", 4) == 0) {
        must(fpl_conn_set_mtu(p->conn, strtoul(argument + 1, NULL, 10)), line);
        say("max %zu", fpl_conn_max_payload(p->conn));
    } else if (argument != NULL && strncmp(line, "send ", 5) == 0) {
        send_data(p, argument + 1);
    } else if (second != NULL && strncmp(line, "export ", 7) == 0) {
        *second = '\0';
        export_secret(p, argument + 1, strtoul(second + 1, NULL, 10));
    } else {
        refuse("no such command:", line);
    }
    if (p->conn != NULL) {
        drain(p);
    }
}

static void loop(peer *p)
{
    static lines commands;
    struct pollfd fds[2] = {{p->fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!p->over && !commands.ended) {
        fpl_time now = port_now();
        fpl_time left = p->deadline <= now ? 0 : p->deadline - now;
        char *line;
        (void)poll(fds, 2, left > 1000 ? 1000 : (int)left);
        if (fds[0].revents != 0) {
            take_datagrams(p);
        }
        if (p->conn != NULL && !p->over && port_now() >= p->deadline) {
            (void)fpl_conn_timeout(p->conn, port_now());
            drain(p);
        }
        if (fds[1].revents != 0) {
            lines_fill(&commands);
            while (!p->over && (line = lines_next(&commands)) != NULL) {
                obey(p, line);
            }
        }
    }
}

static void begin(peer *p, uint16_t port)
{
    if (p->is_server) {
        p->fd = port_listen(&port);
        p->listener = fpl_listener_new(p->config, port_now());
    } else {
        p->fd = port_connect(port);
        p->conn = fpl_conn_new(p->config, FPL_ROLE_CLIENT, port_now());
    }
    if (p->listener == NULL && p->conn == NULL) {
        refuse("cannot begin as a", p->is_server ? "server" : "client");
    }
    if (p->is_server) {
        say("listening %u", (unsigned)port);
    } else {
        (void)fpl_conn_start(p->conn, port_now());
        drain(p);
    }
}

int main(int argc, char **argv)
{
    static peer p;
    if (argc < 3) {
        refuse("usage: fpl_peer server|client PORT OPTION=VALUE...", "");
    }
    p.is_server = strcmp(argv[1], "server") == 0;
    p.deadline = FPL_NEVER;
    p.config = fpl_config_new();
    if (p.config == NULL) {
        refuse("out of", "memory");
    }
    trace_watch(show_step, NULL);
    trace_install(p.config);
    take_options(&p, argc - 3, argv + 3);
    begin(&p, (uint16_t)strtoul(argv[2], NULL, 10));
    loop(&p);
    if (p.is_server) {
        fpl_listener_free(p.listener);
    } else {
        fpl_conn_free(p.conn);
    }
    fpl_config_free(p.config);
    (void)close(p.fd);
    say("ended");
    return EXIT_SUCCESS;
}
