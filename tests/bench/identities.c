#include "identities.h"

#include <stdio.h>

static bool read_file(const char *folder, unsigned index, const char *what, uint8_t *out, size_t cap, size_t *len)
{
    char  name[512];
    FILE *file;
    (void)snprintf(name, sizeof name, "%s/%02u.%s.der", folder, index, what);
    file = fopen(name, "rb");
    if (file == NULL) {
        return false;
    }
    *len = fread(out, 1, cap, file);
    (void)fclose(file);
    return *len > 0 && *len < cap;
}

bool bench_identities_read(const char *folder, bench_identity *out)
{
    for (unsigned i = 0; i < BENCH_IDENTITIES; i++) {
        if (!read_file(folder, i, "certificate", out[i].certificate, sizeof out[i].certificate, &out[i].certificate_len) ||
            !read_file(folder, i, "key", out[i].key, sizeof out[i].key, &out[i].key_len)) {
            return false;
        }
    }
    return true;
}
