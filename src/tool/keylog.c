#include "keylog.h"

#include <stdlib.h>
#include <string.h>

#include "hex.h"

typedef struct words {
    const char *at;
    const char *end;
} words;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line; empty at its end. */
static words next_word(words *line)
{
    words word;
    while (line->at < line->end && is_blank(*line->at)) {
        line->at++;
    }
    word.at = line->at;
    while (line->at < line->end && !is_blank(*line->at)) {
        line->at++;
    }
    word.end = line->at;
    return word;
}

/* False unless the word is hex, whole octets, at least one and at most `cap` of them. */
static bool read_hex(words word, uint8_t *out, size_t cap, size_t *len)
{
    size_t digits = (size_t)(word.end - word.at);
    if (digits == 0 || digits % 2 != 0 || digits / 2 > cap) {
        return false;
    }
    for (size_t i = 0; i < digits / 2; i++) {
        int high = hex_digit(word.at[2 * i]);
        int low = hex_digit(word.at[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    *len = digits / 2;
    return true;
}

static keylog_label label_of(words word)
{
    static const char *const names[] = {
        [KEYLOG_MASTER_SECRET] = "CLIENT_RANDOM",
        [KEYLOG_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        [KEYLOG_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        [KEYLOG_CLIENT_TRAFFIC_0] = "CLIENT_TRAFFIC_SECRET_0",
        [KEYLOG_SERVER_TRAFFIC_0] = "SERVER_TRAFFIC_SECRET_0",
    };
    size_t len = (size_t)(word.end - word.at);
    for (keylog_label label = KEYLOG_MASTER_SECRET; label <= KEYLOG_SERVER_TRAFFIC_0; label++) {
        if (strlen(names[label]) == len && memcmp(names[label], word.at, len) == 0) {
            return label;
        }
    }
    return KEYLOG_NONE;
}

static bool keep(keylog *log, const keylog_entry *entry)
{
    if ((log->num & (log->num - 1)) == 0) { /* full: its room is the powers of two */
        size_t room = log->num == 0 ? 1 : 2 * log->num;
        keylog_entry *more = calloc(room, sizeof *more);
        if (more == NULL) {
            return false;
        }
        if (log->num > 0) {
            memcpy(more, log->entries, log->num * sizeof *more);
            explicit_bzero(log->entries, log->num * sizeof *log->entries);
        }
        free(log->entries);
        log->entries = more;
    }
    log->entries[log->num++] = *entry;
    return true;
}

/* LABEL client_random secret */
static bool take_line(keylog *log, words line)
{
    keylog_entry entry;
    size_t random_len = 0;
    words label = next_word(&line), random, secret;
    bool kept = true;
    if (label.at == label.end || *label.at == '#') {
        return true;
    }
    memset(&entry, 0, sizeof entry);
    entry.label = label_of(label);
    random = next_word(&line);
    secret = next_word(&line);
    if (entry.label == KEYLOG_NONE) {
        log->unreadable += random.at == random.end || secret.at == secret.end;
    } else if (!read_hex(random, entry.client_random, KEYLOG_RANDOM, &random_len) || random_len != KEYLOG_RANDOM ||
               !read_hex(secret, entry.secret, KEYLOG_SECRET, &entry.secret_len) || next_word(&line).at != line.end) {
        log->unreadable++;
    } else {
        kept = keep(log, &entry);
    }
    explicit_bzero(&entry, sizeof entry);
    return kept;
}

bool keylog_parse(keylog *log, const uint8_t *text, size_t len)
{
    const char *at = (const char *)text;
    const char *end = at + len;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        words line = {at, line_end == NULL ? end : line_end};
        if (!take_line(log, line)) {
            return false;
        }
        at = line_end == NULL ? end : line_end + 1;
    }
    return true;
}

const keylog_entry *keylog_find(const keylog *log, keylog_label label, const uint8_t client_random[KEYLOG_RANDOM])
{
    for (size_t i = 0; i < log->num; i++) {
        const keylog_entry *entry = &log->entries[i];
        if (entry->label == label && memcmp(entry->client_random, client_random, KEYLOG_RANDOM) == 0) {
            return entry;
        }
    }
    return NULL;
}

bool keylog_knows(const keylog *log, const uint8_t client_random[KEYLOG_RANDOM])
{
    for (size_t i = 0; i < log->num; i++) {
        if (memcmp(log->entries[i].client_random, client_random, KEYLOG_RANDOM) == 0) {
            return true;
        }
    }
    return false;
}

void keylog_free(keylog *log)
{
    if (log->num > 0) {
        explicit_bzero(log->entries, log->num * sizeof *log->entries);
    }
    free(log->entries);
    memset(log, 0, sizeof *log);
}
