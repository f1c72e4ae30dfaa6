/* What is visible: everything in the library is hidden but the declarations marked FPL_EXPORT. */
#ifndef FLIGHTPLAN_EXPORT_H
#define FLIGHTPLAN_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define FPL_EXPORT __attribute__((visibility("default")))
#else
#define FPL_EXPORT
#endif

#endif
