/* Code points by the names that the registries give them. */
#ifndef FPL_TOOL_NAMES_H
#define FPL_TOOL_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef const char *(*name_fn)(uint16_t value); /* NULL: no name to know */

/* The names of what the library uses; registries know more, for logs. */
const char *name_of_used_suite(uint16_t value);
const char *name_of_used_group(uint16_t value);
const char *name_of_used_profile(uint16_t value);

/* The versions (FPL_VERSIONS_...) that use a suite or a group. */
unsigned versions_of_suite(uint16_t value);
unsigned versions_of_group(uint16_t value);

/* names_find finds the code point called `name` (of `len` characters; case does not matter). */
bool names_find(name_fn name_of, const char *name, size_t len, uint16_t *value);

/* names_list writes all names, with commas between, cut to `cap`. */
void names_list(name_fn name_of, char *out, size_t cap);

/* name_or_number is the name of a code point, or its number in hex, kept in `room`. */
const char *name_or_number(const char *name, unsigned value, char room[8]);

#endif
