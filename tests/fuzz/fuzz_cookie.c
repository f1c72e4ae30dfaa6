/* The codec of our own cookies: whoever sends one back may have changed it. */
#include "fpl_messages.h"

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t     *body = fuzz_copy(data, size);
    fpl_reader   r = fpl_reader_of(body, size);
    fpl_cookie12 cookie;
    if (fpl_decode_cookie12(&cookie, &r)) {
        uint8_t    out[64];
        fpl_writer w = fpl_writer_of(out, sizeof out);
        FUZZ_CHECK(fpl_encode_cookie12(&w, &cookie) && w.len == size && memcmp(out, body, size) == 0, "another cookie");
    }
    free(body);
    return 0;
}
