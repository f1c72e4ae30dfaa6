#include "engine/names.h"

#include <flightplan/registries.h>

#include "engine/table.h"
#include "fpl_limits.h"
#include "fpl_messages.h"

#define FPL_COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const kinds[] = {
    [FPL_EVENT_MESSAGE] = "message",
    [FPL_EVENT_RECORD] = "record",
    [FPL_EVENT_API] = "api",
    [FPL_EVENT_IMMEDIATE] = "immediate",
    [FPL_EVENT_TIMER] = "timer",
    [FPL_EVENT_FLIGHT] = "flight",
    [FPL_EVENT_ACK] = "ack",
    [FPL_EVENT_PEER] = "peer",
    [FPL_EVENT_ALERT] = "alert",
    [FPL_EVENT_LIMIT] = "limit",
    [FPL_EVENT_ASSOCIATION] = "association",
};
static const char *const apis[] = {
    [FPL_API_CONNECT] = "connect",
    [FPL_API_CLOSE] = "close",
    [FPL_API_UPDATE_KEYS] = "update_keys",
    [FPL_API_CERTIFICATE_TRUSTED] = "certificate_trusted",
    [FPL_API_CERTIFICATE_REFUSED] = "certificate_refused",
    [FPL_API_SIGNATURE_READY] = "signature_ready",
    [FPL_API_SIGNATURE_FAILED] = "signature_failed",
};
static const char *const flights[] = {
    [FPL_FLIGHT_BUFFERED] = "buffered",
    [FPL_FLIGHT_WRITTEN] = "written",
    [FPL_FLIGHT_PARTLY_WRITTEN] = "partly_written",
    [FPL_FLIGHT_EXTENDED] = "extended",
    [FPL_FLIGHT_ACKED] = "acked",
};
static const char *const acks[] = {
    [FPL_ACK_SOME] = "some",
    [FPL_ACK_ALL] = "all",
    [FPL_ACK_EMPTY] = "empty",
    [FPL_ACK_SENT] = "sent",
};
static const char *const peers[] = {
    [FPL_PEER_RESENT_ITS_FLIGHT] = "resent_its_flight",
    [FPL_PEER_NEXT_FLIGHT_STARTED] = "next_flight_started",
    [FPL_PEER_NEXT_FLIGHT_COMPLETE] = "next_flight_complete",
    [FPL_PEER_FLIGHT_CONTINUES] = "flight_continues",
    [FPL_PEER_OUT_OF_ORDER] = "out_of_order",
    [FPL_PEER_REPEATS_ACKED_MESSAGE] = "repeats_acked_message",
    [FPL_PEER_SENT_APPLICATION_DATA] = "sent_application_data",
    [FPL_PEER_USED_NEW_EPOCH] = "used_new_epoch",
};
static const char *const alerts[] = {
    [FPL_ALERT_EVENT_CLOSE_NOTIFY] = "close_notify",
    [FPL_ALERT_EVENT_ERROR] = "error",
    [FPL_ALERT_EVENT_WARNING] = "warning",
    [FPL_ALERT_EVENT_ANY] = "any",
};
static const char *const limits[] = {
    [FPL_LIMIT_EVENT_SEAL_SOON] = "seal_soon",
    [FPL_LIMIT_EVENT_SEAL] = "seal",
    [FPL_LIMIT_EVENT_FORGERY_SOON] = "forgery_soon",
    [FPL_LIMIT_EVENT_FORGERY] = "forgery",
    [FPL_LIMIT_EVENT_EPOCH] = "epoch",
};
static const char *const associations[] = {
    [FPL_ASSOCIATION_REPLACED] = "replaced",
};

static const char *at(const char *const *names, size_t num, uint8_t code)
{
    return code < num && names[code] != NULL ? names[code] : "";
}

static const char *or_nothing(const char *name)
{
    return name != NULL ? name : "";
}

const char *fpl_event_kind_name(uint8_t kind)
{
    return at(kinds, FPL_COUNT(kinds), kind);
}

const char *fpl_event_code_name(uint8_t kind, uint8_t code)
{
    switch ((fpl_event_kind)kind) {
    case FPL_EVENT_MESSAGE: return code < FPL_NUM_MESSAGES ? or_nothing(fpl_message_infos[code].wire_name) : "";
    case FPL_EVENT_RECORD: return or_nothing(fpl_content_type_name(code));
    case FPL_EVENT_TIMER: return code < FPL_NUM_TIMERS ? or_nothing(fpl_timers[code].name) : "";
    case FPL_EVENT_API: return at(apis, FPL_COUNT(apis), code);
    case FPL_EVENT_FLIGHT: return at(flights, FPL_COUNT(flights), code);
    case FPL_EVENT_ACK: return at(acks, FPL_COUNT(acks), code);
    case FPL_EVENT_PEER: return at(peers, FPL_COUNT(peers), code);
    case FPL_EVENT_ALERT: return at(alerts, FPL_COUNT(alerts), code);
    case FPL_EVENT_LIMIT: return at(limits, FPL_COUNT(limits), code);
    case FPL_EVENT_ASSOCIATION: return at(associations, FPL_COUNT(associations), code);
    case FPL_EVENT_IMMEDIATE:
    case FPL_EVENT_NONE: break;
    }
    return "";
}
