#include "crypto/pem.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <string.h>

#include "crypto/failure.h"

bool fpl_pem_is(fpl_bytes text)
{
    static const char kBegin[] = "-----BEGIN ";
    const size_t begin_len = sizeof(kBegin) - 1;
    for (size_t i = 0; i + begin_len <= text.len; i++) {
        if (memcmp(text.data + i, kBegin, begin_len) == 0) {
            return true;
        }
    }
    return false;
}

/* pem_no_more returns whether reading stopped for want of another block. */
static bool pem_no_more(void)
{
    uint32_t error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

/* pem_read_block appends the next block to `out` if it has `label`, and sets `*more` to zero when
 * there was none. */
static fpl_status pem_read_block(BIO *bio, const char *label, CBB *out, bool *more)
{
    char *name;
    char *header;
    uint8_t *data;
    long len;
    *more = true;
    if (!PEM_read_bio(bio, &name, &header, &data, &len)) {
        *more = false;
        if (pem_no_more()) {
            fpl_crypto_forget_errors();
            return FPL_STATUS_OK;
        }
        return fpl_crypto_failure();
    }
    fpl_status status = FPL_STATUS_OK;
    if (strcmp(name, label) == 0) {
        if (header[0] != '\0') { /* RFC 1421 headers: it is encrypted */
            status = FPL_STATUS_INTERNAL;
        } else if (!CBB_add_bytes(out, data, (size_t)len)) {
            fpl_crypto_forget_errors();
            status = FPL_STATUS_NO_MEMORY;
        }
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
    return status;
}

static fpl_status pem_read_blocks(BIO *bio, const char *label, CBB *out)
{
    bool more = true;
    fpl_status status = FPL_STATUS_OK;
    while (more && status == FPL_STATUS_OK) {
        status = pem_read_block(bio, label, out, &more);
    }
    return status;
}

fpl_status fpl_pem_read(fpl_bytes text, const char *label, uint8_t **out, size_t *out_len)
{
    *out = NULL;
    *out_len = 0;
    if (text.len > INT_MAX) {
        return FPL_STATUS_INTERNAL;
    }
    CBB blocks;
    CBB_zero(&blocks);
    /* The buffer is not written to: its type is older than const. */
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
    if (bio == NULL || !CBB_init(&blocks, 0)) {
        BIO_free(bio);
        return fpl_crypto_failure();
    }
    fpl_status status = pem_read_blocks(bio, label, &blocks);
    if (status == FPL_STATUS_OK && CBB_len(&blocks) != 0 && !CBB_finish(&blocks, out, out_len)) {
        status = fpl_crypto_failure();
    }
    CBB_cleanup(&blocks);
    BIO_free(bio);
    return status;
}

fpl_status fpl_pem_write(const char *label, fpl_bytes der, char **out, size_t *out_len)
{
    *out = NULL;
    *out_len = 0;
    if (der.len > INT_MAX / 2) {
        return FPL_STATUS_INTERNAL;
    }
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *text;
    size_t len;
    fpl_status status = FPL_STATUS_OK;
    if (bio == NULL || !PEM_write_bio(bio, label, "", der.data, (long)der.len) ||
        !BIO_mem_contents(bio, &text, &len) || (*out = OPENSSL_malloc(len + 1)) == NULL) {
        status = fpl_crypto_failure();
    } else {
        memcpy(*out, text, len);
        (*out)[len] = '\0';
        *out_len = len;
    }
    BIO_free(bio);
    return status;
}

void fpl_pem_free(char *text)
{
    OPENSSL_free(text);
}
