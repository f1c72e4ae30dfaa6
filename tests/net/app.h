/* The applications at both ends: they judge certificates, sign, talk and close. */
#ifndef FPL_TESTS_NET_APP_H
#define FPL_TESTS_NET_APP_H

#include "net/world.h"

/* app_event is told of every event that poll reports but datagrams and deadlines. */
void app_event(assoc *a, const fpl_output *out);

/* app_chore does what was scheduled. */
void app_chore(world *w, const chore *c);

#endif
