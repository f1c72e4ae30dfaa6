#ifndef FPL_RECORD_SEAL_H
#define FPL_RECORD_SEAL_H

/* fpl_seal is the outcome of making a record. With all but `FPL_SEAL_OK` no record number is used
 * up. */
typedef enum fpl_seal {
    FPL_SEAL_NONE, /* never returned */
    FPL_SEAL_OK,
    FPL_SEAL_BUFFER_TOO_SMALL,
    FPL_SEAL_TOO_LONG,  /* more than FPL_RECORD_MAX_PLAINTEXT */
    FPL_SEAL_EXHAUSTED, /* all 2^48 numbers are used up */
    FPL_SEAL_INTERNAL,  /* what lies in the buffer must not be sent */
} fpl_seal;

#endif /* FPL_RECORD_SEAL_H */
