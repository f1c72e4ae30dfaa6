/* The fields of a message on standard output, indented like YAML. */
#ifndef FPL_TOOL_FIELDS_H
#define FPL_TOOL_FIELDS_H

#include "fpl_visit.h"

/* fields_print prints what a message consists of, `depth` steps in; long octets cut short unless `full`. */
void fields_print(const fpl_message *msg, uint8_t version, int depth, bool full);

/* fields_print_octets prints one field that is nothing but octets. */
void fields_print_octets(const char *name, fpl_bytes bytes, int depth, bool full);

#endif
