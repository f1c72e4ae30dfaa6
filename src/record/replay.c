#include "record/replay.h"

#include "fpl_limits.h"

_Static_assert(FPL_REPLAY_WINDOW == FPL_LIMIT_VALUE_REPLAY_WINDOW, "spec/limits.yaml says how wide the window is");

fpl_drop fpl_replay_check(const fpl_replay *replay, uint64_t seq)
{
    if (seq >= replay->next) {
        return FPL_DROP_NONE;
    }
    uint64_t age = replay->next - 1 - seq;
    if (age >= FPL_REPLAY_WINDOW) {
        return FPL_DROP_TOO_OLD;
    }
    return (replay->seen >> age) & 1 ? FPL_DROP_REPLAY : FPL_DROP_NONE;
}

void fpl_replay_commit(fpl_replay *replay, uint64_t seq)
{
    if (seq >= replay->next) {
        uint64_t step = seq - replay->next + 1;
        replay->seen = step < FPL_REPLAY_WINDOW ? replay->seen << step : 0;
        replay->seen |= 1;
        replay->next = seq + 1;
        return;
    }
    uint64_t age = replay->next - 1 - seq;
    if (age < FPL_REPLAY_WINDOW) {
        replay->seen |= UINT64_C(1) << age;
    }
}
