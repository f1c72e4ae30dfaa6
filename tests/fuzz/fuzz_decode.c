/* `flightplan decode` reads what somebody captured: text lines and the datagrams in them, and a key log. The reader of
 * captures proper is libpcap's; what lies behind it is this. The first octet chooses: text, or datagrams by length, and
 * whether a key log stands in front. */
#include "dissect.h"
#include "hexlines.h"
#include "tool.h"

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    quiet_notes = true;
    /* What it prints is for people: let it print, to nobody. Complaints go to stderr, which libFuzzer needs. */
    FUZZ_CHECK(freopen("/dev/null", "w", stdout) != NULL, "/dev/null");
    return 0;
}

static void take_datagrams(fuzz_input in, dissector *x)
{
    while (in.len > 0) {
        datagram   d;
        uint8_t    head = fuzz_u8(&in);
        size_t     len = fuzz_u16(&in);
        fuzz_input part = fuzz_take(&in, len);
        uint8_t   *bytes = fuzz_copy(part.data, part.len);
        memset(&d, 0, sizeof d);
        (void)snprintf(d.from, sizeof d.from, "192.0.2.%d:1", head & 1);
        (void)snprintf(d.to, sizeof d.to, "192.0.2.%d:1", ~head & 1);
        d.seconds = head;
        d.bytes = bytes;
        d.len = part.len;
        dissect_datagram(x, &d);
        free(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};
    uint8_t    head = fuzz_u8(&in);
    dissector  x;
    keylog     log;
    memset(&x, 0, sizeof x);
    memset(&log, 0, sizeof log);
    x.full = (head & 1) != 0;
    x.doubt = (head & 2) != 0;
    if ((head & 8) != 0) {
        size_t     len = fuzz_u16(&in);
        fuzz_input part = fuzz_take(&in, len);
        uint8_t   *text = fuzz_copy(part.data, part.len);
        FUZZ_CHECK(keylog_parse(&log, text, part.len), "memory");
        x.log = &log;
        free(text);
    }
    if ((head & 4) != 0) {
        take_datagrams(in, &x);
    } else {
        uint8_t *text = fuzz_copy(in.data, in.len);
        (void)hexlines_read(text, in.len, "input", dissect_datagram, &x);
        free(text);
    }
    dissector_free(&x);
    keylog_free(&log);
    return 0;
}
