/* DER in its PEM wrapping (RFC 7468). */
#ifndef FPL_TOOL_PEM_H
#define FPL_TOOL_PEM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* pem_write writes `der` between BEGIN and END lines that say `label`. */
void pem_write(FILE *file, const char *label, const uint8_t *der, size_t len);

#endif
