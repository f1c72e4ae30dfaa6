/* Two ends of a connection in one process, without a network: what an application does, and no more. */
#include <flightplan/flightplan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct end {
    fpl_conn *conn;
    bool      connected;
    char      heard[32];
} end;

static void must(fpl_result result, const char *what)
{
    if (result != FPL_OK) {
        fprintf(stderr, "%s: result %d\n", what, (int)result);
        exit(1);
    }
}

/* Does what `from` has to do; its datagrams go to `to`. */
static void work(end *from, end *to, fpl_time now);

static void deliver(end *to, end *from, uint8_t *datagram, size_t len, fpl_time now)
{
    must(fpl_conn_receive(to->conn, datagram, len, now), "receive");
    work(to, from, now);
}

static void work(end *from, end *to, fpl_time now)
{
    uint8_t datagrams[8][2048];
    size_t lens[8], num = 0;
    fpl_output out;
    for (;;) {
        must(fpl_conn_poll(from->conn, datagrams[num], sizeof datagrams[num], &out), "poll");
        if (out.type == FPL_OUTPUT_TIMEOUT) {
            break;
        }
        if (out.type == FPL_OUTPUT_DATAGRAM && num < 7) {
            lens[num++] = out.as.datagram_len;
        } else if (out.type == FPL_OUTPUT_CONNECTED) {
            from->connected = true;
        } else if (out.type == FPL_OUTPUT_APPLICATION_DATA && out.as.data.len < sizeof from->heard) {
            memcpy(from->heard, out.as.data.bytes, out.as.data.len);
        }
    }
    for (size_t i = 0; i < num; i++) {
        deliver(to, from, datagrams[i], lens[i], now);
    }
}

static void prepare(fpl_config *config)
{
    fpl_self_signed made;
    must(fpl_make_self_signed(&made, FPL_NAMED_GROUP_SECP256R1, "pair", 1700000000), "make_self_signed");
    must(fpl_config_set_credential(config, made.certificate, made.certificate_len, made.key, made.key_len), "credential");
    must(fpl_config_set_trust(config, FPL_TRUST_ACCEPT_AND_NOTIFY), "trust");
}

int main(void)
{
    fpl_config *config = fpl_config_new();
    end client, server;
    uint8_t datagram[2048];
    size_t len = 0;

    memset(&client, 0, sizeof client);
    memset(&server, 0, sizeof server);
    prepare(config);
    client.conn = fpl_conn_new(config, FPL_ROLE_CLIENT, 0);
    server.conn = fpl_conn_new(config, FPL_ROLE_SERVER, 0);
    must(fpl_conn_set_address_validated(server.conn), "address_validated");
    must(fpl_conn_start(client.conn, 0), "start");
    work(&client, &server, 1);
    must(fpl_conn_send(client.conn, (const uint8_t *)"hello", 5, datagram, sizeof datagram, &len, 2), "send");
    deliver(&server, &client, datagram, len, 2);
    printf("flightplan %s: %s, server heard `%s`\n", fpl_version_string(),
           client.connected && server.connected ? "connected" : "not connected", server.heard);
    fpl_conn_free(client.conn);
    fpl_conn_free(server.conn);
    fpl_config_free(config);
    return strcmp(server.heard, "hello") == 0 ? 0 : 1;
}
