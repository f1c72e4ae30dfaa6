#include "tool.h"

#include <stdarg.h>
#include <stdio.h>

bool quiet_notes = false;

static void print_line(const char *format, va_list args)
{
    fputs("flightplan: ", stderr);
    (void)vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(format, args);
    va_end(args);
    return TOOL_SYSTEM;
}

int complain_usage(const char *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line(format, args);
    va_end(args);
    fprintf(stderr, "Try `flightplan %s%s--help`.\n", command == NULL ? "" : command, command == NULL ? "" : " ");
    return TOOL_MISUSE;
}

void note(const char *format, ...)
{
    va_list args;
    if (quiet_notes) {
        return;
    }
    va_start(args, format);
    print_line(format, args);
    va_end(args);
}
