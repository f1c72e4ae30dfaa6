#include "transcripts/runner.h"

SCENARIOS(rl_scenarios, {0, 0});
