// The public headers, and a program written for C, are C++ too.
#include "pair.c"
