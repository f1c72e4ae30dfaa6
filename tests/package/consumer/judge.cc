// The helper from C++.
#include "judge.c"
