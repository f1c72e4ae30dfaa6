#include "channel.h"

#include <string.h>

#include "authority.h"
#include "events.h"
#include "streams.h"
#include "tool.h"

/* Later, where an update of ours is still under way. */
static void renew_keys(channel *l)
{
    if (l->options->update_keys == 0 || ++l->records_sent < l->options->update_keys) {
        return;
    }
    if (fpl_conn_update_keys(l->conn, clock_now()) == FPL_OK) {
        l->records_sent = 0;
        note("%s: renewing the keys", l->who);
    }
}

static void seal_and_send(channel *l, const uint8_t *data, size_t len)
{
    uint8_t datagram[UDP_LARGEST];
    size_t out_len = 0;
    if (fpl_conn_send(l->conn, data, len, datagram, sizeof datagram, &out_len, clock_now()) == FPL_OK) {
        udp_send(l->fd, datagram, out_len, l->to);
        renew_keys(l);
    }
}

void channel_send(channel *l, const uint8_t *data, size_t len)
{
    size_t most = fpl_conn_max_payload(l->conn);
    if (most == 0) {
        return;
    }
    for (size_t at = 0; at < len; at += most) {
        seal_and_send(l, data + at, len - at < most ? len - at : most);
    }
}

static void take_data(channel *l, const uint8_t *data, size_t len)
{
    uint8_t copy[UDP_LARGEST];
    l->bytes_received += len;
    streams_write(data, len);
    if (l->options->echo && len <= sizeof copy) {
        memcpy(copy, data, len); /* the event's bytes live until the next call only */
        channel_send(l, copy, len);
    }
}

/* Without pins and --insecure a connection waits for --ca; options_parse lets none through that has nothing of the three. */
static void take_certificate(channel *l, const fpl_output *out)
{
    event_peer_certificate(l->who, out);
    if (out->as.peer_certificate.waits) {
        bool trusted = l->authorities != NULL && authority_judge(l->options, l->authorities, l->who, out);
        (void)fpl_conn_judge_certificate(l->conn, trusted, clock_now());
    }
}

/* False when there is nothing more to poll for. */
static bool take(channel *l, const fpl_output *out, const uint8_t *datagram)
{
    switch (out->type) {
    case FPL_OUTPUT_DATAGRAM:
        udp_send(l->fd, datagram, out->as.datagram_len, l->to);
        return true;
    case FPL_OUTPUT_PEER_CERTIFICATE:
        take_certificate(l, out);
        return true;
    case FPL_OUTPUT_CONNECTED:
        l->connected = true;
        event_connected(l->who, l->conn);
        return true;
    case FPL_OUTPUT_KEYING_MATERIAL:
        event_srtp(l->options, &out->as.srtp);
        return true;
    case FPL_OUTPUT_APPLICATION_DATA:
        take_data(l, out->as.data.bytes, out->as.data.len);
        return true;
    case FPL_OUTPUT_CLOSE_NOTIFY:
        l->peer_closed = true;
        (void)fpl_conn_close(l->conn, clock_now());
        return true;
    case FPL_OUTPUT_SIGNATURE_WANTED: /* our keys are never elsewhere */
        (void)fpl_conn_provide_signature(l->conn, NULL, 0, clock_now());
        return true;
    case FPL_OUTPUT_TIMEOUT:
        l->deadline = out->as.deadline;
        return false;
    case FPL_OUTPUT_NONE:
        break;
    }
    return false;
}

void channel_drain(channel *l)
{
    uint8_t datagram[UDP_LARGEST];
    fpl_output out;
    do {
        fpl_result result = fpl_conn_poll(l->conn, datagram, sizeof datagram, &out);
        if (result == FPL_FAILED && !l->failed) {
            l->failed = true;
            event_failed(l->options, l->who, l->conn);
        }
        if (result != FPL_OK) {
            l->deadline = result == FPL_NO_MEMORY ? clock_now() + 100 : FPL_NEVER;
            return;
        }
    } while (take(l, &out, datagram));
}

void channel_timeout(channel *l)
{
    (void)fpl_conn_timeout(l->conn, clock_now());
    channel_drain(l);
}

void channel_close(channel *l)
{
    (void)fpl_conn_close(l->conn, clock_now());
    channel_drain(l);
}

bool channel_over(const channel *l)
{
    return l->failed || l->peer_closed || fpl_conn_is_closed(l->conn);
}
