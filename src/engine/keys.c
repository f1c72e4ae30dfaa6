#include "engine/keys.h"

fpl_status fpl_keys_install(fpl_conn *conn, fpl_keys keys)
{
    if (keys.read != FPL_KEYS_NONE) {
        if (keys.read != 1 || conn->read_epoch != 0 || !conn->has_master_secret) {
            return FPL_STATUS_INTERNAL;
        }
        fpl_read_epoch_init(&conn->read[1], 1, &conn->read_key);
        conn->read_epoch = 1;
    }
    if (keys.write != FPL_KEYS_NONE) {
        if (keys.write != 1 || conn->write_epoch != 0 || !conn->has_master_secret) {
            return FPL_STATUS_INTERNAL;
        }
        fpl_write_epoch_init(&conn->write[1], 1, &conn->write_key);
        conn->write_epoch = 1;
    }
    return FPL_STATUS_OK;
}
