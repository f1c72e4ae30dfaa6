#include "crypto/failure.h"

#include <openssl/err.h>
#include <stdint.h>

bool fpl_crypto_out_of_memory(void)
{
    bool found = false;
    for (uint32_t error = ERR_get_error(); error != 0; error = ERR_get_error()) {
        found = found || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
    }
    return found;
}

fpl_status fpl_crypto_failure(void)
{
    /* The queue itself is allocated at a thread's first error. An empty one means that even this
     * failed. */
    bool unknown = ERR_peek_error() == 0;
    bool memory = fpl_crypto_out_of_memory();
    return unknown || memory ? FPL_STATUS_NO_MEMORY : FPL_STATUS_INTERNAL;
}

void fpl_crypto_forget_errors(void)
{
    ERR_clear_error();
}
