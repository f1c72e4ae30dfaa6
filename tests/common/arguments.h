/* What the programs among the tests are told. A word that is misspelt must not pass for another one, nor for none: a
 * test that plays something else, or nothing, would pass. */
#ifndef FPL_TESTS_COMMON_ARGUMENTS_H
#define FPL_TESTS_COMMON_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* arguments_number reads a whole number of `low` to `high`, in digits only; false if `text` is none. */
bool arguments_number(const char *text, uint64_t low, uint64_t high, uint64_t *out);

/* arguments_seeds reads FIRST..LAST, the last no less than the first. */
bool arguments_seeds(const char *text, uint64_t *first, uint64_t *last);

/* arguments_find returns where `text` stands among `num` names, or `num`. */
size_t arguments_find(const char *text, const char *const *names, size_t num);

/* arguments_refuse says on standard error that `word`, or with what follows it (NULL: nothing), was not understood,
 * and what would have been. Returns the exit code 2. */
int arguments_refuse(const char *usage, const char *word, const char *value);

#endif
