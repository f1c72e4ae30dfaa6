#include "streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "wait.h"

static bool lost = false;       /* of output */
static bool unreadable = false; /* input */

static void lose(int error)
{
    if (!lost) {
        (void)complain("cannot write to standard output%s%s; what belongs there is lost: send it to where there is room",
                       error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
    }
    lost = true;
}

/* Where one is closed, the next socket or file would take its number, and get what was meant for it. /dev/null takes
 * it, as lowest free number, opened the wrong way round: whoever uses it hears that it cannot be used. */
void streams_open(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

/* One that was closed has nothing to say; that is no mistake. */
size_t streams_read(uint8_t *out, size_t cap, bool *ended)
{
    ssize_t len = read(STDIN_FILENO, out, cap);
    *ended = len == 0 || (len < 0 && errno != EINTR && errno != EAGAIN);
    if (len < 0 && *ended && errno != EBADF) {
        unreadable = true;
        (void)complain("cannot read standard input: %s; nothing of it is sent", strerror(errno));
    }
    return len < 0 ? 0 : (size_t)len;
}

/* Whoever reads may have stopped: signals come through while we wait only, so that is where to wait. A pipe with room takes
 * PIPE_BUF octets without blocking. */
static void wait_for_room(void)
{
    struct pollfd out = {STDOUT_FILENO, POLLOUT, 0};
    wait_for(&out, 1, FPL_NEVER);
}

void streams_write(const uint8_t *data, size_t len)
{
    while (len > 0 && !lost && !wait_interrupted()) { /* if somebody wants us to end, the rest is for nobody */
        ssize_t done;
        wait_for_room();
        if (wait_interrupted()) {
            return;
        }
        done = write(STDOUT_FILENO, data, len < PIPE_BUF ? len : PIPE_BUF);
        if (done > 0) {
            data += done;
            len -= (size_t)done;
        } else if (done < 0 && errno != EAGAIN && errno != EINTR) {
            lose(errno);
        }
    }
}

bool streams_lost(void)
{
    return lost;
}

int streams_close(int result)
{
    bool failed = ferror(stdout) != 0;
    errno = 0;
    if (fclose(stdout) != 0 || failed) {
        lose(errno);
    }
    return result == TOOL_OK && (lost || unreadable || ferror(stderr) != 0) ? TOOL_SYSTEM : result;
}
