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


int
cli_gate_write(cli_gate_file_t *file, const char *text, size_t len,
    unsigned mode, const char *dir)
{
    int          fd, rc;
    struct stat  st;

    /* no link is followed: others may write into the directory */

    fd = open(file->path, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, mode);

    if (fd == -1) {
        return cli_error(CLI_IO, "%s: %s", file->path, strerror(errno));
    }

    file->made = 1;

    rc = fchmod(fd, mode);

    if (rc == 0 && dir != NULL && geteuid() == 0) {
        rc = stat(dir, &st);
        rc = rc != 0 ? rc : fchown(fd, st.st_uid, st.st_gid);
    }

    rc = rc != 0 ? rc : cli_gate_fill(fd, text, len);

    if (rc != 0) {
        rc = cli_error(CLI_IO, "%s: %s", file->path, strerror(errno));
    }

    close(fd);

    return rc;
}


void
cli_gate_undo(cli_gate_file_t *file)
{
    if (file->made) {
        (void) unlink(file->path);
        file->made = 0;
    }
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
