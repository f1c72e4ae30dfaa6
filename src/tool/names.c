#include "names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <flightplan/flightplan.h>

#include "fpl_registries.h"

#define USED(kind, value) \
    (fpl_##kind##_find(value) != NULL && fpl_##kind##_find(value)->use != 0 ? fpl_##kind##_name(value) : NULL)

const char *name_of_used_suite(uint16_t value)
{
    return USED(cipher_suite, value);
}

const char *name_of_used_group(uint16_t value)
{
    return USED(named_group, value);
}

const char *name_of_used_profile(uint16_t value)
{
    return USED(srtp_protection_profile, value);
}

_Static_assert(FPL_VERSIONS_DTLS12 == FPL_USE_DTLS12 && FPL_VERSIONS_DTLS13 == FPL_USE_DTLS13,
               "the registries count versions as the library's interface does");

unsigned versions_of_suite(uint16_t value)
{
    const fpl_cipher_suite_row *row = fpl_cipher_suite_find(value);
    return row == NULL ? 0 : row->use;
}

unsigned versions_of_group(uint16_t value)
{
    const fpl_named_group_row *row = fpl_named_group_find(value);
    return row == NULL ? 0 : row->use;
}

bool names_find(name_fn name_of, const char *name, size_t len, uint16_t *value)
{
    /* The registries answer by number only; asking 65536 times is quick enough for a command line. */
    for (uint32_t v = 0; v <= UINT16_MAX; v++) {
        const char *known = name_of((uint16_t)v);
        if (known != NULL && strlen(known) == len && strncasecmp(known, name, len) == 0) {
            *value = (uint16_t)v;
            return true;
        }
    }
    return false;
}

void names_list(name_fn name_of, char *out, size_t cap)
{
    size_t len = 0;
    out[0] = '\0';
    for (uint32_t v = 0; v <= UINT16_MAX && len < cap; v++) {
        const char *name = name_of((uint16_t)v);
        if (name != NULL) {
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len == 0 ? "" : ", ", name);
        }
    }
}

const char *name_or_number(const char *name, unsigned value, char room[8])
{
    if (name != NULL) {
        return name;
    }
    (void)snprintf(room, 8, "0x%04x", value & 0xffffu);
    return room;
}
