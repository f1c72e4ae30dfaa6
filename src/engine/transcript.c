#include "engine/transcript.h"

#include <string.h>

#include "engine/wire.h"

#define FPL_TRANSCRIPT_HEADER12 12

static void put_header12(uint8_t out[FPL_TRANSCRIPT_HEADER12], uint8_t type, uint16_t seq, size_t len)
{
    out[0] = type;
    fpl_put_uint(out + 1, 3, len);
    fpl_put_uint(out + 4, 2, seq);
    fpl_put_uint(out + 6, 3, 0);
    fpl_put_uint(out + 9, 3, len);
}

fpl_status fpl_transcript_append(const fpl_config *config, fpl_transcript *transcript, uint8_t type, uint16_t seq,
                                 fpl_bytes body)
{
    uint8_t header[FPL_TRANSCRIPT_HEADER12];
    put_header12(header, type, seq, body.len);
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
        fpl_hash_update(&transcript->running[i], fpl_bytes_of(header, sizeof header));
        fpl_hash_update(&transcript->running[i], body);
    }
    return FPL_STATUS_OK;
}

void fpl_transcript_restart(const fpl_config *config, fpl_transcript *transcript)
{
    fpl_transcript_wipe(config, transcript);
}

fpl_status fpl_transcript_choose(const fpl_config *config, fpl_transcript *transcript, fpl_hash hash, fpl_hash other)
{
    fpl_hash hashes[2];
    uint8_t  num = 1;
    hashes[0] = hash;
    hashes[1] = other;
    if (other != 0 && other != hash) {
        num = 2;
    }
    for (uint8_t i = 0; i < num; i++) {
        if (fpl_hash_init(&transcript->running[i], hashes[i]) != FPL_STATUS_OK) {
            return FPL_STATUS_INTERNAL;
        }
        fpl_hash_update(&transcript->running[i], fpl_bytes_of(transcript->raw.data, transcript->raw.len));
    }
    transcript->num_running = num;
    fpl_buffer_free(config, &transcript->raw);
    return FPL_STATUS_OK;
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
}
