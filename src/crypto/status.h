#ifndef FPL_CRYPTO_STATUS_H
#define FPL_CRYPTO_STATUS_H

/* fpl_status is the outcome of an operation that no peer can make fail. What a peer can cause has an
 * enum of its own beside the function that reports it. */
typedef enum fpl_status {
    FPL_STATUS_NONE, /* never returned */
    FPL_STATUS_OK,
    FPL_STATUS_INTERNAL,  /* a mistake of ours, or of the arguments */
    FPL_STATUS_NO_MEMORY, /* nothing has changed, the call may be repeated */
} fpl_status;

#endif /* FPL_CRYPTO_STATUS_H */
