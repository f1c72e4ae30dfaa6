/* Feeds files to a fuzz target without libFuzzer, so that every build, of any compiler, runs the corpora:
 *
 *   replay_<target> FILE|FOLDER ...
 *
 * Prints how many inputs were run; a broken one ends the program as it would under libFuzzer. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "fuzz.h"

#define LONGEST_PATH 4096

static size_t runs;

static void run_file(const char *path)
{
    uint8_t *bytes = NULL;
    size_t   len = 0;
    long     size = -1;
    FILE    *file = fopen(path, "rb");
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        exit(EXIT_FAILURE);
    }
    len = fread(bytes, 1, (size_t)size, file);
    (void)fclose(file);
    if (getenv("FUZZ_REPLAY_VERBOSE") != NULL) {
        fprintf(stderr, "%s\n", path);
    }
    (void)LLVMFuzzerTestOneInput(bytes, len);
    runs++;
    free(bytes);
}

static void run(const char *path)
{
    struct stat    info;
    struct dirent *entry;
    DIR           *folder;
    if (stat(path, &info) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(info.st_mode)) {
        run_file(path);
        return;
    }
    folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    while ((entry = readdir(folder)) != NULL) {
        char inner[LONGEST_PATH];
        if (entry->d_name[0] == '.') {
            continue;
        }
        (void)snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        run(inner);
    }
    (void)closedir(folder);
}

int main(int argc, char **argv)
{
    (void)LLVMFuzzerInitialize(&argc, &argv);
    (void)LLVMFuzzerTestOneInput(NULL, 0);
    for (int i = 1; i < argc; i++) {
        run(argv[i]);
    }
    printf("%zu inputs replayed\n", runs);
    return EXIT_SUCCESS;
}
