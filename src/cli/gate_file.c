/*
 * Files of a gate that "setup" makes, each of them once, and the nginx that
 * is to take them.
 */

#define _GNU_SOURCE                      /* environ */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate.h"


int
cli_gate_path(cli_gate_file_t *file, const char *dir, const char *prefix,
    const char *name, const char *suffix)
{
    int  n;

    n = snprintf(file->path, sizeof(file->path), "%s/%s%s%s", dir, prefix,
                 name, suffix);

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


int
cli_gate_nginx(const char *first, const char *second)
{
    int                          rc, status;
    char                        *argv[4];
    pid_t                        pid;
    posix_spawn_file_actions_t   actions;

    argv[0] = (char *) "nginx";
    argv[1] = (char *) first;
    argv[2] = (char *) second;
    argv[3] = NULL;

    if (posix_spawn_file_actions_init(&actions) != 0) {
        return -1;
    }

    /* results go to stdout, and this is none */

    rc = posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO,
                                          STDOUT_FILENO);
    if (rc == 0) {
        rc = posix_spawnp(&pid, "nginx", &actions, NULL, argv, environ);
    }

    if (rc == ENOENT) {

        /* "su" leaves the user's path as it is */

        rc = posix_spawn(&pid, "/usr/sbin/nginx", &actions, NULL, argv,
                         environ);
    }

    posix_spawn_file_actions_destroy(&actions);

    if (rc != 0) {
        cli_error(0, "nginx: %s", strerror(rc));
        return -1;
    }

    while (waitpid(pid, &status, 0) == -1) {
        if (errno != EINTR) {
            return -1;
        }
    }

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
