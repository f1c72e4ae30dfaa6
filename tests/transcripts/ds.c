#include "transcripts/runner.h"

SCENARIOS(ds_scenarios, {0, 0});
