#ifndef FPL_CRYPTO_FAILURE_H
#define FPL_CRYPTO_FAILURE_H

#include <stdbool.h>

#include "crypto/status.h"

/* fpl_crypto_failure says why the libcrypto call before it failed, when no peer can have caused it:
 * `FPL_STATUS_NO_MEMORY` or `FPL_STATUS_INTERNAL`. It empties libcrypto's error queue of this
 * thread, so that an application that shares the library does not find our errors there. */
fpl_status fpl_crypto_failure(void);

/* fpl_crypto_out_of_memory is the same question where a peer can have caused the failure: it returns
 * whether memory was the reason, and empties the queue. */
bool fpl_crypto_out_of_memory(void);

/* fpl_crypto_forget_errors empties that queue where the failure was expected, such as a forged
 * record. */
void fpl_crypto_forget_errors(void);

#endif /* FPL_CRYPTO_FAILURE_H */
