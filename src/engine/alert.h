/* Alerts of ours: one at a time waits to be written; the fatal one replaces any other. */
#ifndef FPL_ENGINE_ALERT_H
#define FPL_ENGINE_ALERT_H

#include "engine/conn.h"

/* fpl_alert_queue has an alert written with the next datagram, at the level that it has. */
void fpl_alert_queue(fpl_conn *conn, uint8_t description);

/* fpl_alert_notify does so for one that ends nothing: at most one in each notify_interval, but for
 * close_notify, which is sent once anyway. */
void fpl_alert_notify(fpl_conn *conn, uint8_t description);

#endif
