#include "transcripts/runner.h"

SCENARIOS(fr_scenarios, {0, 0});
