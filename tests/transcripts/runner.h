/* Runs scenarios by name. */
#ifndef FPL_TESTS_TRANSCRIPTS_RUNNER_H
#define FPL_TESTS_TRANSCRIPTS_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct scenario {
    const char *name;
    void (*play)(void);
} scenario;

/* Each file of scenarios ends with its table, closed by a row of NULLs. */
#define SCENARIOS(table, ...) const scenario table[] = {__VA_ARGS__, {NULL, NULL}}
#define PLAYS(function) {#function, function}

extern const scenario self_scenarios[];
extern const scenario self13_scenarios[];
extern const scenario sm_scenarios[];
extern const scenario rl_scenarios[];
extern const scenario fr_scenarios[];
extern const scenario rt_scenarios[];
extern const scenario hc_scenarios[];
extern const scenario ds_scenarios[];
extern const scenario cl_scenarios[];
extern const scenario parity_scenarios[];
extern const scenario row_scenarios[];
extern const scenario sm_13_scenarios[];
extern const scenario rl_13_scenarios[];
extern const scenario fr_13_scenarios[];
extern const scenario rt_13_scenarios[];
extern const scenario hc_13_scenarios[];
extern const scenario ds_13_scenarios[];
extern const scenario ph_scenarios[];
extern const scenario cl_13_scenarios[];
extern const scenario auto_scenarios[];
extern const scenario parity_13_scenarios[];
extern const scenario rows_13_scenarios[];

bool runner_verbose(void);

/* runner_failed ends the scenario that plays. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4), noreturn))
#endif
void runner_failed(const char *file, int line, const char *format, ...);

#endif
