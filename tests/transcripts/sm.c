#include "transcripts/runner.h"

SCENARIOS(sm_scenarios, {0, 0});
