/* What libraries without DTLS 1.3 have to say to its part of other.h. */
#include "other.h"

bool other_update_keys(bool ask)
{
    (void)ask;
    return false;
}
