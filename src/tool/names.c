#include "names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

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

const char *name_or_number(const char *name, unsigned value, char room[8])
{
    if (name != NULL) {
        return name;
    }
    (void)snprintf(room, 8, "0x%04x", value & 0xffffu);
    return room;
}
