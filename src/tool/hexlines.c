#include "hexlines.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "printable.h"
#include "tool.h"
#include "udp.h"

/* words is what is left of a line. */
typedef struct words {
    const char *at;
    const char *end;
} words;

static void skip_blanks(words *w)
{
    while (w->at < w->end && isspace((unsigned char)*w->at)) {
        w->at++;
    }
}

static bool take_word(words *w, const char *word)
{
    size_t len = strlen(word);
    skip_blanks(w);
    if ((size_t)(w->end - w->at) < len || memcmp(w->at, word, len) != 0) {
        return false;
    }
    w->at += len;
    return true;
}

static void take_direction(words *w, datagram *d)
{
    bool back;
    if (!take_word(w, "C>S")) {
        back = take_word(w, "S>C");
        (void)snprintf(d->from, END_TEXT, "%s", back ? "S" : "?");
        (void)snprintf(d->to, END_TEXT, "%s", back ? "C" : "?");
        return;
    }
    (void)snprintf(d->from, END_TEXT, "C");
    (void)snprintf(d->to, END_TEXT, "S");
}

static void take_time(words *w, datagram *d)
{
    char number[32] = "";
    size_t len = 0;
    if (!take_word(w, "+")) {
        return;
    }
    while (w->at < w->end && (isdigit((unsigned char)*w->at) || *w->at == '.') && len + 1 < sizeof number) {
        number[len++] = *w->at++;
    }
    d->seconds = strtod(number, NULL);
}

/* NULL, or where a character stands that is no part of hex. */
static const char *take_hex(words *w, uint8_t *out, size_t cap, size_t *len)
{
    *len = 0;
    for (;;) {
        int high, low;
        skip_blanks(w);
        if (w->at == w->end) {
            return NULL;
        }
        if (*w->at == ':') {
            w->at++;
            continue;
        }
        high = hex_digit(*w->at);
        low = w->end - w->at < 2 ? -1 : hex_digit(w->at[1]);
        if (high < 0 || low < 0 || *len == cap) {
            return w->at;
        }
        out[(*len)++] = (uint8_t)(high << 4 | low);
        w->at += 2;
    }
}

static int complain_line(const char *path, unsigned number, words rest)
{
    char shown[4 * 16 + 1];
    size_t len = rest.end - rest.at > 16 ? 16 : (size_t)(rest.end - rest.at);
    return complain("%s:%u: `%s` is not hex in whole octets (one datagram of at most %d); a line is [C>S|S>C] [+SECONDS] "
                    "HEX, and a capture is known by its first bytes",
                    path, number, printable(rest.at, len, shown, sizeof shown), UDP_LARGEST);
}

int hexlines_read(const uint8_t *text, size_t len, const char *path, datagram_fn take, void *arg)
{
    uint8_t octets[UDP_LARGEST];
    const char *at = (const char *)text, *end = at + len;
    for (unsigned number = 1; at < end; number++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        words w = {at, line_end == NULL ? end : line_end};
        datagram d;
        memset(&d, 0, sizeof d);
        at = w.end + 1;
        skip_blanks(&w);
        if (w.at == w.end || *w.at == '#') {
            continue;
        }
        take_direction(&w, &d);
        take_time(&w, &d);
        if (take_hex(&w, octets, sizeof octets, &d.len) != NULL || d.len == 0) {
            return complain_line(path, number, w);
        }
        d.bytes = octets;
        take(arg, &d);
    }
    return TOOL_OK;
}
