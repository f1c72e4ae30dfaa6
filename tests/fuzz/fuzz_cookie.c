/* The codec of our own cookies: whoever sends one back may have changed it. Built for both versions: FUZZ_COOKIE is the
 * form, cookie12 or cookie13. */
#include "fpl_messages.h"

#include "fuzz.h"

#define JOIN(a, b) a##b
#define NAME(a, b) JOIN(a, b)

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
    NAME(fpl_, FUZZ_COOKIE) cookie;
    if (NAME(fpl_decode_, FUZZ_COOKIE)(&cookie, &r)) {
        uint8_t   *out = malloc(size + 1);
        fpl_writer w = fpl_writer_of(out, size);
        FUZZ_CHECK(out != NULL && NAME(fpl_encode_, FUZZ_COOKIE)(&w, &cookie) && w.len == size &&
                       memcmp(out, body, size) == 0,
                   "another cookie");
        free(out);
    }
    free(body);
    return 0;
}
