#include "transcripts/runner.h"

SCENARIOS(hc_scenarios, {0, 0});
