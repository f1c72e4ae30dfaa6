#include "api/hello_pool.h"

#include <string.h>

#define FPL_RECORD_AND_FRAGMENT 25 /* the two headers, RFC 6347 sections 4.1 and 4.2.2 */

static bool is_stale(const fpl_pooled_hello *hello, const fpl_config *config, fpl_time now)
{
    return now - hello->born > fpl_config_limit(config, FPL_LIMIT_HELLO_POOL_LIFE);
}

/* Has the slot other octets than `fragment` where both have some? */
static bool contradicts(const fpl_pooled_hello *hello, const fpl_fragment *fragment)
{
    uint32_t end = fragment->offset + (uint32_t)fragment->body.len;
    for (uint8_t i = 0; i < hello->spans.num; i++) {
        uint32_t from = hello->spans.from[i] > fragment->offset ? hello->spans.from[i] : fragment->offset;
        uint32_t to = hello->spans.to[i] < end ? hello->spans.to[i] : end;
        if (from < to && memcmp(hello->bytes + from, fragment->body.data + (from - fragment->offset), to - from) != 0) {
            return true;
        }
    }
    return false;
}

/* May `fragment` be a piece of the hello in this slot? */
static bool continues(const fpl_pooled_hello *hello, fpl_bytes address, uint64_t hash, const fpl_fragment *fragment)
{
    return hello->used && hello->hash == hash && hello->address_len == address.len &&
           memcmp(hello->address, address.data, address.len) == 0 && hello->seq == fragment->seq &&
           hello->total == fragment->total && !contradicts(hello, fragment);
}

static fpl_pooled_hello *take(fpl_hello_pool *pool, const fpl_config *config)
{
    uint8_t draw[4] = {0};
    for (size_t i = 0; i < pool->num; i++) {
        if (!pool->slots[i].used) {
            return &pool->slots[i];
        }
    }
    if (pool->num == 0 || fpl_config_random(config, draw, sizeof draw) != FPL_STATUS_OK) {
        return NULL;
    }
    return &pool->slots[((uint32_t)draw[0] << 24 | (uint32_t)draw[1] << 16 | (uint32_t)draw[2] << 8 | draw[3]) % pool->num];
}

static bool make(fpl_hello_pool *pool, const fpl_config *config)
{
    size_t num = (size_t)fpl_config_limit(config, FPL_LIMIT_HELLO_POOL_SLOTS);
    if (pool->slots == NULL && num > 0) {
        pool->slots = fpl_allocate(config, num * sizeof *pool->slots);
        pool->num = pool->slots != NULL ? num : 0;
    }
    return pool->slots != NULL;
}

static fpl_pooled_hello *begin(fpl_hello_pool *pool, const fpl_config *config, fpl_bytes address, uint64_t hash,
                               const fpl_fragment *fragment, fpl_time now)
{
    fpl_pooled_hello *hello = take(pool, config);
    if (hello != NULL) {
        fpl_hello_pool_drop(hello);
        hello->used = true;
        hello->hash = hash;
        memcpy(hello->address, address.data, address.len);
        hello->address_len = (uint8_t)address.len;
        hello->seq = fragment->seq;
        hello->total = fragment->total;
        hello->born = now;
    }
    return hello;
}

/* Returns whether the hello is whole now. */
static bool put(fpl_pooled_hello *hello, const fpl_fragment *fragment, uint64_t record_seq)
{
    if (!fpl_spans_add(&hello->spans, fragment->offset, fragment->offset + (uint32_t)fragment->body.len)) {
        return false;
    }
    memcpy(hello->bytes + fragment->offset, fragment->body.data, fragment->body.len);
    if (record_seq > hello->record_seq) {
        hello->record_seq = record_seq;
    }
    return fpl_spans_whole(&hello->spans, hello->total);
}

/* Anybody can send a piece in a peer's name: what contradicts a slot begins another, and what fits several goes to all. */
fpl_pooled_hello *fpl_hello_pool_add(fpl_hello_pool *pool, const fpl_config *config, fpl_bytes address, uint64_t hash,
                                     const fpl_fragment *fragment, uint64_t record_seq, fpl_time now)
{
    fpl_pooled_hello *whole = NULL;
    fpl_pooled_hello *hello;
    size_t            octets = FPL_RECORD_AND_FRAGMENT + fragment->body.len;
    bool              kept = false;
    if (fragment->total > sizeof hello->bytes || fragment->offset + fragment->body.len > fragment->total ||
        fragment->body.len == 0 || !make(pool, config)) {
        return NULL;
    }
    for (size_t i = 0; i < pool->num; i++) {
        hello = &pool->slots[i];
        if (hello->used && is_stale(hello, config, now)) {
            fpl_hello_pool_drop(hello);
        }
        if (continues(hello, address, hash, fragment)) {
            hello->received += kept ? 0 : octets; /* they came once, and draw an answer once */
            kept = true;
            whole = put(hello, fragment, record_seq) && whole == NULL ? hello : whole;
        }
    }
    if (kept) {
        return whole;
    }
    hello = begin(pool, config, address, hash, fragment, now);
    if (hello == NULL) {
        return NULL;
    }
    hello->received = octets;
    return put(hello, fragment, record_seq) ? hello : NULL;
}

void fpl_hello_pool_drop(fpl_pooled_hello *hello)
{
    hello->used = false;
    hello->record_seq = 0;
    hello->received = 0;
    memset(&hello->spans, 0, sizeof hello->spans);
}

void fpl_hello_pool_free(fpl_hello_pool *pool, const fpl_config *config)
{
    fpl_release(config, pool->slots, pool->num * sizeof *pool->slots);
    memset(pool, 0, sizeof *pool);
}
