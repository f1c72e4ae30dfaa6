#include "engine/extensions.h"

#include <string.h>

#include "fpl_limits.h"
#include "fpl_registries.h"

#define TYPE_LEN 2
#define LENGTH_LEN 2

static bool refuse(fpl_refusal *why, int16_t alert, const char *what, const char *ref)
{
    why->alert = (uint8_t)alert;
    why->what = what;
    why->ref = ref;
    return false;
}

/* obeys_rule refuses by a rule of _rules.yaml, unless that rule says to look away. */
static bool obeys_rule(fpl_extension_rule_id id, fpl_refusal *why)
{
    const fpl_extension_rule *rule = &fpl_extension_rules[id];
    return rule->alert == FPL_NO_ALERT || refuse(why, rule->alert, rule->name, rule->ref);
}

static bool malformed(fpl_refusal *why)
{
    const fpl_extension_rule *rule = &fpl_extension_rules[FPL_EXTENSION_RULE_MALFORMED];
    return refuse(why, rule->alert == FPL_NO_ALERT ? FPL_ALERT_DESCRIPTION_DECODE_ERROR : rule->alert, rule->name, rule->ref);
}

static const fpl_extension_block *block_of(uint8_t version, uint8_t block)
{
    return version <= FPL_VERSION_DTLS13 && block < FPL_NUM_BLOCKS ? fpl_extension_blocks[version][block] : NULL;
}

static const fpl_extension_use *use_of(const fpl_extension_block *block, uint8_t extension)
{
    for (size_t i = 0; i < block->num_uses; i++) {
        if (block->uses[i].extension == extension) {
            return &block->uses[i];
        }
    }
    return NULL;
}

/* next_extension takes one extension off the front of a list; false where there is no whole one. */
static bool next_extension(fpl_bytes *list, uint16_t *type, fpl_bytes *body)
{
    fpl_reader r = fpl_reader_of(list->data, list->len);
    if (!fpl_read_u16(&r, type) || !fpl_read_vector(&r, LENGTH_LEN, body)) {
        return false;
    }
    *list = fpl_bytes_of(r.data, r.len);
    return true;
}

/* --- reading --------------------------------------------------------------------------------- */

/* What is being read, so that each rule can be a function of its own. */
typedef struct fpl_reading {
    const fpl_conn            *conn;
    const fpl_extension_block *block;
    fpl_block_view            *out;
    fpl_refusal               *why;
    uint16_t                   types[FPL_LIMIT_VALUE_EXTENSIONS_PER_BLOCK]; /* so far, unknown ones included */
    size_t                     num_types;
} fpl_reading;

static bool check_first_time(fpl_reading *reading, uint16_t type)
{
    for (size_t i = 0; i < reading->num_types; i++) {
        if (reading->types[i] == type) {
            return obeys_rule(FPL_EXTENSION_RULE_DUPLICATE, reading->why);
        }
    }
    if (reading->num_types == FPL_LIMIT_VALUE_EXTENSIONS_PER_BLOCK) {
        return malformed(reading->why);
    }
    reading->types[reading->num_types++] = type;
    return true;
}

static bool check_form(const fpl_extension_use *use, fpl_bytes body, fpl_refusal *why)
{
    fpl_reader r = fpl_reader_of(body.data, body.len);
    if (!use->decode(&r)) {
        return r.alert != 0 ? refuse(why, r.alert, r.where, use->ref) : malformed(why);
    }
    return r.len == 0 || malformed(why);
}

/* take_one judges one extension by where it stands and by its form, and notes it if it counts. */
static bool take_one(fpl_reading *reading, uint16_t type, fpl_bytes body)
{
    const fpl_extension_block *block = reading->block;
    uint8_t                    extension = fpl_extension_of_type(type);
    const fpl_extension_use   *use = use_of(block, extension);
    if (extension == FPL_EXTENSION_NONE) {
        return obeys_rule(block->request ? FPL_EXTENSION_RULE_UNKNOWN_IN_REQUEST : FPL_EXTENSION_RULE_ANSWERED_NOT_OFFERED,
                          reading->why);
    }
    if (!block->request && (use == NULL || !use->unsolicited) && !fpl_conn_we_offered(reading->conn, extension)) {
        return obeys_rule(FPL_EXTENSION_RULE_ANSWERED_NOT_OFFERED, reading->why);
    }
    if (use == NULL) {
        /* A hello may be of several versions; an answer is of one. */
        return (block->request && (block->other_version & fpl_extension_bit(extension)) != 0) ||
               obeys_rule(FPL_EXTENSION_RULE_KNOWN_IN_WRONG_MESSAGE, reading->why);
    }
    if (!check_form(use, body, reading->why)) {
        return false;
    }
    reading->out->present |= fpl_extension_bit(extension);
    reading->out->body[extension] = body;
    return true;
}

/* check_last: what must be the last extension of a block has nothing behind it (RFC 8446 section 4.2.11). */
static bool check_last(const fpl_reading *reading)
{
    uint8_t last = reading->block->last;
    if (last == FPL_EXTENSION_NONE || (reading->out->present & fpl_extension_bit(last)) == 0 ||
        reading->types[reading->num_types - 1] == fpl_extension_types[last]) {
        return true;
    }
    return refuse(reading->why, FPL_ALERT_DESCRIPTION_ILLEGAL_PARAMETER, FPL_NAME("last_in_client_hello"),
                  use_of(reading->block, last)->ref);
}

static bool check_present(const fpl_reading *reading)
{
    for (size_t i = 0; i < reading->block->num_uses; i++) {
        const fpl_extension_use *use = &reading->block->uses[i];
        if (use->absent_alert != FPL_NO_ALERT && (reading->out->present & fpl_extension_bit(use->extension)) == 0) {
            return refuse(reading->why, use->absent_alert, fpl_extension_names[use->extension], use->ref);
        }
    }
    return true;
}

static bool check_bodies(const fpl_reading *reading)
{
    for (size_t i = 0; i < reading->block->num_uses; i++) {
        const fpl_extension_use *use = &reading->block->uses[reading->block->accept_order[i]];
        if ((reading->out->present & fpl_extension_bit(use->extension)) == 0) {
            continue;
        }
        for (size_t j = 0; j < use->num_checks; j++) {
            const fpl_extension_check *check = &use->checks[j];
            if (!check->check(reading->conn, reading->out->body[use->extension])) {
                return refuse(reading->why, check->alert, check->name, check->ref);
            }
        }
    }
    return true;
}

bool fpl_extensions_read(const fpl_conn *conn, uint8_t version, uint8_t block, fpl_bytes list, fpl_block_view *out,
                         fpl_refusal *why)
{
    fpl_reading reading;
    memset(&reading, 0, sizeof reading);
    memset(out, 0, sizeof *out);
    reading.conn = conn;
    reading.block = block_of(version, block);
    reading.out = out;
    reading.why = why;
    if (reading.block == NULL) {
        return refuse(why, FPL_ALERT_DESCRIPTION_INTERNAL_ERROR, FPL_NAME("no such extension block"), NULL);
    }
    while (list.len > 0) {
        uint16_t  type;
        fpl_bytes body;
        if (!next_extension(&list, &type, &body)) {
            return malformed(why);
        }
        if (!check_first_time(&reading, type) || !take_one(&reading, type, body)) {
            return false;
        }
    }
    return check_last(&reading) && check_present(&reading) && check_bodies(&reading);
}

fpl_status fpl_extensions_accept(fpl_conn *conn, uint8_t version, uint8_t block, const fpl_block_view *view)
{
    const fpl_extension_block *table = block_of(version, block);
    if (table == NULL) {
        return FPL_STATUS_INTERNAL;
    }
    for (size_t i = 0; i < table->num_uses; i++) {
        const fpl_extension_use *use = &table->uses[table->accept_order[i]];
        fpl_status               status;
        if (use->accept == NULL || (view->present & fpl_extension_bit(use->extension)) == 0) {
            continue;
        }
        status = use->accept(conn, view->body[use->extension]);
        if (status != FPL_STATUS_OK) {
            return status;
        }
    }
    return FPL_STATUS_OK;
}

/* --- writing --------------------------------------------------------------------------------- */

/* write_one appends one extension, or leaves the writer as it was. */
static void write_one(const fpl_conn *conn, const fpl_extension_use *use, fpl_writer *w)
{
    size_t start = w->len;
    size_t body;
    (void)fpl_write_uint(w, TYPE_LEN, fpl_extension_types[use->extension]);
    body = fpl_write_vector_begin(w, LENGTH_LEN);
    switch (use->build(conn, w)) {
    case FPL_WRITE: fpl_write_vector_end(w, body, LENGTH_LEN); break;
    case FPL_OMIT: w->len = start; break;
    case FPL_PRESENCE_NONE: w->failed = true; break;
    }
}

bool fpl_extensions_write(const fpl_conn *conn, uint8_t version, uint8_t block, fpl_writer *w)
{
    const fpl_extension_block *table = block_of(version, block);
    size_t                     start = w->len;
    size_t                     list;
    if (table == NULL) {
        w->failed = true;
        return false;
    }
    list = fpl_write_vector_begin(w, LENGTH_LEN);
    for (size_t i = 0; i < table->num_uses; i++) {
        const fpl_extension_use *use = &table->uses[i];
        if (use->build != NULL && (table->request || use->unsolicited || fpl_conn_peer_offered(conn, use->extension))) {
            write_one(conn, use, w);
        }
    }
    if (table->omit_when_empty && w->len == list + LENGTH_LEN) {
        w->len = start;
    } else {
        fpl_write_vector_end(w, list, LENGTH_LEN);
    }
    return fpl_writer_ok(w);
}

/* --- looking --------------------------------------------------------------------------------- */

uint64_t fpl_extensions_mask(fpl_bytes list)
{
    uint64_t  mask = 0;
    uint16_t  type;
    fpl_bytes body;
    while (next_extension(&list, &type, &body)) {
        uint8_t extension = fpl_extension_of_type(type);
        mask |= extension == FPL_EXTENSION_NONE ? 0 : fpl_extension_bit(extension);
    }
    return mask;
}

bool fpl_extensions_find(fpl_bytes list, uint16_t type, fpl_bytes *body)
{
    uint16_t found;
    while (next_extension(&list, &found, body)) {
        if (found == type) {
            return true;
        }
    }
    return false;
}
