#include "engine/transcript.h"

#include <string.h>

#include "engine/wire.h"
#include "fpl_registries.h"

#define FPL_TRANSCRIPT_HEADER12 12
#define FPL_TRANSCRIPT_HEADER13 4

/* The first four octets are the whole header in DTLS 1.3. */
static void put_header(uint8_t out[FPL_TRANSCRIPT_HEADER12], uint8_t type, uint16_t seq, size_t len)
{
    out[0] = type;
    fpl_put_uint(out + 1, 3, len);
    fpl_put_uint(out + 4, 2, seq);
    fpl_put_uint(out + 6, 3, 0);
    fpl_put_uint(out + 9, 3, len);
}

static size_t header_len(const fpl_transcript *transcript)
{
    return transcript->short_headers ? FPL_TRANSCRIPT_HEADER13 : FPL_TRANSCRIPT_HEADER12;
}

fpl_status fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                 fpl_bytes body)
{
    uint8_t header[FPL_TRANSCRIPT_HEADER12];
    put_header(header, type, seq, body.len);
    if (transcript->num_running == 0) {
        fpl_buffer *raw = &transcript->raw;
        if (!fpl_buffer_reserve(config, raw, sizeof header + body.len)) {
            return FPL_STATUS_NO_MEMORY;
        }
        memcpy(raw->data + raw->len, header, sizeof header);
        raw->len += sizeof header;
        if (body.len > 0) {
            memcpy(raw->data + raw->len, body.data, body.len);
            raw->len += body.len;
        }
        return FPL_STATUS_OK;
    }
    for (uint8_t i = 0; i < transcript->num_running; i++) {
        fpl_hash_update(&transcript->running[i], fpl_bytes_of(header, header_len(transcript)));
        fpl_hash_update(&transcript->running[i], body);
    }
    return FPL_STATUS_OK;
}

void fpl_transcript_restart(const fpl_config *config, fpl_transcript *transcript)
{
    fpl_transcript_wipe(config, transcript);
}

/* Puts the raw messages into `running`, with the headers of the version. */
static void take_raw(const fpl_transcript *transcript, fpl_running_hash *running)
{
    size_t at = 0;
    if (!transcript->short_headers) {
        fpl_hash_update(running, fpl_bytes_of(transcript->raw.data, transcript->raw.len));
        return;
    }
    while (at < transcript->raw.len) {
        const uint8_t *header = transcript->raw.data + at;
        size_t         len = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
        fpl_hash_update(running, fpl_bytes_of(header, FPL_TRANSCRIPT_HEADER13));
        fpl_hash_update(running, fpl_bytes_of(header + FPL_TRANSCRIPT_HEADER12, len));
        at += FPL_TRANSCRIPT_HEADER12 + len;
    }
}

fpl_status fpl_transcript_choose(const fpl_config *config, fpl_transcript *transcript, fpl_machine_version version,
                                 fpl_hash hash, fpl_hash other)
{
    fpl_hash hashes[2];
    uint8_t  num = 1;
    if (transcript->num_running > 0) {
        return transcript->running[0].hash == hash ? FPL_STATUS_OK : FPL_STATUS_INTERNAL;
    }
    hashes[0] = hash;
    hashes[1] = other;
    if (other != 0 && other != hash) {
        num = 2;
    }
    transcript->short_headers = version == FPL_VERSION_DTLS13;
    for (uint8_t i = 0; i < num; i++) {
        if (fpl_hash_init(&transcript->running[i], hashes[i]) != FPL_STATUS_OK) {
            return FPL_STATUS_INTERNAL;
        }
        take_raw(transcript, &transcript->running[i]);
    }
    transcript->num_running = num;
    fpl_buffer_free(config, &transcript->raw);
    return FPL_STATUS_OK;
}

static fpl_status begin_with_hash(fpl_transcript *transcript, fpl_hash hash, fpl_bytes digest)
{
    uint8_t header[FPL_TRANSCRIPT_HEADER12];
    if (digest.len == 0 || digest.len != fpl_hash_length(hash) ||
        fpl_hash_init(&transcript->running[0], hash) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    transcript->num_running = 1;
    transcript->short_headers = true;
    put_header(header, FPL_HANDSHAKE_TYPE_MESSAGE_HASH, 0, digest.len);
    fpl_hash_update(&transcript->running[0], fpl_bytes_of(header, FPL_TRANSCRIPT_HEADER13));
    fpl_hash_update(&transcript->running[0], digest);
    return FPL_STATUS_OK;
}

fpl_status fpl_transcript_as_message_hash(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash)
{
    uint8_t digest[FPL_HASH_MAX_LEN];
    if (fpl_transcript_choose(config, transcript, FPL_VERSION_DTLS13, hash, 0) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    return begin_with_hash(transcript, hash, fpl_bytes_of(digest, fpl_transcript_digest(transcript, hash, digest)));
}

fpl_status fpl_transcript_from_retry(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash,
                                     fpl_bytes hash_of_hello, fpl_bytes retry)
{
    fpl_transcript_wipe(config, transcript);
    if (begin_with_hash(transcript, hash, hash_of_hello) != FPL_STATUS_OK) {
        return FPL_STATUS_INTERNAL;
    }
    return fpl_transcript_append(config, transcript, FPL_HANDSHAKE_TYPE_SERVER_HELLO, 0, retry);
}

void fpl_transcript_drop_other(fpl_transcript *transcript)
{
    if (transcript->num_running == 2) {
        fpl_hash_wipe(&transcript->running[1]);
        transcript->num_running = 1;
    }
}

size_t fpl_transcript_digest(const fpl_transcript *transcript, fpl_hash hash, uint8_t out[FPL_HASH_MAX_LEN])
{
    for (uint8_t i = 0; i < transcript->num_running; i++) {
        if (transcript->running[i].hash == hash) {
            return fpl_hash_digest(&transcript->running[i], out);
        }
    }
    return 0;
}

void fpl_transcript_wipe(const fpl_config *config, fpl_transcript *transcript)
{
    fpl_buffer_free(config, &transcript->raw);
    for (uint8_t i = 0; i < transcript->num_running; i++) {
        fpl_hash_wipe(&transcript->running[i]);
    }
    transcript->num_running = 0;
    transcript->short_headers = false;
}
