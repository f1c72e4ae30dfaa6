#include "transcripts/runner.h"

SCENARIOS(rt_scenarios, {0, 0});
