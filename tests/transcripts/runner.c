/* transcripts [--verbose] [--list] [NAME...]: plays all scenarios, or those whose names begin so. */
#include "transcripts/runner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/arguments.h"
#include "common/credential.h"
#include "common/trace.h"
#include "transcripts/bytes.h"
#include "transcripts/stage.h"

static jmp_buf     curtain;
static bool        verbose;
static const char *playing;

bool runner_verbose(void)
{
    return verbose;
}

void runner_failed(const char *file, int line, const char *format, ...)
{
    const char *base = strrchr(file, '/');
    va_list     args;
    printf("FAILED %s (%s:%d): ", playing, base == NULL ? file : base + 1, line);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n  again: transcripts --verbose %s\n", playing);
    fflush(stdout);
    longjmp(curtain, 1);
}

static bool wanted(const char *name, char **names, int num)
{
    if (num == 0) {
        return true;
    }
    for (int i = 0; i < num; i++) {
        if (strncmp(name, names[i], strlen(names[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool play(const scenario *s)
{
    playing = s->name;
    if (verbose) {
        printf("--- %s\n", s->name);
    }
    trace_watch(NULL, NULL); /* one that failed may have left its own */
    if (setjmp(curtain) != 0) {
        stage_close_all();
        bytes_free_all();
        return false;
    }
    s->play();
    while (stage_first() != NULL) {
        stage_close(stage_first());
    }
    bytes_free_all();
    return true;
}

int main(int argc, char **argv)
{
    static const scenario *const tables[] = {
        self_scenarios, self13_scenarios, sm_scenarios, rl_scenarios, fr_scenarios, rt_scenarios, hc_scenarios,
        ds_scenarios, cl_scenarios, parity_scenarios, row_scenarios, sm_13_scenarios, rl_13_scenarios, fr_13_scenarios,
        rt_13_scenarios, hc_13_scenarios, ds_13_scenarios, ph_scenarios, cl_13_scenarios, auto_scenarios,
        parity_13_scenarios, rows_13_scenarios};
    unsigned played = 0, failed = 0;
    int      first = 1;
    bool     list = false;
    while (first < argc && strncmp(argv[first], "--", 2) == 0) {
        if (strcmp(argv[first], "--verbose") == 0) {
            verbose = true;
        } else if (strcmp(argv[first], "--list") == 0) {
            list = true;
        } else {
            return arguments_refuse("transcripts [--verbose] [--list] [NAME...]", argv[first], NULL);
        }
        first++;
    }
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (const scenario *s = tables[t]; s->name != NULL; s++) {
            if (!wanted(s->name, argv + first, argc - first)) {
                continue;
            }
            if (list) {
                printf("%s\n", s->name);
                continue;
            }
            played++;
            failed += play(s) ? 0 : 1;
        }
    }
    if (!list) {
        printf("%u scenarios, %u failed\n", played, failed);
    }
    credentials_free();
    return failed == 0 && (list || played > 0) ? EXIT_SUCCESS : EXIT_FAILURE;
}
