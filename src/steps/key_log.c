#include "steps/key_log.h"

#include <openssl/mem.h>
#include <string.h>

#define FPL_LABEL_MAX 40

static size_t put_hex(char *out, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return 2 * len;
}

/* <label> <client random> <secret> */
void fpl_key_log(const fpl_conn *conn, const char *label, fpl_bytes secret)
{
    char   line[FPL_LABEL_MAX + 1 + 2 * FPL_RANDOM_LEN + 1 + 2 * FPL_HASH_MAX_LEN + 1];
    size_t at = strlen(label);
    if (conn->config->key_log == NULL || at > FPL_LABEL_MAX || secret.len > FPL_HASH_MAX_LEN) {
        return;
    }
    memcpy(line, label, at);
    line[at++] = ' ';
    at += put_hex(line + at, conn->client_random, FPL_RANDOM_LEN);
    line[at++] = ' ';
    at += put_hex(line + at, secret.data, secret.len);
    line[at] = '\0';
    conn->config->key_log(conn->config->key_log_arg, line);
    OPENSSL_cleanse(line, sizeof line);
}
