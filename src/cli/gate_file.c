/*
 * Files of a gate that "setup" makes, each of them once.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate.h"


static int cli_gate_fill(int fd, const char *text, size_t len);


/* Absolute: nginx takes what is relative from a place of its own. */

int
cli_gate_path(cli_gate_file_t *file, const char *dir, const char *prefix,
    const char *name, const char *suffix)
{
    int   n;
    char  here[PATH_MAX];

    here[0] = '\0';

    if (dir[0] != '/' && getcwd(here, sizeof(here)) == NULL) {
        return cli_error(CLI_IO, "%s: %s", dir, strerror(errno));
    }

    n = snprintf(file->path, sizeof(file->path), "%s%s%s/%s%s%s", here,
                 here[0] != '\0' ? "/" : "", dir, prefix, name, suffix);

    if (n < 0 || (size_t) n >= sizeof(file->path)) {
        return cli_error(CLI_USAGE, "%s: too long", dir);
    }

    return CLI_OK;
}


int
cli_gate_there(const cli_gate_file_t *file)
{
    struct stat  st;

    return lstat(file->path, &st) == 0;
}


int
cli_gate_empty(const cli_gate_file_t *file)
{
    struct stat  st;

    return lstat(file->path, &st) == 0 && S_ISREG(st.st_mode)
           && st.st_size == 0;
}


static int
cli_gate_fill(int fd, const char *text, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = write(fd, text, len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            return -1;
        }

        text += n;
        len -= (size_t) n;
    }

    return fsync(fd);
}


/* No link is followed: others may write into the directory. */

int
cli_gate_write(cli_gate_file_t *file, const char *text, size_t len,
    unsigned mode, int give)
{
    int  fd, rc;

    fd = keygate_file_find(file->path, &file->at);
    fd = fd == -1 ? -1 : keygate_file_make(&file->at, O_WRONLY, mode);

    if (fd == -1) {
        return cli_error(CLI_IO, "%s: %s", file->path,
                         keygate_file_error(errno));
    }

    file->made = 1;

    rc = fchmod(fd, mode);
    rc = rc == 0 && give ? keygate_file_give(&file->at, fd) : rc;
    rc = rc != 0 ? rc : cli_gate_fill(fd, text, len);

    if (rc != 0) {
        rc = cli_error(CLI_IO, "%s: %s", file->path, strerror(errno));
    }

    close(fd);

    return rc;
}


void
cli_gate_done(cli_gate_file_t *file, int stays)
{
    if (file->made && !stays) {
        (void) unlinkat(file->at.dir, file->at.name, 0);
        file->made = 0;
    }

    keygate_file_close(&file->at);
}
