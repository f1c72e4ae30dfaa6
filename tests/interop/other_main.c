#include "other.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lines.h"
#include "port.h"

/* Libraries say when to look again in ways of their own; none minds being asked often. */
#define LOOK_AGAIN_MS 20

typedef struct peer {
    other_options options;
    bool begun; /* false: a server that nobody has called yet */
    bool connected;
    bool over;
} peer;

void other_refuse(const char *what, const char *value)
{
    fprintf(stderr, "%s: %s %s\n", other_name, what, value);
    exit(2);
}

/* ---- options ---- */

static void numbers(const char *list, uint16_t out[OTHER_LISTED])
{
    for (size_t i = 0; i < OTHER_LISTED - 1 && *list != '\0'; i++) {
        char *end;
        out[i] = (uint16_t)strtoul(list, &end, 16);
        list = *end == ',' ? end + 1 : end;
    }
}

static other_asks asks_of(const char *value)
{
    if (strcmp(value, "required") == 0) {
        return ASKS_REQUIRED;
    }
    return strcmp(value, "optional") == 0 ? ASKS_OPTIONAL : ASKS_OFF;
}

static void take_option(other_options *o, const char *name, const char *value)
{
    if (strcmp(name, "versions") == 0) {
        numbers(value, o->versions);
    } else if (strcmp(name, "suite") == 0) {
        o->suite = (uint16_t)strtoul(value, NULL, 16);
    } else if (strcmp(name, "other_suite") == 0) {
        o->other_suite = (uint16_t)strtoul(value, NULL, 16);
    } else if (strcmp(name, "groups") == 0) {
        numbers(value, o->groups);
    } else if (strcmp(name, "srtp") == 0) {
        numbers(value, o->profiles);
    } else if (strcmp(name, "cert") == 0) {
        o->cert = value;
    } else if (strcmp(name, "key") == 0) {
        o->key = value;
    } else if (strcmp(name, "trust") == 0) {
        o->trust = value;
    } else if (strcmp(name, "name") == 0) {
        o->name = value;
    } else if (strcmp(name, "client_auth") == 0) {
        o->asks = asks_of(value);
    } else if (strcmp(name, "cookie") == 0) {
        o->cookie = value[0] == '1';
    } else if (strcmp(name, "mtu") == 0) {
        o->mtu = (unsigned)strtoul(value, NULL, 10);
    } else if (strcmp(name, "resend") == 0) {
        o->resend = (unsigned)strtoul(value, NULL, 10);
    } else {
        other_refuse("no such option:", name);
    }
}

static void take_options(other_options *o, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        char *value = strchr(argv[i], '=');
        if (value == NULL) {
            other_refuse("not OPTION=VALUE:", argv[i]);
        }
        *value++ = '\0';
        take_option(o, argv[i], value);
    }
}

/* ---- the connection ---- */

static void say_failed(peer *p)
{
    say("failed %s", other_why());
    p->over = true;
}

static void say_connected(void)
{
    other_facts facts;
    memset(&facts, 0, sizeof facts);
    other_tell(&facts);
    if (facts.has_certificate) {
        say_hex("certificate", facts.fingerprint, sizeof facts.fingerprint);
    } else {
        say("certificate none");
    }
    say("connected version=%04x suite=%04x group=%04x srtp=%04x", (unsigned)facts.version, (unsigned)facts.suite,
        (unsigned)facts.group, (unsigned)facts.profile);
}

static void shake_hands(peer *p, bool called)
{
    if (!p->begun) {
        if (!called) {
            return;
        }
        if (p->options.is_server) {
            port_join(p->options.fd);
        }
        other_begin(&p->options);
        p->begun = true;
    }
    switch (other_shake_hands()) {
    case OTHER_DONE:
        p->connected = true;
        say_connected();
        break;
    case OTHER_PAUSE:
        break;
    case OTHER_CLOSED:
    case OTHER_FAILED:
        say_failed(p);
        break;
    }
}

static void read_data(peer *p)
{
    static uint8_t data[OTHER_LARGEST];
    size_t len;
    while (!p->over) {
        switch (other_read(data, &len)) {
        case OTHER_DONE:
            say_hex("data", data, len);
            break;
        case OTHER_PAUSE:
            return;
        case OTHER_CLOSED:
            say("closed");
            other_close();
            p->connected = false;
            return;
        case OTHER_FAILED:
            say_failed(p);
            break;
        }
    }
}

/* ---- commands ---- */

static void send_data(const char *hex)
{
    static uint8_t data[LINES_MOST / 2];
    size_t len = from_hex(hex, data, sizeof data);
    bool sent = other_write(data, len);
    say("sent %zu %s", len, sent ? "0" : other_why());
}

static void export_secret(const char *label, size_t len)
{
    uint8_t secret[256];
    if (len <= sizeof secret && other_export(label, secret, len)) {
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
    } else if (!p->connected) {
        say("nobody is there");
    } else if (strcmp(line, "close") == 0) {
        other_close();
        say("closing");
    } else if (strcmp(line, "max") == 0) {
        say("max %zu", other_max_payload());
    } else if (argument != NULL && strncmp(line, "mtu ", 4) == 0) {
        other_set_mtu(strtoul(argument + 1, NULL, 10));
        say("max %zu", other_max_payload());
    } else if (argument != NULL && strncmp(line, "send ", 5) == 0) {
        send_data(argument + 1);
    } else if (argument != NULL && strncmp(line, "update ", 7) == 0) {
        say("updating %s", other_update_keys(argument[1] == '1') ? "0" : other_why());
    } else if (second != NULL && strncmp(line, "export ", 7) == 0) {
        *second = '\0';
        export_secret(argument + 1, strtoul(second + 1, NULL, 10));
    } else {
        other_refuse("no such command:", line);
    }
}

static void loop(peer *p)
{
    static lines commands;
    bool closed = false;
    struct pollfd fds[2] = {{p->options.fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!p->over && !commands.ended) {
        char *line;
        (void)poll(fds, 2, LOOK_AGAIN_MS);
        if (p->connected) {
            read_data(p);
            closed = !p->connected;
        } else if (!closed) {
            shake_hands(p, fds[0].revents != 0);
        } else {
            fds[0].fd = -1; /* what comes after the end is of no interest */
        }
        if (fds[1].revents != 0) {
            lines_fill(&commands);
            while (!p->over && (line = lines_next(&commands)) != NULL) {
                obey(p, line);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static peer p;
    uint16_t port;
    if (argc < 3) {
        other_refuse("usage: server|client PORT OPTION=VALUE...", "");
    }
    port = (uint16_t)strtoul(argv[2], NULL, 10);
    p.options.is_server = strcmp(argv[1], "server") == 0;
    p.options.resend = 1000;
    take_options(&p.options, argc - 3, argv + 3);
    if (p.options.is_server) {
        p.options.fd = port_listen(&port);
        say("listening %u", (unsigned)port);
    } else {
        p.options.fd = port_connect(port);
        shake_hands(&p, true);
    }
    loop(&p);
    if (p.begun) {
        other_end();
    }
    (void)close(p.options.fd);
    say("ended");
    return EXIT_SUCCESS;
}
