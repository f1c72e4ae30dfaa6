/* Reassembly against the simplest thing that does the same: an array of octets, an array of flags, and the rules
 * written out (engine/reassembly.h). The input is a list of fragments of a few messages; some tell the truth, some
 * contradict it. After each one library and model must agree on what happened, on what is whole, and on the bytes. */
#include "api/config.h"
#include "engine/reassembly.h"

#include "fuzz.h"

#define MESSAGES 12 /* more than there are slots */
#define LONGEST 300
#define BYTE_LIMIT 1500

typedef struct model_candidate {
    bool     used;
    bool     whole;
    bool     rest_follows;
    uint8_t  type;
    uint32_t total;
    uint32_t age;
    uint8_t  bytes[LONGEST];
    bool     have[LONGEST];
} model_candidate;

typedef struct model_slot {
    bool            used;
    uint16_t        seq;
    uint16_t        epoch;
    model_candidate candidates[2];
} model_slot;

static fpl_config     *config;
static model_slot      slots[FPL_LIMIT_VALUE_REASSEMBLY_SLOTS];
static uint32_t        age;
static size_t          held; /* by the library, through its allocator */

static void *allocate(void *arg, size_t size)
{
    (void)arg;
    held += size;
    return malloc(size);
}

static void release(void *arg, void *memory, size_t size)
{
    (void)arg;
    FUZZ_CHECK(size <= held, "more was freed than allocated");
    held -= size;
    free(memory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const fpl_allocator allocator = {allocate, release, NULL};
    (void)argc;
    (void)argv;
    config = fpl_config_new_with_allocator(&allocator);
    FUZZ_CHECK(config != NULL, "configuration");
    held = 0;
    return 0;
}

/* --- the model ------------------------------------------------------------------------------------ */

/* Octets, and a bit for each. */
static size_t cost(uint32_t total)
{
    return (size_t)total + total / 8 + 1;
}

static size_t model_bytes(void)
{
    size_t sum = 0;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        for (size_t j = 0; j < 2; j++) {
            sum += slots[i].candidates[j].used ? cost(slots[i].candidates[j].total) : 0;
        }
    }
    return sum;
}

static model_slot *model_find(uint16_t seq, uint16_t epoch)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        if (slots[i].used && slots[i].seq == seq && slots[i].epoch == epoch) {
            return &slots[i];
        }
    }
    return NULL;
}

static bool model_agrees(const model_candidate *c, const fpl_fragment *f)
{
    if (c->type != f->type || c->total != f->total) {
        return false;
    }
    for (size_t i = 0; i < f->body.len; i++) {
        if (c->have[f->offset + i] && c->bytes[f->offset + i] != f->body.data[i]) {
            return false;
        }
    }
    return true;
}

static void model_put(model_candidate *c, const fpl_fragment *f)
{
    uint32_t have = 0;
    for (size_t i = 0; i < f->body.len; i++) {
        c->have[f->offset + i] = true;
        c->bytes[f->offset + i] = f->body.data[i];
    }
    c->age = ++age;
    for (uint32_t i = 0; i < c->total; i++) {
        have += c->have[i];
    }
    if (have == c->total) {
        c->whole = true;
        c->rest_follows = f->rest_follows;
    }
}

/* May `slot` lose what it has for the sake of `f`, and how soon? What no keys vouch for goes first, then what is
 * needed last; never what is needed before `f`. */
static uint32_t model_gives_way(const model_slot *slot, const fpl_fragment *f)
{
    if (slot->epoch < f->epoch) {
        return 100000;
    }
    return slot->epoch == f->epoch && slot->seq >= f->seq ? 1u + slot->seq - f->seq : 0;
}

static bool model_make_bytes(const fpl_fragment *f)
{
    size_t yields = 0;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (slots[i].candidates[j].used && model_gives_way(&slots[i], f) > 0) {
                yields += cost(slots[i].candidates[j].total);
            }
        }
    }
    if (model_bytes() - yields + cost(f->total) > BYTE_LIMIT) {
        return false;
    }
    while (model_bytes() + cost(f->total) > BYTE_LIMIT) {
        model_slot      *loser = NULL;
        model_candidate *older;
        for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
            if ((slots[i].candidates[0].used || slots[i].candidates[1].used) && model_gives_way(&slots[i], f) > 0 &&
                (loser == NULL || model_gives_way(&slots[i], f) > model_gives_way(loser, f))) {
                loser = &slots[i];
            }
        }
        FUZZ_CHECK(loser != NULL, "nothing gives way");
        older = &loser->candidates[0];
        if (!older->used || (loser->candidates[1].used && loser->candidates[1].age < older->age)) {
            older = &loser->candidates[1];
        }
        memset(older, 0, sizeof *older);
        loser->used = loser->candidates[0].used || loser->candidates[1].used;
    }
    return true;
}

static fpl_reassembled model_add(const fpl_fragment *f)
{
    model_slot      *slot = model_find(f->seq, f->epoch);
    model_candidate *c = NULL;
    for (size_t i = 0; slot == NULL && i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        if (!slots[i].used) {
            slot = &slots[i];
            slot->seq = f->seq;
            slot->epoch = f->epoch;
        }
    }
    if (slot == NULL) {
        return FPL_REASSEMBLY_FULL;
    }
    for (size_t i = 0; i < 2; i++) {
        if (slot->used && slot->candidates[i].used && slot->candidates[i].whole) {
            return FPL_REASSEMBLY_KEPT;
        }
    }
    for (size_t i = 0; i < 2 && c == NULL; i++) {
        if (slot->used && slot->candidates[i].used && model_agrees(&slot->candidates[i], f)) {
            c = &slot->candidates[i];
        }
    }
    if (c == NULL) {
        model_candidate *victim = NULL;
        if (f->epoch != 0 && slot->used) {
            return FPL_REASSEMBLY_CONFLICT;
        }
        if (!model_make_bytes(f)) {
            return FPL_REASSEMBLY_FULL;
        }
        for (size_t i = 0; i < 2; i++) {
            model_candidate *each = &slot->candidates[i];
            if (!each->used) {
                victim = each;
                break;
            }
            if (victim == NULL || each->age < victim->age) {
                victim = each;
            }
        }
        memset(victim, 0, sizeof *victim);
        c = victim;
        c->used = true;
        c->type = f->type;
        c->total = f->total;
        slot->used = true;
    }
    model_put(c, f);
    return FPL_REASSEMBLY_KEPT;
}

static void model_drop(uint16_t seq)
{
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        if (slots[i].used && slots[i].seq == seq) {
            memset(&slots[i], 0, sizeof slots[i]);
        }
    }
}

/* --- both ------------------------------------------------------------------------------------------ */

static void agree(const fpl_reassembly *reassembly)
{
    FUZZ_CHECK(reassembly->bytes == model_bytes(), "holds %zu octets, not %zu", reassembly->bytes, model_bytes());
    FUZZ_CHECK(reassembly->bytes <= BYTE_LIMIT, "holds %zu octets", reassembly->bytes);
    for (uint16_t epoch = 0; epoch < 2; epoch++) {
        for (uint16_t seq = 0; seq < MESSAGES; seq++) {
            const fpl_candidate *got = fpl_reassembly_whole(reassembly, seq, epoch);
            const model_slot    *slot = model_find(seq, epoch);
            const model_candidate *wanted = NULL;
            for (size_t i = 0; slot != NULL && i < 2 && wanted == NULL; i++) {
                wanted = slot->candidates[i].used && slot->candidates[i].whole ? &slot->candidates[i] : NULL;
            }
            FUZZ_CHECK((got != NULL) == (wanted != NULL), "message %u of epoch %u is whole for one of us", seq, epoch);
            if (got == NULL || wanted == NULL) {
                continue;
            }
            FUZZ_CHECK(got->total == wanted->total && got->type == wanted->type && got->rest_follows == wanted->rest_follows,
                       "another message %u", seq);
            FUZZ_CHECK(got->total == 0 || memcmp(got->bytes, wanted->bytes, got->total) == 0, "other octets in message %u",
                       seq);
        }
    }
}

/* The octets that most fragments agree on. */
static uint8_t truth(uint16_t seq, uint32_t at)
{
    return (uint8_t)(seq * 31u + at * 7u + (at >> 5));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input     in = {data, size};
    fpl_reassembly reassembly;
    memset(&reassembly, 0, sizeof reassembly);
    memset(slots, 0, sizeof slots);
    age = 0;
    while (in.len > 0) {
        uint8_t      head = fuzz_u8(&in);
        uint8_t      kind = fuzz_u8(&in);
        uint8_t      lie = fuzz_u8(&in);
        uint16_t     offset = fuzz_u16(&in);
        uint16_t     len = fuzz_u16(&in);
        uint8_t     *body;
        fpl_fragment f;
        memset(&f, 0, sizeof f);
        f.seq = head % MESSAGES;
        f.epoch = (head >> 4) & 1;
        f.rest_follows = (head >> 5 & 1) != 0;
        if ((head >> 6) == 3) {
            fpl_reassembly_drop(config, &reassembly, f.seq);
            model_drop(f.seq);
            agree(&reassembly);
            continue;
        }
        /* Two lengths a message may claim to have, one of them more often. */
        f.total = (kind & 0x0f) == 0 ? kind % (uint32_t)LONGEST : ((f.seq * 41u) % (uint32_t)(LONGEST - 20));
        f.type = (kind & 0x70) == 0x70 ? 2 : 1;
        f.offset = f.total == 0 ? 0 : offset % (f.total + 1u);
        len = (uint16_t)(len % (f.total - f.offset + 1u));
        if (len == 0 && f.total != 0) {
            continue; /* never reaches reassembly: says nothing */
        }
        body = malloc(len == 0 ? 1 : len);
        FUZZ_CHECK(body != NULL, "memory");
        for (uint16_t i = 0; i < len; i++) {
            body[i] = truth(f.seq, f.offset + i);
        }
        if ((lie & 3) == 3 && len > 0) {
            body[(lie >> 2) % len] ^= (uint8_t)(1 + (lie >> 4));
        }
        f.body = fpl_bytes_of(body, len);
        FUZZ_CHECK(fpl_reassembly_add(config, &reassembly, &f, BYTE_LIMIT) == model_add(&f), "another verdict");
        free(body);
        agree(&reassembly);
    }
    fpl_reassembly_free(config, &reassembly);
    FUZZ_CHECK(held == 0, "%zu octets leaked", held);
    return 0;
}
