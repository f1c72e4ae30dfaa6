/* Everything random that a handshake draws, from one seed: the library's own source through fpl_config_set_random,
 * and key shares and signatures by standing in for two functions at link time (-Wl,--wrap, see CMakeLists.txt). The
 * same input does the same in every run then, to the octet. */
#ifndef FPL_TESTS_FUZZ_HOUSE_CHANCE_H
#define FPL_TESTS_FUZZ_HOUSE_CHANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* house_chance_begin starts the source anew. */
void house_chance_begin(uint64_t seed);

/* house_chance_fill is an fpl_random_fn; while house_chance_fails is set it fails. */
bool        house_chance_fill(void *arg, uint8_t *out, size_t len);
extern bool house_chance_fails;

#endif
