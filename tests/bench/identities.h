/* The identities that all programs use, read from one folder so that all have the same. */
#ifndef BENCH_IDENTITIES_H
#define BENCH_IDENTITIES_H

#include "backend.h"

/* bench_identities_read fills BENCH_IDENTITIES of `out` from `folder`. */
bool bench_identities_read(const char *folder, bench_identity *out);

#endif
