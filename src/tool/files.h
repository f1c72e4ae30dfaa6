/* Whole files in and out. */
#ifndef FPL_TOOL_FILES_H
#define FPL_TOOL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* file_read reads a file into memory that the caller frees, or complains and returns NULL. `what` says what
 * the file was to be, for the message. */
uint8_t *file_read(const char *path, const char *what, size_t *len);

/* file_open_new makes a file to write with mode `mode`, refusing to overwrite one unless `force` is set, and
 * whatever is no file in any case; complains and returns NULL on failure. */
FILE *file_open_new(const char *path, const char *what, unsigned mode, bool force);

/* file_same tells whether two paths lead to one file that exists. */
bool file_same(const char *one, const char *other);

/* file_open_append opens a file, made for its owner only, to add lines to; complains and returns NULL. */
FILE *file_open_append(const char *path, const char *what);

#endif
