#include "engine/reassembly.h"

#include <string.h>

#include "api/config.h"

bool fpl_spans_add(fpl_spans *spans, uint32_t from, uint32_t to)
{
    uint8_t first = 0;
    uint8_t last;
    if (from >= to) {
        return true;
    }
    while (first < spans->num && spans->to[first] < from) {
        first++;
    }
    /* [first, last) are the intervals that touch the new one: they become one. */
    last = first;
    while (last < spans->num && spans->from[last] <= to) {
        if (spans->from[last] < from) {
            from = spans->from[last];
        }
        if (spans->to[last] > to) {
            to = spans->to[last];
        }
        last++;
    }
    if (last == first) {
        if (spans->num == FPL_LIMIT_VALUE_FRAGMENT_PIECES) {
            return false;
        }
        for (uint8_t i = spans->num; i > first; i--) {
            spans->from[i] = spans->from[i - 1];
            spans->to[i] = spans->to[i - 1];
        }
        spans->num++;
    } else {
        uint8_t gone = (uint8_t)(last - first - 1);
        for (uint8_t i = (uint8_t)(first + 1); i + gone < spans->num; i++) {
            spans->from[i] = spans->from[i + gone];
            spans->to[i] = spans->to[i + gone];
        }
        spans->num = (uint8_t)(spans->num - gone);
    }
    spans->from[first] = from;
    spans->to[first] = to;
    return true;
}

bool fpl_spans_whole(const fpl_spans *spans, uint32_t len)
{
    return len == 0 || (spans->num > 0 && spans->from[0] == 0 && spans->to[0] >= len);
}

/* --- candidates -------------------------------------------------------------------------------------- */

static size_t size_of(uint32_t total)
{
    return (size_t)total + total / 8 + 1;
}

static bool has(const fpl_candidate *candidate, uint32_t at)
{
    return (candidate->bytes[candidate->total + at / 8] >> (at % 8) & 1) != 0;
}

static void put(fpl_candidate *candidate, uint32_t at, uint8_t octet)
{
    if (!has(candidate, at)) {
        candidate->bytes[candidate->total + at / 8] |= (uint8_t)(1u << (at % 8));
        candidate->bytes[at] = octet;
        candidate->have++;
    }
}

/* Do the octets that `fragment` shares with the candidate agree with it? */
static bool agrees(const fpl_candidate *candidate, const fpl_fragment *fragment)
{
    if (candidate->type != fragment->type || candidate->total != fragment->total) {
        return false;
    }
    for (uint32_t i = 0; i < fragment->body.len; i++) {
        uint32_t at = fragment->offset + i;
        if (has(candidate, at) && candidate->bytes[at] != fragment->body.data[i]) {
            return false;
        }
    }
    return true;
}

static void drop_candidate(const fpl_config *config, fpl_reassembly *reassembly, fpl_candidate *candidate)
{
    if (candidate->used) {
        reassembly->bytes -= size_of(candidate->total);
        fpl_release(config, candidate->bytes, size_of(candidate->total));
    }
    memset(candidate, 0, sizeof *candidate);
}

static fpl_slot *find_slot(const fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch)
{
    if (reassembly->slots == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        fpl_slot *slot = &reassembly->slots[i];
        if (slot->used && slot->seq == seq && slot->epoch == epoch) {
            return slot;
        }
    }
    return NULL;
}

static fpl_slot *take_slot(const fpl_config *config, fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch, bool *no_memory)
{
    fpl_slot *slot = find_slot(reassembly, seq, epoch);
    *no_memory = false;
    if (slot != NULL) {
        return slot;
    }
    if (reassembly->slots == NULL) {
        reassembly->slots = fpl_allocate(config, FPL_LIMIT_VALUE_REASSEMBLY_SLOTS * sizeof *reassembly->slots);
        if (reassembly->slots == NULL) {
            *no_memory = true;
            return NULL;
        }
    }
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        slot = &reassembly->slots[i];
        if (!slot->used) {
            slot->used = true;
            slot->seq = seq;
            slot->epoch = epoch;
            return slot;
        }
    }
    return NULL;
}

/* Which candidate should take a fragment that agrees with none: a free one, else the older incomplete one. */
static fpl_candidate *make_room(const fpl_config *config, fpl_reassembly *reassembly, fpl_slot *slot)
{
    fpl_candidate *oldest = NULL;
    for (size_t i = 0; i < 2; i++) {
        fpl_candidate *candidate = &slot->candidates[i];
        if (!candidate->used) {
            return candidate;
        }
        if (!candidate->whole && (oldest == NULL || candidate->age < oldest->age)) {
            oldest = candidate;
        }
    }
    if (oldest != NULL) {
        drop_candidate(config, reassembly, oldest);
    }
    return oldest;
}

/* --- room for all together ---------------------------------------------------------------------------- */

/* How readily what lies in `slot` gives way to `fragment`; 0 = not at all. What is needed later goes before what is
 * needed first, and what no keys vouch for before what they do: else a stranger's octet that promises a long message
 * would keep out those that come next, until the handshake times out. */
static unsigned readiness(const fpl_slot *slot, const fpl_fragment *fragment)
{
    uint16_t later = (uint16_t)(slot->seq - fragment->seq);
    if (slot->epoch != fragment->epoch) {
        return slot->epoch < fragment->epoch ? UINT16_MAX + 1u : 0;
    }
    return later <= UINT16_MAX / 2 ? later + 1u : 0; /* of the same message: only incomplete ones, see below */
}

static fpl_slot *readiest(const fpl_reassembly *reassembly, const fpl_fragment *fragment, size_t *yields)
{
    fpl_slot *found = NULL;
    *yields = 0;
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        fpl_slot *slot = &reassembly->slots[i];
        size_t    held = 0;
        for (size_t j = 0; j < 2; j++) {
            held += slot->candidates[j].used ? size_of(slot->candidates[j].total) : 0;
        }
        if (held > 0 && readiness(slot, fragment) > 0) {
            *yields += held;
            if (found == NULL || readiness(slot, fragment) > readiness(found, fragment)) {
                found = slot;
            }
        }
    }
    return found;
}

static fpl_candidate *older_of(fpl_slot *slot)
{
    fpl_candidate *one = &slot->candidates[0];
    fpl_candidate *two = &slot->candidates[1];
    return !two->used || (one->used && one->age < two->age) ? one : two;
}

/* Makes room for a candidate of `fragment`'s length within `byte_limit`. False, and nothing is lost, if that cannot be. */
static bool make_bytes(const fpl_config *config, fpl_reassembly *reassembly, const fpl_fragment *fragment, size_t byte_limit)
{
    size_t    need = size_of(fragment->total);
    size_t    yields;
    fpl_slot *slot = readiest(reassembly, fragment, &yields);
    if (need > byte_limit || reassembly->bytes - yields > byte_limit - need) {
        return false;
    }
    while (reassembly->bytes > byte_limit - need && slot != NULL) {
        drop_candidate(config, reassembly, older_of(slot));
        slot->used = slot->candidates[0].used || slot->candidates[1].used ||
                     (slot->seq == fragment->seq && slot->epoch == fragment->epoch);
        slot = readiest(reassembly, fragment, &yields);
    }
    return true;
}

fpl_reassembled fpl_reassembly_add(const fpl_config *config, fpl_reassembly *reassembly, const fpl_fragment *fragment,
                                   size_t byte_limit)
{
    bool           no_memory = false;
    fpl_slot      *slot = take_slot(config, reassembly, fragment->seq, fragment->epoch, &no_memory);
    fpl_candidate *candidate = NULL;

    if (slot == NULL) {
        return no_memory ? FPL_REASSEMBLY_NO_MEMORY : FPL_REASSEMBLY_FULL;
    }
    if ((slot->candidates[0].used && slot->candidates[0].whole) || (slot->candidates[1].used && slot->candidates[1].whole)) {
        return FPL_REASSEMBLY_KEPT; /* the first whole one is the message */
    }
    for (size_t i = 0; i < 2 && candidate == NULL; i++) {
        fpl_candidate *each = &slot->candidates[i];
        if (each->used && agrees(each, fragment)) {
            candidate = each;
        }
    }
    if (candidate == NULL) {
        if (fragment->epoch != 0 && (slot->candidates[0].used || slot->candidates[1].used)) {
            return FPL_REASSEMBLY_CONFLICT;
        }
        if (!make_bytes(config, reassembly, fragment, byte_limit)) {
            slot->used = slot->candidates[0].used || slot->candidates[1].used;
            return FPL_REASSEMBLY_FULL;
        }
        candidate = make_room(config, reassembly, slot);
        if (candidate == NULL) {
            return FPL_REASSEMBLY_FULL;
        }
        candidate->bytes = fpl_allocate(config, size_of(fragment->total));
        if (candidate->bytes == NULL) {
            slot->used = slot->candidates[0].used || slot->candidates[1].used;
            return FPL_REASSEMBLY_NO_MEMORY;
        }
        candidate->used = true;
        candidate->type = fragment->type;
        candidate->total = fragment->total;
        reassembly->bytes += size_of(fragment->total);
    }
    candidate->age = ++reassembly->age;
    for (uint32_t i = 0; i < fragment->body.len; i++) {
        put(candidate, fragment->offset + i, fragment->body.data[i]);
    }
    if (candidate->have == candidate->total) {
        candidate->whole = true;
        candidate->rest_follows = fragment->rest_follows;
    }
    return FPL_REASSEMBLY_KEPT;
}

const fpl_candidate *fpl_reassembly_whole(const fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch)
{
    const fpl_slot *slot = find_slot(reassembly, seq, epoch);
    if (slot == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        if (slot->candidates[i].used && slot->candidates[i].whole) {
            return &slot->candidates[i];
        }
    }
    return NULL;
}

uint32_t fpl_reassembly_prefix(const fpl_reassembly *reassembly, uint16_t seq, uint16_t epoch)
{
    const fpl_slot *slot = find_slot(reassembly, seq, epoch);
    uint32_t        longest = 0;
    for (size_t i = 0; slot != NULL && i < 2; i++) {
        uint32_t len = 0;
        while (slot->candidates[i].used && len < slot->candidates[i].total && has(&slot->candidates[i], len)) {
            len++;
        }
        longest = len > longest ? len : longest;
    }
    return longest;
}

static void drop_slot(const fpl_config *config, fpl_reassembly *reassembly, fpl_slot *slot)
{
    drop_candidate(config, reassembly, &slot->candidates[0]);
    drop_candidate(config, reassembly, &slot->candidates[1]);
    slot->used = false;
}

void fpl_reassembly_drop(const fpl_config *config, fpl_reassembly *reassembly, uint16_t seq)
{
    for (size_t i = 0; reassembly->slots != NULL && i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        if (reassembly->slots[i].used && reassembly->slots[i].seq == seq) {
            drop_slot(config, reassembly, &reassembly->slots[i]);
        }
    }
}

void fpl_reassembly_drop_epoch(const fpl_config *config, fpl_reassembly *reassembly, uint16_t epoch)
{
    for (size_t i = 0; reassembly->slots != NULL && i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        if (reassembly->slots[i].used && reassembly->slots[i].epoch == epoch) {
            drop_slot(config, reassembly, &reassembly->slots[i]);
        }
    }
}

void fpl_reassembly_free(const fpl_config *config, fpl_reassembly *reassembly)
{
    if (reassembly->slots == NULL) {
        return;
    }
    for (size_t i = 0; i < FPL_LIMIT_VALUE_REASSEMBLY_SLOTS; i++) {
        drop_candidate(config, reassembly, &reassembly->slots[i].candidates[0]);
        drop_candidate(config, reassembly, &reassembly->slots[i].candidates[1]);
    }
    fpl_release(config, reassembly->slots, FPL_LIMIT_VALUE_REASSEMBLY_SLOTS * sizeof *reassembly->slots);
    memset(reassembly, 0, sizeof *reassembly);
}
