#include "fields.h"

#include <stdio.h>
#include <string.h>

#include "engine/table.h"
#include "fpl_machines.h"

/* Octets shown of a field that is longer: a hash or a random fits, a certificate does not. */
#define SHOWN 48

typedef struct printer {
    int      depth;
    bool     dash; /* the next field is the first of a list's element */
    bool     full;
    bool     both;      /* a ClientHello, whose extensions are of every version that it offers */
    uint16_t extension; /* the type that was printed last */
} printer;

static fpl_visitor visitor_of(printer *p);

static void begin_line(printer *p, bool element)
{
    int depth = p->depth;
    if (p->dash) {
        printf("%*s- ", 2 * (depth - 1), "");
        p->dash = false;
        if (element) { /* an element that is a list itself */
            fputs("- ", stdout);
        }
        return;
    }
    printf("%*s%s", 2 * depth, "", element ? "- " : "");
}

static void print_name(printer *p, const char *name)
{
    begin_line(p, name == NULL);
    if (name != NULL) {
        printf("%s: ", name);
    }
}

static void print_number(void *user, const char *name, uint64_t value, const char *symbol)
{
    printer *p = user;
    if (name != NULL && strcmp(name, "extension_type") == 0) {
        p->extension = (uint16_t)value;
    }
    print_name(p, name);
    if (symbol != NULL) {
        printf("%s (0x%llx)\n", symbol, (unsigned long long)value);
    } else {
        printf("%llu (0x%llx)\n", (unsigned long long)value, (unsigned long long)value);
    }
}

static bool is_text(fpl_bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7e) {
            return false;
        }
    }
    return bytes.len > 3;
}

/* The body of an extension that DTLS 1.3 does not have may be one of DTLS 1.2. */
static bool print_older_extension(printer *p, const char *name, fpl_bytes bytes)
{
    fpl_visitor visitor = visitor_of(p);
    return p->both && name != NULL && strcmp(name, "extension_data") == 0 &&
           fpl_visit_extension(&visitor, p->extension, FPL_BLOCK_CLIENT_HELLO, FPL_VERSION_DTLS12, bytes);
}

static void print_octets(void *user, const char *name, fpl_bytes bytes)
{
    printer *p = user;
    size_t shown = p->full || bytes.len <= SHOWN ? bytes.len : SHOWN;
    if (print_older_extension(p, name, bytes)) {
        return;
    }
    print_name(p, name);
    if (bytes.len == 0) {
        fputs("(empty)", stdout);
    }
    for (size_t i = 0; i < shown; i++) {
        printf("%02x", bytes.data[i]);
    }
    if (shown < bytes.len) {
        fputs("...", stdout);
    }
    if (bytes.len > SHOWN) {
        printf(" (%zu octets)", bytes.len);
    }
    if (is_text(bytes)) {
        printf(" \"%.*s%s\"", (int)shown, (const char *)bytes.data, shown < bytes.len ? "..." : "");
    }
    putchar('\n');
}

static void print_begin(void *user, const char *name)
{
    printer *p = user;
    if (name != NULL) {
        begin_line(p, false);
        printf("%s:\n", name);
    } else {
        p->dash = true;
    }
    p->depth++;
}

static void print_end(void *user)
{
    printer *p = user;
    if (p->dash) { /* an element without fields */
        begin_line(p, false);
        putchar('\n');
    }
    p->depth--;
}

static fpl_visitor visitor_of(printer *p)
{
    fpl_visitor visitor = {p, print_number, print_octets, print_begin, print_end};
    return visitor;
}

void fields_print(const fpl_message *msg, uint8_t version, int depth, bool full)
{
    printer p = {.depth = depth, .full = full};
    fpl_visitor visitor = visitor_of(&p);
    p.both = msg->id == FPL_MESSAGE_CLIENT_HELLO && version != FPL_VERSION_DTLS12;
    fpl_visit_message(&visitor, msg, version);
}

void fields_print_octets(const char *name, fpl_bytes bytes, int depth, bool full)
{
    printer p = {.depth = depth, .full = full};
    print_octets(&p, name, bytes);
}
