/* Whole connections under a script (house/script.h), built once for each enemy:
 *
 *   FUZZ_CLIENT    the server has turned: it seals what it likes and changes messages before they are hashed
 *   FUZZ_SERVER    the client has
 *   FUZZ_LISTENER  three honest clients, addresses and cookies, and a network that is the enemy
 *   FUZZ_NETWORK   an honest pair and such a network, with the strictest oracle
 *
 * With FUZZ_VERSIONS the ends speak DTLS 1.3, or both versions, as the input says; otherwise DTLS 1.2. */
#include "house/script.h"

#ifdef FUZZ_VERSIONS
#define VERSIONS true
#else
#define VERSIONS false
#endif

#if defined(FUZZ_CLIENT)
static const world_plan plan = {.hostile_server = true, .num_clients = 1, .versions = VERSIONS};
#elif defined(FUZZ_SERVER)
static const world_plan plan = {.hostile_client = true, .num_clients = 1, .versions = VERSIONS};
#elif defined(FUZZ_LISTENER)
static const world_plan plan = {.listener = true, .num_clients = 3, .versions = VERSIONS};
#elif defined(FUZZ_NETWORK)
static const world_plan plan = {.num_clients = 1, .versions = VERSIONS};
#else
#error "build with -DFUZZ_CLIENT, -DFUZZ_SERVER, -DFUZZ_LISTENER or -DFUZZ_NETWORK"
#endif

static world the_world;

#ifdef FUZZ_MUTATES
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t cap,
                                 unsigned seed);
#endif

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    world_open(&the_world, &plan, &in);
    script_play(&the_world, &in);
    world_close(&the_world);
    return 0;
}

#ifdef FUZZ_MUTATES
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return script_mutate(data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t *out, size_t cap,
                                 unsigned seed)
{
    return script_cross(a, a_len, b, b_len, out, cap, seed);
}
#endif
