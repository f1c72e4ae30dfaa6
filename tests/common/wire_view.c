#include "common/wire_view.h"

#include <stdio.h>
#include <string.h>

static uint64_t number(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

view view_of(const uint8_t *bytes, size_t len)
{
    view v = {bytes, len};
    return v;
}

bool view_next_record(view *v, view_record *out)
{
    size_t len;
    if (v->left < VIEW_RECORD_HEADER) {
        return false;
    }
    len = (size_t)number(v->at + 11, 2);
    if (len > v->left - VIEW_RECORD_HEADER) {
        return false;
    }
    out->type = v->at[0];
    out->version = (uint16_t)number(v->at + 1, 2);
    out->epoch = (uint16_t)number(v->at + 3, 2);
    out->seq = number(v->at + 5, 6);
    out->body = v->at + VIEW_RECORD_HEADER;
    out->len = len;
    v->at += VIEW_RECORD_HEADER + len;
    v->left -= VIEW_RECORD_HEADER + len;
    return true;
}

bool view_next_sealed(view *v, view_sealed *out)
{
    size_t header_len, body;
    if (v->left == 0 || (v->at[0] & 0xf0) != 0x20) {
        return false;
    }
    header_len = 1u + ((v->at[0] & 0x08) != 0 ? 2u : 1u) + ((v->at[0] & 0x04) != 0 ? 2u : 0u);
    if (v->left < header_len) {
        return false;
    }
    body = (v->at[0] & 0x04) != 0 ? (size_t)number(v->at + header_len - 2, 2) : v->left - header_len;
    if (body > v->left - header_len) {
        return false;
    }
    out->record = v->at;
    out->header_len = header_len;
    out->len = header_len + body;
    out->epoch_bits = v->at[0] & 0x03;
    v->at += out->len;
    v->left -= out->len;
    return true;
}

bool view_next_fragment(view *v, view_fragment *out)
{
    if (v->left < VIEW_MESSAGE_HEADER) {
        return false;
    }
    out->type = v->at[0];
    out->total = (uint32_t)number(v->at + 1, 3);
    out->msg_seq = (uint16_t)number(v->at + 4, 2);
    out->offset = (uint32_t)number(v->at + 6, 3);
    out->len = (uint32_t)number(v->at + 9, 3);
    if (out->len > v->left - VIEW_MESSAGE_HEADER) {
        return false;
    }
    out->body = v->at + VIEW_MESSAGE_HEADER;
    v->at += VIEW_MESSAGE_HEADER + out->len;
    v->left -= VIEW_MESSAGE_HEADER + out->len;
    return true;
}

const char *view_handshake_name(uint8_t type)
{
    switch (type) {
    case 0: return "hello_request";
    case 1: return "client_hello";
    case 2: return "server_hello";
    case 3: return "hello_verify_request";
    case 4: return "new_session_ticket";
    case 8: return "encrypted_extensions";
    case 11: return "certificate";
    case 12: return "server_key_exchange";
    case 13: return "certificate_request";
    case 14: return "server_hello_done";
    case 15: return "certificate_verify";
    case 16: return "client_key_exchange";
    case 20: return "finished";
    case 24: return "key_update";
    default: return "unknown";
    }
}

/* Appends to a line of `cap` and never beyond it. */
static size_t append(char *out, size_t cap, size_t at, const char *text)
{
    size_t len = strlen(text);
    if (at >= cap) {
        return at;
    }
    if (len > cap - 1 - at) {
        len = cap - 1 - at;
    }
    memcpy(out + at, text, len);
    out[at + len] = '\0';
    return at + len;
}

void view_describe(const uint8_t *datagram, size_t len, char *out, size_t cap)
{
    view        records = view_of(datagram, len);
    view_record record;
    view_sealed sealed;
    char        text[160];
    size_t      at = 0;
    if (cap > 0) {
        out[0] = '\0';
    }
    for (;;) {
        if (view_next_sealed(&records, &sealed)) {
            snprintf(text, sizeof text, "%ssealed ..%u (%zu)", at > 0 ? " | " : "", sealed.epoch_bits,
                     sealed.len - sealed.header_len);
            at = append(out, cap, at, text);
            continue;
        }
        if (!view_next_record(&records, &record)) {
            break;
        }
        const char *kind = record.type == VIEW_CCS         ? "ccs"
                           : record.type == VIEW_ALERT     ? "alert"
                           : record.type == VIEW_HANDSHAKE ? "handshake"
                           : record.type == VIEW_DATA      ? "data"
                           : record.type == VIEW_ACK       ? "ack"
                                                           : "?";
        snprintf(text, sizeof text, "%s%s %u/%llu (%zu)", at > 0 ? " | " : "", kind, record.epoch,
                 (unsigned long long)record.seq, record.len);
        at = append(out, cap, at, text);
        if (record.type == VIEW_HANDSHAKE && record.epoch == 0) {
            view          fragments = view_of(record.body, record.len);
            view_fragment f;
            while (view_next_fragment(&fragments, &f)) {
                snprintf(text, sizeof text, " %s#%u %u..%u/%u", view_handshake_name(f.type), f.msg_seq, f.offset,
                         f.offset + f.len, f.total);
                at = append(out, cap, at, text);
            }
        } else if (record.type == VIEW_ALERT && record.epoch == 0 && record.len == 2) {
            snprintf(text, sizeof text, " level %u, %u", record.body[0], record.body[1]);
            at = append(out, cap, at, text);
        }
    }
    if (records.left > 0) {
        snprintf(text, sizeof text, "%s%zu bytes that are no record", at > 0 ? " | " : "", records.left);
        (void)append(out, cap, at, text);
    }
}
