#include "transcripts/runner.h"

SCENARIOS(parity_scenarios, {0, 0});
