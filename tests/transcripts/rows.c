#include "transcripts/runner.h"

SCENARIOS(row_scenarios, {0, 0});
