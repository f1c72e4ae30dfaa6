/* engine/keys: epochs come in their order, are made from the secrets that RFC 8446 section 7 says, and leave nothing
 * behind (RFC 9147 sections 4.5.3, 6.1 and 8). */
#include "engine/keys.h"

#include "record/epochs13.h"
#include "unit.h"

/* --- an allocator that looks at what comes back ------------------------------------------------------------ */

static size_t live, dirty;
static bool   no_memory;

static void *allocate(void *arg, size_t size)
{
    (void)arg;
    if (no_memory) {
        return NULL;
    }
    live += size;
    return malloc(size);
}

static void release(void *arg, void *memory, size_t size)
{
    (void)arg;
    for (size_t i = 0; i < size; i++) {
        dirty += ((uint8_t *)memory)[i] != 0;
    }
    live -= size;
    free(memory);
}

static fpl_config *config;
static fpl_conn    conn;

static void fill(fpl_secret13 *secret, uint8_t seed)
{
    secret->hash = conn.suite->hash;
    memset(secret->bytes, seed, fpl_hash_length(secret->hash));
}

/* The secrets of application data: as derive_traffic_secrets would leave them. */
static void derive(void)
{
    fill(&conn.keys13->read_secret, 3);
    fill(&conn.keys13->write_secret, 4);
    fill(&conn.keys13->exporter, 5);
}

static void begin_as(fpl_role role, fpl_cipher_suite suite)
{
    fpl_allocator allocator = {allocate, release, NULL};
    live = dirty = 0;
    no_memory = false;
    config = fpl_config_new_with_allocator(&allocator);
    memset(&conn, 0, sizeof conn);
    ck_assert_int_eq(fpl_conn_setup(&conn, config, role, FPL_MACHINE_DTLS13_CLIENT, 0), FPL_STATUS_OK);
    conn.version = FPL_VERSION_DTLS13;
    conn.suite = fpl_cipher_suite_find(suite);
    fill(&conn.hs->secrets13.client, 1);
    fill(&conn.hs->secrets13.server, 2);
}

static void begin(void)
{
    begin_as(FPL_ROLE_CLIENT, FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
}

static void finish(void)
{
    fpl_conn_teardown(&conn);
    fpl_config_free(config);
    ck_assert_uint_eq(live, 0);
    ck_assert_uint_eq(dirty, 0); /* every octet of what was released had been zeroed */
}

static fpl_status install(uint16_t read, uint16_t write)
{
    fpl_keys keys = {read, write};
    return fpl_keys_install(&conn, keys);
}

static void drop(uint16_t read, uint16_t write)
{
    fpl_keys keys = {read, write};
    fpl_keys_drop(&conn, keys);
}

/* Epochs 2 and 3 in both directions. */
static void connect(void)
{
    ck_assert_int_eq(install(2, 2), FPL_STATUS_OK);
    derive();
    ck_assert_int_eq(install(3, 3), FPL_STATUS_OK);
}

/* Asserts that `key` is made from a secret of octets `seed` that was updated `generations` times. */
static void key_is_of(const fpl_protect13_key *key, uint8_t seed, unsigned generations)
{
    fpl_traffic_keys13 keys;
    fpl_protect13_key  expected;
    fpl_secret13       secret;
    uint8_t            records[2][64] = {{0}};
    memset(&expected, 0, sizeof expected);
    memset(&secret, 0, sizeof secret);
    fill(&secret, seed);
    for (unsigned i = 0; i < generations; i++) {
        ck_assert_int_eq(fpl_schedule13_update(&secret), FPL_STATUS_OK);
    }
    ck_assert_int_eq(fpl_schedule13_traffic(&secret, conn.suite->aead, &keys, NULL), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_protect13_init(&expected, &keys), FPL_STATUS_OK);
    for (int i = 0; i < 2; i++) {
        memset(records[i] + FPL_PROTECT13_PREFIX, 'x', 10);
        ck_assert_uint_gt(fpl_protect13_seal(i == 0 ? key : &expected, FPL_CONTENT_TYPE_APPLICATION_DATA, 3, 77,
                                             records[i], 10, 0, sizeof records[i]),
                          0);
    }
    ck_assert_mem_eq(records[0], records[1], sizeof records[0]);
    fpl_protect13_wipe(&expected);
}

static const fpl_protect13_key *reads(uint16_t number)
{
    for (size_t i = 0; i < conn.keys13->read.num; i++) {
        if (conn.keys13->read.list[i].number == number) {
            return conn.keys13->read.list[i].key;
        }
    }
    return NULL;
}

static const fpl_protect13_key *writes(uint16_t number)
{
    const fpl_write_epoch13 *epoch = fpl_write13_of(&conn, number);
    return epoch != NULL ? epoch->key : NULL;
}

/* --- installing --------------------------------------------------------------------------------------------- */

START_TEST(each_side_writes_with_its_own_secret)
{ /* RFC 8446 section 7.3 */
    for (int role = 0; role < 2; role++) {
        bool client = role == 0;
        begin_as(client ? FPL_ROLE_CLIENT : FPL_ROLE_SERVER, FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384);
        connect();
        key_is_of(writes(2), client ? 1 : 2, 0);
        key_is_of(reads(2), client ? 2 : 1, 0);
        key_is_of(reads(3), 3, 0);
        key_is_of(writes(3), 4, 0);
        ck_assert_uint_eq(conn.read_epoch, 3);
        ck_assert_uint_eq(conn.write_epoch, 3);
        finish();
    }
}
END_TEST

START_TEST(the_handshake_epoch_brings_the_finished_keys)
{ /* RFC 8446 section 4.4.4 */
    fpl_traffic_keys13 keys;
    fpl_secret13       expected;
    begin();
    ck_assert_int_eq(install(2, 2), FPL_STATUS_OK);
    ck_assert_int_eq(fpl_schedule13_traffic(&conn.hs->secrets13.client, conn.suite->aead, &keys, &expected),
                     FPL_STATUS_OK);
    ck_assert_mem_eq(conn.hs->finished_write.bytes, expected.bytes, 32);
    ck_assert_int_eq(fpl_schedule13_traffic(&conn.hs->secrets13.server, conn.suite->aead, &keys, &expected),
                     FPL_STATUS_OK);
    ck_assert_mem_eq(conn.hs->finished_read.bytes, expected.bytes, 32);
    finish();
}
END_TEST

START_TEST(the_directions_are_apart)
{
    begin();
    ck_assert_int_eq(install(2, FPL_KEYS_NONE), FPL_STATUS_OK);
    ck_assert(conn.read_epoch == 2 && conn.write_epoch == 0);
    ck_assert_ptr_null(writes(2));
    ck_assert_int_eq(install(FPL_KEYS_NONE, 2), FPL_STATUS_OK);
    derive();
    ck_assert_int_eq(install(FPL_KEYS_NONE, 3), FPL_STATUS_OK);
    ck_assert(conn.read_epoch == 2 && conn.write_epoch == 3);
    ck_assert_ptr_nonnull(writes(2)); /* what is outstanding of epoch 2 may have to go out again */
    finish();
}
END_TEST

START_TEST(next_is_the_next_generation)
{ /* RFC 8446 section 7.2 */
    begin();
    connect();
    drop(2, 2);
    for (uint16_t generation = 1; generation < 20; generation++) {
        ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NEXT), FPL_STATUS_OK);
        ck_assert_uint_eq(conn.read_epoch, 3 + generation);
        ck_assert_uint_eq(conn.write_epoch, 3 + generation);
        key_is_of(reads(conn.read_epoch), 3, generation);
        key_is_of(writes(conn.write_epoch), 4, generation);
        ck_assert(conn.new_epoch_unused);
        ck_assert_uint_eq(fpl_seal_next(&conn), 0); /* each epoch numbers from 0, RFC 9147 section 4.2.1 */
        drop(FPL_KEYS_NONE, FPL_KEYS_PREVIOUS);
    }
    finish();
}
END_TEST

START_TEST(epochs_never_go_back)
{ /* RFC 9147 section 4.2.1 */
    begin();
    connect();
    ck_assert_int_eq(install(3, FPL_KEYS_NONE), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(2, FPL_KEYS_NONE), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(FPL_KEYS_NONE, 3), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(FPL_KEYS_NONE, 2), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(4, FPL_KEYS_NONE), FPL_STATUS_INTERNAL); /* by number there are only two */
    ck_assert_int_eq(install(FPL_KEYS_NONE, 5), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(conn.read_epoch, 3);
    ck_assert_uint_eq(conn.write_epoch, 3);
    key_is_of(reads(3), 3, 0); /* nothing moved */
    key_is_of(writes(3), 4, 0);
    conn.read_epoch = conn.write_epoch = UINT16_MAX;
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NONE), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(FPL_KEYS_NONE, FPL_KEYS_NEXT), FPL_STATUS_INTERNAL);
    finish();
}
END_TEST

START_TEST(next_follows_application_keys_only)
{
    begin();
    ck_assert_int_eq(install(2, 2), FPL_STATUS_OK);
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NONE), FPL_STATUS_INTERNAL);
    ck_assert_int_eq(install(FPL_KEYS_NONE, FPL_KEYS_NEXT), FPL_STATUS_INTERNAL);
    finish();
}
END_TEST

START_TEST(there_are_no_keys_without_a_suite_or_secrets)
{
    begin();
    conn.suite = NULL;
    ck_assert_int_eq(install(2, 2), FPL_STATUS_INTERNAL);
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_AES_128_GCM_SHA256);
    ck_assert_int_eq(install(3, FPL_KEYS_NONE), FPL_STATUS_INTERNAL); /* nothing was derived: a zero secret is none */
    memset(&conn.hs->secrets13, 0, sizeof conn.hs->secrets13);
    ck_assert_int_eq(install(2, FPL_KEYS_NONE), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(conn.read_epoch, 0);
    ck_assert_int_eq(install(FPL_KEYS_NONE, FPL_KEYS_NONE), FPL_STATUS_OK);
    finish();
}
END_TEST

START_TEST(without_memory_there_are_none)
{
    begin();
    no_memory = true;
    ck_assert_int_ne(install(2, 2), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.read_epoch, 0);
    no_memory = false;
    ck_assert_int_eq(install(2, FPL_KEYS_NONE), FPL_STATUS_OK);
    no_memory = true;
    ck_assert_int_ne(install(FPL_KEYS_NONE, 2), FPL_STATUS_OK);
    ck_assert_uint_eq(conn.write_epoch, 0);
    finish();
}
END_TEST

START_TEST(of_writing_three_epochs_is_the_most)
{ /* who wants a fourth has not dropped what was acknowledged */
    begin();
    connect();
    ck_assert_int_eq(install(FPL_KEYS_NONE, FPL_KEYS_NEXT), FPL_STATUS_OK);
    ck_assert_int_eq(install(FPL_KEYS_NONE, FPL_KEYS_NEXT), FPL_STATUS_INTERNAL);
    ck_assert_uint_eq(conn.write_epoch, 4);
    key_is_of(writes(4), 4, 1);
    finish();
}
END_TEST

/* --- dropping --------------------------------------------------------------------------------------------------- */

START_TEST(previous_is_all_but_the_newest)
{
    begin();
    connect();
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NEXT), FPL_STATUS_OK);
    conn.new_epoch_unused = false;
    drop(FPL_KEYS_PREVIOUS, FPL_KEYS_PREVIOUS);
    ck_assert(reads(3) == NULL && reads(4) != NULL);
    ck_assert(reads(2) != NULL); /* but for the one in which the peer may repeat its last flight, RFC 9147 section 5.8.1 */
    ck_assert(writes(2) == NULL && writes(3) == NULL && writes(4) != NULL);
    drop(FPL_KEYS_PREVIOUS, FPL_KEYS_PREVIOUS); /* twice is no matter */
    key_is_of(reads(4), 3, 1);
    key_is_of(writes(4), 4, 1);
    finish();
}
END_TEST

START_TEST(what_the_peer_still_writes_in_stays)
{ /* RFC 9147 section 8: until something of the new epoch has come */
    begin();
    connect();
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NONE), FPL_STATUS_OK);
    drop(FPL_KEYS_PREVIOUS, FPL_KEYS_NONE);
    ck_assert(reads(3) != NULL && reads(4) != NULL);
    conn.new_epoch_unused = false;
    drop(FPL_KEYS_PREVIOUS, FPL_KEYS_NONE);
    ck_assert(reads(3) == NULL && reads(4) != NULL);
    finish();
}
END_TEST

START_TEST(a_number_drops_that_and_older_ones)
{
    begin();
    connect();
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NEXT), FPL_STATUS_OK);
    drop(2, 2);
    ck_assert(reads(2) == NULL && reads(3) != NULL && reads(4) != NULL);
    ck_assert(writes(2) == NULL && writes(3) != NULL && writes(4) != NULL);
    drop(2, 2);
    ck_assert(reads(3) != NULL && writes(3) != NULL);
    drop(3, 3);
    ck_assert(reads(3) == NULL && writes(3) == NULL);
    drop(4, 4); /* never the one in use */
    ck_assert(reads(4) != NULL && writes(4) != NULL);
    finish();
}
END_TEST

START_TEST(dropping_one_direction_leaves_the_other)
{
    begin();
    connect();
    drop(2, FPL_KEYS_NONE);
    ck_assert(reads(2) == NULL && writes(2) != NULL);
    drop(FPL_KEYS_NONE, 2);
    ck_assert_ptr_null(writes(2));
    finish();
}
END_TEST

START_TEST(dropped_keys_seal_nothing)
{
    uint8_t record[100] = {0};
    size_t  len = 0;
    begin();
    connect();
    drop(FPL_KEYS_NONE, 2);
    ck_assert_int_eq(fpl_seal_record(&conn, 2, FPL_CONTENT_TYPE_HANDSHAKE, 0, record, 10, sizeof record, &len),
                     FPL_SEAL_INTERNAL);
    ck_assert_int_eq(fpl_seal_record(&conn, 4, FPL_CONTENT_TYPE_HANDSHAKE, 0, record, 10, sizeof record, &len),
                     FPL_SEAL_INTERNAL);
    ck_assert_int_eq(fpl_seal_record(&conn, 3, FPL_CONTENT_TYPE_HANDSHAKE, 0, record, 10, sizeof record, &len),
                     FPL_SEAL_OK);
    ck_assert_uint_eq(len, 10 + fpl_seal_overhead(&conn, 3));
    finish();
}
END_TEST

START_TEST(wiping_leaves_nothing)
{
    size_t before;
    begin();
    before = live;
    connect();
    ck_assert_int_eq(install(FPL_KEYS_NEXT, FPL_KEYS_NEXT), FPL_STATUS_OK);
    fpl_keys_wipe(&conn);
    ck_assert_ptr_null(conn.keys13);
    ck_assert_uint_eq(live, before);
    ck_assert_uint_eq(dirty, 0);
    ck_assert(conn.read_epoch == 0 && conn.write_epoch == 0);
    drop(FPL_KEYS_PREVIOUS, FPL_KEYS_PREVIOUS); /* of nothing */
    fpl_keys_wipe(&conn);
    finish();
}
END_TEST

/* --- limits ---------------------------------------------------------------------------------------------------- */

START_TEST(aes_gcm_has_a_limit_of_its_own)
{ /* RFC 9147 section 4.5.3: 2^24.5 for AES-GCM, none below 2^48 for ChaCha20-Poly1305 */
    begin();
    ck_assert_uint_eq(fpl_seal_limit(&conn), 23726566);
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_AES_256_GCM_SHA384);
    ck_assert_uint_eq(fpl_seal_limit(&conn), 23726566);
    conn.suite = fpl_cipher_suite_find(FPL_CIPHER_SUITE_TLS_CHACHA20_POLY1305_SHA256);
    ck_assert_uint_eq(fpl_seal_limit(&conn), UINT64_C(281474976710655));
    finish();

    begin(); /* in DTLS 1.2 the numbers end sooner than anybody counts (RFC 6347 section 4.1) */
    conn.version = FPL_VERSION_DTLS12;
    ck_assert_uint_eq(fpl_seal_limit(&conn), UINT64_C(281474976710655));
    finish();
}
END_TEST

START_TEST(new_keys_are_asked_for_in_time)
{
    begin();
    connect();
    ck_assert_uint_eq(conn.keys13->seal_soon, 23726566 - 1048576);
    finish();

    begin();
    ck_assert_int_eq(fpl_config_set(config, FPL_SETTING_SEAL_RECORDS, 1024), FPL_OK);
    connect();
    ck_assert_uint_eq(fpl_seal_limit(&conn), 1024);
    ck_assert_uint_eq(conn.keys13->seal_soon, 512); /* half of it is the most that is kept for that */
    finish();
}
END_TEST

static void tests(TCase *tc)
{
    tcase_add_test(tc, each_side_writes_with_its_own_secret);
    tcase_add_test(tc, the_handshake_epoch_brings_the_finished_keys);
    tcase_add_test(tc, the_directions_are_apart);
    tcase_add_test(tc, next_is_the_next_generation);
    tcase_add_test(tc, epochs_never_go_back);
    tcase_add_test(tc, next_follows_application_keys_only);
    tcase_add_test(tc, there_are_no_keys_without_a_suite_or_secrets);
    tcase_add_test(tc, without_memory_there_are_none);
    tcase_add_test(tc, of_writing_three_epochs_is_the_most);
    tcase_add_test(tc, previous_is_all_but_the_newest);
    tcase_add_test(tc, what_the_peer_still_writes_in_stays);
    tcase_add_test(tc, a_number_drops_that_and_older_ones);
    tcase_add_test(tc, dropping_one_direction_leaves_the_other);
    tcase_add_test(tc, dropped_keys_seal_nothing);
    tcase_add_test(tc, wiping_leaves_nothing);
    tcase_add_test(tc, aes_gcm_has_a_limit_of_its_own);
    tcase_add_test(tc, new_keys_are_asked_for_in_time);
}

UNIT_MAIN("engine/keys", tests)
