#include "common/rng.h"
#include "house/script.h"

#define MOST_STEPS 256

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

/* Where the steps of an input lie. */
typedef struct layout {
    size_t at[MOST_STEPS];
    size_t len[MOST_STEPS];
    size_t num;
} layout;

static bool has_body(uint8_t op)
{
    return op == SCRIPT_INJECT || op == SCRIPT_RECORD || op == SCRIPT_FRAGMENT || op == SCRIPT_SEAL ||
           op == SCRIPT_SEAL_FRAGMENT;
}

static size_t body_len(const uint8_t *step)
{
    uint8_t op = step[0] % SCRIPT_NUM_OPS;
    if (!has_body(op)) {
        return 0;
    }
    return op == SCRIPT_FRAGMENT || op == SCRIPT_SEAL_FRAGMENT ? step[3] : (((size_t)step[6] << 8 | step[7]) & 1023);
}

static void set_body_len(uint8_t *step, size_t len)
{
    uint8_t op = step[0] % SCRIPT_NUM_OPS;
    if (op == SCRIPT_FRAGMENT || op == SCRIPT_SEAL_FRAGMENT) {
        step[3] = (uint8_t)len;
    } else {
        step[6] = (uint8_t)(len >> 8);
        step[7] = (uint8_t)len;
    }
}

static void lay_out(const uint8_t *data, size_t size, layout *l)
{
    size_t at = SCRIPT_HEAD;
    l->num = 0;
    while (at + SCRIPT_STEP <= size && l->num < MOST_STEPS) {
        size_t len = SCRIPT_STEP + body_len(data + at);
        if (len > size - at) {
            len = size - at;
        }
        l->at[l->num] = at;
        l->len[l->num++] = len;
        at += len;
    }
}

static size_t remove_octets(uint8_t *data, size_t size, size_t at, size_t len)
{
    memmove(data + at, data + at + len, size - at - len);
    return size - len;
}

static size_t insert_octets(uint8_t *data, size_t size, size_t max_size, size_t at, const uint8_t *what, size_t len)
{
    if (len > max_size - size) {
        return size;
    }
    memmove(data + at + len, data + at, size - at);
    memcpy(data + at, what, len);
    return size + len;
}

/* Steps that make a handshake go on come more often than those that hurt it. */
static void draw_step(rng *r, uint8_t step[SCRIPT_STEP])
{
    static const uint8_t often[] = {SCRIPT_PUMP, SCRIPT_PUMP, SCRIPT_DELIVER, SCRIPT_DELIVER, SCRIPT_DELIVER, SCRIPT_WAKE,
                                    SCRIPT_WAKE, SCRIPT_DROP, SCRIPT_RECUT, SCRIPT_REPLAY, SCRIPT_SEND};
    rng_fill(r, step, SCRIPT_STEP);
    step[0] = rng_percent(r, 50) ? often[rng_below(r, sizeof often)] : (uint8_t)rng_below(r, SCRIPT_NUM_OPS);
    if (rng_percent(r, 50)) {
        step[2] = 0; /* the oldest in the queue */
    }
    if (has_body(step[0])) {
        set_body_len(step, 0);
    }
}

size_t script_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    rng     r = rng_of(seed);
    layout  l;
    uint8_t step[SCRIPT_STEP];
    size_t  i;
    if (size < SCRIPT_HEAD || max_size < SCRIPT_HEAD + 2 * SCRIPT_STEP) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    lay_out(data, size, &l);
    if (l.num == 0 || (l.num < MOST_STEPS && rng_percent(&r, 22))) {
        size_t at = SCRIPT_HEAD;
        if (l.num > 0) {
            i = rng_below(&r, l.num + 1);
            at = i == l.num ? l.at[i - 1] + l.len[i - 1] : l.at[i];
        }
        draw_step(&r, step);
        return insert_octets(data, size, max_size, at, step, sizeof step);
    }
    i = rng_below(&r, l.num);
    switch (rng_below(&r, 8)) {
    case 0: /* settings */
        data[rng_below(&r, SCRIPT_HEAD)] ^= (uint8_t)(1u << rng_below(&r, 8));
        return size;
    case 1: return remove_octets(data, size, l.at[i], l.len[i]);
    case 2: { /* the same step again, somewhere */
        uint8_t copy[SCRIPT_STEP + 1024];
        size_t  k = rng_below(&r, l.num);
        size_t  len = l.len[i] < sizeof copy ? l.len[i] : sizeof copy;
        memcpy(copy, data + l.at[i], len);
        return insert_octets(data, size, max_size, l.at[k], copy, len);
    }
    case 3: /* another thing in its place, with the same particulars */
        if (!has_body(data[l.at[i]] % SCRIPT_NUM_OPS)) {
            draw_step(&r, step);
            if (!has_body(step[0])) {
                data[l.at[i]] = step[0];
            }
        }
        return size;
    case 4:
    case 5: /* a body */
        if (l.len[i] > SCRIPT_STEP || has_body(data[l.at[i]] % SCRIPT_NUM_OPS)) {
            uint8_t body[512];
            size_t  len = l.len[i] - SCRIPT_STEP;
            size_t  room = sizeof body;
            if (len <= room && len + 64 < room && size + 64 < max_size) {
                size_t after;
                memcpy(body, data + l.at[i] + SCRIPT_STEP, len);
                room = data[l.at[i]] % SCRIPT_NUM_OPS == SCRIPT_FRAGMENT ||
                               data[l.at[i]] % SCRIPT_NUM_OPS == SCRIPT_SEAL_FRAGMENT
                           ? 255
                           : len + 64;
                after = LLVMFuzzerMutate(body, len, room);
                size = remove_octets(data, size, l.at[i] + SCRIPT_STEP, len);
                if (after > max_size - size) {
                    after = max_size - size;
                }
                set_body_len(data + l.at[i], after);
                return insert_octets(data, size, max_size, l.at[i] + SCRIPT_STEP, body, after);
            }
        }
        /* fall through */
    default: { /* its particulars */
        size_t at = l.at[i] + 1 + rng_below(&r, SCRIPT_STEP - 1);
        size_t len = l.len[i];
        bool   sized = has_body(data[l.at[i]] % SCRIPT_NUM_OPS);
        data[at] = rng_percent(&r, 50) ? (uint8_t)rng_next(&r) : (uint8_t)(data[at] + (rng_percent(&r, 50) ? 1 : -1));
        if (sized) {
            set_body_len(data + l.at[i], len - SCRIPT_STEP);
        }
        return size;
    }
    }
}

size_t script_cross(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t cap, unsigned seed)
{
    rng    r = rng_of(seed);
    layout la;
    layout lb;
    size_t head;
    size_t tail;
    lay_out(a, a_len, &la);
    lay_out(b, b_len, &lb);
    if (la.num == 0 || lb.num == 0) {
        return 0;
    }
    head = la.at[rng_below(&r, la.num)];
    tail = lb.at[rng_below(&r, lb.num)];
    if (head > cap) {
        return 0;
    }
    memcpy(out, a, head);
    if (b_len - tail > cap - head) {
        return head;
    }
    memcpy(out + head, b + tail, b_len - tail);
    return head + b_len - tail;
}
