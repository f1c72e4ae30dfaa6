#include "decode.h"

#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "dissect.h"
#include "files.h"
#include "hexlines.h"
#include "tool.h"

/* TOOL_OK, with what the file says, or what to do without. */
static int read_keylog(const char *path, keylog *log)
{
    size_t len = 0;
    uint8_t *text = file_read(path, "key log", &len);
    bool parsed;
    if (text == NULL) {
        return TOOL_SYSTEM;
    }
    parsed = keylog_parse(log, text, len);
    explicit_bzero(text, len);
    free(text);
    if (!parsed) {
        return complain("out of memory");
    }
    if (log->unreadable > 0) {
        note("%zu lines of %s are not `LABEL client-random secret` in hex, and were passed over", log->unreadable,
             path);
    }
    if (log->num == 0) {
        note("%s holds no secret that opens records: nothing will be decrypted", path);
    }
    return TOOL_OK;
}

static int dissect(const options *o, dissector *x, const uint8_t *bytes, size_t len, const char *path)
{
    int result;
    x->doubt = capture_is(bytes, len);
    if (x->doubt) {
        result = capture_read(bytes, len, path, (unsigned)o->port, dissect_datagram, x);
    } else {
        result = hexlines_read(bytes, len, path, dissect_datagram, x);
    }
    if (x->skipped > 0) {
        note("%zu datagrams were not DTLS", x->skipped);
    }
    if (result == TOOL_OK && x->shown == 0) {
        (void)complain("there is no DTLS in %s", path);
        result = TOOL_FAILED;
    } else if (result == TOOL_OK && x->records == 0) {
        (void)complain("nothing in %s could be decoded: no datagram holds a whole record", path);
        result = TOOL_FAILED;
    }
    return result;
}

int decode_run(const options *o)
{
    dissector x;
    keylog log;
    size_t len = 0;
    bool piped = o->num_arguments == 0 || strcmp(o->arguments[0], "-") == 0;
    const char *path = piped ? "/dev/stdin" : o->arguments[0];
    uint8_t *bytes;
    int result = TOOL_OK;

    memset(&x, 0, sizeof x);
    memset(&log, 0, sizeof log);
    x.full = o->full;
    if (o->keylog_file != NULL) {
        x.log = &log;
        result = read_keylog(o->keylog_file, &log);
    }
    bytes = result == TOOL_OK ? file_read(path, "capture", &len) : NULL;
    if (bytes != NULL) {
        result = dissect(o, &x, bytes, len, path);
    } else {
        result = TOOL_SYSTEM;
    }
    dissector_free(&x);
    keylog_free(&log);
    free(bytes);
    return result;
}
