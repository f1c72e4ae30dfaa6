#include "wait.h"

#include <signal.h>
#include <string.h>

#include "udp.h"

static volatile sig_atomic_t interrupted = 0;
static sigset_t              outside; /* the signals blocked while nobody waits, less the two */

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

void wait_catch_signals(void)
{
    struct sigaction action;
    sigset_t ours;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    /* Delivered within ppoll only: one that comes just before would be missed otherwise. */
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ours, &outside);
}

void wait_for(struct pollfd *fds, nfds_t num, fpl_time deadline)
{
    fpl_time now = clock_now();
    fpl_time left = deadline <= now ? 0 : deadline - now;
    struct timespec limit = {(time_t)(left / 1000u), (long)(left % 1000u) * 1000000L};
    if (ppoll(fds, num, deadline == FPL_NEVER ? NULL : &limit, &outside) < 0) {
        for (nfds_t i = 0; i < num; i++) {
            fds[i].revents = 0;
        }
    }
}

bool wait_interrupted(void)
{
    return interrupted != 0;
}
