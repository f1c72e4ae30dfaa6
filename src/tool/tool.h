/* What every room of the tool knows: exit codes and how to complain. */
#ifndef FPL_TOOL_TOOL_H
#define FPL_TOOL_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, as --help documents them. */
enum {
    TOOL_OK = 0,
    TOOL_FAILED = 1, /* the connection failed; for decode: there was nothing to decode */
    TOOL_MISUSE = 2, /* the command line makes no sense */
    TOOL_SYSTEM = 3  /* a file, a name or a socket let us down, or output was lost */
};

/* complain prints "flightplan: ..." on standard error and returns TOOL_SYSTEM. */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* complain_usage does the same, adds which --help to read, and returns TOOL_MISUSE. `command` may be NULL. */
int complain_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* note prints a line on standard error, "flightplan: ...", and nothing when `quiet_notes` is set. */
extern bool quiet_notes;
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
