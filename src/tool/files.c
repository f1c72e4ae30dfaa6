#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

/* No certificate, key or list of datagrams is longer than this; a mistaken path should not fill memory. */
#define LARGEST_FILE (256u << 20)

/* The empty name is a variable of the shell that was not set, and would look odd in the system's message. */
static bool is_named(const char *path, const char *what)
{
    if (path[0] == '\0') {
        (void)complain("the name of the %s is empty: give the file's name", what);
    }
    return path[0] != '\0';
}

uint8_t *file_read(const char *path, const char *what, size_t *len)
{
    FILE *file;
    uint8_t *bytes = NULL;
    size_t have = 0, room = 0;

    if (!is_named(path, what)) {
        return NULL;
    }
    file = fopen(path, "rb");
    if (file == NULL) {
        (void)complain("cannot read the %s %s: %s", what, path, strerror(errno));
        return NULL;
    }
    do {
        if (have == room) {
            uint8_t *more = room >= LARGEST_FILE ? NULL : realloc(bytes, room == 0 ? 4096 : 2 * room);
            if (more == NULL) {
                (void)complain("the %s %s is larger than 256 MiB", what, path);
                free(bytes);
                (void)fclose(file);
                return NULL;
            }
            bytes = more;
            room = room == 0 ? 4096 : 2 * room;
        }
        have += fread(bytes + have, 1, room - have, file);
    } while (!feof(file) && !ferror(file));
    if (ferror(file)) {
        (void)complain("cannot read the %s %s: %s", what, path, strerror(errno));
        free(bytes);
        bytes = NULL;
    }
    (void)fclose(file);
    *len = have;
    return bytes;
}

static FILE *open_as(const char *path, const char *what, int flags, unsigned mode, const char *stdio_mode)
{
    int fd;
    FILE *file;
    if (!is_named(path, what)) {
        return NULL;
    }
    fd = open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    if (fd < 0) {
        (void)complain("cannot write the %s %s: %s%s", what, path, strerror(errno),
                       errno == EEXIST ? " (name another, or say --force)" : "");
        return NULL;
    }
    file = fdopen(fd, stdio_mode);
    if (file == NULL) {
        (void)complain("cannot write the %s %s: %s", what, path, strerror(errno));
        (void)close(fd);
    }
    return file;
}

/* Where it leads: a link to a file may be replaced, /dev/stdout may not. */
static bool is_special(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 && !S_ISREG(file.st_mode) && !S_ISDIR(file.st_mode);
}

FILE *file_open_new(const char *path, const char *what, unsigned mode, bool force)
{
    if (is_special(path)) {
        (void)complain("cannot write the %s %s: it is a device, a pipe or a socket; name a file", what, path);
        return NULL;
    }
    /* An old file would keep its old mode: take it away first. */
    if (force && unlink(path) != 0 && errno != ENOENT) {
        (void)complain("cannot replace the %s %s: %s", what, path, strerror(errno));
        return NULL;
    }
    return open_as(path, what, O_EXCL, mode, "wb");
}

bool file_same(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

FILE *file_open_append(const char *path, const char *what)
{
    return open_as(path, what, O_APPEND, 0600, "ab");
}
