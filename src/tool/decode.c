#include "decode.h"

#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "dissect.h"
#include "files.h"
#include "hexlines.h"
#include "tool.h"

int decode_run(const options *o)
{
    dissector x;
    size_t len = 0;
    bool piped = o->num_arguments == 0 || strcmp(o->arguments[0], "-") == 0;
    const char *path = piped ? "/dev/stdin" : o->arguments[0];
    uint8_t *bytes = file_read(path, "capture", &len);
    int result;

    if (bytes == NULL) {
        return TOOL_SYSTEM;
    }
    memset(&x, 0, sizeof x);
    x.full = o->full;
    x.doubt = capture_is(bytes, len);
    if (x.doubt) {
        result = capture_read(bytes, len, path, (unsigned)o->port, dissect_datagram, &x);
    } else {
        result = hexlines_read(bytes, len, path, dissect_datagram, &x);
    }
    if (x.skipped > 0) {
        note("%zu datagrams were not DTLS", x.skipped);
    }
    if (result == TOOL_OK && x.shown == 0) {
        (void)complain("there is no DTLS in %s", path);
        result = TOOL_FAILED;
    }
    dissector_free(&x);
    free(bytes);
    return result;
}
